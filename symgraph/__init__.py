"""symgraph: a model and its loss, written once in SymPy, become a NumPy module with every partial derivative.

The public names are loaded on first use, so that the command line and generated modules' users do not pay for SymPy.
"""

from importlib import import_module
from typing import Any

_EXPORTS = {
    "Model": "symgraph.model",
    **dict.fromkeys(("Normal", "Uniform", "Constant"), "symgraph.laws"),
    **dict.fromkeys(("sigmoid", "softplus", "relu", "cbrt", "log1p", "expm1", "hypot"), "symgraph.functions"),
    "compile": "symgraph.memory",
    "load": "symgraph.module",
    "SymgraphError": "symgraph.errors",
}


def __getattr__(name: str) -> Any:
    try:
        home = _EXPORTS[name]
    except KeyError:
        raise AttributeError(f"module 'symgraph' has no attribute {name!r}") from None
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_EXPORTS])
