"""The schedule: the function and the order in which each node is computed, and the primals that the tape keeps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, compress

from symgraph.ir.graph import ON_REQUEST, OPPOSITE, SUMS, Graph, marked
from symgraph.ir.op import TRANSCENDENTAL
from symgraph.ir.ops import OPS
from symgraph.ir.special import parts_of
from symgraph.ir.uses import influenced


@dataclass(frozen=True, slots=True)
class Kernel:
    """Scheduled graph. Each tuple holds positions of operations in the order in which they are computed.

    Attributes:
        graph: the graph, forward and backward.
        forward: primals that are needed even without the target.
        forward_target: primals that need it, or that only a loss with it needs.
        backward: operations that the VJP of the loss needs beyond the primals.
        jacobian: operations that the Jacobian of the output needs beyond the primals.
        residual: operations that the residual needs beyond the primals.
        residual_jacobian: operations that the Jacobian of the residual needs beyond these, where it is not that of the output.
        on_request: operations that each derivative on request needs beyond the primals, by the name of its function.
        tape: unnamed primals that later functions read.
    """

    graph: Graph
    forward: tuple[int, ...]
    forward_target: tuple[int, ...]
    backward: tuple[int, ...]
    jacobian: tuple[int, ...]
    residual: tuple[int, ...]
    residual_jacobian: tuple[int, ...]
    on_request: Mapping[str, tuple[int, ...]]
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
    derivatives = ("grad ", "jacobian ", "residual", OPPOSITE, *ON_REQUEST)
    primal_roots = [p for root, p in roots.items() if not root.startswith(derivatives)]
    primal, on_target = marked(nodes, primal_roots), influenced(nodes, "target")
    asked = [prefix.strip() for prefix in ON_REQUEST if any(root.startswith(prefix) for root in roots)]
    results = [roots_of(graph, prefix) for prefix in ("grad", "jacobian", "residual", "residual_jacobian", *asked)]
    beyond = ([mark > own for mark, own in zip(marked(nodes, some), primal, strict=True)] for some in results)
    within = (operations(graph, compress(places, marks)) for marks in beyond)
    backward, jacobian, residual, residual_jacobian, *others = (
        _results_last(own, some, graph) for own, some in zip(within, results, strict=True)
    )
    after = (*backward, *jacobian, *residual, *residual_jacobian, *chain(*others))
    read = {*chain.from_iterable([nodes[position].args for position in after]), *chain.from_iterable(results)}
    wanted = [position for position in primal_roots if not on_target[position]]
    early = marked(nodes, [*wanted, *(arg for position in jacobian for arg in nodes[position].args if primal[arg])])
    primals, kept = operations(graph, compress(places, primal)), set(primal_roots)
    return Kernel(
        graph,
        forward=tuple([position for position in primals if early[position]]),
        forward_target=tuple([position for position in primals if not early[position]]),
        backward=backward,
        jacobian=jacobian,
        residual=residual,
        residual_jacobian=residual_jacobian,
        on_request=dict(zip(asked, others, strict=True)),
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
