"""Exact: drop nodes that no root depends on, and names of such nodes."""

from symgraph.ir.graph import Graph, GraphBuilder, reachable


def prune(graph: Graph) -> Graph:
    """Keep what the roots need, in the order it stands in."""
    alive = reachable(graph.nodes, graph.roots.values())
    if len(alive) == len(graph.nodes):
        return graph
    builder = GraphBuilder(graph.name, graph.domains)
    moved: dict[int, int] = {}
    for position, node in enumerate(graph.nodes):
        if position in alive:
            moved[position] = builder.copy(node, tuple(moved[arg] for arg in node.args))
    return builder.build(
        {root: moved[position] for root, position in graph.roots.items()},
        {name: moved[position] for name, position in graph.names.items() if position in alive},
    )
