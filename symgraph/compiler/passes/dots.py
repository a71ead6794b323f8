"""Reassociating: the sum over rows of a product becomes a dot product, which needs no array for the product.

For batches of NumPy alone, after all other passes. A dot product adds in its own order, and may not round the products.
"""

from collections import Counter
from itertools import chain

from symgraph.compiler.ir.graph import SUMS, Graph, GraphBuilder, Node, rebuild
from symgraph.compiler.numerics.uses import alive
from symgraph.compiler.passes.prune import prune


def dots(graph: Graph) -> Graph:
    """Sum the product of two values that vary by row, needed for that alone, without computing it row by row.

    A factor that depends on the cotangent alone may be one number for all rows, of which there is no dot product.
    """
    nodes, seeds, roots = graph.nodes, _of_the_cotangent(graph), frozenset(graph.roots.values())
    reads = Counter(chain.from_iterable([nodes[position].args for position in alive(graph)]))

    def dot(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        summed = nodes[node.args[0]]
        rows = [arg for arg in summed.args if nodes[arg].varying and arg not in seeds]
        if reads[node.args[0]] > 1 or node.args[0] in roots or summed.op != "mul" or len(rows) < 2:
            return None
        return builder.add("rowdot", *builder.nodes[args[0]].args)

    return prune(rebuild(graph, dot, {"rowsum"}))


def _of_the_cotangent(graph: Graph) -> frozenset[int]:
    """Return the cotangent, and the operations of arithmetic that vary by row with it alone."""
    nodes = graph.nodes
    found: set[int] = set()
    for position, node in enumerate(nodes):
        parts = [arg for arg in node.args if nodes[arg].varying]
        numbers = node.varying and not node.boolean and node.op != "select" and node.op not in SUMS
        if node.op == "cotangent" or (numbers and parts and all(arg in found for arg in parts)):
            found.add(position)
    return frozenset(found)
