"""Bounds of the errors of exponentials, logarithms, angles, hyperbolic and error functions."""

import numpy as np

from symgraph.runtime.bounds import NARROWER, TINY, Bounded, far_from, outward, rounding_of, size_of
from symgraph.runtime.facts import Array
from symgraph.runtime.functions import erf, erfc, erfcx, gauss, ierfcx


def steepest_move(a: Array, da: Array) -> Array:
    """Bound the error of asin(a) or acos(a) that follows from that of a, by the slope where it is greatest."""
    gap = (1.0 - size_of(a)) * NARROWER - da
    moved = da / np.sqrt(gap * (1.0 + size_of(a) + da))
    return np.where(da > 0.0, moved, 0.0)


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


def expm1_bound(x: Bounded) -> Bounded:
    """Bound expm1(a): the error exp(a) * (exp(da) - 1)."""
    a, da = x
    value: Array = np.expm1(a)
    moved = (np.exp(np.float64(a)) + TINY) * np.expm1(da)
    return outward(value, moved + rounding_of(value, 1.0, 4.0))


def log_bound(x: Bounded) -> Bounded:
    """Bound log(a): the error log(a) - log(a - da)."""
    a, da = x
    value: Array = np.log(a)
    moved = -np.log1p(-da / size_of(a))
    return outward(value, moved + rounding_of(value, 1.0, 4.0))


def log1p_bound(x: Bounded) -> Bounded:
    """Bound log1p(a): the error log(1 + a) - log(1 + a - da)."""
    a, da = x
    value: Array = np.log1p(a)
    moved = -np.log1p(-da / (1.0 + np.float64(a)))
    return outward(value, moved + rounding_of(value, 1.0, 4.0))


def sin_bound(x: Bounded) -> Bounded:
    """Bound sin(a): the error times the slope, which is 1 at most and changes by da at most."""
    a, da = x
    value: Array = np.sin(a)
    slope = np.fmin(1.0, np.abs(np.cos(np.float64(a))) + da / 2.0)
    moved = np.fmin(da * slope, 1.0 + size_of(value))
    return outward(value, moved + rounding_of(value, 1.0, 4.0))


def cos_bound(x: Bounded) -> Bounded:
    """Bound cos(a): the error times the slope, which is 1 at most and changes by da at most."""
    a, da = x
    value: Array = np.cos(a)
    slope = np.fmin(1.0, np.abs(np.sin(np.float64(a))) + da / 2.0)
    moved = np.fmin(da * slope, 1.0 + size_of(value))
    return outward(value, moved + rounding_of(value, 1.0, 4.0))


def two_over(t: Array) -> Array:
    """Compute 2/(t*t + 1), of which and of t, the tangent of half an angle, modules make sine and cosine."""
    q: Array = 2.0 / (t * t + 1.0)
    return q


def double_sine_bound(x: Bounded) -> Bounded:
    """Bound sin(2*a) from tan(a): the error of the angle times the slope, and what is computed from the tangent."""
    a, da = x
    t: Array = np.tan(a)
    value: Array = t * two_over(t)
    slope = np.fmin(1.0, np.abs(np.cos(2.0 * np.float64(a))) + da)
    moved = np.fmin(2.0 * da * slope, 1.0 + size_of(value))
    return outward(value, moved + rounding_of(value, 3.0, 6.0))


def double_cosine_bound(x: Bounded) -> Bounded:
    """Bound cos(2*a) from tan(a): the error of the angle times the slope, and what is computed from the tangent."""
    a, da = x
    t: Array = np.tan(a)
    value: Array = two_over(t) - 1.0
    slope = np.fmin(1.0, np.abs(np.sin(2.0 * np.float64(a))) + da)
    moved = np.fmin(2.0 * da * slope, 1.0 + size_of(value))
    return outward(value, moved + rounding_of(np.ones_like(value), 3.75, 6.75))


def tan_bound(x: Bounded) -> Bounded:
    """Bound tan(a): the error over the product of the two cosines; no pole may be near."""
    a, da = x
    value: Array = np.tan(a)
    cosine = np.abs(np.cos(np.float64(a)))
    gap = cosine * NARROWER - da
    moved = np.where(gap > 0.0, da / gap / cosine, np.inf)
    return outward(value, moved + rounding_of(value, 1.0, 4.0))


def asin_bound(x: Bounded) -> Bounded:
    """Bound asin(a): the error times the greatest slope; no end of the domain may be near."""
    a, da = x
    value: Array = np.arcsin(a)
    rounding = rounding_of(value, 1.0, 4.0)
    return outward(value, steepest_move(a, da) + rounding)


def acos_bound(x: Bounded) -> Bounded:
    """Bound acos(a): the error times the greatest slope; no end of the domain may be near."""
    a, da = x
    value: Array = np.arccos(a)
    rounding = rounding_of(value, 1.0, 4.0)
    return outward(value, steepest_move(a, da) + rounding)


def atan_bound(x: Bounded) -> Bounded:
    """Bound atan(a): the error times the greatest slope; pi at most."""
    a, da = x
    value: Array = np.arctan(a)
    length = np.hypot(1.0, np.fmax(size_of(a) - da, 0.0))
    moved = np.fmin(da / length / length, np.pi)
    return outward(value, moved + rounding_of(value, 1.0, 4.0))


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


def tanh_bound(x: Bounded) -> Bounded:
    """Bound tanh(a): the error times the greatest slope; what the range allows at most."""
    a, da = x
    value: Array = np.tanh(a)
    h = np.exp(-2.0 * np.fmax(size_of(a) - da, 0.0)) + TINY
    moved = np.fmin(da * (4.0 * h) / ((1.0 + h) * (1.0 + h)), 1.0 + size_of(value))
    return outward(value, moved + rounding_of(value, 2.5, 4.0))


def asinh_bound(x: Bounded) -> Bounded:
    """Bound asinh(a): the error times the greatest slope."""
    a, da = x
    value: Array = np.arcsinh(a)
    moved = da / np.hypot(1.0, np.fmax(size_of(a) - da, 0.0))
    return outward(value, moved + rounding_of(value, 2.0, 4.0))


def acosh_bound(x: Bounded) -> Bounded:
    """Bound acosh(a): the error times the greatest slope; 1 must not be near."""
    a, da = x
    value: Array = np.arccosh(a)
    gap = (np.float64(a) - 1.0) * NARROWER - da
    moved = np.where(da > 0.0, da / np.sqrt(gap) / np.sqrt(gap + 2.0), 0.0)
    return outward(value, moved + rounding_of(value, 2.5, 4.0))


def atanh_bound(x: Bounded) -> Bounded:
    """Bound atanh(a): the error times the greatest slope; no end of the domain may be near."""
    a, da = x
    value: Array = np.arctanh(a)
    gap = (1.0 - size_of(a)) * NARROWER - da
    moved = np.where(gap > 0.0, da / gap / (1.0 + size_of(a) + da), np.inf)
    return outward(value, moved + rounding_of(value, 2.0, 4.0))


def erf_bound(x: Bounded) -> Bounded:
    """Bound erf(a): the error times the greatest slope, 2/sqrt(pi) * exp(-m*m); 2 at most."""
    a, da = x
    value: Array = erf(a)
    m = np.fmax(size_of(a) - da, 0.0)
    moved = np.fmin(da * (1.1284 * (np.exp(-m * m) + TINY)), 2.0)
    return outward(value, moved + rounding_of(value, 1.5, 1.0))


def erfc_bound(x: Bounded) -> Bounded:
    """Bound erfc(a): the error times the greatest slope, 2/sqrt(pi) * exp(-m*m); 2 at most."""
    a, da = x
    value: Array = erfc(a)
    m = np.fmax(size_of(a) - da, 0.0)
    moved = np.fmin(da * (1.1284 * (np.exp(-m * m) + TINY)), 2.0)
    return outward(value, moved + rounding_of(value, 3.0, 1.0))


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
    m = np.fmax(size_of(a) - da, 0.0)
    moved = (size_of(value) + rounding) * np.expm1((2.0 * size_of(a) + da) * da)
    return outward(value, np.fmin(moved, np.exp(-m * m) + TINY) + rounding)
