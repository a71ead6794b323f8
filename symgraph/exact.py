"""A spec's own SymPy expressions as a program of mpmath operations, which the oracle runs.

Nothing here is shared with lowering. A function that the table below does not have is left to SymPy's ``evalf``.
"""

import random
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cache
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import mpmath
import sympy
from mpmath.libmp import from_man_exp
from sympy.functions.elementary.piecewise import ExprCondPair
from sympy.logic.boolalg import BooleanAtom

from symgraph import exact_operations
from symgraph.canonical import postorder
from symgraph.exact_numbers import MPF, Numbers
from symgraph.exact_operations import CHOICES, LOGIC, OPERATIONS, SINGULAR
from symgraph.model import Model

NAN = exact_operations.NAN
"""Stands for every result that is no finite real number in the range of doubles: poles, roots of negative numbers, overflow, a
Piecewise none of whose conditions holds. Among the values of a program it is always this one object."""

ULP = mpmath.mpf(2) ** -52
_LARGEST = mpmath.mpf(1.7976931348623157e308)
_LARGEST_DECIMAL = Decimal(sys.float_info.max)
_MANY = 10_000
"""Steps of a program beyond which factors of noise are used more than once."""

_EACH = -1
"""Stands for as many choices as there are arguments."""

Values = list[Any]
"""A value for every step: mpf, bool, NAN, or None where the step was not needed."""


class Step(NamedTuple):
    """One distinct subexpression.

    Attributes:
        args: the steps it needs; for a Piecewise the value and the condition of each branch in turn.
        compute: what makes its value from theirs; None for a leaf, a constant and a Piecewise.
        leaf: the name of the input it reads, or "".
        constant: its value, for a constant.
        branches: whether it is a Piecewise, which needs the branch taken and no other.
        adds: whether it is a sum of three terms or more, whose partial sums round.
        noisy: whether rounding changes it.
        varies: whether it depends on an input.
        weighted: whether it depends on a weight.
        singular: tells at which arguments its slope is infinite or has no digits in doubles; None if nowhere.
        choice: tells at which arguments it does what, by number; None if it does the same everywhere. A Piecewise has no need.
        choices: how many things it can do.
        home: the named node it belongs to first, or "loss".
        kind: the class of the SymPy expression, for an operation.
        whole_power: whether it raises to a constant whole number.
    """

    args: tuple[int, ...] = ()
    compute: Callable[..., Any] | None = None
    leaf: str = ""
    constant: Any = None
    branches: bool = False
    adds: bool = False
    noisy: bool = False
    varies: bool = False
    weighted: bool = False
    singular: Callable[..., bool] | None = None
    choice: Callable[..., int] | None = None
    choices: int = 0
    home: str = ""
    kind: type | None = None
    whole_power: bool = False

    def missing(self, values: Values) -> list[int]:
        """The steps to evaluate before this one."""
        if not self.branches:
            return [arg for arg in self.args if values[arg] is None]
        for value, condition in zip(self.args[::2], self.args[1::2], strict=True):
            holds = values[condition]
            if holds is None:
                return [condition]
            if holds is not False:  # true, or unknown
                return [value] if holds is True and values[value] is None else []
        return []

    def chosen(self, values: Values) -> int | None:
        """Which of its choices it made, or None where it has none, or no value."""
        if self.branches:
            conditions = [values[condition] for condition in self.args[1::2]]
            return next((place for place, holds in enumerate(conditions) if holds is True), None)
        operands = [values[arg] for arg in self.args]
        return None if self.choice is None or any(one is NAN for one in operands) else self.choice(*operands)


Noise = Sequence[Sequence[Any]]
"""For every step a factor for its result and one for each operand."""


@dataclass(frozen=True, slots=True)
class Program:
    """The steps of a model, arguments before what uses them.

    Attributes:
        steps: all distinct subexpressions.
        roots: the step of each named node, by name, and of "loss".
        leaves: the names of the inputs.
        branching: whether there is a Piecewise, so that the values say which steps are needed.
        numbers: what the values are.
    """

    steps: tuple[Step, ...]
    roots: Mapping[str, int]
    leaves: tuple[str, ...]
    branching: bool = True
    numbers: Numbers = MPF
    _orders: dict[tuple[object, ...], tuple[int, ...]] = field(default_factory=dict, compare=False, repr=False)

    def run(
        self,
        leaves: Mapping[str, Any],
        targets: Sequence[int],
        values: Values,
        noise: Noise | None = None,
        centre: Values | None = None,
        unknown: Sequence[int] | None = None,
    ) -> Values:
        """Evaluate what the targets need and is not known yet, without recursion, at mpmath's current precision.

        Args:
            leaves: a mpf for every input, or NAN.
            targets: positions of steps.
            values: what is known, None elsewhere; completed in place.
            noise: makes results, and the terms of sums of three or more, differ as rounding does; None for the truth.
            centre: the values at the centre of a difference; with noise, what an operand has moved from there differs too, in
                each use of it separately, as the products and sums of a derivative round.
            unknown: the steps that are not known, in order; all by default.

        Returns:
            The values; steps in branches that are not taken stay None.
        """
        if not self.branching:
            self.complete(self._order(targets, unknown), leaves, values, noise, centre)
            return values
        stack = list(targets)
        while stack:
            index = stack[-1]
            missing = self.steps[index].missing(values) if values[index] is None else []
            if missing:
                stack.extend(missing)
                continue
            stack.pop()
            if values[index] is None:
                values[index] = self.computed(index, leaves, values, noise, centre)
        return values

    def complete(
        self, order: Sequence[int], leaves: Mapping[str, Any], values: Values, noise: Noise | None, centre: Values | None
    ) -> None:
        """Evaluate the given steps where they are not known yet, operands first; arguments as for ``run``."""
        for index in order:
            if values[index] is None:
                values[index] = self.computed(index, leaves, values, noise, centre)

    def computed(
        self, index: int, leaves: Mapping[str, Any], values: Values, noise: Noise | None, centre: Values | None
    ) -> Any:
        """The value of one step whose operands are known."""
        step = self.steps[index]
        if noise is None and step.compute is not None:
            return _computed(step.compute, [values[arg] for arg in step.args])
        if step.branches:
            return _taken(step, values)
        if noise is None:
            return _value(step, leaves, [])
        value = _value(step, leaves, _noisy_operands(step, values, noise[index], centre))
        return value * noise[index][0] if step.noisy and value is not NAN else value

    def _order(self, targets: Sequence[int], unknown: Sequence[int] | None) -> tuple[int, ...]:
        """The steps that the targets need, in order: all, or those that are not known."""
        key = tuple(targets), unknown if unknown is None else tuple(unknown)
        if key not in self._orders:
            marks, steps = bytearray(len(self.steps)), self.steps
            for target in targets:
                marks[target] = 1
            for index in range(len(steps) - 1, -1, -1):
                if marks[index]:
                    for arg in steps[index].args:
                        marks[arg] = 1
            wanted = range(len(steps)) if unknown is None else unknown
            self._orders[key] = tuple([index for index in wanted if marks[index]])
        return self._orders[key]

    def noise(self, seed: int) -> Noise:
        """Draw factors that differ from 1 by half to one unit in the last place of a double; -seed gives the opposite."""
        draw = random.Random(abs(seed))
        sign, number = -1 if seed < 0 else 1, self.numbers.number
        if len(self.steps) > _MANY:  # out of a hat, since each takes longer to make than the operation that it blurs
            hat = [number(_near_one(sign * draw.choice((-1, 1)), draw.uniform(0.5, 1.0))) for _ in range(_MANY)]
            ends = list(accumulate((1 + len(step.args) for step in self.steps), initial=0))
            drawn = draw.choices(hat, k=ends[-1])
            return [drawn[start:end] for start, end in pairwise(ends)]
        return [
            [number(_near_one(sign * draw.choice((-1, 1)), draw.uniform(0.5, 1.0))) for _ in range(1 + len(step.args))]
            for step in self.steps
        ]


def _near_one(sign: int, share: float) -> Any:
    """1 plus or minus a share of ULP, exactly, put together from its bits, which takes a fifth of the time of arithmetic."""
    return mpmath.mp.make_mpf(from_man_exp((1 << 105) + sign * int(share * 2.0**53), -105))


def is_nan(value: Any) -> bool:
    """Whether a result made of a program's values is NaN, which alone differs from itself."""
    return bool(value != value)


def compile_exactly(model: Model, digits: int) -> Program:
    """Turn a model into a program, node by node in the model's order, at mpmath's current precision.

    Args:
        model: the spec.
        digits: decimal digits of constants.
    """
    inputs = model.inputs
    # weights are noisy although they are exact, so that a derivative where it is steep counts as ill-conditioned
    steps = [Step(leaf=i.name, varies=True, weighted=i.kind == "weight", noisy=i.kind == "weight") for i in inputs]
    index = {i.symbol: place for place, i in enumerate(inputs)}
    roots: dict[str, int] = {}
    exprs = [(node.name, node.symbol, node.expr) for node in model.nodes]
    exprs += [] if model.loss_expr is None else [("loss", None, model.loss_expr)]
    for name, symbol, expr in exprs:
        for part in postorder([expr]):
            if part not in index and not isinstance(part, ExprCondPair):
                index[part] = len(steps)
                steps.append(_step(part, [index[arg] for arg in _operands(part)], steps, digits, name))
        roots[name] = index[expr]
        if symbol is not None:
            index[symbol] = index[expr]
    return Program(tuple(steps), roots, tuple(i.name for i in inputs), any(step.branches for step in steps))


def _operands(part: Any) -> tuple[Any, ...]:
    return tuple(arg for pair in part.args for arg in pair.args) if isinstance(part, sympy.Piecewise) else part.args


def _step(part: Any, args: list[int], steps: list[Step], digits: int, home: str) -> Step:
    if isinstance(part, BooleanAtom):
        return Step(constant=bool(part))
    if not args:
        constant = _number(part, digits)
        return Step(constant=constant, noisy=not is_nan(constant) and mpmath.mpf(float(constant)) != constant)
    kind: type = type(part)
    alike = _alike(kind)
    compute, choices, varies, weighted = alike.compute, alike.choices, False, False
    for arg in args:
        operand = steps[arg]
        varies, weighted = varies or operand.varies, weighted or operand.weighted
    whole_power = alike.whole_power and bool(part.exp.is_Integer)
    if compute is None or whole_power:
        compute = None if alike.branches else _operation(part)
    if choices == _EACH:
        choices = len(part.args)
    # of all its parts at once, in a third of the time that the class takes to read arguments
    made = (tuple(args), compute, "", None, alike.branches, alike.adds and len(args) > 2, alike.noisy, varies, weighted)
    return tuple.__new__(Step, (*made, alike.singular, alike.choice, choices, home, alike.kind, whole_power))


@cache
def _alike(kind: type) -> Step:
    """What steps of a class of SymPy expressions have in common: a sum adds, a power is whole, if that may be."""
    branches = issubclass(kind, sympy.Piecewise)
    return Step(
        compute=None if branches else OPERATIONS.get(kind),
        branches=branches,
        adds=issubclass(kind, sympy.Add),
        noisy=issubclass(kind, sympy.Expr) and not branches,
        singular=SINGULAR.get(kind),
        choice=CHOICES.get(kind),
        choices=_EACH if branches or issubclass(kind, sympy.Max | sympy.Min) else 2 * (kind in CHOICES),
        kind=kind,
        whole_power=issubclass(kind, sympy.Pow),
    )


def _operation(part: Any) -> Callable[..., Any]:
    if isinstance(part, sympy.Pow) and part.exp.is_Integer:
        exponent = int(part.exp)
        return lambda base, _: base**exponent
    if type(part) in OPERATIONS:
        return OPERATIONS[type(part)]
    return lambda *args: _number(part.func(*(sympy.Float(arg, mpmath.mp.dps) for arg in args)), mpmath.mp.dps)


def _number(expr: Any, digits: int) -> Any:
    """The value of an expression without symbols; NaN if it is not real and finite."""
    value = expr if expr.is_Number else expr.evalf(digits + 5)
    if isinstance(value, sympy.Rational):
        return mpmath.mpf(value.p) / value.q
    return mpmath.mp.make_mpf(value._mpf_) if isinstance(value, sympy.Float) else NAN


def _value(step: Step, leaves: Mapping[str, Any], operands: Values) -> Any:
    if step.leaf:
        return leaves[step.leaf]
    return step.constant if step.compute is None else _computed(step.compute, operands)


def _noisy_operands(step: Step, values: Values, factors: Sequence[Any], centre: Values | None) -> Values:
    if centre is None and not step.adds:
        return [values[arg] for arg in step.args]
    operands = []
    for arg, factor in zip(step.args, factors[1:], strict=True):
        value, start = values[arg], None if centre is None else centre[arg]
        if value is NAN or isinstance(value, bool):
            operands.append(value)
            continue
        if start is not None and start is not NAN and start is not value:
            value = start + (value - start) * factor
        operands.append(value * factor if step.adds else value)
    return operands


def _taken(step: Step, values: Values) -> Any:
    for value, condition in zip(step.args[::2], step.args[1::2], strict=True):
        if values[condition] is not False:
            return values[value] if values[condition] is True else NAN
    return NAN


def _computed(compute: Callable[..., Any], args: list[Any]) -> Any:
    """The result, or NaN where it is not a finite real number in the range of doubles."""
    for arg in args:
        if arg is NAN and compute not in LOGIC:
            return NAN
    try:
        value = compute(*args)
    except (
        ZeroDivisionError,
        ValueError,
        OverflowError,
        InvalidOperation,
    ):  # how mpmath and decimals report poles and results beyond its own range
        return NAN
    if isinstance(value, bool):
        return value
    if type(value) is Decimal:
        small = value.adjusted() < 308 or not value or abs(value) <= _LARGEST_DECIMAL
        return value if small and value.is_finite() else NAN  # 0**-1 is infinite there without a word
    if type(value) is mpmath.mpf and _is_ordinary(value._mpf_):
        return value
    return value if not isinstance(value, mpmath.mpc) and abs(value) <= _LARGEST else NAN


def _is_ordinary(parts: Any) -> bool:
    """Whether sign, mantissa, exponent and bits of the mantissa are those of a number other than 0 and below 2**1023."""
    return bool(parts[1]) and bool(parts[2] + parts[3] < 1024)
