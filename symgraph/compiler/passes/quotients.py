"""Reassociating: a product with a reciprocal that nothing else needs becomes a quotient, which saves a rounding."""

from symgraph.compiler.ir.graph import Graph, GraphBuilder, Node, rebuild
from symgraph.compiler.numerics.uses import read_once


def quotients(graph: Graph) -> Graph:
    """Replace x*(1/y) by x/y."""
    once = read_once(graph)

    def divide(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        for old, reciprocal, other in zip(reversed(node.args), reversed(args), args, strict=True):
            quotient = builder.nodes[reciprocal]
            if old in once and quotient.op == "div" and builder.nodes[quotient.args[0]].data == 1.0:
                return builder.add("div", other, quotient.args[1])
        return None

    nodes = graph.nodes
    reciprocals = {position for position in once if nodes[position].op == "div"}
    at = [p for p, node in enumerate(nodes) if node.op == "mul" and not reciprocals.isdisjoint(node.args)]
    return rebuild(graph, divide, {"mul"}, at)
