"""Replacements: the second half of a rule, evaluated with the values of its placeholders."""

import ast
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, partial, reduce
from typing import Any

from symgraph.compiler.ir.graph import GraphBuilder
from symgraph.compiler.numerics.monomials import ONE, Monomial, Number, size
from symgraph.compiler.rewrite.linear_forms import Form, Forms, atom, plus, raised, scaled, times
from symgraph.compiler.rewrite.match import Bindings

Make = Callable[..., int]
"""Function that adds an operation and returns its position."""

_COMPARISONS: dict[type[ast.cmpop], str] = {ast.Gt: "gt", ast.GtE: "ge", ast.Lt: "lt", ast.LtE: "le", ast.Eq: "eq"}


OTHERS, ALL = "others_", "all_"
"""Prefixes of a list's name, in an expression for each of its values: the list of all other values, or of all."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writer of forms as nodes.

    Attributes:
        builder: the builder that gets the nodes.
        forms: the forms of its nodes.
        best: adds an operation in its best form.
        make: adds an operation.
    """

    builder: GraphBuilder
    forms: Forms
    best: Make
    make: Make

    def replacement(self, text: str, bound: Bindings) -> Form:
        """Return the form of a replacement; its ops become nodes as written, since another rule could lead back.

        Args:
            text: an expression over placeholders; ``op(*a)`` folds an op of two operands over a list, or over an expression
                for each of its values, to which ``others_a`` is the list of the others and ``all_a`` the whole list;
                ``op(a, *b)`` is the node that was found; rules apply in turn to the expression in ``best(...)``;
                ``x if a < b else y`` is a choice, in which ``and`` may join comparisons. Sums whose sides have terms in common
                are written without them.
            bound: the value of each placeholder.
        """
        return replace(self, make=self.builder.add).value(read(text), bound)

    def expanded(self, node: ast.expr, bound: Bindings) -> Form:
        """Return the form of a part of a text, with the sums among its terms written out."""
        return self._looked_into(self.value(node, bound))

    def value(self, node: ast.expr, bound: Bindings) -> Form:
        """Return the form of a part of a text."""
        match node:
            case ast.Constant(value=int(value)):
                return {ONE: Fraction(value)} if value else {}
            case ast.Name(id=name):
                return self._hole(bound[name])
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return scaled(self.value(operand, bound), Fraction(-1))
            case ast.BinOp(left=left, op=op, right=right):
                return self._operation(op, self.value(left, bound), self.value(right, bound))
            case ast.IfExp():
                return self._choice(node, bound)
            case ast.Call(func=ast.Name(id=op), args=[ast.Starred(value=each)]):
                return self._folded(op, each, bound)
            case ast.Call(args=[_, ast.Starred()]):
                return self._hole(bound[ast.unparse(node)])
            case ast.Call(func=ast.Name(id="best"), args=[arg]):
                writer = replace(self, make=self.best)
                return self.forms.whole(writer.node(writer.value(arg, bound)))
            case ast.Call(func=ast.Name(id="log" | "sqrt" as op), args=[ast.Name(id=name)]) if bound[name] == {ONE: 1}:
                return {} if op == "log" else {ONE: 1}
            case ast.Call(func=ast.Name(id=op), args=args):
                return atom(self.make(op, *(self.node(self.value(arg, bound)) for arg in args)))
        raise ValueError(f"{ast.unparse(node)!r} is no part of a replacement")

    def _choice(self, node: ast.IfExp, bound: Bindings) -> Form:
        condition = self._condition(node.test, bound)
        branches = [self.node(self.value(branch, bound)) for branch in (node.body, node.orelse)]
        return atom(self.builder.add("select", condition, *branches))

    def _condition(self, test: ast.expr, bound: Bindings) -> int:
        match test:
            case ast.BoolOp(op=ast.And(), values=values):
                return self.builder.chain("and", [self._condition(value, bound) for value in values])
            case ast.Compare(left=left, ops=[order], comparators=[right]):
                sides = [self.node(self.value(side, bound)) for side in (left, right)]
                return self.builder.add(_COMPARISONS[type(order)], *sides)
        raise ValueError(f"{ast.unparse(test)!r} is no condition of a choice")

    def _hole(self, value: Any) -> Form:
        """Return the value of a placeholder, a sum as a single term."""
        if not isinstance(value, dict):
            raise TypeError("a placeholder inside sum stands for a list, which an op takes as op(*name)")
        return value if len(value) <= 1 else self._single(value)

    def _single(self, form: Form) -> Form:
        return form if len(form) <= 1 else atom(self.node(form))

    def _folded(self, op: str, each: ast.expr, bound: Bindings) -> Form:
        """Fold an op of two operands, from the left, over an expression evaluated for each value of the lists in it."""
        words = {node.id for node in ast.walk(each) if isinstance(node, ast.Name)}
        names = {word if word in bound else word.removeprefix(OTHERS) for word in words}
        known: dict[str, Any] = {word: bound.get(word, bound.get(word.removeprefix(ALL))) for word in words}
        lists: dict[str, Any] = {name: value for name, value in bound.items() if name in names and isinstance(value, tuple)}
        rows: list[dict[str, Any]] = [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]
        for place, row in enumerate(rows):
            others = {OTHERS + name: values[:place] + values[place + 1 :] for name, values in lists.items()}
            rows[place] = known | others | row
        return self.forms.whole(self.builder.chain(op, [self.node(self.value(each, row)) for row in rows]))

    def _operation(self, op: ast.operator, left: Form, right: Form) -> Form:
        if isinstance(op, ast.Add | ast.Sub):
            return self._sum(left, right, Fraction(1 if isinstance(op, ast.Add) else -1))
        if isinstance(op, ast.Pow):
            ((monomial, exponent),) = right.items()
            if monomial != ONE:
                raise ValueError("an exponent of a replacement is a whole number; pow(x, n) takes any")
            return raised(self._single(left), int(exponent)) if left else {}
        if not left or (not right and isinstance(op, ast.Mult)):
            return {}
        left, right = self._single(left), self._single(right)
        return times(left, right if isinstance(op, ast.Mult) else raised(right, -1))

    def _sum(self, left: Form, right: Form, sign: Number) -> Form:
        """Add two forms; sums among their terms are written out where terms of the two sides cancel or merge."""
        sides = [self._looked_into(form) for form in (left, right)]
        total = plus(sides[0], sides[1], sign)
        if len(total) < len(sides[0]) + len(sides[1]):
            return total
        return plus(left, right, sign)

    def _looked_into(self, form: Form) -> Form:
        """Return the form with the sums among its terms written out."""
        result: Form = {}
        for monomial, coefficient in form.items():
            alone = monomial[0][0] if len(monomial) == 1 and monomial[0][1] == 1 else None
            result = plus(result, {monomial: Fraction(1)} if alone is None else self.forms.inner(alone), coefficient)
        return result

    def node(self, form: Form) -> int:
        """Return the node of a form, added if there is none yet."""
        found = self.forms.find(form)
        if found is not None:
            return found
        position = self._product(*next(iter(form.items()))) if len(form) == 1 else self.sum(form)
        self.forms.note(form, position)
        return position

    def sum(self, form: Form) -> int:
        """Write a sum term by term, starting with the first that is not subtracted."""
        if not form:
            return self.builder.const(0.0)
        terms = [(self.node({monomial: size(c)}), c < 0) for monomial, c in form.items()]
        start = next((index for index, (_, negative) in enumerate(terms) if not negative), None)
        total = self.make("neg", terms.pop(0)[0]) if start is None else terms.pop(start)[0]
        for position, negative in terms:
            total = self.make("sub" if negative else "add", total, position)
        return total

    def _product(self, monomial: Monomial, coefficient: Number) -> int:
        """Write a product as one quotient, constants first, then factors that do not vary by row, as lowering does."""
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
        result, *divisor = (reduce(partial(self.make, "mul"), factors) for factors in (above, below) if factors)
        return self.make("div", result, *divisor) if divisor else result

    def _put_constant(self, value: Number, above: list[int], below: list[int]) -> None:
        """Put a constant first: one double where it is exact or no quotient of two doubles is, else such a quotient."""
        if not _exact(value) and _exact(Fraction(value.numerator)) and _exact(Fraction(value.denominator)):
            below.insert(0, self.builder.const(float(value.denominator)))
            value = Fraction(value.numerator)
        if float(value) != 1.0 or not above:
            above.insert(0, self.builder.const(float(value)))

    def _power(self, node: int, exponent: Number) -> int:
        return node if exponent == 1 else self.make("pow", node, self.builder.const(float(exponent)))


@cache
def read(text: str) -> ast.expr:
    """Parse a replacement or condition."""
    return ast.parse(text, mode="eval").body


def _exact(value: Number) -> bool:
    return size(value) < Fraction(2) ** 1000 and math.isfinite(float(value)) and Fraction(float(value)) == value
