"""Exact for arithmetic, correctly rounded for functions: operations on constants alone become constants."""

import math

import mpmath

from symgraph.ir.evaluate import FLOAT, MPMATH
from symgraph.ir.graph import Graph, GraphBuilder, Node, rebuild

_DIGITS = 40
"""Enough for the nearest double of a sum or product of doubles, and, in practice, of a function value."""


def fold_constants(graph: Graph) -> Graph:
    """Evaluate operations whose operands are all constants; results that are not finite stay operations."""
    return rebuild(graph, _fold)


def _fold(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
    operands = [builder.nodes[arg].data for arg in args]
    numbers = [operand for operand in operands if isinstance(operand, float)]
    if not args or node.boolean or node.op == "rowsum" or len(numbers) < len(args) or node.op not in MPMATH:
        return None
    with mpmath.workdps(_DIGITS):
        try:
            value = MPMATH[node.op](*(mpmath.mpf(number) for number in numbers))
        except ZeroDivisionError:
            return None  # 1/0 is the user's infinity: it happens at run time, silently, as NumPy does it
        if isinstance(value, mpmath.mpc) or not math.isfinite(float(value)):
            return None
        if value == 0 or 0.0 in numbers:
            value = FLOAT[node.op](*numbers)  # mpmath's zero has no sign
        return builder.const(float(value))
