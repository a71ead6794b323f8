"""Rounding errors: which nodes of a graph make them and how large they are, and what wide operands leave open."""

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from flint import arb

from symgraph.compiler.ir.graph import BOOLEAN_OPS, LEAVES, Graph, Node
from symgraph.judge.balls import INFINITY, LEAST, MOST, UNKNOWN, Value
from symgraph.judge.form import value_of
from symgraph.judge.forms import FORMS
from symgraph.spec.ops.ops import OPS

INPUT_ULP = 4.0
"""By how many ulp inputs move where it is asked what they leave open: as much as no method is asked to see through."""
_FAR_OUT = 1e4
"""Where an exponential is infinite in any format, and its product with any number that has no exponential in it."""
TAME = frozenset({"add", "sub", "mul", "div", "neg", "sin", "cos", "rowsum", "select", "piecewise", "stop"})
"""Operations whose condition numbers say all that errors of operands do, however large these are."""
_SHORT_BITS = 20
"""Constants of so few binary digits are the numbers that were meant; others are if the spec has them as floats."""


@cache
def _far_out(op: str) -> Sequence[Value]:
    """The values of a function of one operand far out on the left and on the right; none of other operations."""
    row = OPS.get(op)
    if row is None or row.value is None or row.arity != 1:
        return ()
    return [value_of(FORMS[op], [arb(side * _FAR_OUT)]) for side in (-1.0, 1.0)]


def is_fast(op: str) -> bool:
    """Tell whether a function overflows or vanishes at ordinary arguments, as exponentials and gamma do."""
    sizes = [abs(value) for value in _far_out(op) if isinstance(value, arb)]
    return any(not size.is_zero() and not LEAST < size < MOST for size in sizes)


def decided(op: str, value: Value, operands: Sequence[Value], limits: Any) -> Value:
    """An operation's value over wide operands; unknown where they leave open what it is, though that may leave no trace.

    tanh of a number that is -1e20 or 1e20 is between -1 and 1, and flat on both sides. What is surely beyond the range of
    numbers, or below, saturates what uses it, whatever it is: it becomes infinity, or stays.
    """
    if op in TAME or not isinstance(value, arb) or value.rel_accuracy_bits() >= 1 or value.is_zero():
        return value
    x = operands[0]
    if is_fast(op) and isinstance(x, arb) and abs(x) > _FAR_OUT:
        end = _far_out(op)[x > 0]
        if isinstance(end, arb) and abs(end) > MOST:
            return INFINITY if end > 0 else -INFINITY
    return value if abs(value) > float(limits.max) or abs(value) < float(limits.smallest_subnormal) else UNKNOWN


def rounds(graph: Graph, index: int, exact: frozenset[float], dtype: Any) -> bool:
    """Tell whether a node has its own rounding error."""
    node = graph.nodes[index]
    if node.op == "const":
        return math.isfinite(float(node.data or 0.0)) and not _is_meant(float(node.data or 0.0), exact, dtype)
    if not may_leave(node):
        return False
    factors = [graph.nodes[arg] for arg in (node.args if node.op == "mul" else node.args[1:] if node.op == "div" else ())]
    return not any(_is_power_of_two(factor) for factor in factors)


def may_leave(node: Node) -> bool:
    """Tell whether a node's value may leave the dtype's range when no operand does; products with powers of 2 may."""
    real = node.op not in LEAVES and node.op not in BOOLEAN_OPS and node.op not in ("const", "rowsum")
    return real and OPS[node.op].ulp > 0


class FloatOfC(np.float32):
    """float32 as C computes in it, whose own functions keep the error limits of doubles, in ulp of floats."""


def figure_of(node: Node, dtype: Any) -> float:
    """Return a node's error limit in ulp for exact operands."""
    if node.op == "const":
        return 0.5
    row = OPS[node.op]
    if dtype is FloatOfC:  # a native module has functions of NumPy besides
        return max(row.ulp, row.ulp32)
    return row.ulp if dtype == np.float64 else row.ulp32


def _is_meant(number: float, exact: frozenset[float], dtype: Any) -> bool:
    """Tell whether a constant is exactly the number that the spec means."""
    with np.errstate(over="ignore"):  # of a number beyond the range of float32
        if float(dtype(number)) != number:
            return False
    numerator = abs(number.as_integer_ratio()[0])
    short = numerator.bit_length() - (numerator & -numerator).bit_length() < _SHORT_BITS
    return short or number in exact or (number.is_integer() and abs(number) < 2**53)


def _is_power_of_two(node: Node) -> bool:
    return isinstance(node.data, float) and math.isfinite(node.data) and abs(math.frexp(node.data)[0]) == 0.5
