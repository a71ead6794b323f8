"""Second partials of the operations on balls, and the second derivatives of a program by them: one sweep a weight.

The sweep carries each step's slope by the weight forward, and its change of the cotangents back (forward over reverse:
Griewank and Walther, Evaluating Derivatives, 2nd ed. 2008, section 3.3).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import mul
from typing import Any

from flint import arb, ctx

from symgraph.check import balls
from symgraph.check.balls import KINK, ONE, UNDEFINED, UNKNOWN, ZERO, Missing, Value
from symgraph.check.forms import FORMS, Form, slope_of, value_of
from symgraph.check.program import Program, Slopes, plus, times
from symgraph.check.special_forms import log1prel, stirlerr
from symgraph.ir.ops import OPS
from symgraph.ir.user_functions import UserOp

Curvature = Callable[[arb, Sequence[Any], Callable[[int], Any]], Mapping[tuple[int, int], Value]]
"""Gives the second partials by pairs of operands, from the value, the operands, and a function that gives slopes by place."""


def _one(function: Callable[..., Value]) -> Curvature:
    """The second partial of a function of one operand, from its value, the operand and its slope."""

    def curvature(v: arb, operands: Sequence[Any], slope: Callable[[int], Any]) -> Mapping[tuple[int, int], Value]:
        first = slope(0)
        return {(0, 0): first if isinstance(first, Missing) else function(v, operands[0], first)}

    return curvature


def _flat(v: arb, operands: Sequence[Any], slope: Callable[[int], Any]) -> Mapping[tuple[int, int], Value]:
    """No curvature, but at a kink, where slopes are missing."""
    slopes = [slope(place) for place in range(len(operands))]
    return {(place, place): one for place, one in enumerate(slopes) if isinstance(one, Missing)}


def _product(v: arb, factors: Sequence[Any], slope: Callable[[int], Any]) -> Mapping[tuple[int, int], Value]:
    places = range(len(factors))
    return {
        (i, j): reduce(mul, (factors[place] for place in places if place not in (i, j)), ONE) for i in places for j in range(i)
    }


def _quotient(v: arb, operands: Sequence[Any], slope: Callable[[int], Any]) -> Mapping[tuple[int, int], Value]:
    back = balls.inverse(operands[1])
    return {(1, 0): -back * back, (1, 1): 2 * v * back * back}


def _power(v: arb, operands: Sequence[Any], slope: Callable[[int], Any]) -> Mapping[tuple[int, int], Value]:
    base, exponent = operands
    factor = exponent * (exponent - 1)
    below = ZERO if factor.is_zero() else balls.power(base, exponent - 2)
    found: dict[tuple[int, int], Value] = {(0, 0): factor * below if isinstance(below, arb) else below}
    if base > 0:
        log, first = base.log(), balls.power(base, exponent - 1)
        mixed = first * (1 + exponent * log) if isinstance(first, arb) else first
        return found | {(1, 0): mixed, (1, 1): v * log * log}
    return found | {(1, 0): UNKNOWN, (1, 1): UNKNOWN}


def _hypot(v: arb, operands: Sequence[Any], slope: Callable[[int], Any]) -> Mapping[tuple[int, int], Value]:
    if v.is_zero():
        return {(0, 0): KINK, (1, 1): KINK}
    a, b = (balls.divided(operand, v) for operand in operands)
    return {(0, 0): b * b / v, (1, 0): -a * b / v, (1, 1): a * a / v}


def _xlogy(v: arb, operands: Sequence[Any], slope: Callable[[int], Any]) -> Mapping[tuple[int, int], Value]:
    x, y = operands
    return {(1, 0): 1 / y, (1, 1): -x / (y * y)} if y > 0 else {(0, 0): UNDEFINED, (1, 1): UNDEFINED}


def _atan2(v: arb, operands: Sequence[Any], slope: Callable[[int], Any]) -> Mapping[tuple[int, int], Value]:
    y, x = operands
    r = x * x + y * y
    return {(0, 0): -2 * x * y / (r * r), (1, 0): (y - x) * (y + x) / (r * r), (1, 1): 2 * x * y / (r * r)}


def _bell(x: arb) -> arb:
    """The second derivative of softplus(x)."""
    return balls.square(balls.sech(x / 2)) / 4


def _logaddexp(v: arb, operands: Sequence[Any], slope: Callable[[int], Any]) -> Mapping[tuple[int, int], Value]:
    bell = _bell(operands[0] - operands[1])
    return {(0, 0): bell, (1, 0): -bell, (1, 1): bell}


def _log_erfc(v: arb, x: arb, slope: arb) -> Value:
    return slope * 2 * balls.divided(balls.ierfcx(x), balls.erfcx(x))


def _root_of_cube(a: arb, b: arb) -> Value:
    """(a*b)**(-3/2), infinite where one of them is 0."""
    if a.is_zero() or b.is_zero():
        return UNDEFINED
    product = a * b
    return balls.inverse(product * product.sqrt())


def _times_root(factor: arb, a: arb, b: arb) -> Value:
    root = _root_of_cube(a, b)
    return factor * root if isinstance(root, arb) else root


def _sinc(v: arb, x: arb, slope: arb) -> Value:
    """sinc'' = -sinc - 2*sinc'/x; near 0 by its alternating series, off by at most the next term."""
    if abs(x) > balls.HALF:
        return -v - 2 * slope / x
    total, term = ZERO, -ONE
    for n in range(ctx.prec // 4 + 2):
        total = total + term / (2 * n + 3)
        term = -term * x * x / ((2 * n + 1) * (2 * n + 2))
    return total + arb(0, 1) * term


def _trigamma(x: arb) -> Value:
    return value_of(FORMS["trigamma"], [x])


def _polygamma(order: arb | int, x: arb) -> Value:
    return value_of(FORMS["polygamma"], [arb(order), x])


def _gamma(v: arb, x: arb, slope: arb) -> Value:
    bend = _trigamma(x)
    return slope * slope / v + v * bend if isinstance(bend, arb) else bend


def _betaln(v: arb, operands: Sequence[Any], slope: Callable[[int], Any]) -> Mapping[tuple[int, int], Value]:
    bends = [_trigamma(x) for x in (*operands, operands[0] + operands[1])]
    a, b, both = (bend if isinstance(bend, arb) else arb.nan() for bend in bends)
    return {(0, 0): a - both, (1, 0): -both, (1, 1): b - both}


def _bessel(sign: int, order: int | None) -> Curvature:
    """Bessel's differential equation, x*x*f'' + x*f' + sign*x*x*f - n*n*f = 0; the order is an operand if it is None."""

    def curvature(v: arb, operands: Sequence[Any], slope: Callable[[int], Any]) -> Mapping[tuple[int, int], Value]:
        place = len(operands) - 1
        n, x, first = arb(order) if order is not None else operands[0], operands[place], slope(place)
        if isinstance(first, Missing):
            return {(place, place): first}
        return {(place, place): (n * n / (x * x) - sign) * v - first / x}

    return curvature


def _faddeeva(part: str) -> Curvature:
    """A part of the Faddeeva function, which is harmonic, by the slopes of that part of its derivative."""

    def curvature(v: arb, operands: Sequence[Any], slope: Callable[[int], Any]) -> Mapping[tuple[int, int], Value]:
        form = FORMS[f"wofz_{part}"]
        value = value_of(form, operands)
        if isinstance(value, Missing):
            return dict.fromkeys(((0, 0), (1, 0), (1, 1)), value)
        along, across = (slope_of(form, place, value, operands) for place in (0, 1))
        return {(0, 0): along, (1, 0): across, (1, 1): -along if isinstance(along, arb) else along}

    return curvature


def _unknown(v: arb, operands: Sequence[Any], slope: Callable[[int], Any]) -> Mapping[tuple[int, int], Value]:
    return {(i, j): UNKNOWN for i in range(len(operands)) for j in range(i + 1)}


def _of_row(name: str) -> Curvature | None:
    """The second partial of an op whose slope is the value of another op of the reference's: that one's slope."""
    row = OPS[name]
    if not isinstance(row.reference, tuple) or len(row.reference) != 2:
        return None
    other = next((one for one, found in OPS.items() if isinstance(found.reference, tuple) and _starts(found, row)), None)
    if other is None:
        return None
    form = FORMS[other]
    return lambda v, operands, slope: {(0, 0): slope_of(form, 0, slope(0), operands)}


def _starts(row: Any, before: Any) -> bool:
    return len(row.reference) == 2 and row.reference[0] == before.reference[1]


CURVATURES: Mapping[str, Curvature] = {
    **dict.fromkeys(
        ("add", "sub", "neg", "sign", "heaviside", "abs", "max", "min", "relu", "stop", "rowsum", "floor", "mod"), _flat
    ),
    "mul": _product,
    "div": _quotient,
    "pow": _power,
    "sqrt": _one(lambda v, x, s: -s / (2 * x)),
    "cbrt": _one(lambda v, x, s: -2 * s / (3 * x)),
    "hypot": _hypot,
    "exp": _one(lambda v, x, s: v),
    "expm1": _one(lambda v, x, s: s),
    "log": _one(lambda v, x, s: -s * s),
    "log1p": _one(lambda v, x, s: -s * s),
    "xlogx": _one(lambda v, x, s: balls.inverse(x)),
    "xlogy": _xlogy,
    "gauss": _one(lambda v, x, s: -2 * v - 2 * x * s if x.is_finite() else balls.TINY),
    "sigmoid": _one(lambda v, x, s: -s * balls.tanh(x / 2)),
    "log_sigmoid": _one(lambda v, x, s: -_bell(x)),
    "softplus": _one(lambda v, x, s: _bell(x)),
    "logit": _one(lambda v, x, s: (2 * x - 1) * s * s),
    "logaddexp": _logaddexp,
    "erf": _one(lambda v, x, s: -2 * x * s),
    "erfc": _one(lambda v, x, s: -2 * x * s),
    "erfcx": _one(lambda v, x, s: times(arb(-2), slope_of(FORMS["ierfcx"], 0, balls.ierfcx(x), [x]))),
    "ierfcx": _one(lambda v, x, s: 4 * v + 2 * x * s),
    "log_erfc": _one(_log_erfc),
    "log_half_erfc": _one(_log_erfc),
    "sin": _one(lambda v, x, s: -v),
    "cos": _one(lambda v, x, s: -v),
    "tan": _one(lambda v, x, s: 2 * v * s),
    "asin": _one(lambda v, x, s: _times_root(x, 1 - x, 1 + x)),
    "acos": _one(lambda v, x, s: _times_root(-x, 1 - x, 1 + x)),
    "atan": _one(lambda v, x, s: -2 * x * s * s),
    "atan2": _atan2,
    "sinc": _one(_sinc),
    "ndtr": _one(lambda v, x, s: -x * s),
    "log_ndtr": _one(lambda v, x, s: -s * (x + s)),
    "ndtri": _one(lambda v, x, s: v * s * s),
    "erfinv": _one(lambda v, x, s: 2 * v * s * s),
    "erfcinv": _one(lambda v, x, s: 2 * v * s * s),
    "trigamma": _one(lambda v, x, s: _polygamma(3, x)),
    "polygamma": lambda v, operands, slope: {(1, 1): _polygamma(operands[0] + 2, operands[1])},
    "gamma": _one(_gamma),
    "betaln": _betaln,
    "stirlerr": _one(lambda v, x, s: stirlerr(x, 2)),
    "log1prel": _one(lambda v, x, s: log1prel(x, 2)),
    "dawson": _one(lambda v, x, s: -2 * v - 2 * x * s),
    "expint": _one(lambda v, x, s: -s * (1 + 1 / x)),
    "ei": _one(lambda v, x, s: s * (1 - 1 / x)),
    "wrightomega": _one(lambda v, x, s: s / ((1 + v) * (1 + v))),
    "lambertw1p": _one(lambda v, x, s: -s * s * (1 + 1 / v)),
    "lambertw": _one(lambda v, x, s: -s * s * (2 + v) / (1 + v)),
    "wofz_re": _faddeeva("slope_re"),
    "wofz_im": _faddeeva("slope_im"),
    "wofz_slope_re": _faddeeva("bend_re"),
    "wofz_slope_im": _faddeeva("bend_im"),
    **dict.fromkeys(("wofz_bend_re", "wofz_bend_im", "digamma_step", "stirlerr_slope"), _unknown),
    **{
        f"bessel_{kind}{end}": _bessel(sign, order)
        for kind, sign in (("j", 1), ("y", 1), ("i", -1), ("k", -1))
        for end, order in (("", None), ("0", 0), ("1", 1))
    },
    "sec": _one(lambda v, x, s: v * (2 * v * v - 1)),
    "csc": _one(lambda v, x, s: v * (2 * v * v - 1)),
    "cot": _one(lambda v, x, s: -2 * v * s),
    "csch": _one(lambda v, x, s: v * (1 + 2 * v * v)),
    "coth": _one(lambda v, x, s: -2 * v * s),
    "sinh": _one(lambda v, x, s: v),
    "cosh": _one(lambda v, x, s: v),
    "tanh": _one(lambda v, x, s: -2 * v * s),
    "sech": _one(lambda v, x, s: v * (1 - 2 * v * v)),
    "asinh": _one(lambda v, x, s: -x * s * s * s),
    "acosh": _one(lambda v, x, s: _times_root(-x, x - 1, x + 1)),
    "atanh": _one(lambda v, x, s: 2 * x * s * s),
    **{name: found for name in OPS if (found := _of_row(name)) is not None},
}
"""The second partials of the operations of ``FORMS`` by name; those by (i, j) with j <= i that are not there are 0."""


class SecondSweep:
    """Second derivatives of one step of a program by its inputs, at one point.

    Args:
        program: the program.
        values: of all its steps.
        root: the step.
    """

    def __init__(self, program: Program, values: Sequence[Value], root: int) -> None:
        self.program, self.values, self.root = program, values, root
        self.slopes: Slopes = {}
        self.cotangents = program.backward(values, root, self.slopes)
        self.curved = {index: self._curvatures(index) for index in self.slopes}

    def by(self, leaf: int) -> dict[int, Value]:
        """Differentiate the partials by every input once more, by one of them.

        Args:
            leaf: the step of that input.

        Returns:
            By the step of each input; those that are not there are 0.
        """
        dots: dict[int, Value] = {leaf: ONE}
        for index in sorted(self.slopes):
            terms = [times(dots[arg], slope) for arg, slope in self.slopes[index] if arg in dots]
            if terms:
                dots[index] = reduce(plus, terms)
        changes: dict[int, Value] = {}
        for index in sorted(self.slopes, reverse=True):
            if index in changes:
                for arg, slope in self.slopes[index]:
                    _add(changes, arg, times(changes[index], slope))
            for arg, other, curvature in self.curved[index]:
                if other in dots:
                    _add(changes, arg, times(times(self.cotangents[index], curvature), dots[other]))
        return changes

    def _curvatures(self, index: int) -> Sequence[tuple[int, int, Value]]:
        """The second partials of a step as (operand, other operand, value), those that are 0 left out."""
        step, steps = self.program.steps[index], self.program.steps
        form = step.form
        if form is None or step.name in ("piecewise", "select"):
            return ()
        operands: list[Any] = [self.values[arg] for arg in step.args]
        if any(isinstance(operand, Missing) for operand in (*operands, self.values[index])):
            return [(arg, arg, UNKNOWN) for arg in step.args if steps[arg].varies]
        found = _second_partials(step.name, form, self.values[index], operands)
        pairs = [(i, j, value) for (i, j), value in found.items()] + [
            (j, i, value) for (i, j), value in found.items() if i != j
        ]
        args = step.args
        return [(args[i], args[j], value) for i, j, value in pairs if steps[args[i]].varies and steps[args[j]].varies]


def _second_partials(name: str, form: Form, value: Any, operands: Sequence[Any]) -> Mapping[tuple[int, int], Value]:
    if not form.slopes:
        return {}
    curvature = _unknown if isinstance(name, UserOp) else CURVATURES[name]
    found = curvature(value, operands, lambda place: slope_of(form, place, value, operands))
    return {pair: UNKNOWN if isinstance(one, arb) and not one.is_finite() else one for pair, one in found.items()}


def _add(changes: dict[int, Value], arg: int, share: Value) -> None:
    changes[arg] = plus(changes[arg], share) if arg in changes else share
