"""Exact for arithmetic, correctly rounded for functions: operations on constants alone become constants.

A choice whose condition depends on constants alone is made: the local partials of pow choose by the exponent.
"""

import math

import mpmath

from symgraph.compiler.ir.evaluate import FLOAT, MPMATH
from symgraph.compiler.ir.graph import Graph, GraphBuilder, Node, rebuild

_DIGITS = 40
"""Number of digits that gives the nearest double of a sum or product of doubles and, in practice, of a function value."""


def fold_constants(graph: Graph) -> Graph:
    """Evaluate operations on constants alone, and decide selections; results that are not finite stay operations."""
    nodes = graph.nodes
    at = [p for p, node in enumerate(nodes) if node.op == "select" or (node.args and nodes[node.args[0]].op == "const")]
    return rebuild(graph, _fold, at=at)


def _decided(builder: GraphBuilder, position: int) -> bool | None:
    """Return the truth value of a condition on constants, or None."""
    node = builder.nodes[position]
    if not node.boolean:
        return None
    if node.op in ("and", "or", "not"):
        operands = [_decided(builder, arg) for arg in node.args]
        return None if None in operands else bool(FLOAT[node.op](*operands))
    numbers = [builder.nodes[arg].data for arg in node.args]
    return bool(FLOAT[node.op](*numbers)) if all(isinstance(number, float) for number in numbers) else None


def _fold(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
    if node.op == "select":
        holds = _decided(builder, args[0])
        return None if holds is None else args[1] if holds else args[2]
    if not args or builder.nodes[args[0]].op != "const":  # most nodes end here
        return None
    operands = [builder.nodes[arg].data for arg in args]
    numbers = [operand for operand in operands if isinstance(operand, float)]
    if node.boolean or node.op == "rowsum" or len(numbers) < len(args) or node.op not in MPMATH:
        return None
    with mpmath.workdps(_DIGITS):
        try:
            value = MPMATH[node.op](*(mpmath.mpf(number) for number in numbers))
        except (ZeroDivisionError, ValueError, TypeError):  # TypeError: mpmath's Bessel functions at infinities
            return None  # 1/0, or a pole, is the user's infinity: it happens at run time, silently, as NumPy does it
        if isinstance(value, mpmath.mpc) or not math.isfinite(float(value)):
            return None
        if value == 0 or 0.0 in numbers:
            value = FLOAT[node.op](*numbers)  # mpmath's zero has no sign
        return builder.const(float(value))
