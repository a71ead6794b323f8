"""Functions that are 0/0 or cancel at 0 by their formulas, on balls: the formulas, with as many more bits as cancel there."""

from collections.abc import Callable

from flint import arb, ctx

from symgraph.judge import balls
from symgraph.judge.balls import HALF, ONE, UNKNOWN, ZERO, Value
from symgraph.judge.form import Form, finite

_ORDERS = 6
"""Most powers of x by which the terms of a formula are larger than their sum near 0."""


def _at_0(limit: arb, formula: Callable[[arb], Value]) -> Callable[[arb], Value]:
    """Return a formula that has a limit at 0, computed with enough bits near there."""

    def value(x: arb) -> Value:
        if x.is_zero():
            return limit
        with ctx.workprec(ctx.prec + _ORDERS * balls.binary_exponent(1 / x.abs_lower()) + 16):
            return formula(x)

    return finite(value)


def log1prel(x: arb, order: int = 0) -> Value:
    """log(1 + x)/x, or its derivative of an order up to 2: up to a factor 2F1(n, n; n + 1; -x) with n = order + 1."""
    factor, n = (ONE, -HALF, arb(2) / 3)[order], arb(order + 1)
    return factor * (-x).hypgeom_2f1(n, n, n + 1) if x.is_finite() else UNKNOWN


def _exprel_slope(x: arb) -> arb:
    if x > 1:  # where exp(x) may be infinite
        return balls.divided(balls.exp(x), x) * (1 + balls.expm1(-x) / x)
    return (balls.exp(x) - balls.divided(balls.expm1(x), x)) / x


def _exprel_bend(x: arb) -> arb:
    if x > 1:
        return balls.divided(balls.exp(x), x) * (1 - 2 * (1 + balls.expm1(-x) / x) / x)
    return (balls.exp(x) - 2 * _exprel_slope(x)) / x


def _exprel2(x: arb) -> arb:
    return balls.divided(balls.expm1(x) - x, x * x)


def _exprel2_slope(x: arb) -> arb:
    if x > 1:
        return balls.divided(balls.exp(x), x * x) * (1 - 2 / x + (2 + x) * balls.exp(-x) / x)
    return (x * balls.exp(x) - 2 * balls.expm1(x) + x) / (x * x * x)


def _exprel2_bend(x: arb) -> arb:
    if x > 1:
        return balls.divided(balls.exp(x), x * x) * (1 - 4 / x + 6 / (x * x) - (2 + 6 / x) * balls.exp(-x) / x)
    return (x * x * balls.exp(x) - 4 * x * balls.exp(x) + 6 * balls.expm1(x) - 2 * x) / (x * x * x * x)


def _bend_of_bernoulli(x: arb) -> arb:
    a = abs(x)
    small = balls.exp(-a)
    return small * (a - 2 + (a + 2) * small) / (-balls.expm1(-a)) ** 3


def _slope_of_bernoulli(x: arb) -> arb:
    if x > 1:  # where exp(x) may be infinite
        return balls.divided(1 + balls.divided(x, balls.expm1(-x)), balls.expm1(x))
    return (1 - x * balls.exp(x) / balls.expm1(x)) / balls.expm1(x)


def _sinhc_slope(x: arb) -> arb:
    return balls.divided(balls.cosh(x), x) * (1 - balls.tanh(x) / x)


def _sinhc_bend(x: arb) -> arb:
    return balls.divided(balls.sinh(x), x) - 2 * balls.divided(_sinhc_slope(x), x)


def _csch(x: arb) -> arb:
    # by exponentials, which keep wide balls narrower than 1/sinh does
    small = balls.exp(-abs(x))
    return 2 * small / (1 - small * small) * (ONE if x > 0 else -ONE)


def _langevin(x: arb) -> arb:
    return balls.inverse(balls.tanh(x)) - 1 / x


def _langevin_slope(x: arb) -> arb:
    return 1 / (x * x) - balls.square(_csch(x))


def _langevin_bend(x: arb) -> arb:
    return 2 * balls.square(_csch(x)) / balls.tanh(x) - 2 / (x * x * x)


_SLOPE_OF_BERNOULLI, _SLOPE_OF_EXPREL2 = _at_0(-HALF, _slope_of_bernoulli), _at_0(arb(1) / 6, _exprel2_slope)
_SINHC, _SLOPE_OF_SINHC = _at_0(ONE, lambda x: balls.divided(balls.sinh(x), x)), _at_0(ZERO, _sinhc_slope)
_SLOPE_OF_EXPREL, _SLOPE_OF_LANGEVIN = _at_0(HALF, _exprel_slope), _at_0(arb(1) / 3, _langevin_slope)

KERNEL_FORMS: dict[str, Form] = {
    "exprel": Form(_at_0(ONE, lambda x: balls.divided(balls.expm1(x), x)), (lambda v, x: _SLOPE_OF_EXPREL(x),)),
    "exprel_slope": Form(_SLOPE_OF_EXPREL, (lambda v, x: _at_0(arb(1) / 3, _exprel_bend)(x),)),
    "bernoulli_function": Form(_at_0(ONE, lambda x: balls.divided(x, balls.expm1(x))), (lambda v, x: _SLOPE_OF_BERNOULLI(x),)),
    "bernoulli_slope": Form(_SLOPE_OF_BERNOULLI, (lambda v, x: _at_0(arb(1) / 6, _bend_of_bernoulli)(x),)),
    "exprel2": Form(_at_0(HALF, _exprel2), (lambda v, x: _SLOPE_OF_EXPREL2(x),)),
    "exprel2_slope": Form(_SLOPE_OF_EXPREL2, (lambda v, x: _at_0(arb(1) / 12, _exprel2_bend)(x),)),
    "sinhc": Form(_SINHC, (lambda v, x: _SLOPE_OF_SINHC(x),)),
    "sinhc_slope": Form(_SLOPE_OF_SINHC, (lambda v, x: _at_0(arb(1) / 3, _sinhc_bend)(x),)),
    "langevin": Form(_at_0(ZERO, _langevin), (lambda v, x: _SLOPE_OF_LANGEVIN(x),)),
    "langevin_slope": Form(_SLOPE_OF_LANGEVIN, (lambda v, x: _at_0(ZERO, _langevin_bend)(x),)),
    "log1prel": Form(log1prel, (lambda v, x: log1prel(x, 1),), lambda x: x <= -1),
    "log1prel_slope": Form(lambda x: log1prel(x, 1), (lambda v, x: log1prel(x, 2),), lambda x: x <= -1),
    "log1pmx": Form(_at_0(ZERO, lambda x: x.log1p() - x), (lambda v, x: -x / (1 + x),), lambda x: x <= -1),
    "sinmx": Form(_at_0(ZERO, lambda x: x.sin() - x), (lambda v, x: -2 * balls.square((x / 2).sin()),)),
    "tanhmx": Form(_at_0(ZERO, lambda x: balls.tanh(x) - x), (lambda v, x: -balls.square(balls.tanh(x)),)),
}
"""Functions by the names that they have in graphs."""
