"""Exact: a root of a value that is 0 wherever a condition fails is selected to be 0 there, so that its slope is 0 there too.

The slope of a root is infinite at 0; multiplied by the slope of an operand that is 0 in a whole region it would be NaN:
``sqrt(heaviside(a)*a)`` for a < 0. So the root is taken of 1 there, and not selected. A root of a value that is 0 at one point
keeps its infinite slope.
"""

from symgraph.compiler.ir.graph import Graph, GraphBuilder, Node, rebuild
from symgraph.compiler.numerics.monomials import ROWS, Reading, Term, product, times
from symgraph.compiler.numerics.zeros import Zeros, follows_first

_ROOTS = frozenset({"sqrt", "cbrt", "pow"})

_CUTS = {"relu": "gt", "heaviside": "ge", "max": "ge", "min": "le"}
"""Ops that are 0 unless their first operand compares in this way with 0; max and min only where their second operand is 0."""

_SOURCES = frozenset({*_CUTS, "select", "abs"})


def flat(graph: Graph) -> Graph:
    """Select 0 for the roots of values that are 0 in a region."""
    ops = {node.op for node in graph.nodes}
    if _ROOTS.isdisjoint(ops) or _SOURCES.isdisjoint(ops):
        return graph
    finders: list[_Regions] = []

    def choose(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        if not _is_root(builder, node.op, args):
            return None
        if not finders:
            finders.append(_Regions(builder))
        condition = finders[0].of(args[0])
        if condition is None:
            return None
        safe = builder.add("select", condition, args[0], builder.const(1.0))
        return finders[0].only_where(condition, builder.add(node.op, safe, *args[1:]))

    return rebuild(graph, choose, _ROOTS)


def _is_root(builder: GraphBuilder, op: str, args: tuple[int, ...]) -> bool:
    """Tell if an operation is 0 at 0 with an infinite slope."""
    exponent = builder.nodes[args[-1]].data
    return op in ("sqrt", "cbrt") or (op == "pow" and isinstance(exponent, float) and 0.0 < exponent < 1.0)


class _Regions(Zeros):
    """Finder that also knows ops which are 0 on one side of 0, and those that are 0 at 0."""

    def __init__(self, builder: GraphBuilder) -> None:
        super().__init__(builder)
        self.reading = Reading(builder)

    def both(self, left: int | None, right: int | None) -> int | None:
        """Return the condition that both factors are not 0; that of one factor where both would cost too much."""
        if left is None or right is None:
            return right if left is None else left
        joined = self.joined("and", left, right)
        return left if joined is None else joined

    def further(self, position: int, node: Node, inner: int | None) -> int | None:
        """Return the condition of an operation, given that of its first operand."""
        if node.op in _CUTS:
            cut = node.op in ("relu", "heaviside") or self.builder.nodes[node.args[1]].data == 0.0
            return self._compared(_CUTS[node.op], node.args[0]) if cut else None
        if node.op in ("add", "sub"):
            return self._folded(position)
        return inner if follows_first(self.builder.nodes, node) else None

    def _folded(self, position: int) -> int | None:
        """Return the condition of a multiple of abs(y) + y, or of abs(y) - y."""
        terms = self.reading.terms(position)
        for term in terms:
            for node in [~key for key, exponent in term.monomial if exponent == 1 and ROWS < key < 0]:
                factor = Term(term.coefficient, product(term.monomial, ((~node, -1),)))
                other = {times(factor, part) for part in self.reading.terms(node)}
                rest = {part for part in terms if part != term}
                for sign, order in ((1, "ge"), (-1, "le")):
                    if rest == {Term(sign * part.coefficient, part.monomial) for part in other}:
                        return self._compared(order, node)
        return None

    def _compared(self, order: str, position: int) -> int:
        """Add the comparison of a node with 0."""
        return self.builder.add(order, position, self.builder.const(0.0))
