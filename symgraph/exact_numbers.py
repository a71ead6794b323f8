"""The two kinds of numbers that exact programs compute with: mpmath's, and Python's decimals, which are faster.

Sums and products of decimals of 60 digits take a tenth of the time, since they are written in C. Functions are left to mpmath.
"""

import decimal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

import mpmath
import sympy
from mpmath.libmp import from_man_exp, round_nearest
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanFunction

_TWO = Decimal(2)


@dataclass(frozen=True, slots=True)
class Numbers:
    """A kind of numbers.

    Attributes:
        number: makes one of a float or of a number of mpmath, rounded to the precision that is worked with.
        exact: makes one of a float as it is.
        mpf: turns one into a number of mpmath.
        power: a number that grows with the magnitude, cheaply; None for 0.
    """

    number: Callable[[Any], Any]
    exact: Callable[[float], Any]
    mpf: Callable[[Any], Any]
    power: Callable[[Any], int | None]


@contextmanager
def working(digits: int) -> Iterator[None]:
    """Compute with so many digits, in mpmath and in decimals of any size."""
    context = decimal.Context(prec=digits, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)
    context.traps[decimal.Inexact] = context.traps[decimal.Rounded] = False
    with mpmath.workdps(digits), decimal.localcontext(context):
        yield


def _mpf_power(value: Any) -> int | None:
    _, mantissa, exponent, bits = value._mpf_
    return int(exponent + bits) if mantissa else None


def _decimal_power(value: Decimal) -> int | None:
    return value.adjusted() if value else None


def to_decimal(value: Any) -> Decimal:
    """A number of mpmath as a decimal, rounded to the context's digits.

    Raises:
        ValueError: it is complex or not finite.
    """
    if not isinstance(value, mpmath.mpf):
        raise ValueError(f"{value} is no finite real number")
    sign, mantissa, exponent, _ = value._mpf_
    if not mantissa and exponent:  # how mpmath writes infinities and NaN
        raise ValueError(f"{value} is no finite real number")
    return Decimal(-int(mantissa) if sign else int(mantissa)) * _power_of_two(int(exponent), decimal.getcontext().prec)


@lru_cache(maxsize=4096)
def _power_of_two(exponent: int, digits: int) -> Decimal:
    """The power, rounded to the context's digits, which are the second argument."""
    return _TWO**exponent


def to_mpf(value: Any) -> Any:
    """A decimal as a number of mpmath, rounded to mpmath's digits; anything else, such as NaN, as it is."""
    if not isinstance(value, Decimal):
        return value
    shift = decimal.getcontext().prec - value.adjusted()
    whole = int(value.scaleb(shift))
    if shift <= 0:
        return mpmath.mp.make_mpf(from_man_exp(whole * 10**-shift, 0, mpmath.mp.prec, round_nearest))
    bits, below = _scale(shift)
    return mpmath.mp.make_mpf(from_man_exp((whole << bits) // below, -bits, mpmath.mp.prec, round_nearest))


@lru_cache(maxsize=4096)
def _scale(shift: int) -> tuple[int, int]:
    """So many bits that a number of the context's digits over 10**shift has them all before the point, and some; 10**shift."""
    below = 10**shift
    return below.bit_length() + 32, below


def _number(value: Any) -> Decimal:
    return to_decimal(value) if isinstance(value, mpmath.mpf) else Decimal(value)


MPF = Numbers(number=mpmath.mpf, exact=mpmath.mpf, mpf=lambda value: value, power=_mpf_power)
DECIMAL = Numbers(number=_number, exact=Decimal, mpf=to_mpf, power=_decimal_power)

_NATIVE = (sympy.Mul, sympy.Abs, sympy.Max, sympy.Min, Relational, BooleanFunction)
"""Operations whose functions serve decimals as they are."""


def decimal_operation(kind: type | None, compute: Callable[..., Any], *, whole_power: bool) -> Callable[..., Any]:
    """The operation on decimals.

    Args:
        kind: the class of the SymPy expression.
        compute: the operation on numbers of mpmath.
        whole_power: whether it raises to a whole number, which it knows.
    """
    if kind is None or whole_power or issubclass(kind, _NATIVE):
        return compute
    if issubclass(kind, sympy.Add):
        return _sum
    return _on_decimals(compute)


@lru_cache(maxsize=512)
def _on_decimals(compute: Callable[..., Any]) -> Callable[..., Any]:
    """An operation on numbers of mpmath as one on decimals; the same for the same."""
    return lambda *args: to_decimal(compute(*map(to_mpf, args)))


def _sum(*terms: Decimal) -> Decimal:
    return sum(terms, start=Decimal(0))
