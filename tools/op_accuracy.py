"""The ops of the table, as backends write them, measured against mpmath.

``python tools/op_accuracy.py [--points N] [--seed S] [OP ...]`` prints the largest errors found;
tests/spec/ops/test_op_accuracy.py holds the stated figures against the same measurement at fewer points.
"""

import argparse
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from importlib import import_module
from typing import Any

import mpmath
import numpy as np
from flint import acb, arb, ctx
from op_points import BITS, Arrays, Case, operands_of

from symgraph.compiler.backends import BACKENDS
from symgraph.compiler.backends.names import CALLED
from symgraph.compiler.backends.numpy.runtime_source import runtime_library
from symgraph.compiler.backends.scalar.library import parts
from symgraph.compiler.derive.op_graphs import instantiate
from symgraph.compiler.ir.evaluate import evaluate
from symgraph.compiler.ir.graph import SUMS, Graph, GraphBuilder, reachable
from symgraph.compiler.passes import expand, fold_constants, lower_powers, prune, simplify
from symgraph.judge.special_forms import stirlerr as ball_of_stirlerr
from symgraph.runtime.namespaces import namespace
from symgraph.runtime.special import scipy_special
from symgraph.spec.ops.op import REFUSED, SCIPY, WHOLE_NUMBERS, late, over
from symgraph.spec.ops.ops import OPS
from symgraph.spec.ops.optext import Level, Text
from symgraph.spec.ops.special_on_mpmath import (
    dawson,
    erfcinv,
    faddeeva,
    faddeeva_bend,
    faddeeva_slope,
    ndtri,
    polygamma,
    wrightomega,
)

PASSES = (expand, fold_constants, lower_powers, simplify, fold_constants, simplify, prune)
"""The passes that work on single ops."""

DIGITS = 50


mp = mpmath


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + mp.exp(-z))


def _slope_of_sinc(x: Any) -> Any:
    if abs(x) < 1e-5:  # the next term of the series is below 1e-32 of the sum
        return -x / 3 + x**3 / 30 - x**5 / 840
    return (mp.cos(x) - mp.sin(x) / x) / x


def _direction(a: Any, b: Any) -> Any:
    return a / mp.sqrt(a * a + b * b) if a or b else mp.mpf(0)


def _cbrt(a: Any) -> Any:
    return mp.sign(a) * mp.cbrt(abs(a))


def _log_or_zero(x: Any, y: Any) -> Any:
    return x * mp.log(y) if x else mp.mpf(0)


def _scaled_erfc(x: Any) -> tuple[Any, Any, Any]:
    """exp(x*x) times erfc(x), times its integral, and the slope of the latter; for large x their first terms (DLMF 7.18.14)."""
    if x > 1e20:
        return tuple(scale / mp.sqrt(mp.pi) / x**power for scale, power in ((1, 1), (0.5, 2), (-1, 3)))  # type: ignore[return-value]
    if x < -1e5:
        return mp.inf, mp.inf, -mp.inf
    with mp.workdps(mp.mp.dps + 100):
        value = mp.exp(x * x) * mp.erfc(x)
        integral = 1 / mp.sqrt(mp.pi) - x * value
        return value, integral, 2 * x * integral - value


def _log_erfc(x: Any) -> Any:
    """log(erfc(x)), where mpmath's own function is slow by the scaled one."""
    return mp.log(_scaled_erfc(x)[0]) - x * x if x > 1 else mp.log1p(-mp.erf(max(x, mp.mpf(-1000))))


def _trigamma(x: Any) -> Any:
    return mp.psi(1, x) if x > 0 else (mp.pi / mp.sinpi(x)) ** 2 - mp.psi(1, 1 - x)


def _mirrored(order: Any, x: Any) -> Any:
    """The terms of a derivative of digamma that cancel below 0."""
    return abs(polygamma(order, x)) + (abs(polygamma(order, 1 - x)) if x < 0 else 0)


def _ndtr(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2 if abs(x) < 1e5 else mp.mpf(x > 0)


def _density(x: Any) -> Any:
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def _floored(a: Any, b: Any) -> Any:
    return mp.mpf(int(Fraction(float(a)) // Fraction(float(b))))


def _mod(a: Any, b: Any) -> Any:
    rest = Fraction(float(a)) % Fraction(float(b))
    return mp.mpf(rest.numerator) / rest.denominator


def _more(function: Callable[[], Any]) -> Any:
    with mp.workdps(mp.mp.dps + 350):
        return function()


def _in_balls(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of balls of python-flint, for mpmath's numbers: mpmath takes long where terms cancel by hundreds of digits."""

    def found(*numbers: Any) -> Any:
        with ctx.workprec(2600):
            mantissa, exponent = function(*(arb(float(x)) for x in numbers)).mid().man_exp()
        return mp.ldexp(mp.mpf(int(mantissa)), int(exponent))

    return found


_betaln = _in_balls(lambda a, b: a.lgamma() + b.lgamma() - (a + b).lgamma())
_digamma_step = _in_balls(lambda x, h: (x + h).digamma() - x.digamma())


_stirlerr, _stirlerr_slope, _stirlerr_bend = (_in_balls(partial(ball_of_stirlerr, order=order)) for order in range(3))


def _exactly(at_0: Any, formula: Any) -> Any:
    """A formula that is 0/0 at 0, where the terms cancel, and has this limit there."""
    return lambda x: mp.mpf(at_0) if not x else _with_digits(formula, x)


def _with_digits(formula: Any, x: Any) -> Any:
    with mp.workdps(mp.mp.dps + 2100):
        return formula(mp.mpf(x))


def _exprel_slope(x: Any) -> Any:
    return (mp.exp(x) - mp.expm1(x) / x) / x


def _third(a: Any, b: Any) -> Any:
    """The third derivative of Faddeeva's function."""
    with mp.workdps(mp.mp.dps + 50):
        return -4 * faddeeva_slope(a, b) - 2 * mp.mpc(a, b) * faddeeva_bend(a, b)


def _voigt(order: int, x: Any, sigma: Any, gamma: Any) -> Any:
    """The complex number of which Voigt's profile, or a slope of it, is a part: a derivative of Faddeeva's function."""
    width = sigma * mp.sqrt(2)
    function = (faddeeva, faddeeva_slope, faddeeva_bend)[order]
    return function(x / width, gamma / width) / mp.sqrt(mp.pi) / (width if order == 0 else width**2 * mp.sqrt(order))


BESSEL = (("j", 1, -1), ("y", 1, -1), ("i", 1, 1), ("k", -1, -1))
"""Letter, and the signs of the functions of the orders below and above in the slope."""


def _bessel(kind: str, below: int, above: int) -> dict[str, tuple[Callable[..., Any], ...]]:
    """The functions of a kind of orders 0, 1 and any."""
    function = getattr(mp, f"bessel{kind}")

    def slope(order: Any, x: Any) -> Any:
        return (below * function(order - 1, x) + above * function(order + 1, x)) / 2

    of_any = (function, lambda n, x: mp.mpf(0), slope)
    of_fixed = {order: (partial(function, order), partial(slope, order)) for order in (0, 1)}
    return {f"bessel_{kind}": of_any, **{f"bessel_{kind}{order}": functions for order, functions in of_fixed.items()}}


FADDEEVA: tuple[Any, ...] = (
    ("", faddeeva, faddeeva_slope),
    ("slope_", faddeeva_slope, faddeeva_bend),
    ("bend_", faddeeva_bend, _third),
)
"""Beginning of the names of parts of a derivative, that derivative, and the next one."""

TRUTH: Mapping[str, tuple[Callable[..., Any], ...]] = {
    "add": (lambda a, b: a + b, lambda a, b: mp.mpf(1), lambda a, b: mp.mpf(1)),
    "sub": (lambda a, b: a - b, lambda a, b: mp.mpf(1), lambda a, b: mp.mpf(-1)),
    "mul": (lambda a, b: a * b, lambda a, b: b, lambda a, b: a),
    "div": (lambda a, b: a / b, lambda a, b: 1 / b, lambda a, b: -a / b**2),
    "neg": (lambda a: -a, lambda a: mp.mpf(-1)),
    "pow": (mp.power, lambda a, b: b * mp.power(a, b - 1) if b else b, lambda a, b: a and mp.power(a, b) * mp.log(a)),
    "power_slope": (
        lambda a, b: b * mp.power(a, b) / a if a else b * mp.power(a, b - 1),
        lambda a, b: b * (b - 1) * mp.power(a, b) / a**2 if a else b * (b - 1) * mp.power(a, b - 2),
        lambda a, b: a and mp.power(a, b) / a * _more(lambda: 1 + b * mp.log(a)),
    ),
    "sqrt": (mp.sqrt, lambda a: 1 / (2 * mp.sqrt(a))),
    "cbrt": (_cbrt, lambda a: 1 / (3 * _cbrt(a) ** 2)),
    "hypot": (mp.hypot, _direction, lambda a, b: _direction(b, a)),
    "exp": (mp.exp, mp.exp),
    "expm1": (mp.expm1, mp.exp),
    "log": (mp.log, lambda a: 1 / a),
    "log1p": (mp.log1p, lambda a: 1 / (1 + a)),
    "sigmoid": (_sigmoid, lambda z: _sigmoid(z) * _sigmoid(-z)),
    "softplus": (lambda z: mp.log1p(mp.exp(z)), _sigmoid),
    "log_sigmoid": (lambda z: -mp.log1p(mp.exp(-z)), lambda z: _sigmoid(-z)),
    "logit": (lambda x: mp.log(x / (1 - x)), lambda x: 1 / (x * (1 - x))),
    "logaddexp": (
        lambda a, b: max(a, b) + mp.log1p(mp.exp(-abs(a - b))), lambda a, b: _sigmoid(a - b), lambda a, b: _sigmoid(b - a),
    ),
    "xlogx": (lambda x: _log_or_zero(x, x), lambda x: 1 + mp.log(x)),
    "xlogy": (_log_or_zero, lambda x, y: mp.log(y), lambda x, y: x / y),
    "sin": (mp.sin, mp.cos),
    "cos": (mp.cos, lambda a: -mp.sin(a)),
    "tan": (mp.tan, lambda a: mp.sec(a) ** 2),
    "asin": (mp.asin, lambda a: 1 / mp.sqrt((1 - a) * (1 + a))),
    "acos": (mp.acos, lambda a: -1 / mp.sqrt((1 - a) * (1 + a))),
    "atan": (mp.atan, lambda a: 1 / (1 + a * a)),
    "atan2": (mp.atan2, lambda a, b: b / (a * a + b * b), lambda a, b: -a / (a * a + b * b)),
    "sinc": (mp.sinc, _slope_of_sinc),
    "sinh": (mp.sinh, mp.cosh),
    "cosh": (mp.cosh, mp.sinh),
    "tanh": (mp.tanh, lambda a: mp.sech(a) ** 2),
    "sech": (mp.sech, lambda a: -mp.sech(a) * mp.tanh(a)),
    "sec": (mp.sec, lambda a: mp.sec(a) * mp.tan(a)),
    "csc": (mp.csc, lambda a: -mp.csc(a) * mp.cot(a)),
    "cot": (mp.cot, lambda a: -(mp.csc(a) ** 2)),
    "csch": (mp.csch, lambda a: -mp.csch(a) * mp.coth(a)),
    "coth": (mp.coth, lambda a: -(mp.csch(a) ** 2)),
    "asinh": (mp.asinh, lambda a: 1 / mp.sqrt(1 + a * a)),
    "acosh": (mp.acosh, lambda a: 1 / mp.sqrt(a * a - 1)),
    "atanh": (mp.atanh, lambda a: 1 / (1 - a * a)),
    "gauss": (lambda a: mp.exp(-a * a), lambda a: -2 * a * mp.exp(-a * a)),
    "erf": (lambda a: mp.erf(a) if abs(a) < 1e5 else mp.sign(a), lambda a: 2 / mp.sqrt(mp.pi) * mp.exp(-a * a)),
    "erfc": (lambda a: mp.erfc(a) if abs(a) < 1e5 else 1 - mp.sign(a), lambda a: -2 / mp.sqrt(mp.pi) * mp.exp(-a * a)),
    "erfcx": (lambda a: _scaled_erfc(a)[0], lambda a: -2 * _scaled_erfc(a)[1]),
    "ierfcx": (lambda a: _scaled_erfc(a)[1], lambda a: _scaled_erfc(a)[2]),
    "log_erfc": (_log_erfc, lambda a: -2 / mp.sqrt(mp.pi) / _scaled_erfc(a)[0]),
    "log_half_erfc": (
        lambda a: mp.log1p(-mp.erfc(min(-a, 1000)) / 2) if a < 0 else _log_erfc(a) - mp.log(2),
        lambda a: -2 / mp.sqrt(mp.pi) / _scaled_erfc(a)[0],
    ),
    "ndtr": (_ndtr, _density),
    "log_ndtr": (
        lambda a: mp.log1p(-_ndtr(-a)) if a > 0 else _log_erfc(-a / mp.sqrt(2)) - mp.log(2),
        lambda a: _density(a) / _ndtr(a) if a > 0 else mp.sqrt(2 / mp.pi) / _scaled_erfc(-a / mp.sqrt(2))[0],
    ),
    "mod": (_mod, lambda a, b: mp.mpf(1), lambda a, b: -_floored(a, b)),
    "gamma": (mp.gamma, lambda a: mp.gamma(a) * mp.digamma(a)),
    "betaln": (_betaln, lambda a, b: -_digamma_step(a, b), lambda a, b: -_digamma_step(b, a)),
    "stirlerr": (_stirlerr, _stirlerr_slope),
    "stirlerr_slope": (_stirlerr_slope, _stirlerr_bend),
    "log1prel": (_exactly(1, lambda x: mp.log1p(x) / x), _exactly(-0.5, lambda x: (1 / (1 + x) - mp.log1p(x) / x) / x)),
    "log1prel_slope": (
        _exactly(-0.5, lambda x: (1 / (1 + x) - mp.log1p(x) / x) / x),
        _exactly(2 / mp.mpf(3), lambda x: (2 * (mp.log1p(x) / x - 1 / (1 + x)) / x - 1 / (1 + x) ** 2) / x),
    ),
    "exprel": (_exactly(1, lambda x: mp.expm1(x) / x), _exactly(0.5, _exprel_slope)),
    "exprel_slope": (_exactly(0.5, _exprel_slope), _exactly(1 / mp.mpf(3), lambda x: (mp.exp(x) - 2 * _exprel_slope(x)) / x)),
    "bernoulli_function": (
        _exactly(1, lambda x: x / mp.expm1(x)), _exactly(-0.5, lambda x: (1 - x - x / mp.expm1(x)) / mp.expm1(x)),
    ),
    "bernoulli_slope": (
        _exactly(-0.5, lambda x: (1 - x - x / mp.expm1(x)) / mp.expm1(x)),
        _exactly(1 / mp.mpf(6), lambda x: mp.exp(-x) * (x - 2 + (x + 2) * mp.exp(-x)) / (-mp.expm1(-x)) ** 3),
    ),
    "exprel2": (
        _exactly(0.5, lambda x: (mp.expm1(x) - x) / x**2),
        _exactly(1 / mp.mpf(6), lambda x: (x * mp.exp(x) - 2 * mp.expm1(x) + x) / x**3),
    ),
    "exprel2_slope": (
        _exactly(1 / mp.mpf(6), lambda x: (x * mp.exp(x) - 2 * mp.expm1(x) + x) / x**3),
        _exactly(1 / mp.mpf(12), lambda x: ((x * x - 4 * x + 6) * mp.exp(x) - 6 - 2 * x) / x**4),
    ),
    "sinhc": (_exactly(1, lambda x: mp.sinh(x) / x), _exactly(0, lambda x: (mp.cosh(x) - mp.sinh(x) / x) / x)),
    "sinhc_slope": (
        _exactly(0, lambda x: (mp.cosh(x) - mp.sinh(x) / x) / x),
        _exactly(1 / mp.mpf(3), lambda x: mp.sinh(x) / x - 2 * (mp.cosh(x) - mp.sinh(x) / x) / x**2),
    ),
    "langevin": (_exactly(0, lambda x: mp.coth(x) - 1 / x), _exactly(1 / mp.mpf(3), lambda x: 1 / x**2 - mp.csch(x) ** 2)),
    "langevin_slope": (
        _exactly(1 / mp.mpf(3), lambda x: 1 / x**2 - mp.csch(x) ** 2),
        _exactly(0, lambda x: 2 * mp.csch(x) ** 2 * mp.coth(x) - 2 / x**3),
    ),
    "log1pmx": (_exactly(0, lambda x: mp.log1p(x) - x), lambda x: -x / (1 + x)),
    "sinmx": (_exactly(0, lambda x: mp.sin(x) - x), lambda x: -2 * mp.sin(x / 2) ** 2),
    "tanhmx": (_exactly(0, lambda x: mp.tanh(x) - x), lambda x: -mp.tanh(x) ** 2),
    "digamma_step": (
        _digamma_step, _in_balls(lambda x, h: acb(x + h).polygamma(1).real - acb(x).polygamma(1).real),
        lambda a, b: _trigamma(a + b),
    ),
    "erfinv": (mp.erfinv, lambda a: mp.sqrt(mp.pi) / 2 * mp.exp(mp.erfinv(a) ** 2)),
    "erfcinv": (erfcinv, lambda a: -mp.sqrt(mp.pi) / 2 * mp.exp(erfcinv(a) ** 2)),
    "ndtri": (ndtri, lambda a: mp.sqrt(2 * mp.pi) * mp.exp(ndtri(a) ** 2 / 2)),
    "dawson": (dawson, lambda a: _more(lambda: 1 - 2 * a * dawson(a))),
    "expint": (mp.e1, lambda a: -mp.exp(-a) / a),
    "ei": (mp.ei, lambda a: mp.exp(a) / a),
    "lambertw": (mp.lambertw, lambda a: mp.exp(-mp.lambertw(a)) / (1 + mp.lambertw(a))),
    "wrightomega": (wrightomega, lambda a: 1 / (1 + 1 / wrightomega(a))),
    "lambertw1p": (
        lambda a: 1 + mp.lambertw(a), lambda a: mp.exp(-mp.lambertw(a)) / (1 + mp.lambertw(a)),
    ),
    **{
        f"wofz_{name}re": (lambda a, b, f=f: f(a, b).real, lambda a, b, g=g: g(a, b).real, lambda a, b, g=g: -g(a, b).imag)
        for name, f, g in FADDEEVA
    },
    **{
        f"wofz_{name}im": (lambda a, b, f=f: f(a, b).imag, lambda a, b, g=g: g(a, b).imag, lambda a, b, g=g: g(a, b).real)
        for name, f, g in FADDEEVA
    },
    "voigt": (
        lambda *at: _voigt(0, *at).real, lambda *at: _voigt(1, *at).real, lambda *at: _voigt(2, *at).real,
        lambda *at: -_voigt(1, *at).imag,
    ),
    **{name: functions for kind, below, above in BESSEL for name, functions in _bessel(kind, below, above).items()},
    "lgamma": (lambda a: mp.re(mp.loggamma(a)), mp.digamma),
    "digamma": (mp.digamma, _trigamma),
    "trigamma": (_trigamma, lambda a: polygamma(2, a)),
    "polygamma": (polygamma, lambda n, a: mp.mpf(0), lambda n, a: polygamma(n + 1, a)),
    "abs": (abs, mp.sign),
    "max": (max, lambda a, b: _half(a > b, a == b), lambda a, b: _half(a < b, a == b)),
    "min": (min, lambda a, b: _half(a < b, a == b), lambda a, b: _half(a > b, a == b)),
    "relu": (lambda a: max(a, mp.mpf(0)), lambda a: _half(a > 0, False)),
}  # fmt: skip
"""Of each op the value and the partials, written down independently of the table."""


def _half(holds: bool, tie: bool) -> Any:
    return mp.mpf(1) if holds else mp.mpf(0.5) if tie else mp.mpf(0)


def _envelope(order: Any, x: Any, slope: bool = False) -> Any:
    """The size of the waves of J and Y beyond the order, between whose zeros these go to and fro."""
    if abs(x) <= order + 0.5:
        return mp.mpf(0)
    orders = (order - 1, order + 1) if slope else (order,)
    return sum(mp.sqrt(mp.besselj(n, abs(x)) ** 2 + mp.bessely(n, abs(x)) ** 2) for n in orders) / len(orders)


def _of_slope(a: Any, b: Any) -> Any:
    """The terms of the slope of Faddeeva's function where they cancel, else the slope."""
    z = mp.mpc(a, b)
    return 2 * abs(z * faddeeva(a, b)) + 2 / mp.sqrt(mp.pi) if abs(z) < 1.7 else abs(faddeeva_slope(a, b))


def _of_bend(a: Any, b: Any) -> Any:
    near = abs(mp.mpc(a, b)) < 1.7
    return 2 * abs(faddeeva(a, b)) + 2 * abs(mp.mpc(a, b)) * _of_slope(a, b) if near else abs(faddeeva_bend(a, b))


def _of_third(a: Any, b: Any) -> Any:
    return 4 * _of_slope(a, b) + 2 * abs(mp.mpc(a, b)) * _of_bend(a, b)


def _size_of_voigt(order: int, x: Any, sigma: Any, gamma: Any) -> Any:
    """The size of a slope of Voigt's profile, of the terms of Faddeeva's function where these cancel."""
    width = sigma * mp.sqrt(2)
    terms = (_of_slope if order == 1 else _of_bend)(x / width, gamma / width)
    return terms / mp.sqrt(mp.pi) / (width**2 * mp.sqrt(order))


SCALE: Mapping[tuple[str, str], Callable[..., Any]] = {
    ("gamma", "partial 0"): lambda x: abs(mp.gamma(x)) * (abs(mp.digamma(x)) + (abs(mp.digamma(1 - x)) if x < 0 else 0)),
    ("betaln", "value"): lambda a, b: max(
        abs(mp.loggamma(min(a, b))), abs(_betaln(a, b)), abs(mp.loggamma(a + b)) if max(a, b) < 10 else 0, 1
    ),
    ("digamma_step", "partial 0"): lambda a, b: _trigamma(a),
    ("dawson", "partial 0"): lambda x: 1 + 2 * abs(x * dawson(x)) if abs(x) < 1.7 else mp.mpf(0),
    ("ei", "value"): lambda x: abs(mp.ei(x)) + 1 if 0.2 < x < 0.6 else mp.mpf(0),
    **{(name, "value"): lambda a, b: abs(faddeeva(a, b)) for name in ("wofz_re", "wofz_im")},
    **{(f"wofz_{name}", f"partial {at}"): _of_slope for name in ("re", "im") for at in (0, 1)},
    **{(f"wofz_slope_{name}", "value"): _of_slope for name in ("re", "im")},
    **{(f"wofz_slope_{name}", f"partial {at}"): _of_bend for name in ("re", "im") for at in (0, 1)},
    **{(f"wofz_bend_{name}", "value"): _of_bend for name in ("re", "im")},
    **{(f"wofz_bend_{name}", f"partial {at}"): _of_third for name in ("re", "im") for at in (0, 1)},
    ("voigt", "value"): lambda *at: abs(_voigt(0, *at)),
    **{("voigt", f"partial {at}"): partial(_size_of_voigt, order) for at, order in enumerate((1, 2, 1))},
    **{(f"bessel_{kind}", "value"): _envelope for kind in "jy"},
    **{(f"bessel_{kind}", "partial 1"): partial(_envelope, slope=True) for kind in "jy"},
    **{(f"bessel_{kind}{order}", "value"): partial(_envelope, order) for kind in "jy" for order in (0, 1)},
    **{(f"bessel_{kind}{order}", "partial 0"): partial(_envelope, order, slope=True) for kind in "jy" for order in (0, 1)},
    ("logaddexp", "value"): lambda a, b: max(abs(a), abs(b)),
    ("ierfcx", "partial 0"): lambda x: 2 * abs(x) * _scaled_erfc(x)[1] + _scaled_erfc(x)[0] if x < 16 else mp.mpf(0),
    ("lgamma", "value"): lambda x: abs(mp.re(mp.loggamma(x))) + (mp.loggamma(1 - x) if x < 0 else 0),
    ("digamma", "value"): lambda x: abs(mp.digamma(x)) + (abs(mp.digamma(1 - x)) if x < 0 else 0),
    ("lgamma", "partial 0"): lambda x: abs(mp.digamma(x)) + (abs(mp.digamma(1 - x)) if x < 0 else 0),
    ("trigamma", "partial 0"): lambda x: _mirrored(2, x),
    ("polygamma", "value"): _mirrored,
    ("polygamma", "partial 1"): lambda n, x: _mirrored(n + 1, x),
    ("sinc", "partial 0"): lambda x: (abs(mp.cos(x)) + abs(mp.sinc(x))) / abs(x) if abs(x) >= 1.5 else mp.mpf(0),
}
"""What an error is relative to where terms cancel, if that is more than the result: the notes of the table."""

ADDED: Mapping[tuple[str, str], Callable[..., Any]] = {
    ("logaddexp", "partial 0"): lambda a, b: abs(a - b) / 2,
    ("logaddexp", "partial 1"): lambda a, b: abs(a - b) / 2,
}
"""Units in the last place that the notes of the table add to the stated figure."""

LEFT_OUT: Mapping[tuple[str, str], Callable[..., bool]] = {
    # x1/(x0 + x1) has no digits as a subnormal number, and trigamma overflows before a difference of it does
    **dict.fromkeys(
        (("betaln", "partial 0"), ("betaln", "partial 1"), ("digamma_step", "value")),
        lambda top, a, b: min(a, b) * top < 2**64,
    ),
    ("digamma_step", "partial 0"): lambda top, a, b: 1 / a**2 >= top,
    ("mod", "partial 1"): lambda top, a, b: abs(a / b) >= 2**20,
    ("power_slope", "partial 0"): lambda top, a, b: abs((b - 1) * mp.power(a, b - 2)) >= top,
    ("power_slope", "partial 1"): lambda top, a, b: mp.power(a, b - 1) >= top,
    ("div", "partial 1"): lambda top, a, b: abs(1 / b) >= top,
}
"""Points, besides those at which the value overflows, where a factor of a partial overflows although the product does not."""


LOWERED = 7.5
"""Bound of the error of a power that becomes products and a square root (passes/lower_powers.py), above subnormal numbers."""

EXPONENTS = (1 / 3, -1 / 3, 0.1, -0.7, 2.5, 7.3, -2.0, -9.25, 11.0, 1e-3)
ORDERS = (2.0, 12.0, -3.0)
OF_ORDERS = tuple(name for name, row in OPS.items() if row.domain and row.domain[0] is WHOLE_NUMBERS)
CASES = (
    *(Case(op) for op in TRUTH if op not in OF_ORDERS),
    *(Case("pow", exponent) for exponent in EXPONENTS),
    *(Case(op, order) for op in OF_ORDERS for order in ORDERS),
)


def passed(graph: Graph) -> Graph:
    """The graph after the passes."""
    for run in PASSES:
        graph = run(graph)
    return graph


def graph_of(case: Case) -> Graph:
    """The value of an op and, for each operand, the cotangent ``c`` times the partial, as the passes leave them."""
    builder = GraphBuilder(case.op)
    row = OPS[case.op]
    leaves = [builder.leaf("input", f"x{place}", varying=True) for place in range(len(case.moving))]
    operands = case.operands(leaves, builder.const)
    value = builder.add(case.op, *operands)
    seed = builder.leaf("input", "c", varying=True)
    roots = {"value": value}
    for operand in case.moving:
        kind, partials = ("fixed", row.fixed) if row.fixed and case.constant is not None else ("partial", row.partials)
        if partials[operand] in (REFUSED, ()):
            continue
        product = seed
        factors = list(enumerate(partials[operand]))
        for place, factor in sorted(factors, key=lambda item: isinstance(item[1], late)):
            part = instantiate(builder, case.op, f"{kind} {operand} {place}", operands, value)
            product = builder.add("div" if isinstance(factor, over) else "mul", product, part)
        roots[f"partial {operand}"] = product
    return passed(builder.build(roots, {}))


def within(graph: Graph, backend: str) -> Graph:
    """The graph without the roots that need an op which a backend lacks."""
    able = {name for name, row in OPS.items() if row.stable is not None or backend in row.backends}
    ops = {root: {graph.nodes[at].op for at in reachable(graph.nodes, [place])} for root, place in graph.roots.items()}
    leaves = {"input", "const"}
    return prune(replace(graph, roots={root: at for root, at in graph.roots.items() if ops[root] <= able | leaves}))


def own_functions(backend: str) -> dict[str, Any]:
    """The functions that a backend's lines call: the runtime's, or those that a module brings along, from its template."""
    if backend == "numpy":
        homes = runtime_library().homes
        return {
            "np": np,
            SCIPY: scipy_special,
            **{name: getattr(import_module(homes[name]), name) for name in CALLED - {"rowsum"}},
        }
    if backend == "array_api":
        return {"xp": namespace(np.ones(1)), "rowsum": np.sum}
    space: dict[str, Any] = {"math": math, "Sequence": Sequence, "Array": Any}
    exec("\n".join(parts().values()), space)
    return space


def arithmetic_of(backend: str) -> dict[str, Callable[..., Any]]:
    """Texts that a backend writes for each op, as Python functions."""
    space, names = own_functions(backend), ("_p", "_q", "_r")
    return {
        op: eval(f"lambda _p, _q=0, _r=0: {text.render([Text(name, Level.ATOM) for name in names]).text}", space)
        for op, text in BACKENDS[backend].texts.items()
        if op not in SUMS
    }


def true_values(case: Case, root: str, arrays: Arrays) -> list[Any]:
    """The truth at each point; None where it is not a finite number of the dtype, or a partial is so small that factors of it
    may leave the normal numbers."""
    place = 0 if root == "value" else 1 + int(root.split()[1])
    function, (bits, _, normal, top) = TRUTH[case.op][place], BITS[str(arrays[0].dtype)]
    lowered = case.op == "pow" and case.constant is not None and case.constant % 0.5 == 0 and abs(case.constant) <= 8
    least = mp.mpf(0) if root == "value" and not lowered else mp.ldexp(1, bits - normal)
    left_out = LEFT_OUT.get((case.op, root))
    found: list[Any] = []
    for point in zip(*arrays, strict=True):
        exact = exact_operands(case, point, arrays[0].dtype)
        value, result = (called(one, exact) for one in (TRUTH[case.op][0], function))
        finite = all(abs(one) < mp.ldexp(1 - mp.ldexp(1, -20), top) for one in (value, result))
        judged = finite and (result == 0 or abs(result) >= least)
        found.append(None if not judged or (left_out and left_out(mp.ldexp(1, top), *exact)) else result)
    return found


def exact_operands(case: Case, point: Sequence[Any], dtype: Any) -> list[Any]:
    """All operands as mpmath's numbers, the constant as it is in the dtype."""
    return case.operands([mp.mpf(float(x)) for x in point], lambda constant: mp.mpf(float(np.dtype(dtype).type(constant))))


def called(function: Callable[..., Any], exact: Sequence[Any]) -> Any:
    """A true value as a real number, inf where there is none."""
    try:
        value = mp.mpmathify(function(*exact))
    except (ZeroDivisionError, ValueError):  # how mpmath reports poles
        return mp.inf
    return value if isinstance(value, mp.mpf) else mp.inf


def stated(case: Case, root: str, dtype: str) -> float:
    """The figure of the table; partials have none in float32, where functions are at most 4 times as bad as in float64."""
    row = OPS[case.op]
    if root == "value":
        figure = row.ulp if dtype == "float64" else row.ulp32
        return max(figure, LOWERED) if case.op == "pow" and case.constant is not None else figure
    return row.partial_ulp[int(root.split()[1])] * (1 if dtype == "float64" else 4)


def unit_of(case: Case, root: str, point: Sequence[float], truth: Any, dtype: str) -> tuple[Any, Any]:
    """The unit in the last place at a point, and how many of them the notes of the table allow besides the figure."""
    bits, smallest, normal, _ = BITS[dtype]
    exact = exact_operands(case, point, dtype)
    scale = max(abs(truth), SCALE[case.op, root](*exact)) if (case.op, root) in SCALE else abs(truth)
    unit = mp.ldexp(scale, -bits) if scale >= mp.ldexp(1, -normal) else mp.ldexp(1, -smallest)
    return unit, ADDED[case.op, root](*exact) if (case.op, root) in ADDED else 0


def in_ulp(case: Case, root: str, point: Sequence[float], got: float, truth: Any, dtype: str) -> float:
    """An error in units in the last place, after what the notes of the table allow."""
    return _error(got, truth, *unit_of(case, root, point, truth, dtype))


def _error(got: float, truth: Any, unit: Any, allowed: Any) -> float:
    return float(max(abs(mp.mpf(got) - truth) / unit - allowed, 0)) if math.isfinite(got) else math.inf


def by_numpy(case: Case, arrays: Arrays, seed: float = 1.0) -> Iterator[Mapping[str, Any]]:
    """Results of the numpy backend: contiguous, strided, and in pieces of 7 and of 1, which take other paths in NumPy."""
    graph, arithmetic = graph_of(case), arithmetic_of("numpy")

    def run(operands: Arrays) -> Mapping[str, Any]:
        leaves = {f"x{place}": operand for place, operand in enumerate(operands)}
        leaves["c"] = np.full_like(operands[0], seed)
        with np.errstate(all="ignore"):
            values = evaluate(graph, leaves, arithmetic)
        return {root: np.broadcast_to(values[position], operands[0].shape) for root, position in graph.roots.items()}

    yield run(arrays)
    yield run(tuple(np.repeat(array, 2)[::2] for array in arrays))
    for size, pieces in ((7, 30), (1, 60)):
        starts = np.linspace(0, max(arrays[0].size - size, 0), pieces).astype(int)
        found = [(start, run(tuple(array[start : start + size] for array in arrays))) for start in starts]
        result = {root: np.full(arrays[0].size, np.nan) for root in graph.roots}
        for start, values in found:
            for root, value in values.items():
                result[root][start : start + size] = np.where(np.isnan(value), np.inf, value)
        yield result


def by_scalar(case: Case, arrays: Arrays, seed: float = 1.0) -> Mapping[str, Any]:
    """Results of the scalar backend; inf where it raises for a value or a partial."""
    arithmetic, result = arithmetic_of("scalar"), {}
    whole = within(graph_of(case), "scalar")
    for root in whole.roots:
        graph = prune(Graph(whole.name, whole.nodes, {root: whole.roots[root]}, {}))
        column = []
        for point in zip(*arrays, strict=True):
            leaves = {f"x{place}": float(x) for place, x in enumerate(point)} | {"c": seed}
            try:
                column.append(float(lazily(graph, leaves, arithmetic)))
            except (OverflowError, ZeroDivisionError, ValueError):
                column.append(math.inf)
        result[root] = np.array(column)
    return result


def lazily(graph: Graph, leaves: Mapping[str, float], arithmetic: Mapping[str, Callable[..., Any]]) -> Any:
    """The value of a graph's only root; of a selection only the branch taken is computed, as a conditional expression does."""
    known: dict[int, Any] = {}

    def value(position: int) -> Any:
        if position not in known:
            node = graph.nodes[position]
            if isinstance(node.data, float):
                known[position] = node.data
            elif isinstance(node.data, str):
                known[position] = leaves[node.data]
            elif node.op == "select":
                known[position] = value(node.args[1 if value(node.args[0]) else 2])
            else:
                known[position] = arithmetic[node.op](*(value(arg) for arg in node.args))
        return known[position]

    (root,) = graph.roots.values()
    return value(root)


@dataclass(frozen=True, slots=True)
class Worst:
    """The largest error that was found, in ulp, and where."""

    error: float = 0.0
    point: tuple[float, ...] = ()
    where: str = ""


def measure(case: Case, count: int, dtype: str = "float64", seed: int = 0) -> dict[str, Worst]:
    """The largest error of the value and of each partial, over both backends (float64) or NumPy alone (float32)."""
    arrays = operands_of(case, count, dtype, seed)
    runs = [(f"numpy {place}", result) for place, result in enumerate(by_numpy(case, arrays))]
    runs += [("scalar", by_scalar(case, arrays))] if dtype == "float64" and "scalar" in OPS[case.op].backends else []
    worst: dict[str, Worst] = {}
    with mp.workdps(DIGITS):
        for root in runs[0][1]:
            worst[root] = Worst()
            for place, truth in enumerate(true_values(case, root, arrays)):
                if truth is None:
                    continue
                point = tuple(float(array[place]) for array in arrays)
                unit, allowed = unit_of(case, root, point, truth, dtype)
                for where, result in (run for run in runs if root in run[1]):
                    got = float(result[root][place])
                    if math.isnan(got) and where in ("numpy 2", "numpy 3"):
                        continue
                    error = _error(got, truth, unit, allowed)
                    if error > worst[root].error:
                        worst[root] = Worst(error, point, where)
    return worst


def main() -> None:
    """Print the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ops", nargs="*", metavar="OP")
    parser.add_argument("--points", type=int, default=200, help="points of each kind; an op has some ten kinds")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for case in CASES:
        if options.ops and case.op not in options.ops:
            continue
        for dtype in BITS:
            for root, worst in measure(case, options.points, dtype, options.seed).items():
                figure = stated(case, root, dtype)
                mark = "" if worst.error <= figure else "  ABOVE"
                print(f"{case!s:24} {dtype} {root:10} {worst.error:8.3f} of {figure:4} at {worst.point} {worst.where}{mark}")


if __name__ == "__main__":
    main()
