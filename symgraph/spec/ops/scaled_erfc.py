"""erfc, the scaled error functions and their logarithms on mpmath's numbers, at the precision of the caller's context."""

from typing import Any

import mpmath

_SERIES = 2.0**20
"""Argument from which on the asymptotic series of the error functions can give more than 10**11 digits."""
_LONG_SQUARE = mpmath.ldexp(1, 5_000)
"""Negated argument beyond which exp(x*x) takes seconds and more."""


def erfc(x: Any) -> Any:
    """Return erfc(x), by its series far out, where mpmath's own takes minutes."""
    if not _SERIES <= x < mpmath.inf:
        return mpmath.erfc(x)
    return mpmath.exp(-mpmath.fmul(x, x, exact=True)) * erfcx(x)


def erfcx(x: Any) -> Any:
    """Return exp(x*x) * erfc(x) (NIST DLMF 7.12.1).

    Raises:
        OverflowError: -x is so large that the exponential takes seconds.
    """
    if not mpmath.isfinite(x):
        return mpmath.exp(-x)  # 0, infinity or NaN
    if x < -_SERIES:
        return 2 * _grown(x)
    if x < _SERIES:
        with mpmath.workprec(mpmath.mp.prec + 2 * max(mpmath.mag(x), 0) + 8):
            return mpmath.exp(x * x) * mpmath.erfc(x)
    return _tail(x, 0) / (x * mpmath.sqrt(mpmath.pi))


def ierfcx(x: Any) -> Any:
    """Return 1/sqrt(pi) - x * exp(x*x) * erfc(x); raises as ``erfcx``."""
    if not mpmath.isfinite(x):
        return mpmath.exp(-x)
    if x < -_SERIES:
        return -2 * x * _grown(x)
    if x < _SERIES:
        with mpmath.workprec(mpmath.mp.prec + 4 * max(mpmath.mag(x), 0) + 8):
            return 1 / mpmath.sqrt(mpmath.pi) - x * erfcx(x)
    return -_tail(x, 1) / mpmath.sqrt(mpmath.pi)


def _grown(x: Any) -> Any:
    """Return exp(x*x) for an argument far below 0, where erfc(x) is 2."""
    if x < -_LONG_SQUARE:
        raise OverflowError("exp(x*x) takes too long")
    return mpmath.exp(mpmath.fmul(x, x, exact=True))


def log_erfc(x: Any) -> Any:
    """Return log(erfc(x))."""
    if x > 1:
        return -mpmath.inf if x == mpmath.inf else mpmath.log(erfcx(x)) - x * x
    return mpmath.log1p(-mpmath.erf(max(x, mpmath.mpf(-1000))))


def log_half_erfc(x: Any) -> Any:
    """Return log(erfc(x) / 2)."""
    if x < 0:
        return mpmath.log1p(-mpmath.erfc(-x) / 2) if x > -1000 else mpmath.mpf(0)
    return log_erfc(x) - mpmath.log(2)


def _tail(x: Any, start: int) -> Any:
    """Sum the asymptotic series of sqrt(pi) * x * exp(x*x) * erfc(x) at large x, from the term of index ``start`` on."""
    ratio = -1 / (2 * x * x)
    term = total = ratio if start else mpmath.mpf(1)
    n = start
    while term and mpmath.mag(term) > mpmath.mag(total) - mpmath.mp.prec - 8:
        n += 1
        term *= (2 * n - 1) * ratio
        total += term
    return total
