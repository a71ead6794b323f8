"""Bessel functions of whole orders, where SciPy's lose digits by formulas of our own.

All take float64, arrays or single numbers as floats of Python, and give the same.

J follows from its power series (NIST DLMF 10.2.2), where that is short, then from Miller's backward recurrence (3.6(iii)) and,
from 25 on, from Hankel's expansion (10.17(i)) by the recurrence of orders upward. Y and K are stable in it (10.6.1, 10.29.1)
from SciPy's functions of orders 0 and 1; I has its power series (10.25.2), else SciPy's, scaled so that it overflows last.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from symgraph.runtime.facts import Array
from symgraph.runtime.regions import by_region, chosen_of, number_if_one

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
    odd, even = 0.0 * x, 1e-290 + 0.0 * x
    norm, found = odd, even
    start = max(order, int(BESSEL_FAR)) + MILLER_MARGIN
    for k in range(start + start % 2, 0, -2):
        odd = 2.0 * k / x * even - odd  # of order k - 1
        even = 2.0 * (k - 1) / x * odd - even  # of order k - 2
        norm = norm + (2.0 if k > 2 else 1.0) * even
        if k - 2 <= order < k:
            found = even if k - 2 == order else odd
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


HANKEL = tuple([(4.0 * order * order - (2 * k - 1) ** 2) / (8.0 * k) for k in range(1, HANKEL_TERMS + 1)] for order in (0, 1))
"""Ratios of the terms of Hankel's expansion, times x, of orders 0 and 1."""


def hankel(kind: str, order: int, x: Array) -> Array:
    """Compute J or Y of order 0 or 1 from 25 on, by the sine and cosine of x itself, which round only once."""
    x = number_if_one(x)
    p, q, term = 1.0 + 0.0 * x, 0.0 * x, 1.0 + 0.0 * x
    for k, ratio in enumerate(HANKEL[order], 1):
        term = term * ratio / x
        if k % 2:
            q = q + (term if k % 4 == 1 else -term)
        else:
            p = p + (term if k % 4 == 0 else -term)
        if isinstance(x, float) and abs(term) < 2.0**-56 * abs(q):
            break  # what follows is smaller and changes neither sum
    sine, cosine = np.sin(x), np.cos(x)
    # of x - pi/4 or x - 3*pi/4, times sqrt(2)
    c, s = (cosine + sine, sine - cosine) if order == 0 else (sine - cosine, -sine - cosine)
    scale = np.sqrt(1.0 / np.pi) / np.sqrt(x)
    result: Array = scale * (p * c - q * s) if kind == "j" else scale * (p * s + q * c)
    return result


def upward(order: int, x: Array, of_order: Callable[[int], Array], sign: float) -> Array:
    """Go up from orders 0 and 1 by f(k + 1) = 2*k/x * f(k) + sign * f(k - 1); what has overflowed stays infinite."""
    if order < 2:
        return of_order(order)
    first, second, x = of_order(0), of_order(1), x + np.float64(0.0)  # whose quotient by 0 is infinite
    for k in range(1, order):
        step = 2.0 * k / x * second
        first, second = second, chosen_of(abs(step) == np.inf, step, step + sign * first)
    return second


def bessel_j(scipy: Any, order: int, x: Array) -> Array:
    """Compute J of an order at x >= 0."""
    if order > LARGEST_ORDER:
        return by_region(x, [], lambda x: scipy.jv(order, x))
    near = [] if order > 1 else [((x > 1e-300) & (x < BESSEL_FAR), (scipy.j0, scipy.j1)[order])]
    return by_region(
        x,
        [
            *near,
            (0.25 * x * x <= 0.5 * (order + 1), lambda x: power_series(order, x, -1.0)),
            (x < max(BESSEL_FAR, order), lambda x: bessel_j_backward(order, x)),
            (x == np.inf, lambda x: 0.0 / x),
        ],
        lambda x: upward(order, x, lambda order: hankel("j", order, x), -1.0),
    )


def bessel_y(scipy: Any, order: int, x: Array) -> Array:
    """Compute Y of an order at x > 0."""

    def by_scipy(x: Array) -> Array:
        return upward(order, x, lambda order: (scipy.y0, scipy.y1)[order](x), -1.0)

    return by_region(
        x,
        [
            ((x > 0.0) & (x < 1e-300), lambda x: upward(order, x, lambda one: -2.0 / np.pi / x if one else scipy.y0(x), -1.0)),
            (x < 1.5, by_scipy),
            (x < BESSEL_FAR, lambda x: upward(order, x, lambda order: scipy.yv(order, x), -1.0)),
            (x == np.inf, lambda x: 0.0 / x),
        ],
        lambda x: upward(order, x, lambda order: hankel("y", order, x), -1.0),
    )


def bessel_i(scipy: Any, order: int, x: Array) -> Array:
    """Compute I of an order at x >= 0."""

    def scaled(x: Array) -> Any:
        half = np.exp(0.5 * x)
        return scipy.ive(order, x) * half * half

    regions = [
        (0.25 * x * x <= order + 1, lambda x: power_series(order, x, 1.0)),
        ((x < short_of(order)) & (order <= LARGEST_ORDER), lambda x: bessel_i_backward(order, x)),
        (x > 1e6, lambda x: x * np.inf),
    ]
    return by_region(x, regions, scaled)


def bessel_k(scipy: Any, order: int, x: Array) -> Array:
    """Compute K of an order at x > 0."""
    tiny, half = (x > 0.0) & (x < 2.0**-1000), np.exp(-0.5 * x)

    def scaled(order: int) -> Array:
        if order:
            return by_region(x, [(tiny, lambda x: 1.0 / x)], scipy.k1e)
        return by_region(x, [(tiny, lambda x: LOG_2_LESS_EULER - np.log(x))], scipy.k0e)

    return upward(order, x, scaled, 1.0) * half * half


def of_whole_order(kind: str, scipy: Any, order: Any, x: Array) -> Array:
    """Compute J, Y, I or K, by its letter, of a whole order at any number; orders and numbers below 0 follow by parity."""
    n, even = int(order), kind in "ji"
    size = BESSEL_FUNCTIONS[kind](scipy, abs(n), abs(x) if even else x)
    # f(-n) is (-1)**n * f(n) for J and Y (NIST DLMF 10.4.1), and f(n) for I and K (10.27.1, 10.27.3)
    sign = -1.0 if n % 2 and n < 0 and kind in "jy" else 1.0
    return size * (chosen_of(x < 0.0, -sign, sign) if n % 2 and even else sign)


BESSEL_FUNCTIONS = {"j": bessel_j, "y": bessel_y, "i": bessel_i, "k": bessel_k}
"""The functions by the letters that they are known by."""
