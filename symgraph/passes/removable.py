"""Exact but for rounding: what cancels or is 0/0 where one argument is 0 becomes its Taylor polynomial near there.

``coth(x) - 1/x``, ``(1 - exp(-x))/x``, ``(x - sin(x))/x**3``: sums and products of functions of one argument and its powers, which
may be any product or sum, and which anything that does not depend on it may multiply. Within a radius beyond which the written
form loses a few bits at most, the polynomial gives value and slopes; elsewhere the written form stays, with an argument that is
kept away from 0. It runs before rules, which see the written form there. A sum of two functions is left to rules, as 1 - cos(x).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from symgraph.ir.graph import Graph, GraphBuilder, Node, rebuild
from symgraph.ir.intervals import intervals
from symgraph.ir.laurent import EXPANDED, Laurent, expanded, series
from symgraph.ir.monomials import ONE, Monomial, Number, power, product
from symgraph.ir.polynomials import Polynomial
from symgraph.rewrite.linear_forms import Form, Forms, atom, plus, scaled, times
from symgraph.rewrite.replacement import Writer

_RADII = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
_FEW, _MANY = 12, 72
"""Coefficients of the series by which candidates are found, and of those that polynomials are made of."""

_LOST = 8.0
"""Most that rounding errors may be enlarged beyond the radius, in the value; in the slope four times as much."""

_PRECISION = Fraction(1, 2**108)
"""Size of the terms that a polynomial leaves away, relative to its first one; that of accurate modules."""

_X = "x"

Factor = tuple[Any, int]
"""``_X``, an op and what multiplies x in its operand, or a tuple of terms, with an exponent."""


class _Term(NamedTuple):
    """Coefficient times powers of functions of x."""

    coefficient: Fraction
    factors: tuple[Factor, ...]


class _Argument(NamedTuple):
    """Argument that is 0: a node and its form."""

    node: int
    form: Form


def removable(graph: Graph) -> Graph:
    """Write what cancels at 0 as a polynomial near there."""
    if not any(node.op in EXPANDED or node.op == "log" for node in graph.nodes):
        return graph
    finders: list[_Finder] = []

    def better(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        if not finders:
            finders.append(_Finder(builder))
        return finders[0].better(builder.add(node.op, *args))

    return rebuild(graph, better, {"add", "sub", "mul", "div"})


@dataclass(slots=True)
class _Finder:
    """Finder of removable singularities in the nodes of a builder.

    Attributes:
        builder: the nodes.
        known: what has been found: the argument and the terms of each node that was put in the place of another.
    """

    builder: GraphBuilder
    known: dict[int, tuple[_Argument, tuple[_Term, ...]]] = field(default_factory=dict)
    forms: Forms = field(init=False)
    writer: Writer = field(init=False)

    def __post_init__(self) -> None:
        self.forms = Forms(self.builder, set())
        self.writer = Writer(self.builder, self.forms, self.builder.add, self.builder.add)

    def better(self, position: int) -> int:
        """Return the node to use instead of a sum or product, or the node itself."""
        form = before = self.forms.inner(position)
        for argument in self.arguments(form):
            groups: dict[Monomial, list[tuple[Monomial, _Term]]] = {}
            for monomial, coefficient in form.items():
                rest, term = self.split(monomial, argument)
                groups.setdefault(rest, []).append((monomial, _Term(Fraction(coefficient) * term.coefficient, term.factors)))
            for rest, parts in groups.items():
                terms = tuple(term for _, term in parts)
                if _cancels(terms) and (written := self.written(argument, terms)) is not None:
                    form = {m: c for m, c in form.items() if m not in {monomial for monomial, _ in parts}}
                    form = plus(form, times({rest: 1}, atom(written)), 1)
        return position if form is before else self.writer.node(form)

    def arguments(self, form: Form) -> Iterator[_Argument]:
        """Yield the arguments of the functions in a sum of products, each once up to a factor."""
        found: list[Form] = []
        todo, seen = [node for monomial in form for node, _ in monomial], set[int]()
        while todo:
            position = todo.pop(0)
            node = self.builder.nodes[position]
            if position in seen:
                continue
            seen.add(position)
            if position in self.known:
                found.append(self.known[position][0].form)
            elif node.op in EXPANDED or node.op == "log":
                inner = self.forms.inner(node.args[0])
                found.append(inner if node.op in EXPANDED else plus(inner, {ONE: 1}, -1))
            elif node.op in ("add", "sub"):
                todo += [part for monomial in self.forms.inner(position) for part, _ in monomial]
        kept: list[Form] = []
        for inner in found:
            if inner and ONE not in inner and not any(_ratio(inner, other) for other in kept):
                kept.append(inner)
                positive = scaled(inner, 1 if next(iter(inner.values())) > 0 else -1)
                yield _Argument(self.writer.node(positive), positive)

    def split(self, monomial: Monomial, x: _Argument) -> tuple[Monomial, _Term]:
        """Split a product into what does not depend on x, and functions of x."""
        rest: Monomial = ONE
        coefficient, factors = Fraction(1), list[Factor]()
        for node, exponent in monomial:
            found = self.function(node, x) if exponent == int(exponent) else None
            if found is None:
                rest = product(rest, ((node, exponent),))
            else:
                outside, scale, key = found
                rest = product(rest, power(outside, exponent))
                coefficient *= scale ** int(exponent)
                factors.append((key, int(exponent)))
        if len(x.form) == 1:
            ((lead, degree), *_), scale = *x.form, *x.form.values()
            exponent = Fraction(dict(rest).get(lead, 0)) / Fraction(degree)
            if exponent and exponent == int(exponent):
                rest = product(rest, power(next(iter(x.form)), -exponent))
                coefficient /= Fraction(scale) ** int(exponent)
                factors.append((_X, int(exponent)))
        return rest, _Term(coefficient, tuple(factors))

    def function(self, position: int, x: _Argument) -> tuple[Monomial, Fraction, Any] | None:
        """Return a node as a product of what does not depend on x, a number and a function of x; None where it is none."""
        node = self.builder.nodes[position]
        if position in self.known:
            other, terms = self.known[position]
            return (ONE, Fraction(1), terms) if other.node == x.node else None
        if node.op in EXPANDED or node.op == "log":
            inner = self.forms.inner(node.args[0])
            ratio = _ratio(inner if node.op in EXPANDED else plus(inner, {ONE: 1}, -1), x.form)
            return (ONE, Fraction(1), (node.op, ratio)) if ratio else None
        if node.op not in ("add", "sub"):
            return None
        form = self.forms.inner(position)
        ratio = _ratio(form, x.form)
        if ratio:
            return ONE, ratio, _X
        parts = [(self.split(m, x), c) for m, c in form.items()] if len(form) > 1 else []
        if not any(term.factors for (_, term), _ in parts) or len({rest for (rest, _), _ in parts}) > 1:
            return None
        return parts[0][0][0], Fraction(1), tuple(_Term(t.coefficient * Fraction(c), t.factors) for (_, t), c in parts)

    def written(self, x: _Argument, terms: tuple[_Term, ...]) -> int | None:
        """Write terms as a polynomial near 0 and as they are elsewhere; None where no polynomial is short enough."""
        found = _polynomial(terms)
        if found is None:
            return None
        radius, coefficients = found
        bound = intervals(self.builder, only=[x.node])[x.node]
        if bound.low > radius or bound.high < -radius:
            return None
        builder = self.builder
        near = builder.add("lt", builder.add("abs", x.node), builder.const(radius))
        inside = builder.add("select", near, x.node, builder.const(0.0))
        outside = builder.add("select", near, builder.const(radius), x.node)
        values = builder.add(Polynomial(coefficients), inside), self.writer.node(self.form(terms, outside))
        position = builder.add("select", near, *values)
        self.known[position] = x, terms
        return position

    def form(self, terms: tuple[_Term, ...], x: int) -> Form:
        """Return terms as a form, in which x is a node."""
        result: Form = {}
        for coefficient, factors in terms:
            monomial, scale = ONE, Fraction(coefficient)
            for key, exponent in factors:
                whole = atom(x) if key == _X else self.whole(key, x)
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


def _expanded(terms: tuple[_Term, ...], count: int) -> list[list[Laurent]]:
    """Return the series of the factors of each term."""
    return [[_series_of(key, exponent, count) for key, exponent in term.factors] for term in terms]


def _series_of(key: Any, exponent: int, count: int) -> Laurent:
    if key == _X:
        return series(exponent, [Fraction(1), *[Fraction(0)] * (count - 1)])
    if isinstance(key[0], str):
        return expanded("log1p" if key[0] == "log" else key[0], key[1], count).raised(exponent)
    return _sum(key, _expanded(key, count), count).raised(exponent)


def _sum(terms: tuple[_Term, ...], factors: list[list[Laurent]], count: int) -> Laurent:
    total: Laurent | None = None
    for part in _products(terms, factors, count):
        total = part if total is None else total.plus(part)
    assert total is not None
    return total


def _products(terms: tuple[_Term, ...], factors: list[list[Laurent]], count: int) -> Iterator[Laurent]:
    for term, parts in zip(terms, factors, strict=True):
        result = Laurent(0, (term.coefficient, *[Fraction(0)] * (count - 1)))
        for part in parts:
            result = result.times(part)
        yield result


def _cancels(terms: tuple[_Term, ...]) -> bool:
    """Tell if terms cancel at 0, or a product is 0/0 there, and no rule is known to mend it."""
    keys = [key for term in terms for key, _ in term.factors]
    functions = [key for key in keys if key != _X]
    if not functions:
        return False
    try:
        factors = _expanded(terms, _FEW)
        parts = list(_products(terms, factors, _FEW))
        total = _sum(terms, factors, _FEW)
    except (ValueError, IndexError):  # a divisor of which no coefficient is known
        return False
    if not total.coefficients or total.first < 0 or not all(part.coefficients for part in parts):
        return False
    if len(terms) == 1:
        firsts = [factor.first for factor in factors[0]]
        waves = all(isinstance(key[0], str) and key[0] in ("sin", "cos") for key in _leaves(functions))
        return max(firsts) > 0 > min(firsts) and not waves
    nested = _X in keys or len(terms) > 2 or any(not isinstance(key[0], str) for key in functions)
    return nested and total.first > min(part.first for part in parts)


def _leaves(keys: list[Any]) -> Iterator[Any]:
    """Yield the functions in sums of functions, and x as one where a sum has it."""
    for key in keys:
        if isinstance(key[0], str):
            yield key
        else:
            yield from _leaves([inner for term in key for inner, _ in term.factors])


def _polynomial(terms: tuple[_Term, ...]) -> tuple[float, list[Fraction]] | None:
    """Return a radius, and the coefficients of the polynomial that is good within it."""
    factors = _expanded(terms, _MANY)
    total = _sum(terms, factors, _MANY)
    best = None
    for radius in _RADII:
        count = _count(total, radius)
        if count is None:
            break
        best = radius, [total.of(n) for n in range(total.first + count)]
        if all(_lost(terms, factors, total, x) <= _LOST for x in (radius, -radius)):
            break
    return best


def _count(total: Laurent, radius: float) -> int | None:
    """Return how many coefficients are needed within a radius; None where too few are known."""
    lead, step = total.coefficients[0], Fraction(radius)
    sizes = [abs(c / lead) * step**n for n, c in enumerate(total.coefficients)]
    needed = max(n for n, size in enumerate(sizes) if size >= _PRECISION) + 1
    return needed if needed <= len(sizes) - 6 else None


def _lost(terms: tuple[_Term, ...], factors: list[list[Laurent]], total: Laurent, x: float) -> float:
    """Return by how much rounding errors of the terms are enlarged at x: in the value, or a quarter of that in the slope."""
    value = slope = 0.0
    for part, parts in zip(_products(terms, factors, _MANY), factors, strict=True):
        size = abs(part.at(x))
        value += size
        slope += size * sum(abs(factor.at(x, slope=True) / factor.at(x)) for factor in parts if factor.at(x))
    true, true_slope = abs(total.at(x)), abs(total.at(x, slope=True))
    return max(value / true if true else math.inf, slope / (4.0 * true_slope) if true_slope else math.inf)
