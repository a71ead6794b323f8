"""Reassociating: expressions that lose digits, overflow or have no derivative become equal ones that do not, by ``RULES``.

Runs on the forward graph, before the adjoint, so that derivatives follow the better form.
"""

from symgraph.ir.graph import Graph
from symgraph.rewrite import RULES, apply_rules


def rewrite(graph: Graph) -> Graph:
    """Apply every rule of the table where its condition is known to hold.

    Named nodes keep their name and their value; the graph's declared domains count as known.

    Args:
        graph: the forward graph of a model.
    """
    return apply_rules(graph, RULES)
