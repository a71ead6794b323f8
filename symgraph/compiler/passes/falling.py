"""Exact: mark the exponentials whose argument is never above 0; C has a faster function for them in loops over rows."""

from symgraph.compiler.ir.graph import Graph
from symgraph.compiler.ir.special import marked_as
from symgraph.compiler.numerics.exponentials import falls


def falling(graph: Graph) -> Graph:
    """Mark the exponentials that vary by row and never exceed 1."""
    found = [position for position, node in enumerate(graph.nodes) if node.varying and falls(graph, position)]
    return marked_as(graph, found, lambda _: "exp_minus")
