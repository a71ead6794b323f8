"""Conditions on a rule's placeholders, proved by intervals and by the ops that the placeholders stand for."""

import ast
from dataclasses import dataclass, field
from itertools import pairwise

from symgraph.compiler.ir.graph import LEAVES, reachable
from symgraph.compiler.numerics.intervals import Interval, intervals
from symgraph.compiler.numerics.monomials import ONE, Number
from symgraph.compiler.rewrite.linear_forms import Form
from symgraph.compiler.rewrite.match import Bindings
from symgraph.compiler.rewrite.replacement import Writer, read

_LARGE = 2.0**60
"""Bound of numbers whose squares can be summed in float32, 16 of them, without overflow; its inverse bounds underflow."""

_FAR = 80.0
"""Bound of numbers whose exponentials can be summed in float32, 16 of them, without overflow; its negative bounds underflow."""

_POSITIVE = frozenset({"exp", "sigmoid"})
"""Ops above 0 for all operands, although the computed value may be 0; rules take them out of logarithms."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Prover of conditions.

    Attributes:
        writer: makes the nodes of the expressions in conditions.
    """

    writer: Writer
    _known: dict[int, Interval] = field(default_factory=dict)

    def hold(self, text: str, bound: Bindings, sides: tuple[Form, ...]) -> bool:
        """Tell if a condition is known to hold.

        Args:
            text: comparisons, proved by intervals, equations, which hold where forms are the same, and words on placeholders,
                joined by ``and``, ``or`` and ``not``. An empty text always holds. The words: ``single(a)``, a is one term;
                ``cancels(a*b)``, the one divides by a factor of the other; ``side(a)``, a is one of the sides; ``constant(a)``,
                a depends on no leaf; ``whole(a)``, a is a whole number; ``ordinary(a)``, squares of a list's values neither
                overflow nor all underflow;
                ``moderate(a)``, exponentials of them neither; ``limited(a)``, exponentials of them do not overflow;
                ``shifted(a)``, a rule has subtracted from each what the largest exceeds the range by;
                ``positive(a)``, a number or all values of a list are above 0 and stay so when computed, factors exp(x) and
                sigmoid(x) apart, which rules take out of a logarithm.
            bound: the value of each placeholder.
            sides: the forms of the two operands of the sum that was matched inside an op.
        """
        return not text or self._holds(read(text), bound, sides)

    def _holds(self, node: ast.expr, bound: Bindings, sides: tuple[Form, ...]) -> bool:
        match node:
            case ast.BoolOp(op=ast.And(), values=values):
                return all(self._holds(value, bound, sides) for value in values)
            case ast.BoolOp(op=ast.Or(), values=values):
                return any(self._holds(value, bound, sides) for value in values)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return not self._holds(operand, bound, sides)
            case ast.Call(func=ast.Name(id="single"), args=[arg]):
                return len(self.writer.expanded(arg, bound)) == 1
            case ast.Call(func=ast.Name(id="side"), args=[arg]):
                return self.writer.expanded(arg, bound) in sides
            case ast.Call(func=ast.Name(id="cancels"), args=[ast.BinOp(left=left, op=ast.Mult(), right=right)]):
                return self._cancel(self.writer.value(left, bound), self.writer.value(right, bound))
            case ast.Call(func=ast.Name(id=word), args=[ast.Name(id=name)]):
                value = bound[name]
                return self._word(word, (value,) if isinstance(value, dict) else value)
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
                return self.writer.expanded(left, bound) == self.writer.expanded(right, bound)
            case ast.Compare(left=left, ops=ops, comparators=right):
                bounds = [self._bounds(self.writer.value(part, bound)) for part in (left, *right)]
                return all(_proved(op, *pair) for op, pair in zip(ops, pairwise(bounds), strict=True))
        raise ValueError(f"{ast.unparse(node)!r} is no condition")

    def _cancel(self, left: Form, right: Form) -> bool:
        """Tell if a product has fewer factors that are no constants than its two sides."""
        if len(left) != 1 or len(right) != 1:
            return False
        (one,), (other,) = left, right
        return any(dict(one).get(node, 0) * exponent < 0 for node, exponent in self.writer.forms.split(other)[1])

    def _word(self, word: str, values: tuple[Form, ...]) -> bool:
        match word:
            case "ordinary":
                return self._ordinary(values)
            case "moderate":
                return self._moderate(values)
            case "limited":
                return all(self._bounds(value).high < _FAR for value in values)
            case "shifted":
                nodes = self.writer.builder.nodes
                return all(any(nodes[node].op == "stop" for monomial in value for node, _ in monomial) for value in values)
            case "positive":
                return all(self._positive(value) for value in values)
            case "constant":
                nodes = self.writer.builder.nodes
                return not any(nodes[at].op in LEAVES for v in values for at in reachable(nodes, [self.writer.node(v)]))
            case "whole":
                return all(
                    value.keys() <= {ONE} and all(number == int(number) for number in value.values()) for value in values
                )
        raise ValueError(f"{word!r} is no word of conditions")

    def _ordinary(self, values: tuple[Form, ...]) -> bool:
        """Tell if no square of a list's values overflows, and one of them does not underflow."""
        bounds = [self._bounds(value) for value in values]
        small = all(max(abs(b.low), abs(b.high)) < _LARGE for b in bounds)
        return small and any(min(abs(b.low), abs(b.high)) > 1 / _LARGE and b.low * b.high > 0 for b in bounds)

    def _moderate(self, values: tuple[Form, ...]) -> bool:
        """Tell if no exponential of a list's values overflows, and one of them does not underflow."""
        bounds = [self._bounds(value) for value in values if value]
        return all(b.high < _FAR for b in bounds) and (len(bounds) < len(values) or any(b.low > -_FAR for b in bounds))

    def _positive(self, form: Form) -> bool:
        """Tell if a product is known to be above 0 when computed: apart from positive ops it must be a normal number."""
        if len(form) != 1:
            return bool(self._bounds(form).low > 1 / _LARGE)
        ((monomial, coefficient),) = form.items()
        rest = tuple((node, exponent) for node, exponent in monomial if not self._logarithmic(node, exponent))
        return bool(coefficient > 0 if rest == ONE else self._bounds({rest: coefficient}).low > 1 / _LARGE)

    def _logarithmic(self, node: int, exponent: Number) -> bool:
        """Tell if a power is above 0, and rules take it out of a logarithm."""
        if self.writer.builder.nodes[node].op in _POSITIVE:
            return exponent > 0
        terms = self.writer.forms.inner(node)
        return exponent in (1, -1) and len(terms) > 1 and all(self._positive({m: c}) for m, c in terms.items())

    def _bounds(self, form: Form) -> Interval:
        """Return the interval of a form, from the part of the graph on which it depends."""
        position = self.writer.node(form)
        if position not in self._known:
            self._known[position] = intervals(self.writer.builder, only=[position])[position]
        return self._known[position]


def _proved(op: ast.cmpop, left: Interval, right: Interval) -> bool:
    """Tell if an order holds for all numbers of two intervals."""
    match op:
        case ast.Gt():
            return bool(left.low > right.high)
        case ast.GtE():
            return bool(left.low >= right.high)
        case ast.Lt():
            return bool(left.high < right.low)
        case ast.LtE():
            return bool(left.high <= right.low)
    raise ValueError(f"{type(op).__name__} is no order")
