"""Exact: drop nodes that no root depends on, and names of such nodes."""

from symgraph.ir.graph import Graph, keep
from symgraph.ir.uses import alive


def prune(graph: Graph) -> Graph:
    """Keep what the roots need, in the order it stands in."""
    living = alive(graph)
    return graph if len(living) == len(graph.nodes) else keep(graph, living)
