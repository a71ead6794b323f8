"""Exact up to the sign of zero: values that differ in sign alone are computed once.

A minus sign costs nothing in front of a constant, in a sum or behind a sum over rows, and so it appears in many places: the
cotangents 2.0*c*r and -2.0*c*r, with all that is multiplied by them, are one product. It is computed with the sign that a
named node has, or a function sees; where the other sign is needed, consumers subtract instead of adding, and where nothing
takes the sign it is changed at the end.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from symgraph.compiler.ir.graph import Graph, GraphBuilder, Node
from symgraph.compiler.numerics.uses import alive
from symgraph.spec.ops.ops import EVEN, OPS

_LINEAR = frozenset({"mul", "div", "rowsum"})
"""Ops whose result changes its sign with that of an operand."""

_ROWS = 1_000
"""Weight of an operation done for every row, relative to one done once a call."""


class _Signed(NamedTuple):
    """Node of the new graph, or its negative."""

    position: int
    negative: bool = False

    def times(self, body: int) -> "_Signed":
        """Return the value, or its negative for the negative of a body."""
        return _Signed(self.position, self.negative != bool(body & 1))


def signs(graph: Graph) -> Graph:
    """Share values with their negatives, unless the changes of sign that are left cost as much as is saved."""
    bodies = _bodies(graph)
    if not _may_save(graph, bodies):
        return graph
    result = _Sharing(graph, bodies).run()
    return result if _cost(result) < _cost(graph) else graph


def _cost(graph: Graph) -> int:
    operations = [graph.nodes[p] for p in alive(graph) if graph.nodes[p].data is None]
    return sum(OPS[node.op].cost * (_ROWS if node.varying else 1) for node in operations)


def _bodies(graph: Graph) -> list[int]:
    """Return the body of every node, its value apart from the sign: twice a number, and 1 more for the negative of the two."""
    numbers: dict[tuple[object, ...], int] = {}
    bodies: list[int] = []
    for node in graph.nodes:
        op, args, negative = node.op, node.args, 0
        key: tuple[object, ...]
        if op == "neg":
            bodies.append(bodies[args[0]] ^ 1)
            continue
        if op in ("mul", "add", "sub"):
            left, right = bodies[args[0]], bodies[args[1]] ^ (op == "sub")
            low, high = (left, right) if left < right else (right, left)
            unlike = (low ^ high) & 1
            key, negative = (op, low >> 1, high >> 1), unlike
            if op != "mul":
                key, negative = ("add", low >> 1, high >> 1, unlike), low & 1
            bodies.append(2 * numbers.setdefault(key, len(numbers)) + negative)
            continue
        own = [bodies[arg] for arg in args]
        if op in _LINEAR:
            key, negative = (op, *(body >> 1 for body in own)), sum(own) & 1
        elif isinstance(node.data, float):
            key, negative = ("const", abs(node.data).hex()), math.copysign(1.0, node.data) < 0
        elif op == "select":
            branches = [body & 1 for body, at in zip(own[1:], node.args[1:], strict=True) if graph.nodes[at].data != 0]
            key, negative = (op, *(body >> 1 for body in own), len(set(branches))), branches[0] if branches else 0
        else:
            key = (op, node.data, *(body >> 1 if op in EVEN else body for body in own))
        bodies.append(2 * numbers.setdefault(key, len(numbers)) + negative)
    return bodies


def _may_save(graph: Graph, bodies: Sequence[int]) -> bool:
    """Tell if two operations differ in sign alone, or if an operation could take over a change of sign."""
    nodes = graph.nodes
    operations = [p for p in alive(graph) if nodes[p].data is None and nodes[p].op != "neg"]
    if len({bodies[p] >> 1 for p in operations}) < len(operations):
        return True
    takes = _LINEAR | EVEN | {"add", "sub", "select"}
    changed = {p for p, node in enumerate(nodes) if node.op == "neg"}
    return bool(changed) and any(nodes[p].op in takes and not changed.isdisjoint(nodes[p].args) for p in operations)


def _models(graph: Graph, bodies: Sequence[int]) -> dict[int, int]:
    """Return, for each body that is needed, the node that determines how it is computed.

    It is the first node whose sign a name, a root or a function needs; else the first on the way to one of these.
    """
    wanted = _wanted(graph)
    models: dict[int, int] = {}
    for position in (*wanted, *_on_the_way(graph, wanted)):
        if graph.nodes[position].op != "neg":
            models.setdefault(bodies[position] >> 1, position)
    return models


def _wanted(graph: Graph) -> tuple[int, ...]:
    """Return the nodes with a name or root, sums over rows last, then the operands of ops that depend on their sign."""
    living = alive(graph)
    named = living & {*graph.names.values(), *graph.roots.values()}
    rows_first = sorted(named, key=lambda position: (graph.nodes[position].op == "rowsum", position))
    blind = EVEN | _LINEAR | {"add", "sub", "neg", "select"}
    seen = [arg for position in sorted(living) for arg in graph.nodes[position].args if graph.nodes[position].op not in blind]
    return (*rows_first, *seen)


def _on_the_way(graph: Graph, ends: Sequence[int]) -> Iterator[int]:
    """Yield the nodes on which the given ones depend, those of the first before those of the second, operands first."""
    seen: set[int] = set()
    for end in ends:
        stack = [end]
        while stack:
            position = stack[-1]
            waiting = [arg for arg in graph.nodes[position].args if arg not in seen]
            stack.extend(reversed(waiting))
            if not waiting:
                stack.pop()
                if position not in seen:
                    seen.add(position)
                    yield position


class _Sharing:
    """Walk over a graph that builds the graph with shared values."""

    def __init__(self, graph: Graph, bodies: Sequence[int]) -> None:
        self.graph = graph
        self.builder = GraphBuilder(graph.name, graph.domains)
        self.bodies = bodies
        self.made: dict[int, _Signed] = {}

    def run(self) -> Graph:
        """Return the new graph, without nodes that no root needs."""
        graph, models = self.graph, _models(self.graph, self.bodies)
        living = alive(graph)
        wanted = {*graph.names.values(), *graph.roots.values()}
        plain: dict[int, int] = {}
        for position in sorted(living):
            self.builder.origin = graph.nodes[position].origin
            number = self.bodies[position] >> 1
            if number not in self.made:
                self.made[number] = self.emitted(models[number])
            if position in wanted:
                plain[position] = self.plain(self.value(position))
        return self.builder.build(
            {root: plain[position] for root, position in graph.roots.items()},
            {name: plain[position] for name, position in graph.names.items() if position in living},
        )

    def value(self, position: int) -> _Signed:
        """Return the new position of an old node's value, and whether the value is the negative of the node there."""
        node, body = self.graph.nodes[position], self.bodies[position]
        if node.op == "const":
            return _Signed(self.builder.copy(node, ()))
        return self.made[body >> 1].times(body)

    def plain(self, value: _Signed) -> int:
        return self.builder.add("neg", value.position) if value.negative else value.position

    def emitted(self, position: int) -> _Signed:
        """Compute a node again from operands of which the new graph may have the negatives.

        The result refers to the body itself, which is positive by definition.
        """
        node = self.graph.nodes[position]
        return self.with_sign(node, [self.value(arg) for arg in node.args]).times(self.bodies[position])

    def with_sign(self, node: Node, args: list[_Signed]) -> _Signed:
        builder, places = self.builder, [arg.position for arg in args]
        if node.op in ("add", "sub"):
            return self.total(places, args[0].negative, args[1].negative != (node.op == "sub"))
        if node.op in _LINEAR:
            return self.product(node.op, places, sum(arg.negative for arg in args) % 2 == 1)
        if node.op == "select" and any(arg.negative for arg in args[1:]):
            if all(arg.negative or builder.nodes[arg.position].data == 0 for arg in args[1:]):
                return _Signed(builder.add("select", *places), True)
        elif node.op in EVEN:
            return _Signed(builder.add(node.op, *places))
        return _Signed(builder.copy(node, tuple(self.plain(arg) for arg in args)))

    def total(self, places: list[int], first: bool, second: bool) -> _Signed:
        """Add two values, each of which may be a negative."""
        if first == second:
            return _Signed(self.builder.add("add", *places), first)
        return _Signed(self.builder.add("sub", *(places if second else reversed(places))))

    def product(self, op: str, places: list[int], negative: bool) -> _Signed:
        """Add a product, quotient or sum over rows; a constant factor takes the sign."""
        for index, place in enumerate(places):
            constant = self.builder.nodes[place].data
            if negative and isinstance(constant, float):
                places, negative = [*places[:index], self.builder.const(-constant), *places[index + 1 :]], False
        return _Signed(self.builder.add(op, *places), negative)
