"""The error functions of mpmath numbers, for the oracle: mpmath's own where they reach, and what follows from them."""

from typing import Any

import mpmath

_FLAT = 1e5
"""From here on the error function is 1 to four billion digits; mpmath does not take arguments much larger."""


def erf(x: Any) -> Any:
    """The error function."""
    return mpmath.erf(x) if abs(x) < _FLAT else mpmath.sign(x)


def erfc(x: Any) -> Any:
    """The complementary error function."""
    return mpmath.erfc(x) if abs(x) < _FLAT else 1 - mpmath.sign(x)


def erfcx(x: Any) -> Any:
    """exp(x*x) * erfc(x); infinity where that is far beyond doubles."""
    if x < -1000:
        return mpmath.inf
    if x < _FLAT:
        with mpmath.workprec(mpmath.mp.prec + 40):
            return mpmath.exp(x * x) * mpmath.erfc(x)
    return 1 / ((x + _fraction(x)) * mpmath.sqrt(mpmath.pi))


def ierfcx(x: Any) -> Any:
    """1/sqrt(pi) - x*erfcx(x)."""
    if x < _FLAT:
        with mpmath.workprec(mpmath.mp.prec + 40):
            return 1 / mpmath.sqrt(mpmath.pi) - x * erfcx(x)
    return _fraction(x) * erfcx(x)


def _fraction(x: Any) -> Any:
    """(1/2) / (x + 1 / (x + (3/2) / (x + ...))) for large x, each step of which adds the digits of x*x (NIST DLMF 7.9.3)."""
    rest = mpmath.mpf(0)
    for n in range(3 + mpmath.mp.prec // 32, 0, -1):
        rest = mpmath.mpf(n) / 2 / (x + rest)
    return rest


def log_erfc(x: Any) -> Any:
    """log(erfc(x))."""
    return mpmath.log(erfcx(x)) - x * x if x > 1 else mpmath.log1p(-erf(x))


def log_half_erfc(x: Any) -> Any:
    """log(erfc(x)/2)."""
    return mpmath.log1p(-erfc(-x) / 2) if x < 0 else log_erfc(x) - mpmath.log(2)
