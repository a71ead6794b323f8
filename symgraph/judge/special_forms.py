"""Special functions and reciprocals of angles on balls."""

from functools import partial
from typing import Any

from flint import acb, arb, ctx

from symgraph.judge import balls
from symgraph.judge.balls import HALF, ONE, UNKNOWN, ZERO, Value
from symgraph.judge.form import Form, finite, is_positive, method

_trigamma, _polygamma = method("polygamma 1"), finite(lambda n, x: acb(x).polygamma(acb(n)).real)


def _csch(x: arb) -> arb:
    return balls.inverse(balls.sinh(x))


def _normal_density(x: arb) -> arb:
    return balls.exp(-x * x / 2) / (2 * arb.pi()).sqrt()


def _ndtr(x: arb) -> arb:
    return balls.erfc(-x / arb(2).sqrt()) / 2


def _log_ndtr(x: arb) -> arb:
    return (-_ndtr(-x)).log1p() if x > 0 else balls.log_erfc(-x / arb(2).sqrt()) - arb.const_log2()


def _log_ndtr_slope(_v: arb, x: arb) -> arb:
    if x < 0:
        return (2 / arb.pi()).sqrt() * balls.inverse(balls.erfcx(-x / arb(2).sqrt()))
    return _normal_density(x) / _ndtr(x)


def _ndtri(x: arb) -> arb:
    return -arb(2).sqrt() * (2 * x).erfcinv()


def stirlerr(x: arb, order: int = 0) -> Value:
    """The remainder of Stirling's formula, or its derivative of an order up to 2; its terms cancel for large numbers."""
    if not x.is_finite():
        return UNKNOWN
    with ctx.workprec(ctx.prec + 4 * balls.binary_exponent(x) + 8):
        if order == 0:
            return x.lgamma() - (x - HALF) * x.log() + x - (2 * arb.pi()).log() / 2
        return x.digamma() - x.log() + HALF / x if order == 1 else _trigamma(x) - 1 / x - HALF / (x * x)


def _dawson(x: arb) -> arb:
    """Dawson's integral by the confluent function M (NIST DLMF 7.11.4)."""
    return x * (-x * x).hypgeom_1f1(1, arb(1.5))


def sinc_derivative(x: arb, order: int) -> arb:
    """The first or second derivative of sin(x)/x; near 0, where the terms cancel, by that of 0F1(3/2; -x*x/4)."""
    if abs(x) > HALF:
        slope = (x.cos() - x.sinc()) / x
        return slope if order == 1 else -x.sinc() - 2 * slope / x
    first, second = ((-x * x / 4).hypgeom_0f1(arb(n) / 2) for n in (5, 7))
    return -x / 3 * first if order == 1 else x * x / 15 * second - first / 3


def _faddeeva(x: arb, y: arb, order: int = 0) -> acb:
    """The derivative of an order of exp(-z*z) * erfc(-i*z) at z = x + i*y (DLMF 7.10.2).

    It is found on the axis by Dawson's integral, far away by the confluent function U.
    """
    if order:
        with ctx.workprec(ctx.prec + 4 * balls.binary_exponent(abs(x) + y) + 8):
            before = acb(0, -1) / arb.const_sqrt_pi() if order == 1 else (order - 1) * _faddeeva(x, y, order - 2)
            return -2 * (acb(x, y) * _faddeeva(x, y, order - 1) + before)
    if y.is_zero():
        return acb(balls.gauss(x), 2 * _dawson(x) / arb.const_sqrt_pi())
    turned = acb(y, -x)
    if abs(turned) > 100 and y > 0:  # U widens arguments that are no exact numbers unless it is by its expansion
        return (turned * turned).hypgeom_u(HALF, HALF) / arb.const_sqrt_pi()
    return (turned * turned).exp() * turned.erfc()


def _of_plane(order: int, part: str) -> Form:
    """The real or the imaginary part of a derivative of Faddeeva's function of x + i*y, and its slopes."""
    value, along, across = (
        finite(lambda x, y, order=order, part=part: getattr(_faddeeva(x, y, order), part))
        for order, part in ((order, part), (order + 1, part), (order + 1, "imag" if part == "real" else "real"))
    )
    slopes = (lambda _v, x, y: along(x, y), lambda _v, x, y: -across(x, y) if part == "real" else across(x, y))
    return Form(value, slopes, lambda x, y: y < 0)


def _voigt(x: arb, sigma: arb, gamma: arb, order: int = 0, part: str = "real") -> arb:
    """Voigt's profile, or a slope of it, as a part of a derivative of Faddeeva's function."""
    width = sigma * arb(2).sqrt()
    scale = width * arb(order).sqrt() * width if order else width
    found: arb = getattr(_faddeeva(x / width, gamma / width, order), part)
    return found / arb.const_sqrt_pi() / scale


def _bessel_forms(kind: str, below: int, above: int) -> dict[str, Form]:
    """Bessel functions of one kind; the slope is half of those of the orders below and above, with these signs."""
    method = getattr(arb, f"bessel_{kind}")
    value = finite(lambda order, x: method(x, order))

    def slope(order: arb, x: arb) -> Any:
        return (below * method(x, order - 1) + above * method(x, order + 1)) / 2

    outside = (lambda *operands: operands[-1] <= 0) if kind in "yk" else None
    forms = {f"bessel_{kind}": Form(value, (lambda v, n, x: ZERO, lambda v, n, x: slope(n, x)), outside)}
    for end, order in (("0", ZERO), ("1", ONE)):
        slopes = (lambda v, x, order=order: slope(order, x),)
        forms[f"bessel_{kind}{end}"] = Form(partial(value, order), slopes, outside)
    return forms


def _wrightomega(x: arb) -> Value:
    """W(exp(x)), or what x less its logarithm contracts to where exp(x) is huge."""
    if not x > 1000:
        return balls.exp(x).lambertw() if x < 2000 else UNKNOWN
    found = (x - x.log()).union(x)
    for _ in range(ctx.prec // 9 + 4):  # each step leaves less than 1/500 of the width
        found = x - found.log()
    return found


SPECIAL_FORMS: dict[str, Form] = {
    "ndtr": Form(_ndtr, (lambda v, x: _normal_density(x),), side=is_positive),
    "log_ndtr": Form(_log_ndtr, (_log_ndtr_slope,), side=is_positive),
    "ndtri": Form(
        _ndtri,
        (lambda v, x: (2 * arb.pi()).sqrt() * balls.exp(v * v / 2),),
        lambda x: x <= 0 or x >= 1,
    ),
    "erfinv": Form(
        lambda x: x.erfinv(), (lambda v, x: arb.const_sqrt_pi() / 2 * balls.exp(v * v),), lambda x: x <= -1 or x >= 1
    ),
    "erfcinv": Form(
        lambda x: x.erfcinv(), (lambda v, x: -arb.const_sqrt_pi() / 2 * balls.exp(v * v),), lambda x: x <= 0 or x >= 2
    ),
    "gamma": Form(method("gamma"), (lambda v, x: v * method("digamma")(x),)),
    "betaln": Form(
        lambda a, b: a.lgamma() + b.lgamma() - (a + b).lgamma(),
        (lambda v, a, b: a.digamma() - (a + b).digamma(), lambda v, a, b: b.digamma() - (a + b).digamma()),
        lambda a, b: a <= 0 or b <= 0,
    ),
    "digamma_step": Form(
        lambda x, h: (x + h).digamma() - x.digamma(),
        (lambda v, x, h: _trigamma(x + h) - _trigamma(x), lambda v, x, h: _trigamma(x + h)),
        lambda x, h: x <= 0 or h <= 0,
    ),
    "stirlerr": Form(stirlerr, (lambda v, x: stirlerr(x, 1),), lambda x: x <= 0),
    "stirlerr_slope": Form(lambda x: stirlerr(x, 1), (lambda v, x: stirlerr(x, 2),), lambda x: x <= 0),
    "dawson": Form(finite(_dawson), (lambda v, x: 1 - 2 * x * v,)),
    "expint": Form(finite(lambda x: x.expint(1)), (lambda v, x: -balls.divided(balls.exp(-x), x),), lambda x: x <= 0),
    "ei": Form(finite(lambda x: x.ei()), (lambda v, x: balls.divided(balls.exp(x), x),), lambda x: x.is_zero()),
    "wrightomega": Form(finite(_wrightomega), (lambda v, x: balls.inverse(1 + balls.inverse(v)) if v > 1 else v / (1 + v),)),
    "lambertw": Form(finite(lambda x: x.lambertw()), (lambda v, x: balls.divided(balls.exp(-v), 1 + v),)),
    "lambertw1p": Form(finite(lambda x: 1 + x.lambertw()), (lambda v, x: balls.divided(balls.exp(1 - v), v),)),
    **{
        f"wofz_{kind}{part[:2]}": _of_plane(order, part)
        for order, kind in enumerate(("", "slope_", "bend_"))
        for part in ("real", "imag")
    },
    "voigt": Form(
        finite(_voigt),
        (
            lambda v, x, sigma, gamma: _voigt(x, sigma, gamma, 1),
            lambda v, x, sigma, gamma: _voigt(x, sigma, gamma, 2),
            lambda v, x, sigma, gamma: -_voigt(x, sigma, gamma, 1, "imag"),
        ),
        lambda x, sigma, gamma: sigma <= 0 or gamma < 0,
    ),
    "polygamma": Form(_polygamma, (lambda v, n, x: ZERO, lambda v, n, x: _polygamma(n + 1, x))),
    **_bessel_forms("j", 1, -1),
    **_bessel_forms("y", 1, -1),
    **_bessel_forms("i", 1, 1),
    **_bessel_forms("k", -1, -1),
    "sec": Form(lambda x: x.sec(), (lambda v, x: v * x.tan(),)),
    "csc": Form(lambda x: x.csc(), (lambda v, x: -v * x.cot(),), lambda x: x.is_zero()),
    "cot": Form(lambda x: x.cot(), (lambda v, x: -(x.csc() ** 2),), lambda x: x.is_zero()),
    "csch": Form(_csch, (lambda v, x: -v * balls.inverse(balls.tanh(x)),), lambda x: x.is_zero()),
    "coth": Form(lambda x: balls.inverse(balls.tanh(x)), (lambda v, x: -balls.square(_csch(x)),), lambda x: x.is_zero()),
    "sinc": Form(lambda x: x.sinc(), (lambda v, x: sinc_derivative(x, 1),), side=lambda x: int(abs(x) < 1.5)),
}
"""Functions by the names that they have in graphs."""
