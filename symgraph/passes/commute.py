"""Exact: a sum or product that stands elsewhere with its operands exchanged is computed once."""

from symgraph.ir.graph import Graph, GraphBuilder, Node, rebuild

_COMMUTATIVE = frozenset({"add", "mul"})


def commute(graph: Graph) -> Graph:
    """Share a*b with b*a, in the order that was met first."""
    seen: dict[tuple[str, int, int], int] = {}

    def share(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        if node.op not in _COMMUTATIVE:
            return None
        low, high = sorted(args)
        return seen.setdefault((node.op, low, high), builder.copy(node, args))

    return rebuild(graph, share)
