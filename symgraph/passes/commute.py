"""Exact: a sum or product is computed once where another one has the same operands exchanged."""

from symgraph.ir.graph import Graph, GraphBuilder, Node, rebuild

_COMMUTATIVE = frozenset({"add", "mul"})


def commute(graph: Graph) -> Graph:
    """Share a*b with b*a, in the order that was met first."""
    pairs = [(node.op, *sorted(node.args)) for node in graph.nodes if node.op in _COMMUTATIVE]
    return graph if len(set(pairs)) == len(pairs) else rebuild(graph, _shared, _COMMUTATIVE)


def _shared(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
    return builder.find(node.op, *reversed(args))
