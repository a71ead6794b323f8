"""Nodes and graphs. A graph is a tuple of nodes in topological order; nodes refer to earlier nodes by position."""

import struct
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from itertools import compress
from typing import Any, NamedTuple

from symgraph.module_functions import ON_REQUEST, TELLING

LEAVES = frozenset({"feature", "weight", "constant", "target", "cotangent", "direction", "input", "largest"})
"""Ops that read a named value; ``direction`` is the entry, by a weight, of a vector along which is differentiated, ``input`` a
placeholder of a fragment, ``largest`` the largest finite number of the dtype."""

VARYING_LEAVES = frozenset({"feature", "target", "cotangent"})

SUMS = frozenset({"rowsum", "rowdot"})
"""Ops that add up rows: values, or products of two (``compiler/passes/dots.py`` writes the latter)."""

BOOLEAN_OPS = frozenset({"lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not"})

REQUESTED = tuple(f"{name} " for name in ON_REQUEST)
"""Beginnings of the names of roots that only modules have which were asked for such derivatives."""

OPPOSITE = "opposite residual"
"""Name of a root for the negated residual, kept until every pass has run. A root for the residual itself, beside the difference
that the loss squares, would make the passes that share work change the signs in the gradient."""

DOUBTS, OUTPUT_DOUBTS, RESIDUAL_DOUBTS = (TELLING[value] for value in ("loss", "output", "residual"))
"""Names of C functions, and beginnings of roots, that tell how many bits may be lost: ``doubts grad`` in gradients, for one."""

NOTED = "noted"
"""Beginning of the names of roots that are below 0 where digits may be lost in results of a kind: ``noted <kind> <number>``."""

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


made = tuple.__new__
"""Constructor of a named tuple from all its fields at once, in a third of the time that its class takes to read arguments."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in topological order, with names and roots.

    Attributes:
        name: the model's name.
        nodes: in topological order; no two are the same operation on the same operands.
        roots: the nodes that the graph is computed for, by role ("node t", "loss", "grad w1"); roots keep nodes alive.
        names: aliases for people, name -> position; several names may share a node.
        domains: the ranges of leaves, name -> (low, high), as far as the model declares them.
        facts: results of analyses of the graph, kept for the next pass that asks; see ``compiler/numerics/uses.py``.
    """

    name: str
    nodes: tuple[Node, ...]
    roots: Mapping[str, int]
    names: Mapping[str, int]
    domains: Domains = field(default_factory=dict)
    facts: dict[str, Any] = field(init=False, default_factory=dict, compare=False, repr=False)


@dataclass(slots=True)
class GraphBuilder:
    """Collector of nodes; asking for the same operation twice gives the same node.

    ``origin`` is copied into every node that is made until it is changed; ``domains`` go into the graph as they are. Nodes that
    are given at the start are operands for others, but an operation that is among them is added once more.
    """

    name: str
    domains: Domains = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    origin: str = ""
    _known: defaultdict[str, dict[object, int]] = field(default_factory=lambda: defaultdict(dict))
    _constants: dict[float, int] = field(default_factory=dict)
    _entered: int = field(init=False)

    def __post_init__(self) -> None:
        self._entered = len(self.nodes)

    @classmethod
    def over(cls, graph: Graph) -> "GraphBuilder":
        """Return a builder that continues where a graph ends."""
        builder = cls(graph.name, graph.domains)
        builder.nodes.extend(graph.nodes)  # entered when they are first looked for
        return builder

    def leaf(self, op: str, name: str, *, varying: bool | None = None) -> int:
        """Add a feature, weight, target, cotangent or input by name."""
        return self._intern(Node(op, (), name, False, op in VARYING_LEAVES if varying is None else varying, self.origin))

    def const(self, value: float) -> int:
        """Add a constant; constants are told apart by their bits."""
        found = self._constants.get(value)
        if found is None:
            found = self._intern(Node("const", (), float(value), False, False, self.origin))
            if value:  # neither of the zeros, which are equal; NaN, which is not equal to itself, is not found
                self._constants[value] = found
        return found

    def add(self, op: str, *args: int) -> int:
        """Add an operation on nodes of this builder."""
        return self._operation(op, args, self.origin)

    def chain(self, op: str, operands: Sequence[int]) -> int:
        """Combine nodes by an operation from left to right."""
        return reduce(partial(self.add, op), operands)

    def find(self, op: str, *args: int) -> int | None:
        """Return the position of an operation, or None where it has not been added."""
        self._enter()
        return self._known[op].get(args)

    def copy(self, node: Node, args: tuple[int, ...]) -> int:
        """Add a node of another graph on operands of this builder, keeping its origin."""
        if node.data is None:
            return self._operation(node.op, args, node.origin, node)
        return self._intern(node)

    def take(self, node: Node) -> int:
        """Add a node without a look-up: no equal node may be there, and its operands must be nodes of this builder."""
        self.nodes.append(node)
        return len(self.nodes) - 1

    def build(self, roots: Mapping[str, int], names: Mapping[str, int]) -> Graph:
        """Return the graph of all nodes added so far."""
        return Graph(self.name, tuple(self.nodes), dict(roots), dict(names), dict(self.domains))

    def _operation(self, op: str, args: tuple[int, ...], origin: str, like: Node | None = None) -> int:
        """Return the position of an operation, added if it is new, as the node ``like`` itself where that is equal."""
        nodes = self.nodes
        if self._entered != len(nodes):
            self._enter()
        known = self._known[op]
        found = known.get(args)
        if found is None:
            varying = False
            if op not in SUMS:
                for arg in args:
                    if nodes[arg].varying:
                        varying = True
                        break
            found = known[args] = len(nodes)
            if like is None:
                nodes.append(made(Node, (op, args, None, op in BOOLEAN_OPS, varying, origin)))
            elif like.args == args and like.varying is varying:
                nodes.append(like)
            else:
                nodes.append(made(Node, (op, args, None, like.boolean, varying, origin)))
            self._entered += 1
        return found

    def _intern(self, node: Node) -> int:
        """Return the position of a leaf or constant, added if it is new."""
        self._enter()
        known, key = self._known[node.op], _key(node)
        found = known.get(key)
        if found is None:
            found = known[key] = self.take(node)
            self._entered += 1
        return found

    def _enter(self) -> None:
        """Index the nodes that were taken without a look-up, so that ``find`` and ``add`` see them."""
        known, nodes = self._known, self.nodes
        for position in range(self._entered, len(nodes)):
            node = nodes[position]
            known[node.op][node.args if node.data is None else _key(node)] = position
        self._entered = len(nodes)


def _key(node: Node) -> object:
    """Return a key that tells a leaf or constant from others of its op: constants by their bits."""
    return struct.pack("<d", node.data) if isinstance(node.data, float) else node.data


Rewrite = Callable[[GraphBuilder, Node, tuple[int, ...]], int | None]


def rebuild(graph: Graph, rewrite: Rewrite, ops: Collection[str] | None = None, at: Iterable[int] | None = None) -> Graph:
    """Copy a graph node by node through a rewrite; return the graph itself where nothing changes.

    Args:
        graph: the graph to copy.
        rewrite: called with the builder, each node and its operands in the builder; gives the node to use instead, or None to
            copy the node as it is.
        ops: the ops to which the rewrite applies; it is not called for others. All by default.
        at: the nodes, in order, that it may change while those before them are unchanged; all of ``ops`` by default.
    """
    nodes = graph.nodes
    if at is None:
        at = range(len(nodes)) if ops is None else [position for position, node in enumerate(nodes) if node.op in ops]
    builder = GraphBuilder(graph.name, graph.domains)
    made_so_far = builder.nodes
    for position in at:
        if len(made_so_far) < position:  # nodes in between are copied as they are
            made_so_far.extend(nodes[len(made_so_far) : position])
        node = nodes[position]
        builder.origin = node.origin
        replacement = rewrite(builder, node, node.args)
        if replacement is None and len(made_so_far) == position:
            made_so_far.append(node)
            continue
        if replacement is None:
            replacement = builder.copy(node, node.args)
        if len(made_so_far) != position + 1 or made_so_far[replacement] is not node:
            known = _Moves(builder, position)
            known.note(node, replacement, position)
            asked = [ops is None or node.op in ops for node in nodes]
            moved = [*range(position), replacement]
            return _copied(graph, lambda _, node, args: rewrite(builder, node, args), asked, known, moved)
    return graph


def replaced(
    graph: Graph, at: Collection[int], make: Callable[[GraphBuilder, Sequence[int], int], int]
) -> tuple[Graph, list[int]]:
    """Copy a graph with some of its nodes replaced by others.

    Args:
        graph: the graph to copy.
        at: the positions of nodes to be replaced.
        make: called with the builder, the new positions of earlier nodes, and the node's position; gives the node to use.

    Returns:
        The new graph, and the new position of each node.
    """
    first = min(at, default=len(graph.nodes))
    builder = GraphBuilder(graph.name, graph.domains)
    builder.nodes.extend(graph.nodes[:first])
    moved, asked = list(range(first)), bytearray(len(graph.nodes))
    for position in at:
        asked[position] = 1
    known = _Moves(builder, first)
    return _copied(graph, lambda position, *_: make(builder, moved, position), asked, known, moved), moved


def _copied(
    graph: Graph,
    ask: Callable[[int, Node, tuple[int, ...]], int | None],
    asked: Sequence[bool | int],
    known: "_Moves",
    moved: list[int],
) -> Graph:
    """Copy the nodes from the place where ``moved`` ends, and replace those marked in ``asked`` by what ``ask`` gives for them.

    Most copies have operands at new positions that no other node of the copy has: they are not looked up.
    """
    nodes, builder = graph.nodes, known.builder
    made_so_far, added, special = builder.nodes, known.added, known.special
    for position in range(len(moved), len(nodes)):
        node = nodes[position]
        op, args, _, boolean, varying, origin = node
        args = (moved[args[0]], moved[args[1]]) if len(args) == 2 else tuple([moved[arg] for arg in args])
        count = len(made_so_far)
        replacement = None
        if asked[position]:
            builder.origin = origin
            replacement = ask(position, node, args)
            if len(made_so_far) != count:
                known.enter(count)
                count = len(made_so_far)
        if replacement is None and args not in added[op] and special.isdisjoint(args):
            moved.append(count)
            same = args == node.args
            made_so_far.append(node if same else made(Node, (op, args, None, boolean, varying, origin)))
            continue
        if replacement is None:
            replacement = builder.copy(node, args)
        known.note(node, replacement, count)
        moved.append(replacement)
    return builder.build(_move(graph.roots, moved), _move(graph.names, moved))


class _Moves:
    """Record of a growing copy: which of its nodes may equal one that is about to be copied.

    As no two nodes of a graph are the same, those of a copy are not, unless one was added by a rewrite, or an operand stands
    for several nodes of the graph.

    Attributes:
        added: the operands of the nodes that rewrites have added, by op.
        free: those of them that stand for no node yet.
        special: nodes that stand for several, or for one that varies by row if they do not.
    """

    def __init__(self, builder: GraphBuilder, start: int) -> None:
        self.builder = builder
        self.added: defaultdict[str, set[tuple[int, ...]]] = defaultdict(set)
        self.free: set[int] = set()
        self.special: set[int] = set()
        self.enter(start)

    def enter(self, start: int) -> None:
        """Record the nodes that a rewrite has added from a position on."""
        nodes = self.builder.nodes
        for position in range(start, len(nodes)):
            self.added[nodes[position].op].add(nodes[position].args)
            self.free.add(position)

    def note(self, node: Node, position: int, count: int) -> None:
        """Record the new position of a node; ``count`` nodes had been made or recorded before its copy."""
        if self.builder.nodes[position].varying is not node.varying:
            self.special.add(position)
        if position in self.free:
            self.free.remove(position)
        elif position < count:
            self.special.add(position)


_FEW = 16
"""Share of roots among the nodes (one in so many) from which on most nodes are taken to be needed."""


def reachable(nodes: Sequence[Node], roots: Iterable[int]) -> frozenset[int]:
    """Return the positions of all nodes that the given ones depend on, themselves included."""
    found = set(roots)
    if len(found) * _FEW > len(nodes):
        return frozenset(compress(range(len(nodes)), marked(nodes, found)))
    todo = list(found)
    while todo:
        for arg in nodes[todo.pop()].args:
            if arg not in found:
                found.add(arg)
                todo.append(arg)
    return frozenset(found)


def marked(nodes: Sequence[Node], roots: Iterable[int]) -> bytearray:
    """Return a mark for each node: 1 where a root depends on it."""
    marks = bytearray(len(nodes))
    for root in roots:
        marks[root] = 1
    for position, node in zip(range(len(nodes) - 1, -1, -1), reversed(nodes), strict=True):
        if marks[position]:
            for arg in node.args:
                marks[arg] = 1
    return marks


def keep(graph: Graph, positions: Collection[int]) -> Graph:
    """Return a graph of the given nodes only, with the names and roots that point at them.

    Args:
        graph: the graph.
        positions: the nodes to keep, with all that they depend on.
    """
    old = graph.nodes
    first = next((position for position in range(len(old)) if position not in positions), len(old))
    nodes, moved = list(old[:first]), list(range(first))
    for position in range(first, len(old)):
        if position not in positions:
            moved.append(-1)
            continue
        moved.append(len(nodes))
        node = old[position]
        op, args, data, boolean, varying, origin = node
        if data is None:
            args = (moved[args[0]], moved[args[1]]) if len(args) == 2 else tuple([moved[arg] for arg in args])
        nodes.append(node if args == node.args else made(Node, (op, args, None, boolean, varying, origin)))
    roots = {root: moved[position] for root, position in graph.roots.items()}
    names = {name: moved[position] for name, position in graph.names.items() if position in positions}
    return Graph(graph.name, tuple(nodes), roots, names, dict(graph.domains))


def _move(mapping: Mapping[str, int], moved: list[int]) -> dict[str, int]:
    return {name: moved[position] for name, position in mapping.items()}


def values_of(graph: Graph, kind: str) -> tuple[str, ...]:
    """Return the roots of a kind, such as "output", or "output re" and "output im" of several."""
    return tuple(root for root in graph.roots if root.partition(" ")[0] == kind)
