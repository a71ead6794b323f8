"""Bounds of rounding errors to first order, as nodes beside the values of a graph.

Each operation adds the errors of its operands, by the slopes of the op table, and its own rounding (Higham, Accuracy and
Stability of Numerical Algorithms, 2nd ed. 2002, section 3.3). Errors that are not small beside the scale on which a function
changes count as infinite, and so does what has no rule.
"""

import sys
from collections.abc import Sequence
from itertools import compress
from math import frexp, inf, isinf

from symgraph.derive.op_graphs import instantiate
from symgraph.ir.graph import BOOLEAN_OPS, Graph, GraphBuilder, Node, marked
from symgraph.ir.op import REFUSED, over
from symgraph.ir.ops import OPS

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
        self.builder = builder
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
        beside = self.builder.add("add", self._size(position), self.builder.const(least))
        return self.builder.add("div", self.of(position), beside)

    def _of(self, position: int, node: Node) -> int | None:
        """Return the bound of a value by those of its operands."""
        if isinstance(node.data, float):
            is_exact = abs(node.data) >= _LIMIT or frexp(node.data)[0] * 2.0**24 % 1.0 == 0.0
            return None if is_exact else self.builder.const(abs(node.data) * _UNIT)
        if node.data is not None:  # given, or a limit
            return None
        errors = [self.known[arg] for arg in node.args]
        if node.op in _SAME or (node.op in _JUMPS and errors.count(None) == len(errors)):
            return errors[0]
        if node.op in BOOLEAN_OPS | _JUMPS:
            return self._certain(node, errors)
        if node.op in _LARGEST:
            there = [error for error in errors if error is not None]
            return self._larger(*there) if len(there) == 2 else next(iter(there), None)
        if node.op == "select":
            chosen = [self._or_0(error) for error in errors[1:]]
            either = errors[1] if errors[1] == errors[2] else self.builder.add("select", node.args[0], *chosen)
            return self._sum([either, errors[0]])
        return self._rounded(position, node, errors)

    def _rounded(self, position: int, node: Node, errors: Sequence[int | None]) -> int | None:
        """Return the bound of a value that is rounded: what its operands' errors make of it, and its own."""
        moved = self._moved(position, node, errors)
        if node.op == "mul" and any(_is_power_of_2(self.nodes[arg]) for arg in node.args):
            return moved
        own = self._times(self._size(position), self._units(node) * 2 * _UNIT)
        if node.op in _FUSED:  # machines without the instruction round the product too
            product = self.builder.add("mul", node.args[0], node.args[1])
            own = self._needed([own, self._times(self.builder.add("abs", product), _UNIT)])
        tiny = None if node.op in ("add", "sub") else self.builder.const(_TINY)
        found = self._sum([moved, own, tiny])
        beside = [arg for arg in node.args if self.nodes[arg].op == "target"]
        if node.op in ("add", "sub") and beside and found is not None:  # a residual is judged beside what it is made of
            size = self._larger(*map(self._size, node.args))
            return self._where(self.builder.add("le", found, self._times(size, self.noise)), self.builder.const(0.0), found)
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
        sizes = [self._size(arg) for arg in node.args]
        if node.op in ("add", "sub"):
            return self._sum(errors)
        if node.op == "mul":
            return self._product(sizes, errors)
        if node.op in _FUSED:
            return self._sum([self._product(sizes[:2], errors[:2]), errors[2]])
        if node.op == "div":
            return self._quotient(position, sizes, errors)
        if node.op == "exp" and errors[0] is not None:
            return self._if_near(errors[0], self.builder.const(1.0), self._scaled(errors[0], self._size(position)))
        if node.op in ("log", "sqrt") and errors[0] is not None:
            slope = sizes[0] if node.op == "log" else self._size(position)
            return self._if_near(errors[0], sizes[0], self._times(self.builder.add("div", errors[0], slope), _MORE))
        if node.op == "pow" and errors[1] is None and errors[0] is not None:
            change = self.builder.add("mul", errors[0], sizes[1])
            relative = self.builder.add("div", change, sizes[0])
            return self._if_near(change, sizes[0], self._scaled(relative, self._size(position)))
        return self._by_slopes(position, node, errors)

    def _product(self, sizes: Sequence[int], errors: Sequence[int | None]) -> int | None:
        """Return the error of a product: each error times the other factor, and both."""
        (a, b), (da, db) = sizes, errors
        by_a = None if da is None else self.builder.add("mul", b, da)
        by_b = None if db is None else self.builder.add("mul", a, db)
        both = None if da is None or db is None else self.builder.add("mul", da, db)
        return self._sum([by_a, by_b, both])

    def _quotient(self, position: int, sizes: Sequence[int], errors: Sequence[int | None]) -> int | None:
        """Return the error of a quotient, of which the divisor's is small beside it."""
        da, db = errors
        by_divisor = None if db is None else self.builder.add("mul", self._size(position), db)
        moved = self._times(self.builder.add("div", self._needed([da, by_divisor]), sizes[1]), _MORE)
        return moved if db is None else self._if_near(db, sizes[1], moved)

    def _by_slopes(self, position: int, node: Node, errors: Sequence[int | None]) -> int | None:
        """Return the error of a function by its slopes, which is infinite where they may change within the operands' errors."""
        row, add, const = OPS.get(node.op), self.builder.add, self.builder.const
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
            moved = self._needed([self._scaled(error, steep), self._bend(error, position)])
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
                found = self.builder.add("div", self.builder.const(1.0) if found is None else found, one)
            else:
                found = one if found is None else self.builder.add("mul", found, one)
        return self.builder.const(1.0) if found is None else found

    def _bend(self, error: int, position: int) -> int:
        """Return what a slope that is 0 leaves out: the square of the error, times 1 and the value's size."""
        add = self.builder.add
        return add("mul", add("mul", error, error), add("add", self._size(position), self.builder.const(1.0)))

    def _certain(self, node: Node, errors: Sequence[int | None]) -> int | None:
        """Return 0 where errors cannot change a condition or a jump, else infinity."""
        total = self._sum(errors)
        if total is None or node.op not in _COMPARED | {"sign", "heaviside"}:
            return total if total is None or node.op in BOOLEAN_OPS - _COMPARED else self.builder.const(inf)
        one, other = node.args if node.op in _COMPARED else (node.args[0], self.builder.const(0.0))
        gap = self.builder.add("abs", self.builder.add("sub", one, other))
        const = self.builder.const
        return self._where(self.builder.add("ge", gap, self._times(total, _MORE)), const(0.0), const(inf))

    def _if_near(self, error: int, scale: int, moved: int) -> int:
        """Return a bound where an error is small beside a scale, else infinity."""
        is_near = self.builder.add("le", error, self._times(scale, _NEAR))
        return self._where(is_near, moved, self.builder.const(inf))

    def _size(self, position: int) -> int:
        data = self.builder.nodes[position].data
        return self.builder.const(abs(data)) if isinstance(data, float) else self.builder.add("abs", position)

    def _scaled(self, error: int, by: int) -> int:
        return self._times(self.builder.add("mul", error, by), _MORE)

    def _times(self, position: int, factor: float) -> int:
        data = self.builder.nodes[position].data
        if isinstance(data, float):
            return self.builder.const(data * factor)
        return self.builder.add("mul", position, self.builder.const(factor))

    def _larger(self, one: int, other: int) -> int:
        return self.builder.add("max", one, other)

    def _where(self, condition: int, chosen: int, other: int) -> int:
        return self.builder.add("select", condition, chosen, other)

    def _or_0(self, error: int | None) -> int:
        return self.builder.const(0.0) if error is None else error

    def _sum(self, errors: Sequence[int | None]) -> int | None:
        there = [error for error in errors if error is not None]
        return self.builder.chain("add", there) if there else None

    def _needed(self, errors: Sequence[int | None]) -> int:
        found = self._sum(errors)
        assert found is not None
        return found


def _is_power_of_2(node: Node) -> bool:
    return isinstance(node.data, float) and abs(frexp(node.data)[0]) == 0.5
