"""Modules in double-double arithmetic, and the double-double functions alone, for tests."""

from collections.abc import Iterable
from functools import cache
from types import ModuleType, SimpleNamespace

from built import MODELS

from symgraph.backends.accurate_constants import per_step, per_turn, statements
from symgraph.backends.accurate_functions import CONSTANTS, NEEDS, Constants
from symgraph.backends.functions import with_needs
from symgraph.backends.rendering import render
from symgraph.build.memory import load_artifact
from symgraph.generate import Artifact, generate
from symgraph.options import Options
from symgraph.spec.model import Model

ACCURATE = Options(precision="accurate")

_TEMPLATES = ("double_double", "accurate_selection", "accurate_elementary", "accurate_trigonometric", "accurate_error_function")
_HEAD = '''"""The double-double functions."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Pair = tuple[Array, Array]


'''


def library_text(functions: Iterable[str] = NEEDS) -> str:
    """The double-double functions with what they need, as a module without a model."""
    needed = with_needs(functions, NEEDS)
    lines = tuple(line for name, group in CONSTANTS.items() if name in needed for line in statements()[group])
    view = SimpleNamespace(accurate=SimpleNamespace(functions=needed, constants=Constants(lines, per_step(), per_turn())))
    parts = [render(f"numpy/{template}.py.jinja", view).rstrip("\n") for template in _TEMPLATES]
    return _HEAD + "\n".join(part for part in parts if part) + "\n\n\n" + "\n".join(lines) + "\n"


@cache
def library(functions: tuple[str, ...] = tuple(NEEDS)) -> ModuleType:
    """The double-double functions with what they need, loaded."""
    module = ModuleType("double_double")
    exec(compile(library_text(functions), "double_double.py", "exec"), module.__dict__)
    return module


def accurate_text(model: Model) -> Artifact:
    """The accurate module of a model, not verified."""
    (artifact,) = generate(model, ("numpy",), options=ACCURATE)
    return artifact


@cache
def accurate_module(name: str) -> ModuleType:
    """The accurate module of a model of the zoo, not verified."""
    return load_artifact(accurate_text(MODELS[name]()))
