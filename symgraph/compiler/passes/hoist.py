"""Reassociating: factors that are the same for all rows leave the sums over rows, which are multiplied by them once a call.

A constant or a weight leaves a product from any place; another value only from its end, since products are in an order
in which they do not leave the range of numbers. The remaining sum is often needed anyway.
"""

from collections.abc import Sequence

from symgraph.compiler.ir.graph import Graph, GraphBuilder, Node, replaced
from symgraph.compiler.numerics.uses import factors_of, read_once
from symgraph.compiler.passes.prune import prune

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
    nodes = graph.nodes
    inner = {position for position in read_once(graph) if nodes[position].op == "mul"}
    found: dict[int, tuple[list[int], list[int]]] = {}
    for position, node in enumerate(nodes):
        if node.op == "rowsum" and node.args[0] in inner:
            inside, uniform = _split(nodes, factors_of(nodes, node.args[0], inner))
            if inside and uniform:
                found[position] = inside, uniform

    def outside(builder: GraphBuilder, moved: Sequence[int], position: int) -> int:
        inside, uniform = ([moved[factor] for factor in factors] for factors in found[position])
        total = builder.add("rowsum", builder.chain("mul", inside))
        return builder.add("mul", builder.chain("mul", uniform), total)

    return replaced(graph, found, outside)[0] if found else graph


def _split(nodes: Sequence[Node], factors: list[int]) -> tuple[list[int], list[int]]:
    """Split factors into those that stay inside the sum and those that leave it."""
    last = max((index for index, factor in enumerate(factors) if nodes[factor].varying), default=-1)
    leaves = [index > last or nodes[factor].op in _UNIFORM for index, factor in enumerate(factors)]
    inside = [factor for factor, leaving in zip(factors, leaves, strict=True) if not leaving]
    return inside, [factor for factor, leaving in zip(factors, leaves, strict=True) if leaving]
