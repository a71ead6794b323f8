"""Exact: products of two inputs, and products with a power of two, are told apart: as pairs of floats they take less.

For compensated arithmetic alone.
"""

import math
from collections.abc import Sequence

from symgraph.ir.graph import Graph, Node
from symgraph.ir.special import marked_as

_EXACT = frozenset({"feature", "weight", "constant", "target"})


def cheap_products(graph: Graph) -> Graph:
    """Mark the products whose pair needs no product of pairs."""
    products = [(position, node) for position, node in enumerate(graph.nodes) if node.op == "mul"]
    scaled = [position for position, node in products if _scales(graph.nodes, node)]
    floats = [position for position, node in products if all(graph.nodes[arg].op in _EXACT for arg in node.args)]
    return marked_as(marked_as(graph, scaled, lambda _: "mul_power"), floats, lambda _: "mul_floats")


def _scales(nodes: Sequence[Node], product: Node) -> bool:
    """Tell if the first factor of a product is a power of two."""
    constant = nodes[product.args[0]].data
    return isinstance(constant, float) and abs(math.frexp(constant)[0]) == 0.5
