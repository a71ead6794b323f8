"""Exact: comparisons and steps whose operand a weight moves are told apart: at the jump there is no derivative.

For error bounds alone. Where the operand is data, exactly on the jump, the spec says what holds there, and so does the truth.
"""

from symgraph.ir.graph import REQUESTED, Graph, reachable
from symgraph.ir.special import EDGED, OPEN, marked_as
from symgraph.ir.uses import influenced


def open_jumps(graph: Graph) -> Graph:
    """Mark the ops with a jump that have a primal operand which a weight influences."""
    nodes = graph.nodes
    derivatives = ("grad ", "jacobian ", *REQUESTED)
    primal = reachable(nodes, [at for root, at in graph.roots.items() if not root.startswith(derivatives)])
    weighted = influenced(nodes, "weight")
    found = [
        position
        for position, node in enumerate(nodes)
        if node.op in EDGED and weighted[position] and all(arg in primal for arg in node.args if weighted[arg])
    ]
    return marked_as(graph, found, lambda op: op + OPEN)
