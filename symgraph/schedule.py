"""The schedule: which node is computed in which function of the generated module, in which order, and what the tape keeps."""

from collections.abc import Iterable
from dataclasses import dataclass

from symgraph.ir.graph import SUMS, Graph, needed
from symgraph.ir.ops import OPS, TRANSCENDENTAL


@dataclass(frozen=True, slots=True)
class Kernel:
    """A scheduled graph. Each tuple holds positions of operations in the order in which they are computed.

    Attributes:
        graph: the graph, forward and backward.
        forward: primals that are wanted without the target too.
        forward_target: primals that need it, or that only a loss with it needs.
        backward: what the VJP of the loss needs beyond the primals.
        jacobian: what the Jacobian of the output needs beyond the primals.
        tape: unnamed primals that backward or the Jacobian read.
    """

    graph: Graph
    forward: tuple[int, ...]
    forward_target: tuple[int, ...]
    backward: tuple[int, ...]
    jacobian: tuple[int, ...]
    tape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """Operations of a part of a kernel: for each row, and once a call for what is uniform.

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
    primal_roots = [position for root, position in graph.roots.items() if not root.startswith(("grad ", "jacobian "))]
    kept = set(primal_roots)
    primals = needed(graph.nodes, primal_roots)
    on_target = _depends_on_target(graph)
    gradients = roots_of(graph, "grad")
    jacobians = roots_of(graph, "jacobian")
    backward = operations(graph, needed(graph.nodes, gradients) - primals)
    jacobian = operations(graph, needed(graph.nodes, jacobians) - primals)
    read = {arg for position in (*backward, *jacobian) for arg in graph.nodes[position].args} | {*gradients, *jacobians}
    early = needed(graph.nodes, [p for p in primal_roots if not on_target[p]])
    early |= needed(graph.nodes, primals & {arg for position in jacobian for arg in graph.nodes[position].args})
    return Kernel(
        graph,
        forward=tuple(p for p in operations(graph, primals) if p in early),
        forward_target=tuple(p for p in operations(graph, primals) if p not in early),
        backward=_results_last(backward, gradients, graph),
        jacobian=_results_last(jacobian, jacobians, graph),
        tape=tuple(p for p in operations(graph, primals & read) if p not in kept),
    )


def roots_of(graph: Graph, prefix: str) -> tuple[int, ...]:
    """Positions of the roots ``<prefix> <weight>``, in the order of the weights."""
    return tuple(position for root, position in graph.roots.items() if root.startswith(f"{prefix} "))


def operations(graph: Graph, positions: Iterable[int]) -> tuple[int, ...]:
    """The operations among the given positions, leaves and constants left out, in the order of the graph."""
    return tuple(position for position in sorted(positions) if graph.nodes[position].data is None)


def count(graph: Graph, positions: Iterable[int]) -> Counts:
    """Count the operations at the given positions."""
    totals = {"arithmetic": 0, "transcendental": 0, "sums": 0, "uniform": 0}
    for position in positions:
        node = graph.nodes[position]
        if node.op in SUMS:
            totals["sums"] += 1
        elif not node.varying:
            totals["uniform"] += 1
        else:
            totals["transcendental" if OPS[node.op].cost >= TRANSCENDENTAL else "arithmetic"] += 1
    return Counts(**totals)


def _depends_on_target(graph: Graph) -> list[bool]:
    result: list[bool] = []
    for node in graph.nodes:
        result.append(node.op == "target")
        for arg in node.args:
            if result[arg]:
                result[-1] = True
                break
    return result


def _results_last(positions: tuple[int, ...], results: tuple[int, ...], graph: Graph) -> tuple[int, ...]:
    """Move results that nothing else reads to the end, in the order of the weights."""
    read = {arg for position in positions for arg in graph.nodes[position].args}
    within = set(positions)
    final = [p for p in dict.fromkeys(results) if p in within and p not in read]
    moved = set(final)
    return (*(p for p in positions if p not in moved), *final)
