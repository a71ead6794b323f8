"""Reassociating: factors that are the same for all rows leave the sums over rows, which are multiplied by them once a call.

A constant or a weight leaves a product from any place; another value only from its end, since products are in an order
in which they do not leave the range of numbers. The remaining sum is often needed anyway.
"""

from symgraph.ir.graph import Graph, GraphBuilder, Node, rebuild
from symgraph.ir.uses import product, read_once
from symgraph.passes.prune import prune

_UNIFORM = frozenset({"const", "weight", "constant"})

ROUNDS = 4
"""Number of rounds. A product of two sums belongs to one alone when the other has lost a factor; longer chains of them stay."""


def hoist(graph: Graph) -> Graph:
    """Multiply sums over rows by uniform factors instead of their terms."""
    for _ in range(ROUNDS):
        before, graph = graph, _hoisted(graph)
        if graph is before:
            break
        graph = prune(graph)
    return graph


def _hoisted(graph: Graph) -> Graph:
    once = read_once(graph)

    def outside(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        factors = _factors(graph, once, builder, node.args[0], args[0])
        inside, uniform = _split(builder, factors)
        if not uniform or not inside:
            return None
        total = builder.add("rowsum", product(builder, inside))
        return builder.add("mul", product(builder, uniform), total)

    return rebuild(graph, outside, {"rowsum"})


def _factors(graph: Graph, once: frozenset[int], builder: GraphBuilder, old: int, new: int) -> list[int]:
    """Return the factors, in the new graph, of a product whose partial products nothing else needs."""
    factors: list[int] = []
    while old in once and graph.nodes[old].op == "mul":
        factors.append(builder.nodes[new].args[1])
        old, new = graph.nodes[old].args[0], builder.nodes[new].args[0]
    return [new, *reversed(factors)]


def _split(builder: GraphBuilder, factors: list[int]) -> tuple[list[int], list[int]]:
    """Split factors into those that stay inside the sum and those that leave it."""
    last = max((index for index, factor in enumerate(factors) if builder.nodes[factor].varying), default=-1)
    leaves = [index > last or builder.nodes[factor].op in _UNIFORM for index, factor in enumerate(factors)]
    inside = [factor for factor, leaving in zip(factors, leaves, strict=True) if not leaving]
    return inside, [factor for factor, leaving in zip(factors, leaves, strict=True) if leaving]
