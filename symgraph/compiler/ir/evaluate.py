"""Evaluator of graphs of primitive ops, over any number type that has the operations."""

import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

import mpmath

from symgraph.compiler.ir.graph import Graph
from symgraph.spec.ops.op import Op
from symgraph.spec.ops.ops import OPS

Arithmetic = Mapping[str, Callable[..., Any]]


def _of_mpmath(row: Op) -> Callable[..., Any]:
    """Return the function of mpmath's numbers that a row names or holds."""
    found: Any = row.mpmath
    function: Callable[..., Any] = getattr(mpmath, found) if isinstance(found, str) else found
    return function


def _of_floats(row: Op) -> Callable[..., Any]:
    """Return the function of ``math`` that the scalar backend calls, else mpmath's, rounded; as math's it raises ValueError
    where there is no real value."""
    if isinstance(row.scalar, str) and row.scalar.startswith("math."):
        function: Callable[..., float] = getattr(math, row.scalar.removeprefix("math."))
        return function
    exact = _of_mpmath(row)

    def rounded(*args: float) -> float:
        try:
            value = exact(*map(mpmath.mpf, args))
        except TypeError as error:  # as mpmath's Bessel functions at infinities
            if all(map(math.isfinite, args)):
                raise
            raise ValueError(f"{row.name} is not known at {', '.join(map(repr, args))}") from error
        if isinstance(value, mpmath.mpc):
            raise ValueError(f"{row.name} is not real at {', '.join(map(repr, args))}")
        return float(value)

    return rounded


MPMATH: Arithmetic = {
    name: row.numbers or _of_mpmath(row) for name, row in OPS.items() if row.numbers is not None or row.mpmath is not None
}
"""Operations on mpmath numbers, at the precision of the caller's context. A rowsum, of one row only, is its operand."""

FLOAT: Arithmetic = {name: row.numbers or _of_floats(row) for name, row in OPS.items() if row.stable is None}
"""Operations on Python floats; they raise what ``math`` raises."""


def evaluate(
    graph: Graph, leaves: Mapping[str, Any], arithmetic: Arithmetic, constant: Callable[[float], Any] = float
) -> list[Any]:
    """Evaluate every node of a graph for one row.

    Args:
        graph: a graph of primitive ops (ops with a stable form are expanded before).
        leaves: a value for each leaf's name.
        arithmetic: what computes each op.
        constant: turns a constant into a number of the type.

    Returns:
        The values, in the order of the graph's nodes.

    Raises:
        KeyError: a leaf has no value, or the arithmetic has no such op.
    """
    values: list[Any] = []
    for node in graph.nodes:
        if isinstance(node.data, float):
            values.append(constant(node.data))
        elif node.op == "largest":
            values.append(leaves.get("largest", constant(sys.float_info.max)))
        elif isinstance(node.data, str):
            values.append(leaves[node.data])
        else:
            values.append(arithmetic[node.op](*(values[arg] for arg in node.args)))
    return values
