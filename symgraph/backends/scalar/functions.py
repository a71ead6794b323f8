"""Which functions a module brings along because its language's library has none: templates/<backend>/functions.py.jinja."""

from symgraph.backends.expression import OpTexts
from symgraph.ir.graph import Graph

OWN_FUNCTIONS = ("gauss", "erf", "erfc", "erfcx", "ierfcx")
"""Ops that a template of functions can hold; a backend whose text for one calls ``_<op>`` needs it there."""


def own_functions(graph: Graph, texts: OpTexts) -> tuple[str, ...]:
    """The ops of a graph whose functions must stand in the module itself.

    Args:
        graph: what the module computes.
        texts: the backend's op texts.
    """
    used = {node.op for node in graph.nodes}
    return tuple(name for name in OWN_FUNCTIONS if name in used and texts[name].format.startswith(f"_{name}("))
