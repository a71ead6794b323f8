"""Which functions a module brings along because its language's library has none: templates/<backend>/functions.py.jinja."""

from symgraph.ir.graph import Graph
from symgraph.ir.ops import OPS

OWN_FUNCTIONS = tuple(name for name, row in OPS.items() if row.scalar == f"_{name}")
"""Ops whose functions the template holds."""


def own_functions(graph: Graph) -> tuple[str, ...]:
    """The ops of a graph whose functions must stand in the module itself.

    Args:
        graph: what the module computes.
    """
    used = {node.op for node in graph.nodes}
    return tuple(name for name in OWN_FUNCTIONS if name in used)
