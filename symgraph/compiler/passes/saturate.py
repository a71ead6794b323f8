"""Exact: an exponential is inf, as in NumPy, where Python's ``math`` would raise and the loss stays finite all the same.

Functions of Python's ``math`` raise OverflowError where NumPy's give inf. A row whose loss stays finite however large the
exponential is, as with tanh(exp(a)), must not end in an error; a row whose loss overflows does.
"""

import math
from collections.abc import Sequence

from symgraph.compiler.ir.graph import Graph, GraphBuilder, Node, replaced
from symgraph.compiler.numerics.overflow import overflows

LAST = {
    **{"exp": 709.782712893384, "expm1": 709.782712893384, "sinh": 710.4758600739439, "cosh": 710.4758600739439},
    "gamma": 171.6243769563027,
}
"""Largest double at which each function is finite; sinh and cosh also at its negative."""


def saturate(graph: Graph) -> Graph:
    """Make those exponentials inf, as in NumPy, with which the loss is finite; not part of the pipeline, for row functions."""
    values = {position for overflow in overflows(graph) if overflow.survived for position in overflow.values}
    survived = {position for position in values if graph.nodes[position].op in LAST}  # others are inf by themselves
    if not survived:
        return graph

    def saturated(builder: GraphBuilder, moved: Sequence[int], position: int) -> int:
        node, argument = graph.nodes[position], moved[graph.nodes[position].args[0]]
        return _infinite_beyond(builder, node, argument, builder.copy(node, (argument,)))

    return replaced(graph, survived, saturated)[0]


def _infinite_beyond(builder: GraphBuilder, node: Node, argument: int, value: int) -> int:
    """Select the function's value where it is finite, else inf with the function's sign."""
    infinite = builder.const(math.inf)
    size = argument
    if node.op in ("sinh", "cosh"):
        size = builder.add("abs", argument)
    if node.op == "sinh":
        infinite = builder.add("mul", argument, infinite)
    end = builder.const(LAST[node.op])
    return builder.add("select", builder.add("le", size, end), value, infinite)
