"""Reassociating: what cancels or is 0/0 where one argument is 0 is its Taylor polynomial near there.

``coth(x) - 1/x``, ``(1 - exp(-x))/x``, ``(x - sin(x))/x**3``: sums and products of functions of one argument and of its powers,
times anything that does not depend on it. The argument may be any sum or product. Within a radius beyond which the written form
loses a few bits at most, the polynomial gives value and slopes; elsewhere the written form stays, with an argument that is kept
away from 0, and rules, which run later, see it. What they know stays theirs: a sum of two functions such as 1 - cos(x), and
sin(x)/x. Poles at 0 of two arguments that cancel, as in a*coth(a*x) - b*coth(b*x), are left away near there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from symgraph.ir.graph import Graph, GraphBuilder, Node, reachable, rebuild
from symgraph.ir.intervals import intervals
from symgraph.ir.laurent import EXPANDED, Laurent
from symgraph.ir.monomials import ONE, Monomial, Number, power, product
from symgraph.ir.polynomials import AT_0, Polynomial
from symgraph.ir.univariate import (
    FEW,
    WAVES,
    Factor,
    Term,
    X,
    cancels,
    distributed,
    leaves,
    multiplied_out,
    polynomial_near,
    series_of,
    sum_of,
    times_x,
    total_of,
)
from symgraph.rewrite.engine import living_part
from symgraph.rewrite.linear_forms import Form, Forms, atom, plus, scaled, times
from symgraph.rewrite.replacement import Writer

_SHIFTS = 6
"""Most powers of x that are moved between a product and what it multiplies."""
_TERMS, _DEPTH, _LOOKS = 16, 3, 24
"""Most terms of a sum, levels of sums within it, and nodes in it that are looked at: formulas of people have fewer, and the
time that networks take must not grow faster than they do."""


class _Argument(NamedTuple):
    """Argument that is 0: a node and its form."""

    node: int
    form: Form


class _Group(NamedTuple):
    """Terms of a sum: a product that does not depend on x, times terms in x.

    Attributes:
        argument: x.
        rest: the product.
        terms: the terms in x.
        monomials: the terms of the sum that these are.
    """

    argument: _Argument
    rest: Monomial
    terms: tuple[Term, ...]
    monomials: tuple[Monomial, ...] = ()

    def may_lose(self) -> bool:
        """Tell if there is a function of x that another term, or a power of x, may cancel."""
        keys = [key for term in self.terms for key, _ in term.factors]
        if all(key == X for key in keys):
            return False
        parts = {self.argument.node} | {node for monomial in self.argument.form for node, _ in monomial}
        nested = X in keys or any(not isinstance(key[0], str) for key in keys)
        return len(self.terms) > 1 or nested or not parts.isdisjoint(node for node, _ in self.rest)

    def simplest(self) -> "_Group":
        """Return the group with the power of x in the product that leaves it shortest; of several the least power at 0."""

        def size(group: "_Group") -> tuple[float, int]:
            return sum(abs(float(e)) for _, e in group.rest), abs(group.total(FEW).first)

        return min(self.all_shifted(), key=size)

    def far(self) -> "_Group":
        """Return the group with as few powers of x in the terms as leave none in the product that x = 0 makes infinite."""
        degrees: dict[int, Number] = dict(next(iter(self.argument.form)))
        safe = [one for one in self.all_shifted() if not any(e * degrees.get(node, 0) < 0 for node, e in one.rest)]
        return min(safe or [self], key=lambda one: sum(abs(dict(term.factors).get(X, 0)) for term in one.terms))

    def all_shifted(self) -> "Iterator[_Group]":
        """Yield the group with powers of x taken from the product into the terms, or the other way round."""
        ((monomial, scale), *others) = self.argument.form.items()
        for n in (0,) if others else range(-_SHIFTS, _SHIFTS + 1):
            terms = tuple(Term(c / Fraction(scale) ** n, times_x(factors, n)) for c, factors in self.terms)
            yield self._replace(rest=product(self.rest, power(monomial, -n)), terms=terms) if n else self

    def total(self, count: int) -> Laurent:
        """Return the series of the terms."""
        return sum_of(self.terms, count)

    def pole(self) -> Term | None:
        """Return the first term at 0 where a function is infinite there, else None."""
        poles = any(series_of(key, e, FEW).first < 0 for term in self.terms for key, e in term.factors if key != X)
        total = self.total(FEW)
        return Term(total.coefficients[0], ((X, total.first),)) if poles and total.coefficients else None

    def lead(self) -> Form:
        """Return the first term at 0 times the product, where a function is infinite there; else nothing."""
        pole = self.pole()
        if pole is None or len(self.argument.form) > 1:
            return {}
        ((monomial, scale),) = self.argument.form.items()
        exponent = dict(pole.factors)[X]
        return {product(self.rest, power(monomial, exponent)): pole.coefficient * Fraction(scale) ** exponent}

    def without_pole(self) -> "_Group":
        """Return the group without its first term at 0."""
        pole = self.pole()
        assert pole is not None
        return self._replace(terms=(*self.terms, pole._replace(coefficient=-pole.coefficient)))


def removable(graph: Graph, precision: Fraction = Fraction(1, 2**60)) -> Graph:
    """Write what cancels at 0 as a polynomial near there.

    Args:
        graph: the forward graph.
        precision: the size of the terms that polynomials leave away, relative to the first one: a float has 53 bits.
    """
    if not any(node.op in EXPANDED or node.op == "log" for node in graph.nodes):
        return graph
    finders: list[_Finder] = []

    def better(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        if not finders:
            finders.append(_Finder(builder, precision))
        return finders[0].better(builder.add(node.op, *args))

    found = rebuild(graph, better, {"add", "sub", "mul", "div"})
    return living_part(found) if finders and finders[0].known else graph


@dataclass(slots=True)
class _Finder:
    """Finder of removable singularities in the nodes of a builder.

    Attributes:
        builder: the nodes.
        precision: the size of the terms that polynomials leave away, relative to the first one.
        known: what has been found: what each node is that was put in the place of others.
        functions: what ``function`` has found, by node and argument.
    """

    builder: GraphBuilder
    precision: Fraction
    known: dict[int, _Group] = field(default_factory=dict)
    functions: dict[tuple[int, int], tuple[Monomial, Fraction, Any] | None] = field(default_factory=dict)
    forms: Forms = field(init=False)
    writer: Writer = field(init=False)

    def __post_init__(self) -> None:
        self.forms = Forms(self.builder, set())
        self.writer = Writer(self.builder, self.forms, self.builder.add, self.builder.add)

    def better(self, position: int) -> int:
        """Return the node to use instead of a sum or product, or the node itself."""
        form = before = self.forms.inner(position)
        if len(form) > _TERMS:
            return position
        poles: dict[frozenset[tuple[Monomial, Number]], _Group] = {}
        groups, origin = list(self.groups(form)), self.builder.origin
        self.builder.origin = f"{origin}: {AT_0}" if origin else AT_0
        for group in groups:
            lead = group.lead()
            other = poles.pop(frozenset(scaled(lead, -1).items()), None) if lead else None
            if other is not None:
                form = _put(form, (group, other), self.without_poles(group, other))
            elif lead:
                poles[frozenset(lead.items())] = group
        for group in groups:
            if cancels(group.simplest().terms) or self.loses_slopes(group):
                form = _put(form, (group,), self.written(group))
        self.builder.origin = origin
        return position if form is before else self.writer.node(form)

    def loses_slopes(self, group: _Group) -> bool:
        """Tell if the slope of a product by a factor of x that depends on weights cancels at 0, as that of exp(a*x)/a by a."""
        (term, *others), form, rest = group.terms, group.argument.form, dict(group.rest)
        functions = list(leaves([key for key, _ in term.factors if key != X]))
        total = None if others else total_of(group.terms, FEW)
        if total is None or all(key == X or key[0] in WAVES for key in functions):
            return False
        if total.first == dict(term.factors).get(X, 0):  # the functions are neither 0 nor infinite there
            return False
        parts = next(iter(form)) if len(form) == 1 else ((group.argument.node, 1),)
        return any(rest.get(node, 0) == -total.first * degree and self.depends(node) for node, degree in parts)

    def depends(self, position: int) -> bool:
        """Tell if a node depends on a weight."""
        nodes = self.builder.nodes
        return any(nodes[at].op == "weight" for at in reachable(nodes, [position]))

    def groups(self, form: Form) -> Iterator["_Group"]:
        """Yield terms of a sum that are multiples of functions of one argument by the same product."""
        for argument in self.arguments(form):
            found: dict[Monomial, list[tuple[Monomial, Term]]] = {}
            for monomial, coefficient in form.items():
                rest, term = self.split(monomial, argument)
                term = term._replace(coefficient=Fraction(coefficient) * term.coefficient)
                found.setdefault(rest, []).append((monomial, term))
            for rest, parts in found.items():
                terms = tuple(part for _, term in parts for part in multiplied_out(term))
                group = _Group(argument, rest, terms, tuple(monomial for monomial, _ in parts))
                if group.may_lose():
                    yield group

    def arguments(self, form: Form) -> Iterator[_Argument]:
        """Yield the arguments of the functions in a sum of products, each once up to a factor."""
        found: list[Form] = []
        todo, seen = [node for monomial in form for node, _ in monomial], set[int]()
        while todo and len(seen) < _LOOKS:
            position = todo.pop(0)
            node = self.builder.nodes[position]
            if position in seen:
                continue
            seen.add(position)
            if position in self.known:
                found.append(self.known[position].argument.form)
            elif node.op in EXPANDED or node.op == "log":
                inner = self.forms.inner(node.args[0])
                found.append(inner if node.op in EXPANDED else plus(inner, {ONE: 1}, -1))
            elif node.op in ("add", "sub"):
                todo += [part for monomial in self.forms.inner(position) for part, _ in monomial]
        kept: list[Form] = []
        for inner in found:
            if 0 < len(inner) <= _TERMS and ONE not in inner and not any(_ratio(inner, other) for other in kept):
                kept.append(inner)
                positive = scaled(inner, 1 if next(iter(inner.values())) > 0 else -1)
                yield _Argument(self.writer.node(positive), positive)

    def split(self, monomial: Monomial, x: _Argument, depth: int = 0) -> tuple[Monomial, Term]:
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

    def function(self, position: int, x: _Argument, depth: int) -> tuple[Monomial, Fraction, Any] | None:
        """Return a node as a product of what does not depend on x, a number and a function of x; None where it is none."""
        key = position, x.node
        if key not in self.functions:
            self.functions[key] = self.found_function(position, x, depth)
        return self.functions[key]

    def found_function(self, position: int, x: _Argument, depth: int) -> tuple[Monomial, Fraction, Any] | None:
        """Find what ``function`` gives."""
        node = self.builder.nodes[position]
        if position in self.known:
            group = self.known[position]
            return (group.rest, Fraction(1), group.terms) if group.argument.node == x.node else None
        if node.op in EXPANDED or node.op == "log":
            inner = self.forms.inner(node.args[0])
            ratio = _ratio(inner if node.op in EXPANDED else plus(inner, {ONE: 1}, -1), x.form)
            return (ONE, Fraction(1), (node.op, ratio)) if ratio else None
        if node.op not in ("add", "sub"):
            return None
        form = self.forms.inner(position)
        ratio = _ratio(form, x.form)
        if ratio:
            return ONE, ratio, X
        looked = 1 < len(form) <= _TERMS and depth < _DEPTH
        parts = [(self.split(m, x, depth + 1), c) for m, c in form.items()] if looked else []
        if not any(term.factors for (_, term), _ in parts) or len({rest for (rest, _), _ in parts}) > 1:
            return None
        return parts[0][0][0], Fraction(1), tuple(Term(t.coefficient * Fraction(c), t.factors) for (_, t), c in parts)

    def written(self, group: _Group) -> Form:
        """Write a group as a polynomial near 0 and as it is elsewhere; nothing where no polynomial is short enough."""
        near, far = group.simplest(), group.far()
        found, x = polynomial_near(near.terms, self.precision), group.argument
        if found is None:
            return {}
        radius, coefficients = found
        bound = intervals(self.builder, only=[x.node])[x.node]
        if bound.low > radius or bound.high < -radius:
            return {}
        builder, node = self.builder, self.writer.node
        close = self.close(x, radius)
        inside = atom(builder.add(Polynomial(coefficients), builder.add("select", close, x.node, builder.const(radius))))
        outside = self.form(far.terms, builder.add("select", close, builder.const(radius), x.node))
        if near.rest == far.rest:
            position = builder.add("select", close, node(inside), node(outside))
            self.known[position] = near._replace(rest=ONE)
            return times({near.rest: 1}, atom(position))
        outside = times({far.rest: 1}, self.forms.whole(node(outside)))
        position = builder.add("select", close, node(times({near.rest: 1}, inside)), node(outside))
        self.known[position] = near
        return atom(position)

    def close(self, x: _Argument, radius: float) -> int:
        """Return the condition that x is closer to 0 than a radius."""
        return self.builder.add("lt", self.builder.add("abs", x.node), self.builder.const(radius))

    def without_poles(self, *groups: _Group) -> Form:
        """Write groups whose poles cancel without these where an argument is near 0, and as they are elsewhere."""
        finite = [self.written(group.without_pole()) for group in groups]
        if not all(finite):
            return {}
        builder, total, written = self.builder, dict[Monomial, Number](), dict[Monomial, Number]()
        close = builder.add("or", *[self.close(group.argument, 1.0) for group in groups])
        for group, form in zip(groups, finite, strict=True):
            far = group.far()
            x = builder.add("select", close, builder.const(1.0), group.argument.node)
            outside = times({far.rest: 1}, self.forms.whole(self.writer.node(self.form(far.terms, x))))
            total, written = plus(total, form, 1), plus(written, outside, 1)
        return atom(builder.add("select", close, self.writer.node(total), self.writer.node(written)))

    def form(self, terms: tuple[Term, ...], x: int) -> Form:
        """Return terms as a form, in which x is a node."""
        result: Form = {}
        for coefficient, factors in terms:
            monomial, scale = ONE, Fraction(coefficient)
            for key, exponent in distributed(factors):
                whole = atom(x) if key == X else self.whole(key, x)
                ((part, number),) = whole.items()
                monomial = product(monomial, power(part, exponent))
                scale *= Fraction(number) ** exponent
            result = plus(result, {monomial: scale}, 1)
        return result

    def whole(self, key: Any, x: int) -> Form:
        """Return a function of x, or a sum of such, as one term."""
        if not isinstance(key[0], str):
            return self.forms.whole(self.writer.node(self.form(key, x)))
        op, ratio = key
        argument = scaled(atom(x), ratio)
        return atom(self.builder.add(op, self.writer.node(plus(argument, {ONE: 1}, 1) if op == "log" else argument)))


def _ratio(form: Form, other: Form) -> Fraction | None:
    """Return by what a form is a multiple of another; None where it is none."""
    lead = next(iter(other))
    if not form or lead not in form or len(form) != len(other):
        return None
    ratio = Fraction(form[lead]) / Fraction(other[lead])
    return ratio if form == scaled(other, ratio) else None


def _put(form: Form, groups: tuple[_Group, ...], better: Form) -> Form:
    """Return a sum with a better form of groups of its terms; as it is where there is none, or a group is no more in it."""
    old = {monomial for group in groups for monomial in group.monomials}
    return plus({m: c for m, c in form.items() if m not in old}, better, 1) if better and old <= form.keys() else form
