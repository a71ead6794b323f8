"""What is seen from a few operations: exponentials that never grow, and selections that are the larger of two numbers."""

from collections import Counter

from symgraph.ir.graph import BOOLEAN_OPS, Graph, Node, reachable

_CONNECTIVES = frozenset({"and", "or", "not"})


def steps(graph: Graph) -> Graph:
    """Write 1 where a comparison holds, else an exponential of at most 1, as the larger of the exponential and the comparison.

    Whether it holds is then a number, 1 or 0. That is a fourth of the work of a selection, which must not multiply what may be
    infinite. Positions stay what they are.
    """
    nodes = list(graph.nodes)
    reads = Counter(arg for position in reachable(graph.nodes, graph.roots.values()) for arg in graph.nodes[position].args)
    selections: dict[int, list[int]] = {}
    for position, node in enumerate(graph.nodes):
        if node.op == "select" and node.varying and nodes[node.args[1]].data == 1.0 and falls(graph, node.args[2]):
            selections.setdefault(node.args[0], []).append(position)
    for condition, found in selections.items():
        node = graph.nodes[condition]
        compares = node.op in BOOLEAN_OPS - _CONNECTIVES and node.varying
        if compares and reads[condition] == len(found) and condition not in graph.roots.values():
            nodes[condition] = node._replace(boolean=False)
            for position in found:
                _, _, exponential = graph.nodes[position].args
                nodes[position] = nodes[position]._replace(op="max", args=(exponential, condition))
    return Graph(graph.name, tuple(nodes), graph.roots, graph.names, graph.domains) if selections else graph


def falls(graph: Graph, position: int) -> bool:
    """Whether a node is the exponential of what is never above 0, as -abs(x), -0.5 * abs(x) or -(x * x) are."""
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
