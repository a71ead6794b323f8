"""The schedule: the function and the order in which each node is computed, and the primals that the tape keeps."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from itertools import chain, compress

from symgraph.columns import PREFIXES
from symgraph.compiler.ir.graph import DOUBTS, NOTED, OPPOSITE, OUTPUT_DOUBTS, RESIDUAL_DOUBTS, SUMS, Graph, marked
from symgraph.compiler.ir.special import parts_of
from symgraph.compiler.numerics.uses import influenced
from symgraph.module_functions import ON_REQUEST
from symgraph.spec.ops.op import TRANSCENDENTAL
from symgraph.spec.ops.ops import OPS

RESULTS = (
    PREFIXES["loss"], PREFIXES["output"], "residual", PREFIXES["residual"], *ON_REQUEST,
    DOUBTS, OUTPUT_DOUBTS, RESIDUAL_DOUBTS, NOTED,
)  # fmt: skip
"""Beginnings of the names of roots that functions after the primals compute, each by one of its own."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """Scheduled graph. Each tuple holds positions of operations in the order in which they are computed.

    Attributes:
        graph: the graph, forward and backward.
        forward: primals that are needed even without the target.
        forward_target: primals that need it, or that only a loss with it needs.
        beyond: operations that later functions need beyond the primals, by those of `RESULTS` that the graph has.
        read: nodes that later functions read, and those that are their results.
        tape: unnamed primals among these.
    """

    graph: Graph
    forward: tuple[int, ...]
    forward_target: tuple[int, ...]
    beyond: Mapping[str, tuple[int, ...]]
    read: Set[int]
    tape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """Operation counts of a part of a kernel: for each row, and once a call for uniform nodes.

    Attributes:
        arithmetic: sums, products, quotients, square roots, comparisons and selections a row.
        transcendental: calls of exp, sin and the like a row.
        sums: sums over rows.
        uniform: operations done once a call.
    """

    arithmetic: int
    transcendental: int
    sums: int
    uniform: int


def schedule(graph: Graph) -> Kernel:
    """Distribute the operations of a differentiated graph over the functions of a module."""
    nodes, roots, places = graph.nodes, graph.roots, range(len(graph.nodes))
    primal_roots = [p for root, p in roots.items() if root != OPPOSITE and root.partition(" ")[0] not in RESULTS]
    primal, on_target = marked(nodes, primal_roots), influenced(nodes, "target")
    results = {prefix: found for prefix in RESULTS if (found := roots_of(graph, prefix))}
    beyond = {}
    for prefix, found in results.items():
        own = [mark > before for mark, before in zip(marked(nodes, found), primal, strict=True)]
        beyond[prefix] = _results_last(operations(graph, compress(places, own)), found, graph)
    operands = (nodes[position].args for position in chain(*beyond.values()))
    read = {*chain.from_iterable(operands), *chain(*results.values())}
    wanted = [position for position in primal_roots if not on_target[position]]
    jacobian = beyond.get("jacobian", ())
    early = marked(nodes, [*wanted, *(arg for position in jacobian for arg in nodes[position].args if primal[arg])])
    primals, kept = operations(graph, compress(places, primal)), set(primal_roots)
    return Kernel(
        graph,
        forward=tuple([position for position in primals if early[position]]),
        forward_target=tuple([position for position in primals if not early[position]]),
        beyond=beyond,
        read=read,
        tape=tuple([position for position in primals if position in read and position not in kept]),
    )


def roots_of(graph: Graph, prefix: str) -> tuple[int, ...]:
    """Return the positions of the roots ``<prefix> <weight>`` in the order of the weights, or of the root of just that name."""
    return tuple(position for root, position in graph.roots.items() if root.partition(" ")[0] == prefix)


def operations(graph: Graph, positions: Iterable[int]) -> tuple[int, ...]:
    """Return the operations among the given positions, leaves and constants left out, in the order of the graph."""
    nodes = graph.nodes
    return tuple([position for position in sorted(positions) if nodes[position].data is None])


def count(graph: Graph, positions: Iterable[int]) -> Counts:
    """Count the operations at the given positions."""
    totals = {"arithmetic": 0, "transcendental": 0, "sums": 0, "uniform": 0}
    for position in positions:
        node = graph.nodes[position]
        if node.op in SUMS:
            totals["sums"] += 1
            continue
        for op in parts_of(node.op):
            kind = "transcendental" if OPS[op].cost >= TRANSCENDENTAL else "arithmetic"
            totals[kind if node.varying else "uniform"] += 1
    return Counts(**totals)


def _results_last(positions: tuple[int, ...], results: tuple[int, ...], graph: Graph) -> tuple[int, ...]:
    """Move results that nothing else reads to the end, in the order of the weights."""
    read = set(chain.from_iterable([graph.nodes[position].args for position in positions]))
    within = set(positions)
    final = [p for p in dict.fromkeys(results) if p in within and p not in read]
    moved = set(final)
    return (*(p for p in positions if p not in moved), *final)
