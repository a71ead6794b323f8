"""Reassociating: what cancels or is 0/0 where one argument is 0 is its Taylor polynomial near there.

``coth(x) - 1/x``, ``(1 - exp(-x))/x``, ``(x - sin(x))/x**3``: sums and products of functions of one argument and of its powers,
times anything that does not depend on it. The argument may be any sum or product; a power with an exponent that is no number is
the exponential of its logarithm, as in ``(x**p - 1)/p``. Within a radius beyond which the written form
loses a few bits at most, the polynomial gives value and slopes; elsewhere the written form stays, with an argument that is kept
away from 0, and rules, which run later, see it. What they know stays theirs: a sum of two functions such as 1 - cos(x), and
sin(x)/x. Poles at 0 of two arguments that cancel, as in a*coth(a*x) - b*coth(b*x), are left away near there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from symgraph.ir.graph import Graph, GraphBuilder, Node, reachable, rebuild
from symgraph.ir.intervals import intervals
from symgraph.ir.laurent import EXPANDED
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
    total_of,
)
from symgraph.rewrite.engine import living_part
from symgraph.rewrite.groups import Argument, Group
from symgraph.rewrite.linear_forms import Form, Forms, atom, plus, scaled, times
from symgraph.rewrite.replacement import Writer

_TERMS, _DEPTH, _LOOKS = 16, 3, 24
"""Most terms of a sum, levels of sums within it, and nodes in it that are looked at: formulas of people have fewer, and the
time that networks take must not grow faster than they do."""


def removable(graph: Graph, precision: Fraction = Fraction(1, 2**60)) -> Graph:
    """Write what cancels at 0 as a polynomial near there.

    Args:
        graph: the forward graph.
        precision: the size of the terms that polynomials leave away, relative to the first one: a float has 53 bits.
    """
    if not any(node.op in EXPANDED or node.op == "log" or _is_exponential(node, graph.nodes) for node in graph.nodes):
        return graph
    finders: list[_Finder] = []

    def better(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        if not finders:
            finders.append(_Finder(builder, precision))
        position = builder.add(node.op, *args)
        return finders[0].better_power(position) if node.op == "pow" else finders[0].better(position)

    found = rebuild(graph, better, {"add", "sub", "mul", "div", "pow"})
    return living_part(found) if finders and finders[0].changed else graph


@dataclass(slots=True)
class _Finder:
    """Finder of removable singularities in the nodes of a builder.

    Attributes:
        builder: the nodes.
        precision: the size of the terms that polynomials leave away, relative to the first one.
        changed: if anything was written as a polynomial.
        known: what has been found: what each node is that was put in the place of others.
        functions: what ``function`` has found, by node and argument.
    """

    builder: GraphBuilder
    precision: Fraction
    changed: bool = False
    known: dict[int, Group] = field(default_factory=dict)
    functions: dict[tuple[int, int], tuple[Monomial, Fraction, Any] | None] = field(default_factory=dict)
    forms: Forms = field(init=False)
    writer: Writer = field(init=False)

    def __post_init__(self) -> None:
        self.forms = Forms(self.builder, set())
        self.writer = Writer(self.builder, self.forms, self.builder.add, self.builder.add)

    def better(self, position: int) -> int:
        """Return the node to use instead of a sum or product, or the node itself."""
        written = self.forms.inner(position)
        if len(written) > _TERMS:
            return position
        form = before = self.multiplied_out(written)
        poles: dict[frozenset[tuple[Monomial, Number]], Group] = {}
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
            if self.is_written(group):
                continue
            loses = self.loses_slopes(group)
            near = group.finite() if loses else group.simplest()
            if loses or cancels(near.terms):
                form = _put(form, (group,), self.written(near, group.far(), {m: form[m] for m in group.monomials}))
        self.builder.origin = origin
        return position if form is before else self.writer.node(form)

    def is_written(self, group: Group) -> bool:
        """Tell if a group is a node that was found already."""
        match group.monomials:
            case (((node, 1),),):
                return node in self.known
        return False

    def better_power(self, position: int) -> int:
        """Return the node to use instead of a power: the exponential of its logarithm where that loses slopes near 0."""
        builder, node = self.builder, self.builder.nodes[position]
        if not _is_exponential(node, builder.nodes):
            return position
        base, exponent = node.args
        logarithm = times(self.forms.whole(exponent), atom(builder.add("log", base)))
        for group in self.groups(logarithm):
            near = group.finite()
            found = self.near(near) if self.loses_slopes(group) else None
            if found is not None:
                close, inside, _ = found
                logarithm = times({near.rest: 1}, inside)
                return builder.add("select", close, builder.add("exp", self.writer.node(logarithm)), position)
        return position

    def multiplied_out(self, form: Form) -> Form:
        """Return a sum with products of a function and a short sum with quotients, as (1 + 1/a)*log(1 + a*x), term by term."""
        result: Form = {}
        for monomial, coefficient in form.items():
            whole: Form = {monomial: coefficient}
            for node, exponent in monomial:
                inner = self.forms.inner(node) if exponent == 1 and self.builder.nodes[node].op in ("add", "sub") else {}
                below = any(e < 0 for part in inner for _, e in part)
                if below and len(inner) <= _DEPTH and any(self.builder.nodes[one].op == "log" for one, _ in monomial):
                    rest = product(monomial, ((node, -1),))
                    whole = {product(rest, part): coefficient * c for part, c in inner.items()}
            result = plus(result, whole, 1)
        return result

    def loses_slopes(self, group: Group) -> bool:
        """Tell if a slope by a factor of x that depends on weights cancels at 0, as that of (exp(a*x) - 1)/a by a."""
        form, rest, total = group.argument.form, dict(group.rest), total_of(group.terms, FEW)
        functions = list(leaves([key for term in group.terms for key, _ in term.factors if key != X]))
        if total is None or all(key == X for key in functions):
            return False
        if functions[0][0] in WAVES and len(form) == 1 == len(next(iter(form))):  # rules make sinc
            return False
        if total.first == min(dict(term.factors).get(X, 0) for term in group.terms):  # the functions are neither 0 nor infinite
            return False
        parts = next(iter(form)) if len(form) == 1 else ((group.argument.node, 1),)
        return any(rest.get(node, 0) == -total.first * degree and self.depends(node) for node, degree in parts)

    def depends(self, position: int) -> bool:
        """Tell if a node depends on a weight."""
        nodes = self.builder.nodes
        return any(nodes[at].op == "weight" for at in reachable(nodes, [position]))

    def groups(self, form: Form) -> Iterator["Group"]:
        """Yield terms of a sum that are multiples of functions of one argument by the same product."""
        for argument in self.arguments(form):
            found: dict[Monomial, list[tuple[Monomial, Term]]] = {}
            for monomial, coefficient in form.items():
                rest, term = self.split(monomial, argument)
                term = term._replace(coefficient=Fraction(coefficient) * term.coefficient)
                found.setdefault(rest, []).append((monomial, term))
            for rest, parts in found.items():
                terms = tuple(part for _, term in parts for part in multiplied_out(term))
                group = Group(argument, rest, terms, tuple(monomial for monomial, _ in parts))
                if group.may_lose():
                    yield group

    def arguments(self, form: Form) -> Iterator[Argument]:
        """Yield the arguments of the functions in a sum of products, each once up to a factor."""
        found: list[tuple[Form, int | None]] = []
        todo, seen = [node for monomial in form for node, _ in monomial], set[int]()
        while todo and len(seen) < _LOOKS:
            position = todo.pop(0)
            node = self.builder.nodes[position]
            if position in seen:
                continue
            seen.add(position)
            inner = self.zero_of(node)
            if position in self.known:
                found.append(self.known[position].argument[1:])
            elif inner is not None:
                found.append((inner, node.args[0] if node.op == "pow" else None))
            elif node.op in ("add", "sub"):
                todo += [part for monomial in self.forms.inner(position) for part, _ in monomial]
        kept: list[Form] = []
        for inner, base in found:
            if 0 < len(inner) <= _TERMS and ONE not in inner and not any(_ratio(inner, other) for other in kept):
                kept.append(inner)
                positive = scaled(inner, 1 if next(iter(inner.values())) > 0 else -1)
                yield Argument(self.writer.node(positive), positive, base)

    def zero_of(self, node: Node) -> Form | None:
        """Return what is 0 where a function is expanded: for a power, its logarithm; None where there is no function."""
        if node.op in EXPANDED:
            return self.forms.inner(node.args[0])
        if node.op == "log":
            return plus(self.forms.inner(node.args[0]), {ONE: 1}, -1)
        if _is_exponential(node, self.builder.nodes):
            base, exponent = node.args
            log = self.builder.add("select", self.positive(base), self.builder.add("log", base), self.builder.const(0.0))
            return times(self.forms.whole(exponent), atom(log))
        return None

    def positive(self, base: int) -> int:
        """Return the condition that a base has a logarithm."""
        return self.builder.add("gt", base, self.builder.const(0.0))

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
        if key not in self.functions:
            self.functions[key] = self.found_function(position, x, depth)
        return self.functions[key]

    def found_function(self, position: int, x: Argument, depth: int) -> tuple[Monomial, Fraction, Any] | None:
        """Find what ``function`` gives."""
        node = self.builder.nodes[position]
        if position in self.known:
            group = self.known[position]
            return (group.rest, Fraction(1), group.terms) if group.argument.node == x.node else None
        inner = self.zero_of(node)
        if inner is not None:
            ratio = _ratio(inner, x.form)
            return (ONE, Fraction(1), ("exp" if node.op == "pow" else node.op, ratio)) if ratio else None
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

    def written(self, near: Group, far: Group, as_is: Form) -> Form:
        """Write a group as a polynomial near 0 and as it is elsewhere; nothing where no polynomial is short enough."""
        x = near.argument
        found = self.near(near)
        if found is None:
            return {}
        close, inside, radius = found
        builder, node = self.builder, self.writer.node
        if x.base is not None:
            position = builder.add("select", close, node(times({near.rest: 1}, inside)), node(as_is))
            self.known[position] = near
            return atom(position)
        outside = self.form(far.terms, builder.add("select", close, radius, x.node))
        if near.rest == far.rest:
            position = builder.add("select", close, node(inside), node(outside))
            self.known[position] = near._replace(rest=ONE)
            return times({near.rest: 1}, atom(position))
        outside = times({far.rest: 1}, self.forms.whole(node(outside)))
        position = builder.add("select", close, node(times({near.rest: 1}, inside)), node(outside))
        self.known[position] = near
        return atom(position)

    def near(self, group: Group) -> tuple[int, Form, int] | None:
        """Return the condition that x is near 0, the polynomial of the terms and the radius; None if none is short enough."""
        found, x, builder = polynomial_near(group.terms, self.precision), group.argument, self.builder
        if found is None:
            return None
        radius, coefficients = found
        bound = intervals(builder, only=[x.node])[x.node]
        if bound.low > radius or bound.high < -radius:
            return None
        self.changed = True
        close, end = self.close(x, radius), builder.const(radius)
        return close, atom(builder.add(Polynomial(coefficients), builder.add("select", close, x.node, end))), end

    def close(self, x: Argument, radius: float) -> int:
        """Return the condition that x is closer to 0 than a radius."""
        near = self.builder.add("lt", self.builder.add("abs", x.node), self.builder.const(radius))
        return near if x.base is None else self.builder.add("and", self.positive(x.base), near)

    def without_poles(self, *groups: Group) -> Form:
        """Write groups whose poles cancel without these where an argument is near 0, and as they are elsewhere."""
        finite = [self.written(one.simplest(), one.far(), {}) for one in (group.without_pole() for group in groups)]
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


def _is_exponential(node: Node, nodes: Sequence[Node]) -> bool:
    """Tell if a node is a power whose exponent is not a number."""
    return node.op == "pow" and nodes[node.args[1]].op != "const"


def _ratio(form: Form, other: Form) -> Fraction | None:
    """Return by what a form is a multiple of another; None where it is none."""
    lead = next(iter(other))
    if not form or lead not in form or len(form) != len(other):
        return None
    ratio = Fraction(form[lead]) / Fraction(other[lead])
    return ratio if form == scaled(other, ratio) else None


def _put(form: Form, groups: tuple[Group, ...], better: Form) -> Form:
    """Return a sum with a better form of groups of its terms; as it is where there is none, or a group is no more in it."""
    old = {monomial for group in groups for monomial in group.monomials}
    return plus({m: c for m, c in form.items() if m not in old}, better, 1) if better and old <= form.keys() else form
