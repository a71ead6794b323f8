"""Programs: recorded operations in the order in which a block of rows is computed, each value in a row of scratch memory."""

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

import numpy as np

from symgraph.runtime.facts import Array
from symgraph.runtime.recording import ARGUMENT, COPY, DOT, NUMBER, Kind, Node, Recording
from symgraph.runtime.sums import PIECE

MOST_NUMBERS = 20_000_000
"""Entries that the scratch memory of a block may have: 160 MB of float64."""

FEWEST_ROWS = 500
"""Rows of the smallest blocks: fewer take as long, for NumPy's calls."""


ON_NUMBERS = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.divide: operator.truediv,
    np.negative: operator.neg,
}
"""Of two numbers NumPy's operators give the bits of its ufuncs in a tenth of the time."""

Operation = tuple[Callable[..., Any], Sequence[int], int]
"""An operation on numbers: a function, the positions of its operands, and that of its value."""


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A recording, planned.

    Attributes:
        nodes: its operations.
        results: positions of the results.
        weights: positions of the weights that once and tail read, which are their indices as well.
        numbers: the value of each node that is a number, None for others.
        once: what is computed once a call, in order.
        steps: positions of what is computed for each block, in order.
        sums: positions of the sums among the steps, in order.
        tail: what is computed from the sums of all rows, in order.
        order: the place of each result among the sums, where all are sums, else None.
        cotangent: position of the cotangent.
        places: the scratch row of each value by row, counted for each dtype by itself.
        widths: how many scratch rows of each dtype there are.
        block: rows of a block.
    """

    nodes: Sequence[Node]
    results: Sequence[int]
    weights: Sequence[int]
    numbers: Sequence[Any]
    once: Sequence[Operation]
    steps: Sequence[int]
    sums: Sequence[int]
    tail: Sequence[Operation]
    order: Array | None
    cotangent: int
    places: dict[int, int]
    widths: dict[np.dtype[Any], int]
    block: int


def planned(recording: Recording) -> Program:
    """Plan what is needed for the results of a recording, and nothing else."""
    nodes, results = recording
    needed = reached(nodes, results)

    def by_rows(position: int) -> bool:
        return nodes[position].kind is Kind.ROW or nodes[position].function is DOT

    work = [position for position in needed if nodes[position].args]
    steps = sums_early(nodes, [position for position in work if by_rows(position)])

    def operations(kind: Kind) -> Sequence[Operation]:
        found = [(nodes[position], position) for position in work if nodes[position].kind is kind and not by_rows(position)]
        return [(on_numbers(node), node.args, at) for node, at in found]

    places, widths = placed(nodes, steps, results)
    sums = {position: at for at, position in enumerate(p for p in steps if nodes[p].function is DOT)}
    once, tail = operations(Kind.UNIFORM), operations(Kind.TOTAL)
    read = {arg for _, args, _ in (*once, *tail) for arg in args}
    return Program(
        nodes=nodes,
        results=results,
        weights=[p for p in sorted(read.union(results)) if nodes[p].function is ARGUMENT and nodes[p].data[0] == "weight"],
        numbers=[node.data if node.function is NUMBER else None for node in nodes],
        once=once,
        steps=steps,
        sums=[*sums],
        tail=tail,
        order=np.array([sums[position] for position in results]) if sums.keys() >= set(results) else None,
        cotangent=next(p for p, node in enumerate(nodes) if node.function is ARGUMENT and node.data[0] == "cotangent"),
        places=places,
        widths=widths,
        block=min(max(MOST_NUMBERS // max(1, sum(widths.values())), FEWEST_ROWS), PIECE),
    )


def on_numbers(node: Node) -> Callable[..., Any]:
    """Give the function that computes a value from numbers."""
    if node.function is COPY:
        return node.dtype.type
    function: Callable[..., Any] = ON_NUMBERS.get(node.function, node.function)
    return function


def reached(nodes: Sequence[Node], ends: Iterable[int]) -> Sequence[int]:
    """List in order what some values depend on, those values included."""
    found, todo = set(), list(ends)
    while todo:
        position = todo.pop()
        if position not in found:
            found.add(position)
            todo.extend(nodes[position].args)
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


def placed(nodes: Sequence[Node], steps: Sequence[int], kept: Iterable[int]) -> tuple[dict[int, int], dict[np.dtype[Any], int]]:
    """Choose a scratch row for each value by row, and count them; rows of values that are read no more are taken again.

    Args:
        nodes: the operations.
        steps: those of a block, in order.
        kept: values that are read after all steps.
    """
    places: dict[int, int] = {}
    free: dict[Any, list[int]] = {}
    widths: dict[Any, int] = {}
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
                places[position] = widths.get(node.dtype, 0)
                widths[node.dtype] = places[position] + 1
        for arg in mine:
            heappush(free[nodes[arg].dtype], places[arg])
    return places, widths


def last_reads(nodes: Sequence[Node], steps: Sequence[int], kept: Iterable[int]) -> Sequence[Sequence[int]]:
    """List for each step the operands that no later step reads."""
    seen = set(kept)
    dying = []
    for position in reversed(steps):
        args = [arg for arg in dict.fromkeys(nodes[position].args) if arg not in seen]
        seen.update(args)
        dying.append(args)
    return dying[::-1]
