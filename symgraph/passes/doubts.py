"""Exact: adds a root that is below 1 in each row in which digits may be lost, by the rules of the runtime's ``doubts``.

There is one root for the functions that know the target, and one for those of outputs. A partial that follows from sums over
rows is looked at as it is for each row alone: if no row loses digits, it loses none but those that cancel between rows. For C
alone; the lines of a NumPy module are recorded, and the runtime adds the same test to the recording.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce

from symgraph.derive.doubtful import Doubtful, losing
from symgraph.derive.schedule import roots_of
from symgraph.ir.graph import DOUBTS, OUTPUT_DOUBTS, Graph, GraphBuilder
from symgraph.runtime.doubts import LOSING, LOSING_IN_TURN, ORDINARY_LOSS, STEP_LOSS, uses_of, watched_below

_OF_OUTPUTS = ("output", "jacobian", "feature_jacobian")
_OF_LOSS = ("loss", "grad", "residual", "residual_jacobian")
"""Kinds of the roots that each of the two is about: those known without a target, and others."""

_POWERS = frozenset({"exp", "pow", "power_slope"})
"""Functions whose value may be too large or too small for a normal number, of which the C library need not raise a flag."""
_LEAVING = frozenset({"expm1", "sinh", "cosh"})
"""Functions whose value may be too large."""


def doubts(graph: Graph) -> Graph:
    """Add the roots that tell where digits may be lost."""
    builder = GraphBuilder.over(graph)
    row = _of_one_row(builder, graph)
    whole, roots = builder.build({}, {}), dict(graph.roots)
    watched = losing(whole)
    for name, kinds in ((DOUBTS, _OF_LOSS), (OUTPUT_DOUBTS, _OF_OUTPUTS)):
        results = [row.get(position, position) for kind in kinds for position in roots_of(graph, kind)]
        if results:
            roots[name] = _Doubts(builder, whole, watched, results).found()
    return builder.build(roots, graph.names)


def _of_one_row(builder: GraphBuilder, graph: Graph) -> Mapping[int, int]:
    """Add what follows from sums over rows as it is for one row; return it by the nodes in whose places it is."""
    found: dict[int, int] = {}
    for position, node in enumerate(graph.nodes):
        if node.op == "rowsum":
            found[position] = found.get(node.args[0], node.args[0])
        elif any(arg in found for arg in node.args):
            found[position] = builder.copy(node, tuple(found.get(arg, arg) for arg in node.args))
    return found


class _Doubts:
    """Writer of the doubt about some results of one row."""

    def __init__(self, builder: GraphBuilder, graph: Graph, watched: Sequence[Doubtful], results: Sequence[int]) -> None:
        self.builder = builder
        self.graph = graph
        self.uses = uses_of(graph.nodes, results, lambda node: node.op == "select")
        self.watched = [one for one in watched if one.position in self.uses]

    def found(self) -> int:
        """Return the node that is below 1 where the results may have few digits."""
        add, const = self.builder.add, self.builder.const
        below = watched_below(self.graph.nodes, {one.position for one in self.watched})
        in_turn, together, known = dict[int, int](), list[int](), [*self._within_range()]
        for one in self.watched:
            ratio = self._ratio(one)
            together.append(self._at_most_1(ratio, 1 / ORDINARY_LOSS))
            chain = self._at_most_1(ratio, 1 / STEP_LOSS)
            parts = [in_turn[place] for place in sorted(below[one.position]) if place in in_turn]
            chain = add("mul", chain, reduce(self._least, parts)) if parts else chain
            in_turn[one.position] = self._least(chain, in_turn[one.position]) if one.position in in_turn else chain
        if self.watched:
            known.append(add("mul", self.builder.chain("mul", together), const(1 / LOSING)))
            known.append(add("mul", reduce(self._least, in_turn.values()), const(1 / LOSING_IN_TURN)))
        return reduce(self._least, known) if known else const(1.0)

    def _ratio(self, one: Doubtful) -> int:
        """Add how small a watched value is beside what stands by it, 1 where it is not used."""
        add, const, value = self.builder.add, self.builder.const, one.position
        value = add("sub", value, const(one.end)) if one.end else value
        if one.end or one.beside is None:
            return self._where_used(one.position, add("abs", add("mul", value, const(1 / abs(one.end))) if one.end else value))
        return self._where_used(one.position, add("abs", add("div", value, one.beside)))

    def _where_used(self, position: int, ratio: int) -> int:
        """Select 1 where a node is not used."""
        unused = self.builder.const(1.0)
        for condition, holds in sorted(self.uses[position]):
            ratio = self.builder.add("select", condition, *((ratio, unused) if holds else (unused, ratio)))
        return ratio

    def _within_range(self) -> Iterator[int]:
        """Yield 0 where a function gives a number that is not normal, of one that is, else 1."""
        add, const, one, zero = self.builder.add, self.builder.const, self.builder.const(1.0), self.builder.const(0.0)
        for position, node in enumerate(self.graph.nodes):
            if position not in self.uses or node.op not in _POWERS | _LEAVING:
                continue
            size = add("abs", position)
            known = add("select", add("gt", size, const(sys.float_info.max)), zero, one)
            if node.op in _POWERS:
                known = add("select", add("lt", size, const(sys.float_info.min)), zero, known)
            if node.op in _POWERS - {"exp"}:
                known = add("select", add("eq", node.args[0], zero), one, known)
            yield self._where_used(position, known)

    def _least(self, one: int, other: int) -> int:
        """Add the lesser of two numbers; compilers make no vector code of conditions that are joined, as for NaN in min."""
        return self.builder.add("select", self.builder.add("lt", one, other), one, other)

    def _at_most_1(self, ratio: int, factor: float) -> int:
        """Add a multiple of a ratio, 1 where it is more or no number."""
        product, one = self.builder.add("mul", ratio, self.builder.const(factor)), self.builder.const(1.0)
        return self.builder.add("select", self.builder.add("lt", product, one), product, one)
