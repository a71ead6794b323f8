"""Operations on balls: for each one, by the name it has in graphs, its value, its partials, its domain and its kinks.

What each computes is written here anew; of its ops that python-flint has by a method, the generator's op table says the name.
"""

from collections.abc import Callable, Sequence
from functools import partial, reduce
from operator import add, mul
from typing import Any, NamedTuple

from flint import acb, arb, ctx

from symgraph.check import balls
from symgraph.check.balls import HALF, INFINITY, KINK, LARGE, ONE, TINY, UNDEFINED, UNKNOWN, ZERO, Missing, Value
from symgraph.check.user_forms import slope_of_user, value_of_user
from symgraph.ir.ops import OPS
from symgraph.ir.user_functions import Table

Function = Callable[..., Any]
"""Takes balls (for slopes, the operation's value first) and returns a Value."""


class Form(NamedTuple):
    """An operation.

    Attributes:
        value: computes it from the operands.
        slopes: the partial by each operand, computed from the value and the operands; of an operation that takes any number of
            operands one function, of the operand's place and the operands.
        outside: tells whether operands surely lie where there is no real value; None if there always is one.
        overflows: the infinite limits at minus and plus infinity, unknown for finite ones, of functions that overflow.
        side: the side of a kink, or of a change of method, on which operands are, None if that is uncertain; None if there is
            none.
        lazy: whether it may be decided although an operand is missing.
    """

    value: Function
    slopes: tuple[Function, ...] | Callable[[int, Sequence[Any]], Value] = ()
    outside: Callable[..., bool] | None = None
    overflows: tuple[Value, Value] | None = None
    side: Callable[..., int | None] | None = None
    lazy: bool = False


def value_of(form: Form, operands: Sequence[Any]) -> Value:
    """Compute an operation.

    Args:
        form: the operation.
        operands: their enclosures, or the reasons why there are none.

    Returns:
        An enclosure of the result; the reason where there is none.
    """
    if not form.lazy:
        for operand in operands:
            if type(operand) is Missing:
                return operand
    value: Value = form.value(*operands)
    if type(value) is not arb or value.is_finite():
        return value
    if form.outside is not None and form.outside(*operands):
        return UNDEFINED
    if form.overflows is not None and abs(operands[0]) > LARGE:
        return form.overflows[bool(operands[0] > 0)]
    return value if balls.is_infinite(value) else UNKNOWN


def slope_of(form: Form, place: int, value: Value, operands: Sequence[Any]) -> Value:
    """Compute the partial of an operation by one operand.

    Args:
        form: the operation.
        place: of the operand.
        value: the operation's value.
        operands: all operands; numbers.

    Returns:
        An enclosure of the partial; ``UNDEFINED`` where it is infinite, ``KINK`` where two sides differ.
    """
    slopes = form.slopes
    slope: Value = slopes[place](value, *operands) if isinstance(slopes, tuple) else slopes(place, operands)
    return slope if not isinstance(slope, arb) or slope.is_finite() or balls.is_infinite(slope) else UNKNOWN


def _ierfcx_slope(v: arb, x: arb) -> Value:
    exponent = balls.binary_exponent(x)
    if exponent > 2**14:
        return UNKNOWN
    with ctx.workprec(ctx.prec + 4 * exponent + 8):
        return 2 * x * balls.ierfcx(x) - balls.erfcx(x)


def _log_erfc_slope(_v: arb, x: arb) -> arb:
    return -2 * balls.inverse(arb.const_sqrt_pi() * balls.erfcx(x))


def _power_slope(_v: arb, base: arb, exponent: arb) -> Value:
    if exponent.is_zero():
        return ZERO
    below = balls.power(base, exponent - 1)
    return exponent * below if isinstance(below, arb) else below


def _exponent_slope(v: arb, base: arb, exponent: arb) -> Value:
    if base.is_zero():
        return ZERO if exponent > 0 else UNDEFINED
    return v * base.log() if base > 0 else UNDEFINED if base < 0 else UNKNOWN


def _product_of_others(place: int, factors: Sequence[arb]) -> arb:
    return reduce(mul, (*factors[:place], *factors[place + 1 :]), ONE)


def _sinc_slope(v: arb, x: arb) -> arb:
    """(cos(x) - sinc(x)) / x; near 0 by its alternating series, off by at most the next term."""
    if abs(x) > HALF:
        return (x.cos() - v) / x
    total, term = ZERO, -x / 3
    for n in range(ctx.prec // 4 + 2):
        total = total + term
        term = -term * x * x / ((2 * n + 2) * (2 * n + 5))
    return total + arb(0, 1) * term


def _root_of_product(a: arb, b: arb) -> Value:
    """The reciprocal of sqrt(a*b), infinite where one of them is 0."""
    return UNDEFINED if a.is_zero() or b.is_zero() else balls.inverse((a * b).sqrt())


def _acos_slope(_v: arb, x: arb) -> Value:
    slope = _root_of_product(1 - x, 1 + x)
    return -slope if isinstance(slope, arb) else slope


def _hypot_slope(v: arb, x: arb) -> Value:
    return KINK if v.is_zero() else balls.divided(x, v)


def _atan2(y: arb, x: arb) -> Value:
    if y.is_zero() and not x > 0:
        return UNDEFINED if x.is_zero() else UNKNOWN  # the sign of a zero decides, which a ball does not have
    return arb.atan2(y, x)


def _xlogy(x: arb, y: arb) -> arb:
    return ZERO if x.is_zero() else x * y.log()


def _finite(function: Function) -> Function:
    """The function, unknown where an operand is infinite: its result need not be as large as infinity stands for."""
    return lambda *operands: function(*operands) if all(x.is_finite() for x in operands) else UNKNOWN


def _sign_of(x: arb) -> int | None:
    """-1, 0 or 1 where that is certain."""
    return 1 if x > 0 else -1 if x < 0 else 0 if x.is_zero() else None


def _by_sign(below: Value, at: Value, above: Value) -> Function:
    """A function of one operand, and what comes after it, that depends on the operand's sign alone."""
    return lambda x, *_: UNKNOWN if (side := _sign_of(x)) is None else (at, above, below)[side]


def _slope_by_sign(below: Value, at: Value, above: Value) -> Function:
    return lambda _v, *operands: _by_sign(below, at, above)(*operands)


def selected(sign: int, place: int, operands: Sequence[arb]) -> Value:
    """The partial by one operand of the largest (sign 1) or the smallest (sign -1) of several."""
    tied = False
    for other, operand in enumerate(operands):
        if other != place:
            side = _sign_of((operands[place] - operand) * sign)
            if side is None:
                return UNKNOWN
            if side < 0:
                return ZERO
            tied = tied or side == 0
    return KINK if tied else ONE


def _selected_place(sign: int) -> Callable[..., int | None]:
    """The place of the first operand that may be the largest or the smallest."""
    return lambda *operands: next(
        (place for place in range(len(operands)) if selected(sign, place, operands) is not ZERO), None
    )


def _comparison(holds: Callable[[arb], Any], fails: Callable[[arb], Any]) -> Form:
    """A comparison; two questions about the difference say that it holds, and that it does not."""

    def value(a: arb, b: arb) -> Value:
        difference = a - b
        if not difference.is_finite():
            difference = ONE if a > b else -ONE if a < b else difference
        return True if holds(difference) else False if fails(difference) else UNKNOWN

    return Form(value)


def _select(condition: Value, chosen: Value, other: Value) -> Value:
    return chosen if condition is True else other if condition is False else UNKNOWN


def _piecewise(*parts: Value) -> Value:
    """Values and conditions in turn: the first value whose condition holds."""
    for value, condition in zip(parts[::2], parts[1::2], strict=True):
        if condition is not False:
            return value if condition is True else condition if isinstance(condition, Missing) else UNKNOWN
    return UNDEFINED


def _and(*terms: Value) -> Value:
    if any(term is False for term in terms):
        return False
    return next((term for term in terms if term is not True), True)


def _or(*terms: Value) -> Value:
    if any(term is True for term in terms):
        return True
    return next((term for term in terms if term is not False), False)


def _is_positive(x: arb, *_: arb) -> int:
    return int(x > 0)


def _erf_slope(_v: arb, x: arb) -> arb:
    return 2 * balls.gauss(x) / arb.const_sqrt_pi()


def _method(name: str) -> Function:
    """The last operand's function that is a method of flint's complex balls, named with its whole arguments: "polygamma 1"."""
    method, *numbers = name.split()
    arguments = [acb(int(number)) for number in numbers]
    return lambda *o: getattr(acb(o[-1]), method)(*arguments).real if o[-1].is_finite() else UNKNOWN


def _step_of(x: arb) -> int | None:
    """The whole number below, None where that is uncertain."""
    below = x.floor().unique_fmpz() if x.is_finite() else None
    return None if below is None else int(below)


def _unless_at_a_step(slope: Function) -> Function:
    """A slope of a remainder, which has none where the quotient is whole."""
    return lambda _v, a, b: UNDEFINED if (a / b).is_integer() else slope(a, b)


_trigamma, _polygamma = _method("polygamma 1"), _finite(lambda n, x: acb(x).polygamma(acb(n)).real)
_ONE, _ZERO = (lambda *_: ONE), (lambda *_: ZERO)


def _csch(x: arb) -> Value:
    """1/sinh, by a formula whose denominator does not overflow."""
    if x.is_zero():
        return UNDEFINED
    small = balls.exp(-abs(x))
    size = 2 * small * balls.inverse(-_expm1(-2 * abs(x)))
    return size if x > 0 else -size if x < 0 else UNKNOWN


def _expm1(x: arb) -> arb:
    return x.expm1() if not x < -LARGE else TINY - 1


def _coth(x: arb) -> Value:
    return UNDEFINED if x.is_zero() else balls.inverse(balls.tanh(x))


def _of_csch(function: Function) -> Function:
    """A slope that follows from csch and the operand."""
    return lambda _v, x: function(value, x) if isinstance(value := _csch(x), arb) else value


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


def _dawson(x: arb) -> arb:
    """Dawson's integral by the confluent function M (NIST DLMF 7.11.4)."""
    return x * (-x * x).hypgeom_1f1(1, arb(1.5))


def _faddeeva(x: arb, y: arb) -> acb:
    """exp(-z*z) * erfc(-i*z) at z = x + i*y, on the axis by Dawson's integral, far away by the confluent function U."""
    if y.is_zero():
        return acb(balls.gauss(x), 2 * _dawson(x) / arb.const_sqrt_pi())
    turned = acb(y, -x)
    if abs(turned) > 4 and y > 0:
        return (turned * turned).hypgeom_u(HALF, HALF) / arb.const_sqrt_pi()
    return (turned * turned).exp() * turned.erfc()


def _faddeeva_slope(x: arb, y: arb) -> acb:
    with ctx.workprec(ctx.prec + 4 * balls.binary_exponent(abs(x) + y) + 8):
        return acb(0, 2) / arb.const_sqrt_pi() - 2 * acb(x, y) * _faddeeva(x, y)


def _faddeeva_bend(x: arb, y: arb) -> acb:
    """The second derivative."""
    with ctx.workprec(ctx.prec + 4 * balls.binary_exponent(abs(x) + y) + 8):
        return -2 * _faddeeva(x, y) - 2 * acb(x, y) * _faddeeva_slope(x, y)


def _of_plane(value: Callable[[arb, arb], acb], slope: Callable[[arb, arb], acb], *, real: bool) -> Form:
    """The real or the imaginary part of a function of x + i*y and its slopes, of a function with that derivative."""
    part, other = ("real", "imag") if real else ("imag", "real")
    along, across = (_finite(lambda x, y, name=name: getattr(slope(x, y), name)) for name in (part, other))
    slopes = (lambda _v, x, y: along(x, y), lambda _v, x, y: -across(x, y) if real else across(x, y))
    return Form(_finite(lambda x, y: getattr(value(x, y), part)), slopes, lambda x, y: y < 0)


def _bessel_forms(kind: str, below: int, above: int) -> dict[str, Form]:
    """Bessel functions of one kind; the slope is half of those of the orders below and above, with these signs."""
    method = getattr(arb, f"bessel_{kind}")
    value = _finite(lambda order, x: method(x, order))

    def slope(order: arb, x: arb) -> Any:
        return (below * method(x, order - 1) + above * method(x, order + 1)) / 2

    outside = (lambda *operands: operands[-1] <= 0) if kind in "yk" else None
    forms = {f"bessel_{kind}": Form(value, (_ZERO, lambda v, n, x: slope(n, x)), outside)}
    for end, order in (("0", ZERO), ("1", ONE)):
        slopes = (lambda v, x, order=order: slope(order, x),)
        forms[f"bessel_{kind}{end}"] = Form(partial(value, order), slopes, outside)
    return forms


_ABOVE, _BOTH = (UNKNOWN, INFINITY), (-INFINITY, INFINITY)

_FORMS: dict[str, Form] = {
    "add": Form(lambda *terms: reduce(add, terms), _ONE),
    "sub": Form(lambda a, b: a - b, (_ONE, lambda v, a, b: -ONE)),
    "mul": Form(lambda *factors: reduce(mul, factors), _product_of_others),
    "div": Form(
        balls.divided, (lambda v, a, b: balls.inverse(b), lambda v, a, b: -balls.divided(v, b)), lambda a, b: b.is_zero()
    ),
    "neg": Form(lambda x: -x, (lambda v, x: -ONE,)),
    "pow": Form(balls.power, (_power_slope, _exponent_slope), lambda x, n: x < 0 and n.is_exact() and not n.is_integer()),
    "sqrt": Form(
        lambda x: x.sqrt(), (lambda v, x: UNDEFINED if x.is_zero() else balls.inverse(2 * v),), lambda x: x < 0, _ABOVE
    ),
    "cbrt": Form(balls.cbrt, (lambda v, x: UNDEFINED if x.is_zero() else balls.inverse(3 * v * v),), None, _BOTH),
    "hypot": Form(
        lambda a, b: (a * a + b * b).sqrt(), (lambda v, a, b: _hypot_slope(v, a), lambda v, a, b: _hypot_slope(v, b))
    ),
    "exp": Form(balls.exp, (lambda v, x: v,)),
    "expm1": Form(_expm1, (lambda v, x: balls.exp(x),), None, _ABOVE),
    "log": Form(_finite(arb.log), (lambda v, x: balls.inverse(x),), lambda x: x <= 0),
    "log1p": Form(_finite(arb.log1p), (lambda v, x: balls.inverse(1 + x),), lambda x: x <= -1),
    "xlogx": Form(lambda x: _xlogy(x, x), (lambda v, x: UNDEFINED if x.is_zero() else x.log() + 1,), lambda x: x < 0),
    "xlogy": Form(
        _xlogy,
        (lambda v, x, y: y.log() if y > 0 else UNDEFINED, lambda v, x, y: ZERO if x.is_zero() else x / y),
        lambda x, y: y <= 0,
    ),
    "gauss": Form(balls.gauss, (lambda v, x: -2 * x * v if x.is_finite() else TINY,)),
    "sigmoid": Form(balls.sigmoid, (lambda v, x: balls.square(balls.sech(x / 2)) / 4,), side=_is_positive),
    "log_sigmoid": Form(lambda x: -balls.softplus(-x), (lambda v, x: balls.sigmoid(-x),), side=_is_positive),
    "softplus": Form(balls.softplus, (lambda v, x: balls.sigmoid(x),), side=_is_positive),
    "logit": Form(
        lambda x: (x / (1 - x)).log(),
        (lambda v, x: 1 / (x * (1 - x)),),
        lambda x: x <= 0 or x >= 1,
        side=lambda x: int(x < 0.25),
    ),
    "logaddexp": Form(
        lambda a, b: a + balls.softplus(b - a),
        (lambda v, a, b: balls.sigmoid(a - b), lambda v, a, b: balls.sigmoid(b - a)),
        side=lambda a, b: int(a > b),
    ),
    "erf": Form(balls.erf, (_erf_slope,), side=lambda x: int(abs(x) < 1)),
    "erfc": Form(balls.erfc, (lambda v, x: -_erf_slope(v, x),), side=lambda x: int(abs(x) < HALF)),
    "erfcx": Form(balls.erfcx, (lambda v, x: -2 * balls.ierfcx(x),), side=_is_positive),
    "ierfcx": Form(balls.ierfcx, (_ierfcx_slope,), side=_is_positive),
    "log_erfc": Form(balls.log_erfc, (_log_erfc_slope,), side=lambda x: int(abs(x) < HALF)),
    "log_half_erfc": Form(
        lambda x: (-balls.erfc(-x) / 2).log1p() if x < 0 else balls.log_erfc(x) - arb.const_log2(),
        (_log_erfc_slope,),
        side=_is_positive,
    ),
    "ndtr": Form(_ndtr, (lambda v, x: _normal_density(x),), side=_is_positive),
    "log_ndtr": Form(_log_ndtr, (_log_ndtr_slope,), side=_is_positive),
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
    "gamma": Form(_method("gamma"), (lambda v, x: v * _method("digamma")(x),)),
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
    "dawson": Form(_finite(_dawson), (lambda v, x: 1 - 2 * x * v,)),
    "expint": Form(_finite(lambda x: x.expint(1)), (lambda v, x: -balls.divided(balls.exp(-x), x),), lambda x: x <= 0),
    "ei": Form(_finite(lambda x: x.ei()), (lambda v, x: balls.divided(balls.exp(x), x),), lambda x: x.is_zero()),
    "lambertw": Form(_finite(lambda x: x.lambertw()), (lambda v, x: balls.divided(balls.exp(-v), 1 + v),)),
    "lambertw1p": Form(_finite(lambda x: 1 + x.lambertw()), (lambda v, x: balls.divided(balls.exp(1 - v), v),)),
    "wofz_re": _of_plane(_faddeeva, _faddeeva_slope, real=True),
    "wofz_im": _of_plane(_faddeeva, _faddeeva_slope, real=False),
    "wofz_slope_re": _of_plane(_faddeeva_slope, _faddeeva_bend, real=True),
    "wofz_slope_im": _of_plane(_faddeeva_slope, _faddeeva_bend, real=False),
    "polygamma": Form(_polygamma, (_ZERO, lambda v, n, x: _polygamma(n + 1, x))),
    **_bessel_forms("j", 1, -1),
    **_bessel_forms("y", 1, -1),
    **_bessel_forms("i", 1, 1),
    **_bessel_forms("k", -1, -1),
    "sec": Form(lambda x: x.sec(), (lambda v, x: v * x.tan(),)),
    "csc": Form(lambda x: x.csc(), (lambda v, x: -v * x.cot(),), lambda x: x.is_zero()),
    "cot": Form(lambda x: x.cot(), (lambda v, x: -(x.csc() ** 2),), lambda x: x.is_zero()),
    "csch": Form(_csch, (_of_csch(lambda v, x: -v * _coth(x)),)),
    "coth": Form(_coth, (_of_csch(lambda s, x: -s * s),)),
    "sin": Form(lambda x: x.sin(), (lambda v, x: x.cos(),)),
    "cos": Form(lambda x: x.cos(), (lambda v, x: -x.sin(),)),
    "tan": Form(lambda x: x.tan(), (lambda v, x: 1 + v * v,)),
    "asin": Form(lambda x: x.asin(), (lambda v, x: _root_of_product(1 - x, 1 + x),), lambda x: x > 1 or x < -1),
    "acos": Form(lambda x: x.acos(), (_acos_slope,), lambda x: x > 1 or x < -1),
    "atan": Form(lambda x: x.atan(), (lambda v, x: balls.inverse(1 + x * x),)),
    "atan2": Form(_atan2, (lambda v, y, x: x / (x * x + y * y), lambda v, y, x: -y / (x * x + y * y))),
    "sinc": Form(lambda x: x.sinc(), (_sinc_slope,), side=lambda x: int(abs(x) < 1.5)),
    "sinh": Form(lambda x: x.sinh(), (lambda v, x: (balls.exp(x) + balls.exp(-x)) / 2,), None, _BOTH),
    "cosh": Form(
        lambda x: (balls.exp(x) + balls.exp(-x)) / 2,
        (lambda v, x: x.sinh() if abs(x) < 1 else (balls.exp(x) - balls.exp(-x)) / 2,),
    ),
    "tanh": Form(balls.tanh, (lambda v, x: balls.square(balls.sech(x)),)),
    "sech": Form(balls.sech, (lambda v, x: -v * balls.tanh(x),)),
    "asinh": Form(_finite(arb.asinh), (lambda v, x: balls.inverse((1 + x * x).sqrt()),)),
    "acosh": Form(_finite(arb.acosh), (lambda v, x: _root_of_product(x - 1, x + 1),), lambda x: x < 1),
    "atanh": Form(lambda x: x.atanh(), (lambda v, x: balls.inverse((1 - x) * (1 + x)),), lambda x: x >= 1 or x <= -1),
    "abs": Form(abs, (_slope_by_sign(-ONE, KINK, ONE),), side=_is_positive),
    "sign": Form(_by_sign(-ONE, ZERO, ONE), (_slope_by_sign(ZERO, UNDEFINED, ZERO),), side=_is_positive),
    "heaviside": Form(
        lambda x, at_zero: _by_sign(ZERO, at_zero, ONE)(x),
        (_slope_by_sign(ZERO, UNDEFINED, ZERO), _slope_by_sign(ZERO, ONE, ZERO)),
        side=_is_positive,
    ),
    "max": Form(lambda *operands: reduce(arb.max, operands), partial(selected, 1), side=_selected_place(1)),
    "min": Form(lambda *operands: reduce(arb.min, operands), partial(selected, -1), side=_selected_place(-1)),
    "floor": Form(lambda x: x.floor(), (lambda v, x: UNDEFINED if x.is_integer() else ZERO,), side=_step_of),
    "mod": Form(
        lambda a, b: a - b * (a / b).floor(),
        (_unless_at_a_step(lambda a, b: ONE), _unless_at_a_step(lambda a, b: -(a / b).floor())),
        lambda a, b: b.is_zero(),
        side=lambda a, b: _step_of(a / b),
    ),
    "relu": Form(lambda x: x.max(ZERO), (_slope_by_sign(ZERO, KINK, ONE),), side=_is_positive),
    "lt": _comparison(lambda d: d < 0, lambda d: d >= 0),
    "le": _comparison(lambda d: d <= 0, lambda d: d > 0),
    "gt": _comparison(lambda d: d > 0, lambda d: d <= 0),
    "ge": _comparison(lambda d: d >= 0, lambda d: d < 0),
    "eq": _comparison(lambda d: d.is_zero(), lambda d: d != 0),
    "ne": _comparison(lambda d: d != 0, lambda d: d.is_zero()),
    "select": Form(_select, lazy=True),
    "piecewise": Form(_piecewise, lazy=True),
    "and": Form(_and, lazy=True),
    "or": Form(_or, lazy=True),
    "not": Form(lambda x: not x),
    "stop": Form(lambda x: x, (_ZERO,)),
    "rowsum": Form(lambda x: x, (_ONE,)),
    **{
        name: Form(_method(row.reference[0]), tuple(map(_method, row.reference[1:])))
        for name, row in OPS.items()
        if isinstance(row.reference, tuple)
    },
}

FORMS = Table(
    _FORMS, lambda op: Form(partial(value_of_user, op), tuple(partial(slope_of_user, op, place) for place in range(op.arity)))
)
"""Every operation by name. Sums, products, Max and Min take any number of operands, a Piecewise its values and conditions."""
