"""Exact: an exponential is inf, as in NumPy, where Python's ``math`` would raise and the loss stays finite all the same.

Functions of Python's ``math`` raise OverflowError where NumPy's give inf. A row whose loss stays finite however large the
exponential is, as with tanh(exp(a)), must not end in an error; a row whose loss overflows does.
"""

import math
import sys
from collections.abc import Sequence

import mpmath

from symgraph.ir.graph import Graph, GraphBuilder, Node, replaced
from symgraph.ir.overflow import overflows

DOUBLINGS = {"exp": 0, "expm1": 0, "sinh": 1, "cosh": 1}
"""By function, log2 of the factor by which its exponential may exceed the largest number."""


def saturate(graph: Graph) -> Graph:
    """Make those exponentials inf, as in NumPy, with which the loss is finite; not part of the pipeline, for row functions."""
    survived = {position for overflow in overflows(graph) if overflow.survived for position in overflow.values}
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
    end = builder.const(_last_argument(DOUBLINGS[node.op]))
    return builder.add("select", builder.add("le", size, end), value, infinite)


def _last_argument(doublings: int) -> float:
    """Return the largest double at which exp(argument) / 2**doublings is finite."""
    with mpmath.workdps(40):
        exact = mpmath.log(mpmath.mpf(sys.float_info.max)) + doublings * mpmath.log(2)
        nearest = float(exact)
        return nearest if mpmath.mpf(nearest) <= exact else math.nextafter(nearest, 0)
