"""Special functions for the lines of modules that need SciPy: its own, and those that lose digits in it by formulas of ours.

A module that computes with these imports this file, and with it SciPy; nothing else of the runtime does.
"""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from symgraph.runtime.bessel import of_whole_order
from symgraph.runtime.facts import Array
from symgraph.runtime.recording import Traced
from symgraph.runtime.regions import (
    dawson,
    erfcinv,
    exponential_integral,
    faddeeva,
    faddeeva_bend,
    faddeeva_slope,
    gamma_function,
    lambertw,
    lambertw1p,
    polygamma,
    wrightomega,
)

BY_REGION: Mapping[str, tuple[int, Callable[..., Array]]] = {
    "gamma": (1, gamma_function),
    "erfcinv": (1, erfcinv),
    "dawson": (1, dawson),
    "ei": (1, exponential_integral),
    "lambertw": (1, lambertw),
    "lambertw1p": (1, lambertw1p),
    "wrightomega": (1, wrightomega),
    "polygamma": (2, polygamma),
    "wofz_re": (2, lambda scipy, x, y: faddeeva(x, y).real),
    "wofz_im": (2, lambda scipy, x, y: faddeeva(x, y).imag),
    "wofz_slope_re": (2, lambda scipy, x, y: faddeeva_slope(x, y).real),
    "wofz_slope_im": (2, lambda scipy, x, y: faddeeva_slope(x, y).imag),
    "wofz_bend_re": (2, lambda scipy, x, y: faddeeva_bend(x, y).real),
    "wofz_bend_im": (2, lambda scipy, x, y: faddeeva_bend(x, y).imag),
    **{f"bessel_{kind}": (2, partial(of_whole_order, kind)) for kind in "jyik"},
    **{
        f"bessel_{kind}{order}": (1, lambda scipy, x, kind=kind, order=order: of_whole_order(kind, scipy, order, x))
        for kind in "jyik"
        for order in (0, 1)
    },
}
"""Of each function that is not SciPy's alone the number of operands, and what computes it from ``scipy.special`` and these."""


class ElementwiseFunction:
    """A real function of numbers and arrays that is called and recorded as a ufunc is.

    Args:
        name: how errors call it.
        arity: number of operands.
        function: computes it in float64.
    """

    types = ("d->d", "ff->f", "dd->d")

    def __init__(self, name: str, arity: int, function: Callable[..., Array]) -> None:
        self.__name__ = name
        self.arity = arity
        self.function = function

    def __call__(self, *values: Any) -> Any:
        """Compute the function; an array after the operands receives the result."""
        operands, out = values[: self.arity], values[self.arity :]
        recorded = next((value for value in operands if isinstance(value, Traced)), None)
        if recorded is not None:
            return recorded.recorder.apply(self, operands)
        if not out and all(isinstance(operand, float | int) for operand in operands):
            return np.float64(self.function(*map(float, operands)))
        wide = (np.asarray(operand, np.float64) for operand in operands)
        result = np.asarray(self.function(*wide), np.result_type(*operands))[()]
        if out:
            np.copyto(out[0], result)
        return result


class SpecialFunctions:
    """The functions of ``scipy.special`` by their names, and those of ``BY_REGION`` by theirs.

    Raises:
        ModuleNotFoundError: SciPy is not installed.
    """

    def __init__(self) -> None:
        try:
            self._library = import_module("scipy.special")
        except ModuleNotFoundError:
            raise ModuleNotFoundError(
                "this module computes with functions of SciPy, which is not installed: pip install 'symgraph-codegen[special]'",
                name="scipy",
            ) from None
        for name, (arity, function) in BY_REGION.items():
            setattr(self, name, ElementwiseFunction(name, arity, partial(function, self._library)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)


scipy_special = SpecialFunctions()
