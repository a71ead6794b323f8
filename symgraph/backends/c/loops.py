"""Distribution of a C function's operations over loops over rows: calls of the C library apart, the rest is vector code."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from symgraph.backends.c.functions import LIBRARY
from symgraph.ir.graph import Graph


@dataclass(frozen=True, slots=True)
class Split:
    """Operations in loops.

    Attributes:
        loops: the positions of each loop, in the order of the graph; one loop where nothing calls the library.
        kept: positions that a later loop reads, whose values are kept in arrays.
    """

    loops: tuple[tuple[int, ...], ...]
    kept: frozenset[int]


def split(graph: Graph, order: Sequence[int], results: Collection[int]) -> Split:
    """Distribute operations over loops, as few as possible.

    Args:
        graph: the graph.
        order: positions of operations that vary, in the order of the graph.
        results: the operations that are read after the last loop.
    """
    stage: dict[int, tuple[int, bool]] = {}
    for position in order:
        node = graph.nodes[position]
        before = (stage[arg] for arg in node.args if arg in stage)
        # a loop of calls comes after the loop that computes their operands
        stage[position] = max((level + called for level, called in before), default=0), node.op in LIBRARY
    stages = sorted(set(stage.values())) or [(0, False)]
    loops = tuple(tuple(position for position in order if stage[position] == one) for one in stages)
    later = {arg for position in order for arg in graph.nodes[position].args if arg in stage and stage[arg] != stage[position]}
    later |= {position for position in results if position in stage and stage[position] != stages[-1]}
    return Split(loops, frozenset(later))
