"""Polynomials as ops: a Taylor polynomial carries its coefficients, and is its own row of the op table."""

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

from sympy import Expr, Integer, Rational, Symbol

from symgraph.ir.op import REALS, Op
from symgraph.ir.user_functions import OwnRow

AT_0 = "Taylor polynomial at 0"
"""End of the origin of what the pass `removable` writes."""

_X, _U = (Symbol(name, real=True) for name in ("x0", "u"))


class Polynomial(OwnRow):
    """Op of a polynomial in one operand; its text says its coefficients, that of x**0 first."""

    coefficients: tuple[Fraction, ...]

    def __new__(cls, coefficients: Sequence[Fraction]) -> "Polynomial":
        op = super().__new__(cls, f"polynomial[{','.join(map(str, coefficients))}]")
        op.coefficients = tuple(coefficients)
        return op

    @cached_property
    def row(self) -> Op:
        """The row of the op table: value and slope by Horner's rule. The figures are for arguments at which no terms cancel."""
        value = _horner(self.coefficients)
        slope = _horner([n * c for n, c in enumerate(self.coefficients)][1:])
        return Op(
            self, 1, value, ((slope,),), None, ((_U, _X * _X),), value, domain=REALS, range=REALS, reference=None, ulp=4.0,
            ulp32=4.0, partial_ulp=(4.0,),
        )  # fmt: skip


def _horner(coefficients: Sequence[Fraction]) -> Expr:
    """Return a polynomial by Horner's rule, in x**2 where it is even or odd."""
    odd = not any(coefficients[::2])
    step = 2 if odd or not any(coefficients[1::2]) else 1
    result: Any = Integer(0)
    for coefficient in reversed(coefficients[odd::step]):
        result = Rational(coefficient.numerator, coefficient.denominator) + (_U if step == 2 else _X) * result
    return _X * result if odd else result
