"""Reassociating as `removable` does, for modules that carry twice the digits of a float, or bound their errors."""

from fractions import Fraction

from symgraph.ir.graph import Graph
from symgraph.passes.removable import removable


def removable_precisely(graph: Graph) -> Graph:
    """Write what cancels at 0 as a polynomial near there that leaves nothing away which two floats hold."""
    return removable(graph, Fraction(1, 2**108))
