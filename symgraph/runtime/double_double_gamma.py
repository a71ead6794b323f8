"""The logarithm of the gamma function, its slopes and what Stirling's formula lacks of it, over pairs of floats.

From 20 on by their asymptotic expansions, below by 20 steps of the recurrence, below 0 by reflection (NIST DLMF 5.5.1, 5.5.3,
5.11); near its zeros 1 and 2 the logarithm by its series there (DLMF 5.7.3).
"""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from math import comb
from typing import Any

import numpy as np

from symgraph.runtime.double_double import EXACT, NOTHING
from symgraph.runtime.double_double_angles import dd_sin, dd_tan
from symgraph.runtime.double_double_error_functions import PI
from symgraph.runtime.double_double_exponentials import dd_log, dd_log1p
from symgraph.runtime.double_double_lines import SeriesArithmetic
from symgraph.runtime.functions import polynomial, select
from symgraph.runtime.wide_pairs import dd_abs

_STEPS = _TERMS = 20

# what the lines below read: pairs, given to them by name
UNSET: Any = None
STIRLING = DIGAMMA = TRIGAMMA = NEAR_2 = HALF_LOG_2_PI_E = PI_PAIR = UNSET


def _bernoulli_numbers(count: int) -> Sequence[Fraction]:
    """Return B(2), B(4), ... by their recurrence."""
    found = [Fraction(1)]
    for m in range(1, 2 * count + 1):
        found.append(-sum((comb(m + 1, k) * one for k, one in enumerate(found)), Fraction(0)) / (m + 1))
    return found[2::2]


def _zeta_less_1(s: int) -> Decimal:
    """Compute zeta(s) - 1 for a whole s >= 2 by Euler and Maclaurin's formula (DLMF 25.2.8)."""
    n, growing = Decimal(_STEPS), Decimal(s)
    total = sum((Decimal(k) ** -s for k in range(2, _STEPS)), Decimal(0)) + n ** (1 - s) / (s - 1) + n**-s / 2
    factorial = Decimal(2)
    for j, number in enumerate(BERNOULLI, start=1):
        total += Decimal(number.numerator) / number.denominator * growing / factorial * n ** (1 - s - 2 * j)
        growing *= (s + 2 * j - 1) * (s + 2 * j)
        factorial *= (2 * j + 1) * (2 * j + 2)
    return total


def _1_less_euler() -> Decimal:
    """Compute 1 - gamma, Euler's constant, by the expansion of digamma."""
    n = Decimal(_STEPS)
    terms = (Decimal(one.numerator) / one.denominator / (2 * k) / n ** (2 * k) for k, one in enumerate(BERNOULLI, start=1))
    return n.ln() + 1 / (2 * n) - sum(terms, Decimal(0)) - sum((1 / Decimal(k) for k in range(2, _STEPS + 1)), Decimal(0))


BERNOULLI = _bernoulli_numbers(_TERMS)


def _near_2() -> Sequence[Fraction]:
    """Return the coefficients of log(gamma(2 + t))/t in powers of t (DLMF 5.7.3, with log(1 + t) added)."""
    with localcontext(EXACT):
        return [*map(Fraction, (_1_less_euler(), *(_zeta_less_1(k) * (-1) ** k / k for k in range(2, 40))))]


class GammaArithmetic(SeriesArithmetic):
    """Runs the lines below over pairs."""

    def __init__(self) -> None:
        super().__init__(
            {
                "np.abs": dd_abs, "np.log": dd_log, "np.log1p": dd_log1p, "np.sin": dd_sin, "np.tan": dd_tan,
                "np.rint": lambda x: (np.rint(x[0]), NOTHING),
            },
            {},
        )  # fmt: skip
        self.names.update(
            STIRLING=self.series([one / ((2 * n + 1) * (2 * n + 2)) for n, one in enumerate(BERNOULLI)]),
            DIGAMMA=self.series([one / (2 * n + 2) for n, one in enumerate(BERNOULLI)]),
            TRIGAMMA=self.series(BERNOULLI),
            NEAR_2=self.series(_near_2()),
            HALF_LOG_2_PI_E=self.series([(Fraction(EXACT.ln(EXACT.multiply(2, PI))) - 1) / 2])[0],
            PI_PAIR=self.series([Fraction(PI)])[0],
        )
        self.names.update(far_along=self.over(far_along))


def far_along(x: Any) -> tuple[Any, Any, Any]:
    """Give the argument of the expansion for x > 0, the first factor of the steps to it, and whether there are any."""
    below = x < 20.0
    return select(below, x + 20.0, x), select(below, x, 1.0), below


def rising_factorial(x: Any) -> Any:
    """Multiply x, x + 1, ..., x + 19."""
    whole = x
    for k in range(1, 20):
        whole = whole * (x + float(k))
    return whole


def sum_of_reciprocals(x: Any) -> Any:
    """Add up 1/x, 1/(x + 1), ..., 1/(x + 19)."""
    total = 1.0 / x
    for k in range(1, 20):
        total = total + 1.0 / (x + float(k))
    return total


def lgamma_lines(z: Any) -> Any:
    """Compute log(|gamma(z)|)."""
    x = select(z > 0.0, z, 1.0 - z)
    f, first, below = far_along(x)
    whole = rising_factorial(first)
    u = 1.0 / f
    base = (f - 0.5) * (np.log(f) - 1.0) + (HALF_LOG_2_PI_E + u * polynomial(STIRLING, u * u))
    base = base - np.log(select(below, whole, 1.0))
    near_1, near_2 = np.abs(x - 1.0) <= 0.25, np.abs(x - 2.0) <= 0.25
    t = select(near_1, x - 1.0, select(near_2, x - 2.0, 0.0))
    base = select(near_1 | near_2, t * polynomial(NEAR_2, t) - np.log1p(select(near_1, t, 0.0)), base)
    return select(z > 0.0, base, -np.log(np.abs(np.sin(PI_PAIR * (z - np.rint(z)))) / PI_PAIR) - base)


def digamma_lines(z: Any) -> Any:
    """Compute the slope of lgamma."""
    f, first, below = far_along(select(z > 0.0, z, 1.0 - z))
    steps = sum_of_reciprocals(first)
    u = 1.0 / f
    base = np.log(f) - u * (0.5 + u * polynomial(DIGAMMA, u * u)) - select(below, steps, 0.0)
    return select(z > 0.0, base, base - PI_PAIR / np.tan(PI_PAIR * (z - np.rint(z))))


def trigamma_lines(z: Any) -> Any:
    """Compute the slope of digamma."""
    f, first, below = far_along(select(z > 0.0, z, 1.0 - z))
    steps = (1.0 / first) * (1.0 / first)
    for k in range(1, 20):
        steps = steps + (1.0 / (first + float(k))) * (1.0 / (first + float(k)))
    u = 1.0 / f
    base = u + u * u * (0.5 + u * polynomial(TRIGAMMA, u * u)) + select(below, steps, 0.0)
    root = PI_PAIR / np.sin(PI_PAIR * (z - np.rint(z)))
    return select(z > 0.0, base, root * root - base)


def stirlerr_lines(z: Any) -> Any:
    """Compute what Stirling's formula lacks of log(gamma(z)), for z > 0."""
    f, first, below = far_along(z)
    whole = rising_factorial(first)
    u = 1.0 / f
    steps = (f - 0.5) * (np.log(f) - 1.0) - (z - 0.5) * (np.log(z) - 1.0) - np.log(whole)
    return u * polynomial(STIRLING, u * u) + select(below, steps, 0.0)


def stirlerr_slope_lines(z: Any) -> Any:
    """Compute the slope of stirlerr, for z > 0."""
    f, first, below = far_along(z)
    steps = sum_of_reciprocals(first)
    u = 1.0 / f
    steps = np.log(f) - 0.5 * u - steps - np.log(z) + 0.5 / z
    return select(below, steps, 0.0) - u * u * polynomial(DIGAMMA, u * u)


over_gamma = GammaArithmetic().of_any_size
dd_lgamma, dd_digamma, dd_trigamma = map(over_gamma, (lgamma_lines, digamma_lines, trigamma_lines))
dd_stirlerr, dd_stirlerr_slope = over_gamma(stirlerr_lines), over_gamma(stirlerr_slope_lines)
