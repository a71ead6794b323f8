"""Functions in the place of those that a module's lines call by name, for lines that are run with other numbers than arrays."""

from collections.abc import Iterable, Mapping

from symgraph.compiler.ir.graph import Graph
from symgraph.spec.ops.ops import OPS


def functions_called(graphs: Iterable[Graph], column: str) -> Mapping[str, str]:
    """Return the functions of a column of the op table, by the names that lines call.

    Args:
        graphs: those that the lines are printed from.
        column: "pairs" or "bound"; operators, and select, are found without a name.
    """
    found = {}
    for op in sorted({node.op for graph in graphs for node in graph.nodes if node.op in OPS} - {"select"}):
        text, function = OPS[op].text("numpy"), getattr(OPS[op], column)
        name = text.format.partition("(")[0] if text is not None else "{"
        if function and isinstance(function, str) and "{" not in name:
            found[name] = function
    return found
