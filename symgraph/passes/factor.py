"""Reassociating: values that lose digits although their derivatives are right, a*a - b*b say, by ``VALUE_RULES``."""

from symgraph.ir.graph import Graph
from symgraph.rewrite import VALUE_RULES, apply_rules


def factor(graph: Graph) -> Graph:
    """Apply the rules for values alone; runs after the adjoint, whose results stay as they are."""
    return apply_rules(graph, VALUE_RULES)
