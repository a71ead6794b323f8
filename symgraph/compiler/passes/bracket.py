"""Reassociating: a sum of two products with a common factor becomes one product, a*b + a*c = a*(b + c).

The sizes of the terms are the same on both sides and there is one product less, so that kappa_graph does not grow. Only factors
of the graph are added up; nothing new is multiplied before that, which might leave the range of numbers.
"""

from symgraph.compiler.ir.graph import Graph, GraphBuilder, Node, rebuild
from symgraph.compiler.numerics.uses import read_once


def bracket(graph: Graph) -> Graph:
    """Take a common factor or divisor out of sums and differences of products that nothing else needs.

    What has lost its other readers by that is taken up in a further round.
    """
    taken = _taken(graph)
    while taken.nodes != graph.nodes:
        graph, taken = taken, _taken(taken)
    return taken


def _taken(graph: Graph) -> Graph:
    once = read_once(graph)

    def take_out(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        left, right = (builder.nodes[arg] for arg in args)
        if node.args[0] not in once or node.args[1] not in once or left.op != right.op or left.op not in ("mul", "div"):
            return None
        if left.op == "div":
            if left.args[1] != right.args[1]:
                return None
            return builder.add("div", builder.add(node.op, left.args[0], right.args[0]), left.args[1])
        for place, factor in enumerate(left.args):
            if factor in right.args:
                rest = right.args[1 - right.args.index(factor)]
                total = builder.add(node.op, left.args[1 - place], rest)
                return builder.add("mul", *((factor, total) if place == 0 else (total, factor)))
        return None

    return rebuild(graph, take_out, {"add", "sub"})
