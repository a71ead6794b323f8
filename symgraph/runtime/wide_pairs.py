"""Pairs of floats with an exponent beside them, for numbers that are too large or too small for a float.

A wide number is (hi + lo) * 2**power. Numbers of ordinary size have the power 0, all others 1/2 <= |hi| < 1; zeros, infinities
and NaN have the power 0. Functions of wide numbers are not called where all numbers are of ordinary size.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from symgraph.runtime.double_double import (
    Pair,
    dd_less,
    dd_neg,
    dd_rowsum,
    dd_where,
    pair_abs,
    pair_add,
    pair_cbrt,
    pair_div,
    pair_heaviside,
    pair_hypot,
    pair_ldexp,
    pair_max,
    pair_min,
    pair_mul,
    pair_root,
    pair_sign,
    pair_sqrt,
    settled,
    two_prod,
    with_sign,
)
from symgraph.runtime.facts import Array

Wide = tuple[Array, Array, Array]

ORDINARY = 800
"""Binary exponents of numbers without a power are between this and its negative: pairs of such keep their bits."""
FURTHEST = 1 << 28
"""Powers stay between this and its negative, so that they can be added up."""
NO_POWER: Array = np.zeros((), np.int64)[()]


class OfAnySize:
    """A function of pairs, with the one that computes the same of wide numbers."""

    def __init__(self, of_pairs: Callable[..., Pair], of_wide: Callable[..., Wide]) -> None:
        self.of_pairs = of_pairs
        self.of_wide = of_wide

    def __call__(self, *operands: Any) -> Pair:
        """Compute it of pairs."""
        return self.of_pairs(*operands)


def is_ordinary(x: Pair) -> bool:
    """Tell if no number of an array may have left the range of pairs."""
    size = np.abs(x[0])
    return bool(size.min(initial=1.0) > 2.0**-ORDINARY and size.max(initial=1.0) < 2.0**ORDINARY)  # a model may have no columns


def shifted(x: Pair, power: Array) -> Pair:
    """Multiply by 2**power, which may be beyond what a float's exponent holds."""
    return pair_ldexp(x, np.clip(power, -4000, 4000).astype(np.intc))


def narrow(x: Wide) -> Pair:
    """Give a wide number as a pair: 0 or infinite where it is too small or too large."""
    return shifted((x[0], x[1]), x[2])


def normal(x: Wide) -> Wide:
    """Give a number as 1/2 <= |hi| < 1 and its power, whatever its size."""
    hi, lo, power = x
    _, own = np.frexp(hi)
    own = np.where(np.isfinite(hi), own, 0).astype(np.int64)
    return *shifted((hi, lo), -own), np.where(hi == 0, NO_POWER, own + power)


def compact(x: Wide) -> Wide:
    """Give a number of ordinary size the power 0."""
    hi, lo, power = normal(x)
    beyond = (np.abs(power) > ORDINARY) & np.isfinite(hi)
    ordinary = shifted((hi, lo), np.where(beyond, 0, power))
    return *ordinary, np.where(beyond, np.clip(power, -FURTHEST, FURTHEST), 0)


def wide_where(condition: Any, chosen: Wide, other: Wide) -> Wide:
    """Take chosen where the condition holds, else the other."""
    pair = dd_where(condition, (chosen[0], chosen[1]), (other[0], other[1]))
    return *pair, np.where(condition, chosen[2], other[2])


def wide_mul(x: Wide, y: Wide) -> Wide:
    """Multiply."""
    (a, b, p), (c, d, q) = normal(x), normal(y)
    return *settled(pair_mul((a, b), (c, d)), np.multiply, a, c), p + q


def wide_div(x: Wide, y: Wide) -> Wide:
    """Divide."""
    (a, b, p), (c, d, q) = normal(x), normal(y)
    return *settled(pair_div((a, b), (c, d)), np.divide, a, c), p - q


def wide_neg(x: Wide) -> Wide:
    """Negate."""
    return *dd_neg((x[0], x[1])), x[2]


def same_power(x: Wide, y: Wide) -> tuple[Pair, Pair, Array]:
    """Give two numbers as pairs times the same power of two, the larger one below 1."""
    (a, b, p), (c, d, q) = normal(x), normal(y)
    p, q = np.where(a == 0, -2 * FURTHEST, p), np.where(c == 0, -2 * FURTHEST, q)
    top = np.maximum(p, q)
    return shifted((a, b), p - top), shifted((c, d), q - top), np.where(top == -2 * FURTHEST, 0, top)


def wide_add(x: Wide, y: Wide) -> Wide:
    """Add."""
    a, b, power = same_power(x, y)
    return *settled(pair_add(a, b), np.add, a[0], b[0]), power


def wide_sub(x: Wide, y: Wide) -> Wide:
    """Subtract."""
    return wide_add(x, wide_neg(y))


def wide_less(x: Wide, y: Wide) -> Array:
    """Tell where x < y."""
    return dd_less(*same_power(x, y)[:2])


def wide_max(x: Wide, y: Wide) -> Wide:
    """Give the larger of two numbers; NaN if one is NaN."""
    return wide_where(wide_less(x, y) | np.isnan(y[0]), y, x)


def wide_min(x: Wide, y: Wide) -> Wide:
    """Give the smaller of two numbers; NaN if one is NaN."""
    return wide_where(wide_less(y, x) | np.isnan(y[0]), y, x)


def wide_abs(x: Wide) -> Wide:
    """Give the magnitude."""
    return *with_sign((x[0], x[1]), x[0]), x[2]


def wide_sqrt(x: Wide) -> Wide:
    """Take the square root: of the number with an even power."""
    hi, lo, power = normal(x)
    odd = power & 1
    hi, lo = shifted((hi, lo), odd)
    return *settled(pair_root((hi, lo)), np.sqrt, hi), (power - odd) >> 1


def wide_rowsum(rows: Wide) -> Wide:
    """Add up rows as pairs, times the power of the largest."""
    hi, lo, power = normal(rows)
    if not np.ndim(hi):
        return hi, lo, power
    top = np.max(np.where(hi == 0, -2 * FURTHEST, power))
    return *dd_rowsum(shifted((hi, lo), power - top)), np.maximum(top, -FURTHEST)


def wide_product(n: Array, parts: tuple[float, ...]) -> Pair:
    """Multiply whole numbers by a constant that is given as a sum of floats."""
    result = two_prod(n, np.asarray(parts[0])[()])
    for part in parts[1:]:
        result = pair_add(result, two_prod(n, np.asarray(part)[()]))
    return result


def beyond_pairs(x: Wide) -> tuple[Array, Array]:
    """Tell where numbers are too small, and where they are too large, for pairs."""
    return x[2] < 0, x[2] > 0


def like_itself(function: Callable[[Pair], Pair]) -> OfAnySize:
    """Give a function that is x to all digits where x is very small."""

    def of_wide(x: Wide) -> Wide:
        return wide_where(beyond_pairs(x)[0], x, (*function(narrow(x)), NO_POWER))

    return OfAnySize(function, of_wide)


def wide_cbrt(x: Wide) -> Wide:
    """Take the cube root: of the number with a power that 3 divides."""
    hi, lo, power = normal(x)
    rest = power % 3
    return *pair_cbrt(shifted((hi, lo), rest)), (power - rest) // 3


def wide_hypot(x: Wide, y: Wide) -> Wide:
    """Take the root of x*x + y*y."""
    a, b, power = same_power(x, y)
    return *pair_hypot(a, b), power


def wide_heaviside(x: Wide, at_zero: Wide) -> Wide:
    """Give 0 below 0, 1 above it, and the second operand at it."""
    return *pair_heaviside((x[0], x[1]), (at_zero[0], at_zero[1])), np.where(x[0] == 0, at_zero[2], 0)


dd_sqrt = OfAnySize(pair_sqrt, wide_sqrt)
dd_cbrt = OfAnySize(pair_cbrt, wide_cbrt)
dd_hypot = OfAnySize(pair_hypot, wide_hypot)
dd_abs = OfAnySize(pair_abs, wide_abs)
dd_sign = OfAnySize(pair_sign, lambda x: (*pair_sign((x[0], x[1])), NO_POWER))
dd_heaviside = OfAnySize(pair_heaviside, wide_heaviside)
dd_max = OfAnySize(pair_max, wide_max)
dd_min = OfAnySize(pair_min, wide_min)
