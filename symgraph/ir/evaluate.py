"""Evaluator of graphs of primitive ops, over any number type that has the operations."""

import cmath
import math
import operator
import sys
from collections.abc import Callable, Mapping
from typing import Any

import mpmath

from symgraph.ir.graph import Graph

Arithmetic = Mapping[str, Callable[..., Any]]

_COMMON: dict[str, Callable[..., Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "neg": operator.neg, "abs": abs,
    "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge, "eq": operator.eq, "ne": operator.ne,
    "and": lambda a, b: a and b, "or": lambda a, b: a or b, "not": operator.not_,
    "select": lambda condition, chosen, other: chosen if condition else other,
    "max": lambda a, b: max(b, a), "min": lambda a, b: min(b, a),
    "sign": lambda a: (a > 0) - (a < 0), "heaviside": lambda a, at_zero: at_zero if a == 0 else (a > 0) * 1.0,
    "rowsum": lambda a: a,
}  # fmt: skip

_ELEMENTARY = (
    "exp", "expm1", "log", "log1p", "sqrt", "cbrt", "hypot", "sin", "cos", "tan", "asin", "acos", "atan", "atan2",
    "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
)  # fmt: skip
_ANALYTIC = tuple(name for name in _ELEMENTARY if name not in ("expm1", "log1p", "cbrt", "hypot", "atan2"))

_SERIES = 2.0**20
"""Argument from which on the asymptotic series of the error functions can give more than 10**11 digits."""


def erfcx(x: Any) -> Any:
    """Return exp(x*x) * erfc(x) as an mpf, at the precision of the caller's context (NIST DLMF 7.12.1)."""
    if not mpmath.isfinite(x):
        return mpmath.exp(-x)  # 0, infinity or NaN
    if x < _SERIES:
        with mpmath.workprec(mpmath.mp.prec + 2 * max(mpmath.mag(x), 0) + 8):
            return mpmath.exp(x * x) * mpmath.erfc(x)
    return _tail(x, 0) / (x * mpmath.sqrt(mpmath.pi))


def ierfcx(x: Any) -> Any:
    """Return 1/sqrt(pi) - x * exp(x*x) * erfc(x) as an mpf, at the precision of the caller's context."""
    if not mpmath.isfinite(x):
        return mpmath.exp(-x)
    if x < _SERIES:
        with mpmath.workprec(mpmath.mp.prec + 4 * max(mpmath.mag(x), 0) + 8):
            return 1 / mpmath.sqrt(mpmath.pi) - x * erfcx(x)
    return -_tail(x, 1) / mpmath.sqrt(mpmath.pi)


def _tail(x: Any, start: int) -> Any:
    """Sum the asymptotic series of sqrt(pi) * x * exp(x*x) * erfc(x) at large x, from the term of index ``start`` on."""
    ratio = -1 / (2 * x * x)
    term = total = ratio if start else mpmath.mpf(1)
    n = start
    while term and mpmath.mag(term) > mpmath.mag(total) - mpmath.mp.prec - 8:
        n += 1
        term *= (2 * n - 1) * ratio
        total += term
    return total


FLOAT: Arithmetic = (
    _COMMON
    | {name: getattr(math, name) for name in _ELEMENTARY}
    | {"pow": math.pow, "erf": math.erf, "erfc": math.erfc, "gauss": lambda a: float(mpmath.exp(-(mpmath.mpf(a) ** 2)))}
    | {"erfcx": lambda a: float(erfcx(mpmath.mpf(a))), "ierfcx": lambda a: float(ierfcx(mpmath.mpf(a)))}
)
"""Operations on Python floats; they raise what ``math`` raises. A rowsum, of one row only, is its operand."""

MPMATH: Arithmetic = (
    _COMMON
    | {name: getattr(mpmath, name) for name in _ELEMENTARY}
    | {"pow": mpmath.power, "cbrt": lambda a: mpmath.sign(a) * mpmath.cbrt(abs(a))}  # mpmath's own is complex below 0
    | {"erf": mpmath.erf, "erfc": mpmath.erfc, "gauss": lambda a: mpmath.exp(-(a * a))}
    | {"erfcx": erfcx, "ierfcx": ierfcx}
)
"""Operations on mpmath numbers, at the precision of the caller's context."""

COMPLEX: Arithmetic = (
    {name: _COMMON[name] for name in ("add", "sub", "mul", "div", "neg", "rowsum")}
    | {name: getattr(cmath, name) for name in _ANALYTIC}
    | {"pow": operator.pow}
)
"""Operations on complex numbers: only analytic ops, since comparisons and abs have no meaning for a complex step."""


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
