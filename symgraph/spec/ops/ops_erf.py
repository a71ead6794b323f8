"""Rows of the op table for exp(-x*x), the error functions, scaled ones and their logarithms.

``ops.py`` explains how rows are written, and has these in its table. NumPy has none of them, so modules bring their own.
"""

import math
from typing import Any

import mpmath
import sympy
from sympy import Abs, Integer, Max, Min, Piecewise, Rational, Symbol, erf, erfc, exp, log, pi, sqrt

from symgraph.spec.ops import sympy_classes as fn
from symgraph.spec.ops.op import (
    FALLING,
    HILL,
    POSITIVE,
    REALS,
    RISING,
    TRANSCENDENTAL,
    Op,
    Span,
    late,
    library,
    over,
    own,
    regions,
)
from symgraph.spec.ops.scaled_erfc import erfc as erfc_of_mpmath
from symgraph.spec.ops.scaled_erfc import erfcx, ierfcx, log_erfc, log_half_erfc

x0 = Symbol("x0", real=True)
v = Symbol("v", real=True)
a, g, m, s = sympy.symbols("a g m s", real=True)

_HALF = Rational(1, 2)
_UNIT = Span(-1.0, 1.0, "[]")

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


# fmt: off
ERROR_FUNCTIONS = (
    # the square must not round; the value is 0 long before x0 is cut off, which keeps inf * 0 away
    Op("gauss", 1, exp(-(x0**2)), ((-2 * Max(Min(x0, 10**9), -(10**9)), late(v)),), fn.gauss, domain=REALS,
       range=Span(0.0, 1.0, "(]"), trend=HILL, steep=True, parity=1, bounded_slope=True, **own("gauss"),
       mpmath=lambda a: mpmath.exp(-(a * a)), cost=TRANSCENDENTAL, ulp=1.5, ulp32=1.0, partial_ulp=(2.5,),
       regions=regions(0, (1.5, 2), 1, (1.5, 2), 6, (1.5, 2), math.inf)),
    Op("erf", 1, erf(x0), ((2 / sqrt(pi), late(fn.gauss(x0))),), sympy.erf, domain=REALS, range=_UNIT, trend=RISING, steep=True,
       parity=-1, bounded_slope=True, **library("erf") | {"numpy": "erf"}, loop="@erf_", cost=2 * TRANSCENDENTAL, ulp=1.5,
       ulp32=1.0, partial_ulp=(3.0,),
       regions=regions(0, (1, 2), 1, (1, 2), 2, (0.5, 2), math.inf)),
    Op("erfc", 1, erfc(x0), ((-2 / sqrt(pi), late(fn.gauss(x0))),), sympy.erfc, domain=REALS, range=Span(0.0, 2.0),
       trend=FALLING, steep=True, bounded_slope=True, **own("erfc"), mpmath=erfc_of_mpmath, cost=2 * TRANSCENDENTAL, ulp=3.0,
       ulp32=1.0, partial_ulp=(3.0,),
       regions=regions(-math.inf, (1, 1.5), -1, (1.5, 2), 0.5, (2.5, 2), 2, (2, 2), math.inf)),
    # scaled by exp(x*x), so that nothing underflows: erfc and its integral; the slope 2*x*v - 2/sqrt(pi) of erfcx would cancel
    Op("erfcx", 1, exp(x0**2) * erfc(x0), ((Integer(-2), fn.ierfcx(x0)),), fn.erfcx, domain=REALS,
       besides="all reals; inf below -26.6", range=POSITIVE, trend=FALLING, steep=True, **own("erfcx"), mpmath=erfcx,
       cost=2 * TRANSCENDENTAL, ulp=3.0, ulp32=1.0, partial_ulp=(4.5,),
       regions=regions(-math.inf, (1.5, 2), -2, (3, 2), 0, (2.5, 4), 2, (2, 3), math.inf)),
    Op("ierfcx", 1, 1 / sqrt(pi) - x0 * exp(x0**2) * erfc(x0), ((_DIERFCX,),), fn.ierfcx, ((m, Max(x0, 16)),), domain=REALS,
       besides="all reals; inf below -26.5", range=POSITIVE, trend=FALLING, steep=True, **own("ierfcx"), mpmath=ierfcx,
       cost=2 * TRANSCENDENTAL, ulp=4.0, ulp32=1.0, partial_ulp=(4.0,),
       note="partial, below 16: of 2*|x0|*v + erfcx(x0), the terms that cancel for x0 > 0",
       regions=regions(-math.inf, (2, 2.5), -2, (2, 4), 0, (4, 2), 2, (4, 2), 16, (3, 3.5), math.inf)),
    Op("log_erfc", 1, log(erfc(x0)), _LOG_ERFC_SLOPE, fn.log_erfc, _LOG_ERFC,
       Piecewise((log(a) - x0 * x0, x0 > _HALF), (fn.log1p(-erf(x0)), True)), domain=REALS, range=Span(high=0.694),
       trend=FALLING, mpmath=log_erfc, reference="log_erfc", ulp=4.0, ulp32=8.0, partial_ulp=(6.0,), cost=4 * TRANSCENDENTAL,
       regions=regions(-math.inf, (1.5, 2), -0.5, (2, 3.5), 0.5, (3.5, 3), 2, (1.5, 2.5), math.inf)),
    Op("log_half_erfc", 1, log(erfc(x0) / 2), _LOG_ERFC_SLOPE, fn.log_half_erfc, _LOG_ERFC,
       Piecewise((log(a / 2) - x0 * x0, x0 > 0), (fn.log1p(-s / 2), True)), domain=REALS, range=Span(high=0.0), trend=FALLING,
       mpmath=log_half_erfc, reference="log_half_erfc", ulp=4.0, ulp32=8.0, partial_ulp=(6.0,), cost=3 * TRANSCENDENTAL,
       regions=regions(-math.inf, (3.5, 3.5), 0, (3, 3), 2, (1.5, 2.5), math.inf)),
)
# fmt: on
"""The rows."""
