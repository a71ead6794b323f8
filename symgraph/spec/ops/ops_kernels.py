"""Rows of the op table for functions that are 0/0 or cancel at 0 by their formulas; ``ops.py`` explains how rows are written.

The runtime and each backend have functions of these names. What no function has, the slope of a slope, is a series near 0,
whose next term is below 2**-110 of the sum, as accurate modules need it.
"""

from collections.abc import Callable
from fractions import Fraction
from math import factorial, inf
from typing import Any

import mpmath
import sympy
from sympy import Abs, Integer, Piecewise, Rational, Symbol, bernoulli, exp, sin, tanh

from symgraph.spec.ops import kernels as fn
from symgraph.spec.ops.op import FALLING, REALS, RISING, TRANSCENDENTAL, Op, Span, late, own, regions
from symgraph.spec.ops.sympy_classes import expm1

x0 = sympy.symbols("x0", real=True)
v = Symbol("v", real=True)
d, g, h, p, q, r, s, t, u = sympy.symbols("d g h p q r s t u", real=True)


def _series(coefficient: Callable[[int], Fraction], count: int, variable: Any) -> Any:
    """Return the sum of so many powers of a variable by Horner's rule."""
    result: Any = Integer(0)
    for n in reversed(range(count)):
        result = Rational(*coefficient(n).as_integer_ratio()) + variable * result
    return result


def _bernoulli(n: int) -> Fraction:
    number = bernoulli(n)
    return Fraction(int(number.p), int(number.q))


_TINY = 20_000
"""Binary exponent from which on numbers below 1 stand for their first power alone: no double or pair of doubles is as small."""


def _near_0(
    limit: Any, formula: Callable[[Any], Any], low: float, high: float, first: Callable[[Any], Any] = lambda x: 0
) -> Callable[[Any], Any]:
    """Return a formula on mpmath's numbers that has a limit at 0, with the digits that cancel near there, and ends far out.

    Args:
        limit: the value at 0.
        formula: computes it elsewhere.
        low, high: the values at minus infinity and at infinity.
        first: the first power of x behind a limit that is 0.
    """

    def value(x: Any) -> Any:
        if mpmath.isinf(x):
            return mpmath.mpf(high if x > 0 else low)
        if not x or mpmath.mag(x) < -_TINY:
            return mpmath.mpf(Fraction(limit).numerator) / Fraction(limit).denominator + first(x)
        with mpmath.workprec(mpmath.mp.prec + 6 * max(0, -mpmath.mag(x)) + 16):
            return formula(mpmath.mpf(x))

    return value


def _sin_less_itself(x: Any) -> Any:
    """Return sin(x) - x; far out, where the wave changes no digit, it is left out, since it takes all digits of x."""
    return -x if mpmath.mag(x) > mpmath.mp.prec else mpmath.sin(x) - x


def _beside(near: Any, end: int) -> tuple[tuple[Any, Any], ...]:
    """Return x0 as it is near 0, its square, and x0 as it is elsewhere, each of them ordinary where the other one is meant."""
    return (p, Piecewise((x0, near), (0, True))), (h, Piecewise((end, near), (x0, True))), (u, p * p)


def _slope_of_bernoulli(x: Any) -> Any:
    """Return the slope of x/(exp(x) - 1) on mpmath's numbers."""
    small, m = mpmath.exp(-abs(x)), -mpmath.expm1(-abs(x))
    return -small * (x - m) / m / m if x > 0 else -(1 + x * small / m) / m


_NEAR, _WITHIN_2 = Abs(x0) < 1, Abs(x0) < 2
_BESIDE, _BESIDE_2 = _beside(_NEAR, 1), _beside(_WITHIN_2, 2)

_EXPREL_BEND = _series(lambda n: Fraction(1, factorial(n) * (n + 3)), 30, p)
_EXPREL2_BEND = _series(lambda n: Fraction((n + 2) * (n + 1), factorial(n + 4)), 40, p)
# near 0 by those of exprel; elsewhere exp(-|x|)*(|x| - 2 + (|x| + 2)*exp(-|x|))/(1 - exp(-|x|))**3 on both sides
_BERNOULLI_BEND = (
    Piecewise(((2 * g * g - _EXPREL_BEND * r) * r, _NEAR), (t * q, True)), late(Piecewise((1, _NEAR), (q, True)))
)  # fmt: skip
# log(1 + x) is 2*atanh(s) with s = x/(2 + x), which is within 1/5 here
_LOG_NEAR = Abs(x0 - Rational(1, 12)) < Rational(5, 12)
_ATANH_TAIL = _series(lambda n: Fraction(1, 2 * n + 3), 24, u)
_SINHC_BEND = _series(lambda n: Fraction((2 * n + 2) * (2 * n + 1), factorial(2 * n + 3)), 15, u)
_LANGEVIN_BEND = p * _series(
    lambda n: 2 ** (2 * n + 4) * (2 * n + 3) * (2 * n + 2) * _bernoulli(2 * n + 4) / factorial(2 * n + 4), 40, u
)
_FUNCTION: dict[str, Any] = {"domain": REALS, "cost": 2 * TRANSCENDENTAL, "ulp32": 1.0}

# Figures by region are half as much again as the largest error that tools/region_accuracy.py found at 300 points of each kind.
# fmt: off
KERNELS = (
    Op("exprel", 1, fn.exprel(x0).definition(), ((fn.exprel_slope(x0),),), fn.exprel, range=Span(0.0), trend=RISING, steep=True,
       **own("exprel"), mpmath=_near_0(1, lambda x: mpmath.expm1(x) / x, 0, inf), **_FUNCTION,
       regions=regions(-inf, (2, 7), -1, (3, 2), 1, (2.5, 3), inf)),
    Op("exprel_slope", 1, fn.exprel_slope(x0).definition(),
       ((Piecewise((_EXPREL_BEND, _NEAR), (q * r * (1 - 2 * t + 2 * t * t) - 2 * t * t * t, True)),),), fn.exprel_slope,
       (*_BESIDE, (q, exp(h / 2)), (r, q / h), (t, 1 / h)), range=Span(0.0), trend=RISING, steep=True,
       **own("exprel_slope"), mpmath=_near_0(0.5, lambda x: (mpmath.exp(x) - mpmath.expm1(x) / x) / x, 0, inf), **_FUNCTION,
       regions=regions(-inf, (7, 34.5), -1, (2, 3), 1, (3, 9), inf)),
    Op("exprel2", 1, fn.exprel2(x0).definition(), ((fn.exprel2_slope(x0),),), fn.exprel2, range=Span(0.0), trend=RISING,
       steep=True, **own("exprel2"), mpmath=_near_0(0.5, lambda x: (mpmath.expm1(x) - x) / x**2, 0, inf), **_FUNCTION,
       regions=regions(-inf, (3.5, 8.5), -1, (1.5, 1.5), 1, (5.5, 3.5), inf)),
    Op("exprel2_slope", 1, fn.exprel2_slope(x0).definition(),
       ((Piecewise((_EXPREL2_BEND, _WITHIN_2), (d * d * (1 - 4 * r + 6 * r * r) - 2 * r * r * r * (1 + 3 * r), True)),),),
       fn.exprel2_slope, (*_BESIDE_2, (r, 1 / h), (d, exp(h / 2) / h)),
       range=Span(0.0), trend=RISING, steep=True, **own("exprel2_slope"),
       mpmath=_near_0(Fraction(1, 6), lambda x: (x * mpmath.exp(x) - 2 * mpmath.expm1(x) + x) / x**3, 0, inf), **_FUNCTION,
       regions=regions(-inf, (8.5, 13.5), -1, (1.5, 2.5), 1, (3.5, 10), inf)),
    Op("bernoulli_function", 1, fn.bernoulli_function(x0).definition(), ((fn.bernoulli_slope(x0),),), fn.bernoulli_function,
       range=Span(0.0), trend=FALLING, steep=True, **own("bernoulli_function"),
       mpmath=_near_0(1, lambda x: x / mpmath.expm1(x), inf, 0),
       **_FUNCTION, regions=regions(-inf, (2.5, 3.5), -1, (2.5, 5), 1, (3, 4.5), inf)),
    Op("bernoulli_slope", 1, fn.bernoulli_slope(x0).definition(), (_BERNOULLI_BEND,), fn.bernoulli_slope,
       (*_BESIDE, (q, exp(-Abs(h) / 2)), (d, -expm1(-Abs(h))),
        (t, (Abs(h) - 2 + (Abs(h) + 2) * exp(-Abs(h))) / d / d / d), (r, 1 / fn.exprel(p)), (g, fn.exprel_slope(p) * r)),
       range=Span(-1.0, 0.0), trend=RISING, steep=True, bounded_slope=True, **own("bernoulli_slope"),
       mpmath=_near_0(-0.5, _slope_of_bernoulli, -1, 0), **_FUNCTION,
       regions=regions(-inf, (3.5, 33.5), -1, (5, 28), 1, (4.5, 33.5), inf)),
    Op("sinhc", 1, fn.sinhc(x0).definition(), ((fn.sinhc_slope(x0),),), fn.sinhc, range=Span(1.0, ends="[)"), parity=1,
       steep=True, **own("sinhc"), mpmath=_near_0(1, lambda x: mpmath.sinh(x) / x, inf, inf), **_FUNCTION,
       regions=regions(0.0, (3, 1.5), 1, (3, 4), inf)),
    Op("sinhc_slope", 1, fn.sinhc_slope(x0).definition(),
       ((Piecewise((_SINHC_BEND, _NEAR), (q * d * (1 - 2 * r + 2 * r * r) - t * s * (1 + 2 * r + 2 * r * r), True)),),),
       fn.sinhc_slope, (*_BESIDE, (r, 1 / Abs(h)), (q, exp(Abs(h) / 2)), (d, q * r / 2), (t, exp(-Abs(h) / 2)), (s, t * r / 2)),
       range=REALS,
       trend=RISING, parity=-1, steep=True, **own("sinhc_slope"),
       mpmath=_near_0(0, lambda x: (mpmath.cosh(x) - mpmath.sinh(x) / x) / x, -inf, inf, lambda x: x / 3), **_FUNCTION,
       regions=regions(0.0, (1.5, 4), 1, (4, 8), inf)),
    Op("langevin", 1, fn.langevin(x0).definition(), ((fn.langevin_slope(x0),),), fn.langevin, range=Span(-1.0, 1.0),
       trend=RISING, parity=-1, bounded_slope=True, **own("langevin"),
       mpmath=_near_0(0, lambda x: mpmath.coth(x) - 1 / x, -1, 1, lambda x: x / 3),
       **_FUNCTION, regions=regions(0.0, (3.5, 3.5), 1, (6, 8), inf)),
    Op("langevin_slope", 1, fn.langevin_slope(x0).definition(),
       ((Piecewise((_LANGEVIN_BEND, _NEAR), (2 * d * d / tanh(h) - 2 * r * r * r, True)),),), fn.langevin_slope,
       (*_BESIDE, (q, exp(-Abs(h))), (d, 2 * q / (1 - q * q)), (r, 1 / h)), range=Span(0.0, 0.34), parity=1,
       bounded_slope=True, **own("langevin_slope"),
       mpmath=_near_0(Fraction(1, 3), lambda x: 1 / x**2 - mpmath.csch(x) ** 2, 0, 0),
       **_FUNCTION, regions=regions(0.0, (3.5, 10.5), 1, (8, 63.5), inf)),
    Op("log1prel", 1, fn.log1prel(x0).definition(), ((fn.log1prel_slope(x0),),), fn.log1prel, range=Span(0.0), trend=FALLING,
       **own("log1prel"), mpmath=_near_0(1, lambda x: mpmath.log1p(x) / x, inf, 0), **_FUNCTION | {"domain": Span(-1.0)},
       regions=regions(-1.0, (1.5, 5.5), -0.25, (1.5, 6.5), 1, (1.5, 6), inf)),
    Op("log1prel_slope", 1, fn.log1prel_slope(x0).definition(),
       ((Piecewise((d * d * d * (g * g + _ATANH_TAIL) / 2, _LOG_NEAR), (-(g * g + 2 * v) / h, True)),),), fn.log1prel_slope,
       (*_beside(_LOG_NEAR, 1)[:2], (s, p / (2 + p)), (u, s * s), (d, 1 - s),
        (g, 1 / (1 + Piecewise((s, _LOG_NEAR), (h, True))))),
       range=Span(high=0.0), trend=RISING, **own("log1prel_slope"),
       mpmath=_near_0(-0.5, lambda x: (1 / (1 + x) - mpmath.log1p(x) / x) / x, -inf, 0), **_FUNCTION | {"domain": Span(-1.0)},
       regions=regions(-1.0, (5.5, 13.5), -0.25, (6.5, 29), 1, (6, 19.5), inf)),
    Op("log1pmx", 1, fn.log1pmx(x0).definition(), ((-x0 / (1 + x0),),), fn.log1pmx, range=Span(high=0.0, ends="(]"),
       **own("log1pmx"), mpmath=_near_0(0, lambda x: mpmath.log1p(x) - x, -inf, -inf, lambda x: -x * x / 2),
       **_FUNCTION | {"domain": Span(-1.0)},
       regions=regions(-1.0, (4, 1.5), -0.25, (3.5, 1.5), 1, (1.5, 1.5), inf)),
    Op("sinmx", 1, fn.sinmx(x0).definition(), ((-2 * sin(x0 / 2), sin(x0 / 2)),), fn.sinmx, range=REALS, trend=FALLING,
       parity=-1, **own("sinmx"), mpmath=_near_0(0, _sin_less_itself, inf, -inf, lambda x: -(x**3) / 6), **_FUNCTION,
       regions=regions(0.0, (2.5, 2), 1, (2.5, 2.5), inf)),
    Op("tanhmx", 1, fn.tanhmx(x0).definition(), ((-tanh(x0), tanh(x0)),), fn.tanhmx, range=REALS, trend=FALLING, parity=-1,
       **own("tanhmx"), mpmath=_near_0(0, lambda x: mpmath.tanh(x) - x, inf, -inf, lambda x: -(x**3) / 3), **_FUNCTION,
       regions=regions(0.0, (3, 3.5), 1, (3, 2.5), inf)),
)
# fmt: on
