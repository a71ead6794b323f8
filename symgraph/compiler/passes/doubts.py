"""Exact: adds roots that tell of each row whether digits may be lost in it, by the rules of the runtime's ``doubts``.

Of each kind of results, one tells how many bits may be lost, 0 elsewhere. Others are below 0 there: loops that compute the
results note it by the way, by the logarithm of what all watched values lose together, which finds all rows that those rules
find and some more, and divides nothing. A partial that follows from sums over rows is looked at as it is for each row alone: if
no row loses digits, it loses none but those that cancel between rows. For C alone; the lines of a NumPy module are recorded,
and the runtime adds the same test to the recording.
"""

import sys
from collections.abc import Iterator, Sequence
from math import log2

from symgraph.compiler.derive.doubtful import Doubtful, losing
from symgraph.compiler.derive.results_in_doubt import columns_of_doubts, with_rows_alone
from symgraph.compiler.derive.schedule import roots_of
from symgraph.compiler.ir.graph import NOTED, Graph, GraphBuilder
from symgraph.runtime.doubts import ALL_BITS, LOSING_IN_TURN, uses_of

_POWERS = frozenset({"exp", "pow", "power_slope"})
"""Functions whose value may be too large or too small for a normal number, of which the C library need not raise a flag."""
_LEAVING = frozenset({"expm1", "sinh", "cosh"})
"""Functions whose value may be too large."""


def doubts(graph: Graph) -> Graph:
    """Add the roots that tell where digits may be lost."""
    builder = GraphBuilder.over(graph)
    row = with_rows_alone(builder, graph)
    whole, roots = builder.build({}, {}), dict(graph.roots)
    watched = losing(whole)
    for root, results in columns_of_doubts(graph, row):
        own = _Doubts(builder, whole, watched, results)
        roots[root] = own.found()
        kind = root.partition(" ")[2]
        if roots_of(graph, kind):
            roots |= {f"{NOTED} {kind} {number}": position for number, position in enumerate(own.noted())}
    return builder.build(roots, graph.names)


class _Doubts:
    """Writer of the doubt about some results of one row."""

    def __init__(self, builder: GraphBuilder, graph: Graph, watched: Sequence[Doubtful], results: Sequence[int]) -> None:
        self.builder = builder
        self.graph = graph
        self.uses = uses_of(graph.nodes, results, lambda node: node.op == "select")
        self.watched = [one for one in watched if one.position in self.uses]

    def found(self) -> int:
        """Return the node that is the number of bits that may be lost where the results may have few digits, else 0."""
        add, const, found = self.builder.add, self.builder.const, list[int]()
        if self.watched:
            lost = self.builder.chain("add", self._lost())
            found.append(add("below_0", add("add", lost, const(-log2(LOSING_IN_TURN))), add("neg", lost)))
        found += [add("below_0", one, const(ALL_BITS)) for one in self._within_range()]
        return self.builder.chain("add", found or [const(0.0)])

    def noted(self) -> Sequence[int]:
        """Return nodes one of which is below 0 where the results may have few digits; none where they never have."""
        allowed = self.builder.const(-log2(LOSING_IN_TURN))
        return [*([self.builder.chain("add", [*self._lost(), allowed])] if self.watched else []), *self._within_range()]

    def _lost(self) -> list[int]:
        """Add the bits that each watched value has lost, below 0."""
        return [self._where_used(one.position, self.builder.add("lost", *self._beside(one)), 0.0) for one in self.watched]

    def _beside(self, one: Doubtful) -> tuple[int, int]:
        """Return how far a watched value is from a number, and beside what that may be small."""
        add, const = self.builder.add, self.builder.const
        if one.end or one.beside is None:
            return add("sub", one.position, const(one.end)) if one.end else one.position, const(abs(one.end) or 1.0)
        return one.position, one.beside

    def _where_used(self, position: int, value: int, otherwise: float) -> int:
        """Select a number where a node is not used."""
        unused = self.builder.const(otherwise)
        for condition, holds in sorted(self.uses[position]):
            value = self.builder.add("select", condition, *((value, unused) if holds else (unused, value)))
        return value

    def _within_range(self) -> Iterator[int]:
        """Yield what is below 0 where a function gives a number that is not normal, of one that is."""
        add, const = self.builder.add, self.builder.const
        for position, node in enumerate(self.graph.nodes):
            if position not in self.uses or node.op not in _POWERS | _LEAVING:
                continue
            size = add("abs", position)
            yield self._where_used(position, add("sub", const(sys.float_info.max), size), 1.0)
            if node.op in _POWERS:
                above = add("sub", size, const(sys.float_info.min))
                if node.op != "exp":
                    above = add("select", add("eq", node.args[0], const(0.0)), const(1.0), above)
                yield self._where_used(position, above, 1.0)
