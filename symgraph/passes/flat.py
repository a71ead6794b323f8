"""Exact: a root of a value that is 0 wherever a condition fails is selected to be 0 there, so that its slope is 0 there too.

The slope of a root is infinite at 0; multiplied by the slope of an operand that is 0 in a whole region it would be NaN:
``sqrt(heaviside(a)*a)`` for a < 0. So the root is taken of 1 there, and not selected. A root of a value that is 0 at one point
keeps its infinite slope.
"""

from functools import cache
from typing import NamedTuple

from symgraph.ir.graph import Graph, GraphBuilder, Node, rebuild
from symgraph.ir.monomials import ROWS, Reading, Term, product, times
from symgraph.ir.ops import OPS
from symgraph.ir.uses import operands_first

_ROOTS = frozenset({"sqrt", "cbrt", "pow"})

_CUTS = {"relu": "gt", "heaviside": "ge", "max": "ge", "min": "le"}
"""Ops that are 0 unless their first operand compares in this way with 0; max and min only where their second operand is 0."""

_SOURCES = frozenset({*_CUTS, "select", "abs"})


_MOST = 8
"""Most comparisons in a condition; one of more is not worth its cost."""


class _Region(NamedTuple):
    """Condition without which a node is 0.

    Attributes:
        op: "gt", "ge" or "le" for a comparison with 0, "is" or "not" for a condition of the graph, "and" or "or".
        parts: the node that is compared or holds, or the conditions that are joined.
        size: the number of comparisons in it.
    """

    op: str
    parts: "tuple[int] | tuple[_Region, _Region]"
    size: int = 1


def flat(graph: Graph) -> Graph:
    """Select 0 for the roots of values that are 0 in a region."""
    ops = {node.op for node in graph.nodes}
    if _ROOTS.isdisjoint(ops) or _SOURCES.isdisjoint(ops):
        return graph
    regions: list[_Regions] = []

    def choose(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        if not _is_root(builder, node.op, args):
            return None
        if not regions:
            regions.append(_Regions(builder))
        region = regions[0].of(args[0])
        if region is None:
            return None
        condition = _written(builder, region)
        safe = builder.add("select", condition, args[0], builder.const(1.0))
        return builder.add("select", condition, builder.add(node.op, safe, *args[1:]), builder.const(0.0))

    return rebuild(graph, choose, _ROOTS)


def _is_root(builder: GraphBuilder, op: str, args: tuple[int, ...]) -> bool:
    """Tell if an operation is 0 at 0 with an infinite slope."""
    exponent = builder.nodes[args[-1]].data
    return op in ("sqrt", "cbrt") or (op == "pow" and isinstance(exponent, float) and 0.0 < exponent < 1.0)


class _Regions:
    """Finder of the regions in which a builder's nodes are 0 for all values of other inputs."""

    def __init__(self, builder: GraphBuilder) -> None:
        self.builder = builder
        self.reading = Reading(builder, deep=True)
        self._known: dict[int, _Region | None] = {}

    def of(self, position: int) -> _Region | None:
        """Return the condition without which a node is 0, or None where there is none."""
        nodes = self.builder.nodes
        for top in operands_first(nodes, position, self._known, lambda node: () if node.boolean else node.args):
            self._known[top] = self._found(top, nodes[top])
        return self._known[position]

    def _found(self, position: int, node: Node) -> _Region | None:
        op, args, nodes = node.op, node.args, self.builder.nodes
        known = [self._known.get(arg) for arg in args]
        if op in _CUTS:
            cut = op in ("relu", "heaviside") or nodes[args[1]].data == 0.0
            return _Region(_CUTS[op], (args[0],)) if cut else None
        if op == "select":
            return self._selected(node)
        if op == "mul":
            return _both(*known)
        if op in ("add", "sub"):
            return self._folded(position) if None in known else _either(*known)
        positive = op == "pow" and isinstance(exponent := nodes[args[1]].data, float) and exponent > 0.0
        return known[0] if op == "div" or positive or (args and _is_through_0(op)) else None

    def _folded(self, position: int) -> _Region | None:
        """Return the condition of a multiple of abs(y) + y, or of abs(y) - y."""
        terms = self.reading.terms(position)
        for term in terms:
            for node in [~key for key, exponent in term.monomial if exponent == 1 and ROWS < key < 0]:
                factor = Term(term.coefficient, product(term.monomial, ((~node, -1),)))
                other = {times(factor, part) for part in self.reading.terms(node)}
                rest = {part for part in terms if part != term}
                for sign, order in ((1, "ge"), (-1, "le")):
                    if rest == {Term(sign * part.coefficient, part.monomial) for part in other}:
                        return _Region(order, (node,))
        return None

    def _selected(self, node: Node) -> _Region | None:
        """Return the condition of a selection of 0: the selection's own, joined with that of its other branch."""
        condition, *branches = node.args
        zeros = [self.builder.nodes[branch].data == 0.0 for branch in branches]
        if zeros[0] == zeros[1]:
            return None
        return _both(_Region("not" if zeros[0] else "is", (condition,)), self._known.get(branches[zeros[0]]))


@cache
def _is_through_0(op: str) -> bool:
    """Tell if an op of one operand is 0 where that is; asking its row takes some time."""
    return OPS[op].through_0


def _both(left: _Region | None, right: _Region | None) -> _Region | None:
    """Return the condition of a product; that of one factor where both would cost too much."""
    if left is None or right is None or left == right or left.size + right.size > _MOST:
        return right if left is None else left
    return _Region("and", (left, right), left.size + right.size)


def _either(left: _Region | None, right: _Region | None) -> _Region | None:
    """Return the condition of a sum, which is 0 where both terms are."""
    if left is None or right is None or left == right:
        return left if left == right else None
    return _Region("or", (left, right), left.size + right.size) if left.size + right.size <= _MOST else None


def _written(builder: GraphBuilder, region: _Region) -> int:
    """Add the nodes of a condition."""
    parts = [part if isinstance(part, int) else _written(builder, part) for part in region.parts]
    if region.op == "is":
        return parts[0]
    return builder.add(region.op, *parts, *([builder.const(0.0)] if region.op in ("gt", "ge", "le") else []))
