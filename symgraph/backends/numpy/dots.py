"""Sums over rows of products, as the dot products that they are: a step of emission, not a pass over what is derived."""

from collections import Counter

from symgraph.ir.graph import SUMS, Graph, GraphBuilder, Node, reachable, rebuild
from symgraph.ir.optext import OpTexts, call
from symgraph.passes.prune import prune

TEXTS: OpTexts = {"rowdot": call("rowsum", 2)}
"""Text of the operation that sums products."""


def dots(graph: Graph) -> Graph:
    """Sum the product of two values that vary by row, needed for that alone, without computing it row by row.

    A factor that depends on the cotangent alone may be one number for all rows, of which there is no dot product.
    """
    alive, seeds = reachable(graph.nodes, graph.roots.values()), of_the_cotangent(graph)
    reads = Counter(arg for position in alive for arg in graph.nodes[position].args)
    roots = frozenset(graph.roots.values())

    def fused(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        summed = graph.nodes[node.args[0]]
        rows = [arg for arg in summed.args if graph.nodes[arg].varying and arg not in seeds]
        if reads[node.args[0]] > 1 or node.args[0] in roots or summed.op != "mul" or len(rows) < 2:
            return None
        return builder.add("rowdot", *builder.nodes[args[0]].args)

    return prune(rebuild(graph, fused, {"rowsum"}))


def of_the_cotangent(graph: Graph) -> frozenset[int]:
    """The cotangent, and operations that vary by row with it alone, by arithmetic."""
    nodes = graph.nodes
    found: set[int] = set()
    for position, node in enumerate(nodes):
        parts = [arg for arg in node.args if nodes[arg].varying]
        numbers = node.varying and not node.boolean and node.op != "select" and node.op not in SUMS
        if node.op == "cotangent" or (numbers and parts and all(arg in found for arg in parts)):
            found.add(position)
    return frozenset(found)
