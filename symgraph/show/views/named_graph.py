"""The graph as its author wrote it: inputs, named nodes and loss, what each passes on to the next, and the numbers at a row."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import sympy
from flint import arb
from numpy.typing import NDArray

from symgraph.judge.reference import Point, Reference, number, reference
from symgraph.show.views.densities import textbook
from symgraph.show.views.formulas import cotangent
from symgraph.show.views.shallow import shallow
from symgraph.spec.canonical import symbols_of
from symgraph.spec.chain_rule import slope
from symgraph.spec.inputs import NamedNode
from symgraph.spec.model import Model


@dataclass(frozen=True, slots=True)
class Vertex:
    """One input, named node, or end of a model.

    Attributes:
        name: as the author wrote it; "loss" and "penalty" are the ends.
        kind: "feature", "weight", "constant", "target", "node", "output", "loss" or "penalty".
        symbol: its SymPy symbol.
        expr: its expression over the symbols of others; None for an input.
    """

    name: str
    kind: str
    symbol: Any
    expr: Any


@dataclass(frozen=True, slots=True)
class Edge:
    """Use of one vertex in the expression of another.

    Attributes:
        source: the name of what is used.
        target: the name of what uses it.
        symbol: the symbol of what is used.
        user: the vertex that uses it.
    """

    source: str
    target: str
    symbol: Any
    user: Vertex

    @property
    def partial(self) -> Any:
        """The local partial d target / d source, a SymPy expression over symbols of the model, the target's own included."""
        return _partial(self.user.expr, self.symbol, self.user.symbol)


N = TypeVar("N", float, NDArray[np.float64])


class Numbers(NamedTuple, Generic[N]):
    """A model's graph at one row, or at several as arrays; NaN stands where there is no value.

    Attributes:
        values: of every vertex.
        cotangents: d loss / d vertex, the penalty added to the loss; empty for a model without a loss.
        partials: of every edge, by its source and target.
    """

    values: Mapping[str, N]
    cotangents: Mapping[str, N]
    partials: Mapping[tuple[str, str], N]

    def passed(self, edge: Edge) -> N:
        """Return what an edge adds to its source's cotangent: that of its target times the local partial."""
        return self.cotangents[edge.target] * self.partials[edge.source, edge.target]


class NamedGraph:
    """The graph of a model's named nodes, and of the parts of expressions that are too deep.

    The loss of a likelihood is as textbooks write it, not as it is computed.

    Args:
        model: the spec, which may be incomplete; asking for numbers freezes it.

    Attributes:
        model: the spec, its deep expressions in parts.
        ends: the loss and the penalty, as far as there are such.
        defined: the vertices that have expressions.
    """

    def __init__(self, model: Model) -> None:
        shown = textbook(model)
        flat = shallow(shown)
        self.model = model if flat is shown else flat
        model = flat
        outputs = {node.name for node in model.output_nodes}
        inputs = [Vertex(one.name, one.kind, one.symbol, None) for one in model.inputs]
        nodes = [Vertex(one.name, "output" if one.name in outputs else "node", one.symbol, one.expr) for one in model.nodes]
        ends = {"loss": model.loss_expr, "penalty": model.penalty_expr}
        self.ends = [Vertex(name, name, sympy.Symbol(name), expr) for name, expr in ends.items() if expr is not None]
        self.vertices: tuple[Vertex, ...] = (*inputs, *nodes, *self.ends)
        self.defined = [vertex for vertex in self.vertices if vertex.expr is not None]
        self.by_name: Mapping[str, Vertex] = {vertex.name: vertex for vertex in self.vertices}

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """The edges in the order of their targets, and of the declaration of their sources."""
        return tuple(
            Edge(str(one.name), vertex.name, one, vertex)
            for vertex in self.defined
            for one in sorted(symbols_of(vertex.expr), key=lambda one: one.place)
        )

    def numbers(self, point: Point) -> Numbers[float]:
        """Evaluate the graph and its cotangents at one row by the reference, each number rounded once.

        Args:
            point: a float for every input.

        Raises:
            OptionError: an input has no value.
            SpecError: the model is not complete.
        """
        truth = reference(self.model).truth(point)
        values = {name: float(point[name]) for name in (one.name for one in self.model.inputs)}
        values |= {name: number(value) for name, value in truth.nodes.items()}
        if "loss" in truth.values:
            values["loss"] = number(truth.values["loss"])
        partials: dict[tuple[str, str], float] = {}
        for name, alone in self._alone.items():
            local = alone.truth(values)
            values.setdefault(name, number(local.values["loss"]))
            partials |= {(source, name): number(partial) for source, partial in local.partials["loss"].items()}
        return Numbers(values, self._cotangents(point, partials), partials)

    def _cotangents(self, point: Point, partials: Mapping[tuple[str, str], float]) -> dict[str, float]:
        """Return the cotangent of every vertex; sums of floats, where terms may cancel, only where the reference has none."""
        if "loss" not in self.by_name:
            return {}
        exact, swept = self._swept.truth(point).nodes, self.sweep(partials, *(end.name for end in self.ends))
        balls = {name: exact[f"d {name}"] for name in swept}
        return {name: number(ball) if isinstance(ball, arb) else float(swept[name]) for name, ball in balls.items()}

    def sweep(self, partials: Mapping[tuple[str, str], Any], *roots: str) -> dict[str, NDArray[np.float64]]:
        """Return the derivative of the sum of some vertices by every vertex, from the last to the first.

        Args:
            partials: of every edge, a number or (n,).
            roots: the names of these vertices.
        """
        ones = np.ones(np.shape(next(iter(partials.values()), 0.0)))
        found = {vertex.name: ones * (vertex.name in roots) for vertex in self.vertices}
        with np.errstate(all="ignore"):
            for edge in reversed(self.edges):
                back = found[edge.target]  # a slope that is not finite counts only where something comes back through it
                passed = np.where(back == 0.0, 0.0, back * partials[edge.source, edge.target])
                found[edge.source] = found[edge.source] + passed
        return found

    @cached_property
    def _alone(self) -> Mapping[str, Reference]:
        """By the name of each vertex with an expression: the reference of that expression over the symbols in it."""
        return {one.name: Reference(self.model.local(one.expr)) for one in self.defined}

    @cached_property
    def _swept(self) -> Reference:
        """The reference of the model with a node "d <vertex>" for each cotangent, in reverse order."""
        symbols = {vertex.name: cotangent(vertex.name, place) for place, vertex in enumerate(self.vertices)}
        uses: dict[str, list[Edge]] = {}
        for edge in self.edges:
            uses.setdefault(edge.source, []).append(edge)
        nodes = [NamedNode(f"end {vertex.name}", vertex.symbol, vertex.expr) for vertex in self.ends]
        for vertex in reversed(self.vertices):
            terms = [symbols[edge.target] * edge.partial for edge in uses.get(vertex.name, ())]
            expr = sympy.S.One if vertex in self.ends else sympy.Add(*terms)
            nodes.append(NamedNode(f"d {vertex.name}", symbols[vertex.name], expr))
        return Reference(self.model.with_nodes(nodes))


@lru_cache(maxsize=1024)
def _partial(expr: Any, symbol: Any, own: Any) -> Any:
    """Differentiate; the derivatives of p = exp(t), p, and p = 1/(1 + exp(-t)), p*(1 - p), have the node's own symbol."""
    if expr.is_Pow and expr.exp == -1 and isinstance(expr.base - 1, sympy.exp):
        return -slope((expr.base - 1).exp, symbol) * own * (1 - own)
    found = slope(expr, symbol)
    return found.xreplace({expr: own}) if expr.args else found
