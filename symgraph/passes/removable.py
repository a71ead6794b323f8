"""Reassociating: what cancels or is 0/0 where one argument is 0 is its Taylor polynomial near there.

``coth(x) - 1/x``, ``(1 - exp(-x))/x``, ``(x - sin(x))/x**3``: sums and products of functions of one argument and of its powers,
times anything that does not depend on it. The argument may be any sum or product; a power with an exponent that is no number is
the exponential of its logarithm, in ``(x**p - 1)/p``. Within a radius beyond which the written form loses a few bits at most,
the polynomial gives value and slopes; elsewhere the formula stays as people write it, so that slopes by the other factors keep
their digits, and rules, which run later, see it. What they know stays theirs: a sum of two functions such as 1 - cos(x), and
sin(x)/x. Poles at 0 of two arguments that cancel, as in a*coth(a*x) - b*coth(b*x), are left away near there.
"""

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
    Term,
    X,
    cancels,
    distributed,
    leaves,
    polynomial_near,
    total_of,
)
from symgraph.rewrite.engine import living_part
from symgraph.rewrite.group_reader import TERMS, GroupReader, is_exponential
from symgraph.rewrite.groups import Argument, Group
from symgraph.rewrite.linear_forms import Form, Forms, atom, plus, scaled, times
from symgraph.rewrite.replacement import Writer


def removable(graph: Graph, precision: Fraction = Fraction(1, 2**60)) -> Graph:
    """Write what cancels at 0 as a polynomial near there.

    Args:
        graph: the forward graph.
        precision: the size of the terms that polynomials leave away, relative to the first one: a float has 53 bits.
    """
    if not any(node.op in EXPANDED or node.op == "log" or is_exponential(node, graph.nodes) for node in graph.nodes):
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
    """

    builder: GraphBuilder
    precision: Fraction
    changed: bool = False
    forms: Forms = field(init=False)
    writer: Writer = field(init=False)
    reader: GroupReader = field(init=False)

    def __post_init__(self) -> None:
        self.forms = Forms(self.builder, set())
        self.writer = Writer(self.builder, self.forms, self.builder.add, self.builder.add)
        self.reader = GroupReader(self.writer)

    def better(self, position: int) -> int:
        """Return the node to use instead of a sum or product, or the node itself."""
        written = self.forms.inner(position)
        if len(written) > TERMS:
            return position
        form = before = self.reader.multiplied_out(written)
        poles: dict[frozenset[tuple[Monomial, Number]], Group] = {}
        groups, origin = [*self.reader.hidden(form), *self.reader.groups(form)], self.builder.origin
        self.builder.origin = _at_0(origin)
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
            if loses or cancels(near.terms) or self.is_multiplied(group):
                whole = len(group.monomials) == len(before) and form is before
                as_is = atom(position) if whole else {m: form[m] for m in group.monomials if m in form}
                form = _put(form, (group,), self.written(near, group.far(), as_is))
        self.builder.origin = origin
        return position if form is before else self.writer.node(form)

    def is_written(self, group: Group) -> bool:
        """Tell if a group is a node that was found already."""
        match group.monomials:
            case (((node, 1),),):
                return node in self.reader.known
        return False

    def is_multiplied(self, group: Group) -> bool:
        """Tell if a group is one that was found already, times exponentials: in one with these nothing vanishes early.

        x**2*exp(x)/(exp(x) - 1)**2 is 0 from x = 373 on where a square is taken before exp(x) multiplies it.
        """
        found = any(node in self.reader.known for monomial in group.monomials for node, _ in monomial)
        return found and any(key != X and key[0] == "exp" for term in group.terms for key, _ in term.factors)

    def better_power(self, position: int) -> int:
        """Return the node to use instead of a power: the exponential of its logarithm where that loses slopes near 0."""
        builder, node = self.builder, self.builder.nodes[position]
        if not is_exponential(node, builder.nodes):
            return position
        base, exponent = node.args
        logarithm = times(self.forms.whole(exponent), atom(builder.add("log", base)))
        builder.origin = _at_0(builder.origin)
        for group in self.reader.groups(logarithm):
            near = group.finite()
            found = self.near(near) if self.loses_slopes(group) else None
            if found is not None:
                close, inside, _ = found
                logarithm = times({near.rest: 1}, inside)
                return builder.add("select", close, builder.add("exp", self.writer.node(logarithm)), position)
        return position

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

    def written(self, near: Group, far: Group, as_is: Form) -> Form:
        """Write a group as a polynomial near 0 and as it is elsewhere; nothing where no polynomial is short enough."""
        x = near.argument
        found = self.near(near)
        if found is None:
            return {}
        close, inside, radius = found
        builder, node = self.builder, self.writer.node
        if x.base is not None or x.as_is:
            position = builder.add("select", close, node(times({near.rest: 1}, inside)), node(as_is))
            self.reader.known[position] = near
            return atom(position)
        outside = self.form(far.terms, builder.add("select", close, radius, x.node))
        if near.rest == far.rest:
            position = builder.add("select", close, node(inside), node(outside))
            self.reader.known[position] = near._replace(rest=ONE)
            return times({near.rest: 1}, atom(position))
        outside = times({far.rest: 1}, self.forms.whole(node(outside)))
        position = builder.add("select", close, node(times({near.rest: 1}, inside)), node(outside))
        self.reader.known[position] = near
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
        return near if x.base is None else self.builder.add("and", self.reader.positive(x.base), near)

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


def _at_0(origin: str) -> str:
    """Return the origin of what is written in the place of nodes of an origin."""
    return f"{origin}: {AT_0}" if origin else AT_0


def _put(form: Form, groups: tuple[Group, ...], better: Form) -> Form:
    """Return a sum with a better form of groups of its terms; as it is where there is none, or a group is no more in it."""
    old = {monomial for group in groups for monomial in group.monomials}
    return plus({m: c for m, c in form.items() if m not in old}, better, 1) if better and old <= form.keys() else form
