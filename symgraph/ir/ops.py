"""The op table: the definition of each operation, its partials in a form that rounds well, its domain and its kinks.

A row is written in SymPy over placeholders: ``x0, x1, x2`` are the operands, ``v`` is the op's own value, and auxiliaries have
names of their own. ``value`` is the definition, the mathematical truth that tests hold the rest against. ``partials`` gives,
operand by operand, factors that multiply the cotangent one after another, from left to right; ``over(e)`` divides it by e,
which rounds once where multiplying by 1/e rounds twice; ``late(e)`` multiplies at the end of the whole product. A factor that
vanishes before the partial does, such as exp(-|x|), is written as two square roots, the second one late.
``stable``, where given, is the form that computes the value: such an op is composed of others and needs no text in a backend.

The figures of error rest on NumPy's functions (its AVX-512 library: below 1 ulp in float64, pull request 4 of numpy/SVML; at
most 4 in float32, pull request 19478 of numpy/numpy) and on glibc's (Zimmermann and others, Accuracy of Mathematical Functions
in Single, Double, Double Extended, and Quadruple Precision, HAL hal-03141101: tanh 2.2, acosh 2.3, sinh, cosh and asinh 1.9,
atanh 1.8, cbrt 3.7, erf 1.5, all others of the table below 1). Composed ops add the figures of their parts. Tests measure
both.

To add an op, add a row here and, unless it has a ``stable`` form, a row in the table of each backend.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import sympy

# fmt: off
from sympy import (
    Abs,
    E,
    Eq,
    Integer,
    Max,
    Min,
    Ne,
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
    erf,
    erfc,
    exp,
    factorial,
    log,
    pi,
    sign,
    sin,
    sinc,
    sinh,
    sqrt,
    tan,
    tanh,
)

# fmt: on
from symgraph.ir import functions as fn

ARITHMETIC, ROOT, TRANSCENDENTAL = 1, 5, 20
"""Rough costs of ops on one row, relative to an addition."""


@dataclass(frozen=True, slots=True)
class over:  # noqa: N801  reads as a word in the table
    """Factor of a local partial by which the cotangent is divided."""

    expr: Any


@dataclass(frozen=True, slots=True)
class late:  # noqa: N801
    """Factor that may be tiny where the rest of the chain is huge: it multiplies after all factors that are not late."""

    expr: Any


@dataclass(frozen=True, slots=True)
class Op:
    """Row of the op table.

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
        ulp: bound of the value's error in float64 for exact operands, in units of 2**-52 of the value, or of 2**-1074 where
            that is more; for NumPy's and for math's functions. inf where overflow or cancellation inside has no bound.
        ulp32: the same for NumPy's functions on float32, in units of 2**-23 of the value or of 2**-149.
        partial_ulp: for each operand a bound of the error of an exact cotangent times the partial, in float64, where no
            intermediate product leaves the normal numbers.
        note: what ulp or partial_ulp are relative to, where that is not the result.
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
    ulp32: float = 0.5
    partial_ulp: tuple[float, ...] = ()
    note: str = ""


x0, x1, x2 = sympy.symbols("x0:3", real=True)
v = Symbol("v", real=True)
a, b, d, g, h, m, n, p, q, r, s, t, u = sympy.symbols("a b d g h m n p q r s t u", real=True)

_HALF = Rational(1, 2)
_ONE = (Integer(1),)
_ZERO: tuple[Any, ...] = ()
_ABOVE = (Piecewise((1, x0 > x1), (_HALF, Eq(x0, x1)), (0, True)),)
_BELOW = (Piecewise((1, x0 < x1), (_HALF, Eq(x0, x1)), (0, True)),)

_LOGISTIC = ((p, exp(-Abs(x0))), (d, 1 / (1 + p)), (q, exp(-Abs(x0) / 2)))
_DIFFERENCE = (
    (u, x0 - x1), (p, exp(-Abs(u))), (d, 1 / (1 + p)), (g, exp(Min(u, 0) / 2)), (h, exp(-Max(u, 0) / 2)),
)  # fmt: skip
_SECH = ((h, exp(-Abs(x0))), (s, 2 * h / (1 + h * h)), (q, exp(-Abs(x0) / 2)))

# the operands divided by the larger of them, so that no square leaves the range of numbers; at (0, 0) both stay 0
_SCALED = (
    (m, Max(Abs(x0), Abs(x1))), (g, Piecewise((1, Eq(m, 0)), (m, True))), (a, x0 / g), (b, x1 / g), (r, Max(a * a + b * b, 1)),
)  # fmt: skip

# 1 + x0*x0 = m * (1/m + a*n), which does not overflow
_SQUARE_AND_ONE = ((a, Abs(x0)), (m, Max(a, 1)), (n, Min(a, 1)))

# 1 + log(x0) is 0 at 1/e: near it log1p(t) with t = e*x0 - 1, for which 1/e is subtracted in four parts, the first three of 24
# bits so that the differences are exact where they are small, in float32 as well
_PARTS = (Rational(12343986, 2**25), Rational(-10301709, 2**50), Rational(16307671, 2**75), Rational(-1.009709599020602e-24))
_XLOGX = ((a, x0 - _PARTS[0]), (b, a - _PARTS[1]), (d, b - _PARTS[2]), (t, E * (d - _PARTS[3])))

# sinc'(x) = (cos(x) - sinc(x)) / x cancels near 0; below 3/2 its Taylor series by Horner's rule in u = x*x, up to x**33: the
# next term is below 2**-110 of the sum there, as accurate modules need it.
_SERIES = Integer(0)
for _n in range(17, 0, -1):
    _SERIES = Rational((-1) ** _n * 2 * _n, factorial(2 * _n + 1)) + u * _SERIES
_DSINC = Piecewise((x0 * _SERIES, Abs(x0) < Rational(3, 2)), ((cos(x0) - v) / x0, True))

# the slope 2*x*v - erfcx(x) of ierfcx is -2*v/(x + (3/2)/(x + 2/(x + (5/2)/(x + ...)))), by the continued fraction of erfc
# (NIST DLMF 7.9.3); from 16 on the rest that is cut off is below 2**-106 of it, as accurate modules need it
_REST: Any = Rational(21, 2) / m
with sympy.evaluate(False):  # it would ask for signs over and over, and find nothing to do
    for _n in range(20, 2, -1):
        _REST = Rational(_n, 2) * (m + _REST) ** -1
    _REST = sympy.Mul(-2, v, (m + _REST) ** -1)
_DIERFCX = Piecewise((2 * x0 * v - fn.erfcx(x0), x0 < 16), (_REST, True))

# erfc(|x0|), and the slope of the logarithm of erfc(x0) = 2 - erfc(-x0): -2/sqrt(pi) * gauss(x0) / erfc(x0)
_LOG_ERFC = ((g, fn.gauss(x0)), (a, fn.erfcx(Abs(x0))), (s, g * a))
_LOG_ERFC_SLOPE = (
    (-2 / sqrt(pi), over(Piecewise((a, x0 > 0), (2 - s, True))), late(Piecewise((1, x0 > 0), (g, True)))),
)  # fmt: skip

_AWAY = Piecewise((1, Eq(x0, 0)), (x0, True))  # x0, or 1 at 0
_STEEP = x1 < _HALF  # there x1 - 1 would round, and v is a normal number where x0 is
_POWER = Piecewise((Piecewise((1, Eq(x0, 0)), (v, True)), _STEEP), (x0 ** (x1 - 1), True))
_DIVISOR = Piecewise((x0, _STEEP & Ne(x1, 0)), (1, True))

# fmt: off
_ROWS = (
    # arithmetic
    Op("add", 2, x0 + x1, (_ONE, _ONE), partial_ulp=(0.0, 0.0)),
    Op("sub", 2, x0 - x1, (_ONE, (Integer(-1),)), partial_ulp=(0.0, 0.0)),
    Op("mul", 2, x0 * x1, ((x1,), (x0,)), partial_ulp=(0.5, 0.5)),
    Op("div", 2, x0 / x1, ((over(x1),), (over(x1), -v)), domain="x1 != 0", partial_ulp=(0.5, 1.5)),
    Op("neg", 1, -x0, ((Integer(-1),),), ulp=0.0, ulp32=0.0, partial_ulp=(0.0,)),
    Op(
        "pow", 2, x0**x1, ((x1, _POWER, over(_DIVISOR)), (v, log(_AWAY))), domain="x0 > 0, or x1 a constant integer",
        kinks="partial by x1 is 0 at x0 = 0", cost=TRANSCENDENTAL, ulp=1.0, ulp32=4.0, partial_ulp=(2.5, 3.0),
        note="partial by x0: for x1 up to 2**53, beyond which x1 - 1 rounds",
    ),
    Op("sqrt", 1, sqrt(x0), ((_HALF, over(v)),), domain="x0 >= 0", cost=ROOT, partial_ulp=(1.0,)),
    Op("cbrt", 1, fn.cbrt(x0), ((over(3 * v * v),),), fn.cbrt, cost=TRANSCENDENTAL, ulp=4.0, ulp32=4.0, partial_ulp=(9.5,)),
    Op(
        "hypot", 2, fn.hypot(x0, x1), ((a / sqrt(r),), (b / sqrt(r),)), fn.hypot, _SCALED, kinks="partials are 0 at (0, 0)",
        cost=ROOT, ulp=1.0, ulp32=1.0, partial_ulp=(3.0, 3.0),
    ),
    # exponentials and logarithms
    Op("exp", 1, exp(x0), ((v,),), sympy.exp, cost=TRANSCENDENTAL, ulp=1.0, ulp32=4.0, partial_ulp=(1.5,)),
    Op("expm1", 1, fn.expm1(x0), ((exp(x0),),), fn.expm1, cost=TRANSCENDENTAL, ulp=1.0, ulp32=4.0, partial_ulp=(1.5,)),
    Op(
        "log", 1, log(x0), ((over(x0),),), sympy.log, domain="x0 > 0", cost=TRANSCENDENTAL, ulp=1.0, ulp32=4.0,
        partial_ulp=(0.5,),
    ),
    Op(
        "log1p", 1, fn.log1p(x0), ((over(1 + x0),),), fn.log1p, domain="x0 > -1", cost=TRANSCENDENTAL, ulp=1.0, ulp32=4.0,
        partial_ulp=(1.0,),
    ),
    Op(
        "sigmoid", 1, 1 / (1 + exp(-x0)), ((q, d, d, late(q)),), fn.sigmoid, _LOGISTIC,
        Piecewise((1, x0 >= 0), (p, True)) * d, ulp=3.0, ulp32=8.0, partial_ulp=(7.0,), cost=TRANSCENDENTAL,
    ),
    Op(
        "softplus", 1, log(1 + exp(x0)), ((h, d, late(h)),), fn.softplus, (*_LOGISTIC[:2], (h, exp(Min(x0, 0) / 2))),
        Max(x0, 0) + fn.log1p(p), ulp=3.0, ulp32=10.0, partial_ulp=(5.0,), cost=2 * TRANSCENDENTAL,
    ),
    Op(
        "log_sigmoid", 1, -log(1 + exp(-x0)), ((h, d, late(h)),), fn.log_sigmoid, (*_LOGISTIC[:2], (h, exp(-Max(x0, 0) / 2))),
        Min(x0, 0) - fn.log1p(p), ulp=3.0, ulp32=10.0, partial_ulp=(5.0,), cost=2 * TRANSCENDENTAL,
    ),
    Op(
        "logit", 1, log(x0 / (1 - x0)), ((over(x0), over(1 - x0)),), fn.logit, (),
        Piecewise((log(x0 / (1 - x0)), x0 < Rational(1, 4)), (fn.log1p((2 * x0 - 1) / (1 - x0)), True)),
        domain="0 < x0 < 1", ulp=3.0, ulp32=6.0, partial_ulp=(1.5,), cost=2 * TRANSCENDENTAL,
    ),
    Op(
        "logaddexp", 2, log(exp(x0) + exp(x1)), ((g, d, late(g)), (h, d, late(h))), fn.logaddexp, _DIFFERENCE,
        Max(x0, x1) + fn.log1p(p), ulp=3.0, ulp32=8.0, partial_ulp=(5.0, 5.0), cost=2 * TRANSCENDENTAL,
        note="value: of the largest of |x0|, |x1|, |v|; partials: |x0 - x1|/2 more, as x0 - x1 rounds",
    ),
    Op(
        "xlogx", 1, Piecewise((0, Eq(x0, 0)), (x0 * log(x0), True)),
        ((Piecewise((fn.log1p(t), Abs(t) < _HALF), (1 + log(x0), True)),),), fn.xlogx, _XLOGX, x0 * log(_AWAY),
        domain="x0 >= 0", ulp=1.5, ulp32=5.0, partial_ulp=(4.0,), cost=TRANSCENDENTAL,
    ),
    Op(
        "xlogy", 2, Piecewise((0, Eq(x0, 0)), (x0 * log(x1), True)), ((log(x1),), (x0, over(g))), fn.xlogy,
        ((g, Piecewise((1, Eq(x0, 0)), (x1, True))),), x0 * log(g), domain="x1 > 0, or x0 = 0",
        ulp=1.5, ulp32=5.0, partial_ulp=(1.5, 1.0), cost=TRANSCENDENTAL,
    ),
    # trigonometric
    Op("sin", 1, sin(x0), ((cos(x0),),), sympy.sin, cost=TRANSCENDENTAL, ulp=1.0, ulp32=4.0, partial_ulp=(1.5,)),
    Op("cos", 1, cos(x0), ((-sin(x0),),), sympy.cos, cost=TRANSCENDENTAL, ulp=1.0, ulp32=4.0, partial_ulp=(1.5,)),
    Op(
        "tan", 1, tan(x0), ((1 + v * v,),), sympy.tan, domain="cos(x0) != 0", cost=TRANSCENDENTAL, ulp=1.0, ulp32=4.0,
        partial_ulp=(3.5,),
    ),
    Op(
        "asin", 1, asin(x0), ((over(sqrt((1 - x0) * (1 + x0))),),), sympy.asin, domain="|x0| <= 1", cost=TRANSCENDENTAL,
        ulp=1.0, ulp32=4.0, partial_ulp=(2.0,),
    ),
    Op(
        "acos", 1, acos(x0), ((Integer(-1), over(sqrt((1 - x0) * (1 + x0)))),), sympy.acos, domain="|x0| <= 1",
        cost=TRANSCENDENTAL, ulp=1.0, ulp32=4.0, partial_ulp=(2.0,),
    ),
    Op(
        "atan", 1, atan(x0), ((over(m), over(1 / m + a * n)),), sympy.atan, _SQUARE_AND_ONE, cost=TRANSCENDENTAL, ulp=1.0,
        ulp32=4.0, partial_ulp=(2.0,),
    ),
    Op(
        "atan2", 2, atan2(x0, x1), ((b / r, over(m)), (-a / r, over(m))), sympy.atan2, _SCALED,
        domain="(x0, x1) != (0, 0)", kinks="jumps by 2*pi across x1 < 0, x0 = 0", cost=TRANSCENDENTAL, ulp=1.0, ulp32=4.0,
        partial_ulp=(4.0, 4.0),
    ),
    Op(
        "sinc", 1, sinc(x0), ((_DSINC,),), sympy.sinc, ((u, x0 * x0),), Piecewise((1, Eq(x0, 0)), (sin(x0) / x0, True)),
        cost=TRANSCENDENTAL, ulp=1.5, ulp32=5.0, partial_ulp=(3.0,),
        note="partial, above 3/2: of (|cos(x0)| + |v|) / |x0|, the terms that cancel where it is near 0",
    ),
    # hyperbolic
    Op("sinh", 1, sinh(x0), ((cosh(x0),),), sympy.sinh, cost=TRANSCENDENTAL, ulp=2.0, ulp32=4.0, partial_ulp=(2.5,)),
    Op("cosh", 1, cosh(x0), ((sinh(x0),),), sympy.cosh, cost=TRANSCENDENTAL, ulp=2.0, ulp32=4.0, partial_ulp=(2.5,)),
    Op("tanh", 1, tanh(x0), ((s, late(s)),), sympy.tanh, _SECH, cost=TRANSCENDENTAL, ulp=2.5, ulp32=4.0, partial_ulp=(5.5,)),
    Op(
        "sech", 1, sympy.sech(x0), ((-tanh(x0), q, 2 / (1 + h * h), late(q)),), sympy.sech, _SECH, s, cost=TRANSCENDENTAL,
        ulp=3.0, ulp32=6.0, partial_ulp=(8.5,),
    ),
    Op(
        "asinh", 1, asinh(x0), ((over(fn.hypot(1, x0)),),), sympy.asinh, cost=TRANSCENDENTAL, ulp=2.0, ulp32=4.0,
        partial_ulp=(1.5,),
    ),
    Op(
        "acosh", 1, acosh(x0), ((over(sqrt(x0 - 1) * sqrt(x0 + 1)),),), sympy.acosh, domain="x0 >= 1", cost=TRANSCENDENTAL,
        ulp=2.5, ulp32=4.0, partial_ulp=(2.5,),
    ),
    Op(
        "atanh", 1, atanh(x0), ((over((1 - x0) * (1 + x0)),),), sympy.atanh, domain="|x0| < 1", cost=TRANSCENDENTAL, ulp=2.0,
        ulp32=4.0, partial_ulp=(2.0,),
    ),
    # the error functions; NumPy has none, so modules bring their own, as they do for exp(-x*x), whose square must not round
    # (its value is 0 long before x0 is cut off, which keeps inf * 0 away)
    Op(
        "gauss", 1, exp(-(x0**2)), ((-2 * Max(Min(x0, 10**9), -(10**9)), late(v)),), fn.gauss, cost=TRANSCENDENTAL, ulp=1.5,
        ulp32=1.0, partial_ulp=(2.5,),
    ),
    Op(
        "erf", 1, erf(x0), ((2 / sqrt(pi), late(fn.gauss(x0))),), sympy.erf, cost=2 * TRANSCENDENTAL, ulp=1.5, ulp32=1.0,
        partial_ulp=(3.0,),
    ),
    Op(
        "erfc", 1, erfc(x0), ((-2 / sqrt(pi), late(fn.gauss(x0))),), sympy.erfc, cost=2 * TRANSCENDENTAL, ulp=3.0, ulp32=1.0,
        partial_ulp=(3.0,),
    ),
    # scaled by exp(x*x), so that nothing underflows: erfc and its integral; the slope 2*x*v - 2/sqrt(pi) of erfcx would cancel
    Op(
        "erfcx", 1, exp(x0**2) * erfc(x0), ((Integer(-2), fn.ierfcx(x0)),), fn.erfcx, domain="all reals; inf below -26.6",
        cost=2 * TRANSCENDENTAL, ulp=3.0, ulp32=1.0, partial_ulp=(4.5,),
    ),
    Op(
        "ierfcx", 1, 1 / sqrt(pi) - x0 * exp(x0**2) * erfc(x0), ((_DIERFCX,),), fn.ierfcx, ((m, Max(x0, 16)),),
        domain="all reals; inf below -26.5", cost=2 * TRANSCENDENTAL, ulp=4.0, ulp32=1.0, partial_ulp=(4.0,),
        note="partial, below 16: of 2*|x0|*v + erfcx(x0), the terms that cancel for x0 > 0",
    ),
    Op(
        "log_erfc", 1, log(erfc(x0)), _LOG_ERFC_SLOPE, fn.log_erfc, _LOG_ERFC,
        Piecewise((log(a) - x0 * x0, x0 > _HALF), (fn.log1p(-erf(x0)), True)), ulp=4.0, ulp32=8.0,
        partial_ulp=(6.0,), cost=4 * TRANSCENDENTAL,
    ),
    Op(
        "log_half_erfc", 1, log(erfc(x0) / 2), _LOG_ERFC_SLOPE, fn.log_half_erfc, _LOG_ERFC,
        Piecewise((log(a / 2) - x0 * x0, x0 > 0), (fn.log1p(-s / 2), True)), ulp=4.0, ulp32=8.0, partial_ulp=(6.0,),
        cost=3 * TRANSCENDENTAL,
    ),
    # piecewise linear
    Op("abs", 1, Abs(x0), ((sign(x0),),), sympy.Abs, kinks="0 at 0", ulp=0.0, ulp32=0.0, partial_ulp=(0.0,)),
    Op("sign", 1, sign(x0), (_ZERO,), sympy.sign, kinks="0 at 0", ulp=0.0, ulp32=0.0),
    Op("heaviside", 2, sympy.Heaviside(x0, x1), (_ZERO, _ZERO), sympy.Heaviside, kinks="0 at 0", ulp=0.0, ulp32=0.0),
    Op(
        "max", 2, Max(x0, x1), (_ABOVE, _BELOW), sympy.Max, kinks="1/2 each where x0 = x1", ulp=0.0, ulp32=0.0,
        partial_ulp=(0.0, 0.0),
    ),
    Op(
        "min", 2, Min(x0, x1), (_BELOW, _ABOVE), sympy.Min, kinks="1/2 each where x0 = x1", ulp=0.0, ulp32=0.0,
        partial_ulp=(0.0, 0.0),
    ),
    Op(
        "relu", 1, Max(x0, 0), ((Piecewise((1, x0 > 0), (0, True)),),), fn.relu, (), Max(x0, 0), kinks="0 at 0", ulp=0.0,
        ulp32=0.0, partial_ulp=(0.0,),
    ),
    # selection; the first operand of select is a truth value, and the adjoint hands the cotangent to the branch taken
    Op("select", 3, None, (_ZERO, _ONE, _ONE), ulp=0.0, ulp32=0.0),
    *(Op(name, 2, None, (_ZERO, _ZERO), kinks="a jump", ulp=0.0, ulp32=0.0) for name in ("lt", "le", "gt", "ge", "eq", "ne")),
    *(Op(name, 2, None, (_ZERO, _ZERO), ulp=0.0, ulp32=0.0) for name in ("and", "or")),
    Op("not", 1, None, (_ZERO,), ulp=0.0, ulp32=0.0),
    # a number on which the root does not depend, such as the largest exponent that a sum of exponentials is scaled by
    Op("stop", 1, None, (_ZERO,), stable=x0, ulp=0.0, ulp32=0.0),
    # the sum over rows; adjoint inserts it
    Op("rowsum", 1, None, (_ONE,), ulp=float("inf"), ulp32=float("inf")),
)
# fmt: on

OPS = MappingProxyType({row.name: row for row in _ROWS})
"""Rows of the op table by name."""

EVEN = frozenset({"abs", "cos", "cosh", "gauss", "sech", "sinc"})
"""Functions whose value does not depend on the sign of their operand."""

ODD = frozenset({"sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh", "cbrt", "sign", "erf"})
"""Functions that change their sign with their operand."""

FUNCTIONS = MappingProxyType({row.function: row.name for row in _ROWS if row.function is not None})
"""Name of the op that each SymPy function lowers to."""
