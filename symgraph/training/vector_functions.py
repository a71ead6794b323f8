"""Functions for loops that numba compiles: without calls and branches, so that loops over rows become vector code.

They are the C backend's (docs/c.md has their errors, which fused operations do not change), for floats; numba compiles them as
they are. Sines and cosines hold for |x| <= WIDEST. Integers are read from a number's bits: adding _SHIFT rounds a number to an
integer, which is then in the low bits.
"""

import math
from typing import Any

import numpy as np

WIDEST = 1048576.0
"""Largest argument of `sin` and `cos`."""

_SHIFT = 6755399441055744.0
_ONE = 0x3FF0000000000000
_ROOT = 0x3FE6A09E667F3BCD  # the bits of 1/sqrt(2)


def _bits(x: float) -> Any:
    return np.float64(x).view(np.uint64)


def _number(bits: Any) -> Any:
    return np.uint64(bits).view(np.float64)


def _scaled(x: float, shifted: float) -> Any:
    """Return x * 2^k for |x| < 3/2 and the integer k in the low bits of k + _SHIFT, in two steps: 2^k alone may leave the range
    of numbers. The second is by 0 where the product would underflow to 0, over which processors take long."""
    bits, one = _bits(shifted), np.uint64(_ONE)
    half = bits >> np.uint64(1)
    rest = 0.0 if shifted < _SHIFT - 1075.0 else _number(((bits - half) << np.uint64(52)) + one)
    return x * _number((half << np.uint64(52)) + one) * rest


def _power(shifted: float) -> Any:
    """Return 2^k for the integer k in the low bits of k + _SHIFT, -1022 <= k <= 1023."""
    return _number((_bits(shifted) << np.uint64(52)) + np.uint64(_ONE))


def _bounded(x: float, low: float, high: float) -> float:
    """Return x between bounds; nan stays nan, as it would not with min and max."""
    return low if x < low else high if x > high else x  # noqa: FURB136


def _exp_series(r: float) -> float:
    """Return (exp(r) - 1 - r) / r^2 for |r| <= log(2)/2."""
    r2 = r * r
    a = r * 0.16666666666666669 + 0.5000000000000001
    b = r * 0.008333333333330051 + 0.04166666666662399
    c = r * 0.00019841269863105968 + 0.0013888888917281794
    d = r * 2.7557268378684192e-06 + 2.480152119021773e-05
    e = r * 2.5100424157005067e-08 + 2.7620138719733994e-07
    return r2 * r2 * (r2 * r2 * e + (r2 * d + c)) + (r2 * b + a)


def _shifted(x: float) -> float:
    """Return k + _SHIFT for the multiple k of log(2) nearest to x."""
    return x * 1.4426950408889634 + _SHIFT


def _excess(x: float, k: float) -> float:
    """Return exp(x - k * log(2)) - 1."""
    r = k * 4.2009150726810846e-11 + (k * -0.6931471806019545 + x)
    return r * r * _exp_series(r) + r


def exp(x: float) -> Any:
    """Return exp(x) within 1 ulp."""
    bounded = _bounded(x, -746.0, 710.0)
    shifted = _shifted(bounded)
    return _scaled(1.0 + _excess(bounded, shifted - _SHIFT), shifted)


def expm1(x: float) -> Any:
    """Return exp(x) - 1 within 1 ulp."""
    bounded = _bounded(x, -38.0, 710.0)
    shifted = _shifted(bounded)
    k = shifted - _SHIFT
    high = k * -0.6931471806019545 + bounded
    r = k * 4.2009150726810846e-11 + high
    rest = k * 4.2009150726810846e-11 + (high - r)
    # 2^k * (1 - 2^-k + r + ...), the sum of the first three without rounding errors
    one = 1.0 - _power((-k if k < 60.0 else -60.0) + _SHIFT)
    total = one + r
    lost = (one - total) + r
    return math.copysign(_scaled(total + (lost + (r * r * _exp_series(r) + rest)), shifted), x)


def tanh(x: float) -> Any:
    """Return tanh(x) within 2.5 ulp, by the steps of exp(-|x|), which its slope needs as well."""
    bounded = _bounded(-math.fabs(x), -746.0, 0.0)
    shifted = _shifted(bounded)
    excess = _excess(bounded, shifted - _SHIFT)
    power = _power(_bounded(shifted, _SHIFT - 60.0, _SHIFT))  # below, the square is negligible, and does not underflow
    square = power * power
    m = square * (excess * (2.0 + excess)) + (square - 1.0)  # exp(-2|x|) - 1
    return math.copysign(m / (2.0 + m), x)


def _log_series(z: float) -> float:
    """Return series(s^2) in log(1 + f) = f - (f^2/2 - s * (f^2/2 + series(s^2))), s = f/(2 + f), |log2(1 + f)| <= 1/2."""
    z2 = z * z
    a = z * 0.3999999999989827 + 0.666666666666667
    b = z * 0.22222211043776857 + 0.2857142862653362
    c = z * 0.1533150161114533 + 0.18182895750119193
    return z * (z2 * (z2 * (z2 * 0.1461916613488797 + c) + b) + a)


def _exponent(bits: Any) -> Any:
    """Return k for the bits of x > 0, moved by the distance from 1/sqrt(2) to 1: 1/sqrt(2) <= x / 2^k < sqrt(2)."""
    return (_number((bits >> np.uint64(52)) | np.uint64(0x4330000000000000)) - 4503599627370496.0) - 1023.0


def _moved(x: float) -> Any:
    return _bits(x) + np.uint64(_ONE - _ROOT)


def _fraction(bits: Any) -> Any:
    return _number((bits & np.uint64(0x000FFFFFFFFFFFFF)) + np.uint64(_ROOT))


def log(x: float) -> Any:
    """Return log(x) within 1 ulp."""
    tiny = x < 2.2250738585072014e-308
    bits = _moved(x * 18014398509481984.0 if tiny else x)
    f, exponent = _fraction(bits) - 1.0, _exponent(bits) - (54.0 if tiny else 0.0)
    half, s = 0.5 * f * f, f / (2.0 + f)
    small = s * (half + _log_series(s * s)) + exponent * 1.9082149292705877e-10
    value = exponent * 0.6931471803691238 + (f - (half - small))
    edge = -math.inf if x == 0.0 else math.nan
    return (value if x < math.inf else x) if x > 0.0 else edge


def log1p(x: float) -> Any:
    """Return log(1 + x) within 1 ulp."""
    total = 1.0 + x
    lost = 1.0 - (total - x) if total > 2.0 else x - (total - 1.0)
    near = -0.2928932188134524 < x < 0.41421356237309503
    bits = _moved(total)
    f, exponent = x if near else _fraction(bits) - 1.0, 0.0 if near else _exponent(bits)
    half, s = 0.5 * f * f, f / (2.0 + f)
    small = s * (half + _log_series(s * s)) + (exponent * 1.9082149292705877e-10 + (0.0 if near else lost / total))
    value = exponent * 0.6931471803691238 + (f - (half - small))
    edge = -math.inf if x == -1.0 else math.nan
    return (math.copysign(value, x) if x < math.inf else x) if x > -1.0 else edge


def _turned(x: float, k: float) -> tuple[float, float]:
    """Return x - k * pi/2 as a number and its rounding remainder, by four parts of pi/2, the first three of 33 bits."""
    a = k * -1.5707963267341256 + x
    b = k * -6.077100506303966e-11 + a
    lost = k * -6.077100506303966e-11 + (a - b)
    c = k * -2.0222662487111665e-21 + b
    more = k * -2.0222662487111665e-21 + (b - c)
    rest = k * -8.4784276603689e-32 + (lost + more)
    r = c + rest
    return r, (c - r) + rest


def _sine(r: float, rest: float) -> float:
    z = r * r
    z2 = z * z
    a = z * 0.008333333333330943 + -0.16666666666666666
    b = z * 2.755731609787775e-06 + -0.0001984126983674956
    c = z * 1.591805913698281e-10 + -2.5051130870968297e-08
    return r + (r * z * (z2 * (z2 * c + b) + a) + (-0.5 * z * rest + rest))


def _cosine(r: float, rest: float) -> float:
    z = r * r
    z2, half = z * z, 0.5 * z
    one = 1.0 - half
    a = z * -0.0013888888888887393 + 0.041666666666666664
    b = z * -2.755731726880539e-07 + 2.4801587298760048e-05
    c = z * -1.1382588535352522e-11 + 2.0876145659059344e-09
    return one + (((1.0 - one) - half) + (z2 * (z2 * (z2 * c + b) + a) + -r * rest))


def sin(x: float) -> Any:
    """Return sin(x) within 1 ulp for |x| <= WIDEST."""
    shifted = x * 0.6366197723675814 + _SHIFT
    r, rest = _turned(x, shifted - _SHIFT)
    turns, sine, cosine = _bits(shifted), _sine(r, rest), _cosine(r, rest)
    value = sine if turns & np.uint64(1) == np.uint64(0) else cosine
    found = _number(_bits(value) ^ ((turns & np.uint64(2)) << np.uint64(62)))  # before the choice, which must not be a branch
    return x if x == 0.0 else found


def cos(x: float) -> Any:
    """Return cos(x) within 1 ulp for |x| <= WIDEST."""
    shifted = x * 0.6366197723675814 + _SHIFT
    r, rest = _turned(x, shifted - _SHIFT)
    turns, sine, cosine = _bits(shifted), _sine(r, rest), _cosine(r, rest)
    value = cosine if turns & np.uint64(1) == np.uint64(0) else sine
    return _number(_bits(value) ^ (((turns + np.uint64(1)) & np.uint64(2)) << np.uint64(62)))


def total(terms: Any) -> float:
    """Sum an array: each block of 128 by four partial sums, the blocks with their rounding errors.

    The sum over blocks is that of A. Neumaier, Zeitschrift fuer angewandte Mathematik und Mechanik 54, 1974.
    """
    whole, lost, count = 0.0, 0.0, len(terms)
    for start in range(0, count, 128):
        a = b = c = d = 0.0
        stop = min(start + 128, count)
        fours = start + (stop - start) // 4 * 4
        for i in range(start, fours, 4):
            a += terms[i]
            b += terms[i + 1]
            c += terms[i + 2]
            d += terms[i + 3]
        for i in range(fours, stop):
            a += terms[i]
        block = (a + c) + (b + d)
        following = whole + block
        lost += (whole - following) + block if math.fabs(whole) >= math.fabs(block) else (block - following) + whole
        whole = following
    return whole + lost if math.isfinite(whole) else whole


def next_power(high: float, low: float, base: float) -> tuple[float, float]:
    """Return (high + low) * base and its rounding error: powers one after the other, each as good as `pow`.

    The error of a product is that of T. J. Dekker, Numerische Mathematik 18, 1971.
    """
    product = high * base
    if not math.fabs(product) < 1e290:  # the halves would overflow
        return product, 0.0
    wide = 134217729.0 * high
    a = wide - (wide - high)
    wide = 134217729.0 * base
    b = wide - (wide - base)
    c, d = high - a, base - b
    error = ((a * b - product) + a * d + c * b) + c * d + low * base
    total = product + error
    return total, error - (total - product)
