"""Partials of a model's constraints by the weights."""

from collections.abc import Iterable
from dataclasses import replace

from symgraph.derive.adjoint import adjoint
from symgraph.ir.graph import Graph


def constraint_partials(graph: Graph, constraints: Iterable[str]) -> Graph:
    """Add the partials of some nodes of a graph without rows.

    Returns:
        The graph with the further roots ``jacobian <name> <weight>``, in the order of constraints and weights; these values are
        named ``d_<name> by <weight>``.
    """
    chosen = tuple(constraints)
    for name in chosen:
        graph = adjoint(graph, f"node {name}", prefix=f"jacobian {name}", suffix=f" ({name})")
    roots = {root: at for root, at in graph.roots.items() if root.partition(" ")[0] != "output"}
    partials = [(root.split(), at) for root, at in roots.items() if root.startswith("jacobian ")]
    primals = {name: at for name, at in graph.names.items() if not name.startswith("d_")}
    return replace(graph, roots=roots, names=primals | {f"d_{name} by {weight}": at for (_, name, weight), at in partials})
