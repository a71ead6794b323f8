"""Textbook derivatives of every operation, in mpmath: what the judge differentiates specs and graphs with.

They are written down here again and not taken from the op table, whose partials are to be judged. They are not arranged for
rounding: precision is cheap here.
"""

from collections.abc import Callable, Mapping
from typing import Any

import mpmath

from symgraph.exact import NAN
from symgraph.truth import wide
from symgraph.truth.wide import KINK

Slope = Callable[..., Any]
"""The partial by one operand, from the operation's value and its operands: a mpf; ``KINK`` where the two sides differ; NaN, or
ZeroDivisionError, where it is infinite or means nothing."""


def _one(*_: Any) -> Any:
    return mpmath.mpf(1)


def _minus_one(*_: Any) -> Any:
    return mpmath.mpf(-1)


def _jump(_v: Any, x: Any, *_: Any) -> Any:
    return NAN if x == 0 else mpmath.mpf(0)


def _abs(_v: Any, x: Any) -> Any:
    return KINK if x == 0 else mpmath.sign(x)


def _relu(_v: Any, x: Any) -> Any:
    return KINK if x == 0 else mpmath.mpf(int(x > 0))


def _largest(place: int, sign: int) -> Slope:
    """Of Max (sign 1) and Min (sign -1): 1 for the operand that is taken."""

    def slope(_v: Any, *operands: Any) -> Any:
        ahead = sign * (operands[place] - operands[1 - place])
        return KINK if ahead == 0 else mpmath.mpf(int(ahead > 0))

    return slope


def _pow_base(v: Any, base: Any, exponent: Any) -> Any:
    if base == 0:
        return mpmath.mpf(0) if exponent > 1 or exponent == 0 else mpmath.mpf(1) if exponent == 1 else NAN
    return exponent * v / base


def _pow_exponent(v: Any, base: Any, exponent: Any) -> Any:
    if base == 0:
        return mpmath.mpf(0) if exponent > 0 else NAN
    return v * mpmath.log(base) if base > 0 else NAN


def _hypot(place: int) -> Slope:
    return lambda v, *operands: KINK if v == 0 else operands[place] / v


def _sinc(v: Any, x: Any) -> Any:
    """(cos x - sinc x) / x, by its series -x/3 + x**3/30 - ... where the difference would cancel."""
    if abs(x) > 1:
        return (mpmath.cos(x) - v) / x
    total, term, n = mpmath.mpf(0), x, 1
    while term and mpmath.mag(term) > mpmath.mag(x) - mpmath.mp.prec - 8:
        # the coefficient of x**(2n - 1) in the derivative is (-1)**n * 2n / (2n + 1)!
        total += (-1) ** n * 2 * n * term / mpmath.factorial(2 * n + 1)
        term *= x * x
        n += 1
        if n > mpmath.mp.prec:
            break
    return total


def _gauss(_v: Any, x: Any) -> Any:
    return 2 / mpmath.sqrt(mpmath.pi) * wide.exp(-x * x)


def _ierfcx(_v: Any, x: Any) -> Any:
    """2*x*ierfcx(x) - erfcx(x), of which x*x digits cancel for large x."""
    if not wide.ierfcx(x):
        return mpmath.mpf(0)
    digits = 2 * max(mpmath.mag(x), 0) if x > 0 else 0
    with mpmath.workprec(mpmath.mp.prec + 8 + digits):
        return 2 * x * wide.ierfcx(x) - wide.erfcx(x)


def _logistic_slope(_v: Any, z: Any) -> Any:
    small = wide.exp(-abs(z))
    return small / (1 + small) ** 2


SLOPES: Mapping[str, tuple[Slope, ...]] = {
    "add": (_one, _one),
    "sub": (_one, _minus_one),
    "mul": (lambda v, a, b: b, lambda v, a, b: a),
    "div": (lambda v, a, b: 1 / b, lambda v, a, b: -v / b),
    "neg": (_minus_one,),
    "pow": (_pow_base, _pow_exponent),
    "sqrt": (lambda v, x: 1 / (2 * v),),
    "cbrt": (lambda v, x: 1 / (3 * v * v),),
    "hypot": (_hypot(0), _hypot(1)),
    "exp": (lambda v, x: v,),
    "expm1": (lambda v, x: wide.exp(x),),
    "exp2": (lambda v, x: v * mpmath.log(2),),
    "log": (lambda v, x: 1 / x,),
    "log1p": (lambda v, x: 1 / (1 + x),),
    "xlogx": (lambda v, x: mpmath.log(x) + 1 if x > 0 else NAN,),
    "xlogy": (lambda v, x, y: mpmath.log(y) if y > 0 else NAN, lambda v, x, y: x / y if y > 0 else NAN),
    "gauss": (lambda v, x: -2 * x * v,),
    "sigmoid": (_logistic_slope,),
    "log_sigmoid": (lambda v, z: wide.sigmoid(-z),),
    "softplus": (lambda v, z: wide.sigmoid(z),),
    "logit": (lambda v, x: 1 / (x * (1 - x)),),
    "logaddexp": (lambda v, a, b: wide.sigmoid(a - b), lambda v, a, b: wide.sigmoid(b - a)),
    "erf": (_gauss,),
    "erfc": (lambda v, x: -_gauss(v, x),),
    "erfcx": (lambda v, x: -2 * wide.ierfcx(x),),
    "ierfcx": (_ierfcx,),
    **dict.fromkeys(("log_erfc", "log_half_erfc"), (lambda v, x: -2 / mpmath.sqrt(mpmath.pi) / wide.erfcx(x),)),
    "sin": (lambda v, x: mpmath.cos(x),),
    "cos": (lambda v, x: -mpmath.sin(x),),
    "tan": (lambda v, x: 1 + v * v,),
    "asin": (lambda v, x: 1 / mpmath.sqrt((1 - x) * (1 + x)),),
    "acos": (lambda v, x: -1 / mpmath.sqrt((1 - x) * (1 + x)),),
    "atan": (lambda v, x: 1 / (1 + x * x),),
    "atan2": (lambda v, y, x: x / (x * x + y * y), lambda v, y, x: -y / (x * x + y * y)),
    "sinc": (_sinc,),
    "sinh": (lambda v, x: wide.cosh(x),),
    "cosh": (lambda v, x: wide.WIDE["sinh"](x),),
    "tanh": (lambda v, x: 1 / wide.cosh(x) ** 2,),
    "sech": (lambda v, x: -v * wide.tanh(x),),
    "asinh": (lambda v, x: 1 / mpmath.sqrt(1 + x * x),),
    "acosh": (lambda v, x: 1 / (mpmath.sqrt(x - 1) * mpmath.sqrt(x + 1)),),
    "atanh": (lambda v, x: 1 / ((1 - x) * (1 + x)),),
    "abs": (_abs,),
    "sign": (_jump,),
    "heaviside": (_jump, lambda v, x, at_zero: mpmath.mpf(int(x == 0))),
    "max": (_largest(0, 1), _largest(1, 1)),
    "min": (_largest(0, -1), _largest(1, -1)),
    "relu": (_relu,),
    "rowsum": (_one,),
}
"""By the name of the op, one entry an operand. Truth values and ``select`` have none."""


def slopes_of(name: str, arity: int, compute: Callable[..., Any]) -> tuple[Slope, ...]:
    """The table's row, or differences of the function where the table has none."""
    return SLOPES[name] if name in SLOPES else tuple(_difference(compute, place) for place in range(arity))


def _difference(compute: Callable[..., Any], place: int) -> Slope:
    """A central difference in three times the digits, which leaves all of them."""

    def slope(_v: Any, *operands: Any) -> Any:
        bits = mpmath.mp.prec
        with mpmath.workprec(3 * bits + 20):
            step = mpmath.ldexp(abs(operands[place]) or mpmath.mpf(1), -bits)
            sides = [compute(*operands[:place], operands[place] + side, *operands[place + 1 :]) for side in (step, -step)]
            return (sides[0] - sides[1]) / (2 * step)

    return slope
