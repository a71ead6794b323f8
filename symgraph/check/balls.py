"""Operations on balls: enclosures of real numbers by python-flint's ``arb``, also where plain ``arb`` gives up.

A ball is a midpoint and a radius; every operation returns a ball that holds each result that the balls of its operands allow
(Johansson, "Arb: efficient arbitrary-precision midpoint-radius interval arithmetic", IEEE Transactions on Computers 66, 2017).
``FORMS`` has for each operation, by the name it has in graphs, its value, its partials, where it is no real number, and its
limits. Nothing here comes from the generator's op table.

A number whose exponent has more than twice as many binary digits as the precision has no ball. Plus and minus infinity stand
for such numbers, and ``_TINY`` holds their reciprocals. What infinity leaves open, such as infinity minus infinity, is
``Missing.UNKNOWN``, as is everything else that a precision does not decide.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, NamedTuple

from flint import arb, ctx


class Missing(Enum):
    """The reasons for which there is no number."""

    UNDEFINED = "undefined"
    """There is no real value, or the slope is infinite."""
    KINK = "kink"
    """The slopes on the two sides of the point differ."""
    UNKNOWN = "unknown"
    """The precision does not decide."""


UNDEFINED, KINK, UNKNOWN = Missing
Value = arb | bool | Missing
Function = Callable[..., Any]
"""Takes balls (for slopes, the operation's value first) and returns a Value."""

INFINITY = arb.pos_inf()
ZERO, ONE, HALF = arb(0), arb(1), arb(0.5)
_LARGE = arb((1, 40))
"""Beyond this, functions with finite limits are within ``_TINY`` of them, but for those of algebraic kind."""
_TINY = arb(0, arb((1, -(2**38))))
"""Holds exp(-x) for x above ``_LARGE``, and the reciprocals of what infinity stands for."""
_FEW = 64
"""The largest exponent of whole powers that are products."""
_NEAR = 76
"""Bits that each term of the series of the error functions gains beyond ``_LARGE``."""


class Form(NamedTuple):
    """An operation.

    Attributes:
        value: computes it from the operands.
        slopes: the partial by each operand, computed from the value and the operands.
        outside: tells whether operands surely lie where there is no real value; None if there always is one.
        overflows: the sign of the infinite limits at minus and plus infinity, 0 for finite ones, of functions that overflow.
        side: the side of a kink, or of a change of method, on which operands are; None if there is none.
        lazy: whether it may be decided although an operand is missing.
    """

    value: Function
    slopes: tuple[Function, ...] = ()
    outside: Callable[..., bool] | None = None
    overflows: tuple[int, int] | None = None
    side: Callable[..., int] | None = None
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
            if isinstance(operand, Missing):
                return operand
    value: Value = form.value(*operands)
    if not isinstance(value, arb) or value.is_finite():
        return value
    if form.outside is not None and form.outside(*operands):
        return UNDEFINED
    if form.overflows is not None and abs(operands[0]) > _LARGE:
        return _signed(form.overflows[bool(operands[0] > 0)])
    return value if is_infinite(value) else UNKNOWN


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
    slope: Value = form.slopes[place](value, *operands)
    return slope if not isinstance(slope, arb) or slope.is_finite() or is_infinite(slope) else UNKNOWN


def _signed(sign: int) -> Value:
    """Plus or minus infinity; unknown for a limit that is finite."""
    return INFINITY if sign > 0 else -INFINITY if sign < 0 else UNKNOWN


def is_infinite(value: arb) -> bool:
    """Tell the two infinities from balls without bounds and from NaN."""
    return bool(value.is_exact() and not value.is_nan() and not value.is_finite())


# Elementary functions that stay enclosures for operands of any size.


def exp(x: arb) -> arb:
    """The exponential."""
    value = x.exp()
    if value.is_finite() or not abs(x) > _LARGE:
        return value
    return INFINITY if x > 0 else _TINY


def inverse(x: arb) -> arb:
    """The reciprocal."""
    return _TINY if is_infinite(x) else ONE / x


def _divided(a: arb, b: arb) -> arb:
    return a * _TINY if is_infinite(b) else a / b


def sech(x: arb) -> arb:
    """1/cosh, by a formula whose denominator does not overflow."""
    small = exp(-abs(x))
    return 2 * small / (1 + small * small)


def _tanh(x: arb) -> arb:
    if abs(x) > _LARGE:
        return (ONE if x > 0 else -ONE) + _TINY
    return x.tanh()


def sigmoid(x: arb) -> arb:
    """The logistic function."""
    if x < 0:
        small = exp(x)
        return small / (1 + small)
    return inverse(1 + exp(-x))


def _softplus(x: arb) -> arb:
    return x + exp(-x).log1p() if x > 0 else exp(x).log1p()


def _gauss(x: arb) -> arb:
    return exp(-x * x)


def erfcx(x: arb) -> arb:
    """exp(x*x) * erfc(x); on the right by the confluent function U (DLMF 7.11.5), since erfc vanishes there."""
    if x > _LARGE:
        return (1 - 2 * _tail(x)) * inverse(x * arb.const_sqrt_pi())
    if x > 1:
        return (x * x).hypgeom_u(HALF, HALF) / arb.const_sqrt_pi()
    return exp(x * x) * _erfc(x)


def _erfc(x: arb) -> arb:
    if x > _LARGE:
        return _gauss(x) * erfcx(x)
    return 2 + _TINY if x < -_LARGE else x.erfc()


def _erf(x: arb) -> arb:
    if x > 8 or x < -8:
        return 1 - _erfc(x) if x > 0 else _erfc(-x) - 1
    return x.erf()


def _ierfcx(x: arb) -> arb:
    """1/sqrt(pi) - x*erfcx(x); the difference is taken with as many more bits as it loses."""
    if x > _LARGE:
        return 2 * _tail(x) / arb.const_sqrt_pi()
    with ctx.workprec(ctx.prec + 2 * _exponent(x) + 8):
        return 1 / arb.const_sqrt_pi() - x * erfcx(x)


def _ierfcx_slope(v: arb, x: arb) -> Value:
    exponent = _exponent(x)
    if exponent > 2**14:
        return UNKNOWN
    with ctx.workprec(ctx.prec + 4 * exponent + 8):
        return 2 * x * _ierfcx(x) - erfcx(x)


def _exponent(x: arb) -> int:
    """The binary exponent of a number above 1; 0 for others."""
    if not x > 1 or not x.is_finite():
        return 0
    mantissa, exponent = x.abs_upper().man_exp()
    return int(exponent) + int(mantissa).bit_length()


def _tail(x: arb) -> arb:
    """(1 - sqrt(pi)*x*erfcx(x)) / 2 for x above 2**40, by its series, off by at most the next term (DLMF 7.12.1)."""
    ratio = inverse(2 * x * x)
    total, term = ZERO, ratio
    for n in range(2, ctx.prec // _NEAR + 4):
        total = total + term
        term = -term * (2 * n - 1) * ratio
    return (total + arb(0, 1) * term) / 2


def _log_erfc(x: arb) -> arb:
    return (-_erf(x)).log1p() if x < 1 else erfcx(x).log() - x * x


def _log_erfc_slope(_v: arb, x: arb) -> arb:
    return -2 * inverse(arb.const_sqrt_pi() * erfcx(x))


def _cbrt(x: arb) -> Value:
    if x > 0 or x.is_zero():
        return x.root(3)
    return -((-x).root(3)) if x < 0 else UNKNOWN


def _square(x: arb) -> arb:
    return x * x


def _whole_power(base: arb, exponent: int) -> arb:
    """A whole power by squaring, which serves bases whose logarithm has no bounds."""
    result, square = ONE, base
    while exponent:
        if exponent & 1:
            result = result * square
        square, exponent = square * square if exponent > 1 else square, exponent >> 1
    return result


def power(base: arb, exponent: arb) -> Value:
    """base**exponent for real numbers; 0**0 is 1."""
    if exponent.is_zero():
        return ONE
    whole = exponent.unique_fmpz() if exponent.is_exact() and abs(exponent) <= _FEW else None
    if whole is not None:
        value = _whole_power(base, abs(int(whole)))
        return value if whole > 0 else UNDEFINED if base.is_zero() else inverse(value)
    if base.is_zero():
        return ZERO if exponent > 0 else UNDEFINED if exponent < 0 else UNKNOWN
    value = base**exponent
    if value.is_finite():
        return value
    if base > 0:
        return exp(exponent * base.log()) if base.is_finite() else INFINITY if exponent > HALF else UNKNOWN
    if base < 0 and exponent.is_exact() and exponent.is_integer():
        size = power(-base, exponent)
        return -size if isinstance(size, arb) and not (exponent / 2).is_integer() else size
    return value  # no number


def _outside_of_power(base: arb, exponent: arb) -> bool:
    return bool(base < 0 and exponent.is_exact() and not exponent.is_integer())


def _power_slope(_v: arb, base: arb, exponent: arb) -> Value:
    if exponent.is_zero():
        return ZERO
    below = power(base, exponent - 1)
    return exponent * below if isinstance(below, arb) else below


def _exponent_slope(v: arb, base: arb, exponent: arb) -> Value:
    if base.is_zero():
        return ZERO if exponent > 0 else UNDEFINED
    return v * base.log() if base > 0 else UNDEFINED if base < 0 else UNKNOWN


def _product(*factors: arb) -> arb:
    product = factors[0]
    for factor in factors[1:]:
        product = product * factor
    return product


def _sum(*terms: arb) -> arb:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


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
    return UNDEFINED if a.is_zero() or b.is_zero() else inverse((a * b).sqrt())


def _acos_slope(_v: arb, x: arb) -> Value:
    slope = _root_of_product(1 - x, 1 + x)
    return -slope if isinstance(slope, arb) else slope


def _hypot_slope(v: arb, x: arb) -> Value:
    return KINK if v.is_zero() else _divided(x, v)


def _atan2(y: arb, x: arb) -> Value:
    if y.is_zero() and not x > 0:
        return UNDEFINED if x.is_zero() else UNKNOWN  # the sign of a zero decides, which a ball does not have
    return arb.atan2(y, x)


def _xlogx(x: arb) -> arb:
    return ZERO if x.is_zero() else x * x.log()


def _xlogy(x: arb, y: arb) -> arb:
    return ZERO if x.is_zero() else x * y.log()


def _finite(function: Function) -> Function:
    """The function, unknown where its operand is infinite: its result need not be as large as infinity stands for."""
    return lambda x: function(x) if x.is_finite() else UNKNOWN


# Sides, kinks, comparisons and selections.


def _sign_of(x: arb) -> int | None:
    """-1, 0 or 1 where that is certain."""
    return 1 if x > 0 else -1 if x < 0 else 0 if x.is_zero() else None


def _by_sign(below: Value, at: Value, above: Value) -> Function:
    """A function of one operand, and what comes after it, that depends on the operand's sign alone."""

    def choose(x: arb, *_: arb) -> Value:
        side = _sign_of(x)
        choices: tuple[Value, Value, Value] = (at, above, below)
        return UNKNOWN if side is None else choices[side]

    return choose


def _slope_by_sign(below: Value, at: Value, above: Value) -> Function:
    choose = _by_sign(below, at, above)

    def slope(_v: Value, *operands: arb) -> Any:
        return choose(*operands)

    return slope


def _heaviside(x: arb, at_zero: arb) -> Value:
    value: Value = _by_sign(ZERO, at_zero, ONE)(x)
    return value


def _extreme(sign: int) -> Function:
    def value(*operands: arb) -> arb:
        best = operands[0]
        for other in operands[1:]:
            best = best.max(other) if sign > 0 else best.min(other)
        return best

    return value


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


def _extreme_slope(sign: int, place: int) -> Function:
    return lambda _v, *operands: selected(sign, place, operands)


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


def _slope_of_one(*_: arb) -> arb:
    return ONE


def _slope_of_zero(*_: arb) -> arb:
    return ZERO


def _erf_slope(_v: arb, x: arb) -> arb:
    return 2 * _gauss(x) / arb.const_sqrt_pi()


def _is_beyond_one(x: arb) -> bool:
    return bool(x > 1 or x < -1)


FORMS: dict[str, Form] = {
    "add": Form(_sum, (_slope_of_one, _slope_of_one)),
    "sub": Form(lambda a, b: a - b, (_slope_of_one, lambda v, a, b: -ONE)),
    "mul": Form(_product, (lambda v, a, b: b, lambda v, a, b: a)),
    "div": Form(_divided, (lambda v, a, b: inverse(b), lambda v, a, b: -_divided(v, b)), lambda a, b: b.is_zero()),
    "neg": Form(lambda x: -x, (lambda v, x: -ONE,)),
    "pow": Form(power, (_power_slope, _exponent_slope), _outside_of_power),
    "sqrt": Form(lambda x: x.sqrt(), (lambda v, x: UNDEFINED if x.is_zero() else inverse(2 * v),), lambda x: x < 0, (0, 1)),
    "cbrt": Form(_cbrt, (lambda v, x: UNDEFINED if x.is_zero() else inverse(3 * v * v),), None, (-1, 1)),
    "hypot": Form(
        lambda a, b: (a * a + b * b).sqrt(), (lambda v, a, b: _hypot_slope(v, a), lambda v, a, b: _hypot_slope(v, b))
    ),
    "exp": Form(exp, (lambda v, x: v,)),
    "expm1": Form(lambda x: x.expm1() if not x < -_LARGE else _TINY - 1, (lambda v, x: exp(x),), None, (0, 1)),
    "log": Form(_finite(arb.log), (lambda v, x: inverse(x),), lambda x: x <= 0),
    "log1p": Form(_finite(arb.log1p), (lambda v, x: inverse(1 + x),), lambda x: x <= -1),
    "xlogx": Form(_xlogx, (lambda v, x: UNDEFINED if x.is_zero() else x.log() + 1,), lambda x: x < 0),
    "xlogy": Form(
        _xlogy,
        (lambda v, x, y: y.log() if y > 0 else UNDEFINED, lambda v, x, y: ZERO if x.is_zero() else x / y),
        lambda x, y: y <= 0,
    ),
    "gauss": Form(_gauss, (lambda v, x: -2 * x * v if x.is_finite() else _TINY,)),
    "sigmoid": Form(sigmoid, (lambda v, x: _square(sech(x / 2)) / 4,), side=_is_positive),
    "log_sigmoid": Form(lambda x: -_softplus(-x), (lambda v, x: sigmoid(-x),), side=_is_positive),
    "softplus": Form(_softplus, (lambda v, x: sigmoid(x),), side=_is_positive),
    "logit": Form(
        lambda x: (x / (1 - x)).log(),
        (lambda v, x: 1 / (x * (1 - x)),),
        lambda x: x <= 0 or x >= 1,
        side=lambda x: int(x < 0.25),
    ),
    "logaddexp": Form(
        lambda a, b: a + _softplus(b - a),
        (lambda v, a, b: sigmoid(a - b), lambda v, a, b: sigmoid(b - a)),
        side=lambda a, b: int(a > b),
    ),
    "erf": Form(_erf, (_erf_slope,), side=lambda x: int(abs(x) < 1)),
    "erfc": Form(_erfc, (lambda v, x: -_erf_slope(v, x),), side=lambda x: int(abs(x) < HALF)),
    "erfcx": Form(erfcx, (lambda v, x: -2 * _ierfcx(x),), side=_is_positive),
    "ierfcx": Form(_ierfcx, (_ierfcx_slope,), side=_is_positive),
    "log_erfc": Form(_log_erfc, (_log_erfc_slope,), side=lambda x: int(abs(x) < HALF)),
    "log_half_erfc": Form(
        lambda x: (-_erfc(-x) / 2).log1p() if x < 0 else _log_erfc(x) - arb.const_log2(), (_log_erfc_slope,), side=_is_positive
    ),
    "sin": Form(lambda x: x.sin(), (lambda v, x: x.cos(),)),
    "cos": Form(lambda x: x.cos(), (lambda v, x: -x.sin(),)),
    "tan": Form(lambda x: x.tan(), (lambda v, x: 1 + v * v,)),
    "asin": Form(lambda x: x.asin(), (lambda v, x: _root_of_product(1 - x, 1 + x),), _is_beyond_one),
    "acos": Form(lambda x: x.acos(), (_acos_slope,), _is_beyond_one),
    "atan": Form(lambda x: x.atan(), (lambda v, x: inverse(1 + x * x),)),
    "atan2": Form(_atan2, (lambda v, y, x: x / (x * x + y * y), lambda v, y, x: -y / (x * x + y * y))),
    "sinc": Form(lambda x: x.sinc(), (_sinc_slope,), side=lambda x: int(abs(x) < 1.5)),
    "sinh": Form(lambda x: x.sinh(), (lambda v, x: (exp(x) + exp(-x)) / 2,), None, (-1, 1)),
    "cosh": Form(lambda x: (exp(x) + exp(-x)) / 2, (lambda v, x: x.sinh() if abs(x) < 1 else (exp(x) - exp(-x)) / 2,)),
    "tanh": Form(_tanh, (lambda v, x: _square(sech(x)),)),
    "sech": Form(sech, (lambda v, x: -v * _tanh(x),)),
    "asinh": Form(_finite(arb.asinh), (lambda v, x: inverse((1 + x * x).sqrt()),)),
    "acosh": Form(_finite(arb.acosh), (lambda v, x: _root_of_product(x - 1, x + 1),), lambda x: x < 1),
    "atanh": Form(lambda x: x.atanh(), (lambda v, x: inverse((1 - x) * (1 + x)),), lambda x: x >= 1 or x <= -1),
    "abs": Form(abs, (_slope_by_sign(-ONE, KINK, ONE),), side=_is_positive),
    "sign": Form(_by_sign(-ONE, ZERO, ONE), (_slope_by_sign(ZERO, UNDEFINED, ZERO),), side=_is_positive),
    "heaviside": Form(_heaviside, (_slope_by_sign(ZERO, UNDEFINED, ZERO), _slope_by_sign(ZERO, ONE, ZERO)), side=_is_positive),
    "max": Form(_extreme(1), (_extreme_slope(1, 0), _extreme_slope(1, 1))),
    "min": Form(_extreme(-1), (_extreme_slope(-1, 0), _extreme_slope(-1, 1))),
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
    "stop": Form(lambda x: x, (_slope_of_zero,)),
    "rowsum": Form(lambda x: x, (_slope_of_one,)),
}
"""Every operation by name. Sums, products, Max and Min take any number of operands, a Piecewise its values and conditions."""
