"""Bessel functions of whole orders, where SciPy's lose digits by formulas of our own; all take float64 and give it.

J follows from its power series (NIST DLMF 10.2.2), where that is short, then from Miller's backward recurrence (3.6(iii)) and,
from 25 on, from Hankel's expansion (10.17(i)) by the recurrence of orders upward. Y and K are stable in it (10.6.1, 10.29.1)
from SciPy's functions of orders 0 and 1; I has its power series (10.25.2), else SciPy's, scaled so that it overflows last.
"""

import math
from typing import Any

import numpy as np

from symgraph.runtime.facts import Array
from symgraph.runtime.regions import by_region, number_if_one

BESSEL_FAR = 25.0
"""From here on Hankel's expansion has all digits with the terms that are taken."""

HANKEL_TERMS = 24
"""Terms of Hankel's expansion; the next one is below 2**-56 at ``BESSEL_FAR``."""

MILLER_MARGIN = 44
"""Orders above the argument, or the order wanted, at which Miller's recurrence starts: there J is below 2**-60 of its size."""

LARGEST_ORDER = 50
"""Order up to which the formulas here are used; beyond it SciPy's."""

LOG_2_LESS_EULER = 0.11593151565841245
"""K of order 0 is this less log(x) next to 0."""


def power_series(order: int, x: Array, sign: float) -> Array:
    """Sum the power series of J (sign -1) or I (sign 1) of an order at x >= 0, for x*x/4 up to order + 1."""
    half = 0.5 * number_if_one(x)
    square, total = sign * half * half, 1.0 + 0.0 * half
    for k in range(20, 0, -1):  # the largest ratio of terms is 1/k, so that the next term is below 2**-60
        total = 1.0 + total * square / (k * (k + order))
    result: Array = np.power(half, float(order)) / math.factorial(order) * total
    return result


def bessel_j_backward(order: int, x: Array) -> Array:
    """Compute J by recurrence from high orders down, scaled by the sum J(0) + 2*J(2) + 2*J(4) + ... = 1."""
    x = number_if_one(x)
    above, here = 0.0 * x, 1e-290 + 0.0 * x
    norm, found = above, here
    start = max(order, int(BESSEL_FAR)) + MILLER_MARGIN
    for k in range(start + start % 2, 0, -1):
        above, here = here, 2.0 * k / x * here - above
        if k % 2:
            norm = norm + (2.0 if k > 1 else 1.0) * here
        if k - 1 == order:
            found = here
    return found / norm


def bessel_i_backward(order: int, x: Array) -> Array:
    """Compute I by recurrence from high orders down, scaled by the sum I(0) + 2*I(1) + 2*I(2) + ... = exp(x)."""
    x = number_if_one(x)
    above, here = 0.0 * x, 1e-290 + 0.0 * x
    norm, found = above, here
    for k in range(int(math.hypot(order, math.sqrt(80.0 * min(short_of(order), 714.0)))) + 10, 0, -1):
        above, here = here, 2.0 * k / x * here + above
        norm = norm + (2.0 if k > 1 else 1.0) * here
        if k - 1 == order:
            found = here
    half = np.exp(0.5 * x)
    return found / norm * half * half


def short_of(order: int) -> float:
    """Give the number from which on SciPy's I of an order keeps its digits, by its expansion for large arguments."""
    return max(BESSEL_FAR, 0.5 * order * order)


def hankel(order: int, x: Array) -> tuple[Array, Array]:
    """Compute J and Y of order 0 or 1 from 25 on, by the sine and cosine of x itself, which round only once."""
    x = number_if_one(x)
    p, q, term = 1.0 + 0.0 * x, 0.0 * x, 1.0 + 0.0 * x
    for k in range(1, HANKEL_TERMS + 1):
        term = term * ((4.0 * order * order - (2 * k - 1) ** 2) / (8.0 * k)) / x
        if k % 2:
            q = q + (term if k % 4 == 1 else -term)
        else:
            p = p + (term if k % 4 == 0 else -term)
    sine, cosine = np.sin(x), np.cos(x)
    # of x - pi/4 or x - 3*pi/4, times sqrt(2)
    c, s = (cosine + sine, sine - cosine) if order == 0 else (sine - cosine, -sine - cosine)
    scale = np.sqrt(1.0 / np.pi) / np.sqrt(x)
    return scale * (p * c - q * s), scale * (p * s + q * c)


def upward(order: int, x: Array, first: Array, second: Array, sign: float) -> Array:
    """Go up from orders 0 and 1 by f(k + 1) = 2*k/x * f(k) + sign * f(k - 1); what has overflowed stays infinite."""
    if order == 0:
        return first
    for k in range(1, order):
        step = 2.0 * k / x * second
        first, second = second, np.where(np.isinf(step), step, step + sign * first)
    return second


def bessel_j(scipy: Any, order: int, x: Array) -> Array:
    """Compute J of an order at x >= 0."""
    if order > LARGEST_ORDER:
        return np.asarray(scipy.jv(order, x))
    near = [] if order > 1 else [((x > 1e-300) & (x < BESSEL_FAR), (scipy.j0, scipy.j1)[order])]
    return by_region(
        x,
        [
            *near,
            (0.25 * x * x <= 0.5 * (order + 1), lambda x: power_series(order, x, -1.0)),
            (x < max(BESSEL_FAR, order), lambda x: bessel_j_backward(order, x)),
            (np.isinf(x), np.zeros_like),
        ],
        lambda x: upward(order, x, hankel(0, x)[0], hankel(1, x)[0], -1.0),
    )


def bessel_y(scipy: Any, order: int, x: Array) -> Array:
    """Compute Y of an order at x > 0."""
    return by_region(
        x,
        [
            ((x > 0.0) & (x < 1e-300), lambda x: upward(order, x, scipy.y0(x), -2.0 / np.pi / x, -1.0)),
            (x < 1.5, lambda x: upward(order, x, scipy.y0(x), scipy.y1(x), -1.0)),
            (x < BESSEL_FAR, lambda x: upward(order, x, scipy.yv(0, x), scipy.yv(1, x), -1.0)),
            (np.isinf(x), np.zeros_like),
        ],
        lambda x: upward(order, x, hankel(0, x)[1], hankel(1, x)[1], -1.0),
    )


def bessel_i(scipy: Any, order: int, x: Array) -> Array:
    """Compute I of an order at x >= 0."""

    def scaled(x: Array) -> Array:
        half = np.exp(0.5 * x)
        return np.asarray(scipy.ive(order, x)) * half * half

    regions = [
        (0.25 * x * x <= order + 1, lambda x: power_series(order, x, 1.0)),
        ((x < short_of(order)) & (order <= LARGEST_ORDER), lambda x: bessel_i_backward(order, x)),
        (x > 1e6, lambda x: np.full_like(x, np.inf)),
    ]
    return by_region(x, regions, scaled)


def bessel_k(scipy: Any, order: int, x: Array) -> Array:
    """Compute K of an order at x > 0."""
    tiny, half = (x > 0.0) & (x < 2.0**-1000), np.exp(-0.5 * x)
    first = by_region(x, [(tiny, lambda x: LOG_2_LESS_EULER - np.log(x))], scipy.k0e)
    second = by_region(x, [(tiny, lambda x: 1.0 / x)], scipy.k1e)
    return upward(order, x, first, second, 1.0) * half * half


def of_whole_order(kind: str, scipy: Any, order: Any, x: Array) -> Array:
    """Compute J, Y, I or K, by its letter, of a whole order at any number; orders and numbers below 0 follow by parity."""
    n, even = int(order), kind in "ji"
    size = BESSEL_FUNCTIONS[kind](scipy, abs(n), np.abs(x) if even else x)
    # f(-n) is (-1)**n * f(n) for J and Y (NIST DLMF 10.4.1), and f(n) for I and K (10.27.1, 10.27.3)
    sign = -1.0 if n % 2 and n < 0 and kind in "jy" else 1.0
    return size * (np.where(x < 0.0, -sign, sign) if n % 2 and even else sign)


BESSEL_FUNCTIONS = {"j": bessel_j, "y": bessel_y, "i": bessel_i, "k": bessel_k}
"""The functions by the letters that they are known by."""
