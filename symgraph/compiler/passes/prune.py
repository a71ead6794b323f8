"""Exact: drop nodes that no root depends on, and names of such nodes."""

from symgraph.compiler.ir.graph import Graph, keep
from symgraph.compiler.numerics.uses import alive


def prune(graph: Graph) -> Graph:
    """Keep the nodes that the roots need, in their order."""
    living = alive(graph)
    return graph if len(living) == len(graph.nodes) else keep(graph, living)
