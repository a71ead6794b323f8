"""Models as they run on NumPy, through ctypes and natively, for tests that compare the three."""

from typing import Any

import numpy as np
from built import MODELS
from labelled import LABELLED

from symgraph.compiler.generate import generate
from symgraph.options import Options
from symgraph.project.build.modules import load_artifact
from symgraph.project.native.compiled import module_of
from symgraph.project.native.loading import Floats, compiled_model, native_module

_MAKERS = MODELS | LABELLED


class Three:
    """A model as it runs on NumPy, through ctypes, and natively."""

    def __init__(self, name: str) -> None:
        numpy, *c = generate(_MAKERS[name](), ("numpy", "c"))
        self.files = {artifact.name: artifact.text for artifact in c}
        self.numpy: Any = load_artifact(numpy)
        self.ctypes: Any = module_of(f"{name}.c", self.files)
        made = compiled_model(name, self.files, "native", None)
        assert made is not None
        single = {artifact.name: artifact.text for artifact in generate(_MAKERS[name](), ("c",), options=Options(single=True))}
        self.single: Any = module_of(f"{name}.c", single)
        self.native: Any = native_module(self.numpy, made, self.files, Floats(made, lambda: single))

    def ctypes_in(self, dtype: str) -> Any:
        """The module that computes in a dtype through ctypes."""
        return self.ctypes if dtype == "float64" else self.single


_KNOWN: dict[str, Three] = {}


def three(name: str) -> Three:
    if name not in _KNOWN:
        _KNOWN[name] = Three(name)
    return _KNOWN[name]


def flat(result: Any) -> tuple[list[Any], list[Any]]:
    """The types and shapes of a result, and its bits."""
    parts = result if isinstance(result, tuple) else (result,)
    return [(type(part), np.shape(part)) for part in parts], [np.asarray(part).tobytes() for part in parts]


def outcome(function: Any, *args: Any, **options: Any) -> Any:
    """The result of a call, or the kind and the message of its error."""
    try:
        return flat(function(*args, **options))
    except (ValueError, TypeError) as error:
        return type(error), str(error)
