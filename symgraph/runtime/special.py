"""SciPy's special functions for the lines of modules that need them, and real functions of its complex ones.

A module that computes with these imports this file, and with it SciPy; nothing else of the runtime does.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from symgraph.runtime.facts import Array
from symgraph.runtime.recording import Traced

FADDEEVA_FAR = 8.0
"""Modulus from which on the slope of Faddeeva's function follows from its continued fraction."""

FADDEEVA_TERMS = 20
"""Terms of that continued fraction: the rest is below 2**-53 of the slope there."""


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
        result = np.asarray(self.function(*operands), np.result_type(*operands))[()]
        if out:
            np.copyto(out[0], result)
        return result


class SpecialFunctions:
    """The functions of ``scipy.special`` by their names, and real ones that follow from functions of complex numbers.

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
        self.lambertw = ElementwiseFunction("lambertw", 1, self._lambertw)
        self.polygamma = ElementwiseFunction("polygamma", 2, self._polygamma)
        self.wofz_re = ElementwiseFunction("wofz_re", 2, lambda x, y: self._wofz(x, y)[1].real)
        self.wofz_im = ElementwiseFunction("wofz_im", 2, lambda x, y: self._wofz(x, y)[1].imag)
        self.wofz_slope_re = ElementwiseFunction("wofz_slope_re", 2, lambda x, y: self._wofz_slope(x, y).real)
        self.wofz_slope_im = ElementwiseFunction("wofz_slope_im", 2, lambda x, y: self._wofz_slope(x, y).imag)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)

    def _lambertw(self, x: Any) -> Array:
        value = np.asarray(self._library.lambertw(x))
        return np.where(value.imag == 0.0, value.real, np.nan)

    def _polygamma(self, order: float, x: Any) -> Array:
        """Give a derivative of digamma of whole order; below 0 by reflection, with slopes of the cotangent (DLMF 5.15.6)."""
        z, cotangent = np.asarray(x, np.float64), np.polynomial.Polynomial([0.0, 1.0])
        for _ in range(int(order)):
            cotangent = -cotangent.deriv() * np.polynomial.Polynomial([1.0, 0.0, 1.0])
        right: Array = self._library.polygamma(int(order), np.where(z > 0.0, z, 1.0 - z))
        r = z - np.rint(z)
        near = np.abs(r) < 0.25  # elsewhere by the tangent of the complement, which keeps its digits near 1/2
        tangent = np.tan(np.pi * np.where(near, r, np.copysign(0.5, r) - r))
        turned = cotangent(np.where(near, 1.0 / tangent, tangent))
        return np.where(z > 0.0, right, (-1.0) ** order * right - np.pi ** (order + 1.0) * turned)

    def _wofz(self, x: Any, y: Any) -> tuple[Array, Array]:
        z = np.asarray(x, np.float64) + 1j * np.asarray(y, np.float64)
        return z, np.asarray(self._library.wofz(z))

    def _wofz_slope(self, x: Any, y: Any) -> Array:
        """Give w'(z) = 2*i/sqrt(pi) - 2*z*w(z); far from 0 by w(z) = i/sqrt(pi)/(z - r) (DLMF 7.9.4), as terms cancel."""
        z, value = self._wofz(x, y)
        far = np.where(np.abs(z) < FADDEEVA_FAR, FADDEEVA_FAR, z)
        rest: Array = FADDEEVA_TERMS / 2 / far
        for term in range(FADDEEVA_TERMS - 1, 0, -1):
            rest = term / 2 / (far - rest)
        scale = 2j / np.sqrt(np.pi)
        slope: Array = np.where(np.abs(z) < FADDEEVA_FAR, scale - 2.0 * z * value, -scale * rest / (far - rest))
        return slope


scipy_special = SpecialFunctions()
