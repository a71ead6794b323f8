"""Exponentials, logarithms, powers and hyperbolic functions of pairs."""

from collections.abc import Callable
from math import factorial

import numpy as np

from symgraph.runtime.double_double import (
    EXACT,
    NOTHING,
    Pair,
    dd_neg,
    dd_where,
    fast_two_sum,
    pair_add,
    pair_add_float,
    pair_clipped,
    pair_div,
    pair_horner,
    pair_ldexp,
    pair_mul,
    pair_of,
    pair_root,
    pair_scaled,
    rounded_parts,
    series_of,
    settled,
    settled_of_one,
    two_prod,
    two_sum,
    with_sign,
)
from symgraph.runtime.facts import Array
from symgraph.runtime.wide_pairs import (
    NO_POWER,
    OfAnySize,
    Wide,
    beyond_pairs,
    like_itself,
    narrow,
    wide_abs,
    wide_mul,
    wide_product,
    wide_where,
)

EXP_STEP = (0.021660849392446835, 5.1456092446457696e-14, 9.568252300058288e-26)
STEP = EXACT.divide(EXACT.ln(2), 32)
EXP_POWERS = [rounded_parts(EXACT.subtract(EXACT.exp(EXACT.multiply(j, STEP)), 1)) for j in range(-16, 16)]
EXP_POWERS_HI, EXP_POWERS_LO = np.array(EXP_POWERS).T
EXP_TERMS, EXP_TAIL = series_of([EXACT.divide(1, factorial(n)) for n in range(2, 14)], 6)
LOG2 = (0.6931471805601177, -1.7239444525610826e-13, -4.00865610552017e-26)
LOG2_PAIR = pair_of(0.6931471805599453, 2.3190468138462996e-17)


def expm1_parts(x: Pair) -> tuple[Pair, Array]:
    """Give m and q with exp(x) = (1 + m) * 2**q, |m| < 0.43; q is 0 near 0.

    x = k * log(2)/32 + r, k = 32*q + j, and 1 + m = 2**(j/32) * exp(r) by Taylor's series.
    """
    x = pair_clipped(x, 750.0)
    k = np.rint(x[0] * 46.16624130844683)
    first, second, third = EXP_STEP
    r = pair_add_float(two_sum(x[0], -k * first), x[1])
    r = pair_add_float(pair_add_float(r, -k * second), -k * third)
    tail = pair_mul(pair_mul(r, r), pair_horner(r, EXP_TERMS, EXP_TAIL))
    p = pair_add(r, tail)
    j = (np.asarray(k).astype(np.int64) + 16) & 31
    power = (EXP_POWERS_HI[j], EXP_POWERS_LO[j])
    m = pair_add(power, pair_add(p, pair_mul(power, p)))
    return m, ((k - j + 16) / 32).astype(np.int32)


def pair_exp(x: Pair) -> Pair:
    """Compute the exponential, not settled."""
    m, q = expm1_parts(x)
    return pair_ldexp(pair_add_float(m, 1.0), q)


def pair_expm1(x: Pair) -> Pair:
    """Compute the exponential minus 1, not settled."""
    m, q = expm1_parts(x)
    return pair_add(pair_ldexp(m, q), two_sum(np.ldexp(1.0, q), np.asarray(-1.0)[()]))


def log1p_near(z: Pair) -> Pair:
    """Compute log(1 + z) for -0.3 <= z < 0.42: NumPy's, corrected by a step of Halley's iteration."""
    y = np.log1p(z[0])
    e = pair_expm1((y, NOTHING))
    miss = pair_add(z, dd_neg(e))
    return fast_two_sum(y, 2.0 * (miss[0] + miss[1]) / (2.0 + z[0] + e[0]))


def mantissa_of(x: Pair) -> tuple[Pair, Array]:
    """Give z and k with x = (1 + z) * 2**k and 1 + z between the roots of 1/2 and 2."""
    m, power = np.frexp(x[0])
    power = power - (m < 0.7071067811865476)
    return pair_add_float(pair_ldexp(x, -power), -1.0), power


def log_parts(z: Pair, k: Array) -> Pair:
    """Compute log(1 + z) + k * log(2)."""
    first, second, third = LOG2
    result = pair_add_float(log1p_near(z), k * third)
    return pair_add_float(pair_add_float(result, k * second), k * first)


def pair_log(x: Pair) -> Pair:
    """Compute the logarithm, not settled."""
    return log_parts(*mantissa_of(x))


def pair_log1p(x: Pair) -> Pair:
    """Compute the logarithm of 1 + x, not settled."""
    z, k = mantissa_of(pair_add_float(x, 1.0))
    near = np.abs(x[0]) < 0.25
    return log_parts(dd_where(near, x, z), np.where(near, 0, k))


def wide_exp(x: Wide) -> Wide:
    """Compute the exponential as 2**n * exp(x - n*log(2)); 0 or infinite where n would be beyond 2**21."""
    hi, lo = narrow(x)
    n = np.rint(np.clip(hi, -(2.0**20), 2.0**20) / LOG2[0])
    n = np.where(np.isnan(n), 0.0, n)
    e = pair_exp(pair_add((hi, lo), dd_neg(wide_product(n, LOG2))))
    far = np.abs(hi) > 2.0**20
    pair = dd_where(far | np.isnan(hi), (np.exp(hi), NOTHING), e)
    return *pair, np.where(far, 0, n.astype(np.int64))


def wide_log(x: Wide) -> Wide:
    """Compute the logarithm."""
    hi, lo, power = x
    z, k = mantissa_of((hi, lo))
    result = pair_add(wide_product((k + power).astype(np.float64), LOG2), log1p_near(z))
    return *settled(result, np.log, hi), NO_POWER


dd_exp = OfAnySize(settled_of_one(pair_exp, np.exp), wide_exp)
dd_log = OfAnySize(settled_of_one(pair_log, np.log), wide_log)


def wide_expm1(x: Wide) -> Wide:
    """Compute the exponential minus 1: x where that is very small, the exponential where that is large."""
    hi, lo = narrow(x)
    found = wide_where(beyond_pairs(x)[0], x, (*settled(pair_expm1((hi, lo)), np.expm1, hi), NO_POWER))
    return wide_where(hi > 700.0, wide_exp(x), found)


def wide_log1p(x: Wide) -> Wide:
    """Compute the logarithm of 1 + x: x where that is very small, its logarithm where that is large."""
    small, large = beyond_pairs(x)
    hi, lo = narrow(x)
    found = wide_where(small, x, (*settled(pair_log1p((hi, lo)), np.log1p, hi), NO_POWER))
    return wide_where(large & (hi > 0), wide_log(x), found)


dd_expm1 = OfAnySize(settled_of_one(pair_expm1, np.expm1), wide_expm1)
dd_log1p = OfAnySize(settled_of_one(pair_log1p, np.log1p), wide_log1p)


def pair_pow(x: Pair, y: Pair) -> Pair:
    """Compute x**y as 2**n * exp(f*log(2) + y*log(1+z)): x = (1+z) * 2**k, y*k = n + f."""
    z, k = mantissa_of((np.abs(x[0]), np.where(x[0] < 0, -x[1], x[1])))
    hi, lo = two_prod(y[0], k.astype(np.float64))
    n = np.rint(np.clip(hi, -5000.0, 5000.0))
    f = pair_add(pair_add_float((hi - n, NOTHING), lo), two_prod(y[1], k.astype(np.float64)))
    m, q = expm1_parts(pair_add(pair_mul(f, LOG2_PAIR), pair_mul(y, log1p_near(z))))
    result = pair_ldexp(pair_add_float(m, 1.0), q + n.astype(np.int32))
    return settled(pair_scaled(result, sign_of_power(x[0], y)), np.power, x[0], y[0])


def sign_of_power(x: Array, y: Pair) -> Array:
    """Give the sign of x**y, NaN where that is no number."""
    odd = (np.mod(y[0], 2.0) + np.mod(y[1], 2.0)) % 2.0 == 1.0
    whole = (np.rint(y[0]) == y[0]) & (np.rint(y[1]) == y[1])
    return np.where(x < 0, np.where(whole, np.where(odd, -1.0, 1.0), np.nan), 1.0)


def wide_pow(x: Wide, y: Wide) -> Wide:
    """Compute x**y as exp(y*log(x)), which costs as many digits as its logarithm has before the point."""
    exponent = narrow(y)
    hi, lo, power = wide_exp(wide_mul(y, wide_log(wide_abs(x))))
    sign = sign_of_power(x[0], exponent)
    sound = np.isfinite(x[0]) & np.isfinite(exponent[0]) & (x[0] != 0)
    return *dd_where(sound, pair_scaled((hi, lo), sign), (np.power(x[0], exponent[0]), NOTHING)), np.where(sound, power, 0)


dd_pow = OfAnySize(pair_pow, wide_pow)


def of_exponentials(
    function: Callable[[Pair], Pair], large: Callable[[Wide], Wide], small: Callable[[Wide], Wide]
) -> OfAnySize:
    """Give a function that has forms of its own where |x| is above 700, and where it is very small."""

    def of_wide(x: Wide) -> Wide:
        found = wide_where(beyond_pairs(x)[0], small(x), (*function(narrow(x)), NO_POWER))
        return wide_where(np.abs(narrow(x)[0]) > 700.0, large(x), found)

    return OfAnySize(function, of_wide)


def half_exp(x: Wide) -> Wide:
    """Compute exp(|x|) / 2."""
    hi, lo, power = wide_exp(wide_abs(x))
    return hi, lo, power - 1


def pair_sinh(x: Pair) -> Pair:
    """Compute sinh as (u + u/(1 + u)) / 2 with u = exp(|x|) - 1: two terms of one sign."""
    u = pair_expm1(with_sign(x, x[0]))
    result = pair_scaled(pair_add(u, pair_div(u, pair_add_float(u, 1.0))), 0.5)
    return settled(with_sign(result, x[0]), np.sinh, x[0])


def pair_cosh(x: Pair) -> Pair:
    """Compute cosh as (e + 1/e) / 2 with e = exp(|x|)."""
    e = pair_exp(with_sign(x, x[0]))
    result = pair_scaled(pair_add(e, pair_div(pair_of(1.0), e)), 0.5)
    return settled(result, np.cosh, x[0])


def pair_tanh(x: Pair) -> Pair:
    """Compute tanh as u/(2 + u) with u = exp(2|x|) - 1; it is 1 to all digits beyond 40."""
    u = pair_expm1(pair_clipped(pair_scaled(with_sign(x, x[0]), 2.0), 80.0))
    return settled(with_sign(pair_div(u, pair_add_float(u, 2.0)), x[0]), np.tanh, x[0])


def pair_asinh(x: Pair) -> Pair:
    """Compute asinh as log1p(a + a*a/(1 + sqrt(1 + a*a))) with a = |x|; log1p(2*a) where a is huge."""
    a = with_sign(x, x[0])
    square = pair_mul(a, a)
    root = pair_root(pair_add_float(square, 1.0))
    t = pair_add(a, pair_div(square, pair_add_float(root, 1.0)))
    result = pair_log1p(dd_where(a[0] > 1e90, pair_scaled(a, 2.0), t))
    return settled(with_sign(result, x[0]), np.arcsinh, x[0])


def pair_acosh(x: Pair) -> Pair:
    """Compute acosh as log1p(t + sqrt(t*(t + 2))) with t = x - 1; log1p(2*x) where x is huge."""
    t = pair_add_float(x, -1.0)
    inner = pair_add(t, pair_root(pair_mul(t, pair_add_float(t, 2.0))))
    result = pair_log1p(dd_where(x[0] > 1e90, pair_scaled(x, 2.0), inner))
    return settled(result, np.arccosh, x[0])


def pair_atanh(x: Pair) -> Pair:
    """Compute atanh as log1p(2*a/(1 - a)) / 2 with a = |x|."""
    a = with_sign(x, x[0])
    quotient = pair_div(pair_scaled(a, 2.0), pair_add_float(dd_neg(a), 1.0))
    result = pair_scaled(pair_log1p(quotient), 0.5)
    return settled(with_sign(result, x[0]), np.arctanh, x[0])


def signed_half_exp(x: Wide) -> Wide:
    """Compute exp(|x|) / 2 with the sign of x."""
    hi, lo, power = half_exp(x)
    return *with_sign((hi, lo), x[0]), power


def log_of_twice(x: Wide) -> Wide:
    """Compute log(2*|x|) with the sign of x."""
    hi, lo, power = wide_log((np.abs(x[0]), np.where(x[0] < 0, -x[1], x[1]), x[2] + 1))
    return *with_sign((hi, lo), x[0]), power


def one_of(x: Wide) -> Wide:
    """Give 1 for each number."""
    return np.ones_like(x[0]), NOTHING, NO_POWER


dd_sinh = of_exponentials(pair_sinh, signed_half_exp, lambda x: x)
dd_cosh = of_exponentials(pair_cosh, half_exp, one_of)
dd_tanh = like_itself(pair_tanh)
dd_asinh = OfAnySize(pair_asinh, lambda x: wide_where(beyond_pairs(x)[1], log_of_twice(x), like_itself(pair_asinh).of_wide(x)))
dd_acosh = OfAnySize(
    pair_acosh, lambda x: wide_where(beyond_pairs(x)[1] & (x[0] > 0), log_of_twice(x), (*pair_acosh(narrow(x)), NO_POWER))
)
dd_atanh = like_itself(pair_atanh)
