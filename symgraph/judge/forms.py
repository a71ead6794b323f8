"""Operations on balls: for each one, by the name it has in graphs, its value, its partials, its domain and its kinks.

What each computes is written here anew; of its ops that python-flint has by a method, the generator's op table says the name.
"""

from collections.abc import Callable, Sequence
from functools import partial, reduce
from operator import add, mul
from typing import Any

from flint import arb, ctx

from symgraph.judge import balls
from symgraph.judge.balls import HALF, KINK, ONE, TINY, UNDEFINED, UNKNOWN, ZERO, Missing, Value
from symgraph.judge.form import Form, Function, finite, is_positive, method, slope_of, value_of
from symgraph.judge.kernel_forms import KERNEL_FORMS
from symgraph.judge.special_forms import SPECIAL_FORMS
from symgraph.judge.user_forms import slope_of_user, value_of_user
from symgraph.spec.ops.op import Op
from symgraph.spec.ops.ops import OPS
from symgraph.spec.ops.user_functions import Table


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


def _piecewise(*parts: Value) -> Value:
    """Values and conditions in turn: the first value whose condition holds."""
    for value, condition in zip(parts[::2], parts[1::2], strict=True):
        if condition is not False:
            return value if condition is True else condition if isinstance(condition, Missing) else UNKNOWN
    return UNDEFINED


def _connective(decides: bool) -> Form:
    """A connective that one term of a truth value decides."""

    def value(*terms: Value) -> Value:
        open_terms = [term for term in terms if term is not (not decides)]
        return decides if any(term is decides for term in terms) else next(iter(open_terms), not decides)

    return Form(value, lazy=True)


def _erf_slope(_v: arb, x: arb) -> arb:
    return 2 * balls.gauss(x) / arb.const_sqrt_pi()


def _unless_at_a_step(slope: Function) -> Function:
    """A slope of a remainder, which has none where the quotient is whole."""
    return lambda _v, a, b: UNDEFINED if (a / b).is_integer() else slope(a, b)


_ONE, _ZERO = (lambda *_: ONE), (lambda *_: ZERO)

_FORMS: dict[str, Form] = {
    "add": Form(lambda *terms: reduce(add, terms), _ONE),
    "sub": Form(lambda a, b: a - b, (_ONE, lambda v, a, b: -ONE)),
    "mul": Form(lambda *factors: reduce(mul, factors), _product_of_others),
    "div": Form(
        balls.divided, (lambda v, a, b: balls.inverse(b), lambda v, a, b: -balls.divided(v, b)), lambda a, b: b.is_zero()
    ),
    "neg": Form(lambda x: -x, (lambda v, x: -ONE,)),
    "pow": Form(balls.power, (_power_slope, _exponent_slope), lambda x, n: x < 0 and n.is_exact() and not n.is_integer()),
    "power_slope": Form(
        lambda x, n: _power_slope(ZERO, x, n),
        (
            lambda v, x, n: n * one if isinstance(one := _power_slope(v, x, n - 1), arb) else one,
            lambda v, x, n: below * (1 + n * x.log()) if isinstance(below := balls.power(x, n - 1), arb) and x > 0 else UNKNOWN,
        ),
        lambda x, n: x < 0 and n.is_exact() and not n.is_integer(),
    ),
    "sqrt": Form(lambda x: x.sqrt(), (lambda v, x: UNDEFINED if x.is_zero() else balls.inverse(2 * v),), lambda x: x < 0),
    "cbrt": Form(balls.cbrt, (lambda v, x: UNDEFINED if x.is_zero() else balls.inverse(3 * v * v),)),
    "hypot": Form(
        lambda a, b: (a * a + b * b).sqrt(), (lambda v, a, b: _hypot_slope(v, a), lambda v, a, b: _hypot_slope(v, b))
    ),
    "exp": Form(balls.exp, (lambda v, x: v,)),
    "expm1": Form(balls.expm1, (lambda v, x: balls.exp(x),)),
    "log": Form(finite(arb.log), (lambda v, x: balls.inverse(x),), lambda x: x <= 0),
    "log1p": Form(finite(arb.log1p), (lambda v, x: balls.inverse(1 + x),), lambda x: x <= -1),
    "xlogx": Form(lambda x: _xlogy(x, x), (lambda v, x: UNDEFINED if x.is_zero() else x.log() + 1,), lambda x: x < 0),
    "xlogy": Form(
        _xlogy,
        (lambda v, x, y: y.log() if y > 0 else UNDEFINED, lambda v, x, y: ZERO if x.is_zero() else x / y),
        lambda x, y: y <= 0,
    ),
    "gauss": Form(balls.gauss, (lambda v, x: -2 * x * v if x.is_finite() else TINY,)),
    "sigmoid": Form(balls.sigmoid, (lambda v, x: balls.square(balls.sech(x / 2)) / 4,), side=is_positive),
    "log_sigmoid": Form(lambda x: -balls.softplus(-x), (lambda v, x: balls.sigmoid(-x),), side=is_positive),
    "softplus": Form(balls.softplus, (lambda v, x: balls.sigmoid(x),), side=is_positive),
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
    "erfcx": Form(balls.erfcx, (lambda v, x: -2 * balls.ierfcx(x),), side=is_positive),
    "ierfcx": Form(balls.ierfcx, (_ierfcx_slope,), side=is_positive),
    "log_erfc": Form(balls.log_erfc, (_log_erfc_slope,), side=lambda x: int(abs(x) < HALF)),
    "log_half_erfc": Form(
        lambda x: (-balls.erfc(-x) / 2).log1p() if x < 0 else balls.log_erfc(x) - arb.const_log2(),
        (_log_erfc_slope,),
        side=is_positive,
    ),
    **SPECIAL_FORMS,
    **KERNEL_FORMS,
    "sin": Form(lambda x: x.sin(), (lambda v, x: x.cos(),)),
    "cos": Form(lambda x: x.cos(), (lambda v, x: -x.sin(),)),
    "tan": Form(lambda x: x.tan(), (lambda v, x: 1 + v * v,)),
    "asin": Form(lambda x: x.asin(), (lambda v, x: _root_of_product(1 - x, 1 + x),), lambda x: x > 1 or x < -1),
    "acos": Form(lambda x: x.acos(), (_acos_slope,), lambda x: x > 1 or x < -1),
    "atan": Form(lambda x: x.atan(), (lambda v, x: balls.inverse(1 + x * x),)),
    "atan2": Form(_atan2, (lambda v, y, x: x / (x * x + y * y), lambda v, y, x: -y / (x * x + y * y))),
    "sinh": Form(balls.sinh, (lambda v, x: balls.cosh(x),)),
    "cosh": Form(balls.cosh, (lambda v, x: balls.sinh(x),)),
    "tanh": Form(balls.tanh, (lambda v, x: balls.square(balls.sech(x)),)),
    "sech": Form(balls.sech, (lambda v, x: -v * balls.tanh(x),)),
    "asinh": Form(finite(arb.asinh), (lambda v, x: balls.inverse((1 + x * x).sqrt()),)),
    "acosh": Form(finite(arb.acosh), (lambda v, x: _root_of_product(x - 1, x + 1),), lambda x: x < 1),
    "atanh": Form(lambda x: x.atanh(), (lambda v, x: balls.inverse((1 - x) * (1 + x)),), lambda x: x >= 1 or x <= -1),
    "abs": Form(abs, (_slope_by_sign(-ONE, KINK, ONE),), side=is_positive),
    "sign": Form(_by_sign(-ONE, ZERO, ONE), (_slope_by_sign(ZERO, UNDEFINED, ZERO),), side=is_positive),
    "heaviside": Form(
        lambda x, at_zero: _by_sign(ZERO, at_zero, ONE)(x),
        (_slope_by_sign(ZERO, UNDEFINED, ZERO), _slope_by_sign(ZERO, ONE, ZERO)),
        side=is_positive,
    ),
    "max": Form(lambda *operands: reduce(arb.max, operands), partial(selected, 1), side=_selected_place(1)),
    "min": Form(lambda *operands: reduce(arb.min, operands), partial(selected, -1), side=_selected_place(-1)),
    "floor": Form(
        lambda x: x.floor(), (lambda v, x: UNDEFINED if x.is_integer() else ZERO,), side=lambda x: balls.whole(x.floor())
    ),
    "mod": Form(
        lambda a, b: a - b * (a / b).floor(),
        (_unless_at_a_step(lambda a, b: ONE), _unless_at_a_step(lambda a, b: -(a / b).floor())),
        lambda a, b: b.is_zero(),
        side=lambda a, b: balls.whole((a / b).floor()),
    ),
    "relu": Form(lambda x: x.max(ZERO), (_slope_by_sign(ZERO, KINK, ONE),), side=is_positive),
    "lt": _comparison(lambda d: d < 0, lambda d: d >= 0),
    "le": _comparison(lambda d: d <= 0, lambda d: d > 0),
    "gt": _comparison(lambda d: d > 0, lambda d: d <= 0),
    "ge": _comparison(lambda d: d >= 0, lambda d: d < 0),
    "eq": _comparison(lambda d: d.is_zero(), lambda d: d != 0),
    "ne": _comparison(lambda d: d != 0, lambda d: d.is_zero()),
    "select": Form(lambda condition, chosen, other: _piecewise(chosen, condition, other, True), lazy=True),
    "piecewise": Form(_piecewise, lazy=True),
    "and": _connective(False),
    "or": _connective(True),
    "not": Form(lambda x: not x),
    "stop": Form(lambda x: x, (_ZERO,)),
    "rowsum": Form(lambda x: x, (_ONE,)),
    **{
        name: Form(method(row.reference[0]), tuple(map(method, row.reference[1:])))
        for name, row in OPS.items()
        if isinstance(row.reference, tuple)
    },
}

FORMS = Table(
    _FORMS, lambda op: Form(partial(value_of_user, op), tuple(partial(slope_of_user, op, place) for place in range(op.arity)))
)
"""Every operation by name. Sums, products, Max and Min take any number of operands, a Piecewise its values and conditions."""


def _is_straight(row: Op) -> bool:
    """Tell whether an operation is a straight line, or one on each side of a kink: then slopes are whole at any numbers."""
    form, operands = FORMS[row.name], [arb(number) for number in row.example]
    slopes = (slope_of(form, place, value_of(form, operands), operands) for place in range(row.arity))
    return row.value is not None and all(isinstance(slope, arb) and slope.is_integer() for slope in slopes)


STRAIGHT = frozenset(name for name, row in OPS.items() if _is_straight(row))
"""The operations that are straight lines on both sides of a kink or jump, if they have one."""
KINKED = tuple(OPS[name].function for name in STRAIGHT if OPS[name].kinks)
"""The classes of those of them that have one."""
COMPARISONS = frozenset(name for name, row in OPS.items() if row.value is None and row.kinks)
"""The operations that compare two numbers."""
