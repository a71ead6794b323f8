"""The op table: one literal row for each operation, with all that the program states about it; ``op.py`` explains the columns.

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
"""

import math
import operator
from types import MappingProxyType
from typing import Any

import mpmath
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
from symgraph.ir.inverse_erfc import dawson, erfcinv, faddeeva, faddeeva_slope, ndtri
from symgraph.ir.op import (
    FALLING,
    HILL,
    REALS,
    REFUSED,
    RISING,
    ROOT,
    TRANSCENDENTAL,
    VALLEY,
    WHOLE_NUMBERS,
    Op,
    Span,
    arrays,
    everywhere,
    late,
    library,
    named,
    over,
    own,
    scipy,
)
from symgraph.ir.optext import Level, OpText, OpTexts, call, comparison, infix
from symgraph.ir.scaled_erfc import erfcx, ierfcx, log_erfc, log_half_erfc

x0, x1, x2 = sympy.symbols("x0:3", real=True)
v = Symbol("v", real=True)
a, b, d, g, h, m, n, p, q, r, s, t, u = sympy.symbols("a b d g h m n p q r s t u", real=True)

_HALF = Rational(1, 2)
_ONE = (Integer(1),)
_ZERO: tuple[Any, ...] = ()
_ATOM, _TERNARY = (Level.ATOM,), (Level.BITOR,)
_PI = 3.1415926535897936  # rounded upward
POSITIVE, FROM_0 = Span(0.0), Span(0.0, ends="[)")
_UNIT, _QUARTERS = Span(-1.0, 1.0, "[]"), Span(-_PI / 2, _PI / 2, "[]")
_REAL: dict[str, Any] = {"domain": REALS, "range": REALS}
_EXACT: dict[str, Any] = {"ulp": 0.0, "ulp32": 0.0}
_ROUNDED: dict[str, Any] = {"ulp": 0.5, "ulp32": 0.5}
_FUNCTION: dict[str, Any] = {"cost": TRANSCENDENTAL, "ulp": 1.0, "ulp32": 4.0}
_ABOVE = (Piecewise((1, x0 > x1), (_HALF, Eq(x0, x1)), (0, True)),)
_BELOW = (Piecewise((1, x0 < x1), (_HALF, Eq(x0, x1)), (0, True)),)

_LOGISTIC = ((p, exp(-Abs(x0))), (d, 1 / (1 + p)), (q, exp(-Abs(x0) / 2)))
_DIFFERENCE = (
    (u, x0 - x1), (p, exp(-Abs(u))), (d, 1 / (1 + p)), (g, exp(Min(u, 0) / 2)), (h, exp(-Max(u, 0) / 2)),
)  # fmt: skip
_NORMAL = ((g, fn.gauss(x0 / 2)), (d, fn.erfcx(Abs(x0) / sqrt(2))), (a, g * d / 2 * g))
"""exp(-x0**2/2) as a square, whose root is of an exact number; the scaled tail, and the tail of the normal law beyond |x0|."""
_SECH = ((h, exp(-Abs(x0))), (s, 2 * h / (1 + h * h)), (q, exp(-Abs(x0) / 2)))

_CSCH = ((p, Abs(x0)), (s, -2 * exp(-p) / fn.expm1(-2 * p)))

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

_GAMMA: dict[str, Any] = {"cost": 2 * TRANSCENDENTAL, "ulp32": 1.0}
_REFLECTED = "below 0: of |v| and the function of 1 - x0, of which v is a difference"

# log(beta) by what Stirling's formula lacks of log(gamma) (NIST DLMF 5.11.1), in which the large terms have cancelled; the
# coefficients are B(2k)/(2k*(2k - 1)), and the next term is below 2**-54 at 10
_STIRLING: tuple[Any, ...] = (
    *(Rational(1, 12), Rational(-1, 360), Rational(1, 1260), Rational(-1, 1680), Rational(1, 1188)),
    *(Rational(-691, 360360), Rational(1, 156), Rational(-3617, 122400)),
)


def _stirling(x: Any) -> Any:
    total = Integer(0)
    for coefficient in reversed(_STIRLING):
        total = coefficient + total / (x * x)
    return total / x


_BETALN = (
    (m, Min(x0, x1)), (n, Max(x0, x1)), (s, m + n), (t, fn.log1p(-m / s)), (r, Max(m, 10)), (p, Max(n, 10)), (q, Max(s, 10)),
    (d, _stirling(p) - _stirling(q)),
)  # fmt: skip
_BOTH_LARGE = (log(2 * pi) - log(n)) / 2 + (_stirling(r) + d) + (m - _HALF) * log(m / s) + n * t
_ONE_LARGE = sympy.loggamma(m) + d + (m - m * log(s)) + (n - _HALF) * t

# 1 - 2*x*dawson(x) cancels; from 8 on by its asymptotic series in u = 1/(2*x*x), whose next term is below 2**-60 of the sum
_FAR_DAWSON = Integer(0)
for _n in range(22, 0, -1):
    _FAR_DAWSON = u * (2 * _n - 1) * (1 + _FAR_DAWSON)
_DDAWSON = Piecewise((1 - 2 * x0 * v, Abs(x0) < 8), (-_FAR_DAWSON, True))

_FADDEEVA_NOTE = (
    "of the modulus of the complex number that v, or the slope, is a part of; slopes below |z| = 8: of the terms that cancel"
)
_WAVES = "beyond the order: of the waves' height, sqrt(J**2 + Y**2); |x0|/2 more, as x0 - pi/4 rounds"
_BESSEL = (
    ("j", sympy.besselj, REALS, _HALF, -_HALF), ("y", sympy.bessely, POSITIVE, _HALF, -_HALF),
    ("i", sympy.besseli, REALS, _HALF, _HALF), ("k", sympy.besselk, POSITIVE, -_HALF, -_HALF),
)  # fmt: skip
"""Letter, class, domain, and the factors of the functions of the orders below and above in the slope (DLMF 10.6.1, 10.29.1)."""
_BESSEL_FIGURES: dict[str, Any] = {"cost": 3 * TRANSCENDENTAL, "ulp": 8.0, "ulp32": 1.0}


def _of_order(kind: str, order: int) -> Any:
    return lambda a: getattr(mpmath, f"bessel{kind}")(order, a)


# fmt: off
_ROWS = (
    # arithmetic
    Op("add", 2, x0 + x1, (_ONE, _ONE), **_REAL, numbers=operator.add, **everywhere(infix("+", Level.SUM)),
       **named("add"), **_ROUNDED, partial_ulp=(0.0, 0.0)),
    Op("sub", 2, x0 - x1, (_ONE, (Integer(-1),)), **_REAL, numbers=operator.sub, **everywhere(infix("-", Level.SUM)),
       **named("sub"), **_ROUNDED, partial_ulp=(0.0, 0.0)),
    Op("mul", 2, x0 * x1, ((x1,), (x0,)), **_REAL, numbers=operator.mul, **everywhere(infix("*", Level.PRODUCT)),
       **named("mul"), **_ROUNDED, partial_ulp=(0.5, 0.5)),
    Op("div", 2, x0 / x1, ((over(x1),), (over(x1), -v)), **_REAL, besides="x1 != 0", numbers=operator.truediv,
       **everywhere(infix("/", Level.PRODUCT)), **named("div"), **_ROUNDED, partial_ulp=(0.5, 1.5)),
    # -a * b negates a first, which gives the same bits as -(a * b); C binds a sign to the operand behind it
    Op("neg", 1, -x0, ((Integer(-1),),), **_REAL, numbers=operator.neg, **named("neg"), **_EXACT, partial_ulp=(0.0,),
       **everywhere(OpText("-{0}", Level.PRODUCT, (Level.PRODUCT,))) | {"c": OpText("-{0}", Level.UNARY, _ATOM)}),
    Op("pow", 2, x0**x1, ((x1, _POWER, over(_DIVISOR)), (v, log(_AWAY))), domain=(POSITIVE, REALS), range=REALS,
       besides="or x1 a constant integer", kinks="partial by x1 is 0 at x0 = 0",
       **library("pow", "power") | {"mpmath": "power"}, cost=TRANSCENDENTAL, ulp=1.0, ulp32=4.0, partial_ulp=(2.5, 3.0),
       note="partial by x0: for x1 up to 2**53, beyond which x1 - 1 rounds"),
    Op("sqrt", 1, sqrt(x0), ((_HALF, over(v)),), domain=FROM_0, range=FROM_0, trend=RISING, **library("sqrt"), cost=ROOT,
       **_ROUNDED, partial_ulp=(1.0,)),
    Op("cbrt", 1, fn.cbrt(x0), ((over(3 * v * v),),), fn.cbrt, **_REAL, trend=RISING, parity=-1,
       **library("cbrt") | {"mpmath": lambda a: mpmath.sign(a) * mpmath.cbrt(abs(a))},  # mpmath's own is complex below 0
       cost=TRANSCENDENTAL, ulp=4.0, ulp32=4.0, partial_ulp=(9.5,)),
    Op("hypot", 2, fn.hypot(x0, x1), ((a / sqrt(r),), (b / sqrt(r),)), fn.hypot, _SCALED, domain=REALS, range=FROM_0,
       kinks="partials are 0 at (0, 0)", bounded_slope=True, **library("hypot"), cost=ROOT, ulp=1.0, ulp32=1.0,
       partial_ulp=(3.0, 3.0), again=((sin(atan2(x0, x1)),), (cos(atan2(x0, x1)),))),
    # exponentials and logarithms
    Op("exp", 1, exp(x0), ((v,),), sympy.exp, domain=REALS, range=POSITIVE, trend=RISING, steep=True,
       **library("exp"), loop="@exp_", **_FUNCTION, partial_ulp=(1.5,)),
    Op("expm1", 1, fn.expm1(x0), ((exp(x0),),), fn.expm1, domain=REALS, range=Span(-1.0), trend=RISING, steep=True,
       **library("expm1"), loop="@expm1_", **_FUNCTION, partial_ulp=(1.5,)),
    Op("log", 1, log(x0), ((over(x0),),), sympy.log, domain=POSITIVE, range=REALS, trend=RISING, **library("log"), loop="@log_",
       **_FUNCTION, partial_ulp=(0.5,)),
    Op("log1p", 1, fn.log1p(x0), ((over(1 + x0),),), fn.log1p, domain=Span(-1.0), range=REALS, trend=RISING, **library("log1p"),
       loop="@log1p_", **_FUNCTION, partial_ulp=(1.0,)),
    Op("sigmoid", 1, 1 / (1 + exp(-x0)), ((q, d, d, late(q)),), fn.sigmoid, _LOGISTIC, Piecewise((1, x0 >= 0), (p, True)) * d,
       domain=REALS, range=Span(0.0, 1.0), trend=RISING, bounded_slope=True, reference="sigmoid", ulp=3.0, ulp32=8.0,
       partial_ulp=(7.0,), cost=TRANSCENDENTAL, again=((Rational(1, 4), sympy.sech(x0 / 2), late(sympy.sech(x0 / 2))),)),
    Op("softplus", 1, log(1 + exp(x0)), ((h, d, late(h)),), fn.softplus, (*_LOGISTIC[:2], (h, exp(Min(x0, 0) / 2))),
       Max(x0, 0) + fn.log1p(p), domain=REALS, range=POSITIVE, trend=RISING, bounded_slope=True, reference="softplus", ulp=3.0,
       ulp32=10.0, partial_ulp=(5.0,), cost=2 * TRANSCENDENTAL, again=((fn.sigmoid(x0),),)),
    Op("log_sigmoid", 1, -log(1 + exp(-x0)), ((h, d, late(h)),), fn.log_sigmoid, (*_LOGISTIC[:2], (h, exp(-Max(x0, 0) / 2))),
       Min(x0, 0) - fn.log1p(p), domain=REALS, range=Span(high=0.0), trend=RISING, bounded_slope=True, reference="log_sigmoid",
       ulp=3.0, ulp32=10.0, partial_ulp=(5.0,), cost=2 * TRANSCENDENTAL, again=((fn.sigmoid(-x0),),)),
    Op("logit", 1, log(x0 / (1 - x0)), ((over(x0), over(1 - x0)),), fn.logit, (),
       Piecewise((log(x0 / (1 - x0)), x0 < Rational(1, 4)), (fn.log1p((2 * x0 - 1) / (1 - x0)), True)),
       domain=Span(0.0, 1.0), range=REALS, trend=RISING, reference="logit", ulp=3.0, ulp32=6.0, partial_ulp=(1.5,),
       cost=2 * TRANSCENDENTAL),
    Op("logaddexp", 2, log(exp(x0) + exp(x1)), ((g, d, late(g)), (h, d, late(h))), fn.logaddexp, _DIFFERENCE,
       Max(x0, x1) + fn.log1p(p), **_REAL, bounded_slope=True, reference="logaddexp", ulp=3.0, ulp32=8.0,
       partial_ulp=(5.0, 5.0), cost=2 * TRANSCENDENTAL, again=((fn.sigmoid(x0 - x1),), (fn.sigmoid(x1 - x0),)),
       note="value: of the largest of |x0|, |x1|, |v|; partials: |x0 - x1|/2 more, as x0 - x1 rounds"),
    Op("xlogx", 1, Piecewise((0, Eq(x0, 0)), (x0 * log(x0), True)),
       ((Piecewise((fn.log1p(t), Abs(t) < _HALF), (1 + log(x0), True)),),), fn.xlogx, _XLOGX, x0 * log(_AWAY),
       domain=FROM_0, range=Span(-0.375), reference="xlogx", ulp=1.5, ulp32=5.0, partial_ulp=(4.0,), cost=TRANSCENDENTAL),
    Op("xlogy", 2, Piecewise((0, Eq(x0, 0)), (x0 * log(x1), True)), ((log(x1),), (x0, over(g))), fn.xlogy,
       ((g, Piecewise((1, Eq(x0, 0)), (x1, True))),), x0 * log(g), domain=(REALS, POSITIVE), besides="or x0 = 0", range=REALS,
       reference="xlogy", ulp=1.5, ulp32=5.0, partial_ulp=(1.5, 1.0), cost=TRANSCENDENTAL),
    # trigonometric
    Op("sin", 1, sin(x0), ((cos(x0),),), sympy.sin, domain=REALS, range=_UNIT, steep=True, parity=-1, bounded_slope=True,
       **library("sin"), loop=OpText("@sin_({0}, careful, &wide)"), **_FUNCTION, partial_ulp=(1.5,)),
    Op("cos", 1, cos(x0), ((-sin(x0),),), sympy.cos, domain=REALS, range=_UNIT, steep=True, parity=1, bounded_slope=True,
       **library("cos"), loop=OpText("@cos_({0}, careful, &wide)"), **_FUNCTION, partial_ulp=(1.5,)),
    Op("tan", 1, tan(x0), ((1 + v * v,),), sympy.tan, **_REAL, besides="cos(x0) != 0", steep=True, parity=-1, **library("tan"),
       **_FUNCTION, partial_ulp=(3.5,)),
    Op("sec", 1, sympy.sec(x0), ((v, tan(x0)),), sympy.sec, (), 1 / cos(x0), **_REAL, besides="cos(x0) != 0", steep=True,
       parity=1, reference="sec", cost=TRANSCENDENTAL, ulp=1.5, ulp32=5.0, partial_ulp=(4.0,)),
    Op("csc", 1, sympy.csc(x0), ((-v, over(tan(x0))),), sympy.csc, (), 1 / sin(x0), **_REAL, besides="sin(x0) != 0", steep=True,
       parity=-1, reference="csc", cost=TRANSCENDENTAL, ulp=1.5, ulp32=5.0, partial_ulp=(4.0,)),
    Op("cot", 1, sympy.cot(x0), ((Integer(-1), over(s), over(s)),), sympy.cot, ((s, sin(x0)),), 1 / tan(x0), **_REAL,
       besides="sin(x0) != 0", steep=True, parity=-1, reference="cot", cost=TRANSCENDENTAL, ulp=1.5, ulp32=5.0,
       partial_ulp=(3.5,)),
    Op("asin", 1, asin(x0), ((over(sqrt((1 - x0) * (1 + x0))),),), sympy.asin, domain=_UNIT, range=_QUARTERS, trend=RISING,
       parity=-1, **library("asin", "arcsin"), **_FUNCTION, partial_ulp=(2.0,)),
    Op("acos", 1, acos(x0), ((Integer(-1), over(sqrt((1 - x0) * (1 + x0)))),), sympy.acos, domain=_UNIT,
       range=Span(0.0, _PI, "[]"), trend=FALLING, **library("acos", "arccos"), **_FUNCTION, partial_ulp=(2.0,)),
    Op("atan", 1, atan(x0), ((over(m), over(1 / m + a * n)),), sympy.atan, _SQUARE_AND_ONE, domain=REALS, range=_QUARTERS,
       trend=RISING, parity=-1, bounded_slope=True, **library("atan", "arctan"), **_FUNCTION, partial_ulp=(2.0,),
       again=((over(1 + x0 * x0),),)),
    Op("atan2", 2, atan2(x0, x1), ((b / r, over(m)), (-a / r, over(m))), sympy.atan2, _SCALED, domain=REALS,
       besides="(x0, x1) != (0, 0)", range=Span(-_PI, _PI, "[]"), kinks="jumps by 2*pi across x1 < 0, x0 = 0",
       **library("atan2", "arctan2"), **_FUNCTION, partial_ulp=(4.0, 4.0),
       again=((x1, over(x0 * x0 + x1 * x1)), (-x0, over(x0 * x0 + x1 * x1)))),
    Op("sinc", 1, sinc(x0), ((_DSINC,),), sympy.sinc, ((u, x0 * x0),), Piecewise((1, Eq(x0, 0)), (sin(x0) / x0, True)),
       domain=REALS, range=Span(-0.25, 1.0, "(]"), parity=1, bounded_slope=True, reference="sinc", cost=TRANSCENDENTAL,
       ulp=1.5, ulp32=5.0, partial_ulp=(3.0,),
       note="partial, above 3/2: of (|cos(x0)| + |v|) / |x0|, the terms that cancel where it is near 0"),
    # hyperbolic
    Op("sinh", 1, sinh(x0), ((cosh(x0),),), sympy.sinh, **_REAL, trend=RISING, steep=True, parity=-1, **library("sinh"),
       **_FUNCTION | {"ulp": 2.0}, partial_ulp=(2.5,)),
    Op("cosh", 1, cosh(x0), ((sinh(x0),),), sympy.cosh, domain=REALS, range=Span(1.0, ends="[)"), trend=VALLEY, steep=True,
       parity=1, **library("cosh"), **_FUNCTION | {"ulp": 2.0}, partial_ulp=(2.5,)),
    Op("tanh", 1, tanh(x0), ((s, late(s)),), sympy.tanh, _SECH, domain=REALS, range=_UNIT, trend=RISING, steep=True, parity=-1,
       bounded_slope=True, **library("tanh"), loop="@tanh_", **_FUNCTION | {"ulp": 2.5}, partial_ulp=(5.5,),
       again=((sympy.sech(x0), late(sympy.sech(x0))),)),
    Op("sech", 1, sympy.sech(x0), ((-tanh(x0), q, 2 / (1 + h * h), late(q)),), sympy.sech, _SECH, s, domain=REALS,
       range=Span(0.0, 1.0, "(]"), trend=HILL, parity=1, bounded_slope=True, reference="sech", cost=TRANSCENDENTAL, ulp=3.0,
       ulp32=6.0, partial_ulp=(8.5,), again=((-tanh(x0), late(v)),)),
    Op("csch", 1, sympy.csch(x0), ((Integer(-1), over(tanh(x0)), late(v)),), sympy.csch, _CSCH,
       Piecewise((s, x0 > 0), (-s, True)), **_REAL, besides="x0 != 0", parity=-1, reference="csch", cost=2 * TRANSCENDENTAL,
       ulp=3.5, ulp32=8.0, partial_ulp=(7.0,)),
    Op("coth", 1, sympy.coth(x0), ((Integer(-1), s, late(s)),), sympy.coth, _CSCH, 1 / tanh(x0), **_REAL, besides="x0 != 0",
       parity=-1, reference="coth", cost=TRANSCENDENTAL, ulp=3.0, ulp32=5.0, partial_ulp=(8.0,)),
    Op("asinh", 1, asinh(x0), ((over(fn.hypot(1, x0)),),), sympy.asinh, **_REAL, trend=RISING, parity=-1, bounded_slope=True,
       **library("asinh", "arcsinh"), **_FUNCTION | {"ulp": 2.0}, partial_ulp=(1.5,)),
    Op("acosh", 1, acosh(x0), ((over(sqrt(x0 - 1) * sqrt(x0 + 1)),),), sympy.acosh, domain=Span(1.0, ends="[)"), range=FROM_0,
       trend=RISING, **library("acosh", "arccosh"), **_FUNCTION | {"ulp": 2.5}, partial_ulp=(2.5,)),
    Op("atanh", 1, atanh(x0), ((over((1 - x0) * (1 + x0)),),), sympy.atanh, domain=Span(-1.0, 1.0), range=REALS, trend=RISING,
       parity=-1, **library("atanh", "arctanh"), **_FUNCTION | {"ulp": 2.0}, partial_ulp=(2.0,)),
    # the error functions; NumPy has none, so modules bring their own, as they do for exp(-x*x), whose square must not round
    # (its value is 0 long before x0 is cut off, which keeps inf * 0 away)
    Op("gauss", 1, exp(-(x0**2)), ((-2 * Max(Min(x0, 10**9), -(10**9)), late(v)),), fn.gauss, domain=REALS,
       range=Span(0.0, 1.0, "(]"), trend=HILL, steep=True, parity=1, bounded_slope=True, **own("gauss"),
       mpmath=lambda a: mpmath.exp(-(a * a)), cost=TRANSCENDENTAL, ulp=1.5, ulp32=1.0, partial_ulp=(2.5,)),
    Op("erf", 1, erf(x0), ((2 / sqrt(pi), late(fn.gauss(x0))),), sympy.erf, domain=REALS, range=_UNIT, trend=RISING, steep=True,
       parity=-1, bounded_slope=True, **library("erf") | {"numpy": "erf"}, loop="@erf_", cost=2 * TRANSCENDENTAL, ulp=1.5,
       ulp32=1.0, partial_ulp=(3.0,)),
    Op("erfc", 1, erfc(x0), ((-2 / sqrt(pi), late(fn.gauss(x0))),), sympy.erfc, domain=REALS, range=Span(0.0, 2.0),
       trend=FALLING, steep=True, bounded_slope=True, **own("erfc"), mpmath="erfc", cost=2 * TRANSCENDENTAL, ulp=3.0, ulp32=1.0,
       partial_ulp=(3.0,)),
    # scaled by exp(x*x), so that nothing underflows: erfc and its integral; the slope 2*x*v - 2/sqrt(pi) of erfcx would cancel
    Op("erfcx", 1, exp(x0**2) * erfc(x0), ((Integer(-2), fn.ierfcx(x0)),), fn.erfcx, domain=REALS,
       besides="all reals; inf below -26.6", range=POSITIVE, trend=FALLING, steep=True, **own("erfcx"), mpmath=erfcx,
       cost=2 * TRANSCENDENTAL, ulp=3.0, ulp32=1.0, partial_ulp=(4.5,)),
    Op("ierfcx", 1, 1 / sqrt(pi) - x0 * exp(x0**2) * erfc(x0), ((_DIERFCX,),), fn.ierfcx, ((m, Max(x0, 16)),), domain=REALS,
       besides="all reals; inf below -26.5", range=POSITIVE, trend=FALLING, steep=True, **own("ierfcx"), mpmath=ierfcx,
       cost=2 * TRANSCENDENTAL, ulp=4.0, ulp32=1.0, partial_ulp=(4.0,),
       note="partial, below 16: of 2*|x0|*v + erfcx(x0), the terms that cancel for x0 > 0"),
    Op("log_erfc", 1, log(erfc(x0)), _LOG_ERFC_SLOPE, fn.log_erfc, _LOG_ERFC,
       Piecewise((log(a) - x0 * x0, x0 > _HALF), (fn.log1p(-erf(x0)), True)), domain=REALS, range=Span(high=0.694),
       trend=FALLING, mpmath=log_erfc, reference="log_erfc", ulp=4.0, ulp32=8.0, partial_ulp=(6.0,), cost=4 * TRANSCENDENTAL),
    Op("log_half_erfc", 1, log(erfc(x0) / 2), _LOG_ERFC_SLOPE, fn.log_half_erfc, _LOG_ERFC,
       Piecewise((log(a / 2) - x0 * x0, x0 > 0), (fn.log1p(-s / 2), True)), domain=REALS, range=Span(high=0.0), trend=FALLING,
       mpmath=log_half_erfc, reference="log_half_erfc", ulp=4.0, ulp32=8.0, partial_ulp=(6.0,), cost=3 * TRANSCENDENTAL),
    # the normal law
    Op("ndtr", 1, fn.ndtr(x0).definition(), ((1 / sqrt(2 * pi), g, late(g)),), fn.ndtr, _NORMAL,
       Piecewise((a, x0 < 0), (1 - a, True)), domain=REALS, range=Span(0.0, 1.0), trend=RISING, steep=True, bounded_slope=True,
       reference="ndtr", cost=3 * TRANSCENDENTAL, ulp=8.0, ulp32=6.0, partial_ulp=(5.0,)),
    Op("log_ndtr", 1, fn.log_ndtr(x0).definition(),
       ((sqrt(2 / pi), over(Piecewise((2 - 2 * a, x0 > 0), (d, True))), h, late(h)),), fn.log_ndtr,
       (*_NORMAL, (h, Piecewise((g, x0 > 0), (1, True)))),
       Piecewise((fn.log1p(-a), x0 > 0), (log(d / 2) - x0 * (x0 / 2), True)), domain=REALS, range=Span(high=0.0), trend=RISING,
       reference="log_ndtr", cost=4 * TRANSCENDENTAL, ulp=12.0, ulp32=12.0, partial_ulp=(8.0,)),
    # the gamma function's logarithm and slopes; modules of NumPy and Python bring them along, C has lgamma
    Op("lgamma", 1, sympy.loggamma(x0), ((sympy.polygamma(0, x0),),), sympy.loggamma, **_REAL,
       besides="all reals; inf at the poles 0, -1, -2, ...", trend=VALLEY, turn=1.4616321449683622, trend_on=POSITIVE,
       **own("lgamma") | {"c": "lgamma", "accurate": None, "reference": ("lgamma", "digamma")},
       mpmath=lambda a: mpmath.re(mpmath.loggamma(a)), **_GAMMA, ulp=3.0, partial_ulp=(3.5,), note=_REFLECTED),
    Op("digamma", 1, sympy.polygamma(0, x0), ((sympy.polygamma(1, x0),),), (sympy.polygamma, 0), **_REAL,
       besides="all reals; -inf at the poles 0, -1, -2, ...", trend=RISING, trend_on=POSITIVE,
       **own("digamma") | {"accurate": None, "reference": ("digamma", "polygamma 1")}, mpmath="digamma",
       **_GAMMA, ulp=3.0, partial_ulp=(4.0,), note=_REFLECTED),
    Op("trigamma", 1, sympy.polygamma(1, x0), (REFUSED,), (sympy.polygamma, 1), domain=REALS, range=POSITIVE,
       besides="all reals; inf at the poles 0, -1, -2, ...", trend=FALLING, trend_on=POSITIVE,
       **own("trigamma") | {"accurate": None, "reference": ("polygamma 1", "polygamma 2")},
       mpmath=lambda a: mpmath.psi(1, a) if a > 0 else (mpmath.pi / mpmath.sinpi(a)) ** 2 - mpmath.psi(1, 1 - a),
       **_GAMMA, ulp=3.5, partial_ulp=(math.inf,)),
    Op("gamma", 1, sympy.gamma(x0), ((v, sympy.polygamma(0, x0)),), sympy.gamma, **_REAL,
       besides="all reals; none at the poles 0, -1, -2, ...", trend=VALLEY, turn=1.4616321449683622, trend_on=POSITIVE,
       steep=True, **scipy("gamma") | {"scalar": "math.gamma", "c": "tgamma"}, mpmath="gamma", reference="gamma",
       cost=2 * TRANSCENDENTAL, ulp=8.0, ulp32=1.0, partial_ulp=(12.0,),
       note="partial, below 0: of |v| * (|digamma(x0)| + |digamma(1 - x0)|)"),
    Op("betaln", 2, fn.betaln(x0, x1).definition(), ((sympy.polygamma(0, x0) - sympy.polygamma(0, x0 + x1),),
       (sympy.polygamma(0, x1) - sympy.polygamma(0, x0 + x1),)), fn.betaln, _BETALN,
       Piecewise((_BOTH_LARGE, m >= 10), (_ONE_LARGE, n >= 10),
                 (sympy.loggamma(m) + sympy.loggamma(n) - sympy.loggamma(m + n), True)),
       domain=POSITIVE, range=REALS, reference="betaln", cost=8 * TRANSCENDENTAL, ulp=6.0, ulp32=10.0, partial_ulp=(6.0, 6.0),
       note="value: of the largest of |lgamma| of the smaller operand, |v| and 1; partials: of the terms that are subtracted"),
    # the inverses of error function and normal law; their slopes by the scaled error function, which does not amplify errors
    Op("erfinv", 1, sympy.erfinv(x0), ((sqrt(pi) / 2 * fn.erfcx(Abs(v)), over(1 - Abs(x0))),), sympy.erfinv,
       domain=Span(-1.0, 1.0), range=REALS, trend=RISING, parity=-1, **scipy("erfinv"), mpmath="erfinv", reference="erfinv",
       cost=3 * TRANSCENDENTAL, ulp=4.0, ulp32=2.0, partial_ulp=(8.0,)),
    Op("erfcinv", 1, sympy.erfcinv(x0), ((-sqrt(pi) / 2 * fn.erfcx(Abs(v)), over(Min(x0, 2 - x0))),), sympy.erfcinv,
       domain=Span(0.0, 2.0), range=REALS, trend=FALLING, **scipy("erfcinv"), mpmath=erfcinv, reference="erfcinv",
       cost=3 * TRANSCENDENTAL, ulp=8.0, ulp32=1.0, partial_ulp=(8.0,)),
    Op("ndtri", 1, fn.ndtri(x0).definition(), ((sqrt(pi / 2) * fn.erfcx(Abs(v) / sqrt(2)), over(Min(x0, 1 - x0))),), fn.ndtri,
       domain=Span(0.0, 1.0), range=REALS, trend=RISING, **scipy("ndtri"), mpmath=ndtri, reference="ndtri",
       cost=3 * TRANSCENDENTAL, ulp=8.0, ulp32=1.0, partial_ulp=(8.0,)),
    # integrals and the inverse of x*exp(x)
    Op("dawson", 1, fn.dawson(x0).definition(), ((_DDAWSON,),), fn.dawson, ((m, Max(Abs(x0), 8)), (u, 1 / (2 * m * m))),
       domain=REALS, range=Span(-0.55, 0.55), parity=-1, bounded_slope=True, **scipy("dawsn"), mpmath=dawson,
       reference="dawson", cost=2 * TRANSCENDENTAL, ulp=32.0, ulp32=1.0, partial_ulp=(16.0,),
       note="partial, below 8: of 1 + 2*|x0*v|, which cancel"),
    Op("expint", 1, sympy.expint(1, x0), ((Integer(-1), over(x0), late(exp(-x0))),), (sympy.expint, 1), domain=POSITIVE,
       range=POSITIVE, trend=FALLING, steep=True, **scipy("exp1"), mpmath="e1", reference="expint", cost=2 * TRANSCENDENTAL,
       ulp=8.0, ulp32=1.0, partial_ulp=(2.5,)),
    Op("ei", 1, sympy.Ei(x0), ((over(x0), late(exp(x0))),), sympy.Ei, **_REAL, besides="x0 != 0", steep=True, **scipy("expi"),
       mpmath="ei", reference="ei", cost=2 * TRANSCENDENTAL, ulp=64.0, ulp32=1.0, partial_ulp=(2.5,),
       note="value: of |v| + 1 for 0.2 < x0 < 0.6, next to the zero"),
    Op("lambertw", 1, sympy.LambertW(x0), ((over(1 + v), Piecewise((exp(-v), x0 < 1), (v / _AWAY, True))),), sympy.LambertW,
       domain=Span(-0.36787944117144233), range=Span(-1.0), trend=RISING, **scipy("lambertw"), mpmath="lambertw",
       reference="lambertw", cost=4 * TRANSCENDENTAL, ulp=4.0, ulp32=2.0, partial_ulp=(8.0,),
       note="above -0.35; nearer to -1/e digits are lost as there v has an infinite slope"),
    # the function of Faddeeva, whose real part is Voigt's profile
    *(Op(f"wofz_{name}", 2, getattr(fn, f"wofz_{name}")(x0, x1).definition(), partials, getattr(fn, f"wofz_{name}"),
         domain=(REALS, FROM_0), range=REALS, **scipy(f"wofz_{name}"), mpmath=exact, reference=f"wofz_{name}",
         cost=4 * TRANSCENDENTAL, ulp=32.0, ulp32=1.0, partial_ulp=(16.0, 16.0), note=_FADDEEVA_NOTE)
      for name, partials, exact in (
        ("re", ((fn.wofz_slope_re(x0, x1),), (-fn.wofz_slope_im(x0, x1),)), lambda a, b: faddeeva(a, b).real),
        ("im", ((fn.wofz_slope_im(x0, x1),), (fn.wofz_slope_re(x0, x1),)), lambda a, b: faddeeva(a, b).imag),
        ("slope_re", ((-2 * (fn.wofz_re(x0, x1) + x0 * v - x1 * fn.wofz_slope_im(x0, x1)),),
                      (2 * (fn.wofz_im(x0, x1) + x0 * fn.wofz_slope_im(x0, x1) + x1 * v),)),
         lambda a, b: faddeeva_slope(a, b).real),
        ("slope_im", ((-2 * (fn.wofz_im(x0, x1) + x0 * v + x1 * fn.wofz_slope_re(x0, x1)),),
                      (-2 * (fn.wofz_re(x0, x1) + x0 * fn.wofz_slope_re(x0, x1) - x1 * v),)),
         lambda a, b: faddeeva_slope(a, b).imag))),
    # Bessel functions of whole orders
    *(row for kind, function, span, below, above in _BESSEL for row in (
        Op(f"bessel_{kind}0", 1, function(0, x0), ((above * 2 * function(1, x0),),), (function, 0), domain=span, range=REALS,
           parity=1 if span == REALS else 0, **scipy(f"{kind}0"), mpmath=_of_order(kind, 0), reference=f"bessel_{kind}0",
           **_BESSEL_FIGURES, partial_ulp=(8.0,), note=_WAVES if kind in "jy" else ""),
        Op(f"bessel_{kind}1", 1, function(1, x0), ((below * function(0, x0) + above * function(2, x0),),), (function, 1),
           domain=span, range=REALS, parity=-1 if span == REALS else 0, **scipy(f"{kind}1"), mpmath=_of_order(kind, 1),
           reference=f"bessel_{kind}1", **_BESSEL_FIGURES, partial_ulp=(8.0,), note=_WAVES if kind in "jy" else ""),
        Op(f"bessel_{kind}", 2, function(x0, x1), (_ZERO, (below * function(x0 - 1, x1) + above * function(x0 + 1, x1),)),
           function, domain=(WHOLE_NUMBERS, span), range=REALS, **scipy(f"{kind}v"), mpmath=f"bessel{kind}",
           reference=f"bessel_{kind}", **_BESSEL_FIGURES | {"ulp": 512.0}, partial_ulp=(0.0, 512.0),
           note=f"for orders up to 12, 2**-100 < |x1| < 650{'; ' + _WAVES.partition(';')[0] if kind in 'jy' else ''}"))),
    # piecewise linear
    Op("abs", 1, Abs(x0), ((sign(x0),),), sympy.Abs, domain=REALS, range=FROM_0, trend=VALLEY, parity=1, bounded_slope=True,
       kinks="0 at 0", numbers=abs, numpy="np.abs", scalar="math.fabs", c="fabs", array_api="xp.abs", **named("abs"), **_EXACT,
       partial_ulp=(0.0,)),
    # the scalar text's last branch is for nan, which stays nan
    Op("sign", 1, sign(x0), (_ZERO,), sympy.sign, domain=REALS, range=_UNIT, parity=-1, bounded_slope=True, kinks="0 at 0",
       numbers=lambda a: (a > 0) - (a < 0), numpy="np.sign", c="@sign_", array_api="xp.sign", **named("sign"), **_EXACT,
       partial_ulp=(0.0,),
       scalar=OpText("1.0 if {0} > 0.0 else -1.0 if {0} < 0.0 else {0}", Level.TERNARY, _TERNARY)),
    Op("heaviside", 2, sympy.Heaviside(x0, x1), (_ZERO, _ZERO), sympy.Heaviside, **_REAL, bounded_slope=True, kinks="0 at 0",
       numbers=lambda a, at_zero: at_zero if a == 0 else (a > 0) * 1.0, numpy="np.heaviside", c="@heaviside_",
       array_api="xp.heaviside",
       scalar=OpText("1.0 if {0} > 0.0 else 0.0 if {0} < 0.0 else {1} if {0} == 0.0 else {0}", Level.TERNARY, _TERNARY),
       **named("heaviside"), **_EXACT, partial_ulp=(0.0, 0.0)),
    # in scalar the built-in functions' results for two numbers, nan among them, in a fifth of the time that a call takes
    Op("max", 2, Max(x0, x1), (_ABOVE, _BELOW), sympy.Max, **_REAL, bounded_slope=True, kinks="1/2 each where x0 = x1",
       numbers=lambda a, b: max(b, a), numpy="np.maximum", c="@max_", array_api="xp.maximum", **named("max"), **_EXACT,
       partial_ulp=(0.0, 0.0),
       scalar=OpText("{0} if not {0} < {1} else {1}", Level.TERNARY, _TERNARY)),
    Op("min", 2, Min(x0, x1), (_BELOW, _ABOVE), sympy.Min, **_REAL, bounded_slope=True, kinks="1/2 each where x0 = x1",
       numbers=lambda a, b: min(b, a), numpy="np.minimum", c="@min_", array_api="xp.minimum", **named("min"), **_EXACT,
       partial_ulp=(0.0, 0.0),
       scalar=OpText("{0} if not {0} > {1} else {1}", Level.TERNARY, _TERNARY)),
    Op("relu", 1, Max(x0, 0), ((Piecewise((1, x0 > 0), (0, True)),),), fn.relu, (), Max(x0, 0), domain=REALS, range=FROM_0,
       trend=RISING, bounded_slope=True, kinks="0 at 0", reference="relu", **_EXACT, partial_ulp=(0.0,)),
    # steps; Python's and NumPy's remainder of a division has the sign of the divisor, as Mod of SymPy
    Op("floor", 1, sympy.floor(x0), (_ZERO,), sympy.floor, **_REAL, bounded_slope=True, kinks="0 at its steps", mpmath="floor",
       scalar=OpText("{0} // 1.0", Level.PRODUCT, (Level.PRODUCT,)), numpy="np.floor", c="floor", array_api="xp.floor",
       bound=None, accurate=None, reference="floor", **_EXACT, partial_ulp=(0.0,)),
    Op("mod", 2, sympy.Mod(x0, x1), (_ONE, (v - x0, over(x1))), sympy.Mod, **_REAL, besides="x1 != 0",
       kinks="1 and -floor(x0/x1) at its steps", numbers=operator.mod, numpy="np.mod", c="@mod_", array_api="xp.remainder",
       scalar=infix("%", Level.PRODUCT), bound=None, accurate=None, reference="mod", cost=TRANSCENDENTAL, **_ROUNDED,
       partial_ulp=(0.0, 2.5), note="partial by x1: where |x0 / x1| is below 2**53"),
    # selection; the first operand of select is a truth value, and the adjoint hands the cotangent to the branch taken
    Op("select", 3, None, (_ZERO, _ONE, _ONE), numbers=lambda condition, chosen, other: chosen if condition else other,
       numpy="select", array_api="xp.where",
       scalar=OpText("{1} if {0} else {2}", Level.TERNARY, (Level.OR, Level.OR, Level.TERNARY)),
       c=OpText("{0} ? {1} : {2}", Level.TERNARY, (Level.OR, Level.OR, Level.TERNARY)),
       **named("select") | {"accurate": "dd_where"}, **_EXACT),
    *(Op(name, 2, None, (_ZERO, _ZERO), kinks="a jump", numbers=getattr(operator, name), **everywhere(comparison(symbol)),
         **named(name) | {"accurate": accurate}, **_EXACT)
      for name, symbol, accurate in (
        ("lt", "<", "dd_less"), ("le", "<=", "dd_at_most"), ("gt", ">", OpText("dd_less({1}, {0})")),
        ("ge", ">=", OpText("dd_at_most({1}, {0})")), ("eq", "==", "dd_equal"),
        ("ne", "!=", OpText("~dd_equal({0}, {1})", Level.UNARY)))),
    # compilers of C want parentheses where && and || meet
    Op("and", 2, None, (_ZERO, _ZERO), numbers=lambda a, b: a and b,
       **arrays(OpText("{0} & {1}", Level.BITAND, (Level.BITAND, Level.SUM))),
       scalar=OpText("{0} and {1}", Level.AND, (Level.AND, Level.NOT)), c=OpText("{0} && {1}", Level.AND, (Level.COMPARE,)),
       **named("and") | {"accurate": infix("&", Level.BITAND)}, **_EXACT),
    Op("or", 2, None, (_ZERO, _ZERO), numbers=lambda a, b: a or b,
       **arrays(OpText("{0} | {1}", Level.BITOR, (Level.BITOR, Level.BITAND))),
       scalar=OpText("{0} or {1}", Level.OR, (Level.OR, Level.AND)), c=OpText("{0} || {1}", Level.OR, (Level.COMPARE,)),
       **named("or") | {"accurate": infix("|", Level.BITOR)}, **_EXACT),
    Op("not", 1, None, (_ZERO,), numbers=operator.not_, **arrays(OpText("~{0}", Level.UNARY, _ATOM)),
       scalar=OpText("not {0}", Level.NOT, (Level.NOT,)), c=OpText("!{0}", Level.UNARY, _ATOM),
       **named("not") | {"accurate": OpText("~{0}", Level.UNARY, _ATOM)}, **_EXACT),
    # a number on which the root does not depend, such as the largest exponent that a sum of exponentials is scaled by
    Op("stop", 1, None, (_ZERO,), stable=x0, **_EXACT),
    # the sum over rows; adjoint inserts it, and bounds are those of single rows
    Op("rowsum", 1, None, (_ONE,), numbers=lambda a: a, **arrays(call("rowsum")), scalar=OpText("{0}", Level.TERNARY),
       c=OpText("{0}", Level.TERNARY), bound=OpText("{0}", Level.SUM), accurate="rowsum", reference="rowsum", ulp=math.inf,
       ulp32=math.inf),
)
# fmt: on

OPS = MappingProxyType({row.name: row for row in _ROWS})
"""Rows of the op table by name."""


def texts_of(column: str) -> OpTexts:
    """Return the texts of a column, by the names of the ops that have one."""
    return MappingProxyType({name: text for name, row in OPS.items() if (text := row.text(column)) is not None})


EVEN = frozenset(row.name for row in _ROWS if row.parity == 1)
"""Functions whose value does not depend on the sign of their operand."""

ODD = frozenset(row.name for row in _ROWS if row.parity == -1)
"""Functions that change their sign with their operand."""

FUNCTIONS = MappingProxyType({row.function: row.name for row in _ROWS if isinstance(row.function, type)})
"""Name of the op that each SymPy function lowers to."""

_OF_ORDERS = {row.function: row.name for row in _ROWS if isinstance(row.function, tuple)}

_WITH_ORDERS = frozenset(function for function, _ in _OF_ORDERS)

OF_WHOLE_ORDERS = frozenset(row.function for row in _ROWS if row.domain and row.domain[0] is WHOLE_NUMBERS)
"""SymPy functions whose first argument is a whole constant."""


def op_of(part: Any) -> tuple[str | None, tuple[Any, ...]]:
    """Return the op that an application of a SymPy function is, None if it is none of the table, and the op's operands."""
    if type(part) in _WITH_ORDERS and (type(part), part.args[0]) in _OF_ORDERS:
        return _OF_ORDERS[type(part), part.args[0]], part.args[1:]
    name = FUNCTIONS.get(type(part))
    if type(part) is sympy.LambertW and len(part.args) > 1:
        name = None  # another branch
    return name, part.args


def call_of(row: Op) -> str:
    """Return how a spec calls the function of a row: "sin", or "polygamma(1, ...)" where its first argument tells ops apart."""
    if isinstance(row.function, tuple):
        return f"{row.function[0].__name__}({row.function[1]}, ...)"
    return str(row.function.__name__)
