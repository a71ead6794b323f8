"""The coefficients of the emitted erf and erfc, from mpmath: ``python tests/erf_coefficients.py`` prints them.

Both polynomials interpolate at Chebyshev points (Trefethen, Approximation Theory and Approximation Practice, 2013, chapter 4),
computed with 60 digits and rounded at the end.

``near`` is erf(x)/x - 1 as a polynomial in x*x for |x| <= 1. ``far`` is (1 + 2*x) * exp(x*x) * erfc(x) - 1 as a polynomial in
(x - 4)/(x + 4) for 1/2 <= x <= 28 (the product is nearly flat: Shepherd and Laframboise, Mathematics of Computation 36, 1981,
pages 249 to 253); erfc(28) is below half the smallest double.
"""

from collections.abc import Callable
from typing import Any

import mpmath

DIGITS = 60
NEAR_DEGREE, FAR_DEGREE = 12, 23
CENTRE, LARGEST = 4, 28

Function = Callable[[Any], Any]


def near(square: Any) -> Any:
    """erf(x)/x - 1 at x*x."""
    x = mpmath.sqrt(square)
    return (mpmath.erf(x) / x if x else 2 / mpmath.sqrt(mpmath.pi)) - 1


def far(t: Any) -> Any:
    """(1 + 2*x) * exp(x*x) * erfc(x) - 1 at the x with t = (x - 4)/(x + 4)."""
    x = CENTRE * (1 + t) / (1 - t)
    return (1 + 2 * x) * mpmath.exp(x * x) * mpmath.erfc(x) - 1


def moved(x: Any) -> Any:
    """The variable of ``far``."""
    return (mpmath.mpf(x) - CENTRE) / (mpmath.mpf(x) + CENTRE)


def interpolated(function: Function, low: Any, high: Any, degree: int) -> list[Any]:
    """Coefficients, highest power first, of the polynomial that takes a function's values at the Chebyshev points."""
    count = degree + 1
    nodes = [mpmath.cos(mpmath.pi * (2 * k + 1) / (2 * count)) for k in range(count)]
    points = [(low + high) / 2 + (high - low) / 2 * node for node in nodes]
    differences = [function(point) for point in points]
    for order in range(1, count):  # Newton's divided differences
        for k in range(count - 1, order - 1, -1):
            differences[k] = (differences[k] - differences[k - 1]) / (points[k] - points[k - order])
    result = [differences[-1]]
    for k in range(count - 2, -1, -1):
        shifted = [*result, mpmath.mpf(0)]
        result = [a - b for a, b in zip(shifted, [mpmath.mpf(0), *(c * points[k] for c in result)], strict=True)]
        result[-1] += differences[k]
    return result


def coefficients() -> dict[str, tuple[float, ...]]:
    """The polynomials ``near`` and ``far`` in doubles, highest power first."""
    with mpmath.workdps(DIGITS):
        polynomials = {
            "near": interpolated(near, mpmath.mpf(0), mpmath.mpf(1), NEAR_DEGREE),
            "far": interpolated(far, moved("0.5"), moved(LARGEST), FAR_DEGREE),
        }
        return {name: tuple(float(c) for c in polynomial) for name, polynomial in polynomials.items()}


if __name__ == "__main__":
    for name, values in coefficients().items():
        print(f"{name}:", *(f"    {value!r}," for value in values), sep="\n")
