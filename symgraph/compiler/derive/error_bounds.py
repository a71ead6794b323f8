"""Bounds of rounding errors to first order, as nodes beside the values of a graph.

Each operation adds the errors of its operands, by the slopes of the op table, and its own rounding (Higham, Accuracy and
Stability of Numerical Algorithms, 2nd ed. 2002, section 3.3). Errors that are not small beside the scale on which a function
changes count as infinite, and so does what has no rule.
"""

import sys
from collections.abc import Sequence
from itertools import compress
from math import frexp, inf, isinf

from symgraph.compiler.derive.op_graphs import instantiate
from symgraph.compiler.ir.graph import BOOLEAN_OPS, Graph, GraphBuilder, Node, marked
from symgraph.spec.ops.op import REFUSED, over
from symgraph.spec.ops.ops import OPS

_UNIT, _TINY = 2.0**-53, 2.0**-1073
_NEAR = 2.0**-7
"""Errors beyond so much of the scale on which a function changes are taken for infinite."""
_MORE = 1.0 + 2.0**-5
"""More than what first order leaves out then, and than the error of computing a bound."""
_LIMIT = sys.float_info.max / 2
"""Constants from here on limit what overflows."""

_SAME = frozenset({"neg", "abs", "stop"})
_COMPARED = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})
_LARGEST = frozenset({"max", "min"})
_JUMPS = frozenset({"sign", "heaviside", "floor"})
_FUSED = frozenset({"fma", "fms", "fnma"})


class ErrorBounds:
    """Bounds of the errors of some values of a graph, and of all from which these follow.

    Args:
        builder: where the bounds are added; it continues the graph.
        graph: the graph.
        results: the values.
        noise: by how much of a target, or of what stands beside it, an error of their sum or difference may be off without
            counting; such a residual is as small as noise.
    """

    def __init__(self, builder: GraphBuilder, graph: Graph, results: Sequence[int], noise: float) -> None:
        self.builder, self.add, self.const = builder, builder.add, builder.const
        self.nodes = graph.nodes
        self.noise = noise
        self.known: dict[int, int | None] = {}  # None for what is exact
        for position in compress(range(len(self.nodes)), marked(self.nodes, results)):
            self.known[position] = self._of(position, self.nodes[position])

    def of(self, position: int) -> int:
        """Return the bound of a value's error."""
        return self._or_0(self.known[position])

    def relative(self, position: int, least: float) -> int:
        """Return the bound of a value's error over its size and the least that counts."""
        beside = self.add("add", self._size(position), self.const(least))
        return self.add("div", self.of(position), beside)

    def _of(self, position: int, node: Node) -> int | None:
        """Return the bound of a value by those of its operands."""
        if isinstance(node.data, float):
            is_exact = abs(node.data) >= _LIMIT or frexp(node.data)[0] * 2.0**24 % 1.0 == 0.0
            return None if is_exact else self.const(abs(node.data) * _UNIT)
        if node.data is not None:  # given, or a limit
            return None
        errors = [self.known[arg] for arg in node.args]
        if node.op in _SAME or (node.op in _JUMPS and errors.count(None) == len(errors)):
            return errors[0]
        if node.op in BOOLEAN_OPS | _JUMPS:
            return self._certain(node, errors)
        if node.op in _LARGEST:
            there = [error for error in errors if error is not None]
            return self.add("max", *there) if len(there) == 2 else next(iter(there), None)
        if node.op == "select":
            chosen = [self._or_0(error) for error in errors[1:]]
            either = errors[1] if errors[1] == errors[2] else self.add("select", node.args[0], *chosen)
            return self._sum([either, errors[0]])
        return self._rounded(position, node, errors)

    def _rounded(self, position: int, node: Node, errors: Sequence[int | None]) -> int | None:
        """Return the bound of a value that is rounded: what its operands' errors make of it, and its own."""
        moved = self._moved(position, node, errors)
        if node.op == "mul" and any(_is_power_of_2(self.nodes[arg]) for arg in node.args):
            return moved
        own = self._times(self._size(position), self._units(node) * 2 * _UNIT)
        if node.op in _FUSED:  # machines without the instruction round the product too
            product = self.add("mul", node.args[0], node.args[1])
            own = self.add("add", own, self._times(self.add("abs", product), _UNIT))
        tiny = None if node.op in ("add", "sub") else self.const(_TINY)
        found = self._sum([moved, own, tiny])
        beside = [arg for arg in node.args if self.nodes[arg].op == "target"]
        if node.op in ("add", "sub") and beside and found is not None:  # a residual is judged beside what it is made of
            size = self.add("max", *map(self._size, node.args))
            return self.add("select", self.add("le", found, self._times(size, self.noise)), self.const(0.0), found)
        return found

    def _units(self, node: Node) -> float:
        """Return the bound of an operation's own error in units of 2**-52 of its value."""
        row = OPS.get(node.op)
        if row is None:
            return 0.5 if node.op in _FUSED else inf
        is_of_value = not row.note or row.note.startswith("partial") or node.op in ("pow", "power_slope")
        return row.ulp if is_of_value else inf

    def _moved(self, position: int, node: Node, errors: Sequence[int | None]) -> int | None:
        """Return by how much a value is off because its operands are."""
        if not any(error is not None for error in errors):
            return None
        sizes, first = [self._size(arg) for arg in node.args], errors[0]
        if node.op in ("add", "sub"):
            return self._sum(errors)
        if node.op == "mul" or node.op in _FUSED:
            return self._sum([self._product(sizes, errors), *errors[2:]])
        if node.op == "div":
            return self._quotient(position, sizes, errors)
        if first is None or len(errors) - errors.count(None) > 1:
            return self._by_slopes(position, node, errors)
        if node.op == "exp":
            return self._if_near(first, self.const(1.0), self._more(self.add("mul", first, self._size(position))))
        if node.op in ("log", "sqrt"):
            slope = sizes[0] if node.op == "log" else self._size(position)
            return self._if_near(first, sizes[0], self._more(self.add("div", first, slope)))
        if node.op == "pow":
            change = self.add("mul", first, sizes[1])
            relative = self.add("div", change, sizes[0])
            return self._if_near(change, sizes[0], self._more(self.add("mul", relative, self._size(position))))
        return self._by_slopes(position, node, errors)

    def _product(self, sizes: Sequence[int], errors: Sequence[int | None]) -> int | None:
        """Return the error of the product of the first two operands: each error times the other factor, and both."""
        (a, b), (da, db) = sizes[:2], errors[:2]
        by_a = None if da is None else self.add("mul", b, da)
        by_b = None if db is None else self.add("mul", a, db)
        both = None if da is None or db is None else self.add("mul", da, db)
        return self._sum([by_a, by_b, both])

    def _quotient(self, position: int, sizes: Sequence[int], errors: Sequence[int | None]) -> int | None:
        """Return the error of a quotient, of which the divisor's is small beside it."""
        da, db = errors
        by_divisor = None if db is None else self.add("mul", self._size(position), db)
        moved = self._more(self.add("div", self._or_0(self._sum([da, by_divisor])), sizes[1]))
        return moved if db is None else self._if_near(db, sizes[1], moved)

    def _by_slopes(self, position: int, node: Node, errors: Sequence[int | None]) -> int | None:
        """Return the error of a function by its slopes, which is infinite where they may change within the operands' errors."""
        row, add, const = OPS.get(node.op), self.add, self.const
        if row is None or isinf(row.ulp) or node.op == "mod":
            return const(inf)
        parts = list[int | None]()
        for place, error in enumerate(errors):
            if error is None:
                continue
            factors = row.partials[place]
            if factors is REFUSED:
                return const(inf)
            if not factors:
                continue
            size, steep = self._size(node.args[place]), self._slope(position, node, place)
            moved = add("add", self._more(add("mul", error, steep)), self._bend(error, position))
            near = self._if_near(add("mul", error, add("add", size, const(1.0))), const(1.0), moved)
            for end in (row.domain[place].low, row.domain[place].high):
                if not isinf(end):
                    gap = add("abs", add("sub", node.args[place], const(end))) if end else size
                    near = self._if_near(error, gap, near)
            if row.besides:  # poles of its slope
                steeper = add("add", steep, const(1.0))
                near = self._if_near(add("mul", add("mul", error, steeper), steeper), const(1.0), near)
            parts.append(near)
        return self._sum(parts)

    def _slope(self, position: int, node: Node, place: int) -> int:
        """Return the size of the partial by one operand."""
        found: int | None = None
        for number, factor in enumerate(OPS[node.op].partials[place]):
            one = self._size(instantiate(self.builder, node.op, f"partial {place} {number}", node.args, position))
            if isinstance(factor, over):
                found = self.add("div", self.const(1.0) if found is None else found, one)
            else:
                found = one if found is None else self.add("mul", found, one)
        return self.const(1.0) if found is None else found

    def _bend(self, error: int, position: int) -> int:
        """Return what a slope that is 0 leaves out: the square of the error, times 1 and the value's size."""
        return self.add("mul", self.add("mul", error, error), self.add("add", self._size(position), self.const(1.0)))

    def _certain(self, node: Node, errors: Sequence[int | None]) -> int | None:
        """Return 0 where errors cannot change a condition or a jump, else infinity."""
        total = self._sum(errors)
        if total is None or node.op in BOOLEAN_OPS - _COMPARED:
            return total
        if node.op == "floor":
            return self.const(inf)
        one, other = node.args if node.op in _COMPARED else (node.args[0], self.const(0.0))
        gap = self.add("abs", self.add("sub", one, other))
        return self.add("select", self.add("ge", gap, self._more(total)), self.const(0.0), self.const(inf))

    def _if_near(self, error: int, scale: int, moved: int) -> int:
        """Return a bound where an error is small beside a scale, else infinity."""
        return self.add("select", self.add("le", error, self._times(scale, _NEAR)), moved, self.const(inf))

    def _size(self, position: int) -> int:
        """Return the size of a value."""
        data = self.builder.nodes[position].data
        return self.const(abs(data)) if isinstance(data, float) else self.add("abs", position)

    def _more(self, error: int) -> int:
        """Return a bound with what first order leaves out."""
        return self._times(error, _MORE)

    def _times(self, position: int, factor: float) -> int:
        """Multiply by a number."""
        data = self.builder.nodes[position].data
        return self.const(data * factor) if isinstance(data, float) else self.add("mul", position, self.const(factor))

    def _or_0(self, error: int | None) -> int:
        """Return a bound as a node, 0 for what is exact."""
        return self.const(0.0) if error is None else error

    def _sum(self, errors: Sequence[int | None]) -> int | None:
        """Add up bounds; None if all values are exact."""
        there = [error for error in errors if error is not None]
        return self.builder.chain("add", there) if there else None


def _is_power_of_2(node: Node) -> bool:
    return isinstance(node.data, float) and abs(frexp(node.data)[0]) == 0.5
