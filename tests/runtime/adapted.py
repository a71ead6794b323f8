"""Modules of ABI 1 bound by the runtime: their own lines and tape, with the runtime's functions in the place of theirs."""

import inspect
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

from corpus import CORPUS

from symgraph import runtime
from symgraph.build.memory import load_artifact
from symgraph.generate import generate

OF_THE_RUNTIME = {"_select": runtime.select} | {
    f"_{name}": getattr(runtime, name) for name in ("gauss", "erf", "erfc", "erfcx", "ierfcx")
}
"""What the lines of ABI 1 call, each function of the module itself."""


@cache
def module_of(name: str) -> ModuleType:
    """The numpy module of a model of the corpus, generated as ABI 1."""
    return load_artifact(generate(CORPUS[name](), ("numpy",))[0])


def lines_of(module: ModuleType, name: str) -> Any:
    """One of a module's functions of straight lines, calling the runtime's functions; None if there is none."""
    function = getattr(module, name, None)
    if function is None:
        return None
    plain = inspect.unwrap(function)

    def every_row(value: Any, like: Any) -> Any:
        column = like.T[0] if module.FEATURES else like
        return value if column is None else runtime.every_row(value, column)

    names = {**vars(module), **OF_THE_RUNTIME, "_every_row": every_row}
    return FunctionType(plain.__code__, names, plain.__name__, plain.__defaults__)


@cache
def bound(name: str) -> Any:
    """The binding of a model of the corpus."""
    return bound_module(module_of(name))


def bound_module(module: ModuleType) -> Any:
    """The binding of a module of ABI 1."""
    facts = runtime.Facts(
        module.__name__, 2, module.MODEL, module.FEATURES, module.TARGET, module.WEIGHTS, module.OUTPUTS, module.METADATA
    )
    lines = {
        part: lines_of(module, f"_{part}") for part in ("forward", "backward", "jacobian", "residual", "residual_jacobian")
    }
    return runtime.bind_loosely(facts, runtime.Lines(**lines), ())
