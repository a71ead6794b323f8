"""Buffers by liveness: which row of a workspace holds which value of a straight-line program."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from symgraph.ir.graph import Graph


@dataclass(slots=True)
class Buffers:
    """Rows of one kind, handed out again where nobody reads them any more.

    Attributes:
        count: how many rows there are so far.
        at: the row of each value that has one.
    """

    count: int = 0
    at: dict[int, int] = field(default_factory=dict)
    _free: list[int] = field(default_factory=list)

    def copy(self) -> "Buffers":
        """The same state, to go on from apart."""
        return Buffers(self.count, dict(self.at), list(self._free))

    def place(self, value: int, args: Sequence[int], dying: Collection[int], spoiled: Collection[int] = ()) -> int:
        """Choose the row of a value and free those of operands that are read for the last time.

        Args:
            value: what is computed.
            args: its operands; the row of one that dies is taken over, the last one's first, so that few rows are touched.
            dying: values that are read for the last time here.
            spoiled: operands that are still read after the first write to the row, which must not be one of theirs.
        """
        mine = [arg for arg in dict.fromkeys(args) if arg in dying and arg in self.at]
        heir = next((arg for arg in reversed(mine) if arg not in spoiled), None)
        if heir is not None:
            row = self.at[heir]
        elif self._free:
            row = heappop(self._free)
        else:
            row, self.count = self.count, self.count + 1
        self.at[value] = row
        self.release(arg for arg in mine if arg != heir)
        return row

    def release(self, values: Iterable[int]) -> None:
        """Free the rows of values that are not read any more."""
        for value in values:
            if value in self.at:
                heappush(self._free, self.at[value])


def last_reads(graph: Graph, order: Sequence[int], kept: Iterable[int]) -> dict[int, set[int]]:
    """For each operation of a program the values that are read there for the last time.

    Args:
        graph: the graph.
        order: the operations in the order of computation.
        kept: values that are read after the program as well.
    """
    result: dict[int, set[int]] = {position: set() for position in order}
    seen = set(kept)
    for position in reversed(order):
        for arg in graph.nodes[position].args:
            if arg not in seen:
                seen.add(arg)
                result[position].add(arg)
    return result
