"""A spec's own SymPy expressions as a program of mpmath operations, which the oracle runs.

Nothing here is shared with lowering. A function that the table below does not have is left to SymPy's ``evalf``.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
import sympy
from sympy.functions.elementary.piecewise import ExprCondPair
from sympy.logic.boolalg import BooleanAtom

from symgraph import error_functions
from symgraph import functions as fn
from symgraph.canonical import postorder
from symgraph.model import Model

NAN = mpmath.nan
"""Stands for every result that is no finite real number in the range of doubles: poles, roots of negative numbers, overflow, a
Piecewise none of whose conditions holds. Among the values of a program it is always this one object."""

ULP = mpmath.mpf(2) ** -52
_LARGEST = mpmath.mpf(1.7976931348623157e308)
_OSCILLATING = 1e15
"""Above this, neighbouring doubles are a good part of a period apart, and the step of a difference soon is several."""

Values = list[Any]
"""A value for every step: mpf, bool, NAN, or None where the step was not needed."""


@dataclass(frozen=True, slots=True)
class Step:
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
    """

    steps: tuple[Step, ...]
    roots: Mapping[str, int]
    leaves: tuple[str, ...]

    def run(
        self,
        leaves: Mapping[str, Any],
        targets: Sequence[int],
        values: Values,
        noise: Noise | None = None,
        centre: Values | None = None,
    ) -> Values:
        """Evaluate what the targets need and is not known yet, without recursion, at mpmath's current precision.

        Args:
            leaves: a mpf for every input, or NAN.
            targets: positions of steps.
            values: what is known, None elsewhere; completed in place.
            noise: makes results, and the terms of sums of three or more, differ as rounding does; None for the truth.
            centre: the values at the centre of a difference; with noise, what an operand has moved from there differs too, in
                each use of it separately, as the products and sums of a derivative round.

        Returns:
            The values; steps in branches that are not taken stay None.
        """
        stack = list(targets)
        while stack:
            index = stack[-1]
            step = self.steps[index]
            missing = step.missing(values) if values[index] is None else []
            if missing:
                stack.extend(missing)
                continue
            stack.pop()
            if values[index] is None:
                if step.branches:
                    values[index] = _taken(step, values)
                elif noise is None:
                    values[index] = _value(step, leaves, [values[arg] for arg in step.args])
                else:
                    operands = _noisy_operands(step, values, noise[index], centre)
                    value = _value(step, leaves, operands)
                    values[index] = value * noise[index][0] if step.noisy and value is not NAN else value
        return values

    def noise(self, seed: int) -> Noise:
        """Draw factors that differ from 1 by half to one unit in the last place of a double; -seed gives the opposite."""
        draw = random.Random(abs(seed))
        unit = -ULP if seed < 0 else ULP
        return [
            [1 + draw.choice((-1, 1)) * draw.uniform(0.5, 1.0) * unit for _ in range(1 + len(step.args))] for step in self.steps
        ]


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
    return Program(tuple(steps), roots, tuple(i.name for i in inputs))


def _operands(part: Any) -> tuple[Any, ...]:
    return tuple(arg for pair in part.args for arg in pair.args) if isinstance(part, sympy.Piecewise) else part.args


def _step(part: Any, args: list[int], steps: list[Step], digits: int, home: str) -> Step:
    if isinstance(part, BooleanAtom):
        return Step(constant=bool(part))
    if not args:
        constant = _number(part, digits)
        return Step(constant=constant, noisy=not is_nan(constant) and mpmath.mpf(float(constant)) != constant)
    branches = isinstance(part, sympy.Piecewise)
    return Step(
        args=tuple(args),
        compute=None if branches else _operation(part),
        branches=branches,
        adds=isinstance(part, sympy.Add) and len(args) > 2,
        noisy=isinstance(part, sympy.Expr) and not branches,
        varies=any(steps[arg].varies for arg in args),
        weighted=any(steps[arg].weighted for arg in args),
        singular=SINGULAR.get(type(part)),
        choice=CHOICES.get(type(part)),
        choices=len(part.args) if branches or isinstance(part, sympy.Max | sympy.Min) else 2 * (type(part) in CHOICES),
        home=home,
        kind=type(part),
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
    if any(arg is NAN for arg in args) and compute not in _LOGIC:
        return NAN
    try:
        value = compute(*args)
    except (ZeroDivisionError, ValueError, OverflowError):  # how mpmath reports poles and results beyond its own range
        return NAN
    if isinstance(value, bool):
        return value
    return value if not isinstance(value, mpmath.mpc) and abs(value) <= _LARGEST else NAN


def _and(*terms: Any) -> Any:
    return False if any(term is False for term in terms) else True if all(term is True for term in terms) else NAN


def _or(*terms: Any) -> Any:
    return True if any(term is True for term in terms) else False if all(term is False for term in terms) else NAN


def _if(condition: Any, chosen: Any, other: Any) -> Any:
    return chosen if condition is True else other if condition is False else NAN


def _not(term: Any) -> Any:
    return not term


def _add(*terms: Any) -> Any:
    return mpmath.fsum(terms)


def _mul(*factors: Any) -> Any:
    return mpmath.fprod(factors)


def _heaviside(x: Any, at_zero: Any) -> Any:
    return at_zero if x == 0 else mpmath.mpf(int(x > 0))


def _atan2(y: Any, x: Any) -> Any:
    return NAN if x == 0 and y == 0 else mpmath.atan2(y, x)


def _cbrt(x: Any) -> Any:
    return mpmath.sign(x) * mpmath.cbrt(abs(x))


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + mpmath.exp(-z))


def _softplus(z: Any) -> Any:
    return mpmath.log1p(mpmath.exp(z))


def _relu(z: Any) -> Any:
    return max(z, mpmath.mpf(0))


def _log_sigmoid(z: Any) -> Any:
    return -mpmath.log1p(mpmath.exp(-z))


def _logit(x: Any) -> Any:
    return mpmath.log(x / (1 - x))


def _logaddexp(a: Any, b: Any) -> Any:
    return max(a, b) + mpmath.log1p(mpmath.exp(-abs(a - b)))


def _xlogx(x: Any) -> Any:
    return x * mpmath.log(x) if x else x


def _xlogy(x: Any, y: Any) -> Any:
    return x * mpmath.log(y) if x else x


_LOGIC = frozenset({_and, _or, _if})
"""Operations that may be decided although an operand has no value."""

OPERATIONS: Mapping[type, Callable[..., Any]] = {
    sympy.Add: _add, sympy.Mul: _mul, sympy.Pow: mpmath.power,
    sympy.StrictLessThan: lambda a, b: a < b, sympy.LessThan: lambda a, b: a <= b,
    sympy.StrictGreaterThan: lambda a, b: a > b, sympy.GreaterThan: lambda a, b: a >= b,
    sympy.Equality: lambda a, b: a == b, sympy.Unequality: lambda a, b: a != b,
    sympy.And: _and, sympy.Or: _or, sympy.Not: _not, sympy.ITE: _if,
    sympy.exp: mpmath.exp, sympy.log: mpmath.log, fn.expm1: mpmath.expm1, fn.log1p: mpmath.log1p,
    sympy.sin: mpmath.sin, sympy.cos: mpmath.cos, sympy.tan: mpmath.tan, sympy.asin: mpmath.asin, sympy.acos: mpmath.acos,
    sympy.atan: mpmath.atan, sympy.atan2: _atan2, sympy.sinc: mpmath.sinc,
    sympy.sinh: mpmath.sinh, sympy.cosh: mpmath.cosh, sympy.tanh: mpmath.tanh, sympy.sech: mpmath.sech,
    sympy.asinh: mpmath.asinh, sympy.acosh: mpmath.acosh, sympy.atanh: mpmath.atanh,
    sympy.Abs: abs, sympy.sign: mpmath.sign, sympy.Max: max, sympy.Min: min, sympy.Heaviside: _heaviside,
    fn.cbrt: _cbrt, fn.hypot: mpmath.hypot, fn.sigmoid: _sigmoid, fn.softplus: _softplus, fn.relu: _relu,
    fn.log_sigmoid: _log_sigmoid, fn.logit: _logit, fn.logaddexp: _logaddexp, fn.xlogx: _xlogx, fn.xlogy: _xlogy,
    sympy.erf: error_functions.erf, sympy.erfc: error_functions.erfc, fn.gauss: lambda x: mpmath.exp(-(x * x)),
    **{getattr(fn, name): getattr(error_functions, name) for name in ("erfcx", "ierfcx", "log_erfc", "log_half_erfc")},
}  # fmt: skip
"""What computes each kind of SymPy expression; Piecewise and powers with integer exponents are dealt with apart."""

SINGULAR: Mapping[type, Callable[..., bool]] = {
    sympy.Pow: lambda base, exponent: base == 0 and not (exponent == mpmath.floor(exponent) and exponent > 0),
    fn.cbrt: lambda x: x == 0,
    sympy.asin: lambda x: abs(x) == 1,
    sympy.acos: lambda x: abs(x) == 1,
    sympy.acosh: lambda x: x == 1,
    fn.xlogx: lambda x: x == 0,
    **dict.fromkeys((sympy.sin, sympy.cos, sympy.tan, sympy.sinc), lambda x: abs(x) > _OSCILLATING),
}
"""Where the slope of a function is infinite although its value is finite, or means nothing."""


def _side(x: Any, *_: Any) -> int:
    return int(x > 0)


CHOICES: Mapping[type, Callable[..., int]] = {
    sympy.Max: lambda *args: args.index(max(args)),
    sympy.Min: lambda *args: args.index(min(args)),
    **dict.fromkeys((sympy.Abs, sympy.sign, sympy.Heaviside, fn.relu, fn.sigmoid, fn.softplus, fn.log_sigmoid), _side),
    fn.logaddexp: lambda a, b: int(a > b),
    fn.logit: lambda x: int(x < 0.25),
    sympy.sinc: lambda x: int(abs(x) < 1.5),
    sympy.erf: lambda x: int(abs(x) < 1),
    **dict.fromkeys((sympy.erfc, fn.log_erfc), lambda x: int(abs(x) < 0.5)),
    **dict.fromkeys((fn.erfcx, fn.ierfcx, fn.log_half_erfc), _side),
}
"""Functions besides Piecewise that do one thing here and another there, or are computed in two ways: which of them it is."""
