"""Reassociating: what cancels in values becomes a form that keeps digits, by ``VALUE_RULES``, after the adjoint.

Where a rule fits, ``cancel`` comes first: in a difference that a rule has rewritten it would not see the terms any more.
"""

from symgraph.compiler.ir.graph import Graph
from symgraph.compiler.passes.cancel import cancel
from symgraph.compiler.rewrite import VALUE_RULES, apply_rules


def factor(graph: Graph) -> Graph:
    """Apply the rules for values."""
    found = apply_rules(graph, VALUE_RULES)
    return graph if found is graph else apply_rules(cancel(graph), VALUE_RULES)
