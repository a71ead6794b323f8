"""Rows of the op table for functions that NumPy lacks: the normal law, the gamma function and its kin, and those of SciPy.

``ops.py`` explains how rows are written, and has these in its table.
"""

import math
from typing import Any

import mpmath
import sympy
from sympy import Abs, Integer, Max, Min, Piecewise, Rational, Symbol, exp, log, pi, sqrt

from symgraph.spec.ops import faddeeva as fad
from symgraph.spec.ops import sympy_classes as fn
from symgraph.spec.ops.op import (
    AWAY,
    FALLING,
    FROM_0,
    POSITIVE,
    REALS,
    RISING,
    TRANSCENDENTAL,
    VALLEY,
    WHOLE_NUMBERS,
    Op,
    Span,
    late,
    over,
    own,
    regions,
    scipy,
)
from symgraph.spec.ops.special_on_mpmath import (
    dawson,
    erfcinv,
    faddeeva,
    faddeeva_bend,
    faddeeva_slope,
    ndtri,
    polygamma,
    stirlerr,
    wrightomega,
)

x0, x1, x2 = sympy.symbols("x0:3", real=True)
v = Symbol("v", real=True)
a, d, g, h, m, n, p, q, r, s, t, u = sympy.symbols("a d g h m n p q r s t u", real=True)

_HALF = Rational(1, 2)
_ZERO: tuple[Any, ...] = ()
_REAL: dict[str, Any] = {"domain": REALS, "range": REALS}

_NORMAL = ((g, fn.gauss(x0 / 2)), (d, fn.erfcx(Abs(x0) / sqrt(2))), (a, g * d / 2 * g))
"""exp(-x0**2/2) as a square, whose root is of an exact number; the scaled tail, and the tail of the normal law beyond |x0|."""

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

# digamma(x0 + x1) - digamma(x0): ten steps of its recurrence, if x0 is below 10, then the difference of its expansions
# (NIST DLMF 5.5.2, 5.11.2), whose powers of u = 1/m**2 and g = 1/s**2 have the factor u - g
_TEN_STEPS = p / x0 + sum(x1 / (x0 + _k + x1) / (x0 + _k) for _k in range(1, 10))
_EXPANSION: tuple[Any, ...] = (
    *(Rational(1, 12), Rational(-1, 120), Rational(1, 252), Rational(-1, 240), Rational(1, 132)),
    *(Rational(-691, 32760), Rational(1, 12), Rational(-3617, 8160)),
)
_DIGAMMA_STEP: tuple[Any, ...] = (
    (m, Piecewise((x0 + 10, x0 < 10), (x0, True))), (s, m + x1), (h, x1 / s), (d, h / m), (u, 1 / (m * m)), (g, 1 / (s * s)),
    (p, x1 / (x0 + x1)),
)  # fmt: skip
_remainder, _divided = Integer(0), Integer(0)  # Horner's rule for the expansion at g, and for its divided difference at u and g
for _coefficient in reversed(_EXPANSION):
    _remainder = _remainder * g + _coefficient
    _divided = _divided * u + _remainder
_DIFFERENCE = fn.log1p(x1 / m) + d / 2 + d * (1 / m + 1 / s) * _divided

# the second derivative of what Stirling's formula lacks of log(gamma): ten steps of its recurrence, which adds
# 1/(x*(x + 1))**2/2, if x0 is below 10, then its expansion (NIST DLMF 5.5.2, 5.15.8)
_bend: Any = Integer(0)
for _n in range(12, 0, -1):
    _bend = sympy.bernoulli(2 * _n) + u * _bend
_STIRLERR_SLOPE: tuple[Any, ...] = (
    (p, Piecewise((x0, x0 < 10), (1, True))), (m, Piecewise((x0 + 10, x0 < 10), (x0, True))), (r, 1 / m), (u, r * r),
)  # fmt: skip
_STEPS = sum((1 / ((p + _k) * (p + _k + 1))) ** 2 for _k in range(10)) / 2
_STIRLERR_BEND = Piecewise((_STEPS, x0 < 10), (0, True)) + _bend * u * r

# 1 - 2*x*dawson(x) cancels; from 1.7 on as a part of the slope of Faddeeva's function
_DDAWSON = Piecewise((1 - 2 * x0 * v, Abs(x0) < Rational(17, 10)), (sqrt(pi) / 2 * fad.wofz_slope_im(x0, 0), True))

_FADDEEVA_NOTE = (
    "of the modulus of the complex number that v, or the slope, is a part of; derivatives below |z| = 1.7, and third ones: of "
    "the terms that cancel"
)
_VOIGT_NOTE = (
    "of the modulus of the complex number that v, or the slope, is a part of; slopes below |z| = 1.7, with z = "
    "(x0 + I*x2)/(sqrt(2)*x1): of the terms that cancel"
)
_FADDEEVA_REGIONS = {
    "re": regions(0, (4.5, 5.5, 15.5), 1.7, (4.5, 11, 30), 4, (4.5, 5, 6), 28, (3.5, 4, 3.5), math.inf),
    "im": regions(0, (6, 15.5, 5.5), 1.7, (5, 30, 11), 4, (5, 6, 5), 28, (3.5, 3.5, 4), math.inf),
    "slope_re": regions(0, (8, 150, 150), 1.7, (20, 250, 250), 4, (7.5, 40, 15), 28, (3.5, 4, 4), math.inf),
    "slope_im": regions(0, (25, 150, 150), 1.7, (30, 250, 250), 4, (7.5, 15, 40), 28, (3.5, 4, 4), math.inf),
    "bend_re": regions(0, (250, 150, 150), 2.1, (250, 100, 250), 4, (40, 10, 20), 28, (4, 2.5, 2), math.inf),
    "bend_im": regions(0, (250, 150, 150), 2.1, (250, 250, 100), 4, (15, 20, 10), 28, (4, 2, 2.5), math.inf),
}
"""Figures by the modulus of x0 + i*x1."""
_WAVES = "for arguments above the order: of the amplitude sqrt(J**2 + Y**2)"
_BESSEL = (
    ("j", sympy.besselj, REALS, _HALF, -_HALF), ("y", sympy.bessely, POSITIVE, _HALF, -_HALF),
    ("i", sympy.besseli, REALS, _HALF, _HALF), ("k", sympy.besselk, POSITIVE, -_HALF, -_HALF),
)  # fmt: skip
"""Letter, class, domain, and the factors of the functions of the orders below and above in the slope (DLMF 10.6.1, 10.29.1)."""
_BESSEL_RANGES = {
    "j0": Span(-0.41, 1.0, "(]"), "j1": Span(-0.59, 0.59), "i0": Span(1.0, ends="[)"), "k0": POSITIVE, "k1": POSITIVE,
}  # fmt: skip
"""Ranges that are not all reals: J between its first extrema (DLMF 10.14.1), I and K by their signs (DLMF 10.37)."""
_BESSEL_COST = 3 * TRANSCENDENTAL
_BESSEL_REGIONS = {
    "j0": regions(0.0, (3, 3.5), 2.0, (7, 7.5), 25.0, (3, 4), math.inf),
    "j1": regions(0.0, (3.5, 5), 2.0, (7.5, 7), 25.0, (4, 3.5), math.inf),
    "j": regions(0.0, (2.5, 3), 2.0, (12, 11.5), 25.0, (6, 4.5), math.inf),
    "y0": regions(0.0, (2.5, 2.5), 1.5, (4, 5), 25.0, (3, 3.5), math.inf),
    "y1": regions(0.0, (2.5, 3.5), 1.5, (5, 4.5), 25.0, (3.5, 2.5), math.inf),
    "y": regions(0.0, (11.5, 12.5), 1.5, (11.5, 12), 25.0, (7, 5), math.inf),
    "i0": regions(0.0, (1.5, 1.5), 2.0, (4.5, 4), 25.0, (7, 4), math.inf),
    "i1": regions(0.0, (1.5, 1.5), 2.0, (4, 3.5), 25.0, (4, 5), math.inf),
    "i": regions(0.0, (2.5, 3), 2.0, (7, 6.5), 25.0, (7, 5.5), math.inf),
    "k0": regions(0.0, (10, 6), 2.0, (3.5, 3.5), 25.0, (4, 3), math.inf),
    "k1": regions(0.0, (6, 5), 2.0, (3.5, 3.5), 25.0, (3, 3.5), math.inf),
    "k": regions(0.0, (11.5, 12.5), 2.0, (7.5, 8), 25.0, (5.5, 5.5), math.inf),
}
"""Figures by region; those of any order hold for orders up to 20."""


def _of_order(kind: str, order: int) -> Any:
    return lambda a: getattr(mpmath, f"bessel{kind}")(order, a)


# Figures by region are half as much again as the largest error that tools/region_accuracy.py found at 300 points of each kind.
# fmt: off
SPECIAL_FUNCTIONS = (
    # the normal law
    Op("ndtr", 1, fn.ndtr(x0).definition(), ((1 / sqrt(2 * pi), g, late(g)),), fn.ndtr, _NORMAL,
       Piecewise((a, x0 < 0), (1 - a, True)), domain=REALS, range=Span(0.0, 1.0), trend=RISING, steep=True, bounded_slope=True,
       reference="ndtr", cost=3 * TRANSCENDENTAL, ulp32=6.0,
       regions=regions(-math.inf, (4.5, 3.5), -1.0, (4, 3), 1.0, (1, 3.5), math.inf)),
    Op("log_ndtr", 1, fn.log_ndtr(x0).definition(),
       ((sqrt(2 / pi), over(Piecewise((2 - 2 * a, x0 > 0), (d, True))), h, late(h)),), fn.log_ndtr,
       (*_NORMAL, (h, Piecewise((g, x0 > 0), (1, True)))),
       Piecewise((fn.log1p(-a), x0 > 0), (log(d / 2) - x0 * (x0 / 2), True)), domain=REALS, range=Span(high=0.0), trend=RISING,
       reference="log_ndtr", cost=4 * TRANSCENDENTAL, ulp32=12.0,
       regions=regions(-math.inf, (2, 4), -1.0, (4.5, 6), 1.0, (4, 3.5), math.inf)),
    # the gamma function's logarithm and slopes; modules of NumPy and Python bring them along, C has lgamma
    Op("lgamma", 1, sympy.loggamma(x0), ((sympy.polygamma(0, x0),),), sympy.loggamma, **_REAL,
       besides="all reals; inf at the poles 0, -1, -2, ...", trend=VALLEY, turn=1.4616321449683622, trend_on=POSITIVE,
       **own("lgamma") | {"c": "lgamma", "reference": ("lgamma", "digamma")},
       mpmath=lambda a: mpmath.re(mpmath.loggamma(a)), **_GAMMA, note=_REFLECTED,
       regions=regions(-math.inf, (3, 2.5), 0.0, (1.5, 1.5), 0.5, (3, 3), 4.0, (2.5, 1.5), math.inf)),
    Op("digamma", 1, sympy.polygamma(0, x0), ((sympy.polygamma(1, x0),),), (sympy.polygamma, 0), **_REAL,
       besides="all reals; -inf at the poles 0, -1, -2, ...", trend=RISING, trend_on=POSITIVE,
       **own("digamma") | {"reference": ("digamma", "polygamma 1")}, mpmath="digamma",
       **_GAMMA, note=_REFLECTED,
       regions=regions(-math.inf, (2.5, 4.5), 0.0, (1.5, 2.5), 0.5, (3, 3.5), 4.0, (1.5, 1.5), math.inf)),
    Op("trigamma", 1, sympy.polygamma(1, x0), ((sympy.polygamma(2, x0),),), (sympy.polygamma, 1), domain=REALS, range=POSITIVE,
       besides="all reals; inf at the poles 0, -1, -2, ...", trend=FALLING, trend_on=POSITIVE,
       **own("trigamma") | {"reference": ("polygamma 1", "polygamma 2")},
       mpmath=lambda a: mpmath.psi(1, a) if a > 0 else (mpmath.pi / mpmath.sinpi(a)) ** 2 - mpmath.psi(1, 1 - a),
       **_GAMMA, note="partial, below 0: of the same at x0 and at 1 - x0",
       regions=regions(-math.inf, (3.5, 6), 0.0, (2.5, 6), 0.5, (3.5, 6), 4.0, (1.5, 6), math.inf)),
    Op("polygamma", 2, sympy.polygamma(x0, x1), (_ZERO, (sympy.polygamma(x0 + 1, x1),)), sympy.polygamma,
       domain=(WHOLE_NUMBERS, REALS), range=REALS, **scipy("polygamma"),
       mpmath=polygamma, reference="polygamma", cost=3 * TRANSCENDENTAL,
       ulp=12.0, ulp32=1.0, partial_ulp=(0.0, 16.0), note=f"for orders up to 12; {_REFLECTED}",
       regions=regions(-math.inf, (12, 16), 0, (6, 5.5), 4, (7, 7.5), math.inf)),
    Op("gamma", 1, sympy.gamma(x0), ((v, sympy.polygamma(0, x0)),), sympy.gamma, **_REAL,
       besides="all reals; none at the poles 0, -1, -2, ...", trend=VALLEY, turn=1.4616321449683622, trend_on=POSITIVE,
       steep=True, **scipy("gamma") | {"scalar": "math.gamma", "c": "tgamma"}, mpmath="gamma", reference="gamma",
       cost=2 * TRANSCENDENTAL, ulp32=1.0,
       regions=regions(-math.inf, (7, 8), -168.0, (5.5, 6), 0.0, (4, 5), 2.0, (4.5, 4.5), math.inf),
       note="partial, below 0: of |v| * (|digamma(x0)| + |digamma(1 - x0)|)"),
    Op("betaln", 2, fn.betaln(x0, x1).definition(), ((-fn.digamma_step(x0, x1),), (-fn.digamma_step(x1, x0),)),
       fn.betaln, _BETALN,
       Piecewise((_BOTH_LARGE, m >= 10), (_ONE_LARGE, n >= 10),
                 (sympy.loggamma(m) + sympy.loggamma(n) - sympy.loggamma(m + n), True)),
       domain=POSITIVE, range=REALS, in_doubles=True, reference="betaln", cost=8 * TRANSCENDENTAL,
       ulp=9.0, ulp32=12.0, partial_ulp=(6.0, 6.0),
       note="value: of the largest of |lgamma| of the smaller operand and, where both are below 10, of the sum, |v| and 1",
       regions=regions(0, (4.5, 5, 4), 1, (4.5, 3.5, 3), 10, (3, 2.5, 2.5), math.inf), region_of=Min(x0, x1)),
    Op("digamma_step", 2, fn.digamma_step(x0, x1).definition(),
       ((sympy.polygamma(1, x0 + x1) - sympy.polygamma(1, x0),), (sympy.polygamma(1, x0 + x1),)), fn.digamma_step,
       _DIGAMMA_STEP, _DIFFERENCE + Piecewise((_TEN_STEPS, x0 < 10), (0, True)), domain=POSITIVE, range=POSITIVE,
       in_doubles=True, reference="digamma_step", cost=4 * TRANSCENDENTAL, ulp=6.0, ulp32=8.0, partial_ulp=(8.0, 4.0),
       note="partial by x0: of the terms that are subtracted",
       regions=regions(0, (4.5, 4.5, 4), 1, (3, 3.5, 3), 10, (2.5, 2.5, 2), math.inf), region_of=x0),
    Op("stirlerr", 1, fn.stirlerr(x0).definition(), ((fn.stirlerr_slope(x0),),), fn.stirlerr, domain=POSITIVE,
       range=POSITIVE, trend=FALLING, **own("stirlerr"), mpmath=stirlerr, **_GAMMA,
       regions=regions(0.0, (20, 18), 1.0, (5, 5.5), math.inf)),
    Op("stirlerr_slope", 1, fn.stirlerr_slope(x0).definition(), ((_STIRLERR_BEND,),), fn.stirlerr_slope, _STIRLERR_SLOPE,
       domain=POSITIVE, range=Span(high=0.0), trend=RISING, **own("stirlerr_slope"),
       mpmath=lambda a: stirlerr(a, 1), **_GAMMA,
       regions=regions(0.0, (12, 5), 1.0, (5, 5), 10.0, (3.5, 4), math.inf)),
    # the inverses of error function and normal law; their slopes by the scaled error function, which does not amplify errors
    Op("erfinv", 1, sympy.erfinv(x0), ((sqrt(pi) / 2 * fn.erfcx(Abs(v)), over(1 - Abs(x0))),), sympy.erfinv,
       domain=Span(-1.0, 1.0), range=REALS, trend=RISING, parity=-1, **scipy("erfinv"), mpmath="erfinv", reference="erfinv",
       cost=3 * TRANSCENDENTAL, ulp32=2.0, regions=regions(0.0, (2, 3.5), 0.5, (2, 4), 1.0),
       again=((sqrt(pi) / 2, Piecewise((exp(v * v), Abs(x0) < _HALF), (fn.erfcx(Abs(v)) / (1 - Abs(x0)), True))),)),
    Op("erfcinv", 1, sympy.erfcinv(x0), ((-sqrt(pi) / 2 * fn.erfcx(Abs(v)), over(Min(x0, 2 - x0))),), sympy.erfcinv,
       domain=Span(0.0, 2.0), range=REALS, trend=FALLING, **scipy("erfcinv"), mpmath=erfcinv, reference="erfcinv",
       cost=3 * TRANSCENDENTAL, ulp32=1.0, regions=regions(0.0, (3.5, 5), 0.1, (5, 4), 1.9, (3.5, 4), 2.0)),
    Op("ndtri", 1, fn.ndtri(x0).definition(), ((sqrt(pi / 2) * fn.erfcx(Abs(v) / sqrt(2)), over(Min(x0, 1 - x0))),), fn.ndtri,
       domain=Span(0.0, 1.0), range=REALS, trend=RISING, **scipy("ndtri"), mpmath=ndtri, reference="ndtri",
       cost=3 * TRANSCENDENTAL, ulp32=1.0, regions=regions(0.0, (3.5, 4), 0.1, (4, 4), 0.9, (4, 4), 1.0)),
    # integrals and the inverse of x*exp(x)
    Op("dawson", 1, fn.dawson(x0).definition(), ((_DDAWSON,),), fn.dawson, domain=REALS, range=Span(-0.55, 0.55), parity=-1,
       bounded_slope=True, **scipy("dawson"), mpmath=dawson,
       reference="dawson", cost=2 * TRANSCENDENTAL, ulp32=1.0,
       regions=regions(0.0, (1.5, 1), 0.5, (3.5, 3.5), 1.7, (3.5, 33), 3.0, (4, 6.5), 8.0, (2, 4.5), math.inf),
       note="partial, below 1.7: of 1 + 2*|x0*v|, which cancel"),
    Op("expint", 1, sympy.expint(1, x0), ((Integer(-1), over(x0), late(exp(-x0))),), (sympy.expint, 1), domain=POSITIVE,
       range=POSITIVE, trend=FALLING, steep=True, **scipy("exp1"), mpmath="e1", reference="expint", cost=2 * TRANSCENDENTAL,
       ulp32=1.0, regions=regions(0.0, (10.5, 2), 1.0, (7.5, 2), 40.0, (2.5, 2), math.inf)),
    Op("ei", 1, sympy.Ei(x0), ((h, over(x0), late(h)),), sympy.Ei, ((h, exp(x0 / 2)),), **_REAL,
       besides="x0 != 0", steep=True, **scipy("ei"),
       mpmath="ei", reference="ei", cost=2 * TRANSCENDENTAL, ulp32=1.0,
       regions=regions(-math.inf, (7.5, 2.5), 0.0, (3, 2.5), 0.2, (3.5, 2.5), 0.6, (6.5, 2.5), 6.0, (15, 2.5),
                       40.0, (3, 2.5), math.inf),
       note="value: of |v| + 1 for 0.2 < x0 < 0.6, next to the zero"),
    Op("lambertw", 1, sympy.LambertW(x0), ((over(fn.lambertw1p(x0)), Piecewise((exp(-v), x0 < 1), (v / AWAY, True))),),
       sympy.LambertW,
       domain=Span(-0.36787944117144233), range=Span(-1.0), trend=RISING, **scipy("lambertw"), mpmath="lambertw",
       reference="lambertw", cost=4 * TRANSCENDENTAL, ulp32=2.0,
       regions=regions(-0.36787944117144233, (2, 4.5), -0.35, (3.5, 12.5), 1.0, (1.5, 2.5), math.inf)),
    Op("lambertw1p", 1, fn.lambertw1p(x0).definition(), ((over(v), Piecewise((exp(1 - v), x0 < 1), ((v - 1) / AWAY, True))),),
       fn.lambertw1p, domain=Span(-0.36787944117144233), range=Span(0.0), trend=RISING, **scipy("lambertw1p"),
       mpmath=lambda a: 1 + mpmath.lambertw(a), reference="lambertw1p", cost=4 * TRANSCENDENTAL, ulp32=2.0,
       regions=regions(-0.36787944117144233, (3, 4.5), -0.35, (9, 12.5), 1.0, (1.5, 2.5), math.inf)),
    Op("wrightomega", 1, fn.wrightomega(x0).definition(),
       ((Piecewise((v / (1 + v), x0 < 1), (1 / (1 + 1 / Max(v, _HALF)), True)),),), fn.wrightomega, domain=REALS,
       range=POSITIVE, trend=RISING, steep=True, bounded_slope=True, **scipy("wrightomega"), mpmath=wrightomega,
       reference="wrightomega", cost=4 * TRANSCENDENTAL, ulp32=1.0,
       regions=regions(-math.inf, (2, 2.5), 0.0, (1.5, 1.5), 1.0, (1.5, 1.5), math.inf)),
    # the function of Faddeeva, and Voigt's profile, which is its real part
    *(Op(f"wofz_{name}", 2, getattr(fad, f"wofz_{name}")(x0, x1).definition(), partials, getattr(fad, f"wofz_{name}"),
         domain=(REALS, FROM_0), range=REALS, **scipy(f"wofz_{name}"), mpmath=exact, reference=f"wofz_{name}",
         cost=4 * TRANSCENDENTAL, ulp=8.0 if "_" not in name else 30.0 if "slope" in name else 250.0,
         ulp32=1.0, partial_ulp=(250.0, 250.0) if "_" in name else (30.0, 30.0),
         note=_FADDEEVA_NOTE, regions=_FADDEEVA_REGIONS[name], region_of=sqrt(x0**2 + x1**2))
      for name, partials, exact in (
        ("re", ((fad.wofz_slope_re(x0, x1),), (-fad.wofz_slope_im(x0, x1),)), lambda a, b: faddeeva(a, b).real),
        ("im", ((fad.wofz_slope_im(x0, x1),), (fad.wofz_slope_re(x0, x1),)), lambda a, b: faddeeva(a, b).imag),
        ("slope_re", ((fad.wofz_bend_re(x0, x1),), (-fad.wofz_bend_im(x0, x1),)), lambda a, b: faddeeva_slope(a, b).real),
        ("slope_im", ((fad.wofz_bend_im(x0, x1),), (fad.wofz_bend_re(x0, x1),)), lambda a, b: faddeeva_slope(a, b).imag),
        ("bend_re", ((-2 * (2 * fad.wofz_slope_re(x0, x1) + x0 * v - x1 * fad.wofz_bend_im(x0, x1)),),
                     (2 * (2 * fad.wofz_slope_im(x0, x1) + x0 * fad.wofz_bend_im(x0, x1) + x1 * v),)),
         lambda a, b: faddeeva_bend(a, b).real),
        ("bend_im", ((-2 * (2 * fad.wofz_slope_im(x0, x1) + x0 * v + x1 * fad.wofz_bend_re(x0, x1)),),
                     (-2 * (2 * fad.wofz_slope_re(x0, x1) + x0 * fad.wofz_bend_re(x0, x1) - x1 * v),)),
         lambda a, b: faddeeva_bend(a, b).imag))),
    Op("voigt", 3, fad.voigt(x0, x1, x2).definition(),
       ((fad.wofz_slope_re(p, q) / sqrt(pi), over(s), over(s)), (fad.wofz_bend_re(p, q) / sqrt(2 * pi), over(s), over(s)),
        (-fad.wofz_slope_im(p, q) / sqrt(pi), over(s), over(s))),
       fad.voigt, ((s, x1 * sqrt(2)), (p, x0 / s), (q, x2 / s)), fad.wofz_re(p, q) / (s * sqrt(pi)),
       domain=(REALS, POSITIVE, FROM_0), range=POSITIVE, reference="voigt", cost=5 * TRANSCENDENTAL,
       ulp32=4.0, note=_VOIGT_NOTE, region_of=sqrt(x0**2 + x2**2) / x1,
       regions=regions(0, (5, 6.5, 160, 14), 2.5, (4.5, 7.5, 145, 34), 6, (4.5, 6, 21, 6), 40, (3, 4, 6.5, 4.5), math.inf)),
    # Bessel functions of whole orders
    *(row for kind, function, span, below, above in _BESSEL for row in (
        Op(f"bessel_{kind}0", 1, function(0, x0), ((above * 2 * function(1, x0),),), (function, 0), domain=span,
           range=_BESSEL_RANGES.get(f"{kind}0", REALS), parity=1 if span == REALS else 0, **scipy(f"bessel_{kind}0"),
           mpmath=_of_order(kind, 0), reference=f"bessel_{kind}0", cost=_BESSEL_COST, ulp32=1.0,
           regions=_BESSEL_REGIONS[f"{kind}0"], note=_WAVES if kind in "jy" else ""),
        Op(f"bessel_{kind}1", 1, function(1, x0), ((below * function(0, x0) + above * function(2, x0),),), (function, 1),
           domain=span, range=_BESSEL_RANGES.get(f"{kind}1", REALS), parity=-1 if span == REALS else 0,
           **scipy(f"bessel_{kind}1"), mpmath=_of_order(kind, 1), reference=f"bessel_{kind}1", cost=_BESSEL_COST, ulp32=1.0,
           regions=_BESSEL_REGIONS[f"{kind}1"], note=_WAVES if kind in "jy" else ""),
        Op(f"bessel_{kind}", 2, function(x0, x1), (_ZERO, (below * function(x0 - 1, x1) + above * function(x0 + 1, x1),)),
           function, domain=(WHOLE_NUMBERS, span), range=REALS, **scipy(f"bessel_{kind}"), mpmath=f"bessel{kind}",
           reference=f"bessel_{kind}", cost=_BESSEL_COST, ulp32=1.0, regions=_BESSEL_REGIONS[kind],
           region_of=Abs(x1) if span == REALS else None,
           note=f"for orders up to 20{'; ' + _WAVES if kind in 'jy' else ''}"))),
)
# fmt: on
