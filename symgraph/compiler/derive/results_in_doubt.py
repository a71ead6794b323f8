"""The results of which a graph with care tells whether digits may be lost in them, by the roots that tell."""

from collections.abc import Iterator, Mapping, Sequence

from symgraph.columns import PREFIXES
from symgraph.compiler.derive.schedule import roots_of
from symgraph.compiler.ir.graph import DOUBTS, OUTPUT_DOUBTS, RESIDUAL_DOUBTS, Graph, GraphBuilder
from symgraph.module_functions import FEATURE_JACOBIAN

_KINDS: Mapping[str, Sequence[tuple[str, ...]]] = {
    DOUBTS: (("loss",), ("loss", "grad")),
    RESIDUAL_DOUBTS: (("residual",), ("residual", PREFIXES["residual"])),
    OUTPUT_DOUBTS: (("output",), ("output", PREFIXES["output"]), (FEATURE_JACOBIAN,)),
}
"""Kinds of results of which the columns of each function tell: those that a loop writes together, which the last one names."""


def columns_of_doubts(graph: Graph, row: Mapping[int, int]) -> Iterator[tuple[str, Sequence[int]]]:
    """Yield the names of roots that tell of results, and the results of one row.

    Args:
        graph: the graph.
        row: what stands in the place of values that follow from sums over rows, see ``with_rows_alone``.
    """
    for name, columns in _KINDS.items():
        for kinds in columns:
            # a residual may have the derivatives of the output
            there = kinds if roots_of(graph, kinds[-1]) or kinds[-1] != PREFIXES["residual"] else ("output", PREFIXES["output"])
            if roots_of(graph, columns[0][0]) and roots_of(graph, there[-1]):
                results = [position for kind in there for position in roots_of(graph, kind)]
                yield f"{name} {kinds[-1]}", [row.get(position, position) for position in results]


def with_rows_alone(builder: GraphBuilder, graph: Graph) -> Mapping[int, int]:
    """Add what follows from sums over rows as it is for one row; return it by the nodes in whose places it is."""
    found: dict[int, int] = {}
    for position, node in enumerate(graph.nodes):
        if node.op == "rowsum":
            found[position] = found.get(node.args[0], node.args[0])
        elif any(arg in found for arg in node.args):
            found[position] = builder.copy(node, tuple(found.get(arg, arg) for arg in node.args))
    return found
