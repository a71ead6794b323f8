"""Special functions on mpmath's numbers, at any size: inverses of erf, Dawson's integral, Faddeeva's, slopes of digamma."""

from collections.abc import Callable
from typing import Any

import mpmath

from symgraph.spec.ops.scaled_erfc import erfcx, log_erfc

_FAR = 12
"""Size, as ``mpmath.mag`` says it, beyond which Faddeeva's function is computed by its expansion."""


def erfcinv(y: Any) -> Any:
    """Return the number whose erfc is y; of tiny y by Newton's method on logarithms, since 1 - y takes many digits there."""
    if not 0 < y < 2:
        raise ValueError("erfcinv has its domain between 0 and 2")
    if mpmath.mag(y) < -1000:
        goal = mpmath.log(y)
        x = mpmath.sqrt(-goal)
        for _ in range(mpmath.mp.prec.bit_length() + 1):  # from two digits on they double
            x += (log_erfc(x) - goal) * mpmath.sqrt(mpmath.pi) / 2 * erfcx(x)
        return x
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
    """Return Faddeeva's function at x + i*y."""
    z = mpmath.mpc(x, y)
    if _is_far(z):
        return _far(z, 1, lambda n: 1)
    with mpmath.workprec(mpmath.mp.prec + 2 * max(mpmath.mag(z), 0) + 16):
        return mpmath.exp(-z * z) * mpmath.erfc(mpmath.mpc(y, -x))


def faddeeva_slope(x: Any, y: Any) -> Any:
    """Return the derivative of Faddeeva's function."""
    z = mpmath.mpc(x, y)
    if _is_far(z):
        return _far(z, -1 / z, lambda n: 1 + 2 * n)
    with mpmath.workprec(mpmath.mp.prec + 4 * max(mpmath.mag(z), 0) + 16):
        return mpmath.mpc(0, 2) / mpmath.sqrt(mpmath.pi) - 2 * z * faddeeva(x, y)


def faddeeva_bend(x: Any, y: Any) -> Any:
    """Return the second derivative of Faddeeva's function."""
    z = mpmath.mpc(x, y)
    if _is_far(z):
        return _far(z, 1 / z / z, lambda n: (1 + 2 * n) * (2 + 2 * n))
    with mpmath.workprec(mpmath.mp.prec + 4 * max(mpmath.mag(z), 0) + 16):
        return -2 * faddeeva(x, y) - 2 * z * faddeeva_slope(x, y)


def _is_far(z: Any) -> bool:
    """Tell if the expansion far from 0 holds, which below the real axis lacks an exponential."""
    return bool(mpmath.mag(z) > _FAR and z.imag >= 0)


def _far(z: Any, factor: Any, growth: Callable[[int], int]) -> Any:
    """Return the factor times the expansion of Faddeeva's function far from 0, where erfc and the difference are slow.

    Its term n goes with ``z**-(2*n + 1)``, so that a derivative has each of them times ``-(2*n + 1)/z``.

    Args:
        z: the number, for which `_is_far` holds.
        factor: of the first term.
        growth: gives the number that multiplies term n, by which a derivative differs.
    """
    if mpmath.isinf(z):
        return mpmath.mpc(0)
    total, term = mpmath.mpc(0), mpmath.mpc(factor)
    for order in range(mpmath.mp.prec // (2 * mpmath.mag(z) - 8) + 2):
        total += growth(order) * term
        term *= (2 * order + 1) / (2 * z * z)
    return mpmath.mpc(0, 1) / mpmath.sqrt(mpmath.pi) / z * total


def polygamma(order: Any, x: Any) -> Any:
    """Compute a derivative of digamma of whole order; below 0 by reflection (NIST DLMF 5.15.6): mpmath takes steps."""
    whole, slope = int(order), [0, 1]
    if x > 0:
        return mpmath.psi(whole, x)
    if x == mpmath.floor(x):
        raise ValueError("derivatives of digamma have poles at 0, -1, -2, ...")
    for _ in range(whole):  # of a polynomial in the cotangent c, whose slope is -(1 + c**2), the slope
        steep = [-place * one for place, one in enumerate(slope)][1:]
        slope = [a + b for a, b in zip([*steep, 0, 0], [0, 0, *steep], strict=True)]
    turned = mpmath.polyval(slope[::-1], mpmath.cospi(x) / mpmath.sinpi(x))
    return (-1) ** whole * mpmath.psi(whole, 1 - x) - mpmath.pi ** (whole + 1) * turned


def stirlerr(x: Any, order: int = 0) -> Any:
    """Compute what Stirling's formula lacks of log(gamma(x)), or its slope, with the digits that cancel for large x."""
    if x <= 0:
        return mpmath.nan
    size = mpmath.mag(x)
    if size > 4 * mpmath.mp.prec:
        return -1 / (12 * x * x) if order else 1 / (12 * x)
    with mpmath.workprec(mpmath.mp.prec + 4 * max(size, 0) + 8):
        if order:
            return mpmath.digamma(x) - mpmath.log(x) + 1 / (2 * x)
        return mpmath.loggamma(x) - (x - mpmath.mpf(0.5)) * mpmath.log(x) + x - mpmath.log(2 * mpmath.pi) / 2


def wrightomega(x: Any) -> Any:
    """Return the number that adds up to x with its logarithm, for large x by Newton's method."""
    if x < 1000:
        return mpmath.lambertw(mpmath.exp(x))
    found = x - mpmath.log(x)
    for _ in range(mpmath.mp.prec.bit_length() + 1):  # from three digits on they double
        found -= (found + mpmath.log(found) - x) * found / (1 + found)
    return found
