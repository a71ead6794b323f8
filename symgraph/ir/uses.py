"""What reads a node: passes may compute otherwise what nothing but one operation needs."""

from collections import Counter
from collections.abc import Sequence

from symgraph.ir.graph import Graph, GraphBuilder, reachable


def readers(graph: Graph) -> Counter[int]:
    """How many operands, names and roots each node is, as far as the roots need them."""
    alive = reachable(graph.nodes, graph.roots.values())
    uses = Counter(arg for position in alive for arg in graph.nodes[position].args)
    uses.update({*graph.roots.values(), *(position for position in graph.names.values() if position in alive)})
    return uses


def read_once(graph: Graph) -> frozenset[int]:
    """The nodes that are an operand once, and have no name and no other reader."""
    named = {*graph.roots.values(), *graph.names.values()}
    return frozenset(position for position, count in readers(graph).items() if count == 1 and position not in named)


def product(builder: GraphBuilder, factors: Sequence[int]) -> int:
    """Multiply from left to right."""
    result = factors[0]
    for factor in factors[1:]:
        result = builder.add("mul", result, factor)
    return result
