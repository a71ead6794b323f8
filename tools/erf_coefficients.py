"""The coefficients of the emitted error functions, from mpmath: ``python tools/erf_coefficients.py`` prints them.

The polynomials interpolate at Chebyshev points (Trefethen, Approximation Theory and Approximation Practice, 2013, chapter 4),
computed with 60 digits and rounded at the end.

``near`` is erf(x)/x - 1 as a polynomial in x*x for |x| <= 1. ``far`` is (1 + x) * exp(x*x) * erfc(x) - 1 and ``integral`` is
sqrt(pi) * (1 + x)**2 * exp(x*x) * ierfc(x) - 1, ierfc(x) the integral of erfc from x on, both as polynomials in
(x - 3)/(x + 3) for all x >= 0: the products are nearly flat, and tend to numbers at infinity (Shepherd and Laframboise,
Mathematics of Computation 36, 1981, pages 249 to 253, have 1 + 2*x; with 1 + x the second product is flat at 0 as well).
"""

from collections.abc import Callable
from typing import Any

import mpmath

DIGITS = 60
DEGREES = {"near": 12, "far": 26, "integral": 26}
CENTRE = 3
_SERIES = 30
"""From here on the asymptotic series have 60 digits and more: the least term of each is exp(-900) of the sum."""

Function = Callable[[Any], Any]


def near(square: Any) -> Any:
    """erf(x)/x - 1 at x*x."""
    x = mpmath.sqrt(square)
    return (mpmath.erf(x) / x if x else 2 / mpmath.sqrt(mpmath.pi)) - 1


def far(t: Any) -> Any:
    """(1 + x) * exp(x*x) * erfc(x) - 1 at the x with t = (x - 3)/(x + 3)."""
    if t == 1:
        return 1 / mpmath.sqrt(mpmath.pi) - 1
    x = place(t)
    if x > _SERIES:
        return (1 + 1 / x) * series(x, 0) / mpmath.sqrt(mpmath.pi) - 1
    return (1 + x) * mpmath.exp(x * x) * mpmath.erfc(x) - 1


def integral(t: Any) -> Any:
    """sqrt(pi) * (1 + x)**2 * exp(x*x) * ierfc(x) - 1 at the x with t = (x - 3)/(x + 3)."""
    if t == 1:
        return mpmath.mpf(-1) / 2
    x = place(t)
    if x > _SERIES:
        return -((1 + x) ** 2) * series(x, 1) - 1
    return (1 + x) ** 2 * (1 - mpmath.sqrt(mpmath.pi) * x * mpmath.exp(x * x) * mpmath.erfc(x)) - 1


def series(x: Any, start: int) -> Any:
    """The terms from one on of sqrt(pi) * x * exp(x*x) * erfc(x) at large x (NIST DLMF 7.12.1)."""
    total = mpmath.mpf(0)
    for n in range(start, 60):
        total += mpmath.mpf(-1) ** n * mpmath.fac2(2 * n - 1) / (2 * x * x) ** n
    return total


def place(t: Any) -> Any:
    """The x of a variable of ``far``, below infinity."""
    return CENTRE * (1 + t) / (1 - t)


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


PIECES: dict[str, tuple[Function, int, int]] = {"near": (near, 0, 1), "far": (far, -1, 1), "integral": (integral, -1, 1)}
"""Of each polynomial what it stands for, and where."""


def coefficients() -> dict[str, tuple[float, ...]]:
    """The polynomials in doubles, highest power first."""
    with mpmath.workdps(DIGITS):
        return {
            name: tuple(float(c) for c in interpolated(function, mpmath.mpf(low), mpmath.mpf(high), DEGREES[name]))
            for name, (function, low, high) in PIECES.items()
        }


if __name__ == "__main__":
    for name, values in coefficients().items():
        print(f"{name}:", *(f"    {value!r}," for value in values), sep="\n")
