"""A model's module in memory, for notebooks and tests."""

import builtins
import linecache
from types import ModuleType

from symgraph.generate import Artifact, generate
from symgraph.model import Model


def compile(model: Model, backend: str = "numpy") -> ModuleType:
    """Generate a model's module and load it without writing a file.

    Args:
        model: the spec; it is frozen by this.
        backend: "numpy" or "scalar".

    Returns:
        The module, as ``load`` would return it from a built file.

    Raises:
        SpecError: the model cannot be lowered.
        VerificationError: the module disagrees with the spec.
        OptionError: the backend is unknown.
    """
    return load_artifact(generate(model, (backend,))[0])


def load_artifact(artifact: Artifact) -> ModuleType:
    """Execute a generated text as a module; tracebacks show its lines."""
    file = f"<symgraph {artifact.name}>"
    module = ModuleType(artifact.name.removesuffix(".py"))
    module.__file__ = file
    linecache.cache[file] = (len(artifact.text), None, artifact.text.splitlines(keepends=True), file)
    exec(builtins.compile(artifact.text, file, "exec"), module.__dict__)  # noqa: S102  our own text, on the user's request
    return module
