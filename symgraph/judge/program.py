"""A spec's own SymPy expressions as a list of operations on balls, with one reverse sweep for all partials.

Nothing here is shared with lowering or the adjoint, and of the op table only the names of functions: what a build is verified
against must not have its faults.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import sympy
from flint import arb
from sympy.functions.elementary.piecewise import ExprCondPair

from symgraph.errors import SpecError
from symgraph.judge.balls import KINK, ONE, UNKNOWN, ZERO, Missing, Value, is_infinite
from symgraph.judge.branches import Named, smooth_around
from symgraph.judge.form import Form, slope_of, value_of
from symgraph.judge.forms import COMPARISONS, FORMS
from symgraph.spec.canonical import postorder
from symgraph.spec.model import Model
from symgraph.spec.ops import sympy_classes as fn
from symgraph.spec.ops.ops import op_of
from symgraph.spec.residuals import residual_of

_FEW: Mapping[str, Callable[[arb, arb], arb]] = {"mul": operator.mul, "add": operator.add, "sub": operator.sub}
After = Callable[[int, Value, list[Value]], Value]
"""Changes what a step gives: its index, its value, and the values of the steps before it, which it may narrow."""


class Step(NamedTuple):
    """One distinct subexpression.

    Attributes:
        name: of its operation; "" for inputs and constants.
        args: the steps it is computed from; for a Piecewise the value and the condition of each branch in turn.
        form: computes it; None for inputs and constants.
        leaf: the name of the input that it is, or "".
        constant: gives its value at the precision in force, for a constant.
        varies: whether it depends on an input.
        home: the named node in whose expression it stands first, or "loss".
    """

    name: str = ""
    args: tuple[int, ...] = ()
    form: Form | None = None
    leaf: str = ""
    constant: Callable[[], Value] | None = None
    varies: bool = False
    home: str = ""


def forward(
    steps: Sequence[Step], leaves: Sequence[Value], after: After | None = None, *, unbounded: bool = False
) -> list[Value]:
    """Compute every step, those of branches that are not taken too, at the precision in force.

    Args:
        steps: of which the first ones are the leaves.
        leaves: their values.
        after: changes each operation's value.
        unbounded: whether sums and products without bounds are kept as such, and not unknown.
    """
    values: list[Value] = list(leaves)
    for index in range(len(leaves), len(steps)):
        name, args, form, _, constant, _, _ = steps[index]
        if name in _FEW and len(args) == 2:  # most operations are these
            a, b = values[args[0]], values[args[1]]
            if type(a) is arb and type(b) is arb:
                found = _FEW[name](a, b)
                known = found.is_finite() or (not found.is_nan() if unbounded else is_infinite(found))
                value: Value = found if known else UNKNOWN
                values.append(value if after is None else after(index, value, values))
                continue
        if form is None:
            values.append(UNKNOWN if constant is None else constant())
            continue
        value = value_of(form, [values[arg] for arg in args])
        values.append(value if after is None else after(index, value, values))
    return values


_CLASSES: Mapping[type, str] = {
    sympy.Add: "add", sympy.Mul: "mul", sympy.Pow: "pow", sympy.Piecewise: "piecewise",
    sympy.StrictLessThan: "lt", sympy.LessThan: "le", sympy.StrictGreaterThan: "gt", sympy.GreaterThan: "ge",
    sympy.Equality: "eq", sympy.Unequality: "ne", sympy.And: "and", sympy.Or: "or", sympy.Not: "not", sympy.ITE: "select",
}  # fmt: skip
"""The name of the operation by the class of a SymPy expression that is no function."""

_CONSTANTS: Mapping[Any, Callable[[], Value]] = {
    sympy.pi: arb.pi, sympy.E: arb.const_e, sympy.EulerGamma: arb.const_euler, sympy.Catalan: arb.const_catalan,
    sympy.GoldenRatio: lambda: (1 + arb(5).sqrt()) / 2, sympy.true: lambda: True, sympy.false: lambda: False,
}  # fmt: skip
"""The constants with a symbol of their own, at the precision in force."""


Choice = tuple[int, int]
"""A step that does different things at different points, and which of them it does."""
Slopes = dict[int, Sequence[tuple[int, Value]]]
"""By step: the partials by those of its operands that vary, each with the operand's step."""


def residual_root(column: str) -> str:
    """Return the name of the root that is a residual, "residual of the loss" of "residual"; no node can be called so."""
    return f"{column} of the loss"


def program_of(model: Model) -> "Program":
    """The program of a model's named nodes, its "loss", and each ``residual_root``, as far as it has them.

    Raises:
        SpecError: the spec has a function that the reference does not know.
    """
    residual = residual_of(model)
    exprs: list[Named] = [(node.name, node.symbol, node.expr) for node in model.nodes]
    exprs += [] if model.loss_expr is None else [("loss", None, model.loss_expr)]
    exprs += [(residual_root(name), None, expr) for name, expr in zip(residual.columns, residual.exprs, strict=True)]
    return Program({entry.name: entry.symbol for entry in model.inputs}, exprs, f"model {model.name}", _own_branches(model))


def _own_branches(model: Model) -> list[Any]:
    """The Piecewise expressions of a likelihood's formula, without those of its parameters.

    They keep digits at the ends of its parameters, which no model reaches at all of them.
    """
    if model.likelihood_declared is None:
        return []
    given = set(postorder(model.likelihood_declared.parameters))
    return [part for part in postorder([model.loss_expr]) if isinstance(part, sympy.Piecewise) and part not in given]


class Program:
    """The operations of some expressions, operands before what uses them.

    Args:
        inputs: the symbols that stand for numbers, by name.
        exprs: the expressions; the symbol of each stands for it in those after it.
        where: the model, for errors.
        own: Piecewise expressions whose branches a model need not reach.

    Raises:
        SpecError: an expression has a function that the reference does not know.
    """

    def __init__(self, inputs: Mapping[str, Any], exprs: Sequence[Named], where: str = "", own: Sequence[Any] = ()) -> None:
        self.steps: list[Step] = []
        self.roots: dict[str, int] = {}
        """The step of each expression, by name."""
        self.leaves = tuple(inputs)
        self._index: dict[Any, int] = {}
        self._given = inputs, exprs, where
        for entry, symbol in inputs.items():
            self._add(symbol, Step(leaf=entry, varies=True))
        for name, symbol, expr in exprs:
            self.roots[name] = self._place(expr, where, name)
            if symbol is not None:
                self._index[symbol] = self.roots[name]
        self._own = {self._index[part] for part in own}

    def exprs(self) -> Mapping[int, Any]:
        """The expression of each step, of a named node not its symbol."""
        return {index: expr for expr, index in reversed(self._index.items())}

    def smooth_around(self, values: Sequence[Value]) -> "Program | None":
        """The program of the smooth expressions that its own are equal to around a point, given the values of all steps.

        None where one of these has no value anywhere.
        """
        inputs, exprs, where = self._given
        smooth = smooth_around(exprs, lambda part: values[self._index[part]])
        if any(expr.has(sympy.zoo, sympy.nan) for _, _, expr in smooth):
            return None
        return Program(inputs, smooth, where)

    @cached_property
    def _choosing(self) -> list[int]:
        """The steps that do different things at different points."""
        sided = {"piecewise", *(name for name, form in FORMS.items() if form.side is not None)}
        return [index for index, step in enumerate(self.steps) if step.name in sided]

    @cached_property
    def _branching(self) -> bool:
        return any(step.name == "piecewise" for step in self.steps)

    @cached_property
    def _varying(self) -> list[list[int]]:
        """The places of the operands of each step that vary."""
        return [[place for place, arg in enumerate(step.args) if self.steps[arg].varies] for step in self.steps]

    @property
    def smooth(self) -> bool:
        """True if the model makes no choices."""
        return not self._choosing

    @cached_property
    def all_choices(self) -> Mapping[Choice, str]:
        """All choices there are; where those stand that a model has to reach ("node left, branch 2"), "" for others."""
        found: dict[Choice, str] = {}
        for index in self._choosing:
            step = self.steps[index]
            branches = step.name == "piecewise"
            where = "loss" if step.home == "loss" or " " in step.home else f"node {step.home}"
            for choice in range(len(step.args) // 2 if branches else max(2, len(step.args))):
                found[index, choice] = f"{where}, branch {choice + 1}" if branches and index not in self._own else ""
        return found

    def choices(self, values: Sequence[Value], needed: Sequence[bool]) -> frozenset[Choice]:
        """Tell which choices are made at a point, given the values of all steps and those that are needed."""
        found = ((index, self._choice(self.steps[index], values)) for index in self._choosing if needed[index])
        return frozenset((index, choice) for index, choice in found if choice is not None)

    def _choice(self, step: Step, values: Sequence[Value]) -> int | None:
        operands: list[Any] = [values[arg] for arg in step.args]
        if step.name == "piecewise":
            return next((place for place, holds in enumerate(operands[1::2]) if holds is True), None)
        if step.form is None or any(isinstance(operand, Missing) for operand in operands):
            return None
        return None if step.form.side is None else step.form.side(*operands)

    def needed(self, values: Sequence[Value]) -> list[bool]:
        """Tell of each step whether a root is computed from it: all are, but those of branches that are not taken."""
        if not self._branching:
            return [True] * len(self.steps)
        marks = [False] * len(self.steps)
        for root in self.roots.values():
            marks[root] = True
        for index in range(len(self.steps) - 1, -1, -1):
            if marks[index]:
                step = self.steps[index]
                for arg in _until_taken(step.args, values) if step.name == "piecewise" else step.args:
                    marks[arg] = True
        return marks

    def fails(self, index: int, values: Sequence[Value]) -> bool:
        """Tell whether a step has no number although its operands have."""
        operands = (values[arg] for arg in self.steps[index].args)
        return isinstance(values[index], Missing) and not any(isinstance(operand, Missing) for operand in operands)

    def forward(self, point: Sequence[Value], after: After | None = None) -> list[Value]:
        """Compute every step; the value of each input is given, in the model's order, the rest is as for the function."""
        return forward(self.steps, point, after)

    def backward(self, values: Sequence[Value], root: int, slopes: Slopes | None = None) -> dict[int, Value]:
        """Give the cotangent of each step that a root's value depends on, in one reverse sweep.

        Args:
            values: of all steps, as ``forward`` gives them.
            root: the step.
            slopes: the steps' own partials, as far as sweeps from other roots have found them; it is completed.
        """
        cotangents: dict[int, Value] = {root: ONE}
        found: Slopes = {} if slopes is None else slopes
        for index in range(root, -1, -1):
            cotangent = cotangents.get(index)
            if cotangent is None or self.steps[index].form is None or not self.steps[index].varies:
                continue
            if index not in found:
                found[index] = self._slopes(index, values)
            for arg, slope in found[index]:
                share = cotangent if slope is ONE else times(cotangent, slope)
                cotangents[arg] = plus(cotangents[arg], share) if arg in cotangents else share
        return cotangents

    def partials(self, values: Sequence[Value], root: int, slopes: Slopes | None = None) -> dict[str, Value]:
        """Differentiate one step by every input; arguments as for ``backward``."""
        if isinstance(values[root], Missing):
            return dict.fromkeys(self.leaves, values[root])
        cotangents = self.backward(values, root, slopes)
        return {step.leaf: cotangents.get(index, ZERO) for index, step in enumerate(self.steps[: len(self.leaves)])}

    def _slopes(self, index: int, values: Sequence[Value]) -> Sequence[tuple[int, Value]]:
        """The partials of one step by those of its operands that vary."""
        step, places = self.steps[index], self._varying[index]
        if step.name == "add":
            return [(step.args[place], ONE) for place in places]
        operands: list[Any] = [values[arg] for arg in step.args]
        if step.name == "mul" and len(operands) == 2 and all(type(operand) is arb for operand in operands):
            return [(step.args[place], operands[1 - place]) for place in places]
        assert step.form is not None
        if step.name == "piecewise":
            return self._branch_slopes(step, values)
        missing = next((operand for operand in operands if isinstance(operand, Missing)), None)
        if missing is not None:
            return [(step.args[place], missing) for place in places]
        if not step.form.slopes:
            return []
        return [(step.args[place], slope_of(step.form, place, values[index], operands)) for place in places]

    def _branch_slopes(self, step: Step, values: Sequence[Value]) -> list[tuple[int, Value]]:
        """Of a Piecewise: the branch that is taken passes its cotangent on."""
        conditions = step.args[1::2]
        taken = next((place for place, arg in enumerate(conditions) if values[arg] is not False), None)
        if taken is None:
            return []
        if values[conditions[taken]] is not True:
            return [(arg, UNKNOWN) for arg in step.args[::2] if self.steps[arg].varies]
        # what a tied comparison depends on may lead to another branch; the other inputs cannot
        tied = dict.fromkeys(leaf for arg in conditions[: taken + 1] for leaf in self._tied(arg, values))
        return [(step.args[2 * taken], ONE), *((leaf, KINK) for leaf in tied)]

    def _tied(self, condition: int, values: Sequence[Value]) -> list[int]:
        """The inputs of the comparisons of a condition in which two equal numbers are compared that vary."""
        ties = [index for index in self._below(condition) if self._is_tie(self.steps[index], values)]
        return [index for tie in ties for index in self._below(tie) if self.steps[index].leaf]

    def _below(self, index: int) -> list[int]:
        """The step and all that it is computed from."""
        found, todo = set[int](), [index]
        while todo:
            if (one := todo.pop()) not in found:
                found.add(one)
                todo.extend(self.steps[one].args)
        return sorted(found)

    def _is_tie(self, step: Step, values: Sequence[Value]) -> bool:
        if not step.varies or step.name not in COMPARISONS:
            return False
        left, right = (values[arg] for arg in step.args)
        return isinstance(left, arb) and isinstance(right, arb) and (left - right).is_zero()

    # Compilation.

    def _add(self, part: Any, step: Step) -> int:
        self._index[part] = len(self.steps)
        self.steps.append(step)
        return self._index[part]

    def _place(self, expr: Any, where: str, home: str) -> int:
        """Put an expression and all that it contains into the program, as far as that is not there yet."""
        for part in postorder([expr]):
            if part in self._index or isinstance(part, ExprCondPair):
                continue
            name, operands = _operation(part)
            if name in FORMS:
                args = tuple([self._index[arg] for arg in operands])
                varies = any(self.steps[arg].varies for arg in args)
                self._add(part, Step(name, args, FORMS[name], varies=varies, home=home))
            elif part.is_Number or part in _CONSTANTS:
                self._add(part, Step(constant=_constant(part), home=home))
            elif isinstance(part, fn.SpecFunction):
                self._index[part] = self._place(part.definition(), where, home)
            else:
                raise SpecError(f"{where}, node {home}: the reference has no {type(part).__name__}; it cannot be verified")
        return self._index[expr]


def _operation(part: Any) -> tuple[str, tuple[Any, ...]]:
    """The operation that an expression is, "" if it is none, and the operands."""
    if isinstance(part, sympy.Piecewise):
        return "piecewise", tuple(arg for pair in part.args for arg in pair.args)
    name, operands = op_of(part)
    return _CLASSES.get(type(part), name or ""), operands


def _until_taken(args: Sequence[int], values: Sequence[Value]) -> list[int]:
    """The conditions of a Piecewise up to the one that holds, and its value."""
    for place, condition in enumerate(args[1::2]):
        if values[condition] is not False:
            return [*args[1 : 2 * place + 2 : 2], args[2 * place]]
    return list(args[1::2])


def _constant(part: Any) -> Callable[[], Value]:
    """A function that gives a constant at the precision in force."""
    if part in _CONSTANTS and not part.is_Number:
        return _CONSTANTS[part]
    if isinstance(part, sympy.Float):
        sign, mantissa, exponent, _ = part._mpf_
        exact = arb((-int(mantissa) if sign else int(mantissa), int(exponent)))
        return lambda: exact
    if isinstance(part, sympy.Rational):
        top, bottom = arb(part.p), arb(part.q)
        return lambda: top / bottom
    return lambda: Missing.UNDEFINED  # infinities and NaN


def _number(value: arb) -> Value:
    return UNKNOWN if value.is_nan() else value


def times(cotangent: Value, slope: Value) -> Value:
    """A cotangent times a slope; 0 times a slope that differs between two sides is 0, and nothing else that is missing."""
    if type(cotangent) is arb and type(slope) is arb:
        return _number(cotangent * slope)
    first, other = (cotangent, slope) if isinstance(cotangent, Missing) else (slope, cotangent)
    return ZERO if first is KINK and isinstance(other, arb) and other.is_zero() else first


def plus(a: Value, b: Value) -> Value:
    if type(a) is arb and type(b) is arb:
        return _number(a + b)
    return a if isinstance(a, Missing) else b
