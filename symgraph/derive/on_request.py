"""Derivatives on request: second derivatives of the loss, and those of the output by features and along a direction.

The gradient of a row is differentiated once more by reverse sweeps: entry by entry for the Hessian, whose lower triangle is
never written, and as its product with a direction, one number, for Hessian times vector (Pearlmutter, "Fast exact
multiplication by the Hessian", Neural Computation 6, 1994). At kinks they are those of a side, 0 for relu and Abs.
"""

from collections.abc import Callable, Collection, Iterable
from functools import reduce

from symgraph.columns import partials_of, prefix_of
from symgraph.derive.adjoint import Sweep, adjoint
from symgraph.ir.graph import Graph, GraphBuilder, values_of
from symgraph.options import FEATURE_JACOBIAN, HESSIAN, HVP, JVP

_SLOPE = "slope "
"""Beginning of the names of roots that are there while the gradient of a row is differentiated."""


def differentiate_on_request(graph: Graph, functions: Collection[str], prepare: Callable[[Graph], Graph]) -> Graph:
    """Add the roots of some functions to a differentiated graph, as far as the model has what they differentiate.

    Args:
        graph: with the roots that ``differentiate`` adds.
        functions: their names; roots are ``hessian <weight> <weight>`` for the upper triangle, row by row, ``hvp <weight>``,
            ``feature_jacobian <feature>`` and ``jvp output``, of several ``feature_jacobian <name> <feature>`` and
            ``jvp output <name>``.
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
    graph = prepare(_with_slopes(graph))
    weights = _weights(graph)
    slopes = [graph.roots[f"{_SLOPE}{name}"] for name in weights]
    plain = {root: position for root, position in graph.roots.items() if not root.startswith(_SLOPE)}
    found: dict[str, int | None] = {}
    if HESSIAN in functions:
        sweep = Sweep(graph, sum_rows=False, again=True)
        one = sweep.builder.const(1.0)
        for row, (name, slope) in enumerate(zip(weights, slopes, strict=True)):
            cotangents = sweep.run(slope, one)
            found |= {f"{HESSIAN} {name} {other}": cotangents.get(weights[other]) for other in [*weights][row:]}
        graph = sweep.builder.build(graph.roots, graph.names)
    if HVP in functions:
        builder = GraphBuilder.over(graph)
        along = _along(builder, weights, slopes)
        graph, cotangents = _swept(builder.build(graph.roots, graph.names), along)
        found |= {f"{HVP} {name}": cotangents.get(position) for name, position in weights.items()}
    builder = GraphBuilder.over(graph)
    builder.origin = "adjoint of weight"
    zero = builder.const(0.0)
    whole = {name: zero if position is None else position for name, position in found.items()}
    sums = {name: builder.add("rowsum", at) if builder.nodes[at].varying else at for name, at in whole.items()}
    return builder.build({**plain, **sums}, graph.names)


def _with_slopes(graph: Graph) -> Graph:
    """Add the gradient of a row, from partials that can be differentiated again without loss of digits."""
    sweep = Sweep(graph, sum_rows=False, again=True)
    builder = sweep.builder
    builder.origin = "adjoint of loss"
    rows = any(node.varying for node in graph.nodes)
    cotangents = sweep.run(graph.roots["loss"], builder.leaf("cotangent", "cotangent", varying=rows))
    zero = builder.const(0.0)
    slopes = {f"{_SLOPE}{name}": cotangents.get(position, zero) for name, position in _weights(graph).items()}
    return builder.build({**graph.roots, **slopes}, graph.names)


def _swept(graph: Graph, root: int) -> tuple[Graph, dict[int, int]]:
    """Differentiate a node by every weight, row by row; return the graph with what that takes, and the cotangents."""
    sweep = Sweep(graph, sum_rows=False, again=True)
    found = sweep.run(root, sweep.builder.const(1.0))
    return sweep.builder.build(graph.roots, graph.names), found


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
    return reduce(lambda total, term: builder.add("add", total, term), terms or [zero])
