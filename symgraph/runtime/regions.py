"""Special functions by region: SciPy's where they keep their digits, other formulas where they lose them.

All take float64, arrays or single numbers as floats of Python, and give the same; the argument ``scipy`` is ``scipy.special``.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symgraph.runtime.facts import Array
from symgraph.runtime.functions import gauss, polynomial

# 1 + W in powers of p = sqrt(2*(e*x + 1)), without the constant 0 (Corless and others, On the Lambert W function, 1996, 4.22)
LAMBERTW_NEAR = (
    -2.63380647472311e-05,
    3.907668486743905e-05,
    -5.811360750441382e-05,
    8.665035805208128e-05,
    -0.00012957426685274883,
    0.00019438727605453933,
    -0.00029267722472962746,
    0.0004424730618146209,
    -0.0006720616311561362,
    0.0010262633205076071,
    -0.0015769303446867841,
    0.0024408779911439826,
    -0.0038112980348919993,
    0.006014543252956118,
    -0.009616892024299432,
    0.01563563253233392,
    -0.02598471487360376,
    0.044502314814814814,
    -0.07962962962962963,
    0.1527777777777778,
    -0.3333333333333333,
    1.0,
)
BRANCH_POINT = (
    -0.36787944117144233,
    1.2428753672788363e-17,
)
"""The double -1/e, and what it lacks."""

FADDEEVA_NEAR, FADDEEVA_FAR = 1.7, 28.0
"""Moduli between which the slope of Faddeeva's function follows from a sum, and from which on from its continued fraction."""

FADDEEVA_TERMS = 20
"""Terms of that continued fraction: the rest is below 2**-53 of the slope there."""


def by_region(x: Any, regions: Sequence[tuple[Any, Callable[[Any], Any]]], other: Callable[[Any], Any]) -> Array:
    """Compute a function by the first formula whose condition holds at a number, else by the last one; NaN stays NaN."""
    if isinstance(x, float) or x.size == 1:
        formula = next((formula for condition, formula in regions if condition), other)
        found: Array = formula(x if isinstance(x, float) else np.reshape(x, 1)) if x == x else x * np.nan
        return found if isinstance(x, float) else np.reshape(found, x.shape)
    free, conditions = ~np.isnan(x), []
    for condition, _ in regions:
        conditions.append(free & condition)
        free = free & ~condition
    result: Array = np.piecewise(x, [*conditions, free], [*(formula for _, formula in regions), other, lambda x: x * np.nan])
    return result


def number_if_one(x: Any) -> Any:
    """Give a single number as a float of Python, whose sums and products have the same bits in a tenth of the time."""
    return x if isinstance(x, float) else x.item() if x.size == 1 else x


def chosen_of(condition: Any, chosen: Any, other: Any) -> Any:
    """Take chosen where the condition holds, else the other; of numbers without an array."""
    return np.where(condition, chosen, other) if np.ndim(condition) else chosen if condition else other


def gamma_function(scipy: Any, x: Array) -> Array:
    """Compute the gamma function, where SciPy's overflows or vanishes too soon from its values nearby (NIST DLMF 5.5.1)."""

    def below(x: Array) -> Array:
        value = scipy.gamma(x + 16.0)
        for k in range(15, -1, -1):
            value = value / (x + k)
        return np.asarray(value)

    return by_region(x, [(x > 171.5, lambda x: (x - 1.0) * scipy.gamma(x - 1.0)), (x < -168.0, below)], scipy.gamma)


def erfcinv(scipy: Any, x: Array) -> Array:
    """Compute the inverse of erfc; SciPy's halves its operand, which rounds a subnormal number."""
    tiny = 2.0**-1000
    root = np.sqrt(0.5)
    return by_region(x, [((x > 0.0) & (x < tiny), lambda x: -root * scipy.ndtri_exp(np.log(x) - np.log(2.0)))], scipy.erfcinv)


def exponential_integral(scipy: Any, x: Array) -> Array:
    """Compute the exponential integral; from 40 on by its expansion (NIST DLMF 6.12.2), which overflows last."""

    def far(x: Array) -> Array:
        total: Any = 1.0
        half = np.exp(0.5 * x)
        for k in range(40, 0, -1):
            total = 1.0 + k / x * total
        result: Array = total / x * half * half
        return result

    return by_region(x, [(x >= 40.0, far)], scipy.expi)


def dawson(scipy: Any, x: Array) -> Array:
    """Compute Dawson's integral, near 0 by its series and from 8 on by its expansion (NIST DLMF 7.6.3, 7.12.1)."""

    def near(x: Array) -> Array:
        total: Any = 1.0
        square = -2.0 * x * x
        for k in range(14, 0, -1):
            total = 1.0 + square / (2 * k + 1) * total
        result: Array = x * total
        return result

    def far(x: Array) -> Array:
        total: Any = 1.0
        ratio = 0.5 / x / x
        for k in range(22, 0, -1):
            total = 1.0 + (2 * k - 1) * ratio * total
        result: Array = 0.5 / x * total
        return result

    return by_region(x, [(np.abs(x) < 0.5, near), (np.abs(x) >= 8.0, far)], scipy.dawsn)


def lambertw1p(scipy: Any, x: Array) -> Array:
    """Compute 1 + W of Lambert's function, which is 0 at -1/e, from there to -0.35 by its series."""

    def near(x: Array) -> Array:
        p = np.sqrt(2.0 * np.e * ((x - BRANCH_POINT[0]) - BRANCH_POINT[1]))
        return p * polynomial(LAMBERTW_NEAR, p)

    def away(x: Array) -> Array:
        value = np.asarray(scipy.lambertw(x))
        return np.where(value.imag == 0.0, 1.0 + value.real, np.nan)

    return by_region(x, [((x > BRANCH_POINT[0]) & (x < -0.35), near), (x == np.inf, lambda x: x)], away)


def lambertw(scipy: Any, x: Array) -> Array:
    """Compute Lambert's function W."""

    def away(x: Array) -> Array:
        value = np.asarray(scipy.lambertw(x))
        return np.where(value.imag == 0.0, value.real, np.nan)

    return by_region(x, [(x < -0.35, lambda x: lambertw1p(scipy, x) - 1.0), (x == np.inf, lambda x: x)], away)


def wrightomega(scipy: Any, x: Array) -> Array:
    """Compute W(exp(x)), below 0 as it stands there, where SciPy's loses some ulp."""
    return by_region(x, [(x < 0.0, lambda x: lambertw(scipy, np.exp(x)))], scipy.wrightomega)


def faddeeva(x: Array, y: Array) -> Array:
    """Compute Faddeeva's function w at x + i*y, complex."""
    scale = 1j / np.sqrt(np.pi)
    regions = [(FADDEEVA_FAR, faddeeva_by_sum)]
    return faddeeva_by_size(x, y, regions, lambda z: scale / (z - faddeeva_rest(z)), lambda z: 2.0, -1.0)


def faddeeva_slope(x: Array, y: Array) -> Array:
    """Compute w'(z) = 2*i/sqrt(pi) - 2*z*w(z), whose terms cancel away from 0, there by the formulas below."""
    scale = 2j / np.sqrt(np.pi)
    regions = [
        (FADDEEVA_NEAR, lambda z: scale - 2.0 * z * faddeeva_by_sum(z)),
        (FADDEEVA_FAR, lambda z: faddeeva_by_sum(z, 1)),
    ]
    return faddeeva_by_size(x, y, regions, lambda z: -scale * (rest := faddeeva_rest(z)) / (z - rest), lambda z: -4.0 * z, 1.0)


def faddeeva_bend(x: Array, y: Array) -> Array:
    """Compute w''(z) = -2*w(z) - 2*z*w'(z), whose terms cancel away from 0, there by the formulas below."""
    scale = 2j / np.sqrt(np.pi)

    def near(z: Array) -> Any:
        value: Any = faddeeva_by_sum(z)
        return -2.0 * value - 2.0 * z * (scale - 2.0 * z * value)

    def far(z: Array) -> Any:
        rest: Any = faddeeva_rest(z, 2)
        return scale * rest / (z - rest) / (z - 0.5 / (z - rest))

    # up to 2.1 the pole's share and the nodes next to it cancel more
    regions = [(2.1, near), (FADDEEVA_FAR, lambda z: faddeeva_by_sum(z, 2))]
    return faddeeva_by_size(x, y, regions, far, lambda z: 8.0 * z * z - 4.0, -1.0)


def faddeeva_by_size(
    x: Array,
    y: Array,
    regions: Sequence[tuple[float, Callable[[Any], Any]]],
    far: Callable[[Any], Any],
    share: Callable[[Any], Any],
    sign: float,
) -> Array:
    """Compute w or a derivative by the first formula whose radius is above ``abs(z)``, else by the one for numbers far from 0.

    All hold for y >= 0; below, w(z) = 2*exp(-z*z) - w(-z) (NIST DLMF 7.4.3), and a derivative is a share of the exponential
    and, with a sign, itself at -z.
    """
    z = np.atleast_1d(np.asarray(x) + 1j * np.asarray(y))  # a number alone would be multiplied with other rounding
    below = z.imag < 0.0
    upper = np.where(below, -z, z)
    found = by_region(upper, [(np.abs(upper) < radius, formula) for radius, formula in regions], far)
    result = np.where(below, share(z) * np.exp(-z * z) + sign * found, found) if below.any() else found
    return np.reshape(result, np.broadcast_shapes(np.shape(x), np.shape(y)))


def faddeeva_rest(z: Array, head: int = 1) -> Array:
    """Compute the rest of the continued fraction w(z) = i/sqrt(pi)/(z - 1/2/(z - 1/(z - ...))), from 1/2 or another head on.

    Its numerators are 1/2, 1, 3/2 and so on (NIST DLMF 7.9.4); the head, a number of them, is the first of the rest.
    """
    rest: Array = FADDEEVA_TERMS / 2 / z
    for term in range(FADDEEVA_TERMS - 1, head - 1, -1):
        rest = term / 2 / (z - rest)
    return rest


def faddeeva_by_sum(z: Array, order: int = 0) -> Array:
    """Compute w, w' or w'' by the trapezoidal rule, with the pole's share (Matta, Reichel, Math. Comp. 25, 1971).

    The nodes are the multiples of h = 1/2 or the numbers midway, whichever keep away from x; 2*exp(-z*z)/(1 - q) with q =
    exp(-2*pi*i*z/h), or 1 + q for numbers midway, is the pole's share of w where y < pi/h.
    """
    h = 0.5
    place = z.real / h
    midway = np.where(np.abs(place - np.rint(place)) < 0.25, 0.5, 0.0)
    # nodes in pairs, so that what is odd in x stays so; next to 0 z + node would round
    inner, square = np.abs(z.real) < 0.25 * h, z * z
    nodes = (np.arange(15.0)[:, np.newaxis] + midway) * h

    def pair(node: Array) -> Any:
        inverse = 1.0 / np.where(inner, square - node * node, (z - node) * (z + node))
        term = np.where(node > 0.0, np.exp(-node * node), 0.0) * inverse
        if order == 0:
            return term * z
        if order == 1:  # with the opposite sign, as below
            return term * inverse * (square + node * node)
        return 2.0 * term * inverse * inverse * z * (square + 3.0 * node * node)

    alone = np.where(midway > 0.0, 0.0, 0.5 / z)
    total: Any = alone if order == 0 else alone / z if order == 1 else 2.0 * alone / square
    for part in pair(nodes) if z.size == 1 else map(pair, nodes):
        total = total + part
    # by 1/q, which underflows where q would overflow
    small = np.where(midway > 0.0, -1.0, 1.0) * np.exp(2j * np.pi * z / h)
    share = np.where(
        z.imag < np.pi / h, 2.0 * gauss(z.real) * np.exp(z.imag**2 - 2j * z.real * z.imag) * small / (small - 1.0), 0.0
    )
    turn, found = 2j * np.pi / h, 2j * h / np.pi * total
    if order == 0:
        found = found + share
    else:
        growth = 2.0 * z + turn / (small - 1.0)
        change = turn * turn * small / (small - 1.0) / (small - 1.0) - 2.0
        found = -found - share * growth if order == 1 else found + share * (growth * growth + change)
    result: Array = found
    return result


def polygamma(scipy: Any, order: float, x: Array) -> Array:
    """Compute a derivative of digamma of whole order; below 0 by slopes of the cotangent (NIST DLMF 5.15.6)."""
    whole, cotangent = int(np.max(order)), np.polynomial.Polynomial([0.0, 1.0])
    for _ in range(whole):
        cotangent = -cotangent.deriv() * np.polynomial.Polynomial([1.0, 0.0, 1.0])
    right: Array = scipy.polygamma(whole, np.where(x > 0.0, x, 1.0 - x))
    r = x - np.rint(x)
    near = np.abs(r) < 0.25  # elsewhere by the tangent of the complement, which keeps its digits near 1/2
    tangent = np.tan(np.pi * np.where(near, r, np.copysign(0.5, r) - r))
    # a finite number next to a pole, so that Horner's rule has no inf * 0
    turned = cotangent(np.where(near, np.clip(1.0 / tangent, -1e300, 1e300), tangent))
    return np.where(x > 0.0, right, (-1.0) ** whole * right - np.pi ** (whole + 1.0) * turned)
