"""The derivative of the loss by each weight, step by step: the chain rule along the graph, then its product, simplified.

A node that is used more than once gets a cotangent of its own, d_<node>, which is defined once and then used, as reverse mode
and the generated module do. What is shown in another form than SymPy's is held against it by the reference at points first.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sympy
from flint import arb

from symgraph.errors import SpecError
from symgraph.judge.reference import Point, Reference, Truth, reference
from symgraph.judge.verification_points import Sampler
from symgraph.show.views.formulas import Product, cotangent
from symgraph.show.views.named_graph import Edge, NamedGraph, Numbers, Vertex
from symgraph.show.views.simplified import Sum, effort, forms, product, products, strangeness, sums, sums_in, times
from symgraph.spec.inputs import NamedNode
from symgraph.spec.model import Model
from symgraph.spec.ops.sympy_classes import softplus

_LONGEST = 6
"""Steps of a chain; what lies behind them gets a name."""
_BATCHES, _ROWS, _FEWEST = 3, 4, 3
"""Batches and rows of points at which forms are compared, and the number at which both must have values."""
_EXACT, _ROUNDED = 2.0**-80, 2.0**-44
"""Largest gap between equal forms, relative to them: of exact numbers, and of floats that forms have multiplied."""


class Chain(NamedTuple):
    """One way from a vertex towards the loss.

    Attributes:
        start: the end, or the vertex with a cotangent of its own, at which it begins.
        edges: its steps, from there to the vertex.
    """

    start: str
    edges: tuple[Edge, ...] = ()


@dataclass(frozen=True, slots=True)
class Derivative:
    """The derivative of the loss by one vertex.

    Attributes:
        name: of the vertex.
        kind: "weight", or that of a node whose cotangent is named.
        chains: the ways towards the loss, whose products are added up; none where it is 0.
        formula: the simplest form of that.
    """

    name: str
    kind: str
    chains: tuple[Chain, ...]
    formula: Sum


@dataclass(frozen=True, slots=True)
class Derivation:
    """All steps from a model's formulas to its gradient.

    Attributes:
        graph: the model's named graph; its ends are what is differentiated.
        numbers: those of the graph at the row; none without a row.
        partials: the local partial of every edge on the way to a weight, by its source and target, in its simplest form.
        cotangents: those that are used by name, each after those that it uses.
        weights: the derivative by each weight.
    """

    graph: NamedGraph
    numbers: Numbers[float]
    partials: Mapping[tuple[str, str], Product]
    cotangents: tuple[Derivative, ...]
    weights: tuple[Derivative, ...]

    def steps(self, chain: Chain) -> Iterator[tuple[Edge, Product, float | None]]:
        """Yield the steps of a chain: the edge, its local partial in the simplest form, and the partial's value at the row."""
        for edge in chain.edges:
            key = edge.source, edge.target
            yield edge, self.partials[key], self.numbers.partials.get(key)

    def number(self, chain: Chain) -> float | None:
        """Return the product of all factors of a chain, the cotangent of its start included, at the row; None without one."""
        first = self.numbers.cotangents.get(chain.start)
        slopes = (self.numbers.partials[edge.source, edge.target] for edge in chain.edges)
        return None if first is None else math.prod(slopes, start=first)


def derivation(model: Model, point: Point | None = None) -> Derivation:
    """Derive the gradient of a model step by step.

    Args:
        model: the spec; it is frozen by this.
        point: a float for every input, for the numbers beside the steps; without one there are none.

    Raises:
        SpecError: the model is not complete, or has no loss.
        OptionError: an input has no value.
    """
    if model.freeze().loss_expr is None:
        raise SpecError(f"model {model.name}: it has no loss to derive; set one with model.loss")
    with sympy.evaluate(True):
        graph = NamedGraph(model)
        numbers = Numbers({}, {}, {}) if point is None else graph.numbers(point)
        partials, derived = _derived(graph)
    named = tuple(one for one in derived if one.kind != "weight")
    return Derivation(graph, numbers, partials, named, tuple(one for one in derived if one.kind == "weight"))


def _derived(graph: NamedGraph) -> tuple[dict[tuple[str, str], Product], list[Derivative]]:
    """Return the local partials, and the derivatives by every joint and every weight."""
    proof = _Proof(graph.model)
    for end in graph.ends:
        proof.define(end.symbol, end.expr)
    moved = {vertex.name for vertex in graph.vertices if vertex.kind == "weight"}
    for edge in graph.edges:
        if edge.source in moved:
            moved.add(edge.target)
    edges = [edge for edge in graph.edges if edge.source in moved]
    written = sums_in(graph.model.exprs)
    partials = _partials(graph, edges, written, proof)
    uses: dict[str, list[Edge]] = {}
    for edge in edges:
        if partials[edge.source, edge.target].coefficient != 0:
            uses.setdefault(edge.source, []).append(edge)
    symbols: dict[str, Any] = {vertex.name: cotangent(vertex.name, place) for place, vertex in enumerate(graph.vertices)}
    symbols |= {end.name: sympy.S.One for end in graph.ends}
    ways = _ways(graph, uses)
    choices: list[list[Any]] = []
    for vertex, chains in ways:
        raw = sympy.Add(*(sympy.Mul(symbols[start], *(edge.partial for edge in edges)) for start, edges in chains))
        proof.define(symbols[vertex.name], raw)
        choices.append([raw, *_formulas(chains, symbols, partials, written)])
    formulas = (best if isinstance(best, tuple) else (product(best, written),) for best in proof.best(choices))
    return partials, [Derivative(one.name, one.kind, chains, form) for (one, chains), form in zip(ways, formulas, strict=True)]


def _formulas(
    chains: Sequence[Chain], symbols: Mapping[str, Any], partials: Mapping[tuple[str, str], Product], written: frozenset[Any]
) -> list[Sum]:
    """Return forms of the sum of the products of some chains, the plain one first."""
    factors = ((symbols[start], *(partials[edge.source, edge.target] for edge in edges)) for start, edges in chains)
    plain = tuple(times(one, written) for one in factors)
    cancelled = tuple(min(products(term, written), key=effort) for term in plain)
    return [*sums(plain, written), *(sums(cancelled, written) if cancelled != plain else ())]


def _partials(
    graph: NamedGraph, edges: Sequence[Edge], written: frozenset[Any], proof: "_Proof"
) -> dict[tuple[str, str], Product]:
    """Return the local partials of some edges in their simplest forms."""
    model = graph.model
    nodes = [(node.expr, node.symbol) for node in reversed(model.nodes)]
    choices = []
    for edge in edges:
        target, source = graph.by_name[edge.target], graph.by_name[edge.source]
        found = forms(edge.partial, target.expr, target.symbol, nodes)
        if target.kind == "loss":  # log(1 + exp(z)), whose slope is sigmoid(z)
            soft = target.expr.replace(
                lambda part: isinstance(part, sympy.log) and isinstance(part.args[0] - 1, sympy.exp),
                lambda part: softplus((part.args[0] - 1).args[0]),
            )
            if soft != target.expr:
                found += forms(sympy.diff(soft, source.symbol), soft, target.symbol, nodes)
        choices.append([edge.partial, *(product(form, written, target.symbol) for form in found)])
    best = proof.best(choices)
    return {
        (edge.source, edge.target): one if isinstance(one, Product) else product(one, written)
        for edge, one in zip(edges, best, strict=True)
    }


def _ways(graph: NamedGraph, uses: Mapping[str, Sequence[Edge]]) -> list[tuple[Vertex, tuple[Chain, ...]]]:
    """Return the chains of each weight and of each vertex that gets a cotangent, from the loss to the weights."""
    single = {end.name: Chain(end.name) for end in graph.ends}
    result: list[tuple[Vertex, tuple[Chain, ...]]] = []
    weights = [vertex for vertex in graph.vertices if vertex.kind == "weight"]
    others = [vertex for vertex in graph.vertices if vertex.kind != "weight" and vertex not in graph.ends]
    for vertex in (*reversed(others), *weights):
        used = [(single[edge.target], edge) for edge in uses.get(vertex.name, ()) if edge.target in single]
        ways = tuple(Chain(way.start, (*way.edges, edge)) for way, edge in used)
        if vertex.kind == "weight":
            result.append((vertex, ways))
        elif len(ways) > 1 or (ways and len(ways[0].edges) >= _LONGEST):
            result.append((vertex, ways))
            single[vertex.name] = Chain(vertex.name)
        elif ways:
            single[vertex.name] = ways[0]
    return result


class _Proof:
    """Holds forms against each other at points where the model can be evaluated, by the reference."""

    def __init__(self, model: Model) -> None:
        self._model = model
        batches = Sampler(reference(model), 0, None, _ROWS).several(_BATCHES)
        points = [point for batch in batches for point in batch.points]
        self._points = [point for point in points if _is_possible(model, point)]
        self._defined: list[NamedNode] = []

    def define(self, symbol: Any, expr: Any) -> None:
        """Give a symbol that later forms use its value."""
        self._defined.append(NamedNode(f"defined {symbol.name}", symbol, expr))

    def best(self, choices: Sequence[Sequence[Any]]) -> list[Any]:
        """Return of each list the form that is easiest to read among those that are equal to the first one.

        Args:
            choices: SymPy expressions, products or sums of products; the first of each list is an expression.
        """
        sorted_ = [[first, *_by_effort(rest, first)] for first, *rest in choices]
        distinct = {_value(form): None for some in sorted_ if len(some) > 1 for form in some}
        names = {expr: f"form {place}" for place, expr in enumerate(distinct)}
        nodes = [NamedNode(name, sympy.Symbol(name), expr) for expr, name in names.items()]
        extended = Reference(self._model.with_nodes([*self._defined, *nodes]))
        truths = [extended.truth(point) for point in self._points]
        return [next((form for form in some[1:] if self._equal(form, some[0], names, truths)), some[0]) for some in sorted_]

    def _equal(self, form: Any, first: Any, names: Mapping[Any, str], truths: Sequence[Truth]) -> bool:
        value, wanted = _value(form), _value(first)
        if value == wanted:
            return True
        most = _ROUNDED if wanted.atoms(sympy.Float) else _EXACT
        compared = 0
        for truth in truths:
            one, other = truth.nodes[names[value]], truth.nodes[names[wanted]]
            if isinstance(other, arb):
                if not isinstance(one, arb) or not abs(one - other) <= most * (abs(one) + abs(other)) + _EXACT**9:
                    return False
                compared += 1
        return compared >= _FEWEST


def _is_possible(model: Model, point: Point) -> bool:
    """Tell if a likelihood knows a target at all, which it does not above the largest count of its row."""
    limit = None if model.likelihood_declared is None else model.likelihood_declared.labels.limit
    return not isinstance(limit, str) or 0.0 <= point[model.target_inputs[0].name] <= point[limit]


def _by_effort(forms: Iterable[Any], first: Any) -> list[Any]:
    return sorted(dict.fromkeys(forms), key=lambda one: effort(one) + strangeness(_value(one), first))


def _value(form: Any) -> Any:
    if isinstance(form, Product):
        return form.value
    return sympy.Add(*(term.value for term in form)) if isinstance(form, tuple) else form
