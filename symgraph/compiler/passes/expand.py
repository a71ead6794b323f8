"""Exact: ops with a stable form are replaced by it, so that backends need only primitive ops.

Parts that the stable form shares with the local partials (the exponential inside sigmoid, say) become one node.
"""

from symgraph.compiler.derive.op_graphs import STABLE, instantiate
from symgraph.compiler.ir.graph import Graph, GraphBuilder, Node, rebuild
from symgraph.spec.ops.ops import OPS


def expand(graph: Graph) -> Graph:
    """Replace composed ops by their stable forms, which consist of primitive ops, as a test checks."""
    composed = {node.op for node in graph.nodes if node.op in OPS and OPS[node.op].stable is not None}
    return rebuild(graph, _expand, composed) if composed else graph


def _expand(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int:
    return instantiate(builder, node.op, STABLE, args)
