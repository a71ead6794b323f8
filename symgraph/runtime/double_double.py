"""Double-double arithmetic: a Pair stands for the sum of a float and of what rounding took from it.

Errors are relative, in units of u**2 = 2**-106, after Joldes, Muller, Popescu, "Tight and rigorous error bounds for basic
building blocks of double-word arithmetic", ACM TOMS 44(2), 2017. Factors must stay below 2**996, and results above 2**-900.
"""

from collections.abc import Callable, Sequence
from decimal import Context, Decimal
from typing import Any

import numpy as np

from symgraph.runtime.facts import Array, ArrayLike

Pair = tuple[Array, Array]

Table = tuple[tuple[float, float], ...]
NOTHING: Array = np.zeros(())[()]

EXACT = Context(prec=60, traps=[])
"""Arithmetic of 60 digits, in which constants are computed before they are rounded to pairs."""


def rounded_parts(number: Decimal) -> tuple[float, float]:
    """Round a number to the nearest float, and what it lacks to another."""
    nearest = float(number)
    return nearest, float(EXACT.subtract(number, Decimal(nearest)))


def series_of(terms: Sequence[Decimal], pairs: int) -> tuple[Table, tuple[float, ...]]:
    """Round the terms of a polynomial for pair_horner: the first to pairs, the tail to floats."""
    return tuple(map(rounded_parts, terms[:pairs])), tuple(map(float, terms[pairs:]))


def two_sum(a: Array, b: Array) -> Pair:
    """Add two floats without error (Knuth, The Art of Computer Programming 2, 4.2.2)."""
    s = a + b
    t = s - a
    e = t - s
    e += a  # a - (s - t)
    t -= b
    e -= t  # and b - t
    return s, e


def fast_two_sum(a: Array, b: Array) -> Pair:
    """Add two floats without error, where |a| >= |b| or a is 0 (Dekker, 1971)."""
    s = a + b
    e = a - s
    e += b
    return s, e


def split_bits(a: Array) -> Pair:
    """Split a float into its leading and its trailing 26 bits (Veltkamp; Dekker, 1971)."""
    head = 134217729.0 * a
    head -= head - a
    return head, a - head


def lost_bits(p: Array, a: Pair, b: Pair) -> Array:
    """Give the rounding error of the product p of two split factors (Dekker, 1971)."""
    e = a[0] * b[0]
    e -= p
    e += a[0] * b[1]
    e += a[1] * b[0]
    e += a[1] * b[1]
    return e


def two_prod(a: Array, b: Array) -> Pair:
    """Multiply two floats without error."""
    p, halves = a * b, split_bits(a)
    return p, lost_bits(p, halves, halves if a is b else split_bits(b))


def pair_of(value: ArrayLike, low: float = 0.0) -> Pair:
    """Make a pair of a float and of the rest of the number that it stands for."""
    return np.array(value, np.float64, order="C")[()], np.array(low)[()]


def rounded_pair(pair: Pair, dtype: np.dtype[Any]) -> Array:
    """Round a pair to a dtype."""
    return np.asarray(pair[0]).astype(dtype)[()]


def settled(pair: Pair, plain: Callable[..., Array], *operands: Array) -> Pair:
    """Give the pair where it is a number, and elsewhere the result of plain arithmetic.

    That has the right infinities, NaN and signed zeros, which compensation loses.
    """
    hi, lo = pair
    sound = np.isfinite(hi + lo) & (hi != 0)
    if np.all(sound):
        return pair
    return np.where(sound, hi, plain(*operands)), np.where(sound, lo, 0.0)


def settled_of_one(function: Callable[[Pair], Pair], plain: Callable[[Array], Array]) -> Callable[[Pair], Pair]:
    """Make the function of a pair that gives what another gives, settled by a function of plain arithmetic."""
    return lambda x: settled(function(x), plain, x[0])


def settled_of_two(function: Callable[[Pair, Pair], Pair], plain: np.ufunc) -> Callable[[Pair, Pair], Pair]:
    """Make the function of two pairs that gives what another gives, settled by a function of plain arithmetic."""
    return lambda x, y: settled(function(x, y), plain, x[0], y[0])


def guarded(result: Pair, x: Pair) -> Pair:
    """Put NaN, to be settled, where an operand is so small that products of halves vanish."""
    return result[0], np.where(np.abs(x[0]) < 1e-285, np.nan, result[1])


def dd_neg(x: Pair) -> Pair:
    """Negate."""
    return -x[0], -x[1]


def pair_scaled(x: Pair, factor: Array | float) -> Pair:
    """Multiply by a power of two."""
    return x[0] * factor, x[1] * factor


def pair_ldexp(x: Pair, power: Array) -> Pair:
    """Multiply by 2**power."""
    return np.ldexp(x[0], power), np.ldexp(x[1], power)


def dd_where(condition: Array, chosen: Pair, other: Pair) -> Pair:
    """Take chosen where the condition holds, else the other."""
    hi = np.where(condition, chosen[0], other[0])
    return hi, np.where(condition, chosen[1], other[1])


def pair_add_float(x: Pair, y: Array | float) -> Pair:
    """Add a float within 2 u**2 (algorithm 4)."""
    hi, lo = two_sum(x[0], np.asarray(y)[()])
    return fast_two_sum(hi, x[1] + lo)


def pair_add(x: Pair, y: Pair) -> Pair:
    """Add within 3 u**2 (algorithm 6)."""
    hi, lo = two_sum(x[0], y[0])
    t, rest = two_sum(x[1], y[1])
    hi, lo = fast_two_sum(hi, lo + t)
    return fast_two_sum(hi, rest + lo)


def pair_mul(x: Pair, y: Pair) -> Pair:
    """Multiply within 5 u**2 (algorithm 10)."""
    hi, lo = two_prod(x[0], y[0])
    cross = x[0] * y[1]
    cross += x[1] * y[0]
    lo += cross
    return fast_two_sum(hi, lo)


def pair_div(x: Pair, y: Pair) -> Pair:
    """Divide within 15 u**2: the quotient, then that of the remainder (algorithm 17)."""
    hi = x[0] / y[0]
    p, e = two_prod(hi, y[0])
    return fast_two_sum(hi, (((x[0] - p) - e) + (x[1] - hi * y[1])) / y[0])


def pair_root(x: Pair) -> Pair:
    """Take the square root within 25/8 u**2 (Lefevre et al., ACM TOMS, 2023)."""
    hi = np.sqrt(x[0])
    p, e = two_prod(hi, hi)
    return fast_two_sum(hi, (((x[0] - p) - e) + x[1]) / (2.0 * hi + (hi == 0)))


def pair_horner(x: Pair, terms: Table, tail: tuple[float, ...]) -> Pair:
    """Evaluate a polynomial whose terms fall fast: the first as pairs, the tail in floats."""
    hi, lo = NOTHING, NOTHING
    for term in reversed(tail):
        hi = term + hi * x[0]
    halves = split_bits(x[0])
    for first, rest in reversed(terms):
        p = hi * x[0]
        low = lost_bits(p, split_bits(hi), halves)
        low += hi * x[1] + lo * x[0]
        low += rest
        hi, lo = fast_two_sum(np.asarray(first)[()], p)
        lo = lo + low
    return fast_two_sum(hi, lo)


dd_add = settled_of_two(pair_add, np.add)
dd_sub = settled_of_two(lambda x, y: pair_add(x, dd_neg(y)), np.subtract)
dd_mul = settled_of_two(pair_mul, np.multiply)
dd_div = settled_of_two(lambda x, y: guarded(pair_div(x, y), x), np.divide)
pair_sqrt = settled_of_one(lambda x: guarded(pair_root(x), x), np.sqrt)


def pair_cbrt(x: Pair) -> Pair:
    """Take the cube root: NumPy's, corrected by one step of Halley's iteration."""
    y = np.cbrt(x[0])
    square = two_prod(y, y)
    cube = pair_mul(square, (y, NOTHING))
    miss = pair_add(x, dd_neg(cube))
    step = y * ((miss[0] + miss[1]) / (2.0 * cube[0] + x[0]))
    return settled(guarded(fast_two_sum(y, step), x), np.cbrt, x[0])


def pair_hypot(x: Pair, y: Pair) -> Pair:
    """Take the root of x*x + y*y, scaled so that no square overflows."""
    _, power = np.frexp(np.maximum(np.abs(x[0]), np.abs(y[0])))
    a, b = pair_ldexp(x, -power), pair_ldexp(y, -power)
    root = pair_root(pair_add(pair_mul(a, a), pair_mul(b, b)))
    return settled(pair_ldexp(root, power), np.hypot, x[0], y[0])


def with_sign(x: Pair, like: Array) -> Pair:
    """Change the sign of a number where the other is negative."""
    return pair_scaled(x, np.copysign(1.0, like))


def pair_clipped(x: Pair, limit: float) -> Pair:
    """Limit a number where a function has long saturated."""
    hi = np.clip(x[0], -limit, limit)
    return hi, np.where(hi == x[0], x[1], 0.0)


def dd_less(x: Pair, y: Pair) -> Array:
    """Tell where x < y."""
    less: Array = (x[0] < y[0]) | ((x[0] == y[0]) & (x[1] < y[1]))
    return less


def dd_at_most(x: Pair, y: Pair) -> Array:
    """Tell where x <= y."""
    at_most: Array = (x[0] < y[0]) | ((x[0] == y[0]) & (x[1] <= y[1]))
    return at_most


def dd_equal(x: Pair, y: Pair) -> Array:
    """Tell where x == y."""
    equal: Array = (x[0] == y[0]) & (x[1] == y[1])
    return equal


def pair_abs(x: Pair) -> Pair:
    """Give the magnitude."""
    return with_sign(x, x[0])


def pair_sign(x: Pair) -> Pair:
    """Give the sign: -1, 0 or 1."""
    return np.sign(x[0]), NOTHING


def pair_heaviside(x: Pair, at_zero: Pair) -> Pair:
    """Give 0 below 0, 1 above it, and the second operand at it."""
    return np.heaviside(x[0], at_zero[0]), np.where(x[0] == 0, at_zero[1], 0.0)


def pair_max(x: Pair, y: Pair) -> Pair:
    """Give the larger of two numbers; NaN if one is NaN."""
    return dd_where(dd_less(x, y) | np.isnan(y[0]), y, x)


def pair_min(x: Pair, y: Pair) -> Pair:
    """Give the smaller of two numbers; NaN if one is NaN."""
    return dd_where(dd_less(y, x) | np.isnan(y[0]), y, x)


def dd_rowsum(rows: Pair) -> Pair:
    """Add up rows: halves are added until one row is left.

    Three floats carry each partial sum, so that no rounding of size u**2 is left out.
    """
    if not np.ndim(rows[0]):
        return rows
    a = np.array(rows[0])
    b, c = np.array(np.broadcast_to(rows[1], a.shape)), np.zeros(a.shape)
    while len(a) > 1:
        half = (len(a) + 1) // 2
        pairs = len(a) - half
        a[:pairs], t = two_sum(a[:pairs], a[half:])
        u, v = two_sum(b[:pairs], b[half:])
        b[:pairs], t = two_sum(u, t)
        v += t
        v += c[half:]
        c[:pairs] += v
        a, b, c = a[:half], b[:half], c[:half]
    hi, lo = two_sum(a[0], b[0])
    return settled(fast_two_sum(hi, lo + c[0]), np.sum, rows[0])
