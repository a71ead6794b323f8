"""Functions of mpmath numbers for arguments of any size.

``exp(exp(1e6))`` has more digits in its exponent than a computer has memory. Where an argument has more than ``_FAR`` binary
digits before the point, a function is given its limit: infinity, 0, or where it saturates. The rules of infinity then tell what
follows, and what they leave open (infinity minus infinity, 0 times infinity) is ``UNKNOWN``. Doubles end at 2**1024.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mpmath

from symgraph.exact import NAN

_INFINITY = mpmath.inf
_NOTHING = mpmath.mpf(0)
KINK = mpmath.mpf("nan")
"""Stands for a slope that differs between the two sides of a point; told from ``NAN`` by identity."""
UNKNOWN = mpmath.mpf("nan")
"""Stands for a number that is out of reach."""

_FAR = 5000
_LONG = 3000
"""Numbers whose exponents have so many digits are not compared with infinity, which stands for exponents of _FAR digits."""


def is_number(value: Any) -> bool:
    """Whether a value is a number, and none of ``NAN``, ``KINK`` and ``UNKNOWN``."""
    return value is not NAN and value is not KINK and value is not UNKNOWN


def computed(function: Callable[..., Any], operands: Sequence[Any]) -> Any:
    """The result of a function, a mpf or bool.

    Returns:
        ``NAN`` where it is no finite real number; ``UNKNOWN`` where that cannot be told; the first operand that is no number
        where there is one; infinity only for what is so large that it has no digits here.
    """
    limit = False
    for operand in operands:
        if not is_number(operand):
            return operand
        limit = limit or (not isinstance(operand, bool) and _is_far(operand))
    if limit and mpmath.inf in map(abs, operands) and any(operand._mpf_[2].bit_length() > _LONG for operand in operands):
        return UNKNOWN
    try:
        value = function(*operands)
    except (ZeroDivisionError, ValueError, OverflowError):  # how mpmath reports poles and what lies outside a domain
        return UNKNOWN if limit else NAN
    if isinstance(value, bool) or not is_number(value):
        return value
    if isinstance(value, mpmath.mpf):
        return value if mpmath.isfinite(value) or (limit and value == value) else UNKNOWN if limit else NAN
    return NAN if isinstance(value, mpmath.mpc) else mpmath.mpf(value)  # complex, or a small integer


def _is_far(x: Any) -> bool:
    """Whether a number has more than _FAR digits before the point, or is infinite."""
    _, man, exponent, bits = x._mpf_
    return bool(exponent + bits > _FAR if man else exponent)


def exp(x: Any) -> Any:
    """The exponential."""
    if _is_far(x):
        return _INFINITY if x > 0 else _NOTHING
    return mpmath.exp(x)


def _expm1(x: Any) -> Any:
    if _is_far(x):
        return _INFINITY if x > 0 else mpmath.mpf(-1)
    return mpmath.expm1(x)


def _sinh(x: Any) -> Any:
    return mpmath.sign(x) * _INFINITY if _is_far(x) else mpmath.sinh(x)


def cosh(x: Any) -> Any:
    """The hyperbolic cosine."""
    return _INFINITY if _is_far(x) else mpmath.cosh(x)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    return mpmath.sign(x) if _is_far(x) else mpmath.tanh(x)


def _sech(x: Any) -> Any:
    return 1 / cosh(x)


def sigmoid(z: Any) -> Any:
    """The logistic function."""
    small = exp(-abs(z))
    return (1 if z >= 0 else small) / (1 + small)


def _log_sigmoid(z: Any) -> Any:
    return -_softplus(-z)


def _softplus(z: Any) -> Any:
    return max(z, mpmath.mpf(0)) + mpmath.log1p(exp(-abs(z)))


def _logaddexp(a: Any, b: Any) -> Any:
    return max(a, b) + mpmath.log1p(exp(-abs(a - b)))


def _gauss(x: Any) -> Any:
    return exp(-x * x)


def _erf(x: Any) -> Any:
    return mpmath.sign(x) if _is_far(x) else mpmath.erf(x)


_SERIES = mpmath.ldexp(1, 20)


def _erfc(x: Any) -> Any:
    """By its asymptotic series where that has all digits (NIST Digital Library of Mathematical Functions, 7.12.1)."""
    if x < _SERIES:
        return mpmath.mpf(2) if _is_far(x) else mpmath.erfc(x)
    return _NOTHING if _is_far(x) else exp(-x * x) * erfcx(x)


def erfcx(x: Any) -> Any:
    """exp(x*x) * erfc(x)."""
    if x < _SERIES:
        return 2 * exp(x * x) if x < -_SERIES else exp(x * x) * _erfc(x)
    if _is_far(x):
        return _NOTHING
    return (1 - 2 * _reduced(x)) / (x * mpmath.sqrt(mpmath.pi))


def ierfcx(x: Any) -> Any:
    """1/sqrt(pi) - x*erfcx(x)."""
    if x >= _SERIES:
        return _NOTHING if _is_far(x) else 2 * _reduced(x) / mpmath.sqrt(mpmath.pi)
    if x < -_SERIES:
        return -x * erfcx(x)
    with mpmath.workprec(mpmath.mp.prec + 48):  # the terms are at most 2**41 times their difference
        return 1 / mpmath.sqrt(mpmath.pi) - x * erfcx(x)


def _reduced(x: Any) -> Any:
    """(1 - sqrt(pi)*x*erfcx(x)) / 2 by its asymptotic series, for x of 2**20 and more."""
    term, total, n = 1 / (2 * x * x), mpmath.mpf(0), 1
    least = mpmath.mag(term) - mpmath.mp.prec - 8
    while mpmath.mag(term) > least:
        total += term
        n += 1
        term *= -(2 * n - 1) / (2 * x * x)
    return total / 2


def _log_erfc(x: Any) -> Any:
    """By erfc where that is not tiny."""
    return mpmath.log1p(-_erf(x)) if x < 1 else mpmath.log(erfcx(x)) - x * x if not _is_far(x) else -_INFINITY


def _log_half_erfc(x: Any) -> Any:
    return mpmath.log1p(-_erfc(-x) / 2) if x < 0 else _log_erfc(x) - mpmath.log(2)


def _near(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function that has no limit."""
    return lambda x: UNKNOWN if _is_far(x) else function(x)


def power(base: Any, exponent: Any) -> Any:
    """base**exponent; NaN where it is not real."""
    if base == 0 or exponent == 0:
        return mpmath.mpf(1) if exponent == 0 else mpmath.mpf(0) if exponent > 0 else NAN
    digits = exponent * mpmath.log(abs(base))
    if _is_far(digits):
        return UNKNOWN if base < 0 else _INFINITY if digits > 0 else _NOTHING
    return mpmath.power(base, exponent)


def _atan2(y: Any, x: Any) -> Any:
    """The angle; on the cut and at the origin the signs of zeros decide, which these numbers do not have."""
    return UNKNOWN if y == 0 and x <= 0 else mpmath.atan2(y, x)


def cbrt(x: Any) -> Any:
    """The real cube root."""
    return mpmath.sign(x) * mpmath.cbrt(abs(x))


WIDE: Mapping[str, Callable[..., Any]] = {
    "exp": exp, "expm1": _expm1, "sinh": _sinh, "cosh": cosh, "tanh": tanh, "sech": _sech,
    "sigmoid": sigmoid, "log_sigmoid": _log_sigmoid, "softplus": _softplus, "logaddexp": _logaddexp, "gauss": _gauss,
    "erf": _erf, "erfc": _erfc, "erfcx": erfcx, "ierfcx": ierfcx, "log_erfc": _log_erfc, "log_half_erfc": _log_half_erfc,
    "sin": _near(mpmath.sin), "cos": _near(mpmath.cos), "tan": _near(mpmath.tan), "sinc": _near(mpmath.sinc),
    "pow": power, "cbrt": cbrt, "atan2": _atan2,
}  # fmt: skip
"""By the name of the op; other functions are mpmath's own."""
