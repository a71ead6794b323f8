"""Inverses of the error function and the normal law, Dawson's integral and Faddeeva's function, on mpmath's numbers."""

from typing import Any

import mpmath


def erfcinv(y: Any) -> Any:
    """Return the number whose erfc is y."""
    if not 0 < y < 2:
        raise ValueError("erfcinv has its domain between 0 and 2")
    with mpmath.workprec(mpmath.mp.prec + max(0, -mpmath.mag(y), -mpmath.mag(2 - y)) + 8):
        return mpmath.erfinv(1 - y)


def ndtri(p: Any) -> Any:
    """Return the quantile of the standard normal law."""
    return -mpmath.sqrt(2) * erfcinv(2 * p)


def dawson(x: Any) -> Any:
    """Return Dawson's integral (NIST DLMF 7.11.4); of huge numbers the first term of its expansion."""
    if mpmath.mag(x) > 4 * mpmath.mp.prec:
        return 1 / (2 * x)
    return x * mpmath.hyp1f1(1, mpmath.mpf(3) / 2, -x * x)


def faddeeva(x: Any, y: Any) -> Any:
    """Return Faddeeva's function at x + i*y for y >= 0; far from 0 by its expansion, since erfc there is slow."""
    z = mpmath.mpc(x, y)
    if mpmath.isinf(z):
        return mpmath.mpc(0)
    size = mpmath.mag(z)
    if size > 12:
        total, term = mpmath.mpc(0), mpmath.mpc(1)
        for order in range(1, mpmath.mp.prec // (2 * size - 8) + 3):
            total += term
            term *= (2 * order - 1) / (2 * z * z)
        return mpmath.mpc(0, 1) / mpmath.sqrt(mpmath.pi) / z * total
    with mpmath.workprec(mpmath.mp.prec + 2 * max(size, 0) + 16):
        return mpmath.exp(-z * z) * mpmath.erfc(mpmath.mpc(y, -x))


def faddeeva_slope(x: Any, y: Any) -> Any:
    """Return the derivative of Faddeeva's function."""
    z = mpmath.mpc(x, y)
    if mpmath.isinf(z):
        return mpmath.mpc(0)
    with mpmath.workprec(mpmath.mp.prec + 4 * max(mpmath.mag(z), 0) + 16):
        return mpmath.mpc(0, 2) / mpmath.sqrt(mpmath.pi) - 2 * z * faddeeva(x, y)
