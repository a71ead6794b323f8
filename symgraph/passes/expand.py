"""Exact: ops with a stable form are replaced by it, so that backends need only primitive ops.

Parts that the stable form shares with the local partials (the exponential inside sigmoid, say) become one node.
"""

from symgraph.derive.fragments import STABLE, instantiate
from symgraph.ir.graph import Graph, GraphBuilder, Node, rebuild
from symgraph.ir.ops import OPS

_COMPOSED = frozenset(name for name, row in OPS.items() if row.stable is not None)


def expand(graph: Graph) -> Graph:
    """Replace composed ops by their stable forms, which consist of primitive ops, as a test checks."""
    return rebuild(graph, _expand, _COMPOSED)


def _expand(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int:
    return instantiate(builder, node.op, STABLE, args)
