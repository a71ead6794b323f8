"""Error functions of pairs."""

from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext
from math import factorial
from typing import NamedTuple

import numpy as np

from symgraph.runtime.double_double import (
    EXACT,
    NOTHING,
    Pair,
    Table,
    dd_neg,
    dd_where,
    pair_add,
    pair_add_float,
    pair_clipped,
    pair_div,
    pair_horner,
    pair_mul,
    pair_of,
    pair_scaled,
    rounded_parts,
    series_of,
    settled,
    settled_of_one,
    two_prod,
    with_sign,
)
from symgraph.runtime.double_double_angles import PI_BITS
from symgraph.runtime.double_double_exponentials import pair_exp, pair_expm1, wide_exp
from symgraph.runtime.facts import Array
from symgraph.runtime.wide_pairs import (
    NO_POWER,
    OfAnySize,
    Wide,
    beyond_pairs,
    narrow,
    wide_abs,
    wide_div,
    wide_mul,
    wide_neg,
    wide_where,
)

PI = EXACT.divide(PI_BITS, 1 << 1300)
ERF_SCALE = EXACT.divide(2, EXACT.sqrt(PI))
ERF_TERMS, ERF_TAIL = series_of(
    [EXACT.divide(EXACT.multiply((-1) ** n, ERF_SCALE), factorial(n) * (2 * n + 1)) for n in range(22)], 12
)


class Trapezoids(NamedTuple):
    """The trapezoidal rule with step h for an integral, and the residue at its pole (Chiarella and Reichel, 1968).

    Attributes:
        terms: place (n*h)**2 and weight of each term, weight / (x*x + place), the last first.
        tail: the same of terms beyond, which are so small that floats do.
        scale: 2*h/pi, which multiplies their sum, besides x.
        pole: 2*pi/h; the residue is 2 / (exp(x * pole) - 1).
    """

    terms: Sequence[tuple[Pair, Pair]]
    tail: Table
    scale: Pair
    pole: Pair

    def added(self, first: Pair, square: Pair) -> Pair:
        """Add the terms at x*x to a first one."""
        tail = NOTHING
        for place, weight in self.tail:
            tail = tail + weight / (square[0] + place)
        total = pair_add_float(first, tail)
        for offset, factor in self.terms:
            total = pair_add(total, pair_div(factor, pair_add(square, offset)))
        return total


def trapezoids(step: str, pairs: int, floats: int, weight: Callable[[Decimal], Decimal]) -> Trapezoids:
    """Compute the rule with some step, so many of its terms as pairs and as many more as floats."""
    with localcontext(EXACT):
        h = Decimal(step)
        places = [(n * h) ** 2 for n in range(pairs + floats, 0, -1)]
        tail = tuple((float(place), float(weight(place))) for place in places[:floats])
        terms = [(place, weight(place)) for place in places[floats:]]
        scale, pole = (pair_of(*rounded_parts(number)) for number in (2 * h / PI, 2 * PI / h))
    rounded = [(pair_of(*rounded_parts(place)), pair_of(*rounded_parts(factor))) for place, factor in terms]
    return Trapezoids(rounded, tail, scale, pole)


ERFC = trapezoids("0.36", 16, 8, lambda place: (-place).exp())
IERFC = trapezoids("0.34", 20, 6, lambda place: place * (-place).exp())


def pair_gauss(x: Pair) -> Pair:
    """Compute exp(-x*x), the square's low part as a factor of its own."""
    hi, lo = two_prod(x[0], x[0])
    rest = pair_add(pair_add_float(two_prod(2.0 * x[0], x[1]), x[1] * x[1]), (lo, NOTHING))
    e = pair_exp((-hi, NOTHING))
    return pair_add(e, pair_mul(e, pair_add(dd_neg(rest), (0.5 * rest[0] * rest[0], NOTHING))))


def pair_erf_near(x: Pair) -> Pair:
    """Compute the error function by Taylor's series, for |x| <= 1/2."""
    x = pair_clipped(x, 0.5)
    return pair_mul(x, pair_horner(pair_mul(x, x), ERF_TERMS, ERF_TAIL))


def pair_erfc_far(x: Pair) -> Pair:
    """Compute the complementary error function for x >= 1/2.

    The trapezoidal rule with step 0.36 for its integral, and the residue at the pole; what is left out is below 2**-105 of
    the sum.
    """
    x = dd_where(x[0] < 0.5, pair_of(0.5), pair_clipped(x, 30.0))
    total = pair_mul(erfc_sum(x), pair_gauss(x))
    residue = pair_div(pair_of(2.0), pair_expm1(pair_mul(x, ERFC.pole)))
    inside = np.where(x[0] < 8.7, 1.0, 0.0)
    return pair_add(total, pair_scaled(residue, -inside))


def erfc_sum(x: Pair) -> Pair:
    """Compute the sum of that rule without the factor exp(-x*x)."""
    square = pair_mul(x, x)
    return pair_mul(ERFC.added(pair_div(pair_of(0.5), square), square), pair_mul(x, ERFC.scale))


def erfc_parts(x: Pair) -> tuple[Array, Pair, Pair]:
    """Tell where |x| <= 1/2; give the error function there, and the complementary one of |x| beyond."""
    near = np.abs(x[0]) <= 0.5
    return near, pair_erf_near(x), pair_erfc_far(with_sign(x, x[0]))


def pair_erf(x: Pair) -> Pair:
    """Compute the error function."""
    near, inner, outer = erfc_parts(x)
    result = dd_where(near, inner, with_sign(pair_add_float(dd_neg(outer), 1.0), x[0]))
    return settled(result, lambda hi: np.clip(hi, -1.0, 1.0), x[0])


def pair_erfc(x: Pair) -> Pair:
    """Compute the complementary error function; 2 minus that of -x where x is negative."""
    near, inner, outer = erfc_parts(x)
    outer = dd_where(x[0] < 0, pair_add_float(dd_neg(outer), 2.0), outer)
    result = dd_where(near, pair_add_float(dd_neg(inner), 1.0), outer)
    return settled(result, lambda hi: 1.0 - np.clip(hi, -1.0, 1.0), x[0])


def far_out(x: Pair, pole: Pair, limit: float) -> tuple[Pair, Pair, Pair]:
    """Give x between 1/2 and 2**100, that over x, and exp(x*x) * residue, 0 beyond the limit."""
    inside = dd_where(x[0] < 0.5, pair_of(0.5), pair_clipped(x, 2.0**100))
    beyond = dd_where(x[0] > 2.0**100, pair_div(inside, x), pair_of(1.0))
    y = pair_clipped(inside, limit)
    residue = pair_div(pair_of(2.0), pair_mul(pair_expm1(pair_mul(y, pole)), pair_gauss(y)))
    return inside, beyond, pair_scaled(residue, np.where(x[0] < limit, 1.0, 0.0))


def pair_erfcx(x: Pair) -> Pair:
    """Compute exp(x*x) * erfc(x), not settled."""
    inside, beyond, residue = far_out(with_sign(x, x[0]), ERFC.pole, 8.7)
    far = pair_mul(pair_add(erfc_sum(inside), dd_neg(residue)), beyond)
    growth = pair_div(pair_of(1.0), pair_gauss(pair_clipped(x, 26.7)))
    near = pair_mul(pair_add_float(dd_neg(pair_erf_near(x)), 1.0), growth)
    left = pair_add(pair_scaled(growth, 2.0), dd_neg(far))
    return dd_where(np.abs(x[0]) <= 0.5, near, dd_where(x[0] < 0, left, far))


def settled_erfcx(x: Pair) -> Pair:
    """Compute exp(x*x) * erfc(x)."""

    def plain(hi: Array) -> Array:
        grown = 2.0 * np.exp(hi * hi)
        return np.where(hi > 1.0, 0.5641895835477563 / hi, grown)

    return settled(pair_erfcx(x), plain, x[0])


def pair_ierfcx_far(x: Pair) -> Pair:
    """Compute exp(x*x) * ierfc(x) = 1/sqrt(pi) - x * exp(x*x) * erfc(x) for x >= 1/2.

    By the same rule, step 0.34: all terms of its integral are positive.
    """
    inside, beyond, residue = far_out(x, IERFC.pole, 9.2)
    square = pair_mul(inside, inside)
    total = IERFC.added((NOTHING, NOTHING), square)
    total = pair_add(pair_mul(total, IERFC.scale), pair_mul(inside, residue))
    return pair_mul(pair_mul(total, beyond), beyond)


def settled_ierfcx(x: Pair) -> Pair:
    """Compute exp(x*x) times the integral of erfc from x on."""

    def plain(hi: Array) -> Array:
        grown = -2.0 * hi * np.exp(hi * hi)
        return np.where(hi > 1.0, 0.2820947917738782 / hi / hi, grown)

    root = pair_scaled(pair_of(*ERF_TERMS[0]), 0.5)  # 1/sqrt(pi)
    left = pair_add(root, dd_neg(pair_mul(x, pair_erfcx(x))))
    return settled(dd_where(x[0] <= 0.5, left, pair_ierfcx_far(x)), plain, x[0])


def wide_gauss(x: Wide) -> Wide:
    """Compute exp(-x*x)."""
    return wide_exp(wide_neg(wide_mul(x, x)))


def wide_erf(x: Wide) -> Wide:
    """Compute the error function: 2/sqrt(pi) * x where that is very small."""
    slope = (*pair_of(*ERF_TERMS[0]), NO_POWER)
    return wide_where(beyond_pairs(x)[0], wide_mul(x, slope), (*pair_erf(narrow(x)), NO_POWER))


def wide_erfc(x: Wide) -> Wide:
    """Compute the complementary error function as exp(-x*x) * erfcx(x) where x is above 20."""
    far = wide_mul(wide_gauss(x), wide_erfcx(wide_abs(x)))
    return wide_where(narrow(x)[0] > 20.0, far, (*pair_erfc(narrow(x)), NO_POWER))


def wide_erfcx(x: Wide) -> Wide:
    """Compute exp(x*x) * erfc(x): 1/(sqrt(pi)*x) where x is very large, 2*exp(x*x) below -20."""
    root = (*pair_scaled(pair_of(*ERF_TERMS[0]), 0.5), NO_POWER)
    found = wide_where(beyond_pairs(x)[1], wide_div(root, x), (*settled_erfcx(narrow(x)), NO_POWER))
    hi, lo, power = wide_exp(wide_mul(x, x))
    return wide_where(narrow(x)[0] < -20.0, (hi, lo, power + 1), found)


def wide_ierfcx(x: Wide) -> Wide:
    """Compute exp(x*x) times the integral of erfc from x on.

    It is 1/(2*sqrt(pi)*x*x) where x is very large, and -2*x*exp(x*x) below -20.
    """
    root = (*pair_scaled(pair_of(*ERF_TERMS[0]), 0.25), NO_POWER)
    found = wide_where(np.abs(narrow(x)[0]) > 1e100, wide_div(wide_div(root, x), x), (*settled_ierfcx(narrow(x)), NO_POWER))
    hi, lo, power = wide_mul(wide_neg(x), wide_exp(wide_mul(x, x)))
    return wide_where(narrow(x)[0] < -20.0, (hi, lo, power + 1), found)


dd_gauss = OfAnySize(settled_of_one(lambda x: pair_gauss(pair_clipped(x, 30.0)), lambda hi: np.exp(-hi * hi)), wide_gauss)
dd_erf = OfAnySize(pair_erf, wide_erf)
dd_erfc = OfAnySize(pair_erfc, wide_erfc)
dd_erfcx = OfAnySize(settled_erfcx, wide_erfcx)
dd_ierfcx = OfAnySize(settled_ierfcx, wide_ierfcx)
