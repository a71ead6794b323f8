"""Distribution of a C function's operations over loops: calls of the C library apart, all else vector code, none too long."""

from collections.abc import Sequence

from symgraph.compiler.backends.c.library import LIBRARY
from symgraph.compiler.ir.graph import Graph
from symgraph.compiler.ir.special import parts_of
from symgraph.spec.ops.ops import OPS

LONGEST_LOOP = 250
"""Most work of a loop, in additions: compilers take more than twice the time for a loop of twice the length."""


def split(graph: Graph, order: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Distribute operations over loops, as few as possible.

    Args:
        graph: the graph.
        order: positions of operations, in the order of the graph, those that do not vary first.

    Returns:
        The positions of each loop, in the order of the loops and of the graph; one loop where nothing calls the library and the
        work is little.
    """
    stage: dict[int, tuple[int, bool]] = {}
    for position in order:
        node = graph.nodes[position]
        before = (stage[arg] for arg in node.args if arg in stage)
        # a loop of calls comes after the loop that computes their operands
        calls = node.varying and node.op in LIBRARY
        stage[position] = max((level + called for level, called in before), default=0), calls
    loops: list[list[int]] = [[]]
    work_of = {position: sum(OPS[op].cost for op in parts_of(graph.nodes[position].op)) for position in order}
    if sum(work_of.values()) > LONGEST_LOOP:
        order = _soon_read(graph, order)
    for number, one in enumerate(sorted(set(stage.values()))):
        room = LONGEST_LOOP
        if number:
            loops.append([])
        for position in order:
            if stage[position] != one:
                continue
            work = work_of[position]
            if work > room and loops[-1]:
                loops.append([])
                room = LONGEST_LOOP
            loops[-1].append(position)
            room -= work
    return tuple(map(tuple, loops))


def _soon_read(graph: Graph, order: Sequence[int]) -> list[int]:
    """Order operations so that each comes right before what reads it first: then parts keep few values for each other."""
    found: dict[int, None] = {}
    inside = set(order)
    for varies in (False, True):
        todo = [position for position in reversed(order) if graph.nodes[position].varying == varies]
        read = {arg for position in todo for arg in graph.nodes[position].args}
        todo = [position for position in todo if position not in read]
        while todo:
            position = todo[-1]
            before = [arg for arg in graph.nodes[position].args if arg in inside and arg not in found]
            if not before:
                found[todo.pop()] = None
            else:
                todo += reversed(before)
    return [*found]
