"""Exact: a root of what is 0 wherever a condition fails is selected to be 0 there, so that its slope is 0 there too.

The slope of a root is infinite at 0, and times the slope of an operand that is 0 in a whole region it would not be a number:
``sqrt(heaviside(a)*a)`` for a < 0. So the root is taken of 1 there, and not selected. A root of what is 0 at one point keeps
its infinite slope.
"""

from collections.abc import Collection

from symgraph.ir.graph import Graph, GraphBuilder, Node, rebuild
from symgraph.ir.monomials import ROWS, Reading, Term, product, times

_ROOTS = frozenset({"sqrt", "cbrt", "pow"})

_THROUGH_0 = frozenset({"neg", "abs", "sqrt", "cbrt", "sin", "tan", "sinh", "tanh", "asinh", "atan", "expm1", "log1p", "erf"})
"""Ops of one operand that are 0 where it is."""

_CUTS = {"relu": "gt", "heaviside": "ge", "max": "ge", "min": "le"}
"""Ops that are 0 where their first operand does not compare so with 0; max and min where their second one is 0."""

_SOURCES = frozenset({*_CUTS, "select", "abs"})


def flat(graph: Graph) -> Graph:
    """Select 0 for the roots of what is 0 in a region."""
    ops = {node.op for node in graph.nodes}
    if _ROOTS.isdisjoint(ops) or _SOURCES.isdisjoint(ops):
        return graph
    regions = _Regions()

    def choose(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        condition = regions.of(builder, args[0]) if _is_root(builder, node.op, args) else None
        if condition is None:
            return None
        safe = builder.add("select", condition, args[0], builder.const(1.0))
        return builder.add("select", condition, builder.add(node.op, safe, *args[1:]), builder.const(0.0))

    return rebuild(graph, choose, _ROOTS)


def _is_root(builder: GraphBuilder, op: str, args: tuple[int, ...]) -> bool:
    """Whether an operation is 0 at 0 with an infinite slope."""
    exponent = builder.nodes[args[-1]].data
    return op in ("sqrt", "cbrt") or (op == "pow" and isinstance(exponent, float) and 0.0 < exponent < 1.0)


class _Regions:
    """The conditions that must hold where nodes are not 0."""

    def __init__(self) -> None:
        self._known: dict[int, int | None] = {}

    def of(self, builder: GraphBuilder, position: int) -> int | None:
        """The condition without which a node is 0 whatever else, or None where none is known."""
        stack = [position]
        while stack:
            node = builder.nodes[stack[-1]]
            waiting = [arg for arg in node.args if arg not in self._known and not node.boolean]
            if waiting:
                stack.extend(waiting)
                continue
            top = stack.pop()
            if top not in self._known:
                self._known[top] = self._found(builder, top, node)
        return self._known[position]

    def _found(self, builder: GraphBuilder, position: int, node: Node) -> int | None:
        op, args = node.op, node.args
        known = [self._known.get(arg) for arg in args]
        if op in _CUTS:
            cut = op in ("relu", "heaviside") or builder.nodes[args[1]].data == 0.0
            return builder.add(_CUTS[op], args[0], builder.const(0.0)) if cut else None
        if op == "select":
            return self._selected(builder, node)
        if op == "mul":
            return _joined(builder, "and", known)
        if op in ("add", "sub"):
            return self._folded(builder, position) if None in known else _joined(builder, "or", known)
        positive = op == "pow" and isinstance(exponent := builder.nodes[args[1]].data, float) and exponent > 0.0
        return known[0] if op in _THROUGH_0 or op == "div" or positive else None

    def _folded(self, builder: GraphBuilder, position: int) -> int | None:
        """The condition of a multiple of abs(y) + y, or of abs(y) - y."""
        reading = Reading(builder, deep=True)
        terms = reading.terms(position)
        for term in terms:
            for atom in [~key for key, exponent in term.monomial if exponent == 1 and ROWS < key < 0]:
                factor = Term(term.coefficient, product(term.monomial, frozenset({(~atom, -1)})))
                other = {times(factor, part) for part in reading.terms(atom)}
                rest = {part for part in terms if part != term}
                for sign, order in ((1, "ge"), (-1, "le")):
                    if rest == {Term(sign * part.coefficient, part.monomial) for part in other}:
                        return builder.add(order, atom, builder.const(0.0))
        return None

    def _selected(self, builder: GraphBuilder, node: Node) -> int | None:
        condition, *branches = node.args
        zeros = [builder.nodes[branch].data == 0.0 for branch in branches]
        if zeros[0] == zeros[1]:
            return None
        taken = builder.add("not", condition) if zeros[0] else condition
        return _joined(builder, "and", [taken, self._known.get(branches[zeros[0]])])


def _joined(builder: GraphBuilder, op: str, conditions: Collection[int | None]) -> int | None:
    """The conditions that are known, joined."""
    first, *others = [*dict.fromkeys(condition for condition in conditions if condition is not None), None]
    for other in others[:-1]:
        if first is not None and other is not None:
            first = builder.add(op, first, other)
    return first
