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
from symgraph.spec.ops import sympy_classes as fn
from symgraph.spec.ops.op import (
    AWAY,
    FALLING,
    FROM_0,
    HILL,
    POSITIVE,
    REALS,
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
    operator_named,
    over,
    own,
    regions,
)
from symgraph.spec.ops.ops_erf import ERROR_FUNCTIONS
from symgraph.spec.ops.ops_kernels import KERNELS
from symgraph.spec.ops.ops_special import SPECIAL_FUNCTIONS
from symgraph.spec.ops.optext import Level, OpText, OpTexts, call, comparison, infix
from symgraph.spec.ops.user_functions import Table, UserFunction

x0, x1, x2 = sympy.symbols("x0:3", real=True)
v = Symbol("v", real=True)
a, b, d, g, h, m, n, p, q, r, s, t, u = sympy.symbols("a b d g h m n p q r s t u", real=True)

_HALF = Rational(1, 2)
_ONE = (Integer(1),)
_ZERO: tuple[Any, ...] = ()
_ATOM, _TERNARY = (Level.ATOM,), (Level.BITOR,)
_PI = 3.1415926535897936  # rounded upward
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

_STEEP = x1 < _HALF  # there x1 - 1 would round, and v is a normal number where x0 is
_POWER = Piecewise((Piecewise((1, Eq(x0, 0)), (v, True)), _STEEP), (x0 ** (x1 - 1), True))
_DIVISOR = Piecewise((x0, _STEEP & Ne(x1, 0)), (1, True))


# fmt: off
_ROWS = (
    # arithmetic
    Op("add", 2, x0 + x1, (_ONE, _ONE), **_REAL, numbers=operator.add, **everywhere(infix("+", Level.SUM)),
       **operator_named("add"), **_ROUNDED, partial_ulp=(0.0, 0.0)),
    Op("sub", 2, x0 - x1, (_ONE, (Integer(-1),)), **_REAL, numbers=operator.sub, **everywhere(infix("-", Level.SUM)),
       **operator_named("sub"), **_ROUNDED, partial_ulp=(0.0, 0.0)),
    Op("mul", 2, x0 * x1, ((x1,), (x0,)), **_REAL, numbers=operator.mul, **everywhere(infix("*", Level.PRODUCT)),
       **operator_named("mul"), **_ROUNDED, partial_ulp=(0.5, 0.5)),
    Op("div", 2, x0 / x1, ((over(x1),), (over(x1), -v)), **_REAL, besides="x1 != 0", numbers=operator.truediv,
       **everywhere(infix("/", Level.PRODUCT)), **operator_named("div"), **_ROUNDED, partial_ulp=(0.5, 1.5)),
    # -a * b negates a first, which gives the same bits as -(a * b); C binds a sign to the operand behind it
    Op("neg", 1, -x0, ((Integer(-1),),), **_REAL, numbers=operator.neg, **operator_named("neg"), **_EXACT, partial_ulp=(0.0,),
       **everywhere(OpText("-{0}", Level.PRODUCT, (Level.PRODUCT,))) | {"c": OpText("-{0}", Level.UNARY, _ATOM)}),
    Op("pow", 2, x0**x1, ((fn.power_slope(x0, x1),), (v, log(AWAY))), fixed=((x1, _POWER, over(_DIVISOR)), ()),
       domain=(POSITIVE, REALS), range=REALS, besides="or x1 a constant integer", kinks="partial by x1 is 0 at x0 = 0",
       **library("pow", "power") | {"mpmath": "power"}, cost=TRANSCENDENTAL, ulp=1.0, ulp32=4.0, partial_ulp=(2.5, 3.0),
       note="partial by x0: for x1 up to 2**53, beyond which x1 - 1 rounds",
       regions=regions(0, (1, 2, 2.5), 1, (1, 2, 2), 40, (1, 2, 2), math.inf), region_of=Abs(x1 * log(x0))),
    Op("power_slope", 2, fn.power_slope(x0, x1).definition(),
       ((x1, fn.power_slope(x0, x1 - 1)), (x0 ** (x1 - 1), 1 + x1 * log(AWAY))), fn.power_slope, domain=(POSITIVE, REALS),
       range=REALS, besides="or x1 a constant integer", **own("power_slope"),
       mpmath=lambda x, n: n * mpmath.power(x, n - 1) if n else n, cost=TRANSCENDENTAL, ulp=2.5, ulp32=6.0,
       partial_ulp=(4.0, 5.0), note="for x1 up to 2**53, beyond which x1 - 1 rounds"),
    Op("sqrt", 1, sqrt(x0), ((_HALF, over(v)),), domain=FROM_0, range=FROM_0, trend=RISING, **library("sqrt"), cost=ROOT,
       **_ROUNDED, partial_ulp=(1.0,)),
    Op("cbrt", 1, fn.cbrt(x0), ((over(3 * v * v),),), fn.cbrt, **_REAL, trend=RISING, parity=-1,
       **library("cbrt") | {"mpmath": lambda a: mpmath.sign(a) * mpmath.cbrt(abs(a))},  # mpmath's own is complex below 0
       cost=TRANSCENDENTAL, ulp=4.0, ulp32=4.0, partial_ulp=(9.5,)),
    Op("hypot", 2, fn.hypot(x0, x1), ((a / sqrt(r),), (b / sqrt(r),)), fn.hypot, _SCALED, domain=REALS, range=FROM_0,
       kinks="partials are 0 at (0, 0)", bounded_slope=True, **library("hypot"), cost=ROOT, ulp=1.0, ulp32=1.0,
       partial_ulp=(3.0, 3.0), again=((sin(atan2(x0, x1)),), (cos(atan2(x0, x1)),)),
       regions=regions(0, (1, 2, 2), 1e-150, (1, 2.5, 2.5), 1e150, (1, 2, 2), math.inf), region_of=Max(Abs(x0), Abs(x1))),
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
       note="value: of the largest of |x0|, |x1|, |v|; partials: |x0 - x1|/2 more, as x0 - x1 rounds",
       regions=regions(0, (1.5, 2.5, 2.5), 1, (1, 2.5, 2), 40, (0.5, 0.5, 0.5), math.inf), region_of=Abs(x0 - x1)),
    Op("xlogx", 1, Piecewise((0, Eq(x0, 0)), (x0 * log(x0), True)),
       ((Piecewise((fn.log1p(t), Abs(t) < _HALF), (1 + log(x0), True)),),), fn.xlogx, _XLOGX, x0 * log(AWAY),
       domain=FROM_0, range=Span(-0.375), reference="xlogx", ulp=1.5, ulp32=5.0, partial_ulp=(4.0,), cost=TRANSCENDENTAL),
    Op("xlogy", 2, Piecewise((0, Eq(x0, 0)), (x0 * log(x1), True)), ((log(x1),), (x0, over(g))), fn.xlogy,
       ((g, Piecewise((1, Eq(x0, 0)), (x1, True))),), x0 * log(g), domain=(REALS, POSITIVE), besides="or x0 = 0", range=REALS,
       reference="xlogy", ulp=1.5, ulp32=5.0, partial_ulp=(1.5, 1.0), cost=TRANSCENDENTAL,
       regions=regions(0, (1.5, 1, 1), 0.5, (1.5, 1, 1), 2, (1.5, 1, 1), math.inf)),
    # trigonometric
    Op("sin", 1, sin(x0), ((cos(x0),),), sympy.sin, domain=REALS, range=_UNIT, steep=True, parity=-1, bounded_slope=True,
       **library("sin"), loop=OpText("@sin_({0}, careful, &wide)"), **_FUNCTION, partial_ulp=(1.5,)),
    Op("cos", 1, cos(x0), ((-sin(x0),),), sympy.cos, domain=REALS, range=_UNIT, steep=True, parity=1, bounded_slope=True,
       **library("cos"), loop=OpText("@cos_({0}, careful, &wide)"), **_FUNCTION, partial_ulp=(1.5,)),
    Op("tan", 1, tan(x0), ((1 + v * v,),), sympy.tan, **_REAL, besides="cos(x0) != 0", steep=True, parity=-1, **library("tan"),
       **_FUNCTION, partial_ulp=(3.5,)),
    Op("sec", 1, sympy.sec(x0), ((v, tan(x0)),), sympy.sec, (), 1 / cos(x0), **_REAL, besides="cos(x0) != 0", steep=True,
       parity=1, reference="sec", cost=TRANSCENDENTAL, ulp=1.5, ulp32=5.0, partial_ulp=(4.0,),
       regions=regions(0, (1.5, 2), 1.5, (1.5, 2.5), math.inf)),
    Op("csc", 1, sympy.csc(x0), ((-v, over(tan(x0))),), sympy.csc, (), 1 / sin(x0), **_REAL, besides="sin(x0) != 0", steep=True,
       parity=-1, reference="csc", cost=TRANSCENDENTAL, ulp=1.5, ulp32=5.0, partial_ulp=(4.0,),
       regions=regions(0, (1.5, 2), 1.5, (1.5, 2), math.inf)),
    Op("cot", 1, sympy.cot(x0), ((Integer(-1), over(s), over(s)),), sympy.cot, ((s, sin(x0)),), 1 / tan(x0), **_REAL,
       besides="sin(x0) != 0", steep=True, parity=-1, reference="cot", cost=TRANSCENDENTAL, ulp=1.5, ulp32=5.0,
       partial_ulp=(3.5,),
       regions=regions(0, (1.5, 2), 1.5, (1.5, 2.5), math.inf)),
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
       again=((x1, over(x0 * x0 + x1 * x1)), (-x0, over(x0 * x0 + x1 * x1))),
       regions=regions(0, (1, 2, 2.5), 0.8, (1, 2.5, 2.5), 2.4, (1, 2.5, 2.5), _PI), region_of=Abs(atan2(x0, x1))),
    Op("sinc", 1, sinc(x0), ((_DSINC,),), sympy.sinc, ((u, x0 * x0),), Piecewise((1, Eq(x0, 0)), (sin(x0) / x0, True)),
       domain=REALS, range=Span(-0.25, 1.0, "(]"), parity=1, bounded_slope=True, reference="sinc", cost=TRANSCENDENTAL,
       ulp=1.5, ulp32=5.0, partial_ulp=(3.0,),
       note="partial, above 3/2: of (|cos(x0)| + |v|) / |x0|, the terms that cancel where it is near 0",
       regions=regions(0, (1.5, 2), 1.5, (1.5, 2), math.inf)),
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
       ulp32=6.0, partial_ulp=(8.5,), again=((-tanh(x0), late(v)),),
       regions=regions(0, (1.5, 4), 1, (2, 3.5), 20, (1.5, 2.5), math.inf)),
    Op("csch", 1, sympy.csch(x0), ((Integer(-1), over(tanh(x0)), late(v)),), sympy.csch, _CSCH,
       Piecewise((s, x0 > 0), (-s, True)), **_REAL, besides="x0 != 0", parity=-1, reference="csch", cost=2 * TRANSCENDENTAL,
       ulp=3.5, ulp32=8.0, partial_ulp=(7.0,),
       regions=regions(0, (2, 4), 1, (2, 3), 20, (1.5, 1), math.inf)),
    Op("coth", 1, sympy.coth(x0), ((Integer(-1), s, late(s)),), sympy.coth, _CSCH, 1 / tanh(x0), **_REAL, besides="x0 != 0",
       parity=-1, reference="coth", cost=TRANSCENDENTAL, ulp=3.0, ulp32=5.0, partial_ulp=(8.0,),
       regions=regions(0, (2.5, 4), 1, (1.5, 3.5), 20, (0.5, 2.5), math.inf)),
    Op("asinh", 1, asinh(x0), ((over(fn.hypot(1, x0)),),), sympy.asinh, **_REAL, trend=RISING, parity=-1, bounded_slope=True,
       **library("asinh", "arcsinh"), **_FUNCTION | {"ulp": 2.0}, partial_ulp=(1.5,)),
    Op("acosh", 1, acosh(x0), ((over(sqrt(x0 - 1) * sqrt(x0 + 1)),),), sympy.acosh, domain=Span(1.0, ends="[)"), range=FROM_0,
       trend=RISING, **library("acosh", "arccosh"), **_FUNCTION | {"ulp": 2.5}, partial_ulp=(2.5,)),
    Op("atanh", 1, atanh(x0), ((over((1 - x0) * (1 + x0)),),), sympy.atanh, domain=Span(-1.0, 1.0), range=REALS, trend=RISING,
       parity=-1, **library("atanh", "arctanh"), **_FUNCTION | {"ulp": 2.0}, partial_ulp=(2.0,)),
    *ERROR_FUNCTIONS,
    *SPECIAL_FUNCTIONS,
    *KERNELS,
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
       bound=None, pairs=None, reference="floor", **_EXACT, partial_ulp=(0.0,)),
    Op("mod", 2, sympy.Mod(x0, x1), (_ONE, (v - x0, over(x1))), sympy.Mod, **_REAL, besides="x1 != 0",
       kinks="1 and -floor(x0/x1) at its steps", numbers=operator.mod, numpy="np.mod", c="@mod_", array_api="xp.remainder",
       scalar=infix("%", Level.PRODUCT), bound=None, pairs=None, reference="mod", cost=TRANSCENDENTAL, **_ROUNDED,
       partial_ulp=(0.0, 2.5), note="partial by x1: where |x0 / x1| is below 2**53",
       regions=regions(0, (0.5, 0, 1.5), 1, (0, 0, 2.5), 1e6, (0, 0, 2.5), math.inf), region_of=Abs(x0 / x1)),
    # selection; the first operand of select is a truth value, and the adjoint hands the cotangent to the branch taken
    Op("select", 3, None, (_ZERO, _ONE, _ONE), numbers=lambda condition, chosen, other: chosen if condition else other,
       numpy="select", array_api="xp.where",
       scalar=OpText("{1} if {0} else {2}", Level.TERNARY, (Level.OR, Level.OR, Level.TERNARY)),
       c=OpText("{0} ? {1} : {2}", Level.TERNARY, (Level.OR, Level.OR, Level.TERNARY)),
       **operator_named("select"), **_EXACT),
    *(Op(name, 2, None, (_ZERO, _ZERO), kinks="a jump", numbers=getattr(operator, name), **everywhere(comparison(symbol)),
         **operator_named(name), **_EXACT)
      for name, symbol in (("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="), ("eq", "=="), ("ne", "!="))),
    # compilers of C want parentheses where && and || meet
    Op("and", 2, None, (_ZERO, _ZERO), numbers=lambda a, b: a and b,
       **arrays(OpText("{0} & {1}", Level.BITAND, (Level.BITAND, Level.SUM))),
       scalar=OpText("{0} and {1}", Level.AND, (Level.AND, Level.NOT)), c=OpText("{0} && {1}", Level.AND, (Level.COMPARE,)),
       **operator_named("and"), **_EXACT),
    Op("or", 2, None, (_ZERO, _ZERO), numbers=lambda a, b: a or b,
       **arrays(OpText("{0} | {1}", Level.BITOR, (Level.BITOR, Level.BITAND))),
       scalar=OpText("{0} or {1}", Level.OR, (Level.OR, Level.AND)), c=OpText("{0} || {1}", Level.OR, (Level.COMPARE,)),
       **operator_named("or"), **_EXACT),
    Op("not", 1, None, (_ZERO,), numbers=operator.not_, **arrays(OpText("~{0}", Level.UNARY, _ATOM)),
       scalar=OpText("not {0}", Level.NOT, (Level.NOT,)), c=OpText("!{0}", Level.UNARY, _ATOM),
       **operator_named("not"), **_EXACT),
    # a number on which the root does not depend, such as the largest exponent that a sum of exponentials is scaled by
    Op("stop", 1, None, (_ZERO,), stable=x0, **_EXACT),
    # the sum over rows; adjoint inserts it, and bounds are those of single rows
    Op("rowsum", 1, None, (_ONE,), numbers=lambda a: a, **arrays(call("rowsum")), scalar=OpText("{0}", Level.TERNARY),
       c=OpText("{0}", Level.TERNARY), bound=OpText("{0}", Level.SUM), pairs="", reference="rowsum", ulp=math.inf,
       ulp32=math.inf),
)
# fmt: on

OPS = MappingProxyType(Table({row.name: row for row in _ROWS}, lambda op: op.row))
"""Rows of the op table by name, and by ops of users."""


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
    if isinstance(part, UserFunction):
        name = part.user_op
    return name, part.args


def call_of(row: Op) -> str:
    """Return how a spec calls the function of a row: "sin", or "polygamma(1, ...)" where its first argument tells ops apart."""
    if isinstance(row.function, tuple):
        return f"{row.function[0].__name__}({row.function[1]}, ...)"
    return str(row.function.__name__)
