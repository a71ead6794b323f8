"""Nodes and graphs. A graph is a tuple of nodes in topological order; nodes refer to earlier nodes by position."""

import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

LEAVES = frozenset({"feature", "weight", "target", "cotangent", "input", "largest"})
"""Ops that read a named value; ``input`` is a placeholder of a fragment, ``largest`` the largest finite number of the dtype."""

VARYING_LEAVES = frozenset({"feature", "target", "cotangent"})

BOOLEAN_OPS = frozenset({"lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not"})

Data = float | str | None

Domains = Mapping[str, tuple[float, float]]


class Node(NamedTuple):
    """One operation.

    Attributes:
        op: a row of the op table, a leaf, or "const".
        args: positions of the operands in the graph.
        data: the name of a leaf, the value of a constant, else None.
        boolean: whether the value is a truth value (else a real number).
        varying: whether the value differs from row to row (else it is uniform).
        origin: the named node and the rule that the node comes from, for people; no part of its identity.
    """

    op: str
    args: tuple[int, ...]
    data: Data
    boolean: bool
    varying: bool
    origin: str


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes with names and roots.

    Attributes:
        name: the model's name.
        nodes: in topological order; no two are the same operation on the same operands.
        roots: what the graph is computed for, by role ("node t", "loss", "grad w1"); roots keep nodes alive.
        names: aliases for people, name -> position; several names may share a node.
        domains: where leaves are meant to live, name -> (low, high), as far as the model says so.
    """

    name: str
    nodes: tuple[Node, ...]
    roots: Mapping[str, int]
    names: Mapping[str, int]
    domains: Domains = field(default_factory=dict)


@dataclass(slots=True)
class GraphBuilder:
    """Collects nodes; asking for the same operation twice gives the same node.

    ``origin`` is copied into every node that is made until it is changed; ``domains`` go into the graph as they are.
    """

    name: str
    domains: Domains = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    origin: str = ""
    _known: dict[tuple[str, tuple[int, ...], object], int] = field(default_factory=dict)

    def leaf(self, op: str, name: str, *, varying: bool | None = None) -> int:
        """Add a feature, weight, target, cotangent or input by name."""
        return self._intern(op, (), name, False, op in VARYING_LEAVES if varying is None else varying)

    def const(self, value: float) -> int:
        """Add a constant; constants are told apart by their bits."""
        return self._intern("const", (), float(value), False, False)

    def add(self, op: str, *args: int) -> int:
        """Add an operation on nodes of this builder."""
        varying = op != "rowsum" and any(self.nodes[arg].varying for arg in args)
        return self._intern(op, args, None, op in BOOLEAN_OPS, varying)

    def copy(self, node: Node, args: tuple[int, ...]) -> int:
        """Add a node of another graph on operands of this builder, keeping its origin."""
        saved, self.origin = self.origin, node.origin
        try:
            if isinstance(node.data, float):
                return self.const(node.data)
            if isinstance(node.data, str):
                return self.leaf(node.op, node.data, varying=node.varying)
            return self.add(node.op, *args)
        finally:
            self.origin = saved

    def build(self, roots: Mapping[str, int], names: Mapping[str, int]) -> Graph:
        """Give the graph of all nodes added so far."""
        return Graph(self.name, tuple(self.nodes), dict(roots), dict(names), dict(self.domains))

    def _intern(self, op: str, args: tuple[int, ...], data: Data, boolean: bool, varying: bool) -> int:
        key = (op, args, struct.pack("<d", data) if isinstance(data, float) else data)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = len(self.nodes)
            self.nodes.append(Node(op, args, data, boolean, varying, self.origin))
        return found


Rewrite = Callable[[GraphBuilder, Node, tuple[int, ...]], int | None]


def rebuild(graph: Graph, rewrite: Rewrite) -> Graph:
    """Copy a graph node by node through a rewrite.

    Args:
        graph: the graph to copy.
        rewrite: called with the builder, each node and its operands in the builder; gives the node to use instead, or None to
            copy the node as it is.
    """
    builder = GraphBuilder(graph.name, graph.domains)
    moved: list[int] = []
    for node in graph.nodes:
        args = tuple(moved[arg] for arg in node.args)
        builder.origin = node.origin
        replacement = rewrite(builder, node, args)
        moved.append(builder.copy(node, args) if replacement is None else replacement)
    return builder.build(_move(graph.roots, moved), _move(graph.names, moved))


def reachable(nodes: Iterable[Node] | tuple[Node, ...], roots: Iterable[int]) -> set[int]:
    """Positions of all nodes that the given ones depend on, themselves included."""
    table = tuple(nodes)
    found: set[int] = set()
    todo = list(roots)
    while todo:
        position = todo.pop()
        if position not in found:
            found.add(position)
            todo.extend(table[position].args)
    return found


def _move(mapping: Mapping[str, int], moved: list[int]) -> dict[str, int]:
    return {name: moved[position] for name, position in mapping.items()}
