"""Programs: recorded operations in the order in which a block of rows is computed, each value in a row of scratch memory."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

import numpy as np

from symgraph.runtime.recording import COPY, DOT, Kind, Node, Recording
from symgraph.runtime.sums import PIECE

MOST_NUMBERS = 20_000_000
"""Entries that the scratch memory of a block may have: 160 MB of float64."""

FEWEST_ROWS = 500
"""Rows of the smallest blocks: fewer take as long, for NumPy's calls."""


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A recording, planned.

    Attributes:
        nodes: its operations.
        results: positions of the results.
        once: what is computed once a call, in order.
        steps: what is computed for each block, in order.
        sums: the sums among the steps, in order.
        tail: what is computed from the sums of all rows, in order.
        order: the results among the sums, where all are sums.
        places: the scratch row of each value by row, counted for each dtype by itself.
        block: rows of a block.
    """

    nodes: Sequence[Node]
    results: Sequence[int]
    once: Sequence[int]
    steps: Sequence[int]
    sums: Sequence[int]
    tail: Sequence[int]
    order: Sequence[int]
    places: dict[int, int]
    block: int


def planned(recording: Recording) -> Program:
    """Plan what is needed for the results of a recording, and nothing else."""
    nodes, results = recording
    needed = reached(nodes, results)

    def by_rows(position: int) -> bool:
        return nodes[position].kind is Kind.ROW or nodes[position].function is DOT

    work = [position for position in needed if nodes[position].args]
    steps = sums_early(nodes, [position for position in work if by_rows(position)])
    operands = {arg for position in steps for arg in nodes[position].args}
    once = reached(nodes, [p for p in operands.union(results) if nodes[p].kind is Kind.UNIFORM])
    ends = reached(nodes, [p for p in results if not by_rows(p)], lambda p: not by_rows(p))
    places = placed(nodes, steps, results)
    rows = len({(nodes[position].dtype, place) for position, place in places.items()})
    sums = [position for position in steps if nodes[position].function is DOT]
    return Program(
        nodes=nodes,
        results=results,
        once=[position for position in once if nodes[position].args],
        steps=steps,
        sums=sums,
        tail=[position for position in ends if not by_rows(position)],
        order=[sums.index(position) for position in results if position in sums],
        places=places,
        block=min(max(MOST_NUMBERS // max(1, rows), FEWEST_ROWS), PIECE),
    )


def reached(
    nodes: Sequence[Node], ends: Iterable[int], through: Callable[[int], bool] = lambda position: True
) -> Sequence[int]:
    """List in order what some values depend on, those values included; nothing is looked for beyond some."""
    found, todo = set(), list(ends)
    while todo:
        position = todo.pop()
        if position not in found:
            found.add(position)
            todo.extend(nodes[position].args if through(position) else ())
    return sorted(found)


def sums_early(nodes: Sequence[Node], order: Sequence[int]) -> Sequence[int]:
    """Order operations so that a sum, and the rows copied for it, come as soon as they can, while terms are in the cache."""
    places = {position: place for place, position in enumerate(order)}
    ready: dict[int, int] = {}
    for position in order:
        own = places[position]
        if nodes[position].function in (COPY, DOT):
            own = max((ready.get(arg, -1) for arg in nodes[position].args), default=-1)
        ready[position] = own
    return sorted(order, key=lambda position: (ready[position], places[position]))


def placed(nodes: Sequence[Node], steps: Sequence[int], kept: Collection[int]) -> dict[int, int]:
    """Choose a scratch row for each value by row, those of values that are read no more being taken again.

    Args:
        nodes: the operations.
        steps: those of a block, in order.
        kept: values that are read after all steps.
    """
    places: dict[int, int] = {}
    free: dict[Any, list[int]] = {}
    counts: dict[Any, int] = {}
    for position, dying in zip(steps, last_reads(nodes, steps, kept), strict=True):
        node = nodes[position]
        mine = [arg for arg in dying if arg in places]
        if node.kind is Kind.ROW:
            # of a choice, the condition and what is chosen are read after the other branch has been written
            spoiled = node.args[:2] if node.function is np.where else ()
            heirs = [arg for arg in mine if nodes[arg].dtype == node.dtype and arg not in spoiled]
            rows = free.setdefault(node.dtype, [])
            if heirs:
                mine.remove(heirs[-1])
                places[position] = places[heirs[-1]]
            elif rows:
                places[position] = heappop(rows)
            else:
                places[position] = counts[node.dtype] = counts.get(node.dtype, -1) + 1
        for arg in mine:
            heappush(free[nodes[arg].dtype], places[arg])
    return places


def last_reads(nodes: Sequence[Node], steps: Sequence[int], kept: Iterable[int]) -> Sequence[Sequence[int]]:
    """List for each step the operands that no later step reads."""
    seen = set(kept)
    dying = []
    for position in reversed(steps):
        args = [arg for arg in dict.fromkeys(nodes[position].args) if arg not in seen]
        seen.update(args)
        dying.append(args)
    return dying[::-1]
