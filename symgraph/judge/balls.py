"""Enclosures of real numbers by python-flint's balls, and elementary functions of them also where plain ``arb`` gives up.

A ball is a midpoint and a radius; every operation returns a ball that holds each result that the balls of its operands allow
(Johansson, "Arb: efficient arbitrary-precision midpoint-radius interval arithmetic", IEEE Transactions on Computers 66, 2017).

A number whose exponent has more than twice as many binary digits as the precision has no ball. Plus and minus infinity stand
for such numbers, and ``TINY`` holds their reciprocals. What infinity leaves open, such as infinity minus infinity, is
``Missing.UNKNOWN``, as is everything else that a precision does not decide.
"""

import math
from enum import Enum

from flint import arb, ctx


class Missing(Enum):
    """The reasons for which there is no number."""

    UNDEFINED = "undefined"
    """There is no real value, or the slope is infinite."""
    KINK = "kink"
    """The slopes on the two sides of the point differ."""
    UNKNOWN = "unknown"
    """The precision does not decide."""


UNDEFINED, KINK, UNKNOWN = Missing
Value = arb | bool | Missing
INFINITY = arb.pos_inf()
ZERO, ONE, HALF = arb(0), arb(1), arb(0.5)
LARGE = arb((1, 40))
"""Beyond this, functions with finite limits are within ``TINY`` of them, but for those of algebraic kind."""
TINY = arb(0, arb((1, -(2**38))))
"""Holds exp(-x) for x above ``LARGE``, and the reciprocals of what infinity stands for."""
LEAST, MOST = 1e-300, 1e300
"""Between these doubles have all their digits, and functions without an exponential in them stay."""
_FEW = 64
"""The largest exponent of whole powers that are products."""
_NEAR = 76
"""Bits that each term of the series of the error functions gains beyond ``LARGE``."""


def is_infinite(value: arb) -> bool:
    """Tell the two infinities from balls without bounds and from NaN."""
    return bool(value.is_exact() and not value.is_nan() and not value.is_finite())


def whole(value: Value) -> int | None:
    """The whole number that a value is; None for others."""
    number = value.unique_fmpz() if isinstance(value, arb) and value.is_finite() else None
    return None if number is None else int(number)


def exp(x: arb) -> arb:
    """The exponential."""
    value = x.exp()
    if value.is_finite() or not abs(x) > LARGE:
        return value
    return INFINITY if x > 0 else TINY


def expm1(x: arb) -> arb:
    """exp(x) - 1."""
    return exp(x) - 1 if abs(x) > LARGE else x.expm1()


def sinh(x: arb) -> arb:
    """The hyperbolic sine."""
    value = x.sinh()
    if value.is_finite() or not abs(x) > LARGE:
        return value
    return INFINITY if x > 0 else -INFINITY


def cosh(x: arb) -> arb:
    """The hyperbolic cosine."""
    return (exp(x) + exp(-x)) / 2


def inverse(x: arb) -> arb:
    """The reciprocal."""
    return TINY if is_infinite(x) else ONE / x


def divided(a: arb, b: arb) -> arb:
    """A quotient."""
    return a * TINY if is_infinite(b) else a / b


def sech(x: arb) -> arb:
    """1/cosh, by a formula whose denominator does not overflow."""
    small = exp(-abs(x))
    return 2 * small / (1 + small * small)


def tanh(x: arb) -> arb:
    """The hyperbolic tangent."""
    if abs(x) > LARGE:
        return (ONE if x > 0 else -ONE) + TINY
    return x.tanh()


def sigmoid(x: arb) -> arb:
    """The logistic function."""
    if x < 0:
        small = exp(x)
        return small / (1 + small)
    return inverse(1 + exp(-x))


def softplus(x: arb) -> arb:
    """log(1 + exp(x))."""
    return x + exp(-x).log1p() if x > 0 else exp(x).log1p()


def gauss(x: arb) -> arb:
    """exp(-x*x)."""
    return exp(-x * x)


def erfcx(x: arb) -> arb:
    """exp(x*x) * erfc(x); on the right by the confluent function U (DLMF 7.11.5), since erfc vanishes there."""
    if x > LARGE:
        return (1 - 2 * _tail(x)) * inverse(x * arb.const_sqrt_pi())
    if x > 1:
        return (x * x).hypgeom_u(HALF, HALF) / arb.const_sqrt_pi()
    return exp(x * x) * erfc(x)


def erfc(x: arb) -> arb:
    """1 - erf(x)."""
    if x > LARGE:
        return gauss(x) * erfcx(x)
    return 2 + TINY if x < -LARGE else x.erfc()


def erf(x: arb) -> arb:
    """The error function."""
    if x > 8 or x < -8:
        return 1 - erfc(x) if x > 0 else erfc(-x) - 1
    return x.erf()


def ierfcx(x: arb) -> arb:
    """1/sqrt(pi) - x*erfcx(x); the difference is taken with as many more bits as it loses."""
    if x > LARGE:
        return 2 * _tail(x) / arb.const_sqrt_pi()
    with ctx.workprec(ctx.prec + 2 * binary_exponent(x) + 8):
        return 1 / arb.const_sqrt_pi() - x * erfcx(x)


def binary_exponent(x: arb) -> int:
    """The binary exponent of a number above 1; 0 for others."""
    return exponent_of(x.abs_upper()) if x > 1 and x.is_finite() else 0


def exponent_of(size: arb) -> int:
    """The binary exponent of a finite number, rounded to double where it is in the range of these; 0 for 0."""
    number = float(size)
    if LEAST < abs(number) < MOST:
        return math.frexp(number)[1]
    mantissa, exponent = size.mid().man_exp()
    return int(exponent) + int(mantissa).bit_length() if mantissa else 0


def _tail(x: arb) -> arb:
    """(1 - sqrt(pi)*x*erfcx(x)) / 2 for x above 2**40, by its series, off by at most the next term (DLMF 7.12.1)."""
    ratio = inverse(2 * x * x)
    total, term = ZERO, ratio
    for n in range(2, ctx.prec // _NEAR + 4):
        total = total + term
        term = -term * (2 * n - 1) * ratio
    return (total + arb(0, 1) * term) / 2


def log_erfc(x: arb) -> arb:
    """log(erfc(x))."""
    return (-erf(x)).log1p() if x < 1 else erfcx(x).log() - x * x


def cbrt(x: arb) -> Value:
    """The real cube root."""
    if x > 0 or x.is_zero():
        return x.root(3)
    return -((-x).root(3)) if x < 0 else UNKNOWN


def square(x: arb) -> arb:
    """x*x; arb's own power gives up on tiny balls."""
    return x * x


def power(base: arb, exponent: arb) -> Value:
    """base**exponent for real numbers; 0**0 is 1."""
    if exponent.is_zero():
        return ONE
    number = whole(exponent) if exponent.is_exact() and abs(exponent) <= _FEW else None
    if number is not None:  # a product serves bases whose logarithm has no bounds
        value = math.prod([base] * abs(number), start=ONE)
        return value if number > 0 else UNDEFINED if base.is_zero() else inverse(value)
    if base.is_zero():
        return ZERO if exponent > 0 else UNDEFINED if exponent < 0 else UNKNOWN
    value = base**exponent
    if value.is_finite():
        return value
    if base > 0:
        return exp(exponent * base.log()) if base.is_finite() else INFINITY if exponent > HALF else UNKNOWN
    if base < 0 and exponent.is_exact() and exponent.is_integer():
        size = power(-base, exponent)
        return -size if isinstance(size, arb) and not (exponent / 2).is_integer() else size
    return value  # no number
