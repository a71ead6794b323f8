"""The op table: what each operation is, how its partials are computed so that they round well, where it has kinks.

A row is written in SymPy over placeholders: ``x0, x1, x2`` are the operands, ``v`` is the op's own value, and auxiliaries have
names of their own. ``value`` is the definition, the mathematical truth that tests hold the rest against. ``partials`` gives,
operand by operand, factors that multiply the cotangent one after another, from left to right; ``over(e)`` divides it by e,
which rounds once where multiplying by 1/e rounds twice.
``stable``, where there is one, is how the value is computed: such an op is composed of others and needs no text in a backend.

To add an op, add a row here and, unless it has a ``stable`` form, a row in the table of each backend.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import sympy

# fmt: off
from sympy import (
    Abs,
    Eq,
    Integer,
    Max,
    Piecewise,
    Rational,
    Symbol,
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cos,
    cosh,
    exp,
    factorial,
    log,
    sign,
    sin,
    sinc,
    sinh,
    sqrt,
    tan,
    tanh,
)

# fmt: on
from symgraph import functions as fn

ARITHMETIC, ROOT, TRANSCENDENTAL = 1, 5, 20
"""Rough costs of an op on one row, relative to an addition."""


@dataclass(frozen=True, slots=True)
class over:  # noqa: N801  reads as a word in the table
    """A factor of a local partial by which the cotangent is divided."""

    expr: Any


@dataclass(frozen=True, slots=True)
class Op:
    """A row of the table.

    Attributes:
        name: how graphs call the op.
        arity: number of operands.
        value: its definition over x0, x1, ...; None for ops that SymPy has no word for.
        partials: for each operand the factors of the local partial; an empty tuple means the partial is 0 everywhere.
        function: the SymPy class that lowers to this op, or None.
        aux: auxiliaries that value and partials share, each over the operands and the auxiliaries before it.
        stable: the form in which the value is computed, or None where the backend has the op itself.
        domain: where the value is real and finite, in words.
        kinks: where the op is not differentiable, and the partial that is taken there.
        cost: relative to an addition.
        ulp: bound of the value's error in units in the last place, for exact operands (NumPy's and libm's own functions
            included); inf where overflow or cancellation inside has no bound.
    """

    name: str
    arity: int
    value: Any
    partials: tuple[tuple[Any, ...], ...]
    function: Any = None
    aux: tuple[tuple[Any, Any], ...] = ()
    stable: Any = None
    domain: str = "all reals"
    kinks: str = ""
    cost: int = ARITHMETIC
    ulp: float = 0.5


x0, x1, x2 = sympy.symbols("x0:3", real=True)
v = Symbol("v", real=True)
p, d, h, s, r, u = sympy.symbols("p d h s r u", real=True)

_ONE = (Integer(1),)
_ZERO: tuple[Any, ...] = ()
_LOGISTIC = ((p, exp(-Abs(x0))), (d, 1 / (1 + p)))
_SECH = ((h, exp(-Abs(x0))), (s, 2 * h / (1 + h * h)))
_ABOVE = (Piecewise((1, x0 > x1), (Rational(1, 2), Eq(x0, x1)), (0, True)),)
_BELOW = (Piecewise((1, x0 < x1), (Rational(1, 2), Eq(x0, x1)), (0, True)),)

# sinc'(x) = (cos(x) - sinc(x)) / x cancels near 0; below 1 its Taylor series by Horner's rule in u = x*x, up to x**17: the
# next term is below 2**-60 of the sum there.
_SERIES = Integer(0)
for _n in range(9, 0, -1):
    _SERIES = Rational((-1) ** _n * 2 * _n, factorial(2 * _n + 1)) + u * _SERIES
_DSINC = Piecewise((x0 * _SERIES, Abs(x0) < 1), ((cos(x0) - v) / x0, True))

# fmt: off
_ROWS = (
    # arithmetic
    Op("add", 2, x0 + x1, (_ONE, _ONE)),
    Op("sub", 2, x0 - x1, (_ONE, (Integer(-1),))),
    Op("mul", 2, x0 * x1, ((x1,), (x0,))),
    Op("div", 2, x0 / x1, ((over(x1),), (over(x1), -v)), domain="x1 != 0"),
    Op("neg", 1, -x0, ((Integer(-1),),), ulp=0.0),
    Op(
        "pow", 2, x0**x1, ((x1, x0 ** (x1 - 1)), (Piecewise((0, Eq(x0, 0)), (v * log(x0), True)),)),
        domain="x0 > 0, or x1 a constant integer", kinks="partial by x1 is 0 at x0 = 0", cost=TRANSCENDENTAL, ulp=1.0,
    ),
    Op("sqrt", 1, sqrt(x0), ((Rational(1, 2), over(v)),), domain="x0 >= 0", cost=ROOT),
    Op("cbrt", 1, fn.cbrt(x0), ((over(3 * v * v),),), fn.cbrt, cost=TRANSCENDENTAL, ulp=1.0),
    Op(
        "hypot", 2, fn.hypot(x0, x1),
        ((Piecewise((0, Eq(v, 0)), (x0 / v, True)),), (Piecewise((0, Eq(v, 0)), (x1 / v, True)),)),
        fn.hypot, kinks="partials are 0 at (0, 0)", cost=ROOT, ulp=1.0,
    ),
    # exponentials and logarithms
    Op("exp", 1, exp(x0), ((v,),), sympy.exp, cost=TRANSCENDENTAL, ulp=1.0),
    Op("expm1", 1, fn.expm1(x0), ((exp(x0),),), fn.expm1, cost=TRANSCENDENTAL, ulp=1.0),
    Op("log", 1, log(x0), ((over(x0),),), sympy.log, domain="x0 > 0", cost=TRANSCENDENTAL, ulp=1.0),
    Op("log1p", 1, fn.log1p(x0), ((over(1 + x0),),), fn.log1p, domain="x0 > -1", cost=TRANSCENDENTAL, ulp=1.0),
    Op(
        "sigmoid", 1, 1 / (1 + exp(-x0)), ((p, d, d),), fn.sigmoid, _LOGISTIC,
        Piecewise((1, x0 >= 0), (p, True)) * d, ulp=3.0, cost=TRANSCENDENTAL,
    ),
    Op(
        "softplus", 1, log(1 + exp(x0)), ((fn.sigmoid(x0),),), fn.softplus, ((p, exp(-Abs(x0))),),
        Max(x0, 0) + fn.log1p(p), ulp=3.0, cost=2 * TRANSCENDENTAL,
    ),
    # trigonometric
    Op("sin", 1, sin(x0), ((cos(x0),),), sympy.sin, cost=TRANSCENDENTAL, ulp=1.0),
    Op("cos", 1, cos(x0), ((-sin(x0),),), sympy.cos, cost=TRANSCENDENTAL, ulp=1.0),
    Op("tan", 1, tan(x0), ((1 + v * v,),), sympy.tan, domain="cos(x0) != 0", cost=TRANSCENDENTAL, ulp=1.0),
    Op(
        "asin", 1, asin(x0), ((over(sqrt((1 - x0) * (1 + x0))),),), sympy.asin, domain="|x0| <= 1", cost=TRANSCENDENTAL,
        ulp=1.0,
    ),
    Op(
        "acos", 1, acos(x0), ((Integer(-1), over(sqrt((1 - x0) * (1 + x0)))),), sympy.acos, domain="|x0| <= 1",
        cost=TRANSCENDENTAL, ulp=1.0,
    ),
    Op("atan", 1, atan(x0), ((over(1 + x0 * x0),),), sympy.atan, cost=TRANSCENDENTAL, ulp=1.0),
    Op(
        "atan2", 2, atan2(x0, x1), ((x1 / r, over(r)), (-x0 / r, over(r))), sympy.atan2, ((r, fn.hypot(x0, x1)),),
        domain="(x0, x1) != (0, 0)", kinks="jumps by 2*pi across x1 < 0, x0 = 0", cost=TRANSCENDENTAL, ulp=1.0,
    ),
    Op(
        "sinc", 1, sinc(x0), ((_DSINC,),), sympy.sinc, ((u, x0 * x0),), Piecewise((1, Eq(x0, 0)), (sin(x0) / x0, True)),
        cost=TRANSCENDENTAL, ulp=2.0,
    ),
    # hyperbolic
    Op("sinh", 1, sinh(x0), ((cosh(x0),),), sympy.sinh, cost=TRANSCENDENTAL, ulp=1.0),
    Op("cosh", 1, cosh(x0), ((sinh(x0),),), sympy.cosh, cost=TRANSCENDENTAL, ulp=1.0),
    Op("tanh", 1, tanh(x0), ((s, s),), sympy.tanh, _SECH, cost=TRANSCENDENTAL, ulp=1.0),
    Op("sech", 1, sympy.sech(x0), ((-tanh(x0), v),), sympy.sech, _SECH, s, cost=TRANSCENDENTAL, ulp=3.0),
    Op("asinh", 1, asinh(x0), ((over(fn.hypot(1, x0)),),), sympy.asinh, cost=TRANSCENDENTAL, ulp=1.0),
    Op(
        "acosh", 1, acosh(x0), ((over(sqrt(x0 - 1) * sqrt(x0 + 1)),),), sympy.acosh, domain="x0 >= 1", cost=TRANSCENDENTAL,
        ulp=1.0,
    ),
    Op("atanh", 1, atanh(x0), ((over((1 - x0) * (1 + x0)),),), sympy.atanh, domain="|x0| < 1", cost=TRANSCENDENTAL, ulp=1.0),
    # piecewise linear
    Op("abs", 1, Abs(x0), ((sign(x0),),), sympy.Abs, kinks="0 at 0", ulp=0.0),
    Op("sign", 1, sign(x0), (_ZERO,), sympy.sign, kinks="0 at 0", ulp=0.0),
    Op("heaviside", 2, sympy.Heaviside(x0, x1), (_ZERO, _ZERO), sympy.Heaviside, kinks="0 at 0", ulp=0.0),
    Op("max", 2, Max(x0, x1), (_ABOVE, _BELOW), sympy.Max, kinks="1/2 each where x0 = x1", ulp=0.0),
    Op("min", 2, sympy.Min(x0, x1), (_BELOW, _ABOVE), sympy.Min, kinks="1/2 each where x0 = x1", ulp=0.0),
    Op(
        "relu", 1, Max(x0, 0), ((Piecewise((1, x0 > 0), (0, True)),),), fn.relu, (), Max(x0, 0), kinks="0 at 0", ulp=0.0,
    ),
    # selection; the first operand of select is a truth value, and the adjoint hands the cotangent to the branch taken
    Op("select", 3, None, (_ZERO, _ONE, _ONE), ulp=0.0),
    *(Op(name, 2, None, (_ZERO, _ZERO), kinks="a jump", ulp=0.0) for name in ("lt", "le", "gt", "ge", "eq", "ne")),
    *(Op(name, 2, None, (_ZERO, _ZERO), ulp=0.0) for name in ("and", "or")),
    Op("not", 1, None, (_ZERO,), ulp=0.0),
    # the sum over rows; adjoint inserts it
    Op("rowsum", 1, None, (_ONE,), ulp=float("inf")),
)
# fmt: on

OPS = MappingProxyType({row.name: row for row in _ROWS})
"""Every op by name."""

FUNCTIONS = MappingProxyType({row.function: row.name for row in _ROWS if row.function is not None})
"""The op that a SymPy function lowers to."""
