"""Derivatives on request: second ones of the loss, those of the output by features and along a direction, and of constraints.

The gradient of a row is differentiated once more by reverse sweeps: entry by entry for the Hessian, whose lower triangle is
never written, and as its product with a direction, one number, for Hessian times vector (Pearlmutter, "Fast exact
multiplication by the Hessian", Neural Computation 6, 1994). At kinks they are those of a side, 0 for relu and Abs.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from symgraph.columns import partials_of, prefix_of
from symgraph.compiler.derive.adjoint import Sweep, adjoint
from symgraph.compiler.ir.graph import Graph, GraphBuilder, values_of
from symgraph.module_functions import FEATURE_JACOBIAN, HESSIAN, HVP, JVP

_SLOPE = "slope "
"""Beginning of the names of roots that are there while the gradient of a row is differentiated."""


def differentiate_on_request(graph: Graph, functions: Collection[str], prepare: Callable[[Graph], Graph]) -> Graph:
    """Add the roots of some functions to a differentiated graph, as far as the model has what they differentiate.

    Args:
        graph: with the roots that ``differentiate`` adds.
        functions: their names, with which roots begin. Behind it stand two weights for the upper triangle of the Hessian, row
            by row; a weight for its product; a feature, of several outputs behind an output's name; "output" and such a name.
        prepare: simplifies the gradient of a row before it is differentiated.
    """
    if "loss" in graph.roots and not {HESSIAN, HVP}.isdisjoint(functions):
        graph = _second(graph, functions, prepare)
    for output in values_of(graph, "output"):
        if FEATURE_JACOBIAN in functions:
            prefix, names = partials_of(output, FEATURE_JACOBIAN), partials_of(output, "features")
            graph = adjoint(graph, output, prefix=prefix, suffix=f" ({names})", by="feature")
        if JVP in functions:
            builder, start = GraphBuilder.over(graph), f"{prefix_of(output)} "
            slopes = [position for root, position in graph.roots.items() if root.startswith(start)]
            graph = builder.build({**graph.roots, f"{JVP} {output}": _along(builder, _weights(graph), slopes)}, graph.names)
    return graph


def _second(graph: Graph, functions: Collection[str], prepare: Callable[[Graph], Graph]) -> Graph:
    """Add the Hessian of the loss, and its product with a direction, both summed over rows."""
    graph = prepare(adjoint(graph, "loss", prefix=_SLOPE.strip(), again=True))
    weights = _weights(graph)
    slopes = [graph.roots[f"{_SLOPE}{name}"] for name in weights]
    plain = {root: position for root, position in graph.roots.items() if not root.startswith(_SLOPE)}
    found: dict[str, int] = {}
    if HESSIAN in functions:
        sweep = Sweep(graph, sum_rows=False, again=True)
        one, zero = sweep.builder.const(1.0), sweep.builder.const(0.0)
        for row, (name, slope) in enumerate(zip(weights, slopes, strict=True)):
            cotangents = sweep.run(slope, one)
            found |= {f"{HESSIAN} {name} {other}": cotangents.get(weights[other], zero) for other in [*weights][row:]}
        graph = sweep.builder.build(graph.roots, graph.names)
    if HVP in functions:
        builder = GraphBuilder.over(graph)
        along = _along(builder, weights, slopes)
        graph = adjoint(builder.build({**graph.roots, "along": along}, graph.names), "along", prefix=HVP, again=True)
        found |= {f"{HVP} {name}": graph.roots[f"{HVP} {name}"] for name in weights}
    builder = GraphBuilder.over(graph)
    builder.origin = "adjoint of weight"
    sums = {name: builder.add("rowsum", at) if builder.nodes[at].varying else at for name, at in found.items()}
    return builder.build({**plain, **sums}, graph.names)


def _weights(graph: Graph) -> dict[str, int]:
    """Return the position of each weight by its name, in order."""
    return {str(node.data): position for position, node in enumerate(graph.nodes) if node.op == "weight"}


def _along(builder: GraphBuilder, weights: Iterable[str], slopes: Iterable[int]) -> int:
    """Add the sum of slopes by the weights, each times the direction's entry, but for those that are always 0."""
    builder.origin = "adjoint of direction"
    zero = builder.const(0.0)
    terms = [
        builder.add("mul", slope, builder.leaf("direction", name))
        for name, slope in zip(weights, slopes, strict=True)
        if slope != zero
    ]
    return builder.chain("add", terms or [zero])


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
