"""Bounds of the errors of exponentials, logarithms, angles, hyperbolic and error functions."""

from collections.abc import Callable

import numpy as np

from symgraph.runtime.bounds import NARROWER, TINY, Bounded, far_from, outward, rounding_of, size_of
from symgraph.runtime.facts import Array
from symgraph.runtime.functions import erf, erfc, erfcx, gauss, ierfcx


def bounded(
    function: Callable[[Array], Array], moved: Callable[[Array, Array, Array], Array], double: float, single: float
) -> Callable[[Bounded], Bounded]:
    """Make the function that bounds another: the error that follows from that of the operand, and a rounding error.

    Args:
        function: the other.
        moved: computes the first error from the operand, a bound of its error, and the value.
        double: the second one in units in the last place, in float64.
        single: the same in float32.
    """

    def bound(x: Bounded) -> Bounded:
        a, da = x
        value = function(a)
        return outward(value, moved(a, da, value) + rounding_of(value, double, single))

    return bound


def nearest_size(a: Array, da: Array) -> Array:
    """Give the size of the number next to 0 within the error, where many slopes are greatest."""
    nearest: Array = np.fmax(size_of(a) - da, 0.0)
    return nearest


def turned_move(da: Array, slope: Array, value: Array) -> Array:
    """Bound the error of a sine by the slope, which is 1 at most and changes by no more than the error of the angle."""
    moved: Array = np.fmin(da * np.fmin(1.0, np.abs(slope) + da / 2.0), 1.0 + size_of(value))
    return moved


def steepest_move(a: Array, da: Array, _: Array) -> Array:
    """Bound the error of asin(a) or acos(a) by the slope where it is greatest; no end of the domain may be near."""
    gap = (1.0 - size_of(a)) * NARROWER - da
    moved = da / np.sqrt(gap * (1.0 + size_of(a) + da))
    return np.where(da > 0.0, moved, 0.0)


def tan_move(a: Array, da: Array, _: Array) -> Array:
    """Bound the error of tan(a) by the product of the two cosines; no pole may be near."""
    cosine = np.abs(np.cos(np.float64(a)))
    gap = cosine * NARROWER - da
    return np.where(gap > 0.0, da / gap / cosine, np.inf)


def atan_move(a: Array, da: Array, _: Array) -> Array:
    """Bound the error of atan(a) by the greatest slope; pi at most."""
    length = np.hypot(1.0, nearest_size(a, da))
    moved: Array = np.fmin(da / length / length, np.pi)
    return moved


def tanh_move(a: Array, da: Array, value: Array) -> Array:
    """Bound the error of tanh(a) by the greatest slope, and by what the range allows."""
    h = np.exp(-2.0 * nearest_size(a, da)) + TINY
    moved: Array = np.fmin(da * (4.0 * h) / ((1.0 + h) * (1.0 + h)), 1.0 + size_of(value))
    return moved


def acosh_move(a: Array, da: Array, _: Array) -> Array:
    """Bound the error of acosh(a) by the greatest slope; 1 must not be near."""
    gap = (np.float64(a) - 1.0) * NARROWER - da
    return np.where(da > 0.0, da / np.sqrt(gap) / np.sqrt(gap + 2.0), 0.0)


def atanh_move(a: Array, da: Array, _: Array) -> Array:
    """Bound the error of atanh(a) by the greatest slope; no end of the domain may be near."""
    gap = (1.0 - size_of(a)) * NARROWER - da
    return np.where(gap > 0.0, da / gap / (1.0 + size_of(a) + da), np.inf)


def erf_move(a: Array, da: Array, _: Array) -> Array:
    """Bound the error of erf(a) or erfc(a) by the greatest slope, 2/sqrt(pi) * exp(-m*m), and by 2."""
    m = nearest_size(a, da)
    moved: Array = np.fmin(da * (1.1284 * (np.exp(-m * m) + TINY)), 2.0)
    return moved


# the error log(a) - log(a - da)
log_bound = bounded(np.log, lambda a, da, _: -np.log1p(-da / size_of(a)), 1.0, 4.0)
log1p_bound = bounded(np.log1p, lambda a, da, _: -np.log1p(-da / (1.0 + np.float64(a))), 1.0, 4.0)
# the error exp(a) * (exp(da) - 1)
expm1_bound = bounded(np.expm1, lambda a, da, _: (np.exp(np.float64(a)) + TINY) * np.expm1(da), 1.0, 4.0)
sin_bound = bounded(np.sin, lambda a, da, value: turned_move(da, np.cos(np.float64(a)), value), 1.0, 4.0)
cos_bound = bounded(np.cos, lambda a, da, value: turned_move(da, np.sin(np.float64(a)), value), 1.0, 4.0)
tan_bound = bounded(np.tan, tan_move, 1.0, 4.0)
asin_bound = bounded(np.arcsin, steepest_move, 1.0, 4.0)
acos_bound = bounded(np.arccos, steepest_move, 1.0, 4.0)
atan_bound = bounded(np.arctan, atan_move, 1.0, 4.0)
tanh_bound = bounded(np.tanh, tanh_move, 2.5, 4.0)
asinh_bound = bounded(np.arcsinh, lambda a, da, _: da / np.hypot(1.0, nearest_size(a, da)), 2.0, 4.0)
acosh_bound = bounded(np.arccosh, acosh_move, 2.5, 4.0)
atanh_bound = bounded(np.arctanh, atanh_move, 2.0, 4.0)
erf_bound = bounded(erf, erf_move, 1.5, 1.0)
erfc_bound = bounded(erfc, erf_move, 3.0, 1.0)


def exp_bound(x: Bounded) -> Bounded:
    """Bound exp(a): the relative error exp(da) - 1, or at most the greatest value."""
    a, da = x
    value: Array = np.exp(a)
    rounding = rounding_of(value, 1.0, 4.0)
    moved = (size_of(value) + rounding) * np.expm1(da)
    top = np.float64(a) + da + (size_of(a) + da) * 2.0**-50
    moved = np.fmin(moved, np.exp(top) + TINY)
    # no product or quotient of numbers of the dtype brings an exp(-2**40) to light
    moved = np.where(top < -(2.0**40), 0.0, moved + rounding)
    return outward(value, moved, a - da > np.log(far_from(value)) + 1.0)


def atan2_bound(x: Bounded, y: Bounded) -> Bounded:
    """Bound atan2(a, b): the angle by which errors turn (a, b); infinite near the cut and near 0."""
    (a, da), (b, db) = x, y
    value: Array = np.arctan2(a, b)
    p, q = size_of(a), size_of(b)
    length = np.hypot(p, q) * NARROWER
    gap = length - np.hypot(da, db)
    sine = (q / length * da + p / length * db) / gap
    cut = (b - db <= 0.0) & (p <= da)
    clear = (gap > 0.0) & (sine < 0.5) & ~cut
    moved = np.where(clear, sine / np.sqrt(1.0 - sine * sine), np.inf)
    return outward(value, moved + rounding_of(value, 1.0, 4.0))


def sinh_bound(x: Bounded) -> Bounded:
    """Bound sinh(a): by the addition theorem."""
    a, da = x
    value: Array = np.sinh(a)
    rounding = rounding_of(value, 2.0, 4.0)
    half, slope = np.sinh(da / 2.0), np.cosh(size_of(a))
    moved = (size_of(value) + rounding) * half * (2.0 * half) + slope * np.sinh(da)
    large = size_of(a) - da > np.log(far_from(value)) + 2.0
    return outward(value, moved + rounding, large)


def cosh_bound(x: Bounded) -> Bounded:
    """Bound cosh(a): by the addition theorem."""
    a, da = x
    value: Array = np.cosh(a)
    rounding = rounding_of(value, 2.0, 4.0)
    half, slope = np.sinh(da / 2.0), np.sinh(size_of(a))
    moved = (size_of(value) + rounding) * half * (2.0 * half) + slope * np.sinh(da)
    large = size_of(a) - da > np.log(far_from(value)) + 2.0
    return outward(value, moved + rounding, large)


def erfcx_bound(x: Bounded) -> Bounded:
    """Bound exp(a*a) * erfc(a): the relative error exp(s) - 1; the slope over the value falls, and is 1.0/x at most."""
    a, da = x
    value: Array = erfcx(a)
    rounding = rounding_of(value, 3.0, 1.0)
    least = np.float64(a) - da
    slope = np.fmin(1.1284 + 2.0 * np.fmax(-least, 0.0), 1.0 / np.fmax(least, 0.0))
    return outward(value, (size_of(value) + rounding) * np.expm1(da * slope) + rounding)


def ierfcx_bound(x: Bounded) -> Bounded:
    """Bound exp(a*a) * ierfc(a): the relative error exp(s) - 1; the slope over the value falls, and is 2.0/x at most."""
    a, da = x
    value: Array = ierfcx(a)
    rounding = rounding_of(value, 4.0, 1.0)
    least = np.float64(a) - da
    slope = np.fmin(1.7725 + 2.0 * np.fmax(-least, 0.0), 2.0 / np.fmax(least, 0.0))
    return outward(value, (size_of(value) + rounding) * np.expm1(da * slope) + rounding)


def gauss_bound(x: Bounded) -> Bounded:
    """Bound exp(-a*a): the relative error exp(s) - 1, s that of a*a; at most the greatest value."""
    a, da = x
    value: Array = gauss(a)
    rounding = rounding_of(value, 1.5, 1.0)
    m = nearest_size(a, da)
    moved = (size_of(value) + rounding) * np.expm1((2.0 * size_of(a) + da) * da)
    return outward(value, np.fmin(moved, np.exp(-m * m) + TINY) + rounding)
