"""symgraph: a model and its loss, written once in SymPy, become a NumPy module with every partial derivative.

The public names are loaded on first use, so that the command line and generated modules' users do not pay for SymPy.
"""

import sys
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what type checkers see; at run time the table below
    from symgraph.build.modules import compile  # noqa: A004  the public name
    from symgraph.errors import SpecWarning, SymgraphError
    from symgraph.fitting import FitResult, FitWarning, compare, fit, fit_together
    from symgraph.io.native import load
    from symgraph.io.stream import stream
    from symgraph.ir.faddeeva import voigt, wofz_bend_im, wofz_bend_re, wofz_im, wofz_re, wofz_slope_im, wofz_slope_re
    from symgraph.ir.functions import (
        betaln,
        cbrt,
        dawson,
        digamma_step,
        erfcx,
        expm1,
        gauss,
        hypot,
        ierfcx,
        lambertw1p,
        log1p,
        log1prel,
        log_erfc,
        log_half_erfc,
        log_ndtr,
        log_sigmoid,
        logaddexp,
        logit,
        ndtr,
        ndtri,
        relu,
        sigmoid,
        softplus,
        stirlerr,
        stirlerr_slope,
        wrightomega,
        xlogx,
        xlogy,
    )
    from symgraph.spec.laws import Constant, Normal, Uniform
    from symgraph.views.model import Model

_HOMES = {
    "Model": "symgraph.views.model",
    **dict.fromkeys(("Normal", "Uniform", "Constant"), "symgraph.spec.laws"),
    **dict.fromkeys(("voigt", "wofz_re", "wofz_im", "wofz_slope_re", "wofz_slope_im"), "symgraph.ir.faddeeva"),
    **dict.fromkeys(("wofz_bend_re", "wofz_bend_im"), "symgraph.ir.faddeeva"),
    "compile": "symgraph.build.modules",
    "load": "symgraph.io.native",
    "stream": "symgraph.io.stream",
    **dict.fromkeys(("SpecWarning", "SymgraphError"), "symgraph.errors"),
    **dict.fromkeys(("fit", "fit_together", "compare", "FitResult", "FitWarning"), "symgraph.fitting"),
}
"""Modules of the public names that are not in ``symgraph.ir.functions``."""

__all__ = [
    "Constant",
    "FitResult",
    "FitWarning",
    "Model",
    "Normal",
    "SpecWarning",
    "SymgraphError",
    "Uniform",
    "betaln",
    "cbrt",
    "compare",
    "compile",
    "dawson",
    "digamma_step",
    "erfcx",
    "expm1",
    "fit",
    "fit_together",
    "gauss",
    "hypot",
    "ierfcx",
    "lambertw1p",
    "load",
    "log1p",
    "log1prel",
    "log_erfc",
    "log_half_erfc",
    "log_ndtr",
    "log_sigmoid",
    "logaddexp",
    "logit",
    "ndtr",
    "ndtri",
    "relu",
    "sigmoid",
    "softplus",
    "stirlerr",
    "stirlerr_slope",
    "stream",
    "voigt",
    "wofz_bend_im",
    "wofz_bend_re",
    "wofz_im",
    "wofz_re",
    "wofz_slope_im",
    "wofz_slope_re",
    "wrightomega",
    "xlogx",
    "xlogy",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'symgraph' has no attribute {name!r}")
    with _evaluating():
        return getattr(import_module(_HOMES.get(name, "symgraph.ir.functions")), name)


def _evaluating() -> AbstractContextManager[None]:
    """Return a context in which SymPy evaluates, as our tables need it, even inside a user's ``with sympy.evaluate(False)``."""
    parameters = sys.modules.get("sympy.core.parameters")
    return nullcontext() if parameters is None else parameters.evaluate(True)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
