"""Replacements and conditions: the text of a rule's other half, worked out with what its placeholders stand for."""

import ast
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

from symgraph.ir.graph import Graph, GraphBuilder, reachable
from symgraph.ir.intervals import Interval, intervals
from symgraph.passes.rules.forms import ONE, Form, Forms, Monomial, Number, atom, plus, power, scaled, size, times
from symgraph.passes.rules.match import Bindings

Make = Callable[..., int]
"""Adds an operation and gives its position."""

_COMPARISONS: dict[type[ast.cmpop], str] = {ast.Gt: "gt", ast.GtE: "ge", ast.Lt: "lt", ast.LtE: "le", ast.Eq: "eq"}

_LARGE = 2.0**60
"""Squares of 16 numbers below this add up to a number of float32, and the square of one above its inverse is a normal one."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes forms as nodes.

    Attributes:
        builder: where they go.
        forms: the forms of its nodes.
        best: adds an operation in its best form.
        make: adds an operation.
    """

    builder: GraphBuilder
    forms: Forms
    best: Make
    make: Make

    def replacement(self, text: str, bound: Bindings) -> Form:
        """Give the form of a replacement; ops in it become nodes, as they are written: another rule could lead back.

        Args:
            text: an expression over placeholders; ``op(*a)`` folds an op of two operands over a list, ``best(...)`` is an
                expression to which rules apply in turn, ``x if a < b else y`` a choice. Sums whose sides have terms in common
                are written without them.
            bound: what placeholders stand for.
        """
        return replace(self, make=self.builder.add)._value(_read(text), bound)

    def holds(self, text: str, bound: Bindings, sides: tuple[Form, ...]) -> bool:
        """Whether a condition is known to hold.

        Args:
            text: comparisons, proved by intervals; ``single(a)``, that a is one term; ``side(a)``, that a is one of the sides;
                ``ordinary(a)``, that squares of a list's values neither overflow nor all underflow; joined by ``and``,
                ``or`` and ``not``. An empty text always holds.
            bound: what placeholders stand for.
            sides: the forms of the two operands of the sum that was matched inside an op.
        """
        return not text or self._holds(_read(text), bound, sides)

    def _holds(self, node: ast.expr, bound: Bindings, sides: tuple[Form, ...]) -> bool:
        match node:
            case ast.BoolOp(op=ast.And(), values=values):
                return all(self._holds(value, bound, sides) for value in values)
            case ast.BoolOp(op=ast.Or(), values=values):
                return any(self._holds(value, bound, sides) for value in values)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return not self._holds(operand, bound, sides)
            case ast.Call(func=ast.Name(id="single"), args=[arg]):
                return len(self._expanded(arg, bound)) == 1
            case ast.Call(func=ast.Name(id="side"), args=[arg]):
                return self._expanded(arg, bound) in sides
            case ast.Call(func=ast.Name(id="ordinary"), args=[ast.Name(id=name)]):
                return self._ordinary(bound[name])
            case ast.Compare(left=left, ops=ops, comparators=right):
                bounds = [self._bounds(self._value(part, bound)) for part in (left, *right)]
                return all(_proved(op, *pair) for op, pair in zip(ops, pairwise(bounds), strict=True))
        raise ValueError(f"{ast.unparse(node)!r} is no condition")

    def _ordinary(self, values: Any) -> bool:
        """Whether no square of a list's values overflows, and one of them does not underflow."""
        bounds = [self._bounds(value) for value in values]
        small = all(max(abs(b.low), abs(b.high)) < _LARGE for b in bounds)
        return small and any(min(abs(b.low), abs(b.high)) > 1 / _LARGE and b.low * b.high > 0 for b in bounds)

    def _bounds(self, form: Form) -> Interval:
        """The interval of a form, from that part of the graph on which it depends."""
        position = self.node(form)
        alive = sorted(reachable(self.builder.nodes, [position]))
        moved = {old: new for new, old in enumerate(alive)}
        nodes = tuple(
            part._replace(args=tuple(moved[arg] for arg in part.args)) for part in (self.builder.nodes[old] for old in alive)
        )
        return intervals(Graph(self.builder.name, nodes, {}, {}, self.builder.domains))[-1]

    def _expanded(self, node: ast.expr, bound: Bindings) -> Form:
        return self._looked_into(self._value(node, bound))

    def _value(self, node: ast.expr, bound: Bindings) -> Form:
        match node:
            case ast.Constant(value=int(value)):
                return {ONE: Fraction(value)} if value else {}
            case ast.Name(id=name):
                return self._hole(bound[name])
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return scaled(self._value(operand, bound), Fraction(-1))
            case ast.BinOp(left=left, op=op, right=right):
                return self._operation(op, self._value(left, bound), self._value(right, bound))
            case ast.IfExp():
                return self._choice(node, bound)
            case ast.Call(func=ast.Name(id=op), args=[ast.Starred(value=ast.Name(id=name))]):
                return self._folded(op, bound[name])
            case ast.Call(func=ast.Name(id="best"), args=[arg]):
                writer = replace(self, make=self.best)
                return self.forms.whole(writer.node(writer._value(arg, bound)))
            case ast.Call(func=ast.Name(id=op), args=args):
                return atom(self.make(op, *(self.node(self._value(arg, bound)) for arg in args)))
        raise ValueError(f"{ast.unparse(node)!r} is no part of a replacement")

    def _choice(self, node: ast.IfExp, bound: Bindings) -> Form:
        match node.test:
            case ast.Compare(left=left, ops=[order], comparators=[right]):
                condition = self.builder.add(
                    _COMPARISONS[type(order)], *(self.node(self._value(x, bound)) for x in (left, right))
                )
                branches = [self.node(self._value(branch, bound)) for branch in (node.body, node.orelse)]
                return atom(self.builder.add("select", condition, *branches))
        raise ValueError(f"{ast.unparse(node.test)!r} is no condition of a choice")

    def _hole(self, value: Any) -> Form:
        """What a placeholder stands for, a sum as one node of it."""
        if not isinstance(value, dict):
            raise TypeError("a placeholder inside sum stands for a list, which an op takes as op(*name)")
        return value if len(value) <= 1 else self._single(value)

    def _single(self, form: Form) -> Form:
        return form if len(form) <= 1 else atom(self.node(form))

    def _folded(self, op: str, values: Any) -> Form:
        """An op of two operands over a list, from the left."""
        result = self.node(values[0])
        for value in values[1:]:
            result = self.builder.add(op, result, self.node(value))
        return self.forms.whole(result)

    def _operation(self, op: ast.operator, left: Form, right: Form) -> Form:
        if isinstance(op, ast.Add | ast.Sub):
            return self._sum(left, right, Fraction(1 if isinstance(op, ast.Add) else -1))
        if isinstance(op, ast.Pow):
            ((_, exponent),) = right.items()
            return power(self._single(left), int(exponent)) if left else {}
        if not left or (not right and isinstance(op, ast.Mult)):
            return {}
        left, right = self._single(left), self._single(right)
        return times(left, right if isinstance(op, ast.Mult) else power(right, -1))

    def _sum(self, left: Form, right: Form, sign: Number) -> Form:
        """A sum; where terms of the two sides cancel or merge, of what is left, else of the two sides as they are."""
        sides = [self._looked_into(form) for form in (left, right)]
        total = plus(sides[0], sides[1], sign)
        if len(total) < len(sides[0]) + len(sides[1]):
            return total
        return plus(left, right, sign)

    def _looked_into(self, form: Form) -> Form:
        """The form with the sums among its terms written out."""
        result: Form = {}
        for monomial, coefficient in form.items():
            alone = monomial[0][0] if len(monomial) == 1 and monomial[0][1] == 1 else None
            result = plus(result, {monomial: Fraction(1)} if alone is None else self.forms.inner(alone), coefficient)
        return result

    def node(self, form: Form) -> int:
        """The node of a form: one that is there already, or a new one."""
        found = self.forms.find(form)
        if found is not None:
            return found
        position = self._product(*next(iter(form.items()))) if len(form) == 1 else self.sum(form)
        self.forms.note(form, position)
        return position

    def sum(self, form: Form) -> int:
        """A sum term by term, starting with the first that is not subtracted."""
        if not form:
            return self.builder.const(0.0)
        terms = [(self.node({monomial: size(c)}), c < 0) for monomial, c in form.items()]
        start = next((index for index, (_, negative) in enumerate(terms) if not negative), None)
        total = self.make("neg", terms.pop(0)[0]) if start is None else terms.pop(start)[0]
        for position, negative in terms:
            total = self.make("sub" if negative else "add", total, position)
        return total

    def _product(self, monomial: Monomial, coefficient: Number) -> int:
        """A product as one quotient, constants first, then factors that do not vary by row, as lowering writes it."""
        if monomial == ONE and _exact(coefficient):
            return self.builder.const(float(coefficient))
        if coefficient < 0:
            return self.make("neg", self.node({monomial: -coefficient}))
        known = self.forms.find({monomial: 1}) if coefficient != 1 and len(monomial) > 1 else None
        monomial = monomial if known is None else ((known, 1),)
        nodes = self.builder.nodes
        ordered = sorted(monomial, key=lambda factor: (nodes[factor[0]].op != "const", nodes[factor[0]].varying))
        above = [self._power(node, e) for node, e in ordered if e > 0]
        below = [self._power(node, -e) for node, e in ordered if e < 0]
        if coefficient != 1 or not above:
            self._put_constant(coefficient, above, below)
        result = self._chain(above)
        return self.make("div", result, self._chain(below)) if below else result

    def _put_constant(self, value: Number, above: list[int], below: list[int]) -> None:
        """Put a constant first: one double where that is exact or cannot be helped, else a quotient of two."""
        if not _exact(value) and _exact(Fraction(value.numerator)) and _exact(Fraction(value.denominator)):
            below.insert(0, self.builder.const(float(value.denominator)))
            value = Fraction(value.numerator)
        if float(value) != 1.0 or not above:
            above.insert(0, self.builder.const(float(value)))

    def _power(self, node: int, exponent: int) -> int:
        return node if exponent == 1 else self.make("pow", node, self.builder.const(float(exponent)))

    def _chain(self, positions: list[int]) -> int:
        result = positions[0]
        for position in positions[1:]:
            result = self.make("mul", result, position)
        return result


@cache
def _read(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _exact(value: Number) -> bool:
    return size(value) < Fraction(2) ** 1000 and math.isfinite(float(value)) and Fraction(float(value)) == value


def _proved(op: ast.cmpop, left: Interval, right: Interval) -> bool:
    """Whether an order holds for all numbers of two intervals."""
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
