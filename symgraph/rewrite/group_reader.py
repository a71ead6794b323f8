"""Reading: sums of a graph as groups of terms that are functions of one argument."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations, permutations
from typing import Any

from symgraph.ir.graph import Node
from symgraph.ir.laurent import EXPANDED
from symgraph.ir.monomials import ONE, Monomial, Number, power, product
from symgraph.ir.univariate import FEW, Factor, Term, X, multiplied_out, sum_of
from symgraph.rewrite.groups import Argument, Group
from symgraph.rewrite.linear_forms import Form, atom, plus, raised, scaled, times
from symgraph.rewrite.replacement import Writer

TERMS, _DEPTH, _LOOKS = 16, 3, 24
"""Most terms of a sum, levels of sums within it, and nodes in it that are looked at: formulas of people have fewer, and the
time that networks take must not grow faster than they do."""


@dataclass(slots=True)
class GroupReader:
    """Reader of the groups in sums.

    Attributes:
        writer: the builder of the nodes, and their forms; arguments become nodes.
        known: groups that were written anew, by the node that has their value.
    """

    writer: Writer
    known: dict[int, Group] = field(default_factory=dict)
    _functions: dict[tuple[int, int], tuple[Monomial, Fraction, Any] | None] = field(default_factory=dict)

    def multiplied_out(self, form: Form) -> Form:
        """Return a sum with products of short sums, as (1 + 1/a)*log(1 + a*x) and (exp(a) - exp(b))/(a - b), term by term."""
        result: Form = {}
        nodes = self.writer.builder.nodes
        for monomial, coefficient in (self._oriented(monomial, coefficient) for monomial, coefficient in form.items()):
            whole: Form = {monomial: coefficient}
            for node, exponent in monomial:
                inner = self.writer.forms.inner(node) if exponent == 1 and nodes[node].op in ("add", "sub") else {}
                below = any(e < 0 for part in inner for _, e in part) and any(nodes[one].op == "log" for one, _ in monomial)
                divided = any(e < 0 and nodes[one].op in ("add", "sub") for one, e in monomial)
                if len(inner) <= _DEPTH and (below or (divided and len(list(self.exponentials(inner))) > 1)):
                    rest = product(monomial, ((node, -1),))
                    whole = {product(rest, part): coefficient * c for part, c in inner.items()}
            result = plus(result, whole, 1)
        return result

    def _oriented(self, monomial: Monomial, coefficient: Number) -> tuple[Monomial, Number]:
        """Return a product that divides by a - b rather than b - a, if the graph has that too and first."""
        for node, exponent in monomial:
            if exponent < 0 and exponent == int(exponent) and self.writer.builder.nodes[node].op in ("add", "sub"):
                other = self.writer.forms.find(scaled(self.writer.forms.inner(node), -1))
                if other is not None and other < node:
                    monomial = product(product(monomial, power(((node, 1),), -exponent)), power(((other, 1),), exponent))
                    coefficient = coefficient * (-1) ** int(exponent)
        return monomial, coefficient

    def groups(self, form: Form) -> Iterator["Group"]:
        """Yield terms of a sum that are multiples of functions of one argument by the same product."""
        for argument in self.arguments(form):
            found: dict[Monomial, list[tuple[Monomial, Term]]] = {}
            for monomial, coefficient in form.items():
                rest, term = self.split(monomial, argument)
                term = term._replace(coefficient=Fraction(coefficient) * term.coefficient)
                found.setdefault(rest, []).append((monomial, term))
            for rest, all_parts in found.items():
                parts = _cancelling(all_parts)
                terms = tuple(part for _, term in parts for part in multiplied_out(term))
                group = Group(argument, rest, terms, tuple(monomial for monomial, _ in parts))
                if group.may_lose():
                    yield group

    def exponentials(self, form: Form) -> Iterator[tuple[Monomial, int]]:
        """Yield the terms that have an exponential or a power as a factor, with it."""
        nodes = self.writer.builder.nodes
        for monomial in form:
            for node, exponent in monomial:
                if exponent == 1 and (nodes[node].op == "exp" or is_exponential(nodes[node], nodes)):
                    yield monomial, node

    def hidden(self, form: Form) -> Iterator[Group]:
        """Yield groups whose argument is in no function, but a sum in the product, as a - b in (exp(a) - exp(b))/(a - b)."""
        yield from self.differences(form)
        yield from self.means(form)

    def differences(self, form: Form) -> Iterator[Group]:
        """Yield differences of two exponentials, divided by a sum that is 0 where their arguments are the same."""
        for (m, p), (n, q) in combinations(self.exponentials(form), 2):
            rest = product(m, ((p, -1),))
            above, below = (self.writer.builder.nodes[node] for node in (p, q))
            if form[m] != -form[n] or rest != product(n, ((q, -1),)) or above.op != below.op:
                continue
            left, right = self.zero_of(above), self.zero_of(below)
            assert left is not None
            assert right is not None
            base = above.args[0] if above.op == "pow" else None
            for node, exponent in rest:
                times_sum = _multiple(plus(left, right, -1), self.writer.forms.inner(node)) if exponent < 0 else None
                if times_sum is not None and (base is None or base == below.args[0]):
                    by, coefficient = times_sum
                    x: Form = {product(((node, 1),), by): 1}
                    terms = Term(Fraction(form[m]), ((("exp", coefficient), 1),)), Term(Fraction(form[n]), ())
                    yield Group(Argument(self.writer.node(x), x, base, as_is=True), product(rest, ((q, 1),)), terms, (m, n))

    def means(self, form: Form) -> Iterator[Group]:
        """Yield products of a logarithm and the sum that is 0 where it is: (a - b)/log(a/b), (log(a) - log(b))/(a - b)."""
        for monomial, number in form.items():
            for (log, e), (node, f) in permutations(monomial, 2):
                found = _multiple(self.quotient_in(log), self.writer.forms.inner(node))
                if found is not None and e == int(e) and f == int(f):
                    by, scale = found
                    x: Form = {product(((node, 1),), by): 1}
                    rest = product(product(monomial, power(((log, e),), -1)), power(((node, 1), *by), -f))
                    term = Term(Fraction(number), ((("log", scale), int(e)), (X, int(f))))
                    yield Group(Argument(self.writer.node(x), x, as_is=True), rest, (term,), (monomial,))

    def quotient_in(self, position: int) -> Form:
        """Return the quotient less 1 whose logarithm a node is; nothing for other nodes."""
        node, forms = self.writer.builder.nodes[position], self.writer.forms
        if node.op == "log":
            return plus(forms.inner(node.args[0]), {ONE: 1}, -1)
        logarithms = [self.writer.builder.nodes[arg] for arg in node.args] if node.op == "sub" else []
        if any(one.op != "log" for one in logarithms) or not logarithms:
            return {}
        above, below = (forms.whole(one.args[0]) for one in logarithms)
        return plus(times(above, raised(below, -1)), {ONE: 1}, -1) if above and below else {}

    def arguments(self, form: Form) -> Iterator[Argument]:
        """Yield the arguments of the functions in a sum of products, each once up to a factor."""
        found: list[tuple[Form, int | None]] = []
        todo, seen = [node for monomial in form for node, _ in monomial], set[int]()
        while todo and len(seen) < _LOOKS:
            position = todo.pop(0)
            node = self.writer.builder.nodes[position]
            if position in seen:
                continue
            seen.add(position)
            inner = self.zero_of(node)
            if position in self.known:
                found.insert(0, self.known[position].argument[1:3])  # by which groups are written already
            elif inner is not None:
                found.append((inner, node.args[0] if node.op == "pow" else None))
            elif node.op in ("add", "sub"):
                todo += [part for monomial in self.writer.forms.inner(position) for part, _ in monomial]
        kept: list[Form] = []
        for inner, base in found:
            if 0 < len(inner) <= TERMS and ONE not in inner and not any(_ratio(inner, other) for other in kept):
                kept.append(inner)
                positive = scaled(inner, 1 if next(iter(inner.values())) > 0 else -1)
                yield Argument(self.writer.node(positive), positive, base)

    def zero_of(self, node: Node) -> Form | None:
        """Return what is 0 where a function is expanded: for a power, its logarithm; None where there is no function."""
        if node.op in EXPANDED:
            return self.writer.forms.inner(node.args[0])
        if node.op == "log":
            return plus(self.writer.forms.inner(node.args[0]), {ONE: 1}, -1)
        if is_exponential(node, self.writer.builder.nodes):
            base, exponent = node.args
            builder = self.writer.builder
            log = builder.add("select", self.positive(base), builder.add("log", base), builder.const(0.0))
            return times(self.writer.forms.whole(exponent), atom(log))
        return None

    def positive(self, base: int) -> int:
        """Return the condition that a base has a logarithm."""
        return self.writer.builder.add("gt", base, self.writer.builder.const(0.0))

    def split(self, monomial: Monomial, x: Argument, depth: int = 0) -> tuple[Monomial, Term]:
        """Split a product, so many sums deep, into what does not depend on x, and functions of x."""
        rest: Monomial = ONE
        coefficient, factors = Fraction(1), list[Factor]()
        for node, exponent in monomial:
            found = self.function(node, x, depth) if exponent == int(exponent) else None
            if found is None:
                rest = product(rest, ((node, exponent),))
            else:
                outside, scale, key = found
                rest = product(rest, power(outside, exponent))
                coefficient *= scale ** int(exponent)
                factors.append((key, int(exponent)))
        if len(x.form) == 1:
            ((whole, by),) = x.form.items()
            lead, degree = whole[0]
            times_in = Fraction(dict(rest).get(lead, 0)) / Fraction(degree)
            if times_in and times_in == int(times_in):
                rest = product(rest, power(whole, -times_in))
                coefficient /= Fraction(by) ** int(times_in)
                factors.append((X, int(times_in)))
        return rest, Term(coefficient, tuple(factors))

    def function(self, position: int, x: Argument, depth: int) -> tuple[Monomial, Fraction, Any] | None:
        """Return a node as a product of what does not depend on x, a number and a function of x; None where it is none."""
        key = position, x.node
        if key not in self._functions:
            self._functions[key] = self._found(position, x, depth)
        return self._functions[key]

    def _found(self, position: int, x: Argument, depth: int) -> tuple[Monomial, Fraction, Any] | None:
        """Find what `function` gives."""
        node = self.writer.builder.nodes[position]
        if position in self.known:
            group = self.known[position]
            return (group.rest, Fraction(1), group.terms) if group.argument.node == x.node else None
        inner = self.zero_of(node)
        if inner is not None:
            ratio = _ratio(inner, x.form)
            return (ONE, Fraction(1), ("exp" if node.op == "pow" else node.op, ratio)) if ratio else None
        if node.op not in ("add", "sub"):
            return None
        form = self.writer.forms.inner(position)
        ratio = _ratio(form, x.form)
        if ratio:
            return ONE, ratio, X
        looked = 1 < len(form) <= TERMS and depth < _DEPTH
        parts = [(self.split(m, x, depth + 1), c) for m, c in form.items()] if looked else []
        if not any(term.factors for (_, term), _ in parts) or len({rest for (rest, _), _ in parts}) > 1:
            return None
        return parts[0][0][0], Fraction(1), tuple(Term(t.coefficient * Fraction(c), t.factors) for (_, t), c in parts)


def is_exponential(node: Node, nodes: Sequence[Node]) -> bool:
    """Tell if a node is a power whose exponent is not a number."""
    return node.op == "pow" and nodes[node.args[1]].op != "const"


def _cancelling(parts: list[tuple[Monomial, Term]]) -> list[tuple[Monomial, Term]]:
    """Return terms without the powers of x that add to what the functions among them have of these: they stay as they are."""
    functions = tuple(term for _, term in parts if any(key != X for key, _ in term.factors))
    if not functions:
        return parts
    total = sum_of(functions, FEW)
    return [
        (monomial, term)
        for monomial, term in parts
        if term in functions or term.coefficient * total.of(dict(term.factors).get(X, 0)) <= 0
    ]


def _ratio(form: Form, other: Form) -> Fraction | None:
    """Return by what a form is a multiple of another; None where it is none."""
    lead = next(iter(other))
    if not form or lead not in form or len(form) != len(other):
        return None
    ratio = Fraction(form[lead]) / Fraction(other[lead])
    return ratio if form == scaled(other, ratio) else None


def _multiple(form: Form, total: Form) -> tuple[Monomial, Fraction] | None:
    """Return the product and the number by which a sum is a multiple of another; None where it is none."""
    if not total:  # a sum that is 0 however it is written
        return None
    lead, size = next(iter(total.items()))
    for monomial, coefficient in form.items() if 1 < len(form) == len(total) else ():
        by, ratio = product(monomial, power(lead, -1)), Fraction(coefficient) / Fraction(size)
        if form == {product(part, by): ratio * c for part, c in total.items()}:
            return by, ratio
    return None
