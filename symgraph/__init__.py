"""symgraph: a model and its loss, written once in SymPy, become a NumPy module with every partial derivative.

The public names are loaded on first use, so that the command line and generated modules' users do not pay for SymPy.
"""

import sys
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any

from symgraph.aliases import install

if TYPE_CHECKING:  # what type checkers see; at run time the table below
    from symgraph.project.build.modules import compile as compile  # noqa: A004, I001  the public name; an import a module
    from symgraph.errors import SpecWarning as SpecWarning, SymgraphError as SymgraphError
    from symgraph.use.fitting import (
        FitResult as FitResult,
        FitWarning as FitWarning,
        compare as compare,
        fit as fit,
        fit_together as fit_together,
    )
    from symgraph.project.native.loading import load as load
    from symgraph.data.stream import stream as stream
    from symgraph.spec.ops.faddeeva import (
        voigt as voigt,
        wofz_bend_im as wofz_bend_im,
        wofz_bend_re as wofz_bend_re,
        wofz_im as wofz_im,
        wofz_re as wofz_re,
        wofz_slope_im as wofz_slope_im,
        wofz_slope_re as wofz_slope_re,
    )
    from symgraph.spec.ops.kernels import (
        bernoulli_function as bernoulli_function,
        bernoulli_slope as bernoulli_slope,
        exprel as exprel,
        exprel2 as exprel2,
        exprel2_slope as exprel2_slope,
        exprel_slope as exprel_slope,
        langevin as langevin,
        langevin_slope as langevin_slope,
        log1pmx as log1pmx,
        log1prel as log1prel,
        log1prel_slope as log1prel_slope,
        sinhc as sinhc,
        sinhc_slope as sinhc_slope,
        sinmx as sinmx,
        tanhmx as tanhmx,
    )
    from symgraph.spec.ops.sympy_classes import (
        betaln as betaln,
        cbrt as cbrt,
        dawson as dawson,
        digamma_step as digamma_step,
        erfcx as erfcx,
        expm1 as expm1,
        gauss as gauss,
        hypot as hypot,
        ierfcx as ierfcx,
        lambertw1p as lambertw1p,
        log1p as log1p,
        log_erfc as log_erfc,
        log_half_erfc as log_half_erfc,
        log_ndtr as log_ndtr,
        log_sigmoid as log_sigmoid,
        logaddexp as logaddexp,
        logit as logit,
        ndtr as ndtr,
        ndtri as ndtri,
        power_slope as power_slope,
        relu as relu,
        sigmoid as sigmoid,
        softplus as softplus,
        stirlerr as stirlerr,
        stirlerr_slope as stirlerr_slope,
        wrightomega as wrightomega,
        xlogx as xlogx,
        xlogy as xlogy,
    )
    from symgraph.spec.laws import Constant as Constant, Normal as Normal, Uniform as Uniform
    from symgraph.show.views.model import Model as Model


install()

_NAMES = {
    "symgraph.show.views.model": ("Model",),
    "symgraph.spec.laws": ("Normal", "Uniform", "Constant"),
    "symgraph.spec.ops.sympy_classes": (
        "betaln", "cbrt", "dawson", "digamma_step", "erfcx", "expm1", "gauss", "hypot", "ierfcx", "lambertw1p", "log1p",
        "log_erfc", "log_half_erfc", "log_ndtr", "log_sigmoid", "logaddexp", "logit", "ndtr", "ndtri", "power_slope", "relu",
        "sigmoid", "softplus", "stirlerr", "stirlerr_slope", "wrightomega", "xlogx", "xlogy",
    ),
    "symgraph.spec.ops.kernels": (
        "bernoulli_function", "bernoulli_slope", "exprel", "exprel2", "exprel2_slope", "exprel_slope", "langevin",
        "langevin_slope", "log1pmx", "log1prel", "log1prel_slope", "sinhc", "sinhc_slope", "sinmx", "tanhmx",
    ),
    "symgraph.spec.ops.faddeeva": (
        "voigt", "wofz_re", "wofz_im", "wofz_slope_re", "wofz_slope_im", "wofz_bend_re", "wofz_bend_im",
    ),
    "symgraph.project.build.modules": ("compile",),
    "symgraph.project.native.loading": ("load",),
    "symgraph.data.stream": ("stream",),
    "symgraph.errors": ("SpecWarning", "SymgraphError"),
    "symgraph.fitting": ("fit", "fit_together", "compare", "FitResult", "FitWarning"),
}  # fmt: skip
"""The public names, by the modules that have them."""

_HOMES = dict(sorted((name, home) for home, names in _NAMES.items() for name in names))

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'symgraph' has no attribute {name!r}")
    with _evaluating():
        return getattr(import_module(_HOMES[name]), name)


def _evaluating() -> AbstractContextManager[None]:
    """Return a context in which SymPy evaluates, as our tables need it, even inside a user's ``with sympy.evaluate(False)``."""
    parameters = sys.modules.get("sympy.core.parameters")
    return nullcontext() if parameters is None else parameters.evaluate(True)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
