"""Exponentials that never exceed 1, recognized by the form of their argument."""

from symgraph.compiler.ir.graph import Graph, Node


def falls(graph: Graph, position: int) -> bool:
    """Tell if a node is an exponential whose argument is never above 0, such as -abs(x), -0.5 * abs(x) or -(x * x)."""
    node = graph.nodes[position]
    return node.op == "exp" and _never_above_0(graph, graph.nodes[node.args[0]])


def _never_above_0(graph: Graph, node: Node) -> bool:
    if node.op == "neg":
        return _never_below_0(graph, node.args[0])
    numbers = [graph.nodes[arg].data for arg in node.args]
    if node.op != "mul" or not isinstance(numbers[0], float):
        return False
    return numbers[0] < 0.0 and _never_below_0(graph, node.args[1])


def _never_below_0(graph: Graph, position: int) -> bool:
    node = graph.nodes[position]
    return node.op in ("abs", "exp", "sqrt") or (node.op == "mul" and node.args[0] == node.args[1])
