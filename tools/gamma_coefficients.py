"""The coefficients of the gamma functions in the runtime, from mpmath: ``python tools/gamma_coefficients.py`` prints them.

From 1/2 to 4 each function is a factor with its zeros or its pole, times a constant and a quotient of polynomials in x: for log
gamma (x - 1)*(x - 2), for digamma x less its zero, for trigamma 1/x**2. The constant makes the quotient's rounding errors count
half. From 4 on each is its asymptotic expansion (NIST DLMF 5.11.1, 5.11.2, and its derivative), the series replaced by a
polynomial in 1/x**2. What Stirling's formula lacks, and its slope, are from 1 on 1/x and -1/x**2 times quotients in 1/x**2,
whose coefficients are positive. Quotients interpolate at Chebyshev points of (x - 2)/(x + 2), which leave them quotients of the
same degrees, or of 1/x**2, polynomials at those of 16/x**2 (Trefethen, Approximation Theory and Approximation Practice, 2013,
chapters 4 and 26).
"""

from collections.abc import Callable
from typing import Any

import mpmath

DIGITS = 120
LEAST, SEAM = mpmath.mpf(1) / 2, mpmath.mpf(4)

Function = Callable[[Any], Any]


def zero() -> Any:
    """The positive zero of digamma."""
    return mpmath.findroot(mpmath.digamma, 1.4616321449683622)


def lgamma_near(x: Any) -> Any:
    return mpmath.loggamma(x) / ((x - 1) * (x - 2))


def digamma_near(x: Any) -> Any:
    return mpmath.digamma(x) / (x - zero())


def trigamma_near(x: Any) -> Any:
    return x * x * mpmath.psi(1, x)


def lgamma_far(x: Any) -> Any:
    return x * (mpmath.loggamma(x) - (x - LEAST) * mpmath.log(x) + x - mpmath.log(2 * mpmath.pi) / 2)


def digamma_far(x: Any) -> Any:
    return x * x * (mpmath.log(x) - mpmath.digamma(x) - 1 / (2 * x))


def trigamma_far(x: Any) -> Any:
    return x**3 * (mpmath.psi(1, x) - 1 / x - 1 / (2 * x * x))


NEAR: dict[str, tuple[Function, int, int, float]] = {
    "LGAMMA": (lgamma_near, 10, 10, 0.25), "DIGAMMA": (digamma_near, 8, 8, 0.5), "TRIGAMMA": (trigamma_near, 8, 7, 2.5),
}  # fmt: skip
"""Of each function: what is approximated up to 4, the degrees above and below, and the constant."""

FAR: dict[str, tuple[Function, int]] = {"LGAMMA": (lgamma_far, 8), "DIGAMMA": (digamma_far, 9), "TRIGAMMA": (trigamma_far, 10)}
"""Of each function: what is approximated from 4 on, and the degree."""


FROM_1: dict[str, tuple[Function, int]] = {"STIRLERR": (lgamma_far, 11), "STIRLERR_SLOPE": (digamma_far, 12)}
"""Of each function: what is approximated from 1 on, and the degrees above and below."""


def nodes(count: int, low: Any, high: Any) -> list[Any]:
    """The Chebyshev points between two numbers."""
    cosines = [mpmath.cos(mpmath.pi * (2 * k + 1) / (2 * count)) for k in range(count)]
    return [(low + high) / 2 + (high - low) / 2 * cosine for cosine in cosines]


def near(function: Function, above: int, below: int, constant: float) -> tuple[list[Any], list[Any]]:
    """The quotient of polynomials in x that is a function less a constant up to 4."""
    places = nodes(above + below + 1, *((x - 2) / (x + 2) for x in (LEAST, SEAM)))
    return quotient(function, [2 * (1 + place) / (1 - place) for place in places], above, below, constant)


def from_1(function: Function, degree: int) -> tuple[list[Any], list[Any]]:
    """The quotient of polynomials in 1/x**2 that is a function from 1 on."""
    points = nodes(2 * degree + 1, mpmath.mpf(0), mpmath.mpf(1))
    return quotient(lambda t: function(1 / mpmath.sqrt(t)), points, degree, degree, 0.0)


def quotient(function: Function, points: list[Any], above: int, below: int, constant: float) -> tuple[list[Any], list[Any]]:
    """The polynomials, highest coefficient first, of which the quotient is a function less a constant at some points."""
    values = [function(point) for point in points]
    rows = [
        [*(point**k for k in range(above + 1)), *(-value * point**k for k in range(below))]
        for point, value in zip(points, values, strict=True)
    ]
    wanted = [value * point**below for point, value in zip(points, values, strict=True)]
    found = list(mpmath.lu_solve(mpmath.matrix(rows), mpmath.matrix(wanted)))
    top, bottom = found[: above + 1], [*found[above + 1 :], mpmath.mpf(1)]
    less = [a - constant * b for a, b in zip(top, [*bottom, *[0] * (len(top) - len(bottom))], strict=True)]
    return less[::-1], bottom[::-1]


def series(function: Function, degree: int) -> list[Any]:
    """The polynomial in 1/x**2, highest coefficient first, that is a function from 4 on."""
    points = [SEAM / mpmath.sqrt(place) for place in nodes(degree + 1, mpmath.mpf(0), mpmath.mpf(1))]
    rows = [[point ** (-2 * k) for k in range(degree + 1)] for point in points]
    return list(mpmath.lu_solve(mpmath.matrix(rows), mpmath.matrix([function(point) for point in points])))[::-1]


def coefficients() -> dict[str, tuple[float, ...]]:
    """The tables by name, in doubles."""
    found: dict[str, tuple[float, ...]] = {}
    with mpmath.workdps(DIGITS):
        for name in NEAR:
            tables = zip(("TOP", "BOTTOM", "FAR"), (*near(*NEAR[name]), series(*FAR[name])), strict=True)
            found |= {f"{name}_{part}": tuple(map(float, table)) for part, table in tables}
        for name, (function, degree) in FROM_1.items():
            tables = zip(("TOP", "BOTTOM"), from_1(function, degree), strict=True)
            found |= {f"{name}_{part}": tuple(map(float, table)) for part, table in tables}
        root = zero()
        found["DIGAMMA_ZERO"] = (float(root), float(root - float(root)))
    return found


if __name__ == "__main__":
    for name, values in coefficients().items():
        print(f"{name} = (", *(f"    {value!r}," for value in values), ")", sep="\n")
