"""Selections that are the larger of two numbers: a step of emission for blocks."""

from collections import Counter

from symgraph.ir.falling import falls
from symgraph.ir.graph import BOOLEAN_OPS, Graph
from symgraph.ir.uses import alive

_CONNECTIVES = frozenset({"and", "or", "not"})


def steps(graph: Graph) -> Graph:
    """Write 1 where a comparison holds, else an exponential of at most 1, as the larger of the exponential and the comparison.

    Whether it holds is then a number, 1 or 0. That is a fourth of the work of a selection, which must not multiply what may be
    infinite. Positions stay what they are.
    """
    selections: dict[int, list[int]] = {}
    for position, node in enumerate(graph.nodes):
        if node.op == "select" and node.varying and graph.nodes[node.args[1]].data == 1.0 and falls(graph, node.args[2]):
            selections.setdefault(node.args[0], []).append(position)
    if not selections:
        return graph
    nodes = list(graph.nodes)
    reads = Counter(arg for position in alive(graph) for arg in graph.nodes[position].args)
    for condition, found in selections.items():
        node = graph.nodes[condition]
        compares = node.op in BOOLEAN_OPS - _CONNECTIVES and node.varying
        if compares and reads[condition] == len(found) and condition not in graph.roots.values():
            nodes[condition] = node._replace(boolean=False)
            for position in found:
                _, _, exponential = graph.nodes[position].args
                nodes[position] = nodes[position]._replace(op="max", args=(exponential, condition))
    return Graph(graph.name, tuple(nodes), graph.roots, graph.names, graph.domains)
