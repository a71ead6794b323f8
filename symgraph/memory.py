"""A model's module in memory, for notebooks and tests."""

from collections.abc import Iterable
from types import ModuleType

from symgraph.backends import BACKENDS
from symgraph.errors import OptionError
from symgraph.generate import Artifact, generate, require
from symgraph.model import Model
from symgraph.module import from_source
from symgraph.options import DOUBLE, options_of
from symgraph.verification import verify


def compile(  # noqa: A001  what users call as symgraph.compile
    model: Model, backend: str = "numpy", *, extras: Iterable[str] = (), precision: str = DOUBLE
) -> ModuleType:
    """Generate, verify and load a model's module without writing a file.

    Args:
        model: the spec; it is frozen by this.
        backend: "numpy" or "scalar".
        extras: what the module has on request, for instance ("error-bound",).
        precision: "double", or "accurate" for compensated arithmetic.

    Returns:
        The module, as ``load`` returns it from a built file.

    Raises:
        SpecError: the model cannot be lowered.
        VerificationError: the module disagrees with the spec.
        OptionError: it is no model; the backend is unknown, writes no Python or has not what is asked for; or that is unknown.
    """
    if not isinstance(model, Model):
        raise OptionError(f"compile needs a symgraph.Model, not {model!r}")
    if backend in BACKENDS and not BACKENDS[backend].python:
        raise OptionError(f"backend {backend!r} writes no Python; build it to a file")
    options = options_of(extras, precision)
    require((backend,), options)
    artifacts = generate(model, dict.fromkeys(("numpy", backend)), options=options)
    modules = {artifact.backend: load_artifact(artifact) for artifact in artifacts}
    verify(model, modules["numpy"], modules.get("scalar"))
    return modules[backend]


def load_artifact(artifact: Artifact) -> ModuleType:
    """Make a module of a generated text; tracebacks show its lines."""
    return from_source(artifact.text, artifact.name.removesuffix(".py"), f"symgraph:{artifact.name}")
