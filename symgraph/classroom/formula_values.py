"""Formulas as written, evaluated on arrays of numbers: what a student's line computes, right or wrong."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph.ir.functions import SpecFunction

Array = NDArray[np.float64]

_FUNCTIONS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        **{name: getattr(np, name) for name in ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "sign", "floor")},
        **{name: getattr(np, f"arc{name[1:]}") for name in ("asin", "acos", "atan", "asinh", "acosh", "atanh", "atan2")},
        **{"Abs": np.abs, "ceiling": np.ceil, "Max": lambda *a: _fold(np.maximum, a), "Min": lambda *a: _fold(np.minimum, a)},
        **{"Heaviside": np.heaviside, "Mod": np.mod, "And": lambda *a: _fold(np.logical_and, a)},
        **{
            "Or": lambda *a: _fold(np.logical_or, a),
            "Not": np.logical_not,
            "StrictLessThan": np.less,
            "LessThan": np.less_equal,
        },
        **{"StrictGreaterThan": np.greater, "GreaterThan": np.greater_equal, "Equality": np.equal, "Unequality": np.not_equal},
        **{"ExprCondPair": lambda value, condition: (value, condition), "Piecewise": lambda *pairs: _branch(pairs)},
    }
)
"""NumPy's functions by the names of SymPy's classes."""


def evaluate(expr: Any, values: Mapping[str, Any]) -> Any:
    """Evaluate an expression step by step, as a program would that is written like it.

    Args:
        expr: a SymPy expression over the symbols of a model.
        values: (n,) or a number for each symbol's name.

    Returns:
        (n,), or a number where nothing in it is an array; NaN where there is no value.
    """
    if expr.is_Symbol:
        return values[str(expr.name)]
    if expr.is_number and not expr.args:
        return float(expr) if expr.is_extended_real else np.nan
    if expr in (sympy.true, sympy.false):
        return bool(expr)
    if isinstance(expr, SpecFunction):
        return evaluate(expr.definition(), values)
    if isinstance(expr, sympy.Subs | sympy.Derivative):
        return _derivative(expr, values)
    args = [evaluate(arg, values) for arg in expr.args]
    with np.errstate(all="ignore"):
        if expr.is_Add:
            return _fold(np.add, args)
        if expr.is_Mul:
            return _fold(np.multiply, args)
        if expr.is_Pow:
            return args[0] ** args[1] if isinstance(args[0], np.ndarray) else np.float64(args[0]) ** args[1]
        function = _FUNCTIONS.get(type(expr).__name__)
        return _one_by_one(expr, args) if function is None else function(*args)


def column(expr: Any, values: Mapping[str, Any], size: int) -> Any:
    """Evaluate an expression at some points, as `evaluate` does; return (size,) even where nothing in it is an array."""
    return np.broadcast_to(np.asarray(evaluate(expr, values)), size)


def _fold(function: Callable[..., Any], args: Any) -> Any:
    first, *others = args
    for other in others:
        first = function(first, other)
    return first


def _branch(pairs: Any) -> Any:
    found: Any = np.nan
    for value, condition in reversed(pairs):
        found = np.where(condition, value, found)
    return found


def _derivative(expr: Any, values: Mapping[str, Any]) -> Any:
    """Evaluate a derivative that SymPy leaves unevaluated, that of a user's function, by a central difference."""
    inner, places = (
        (expr.expr, dict(zip(expr.variables, expr.point, strict=True))) if isinstance(expr, sympy.Subs) else (expr, {})
    )
    if not isinstance(inner, sympy.Derivative) or len(inner.variables) != 1:
        return np.nan
    known = {**values, **{str(name.name): evaluate(value, values) for name, value in places.items()}}
    name = str(inner.variables[0].name)
    step = 1e-6 * np.maximum(1.0, np.abs(known[name]))
    above, below = (evaluate(inner.expr, {**known, name: known[name] + side * step}) for side in (1.0, -1.0))
    return (above - below) / (2.0 * step)


def _one_by_one(expr: Any, args: Any) -> Any:
    """Evaluate a function that NumPy lacks by SymPy, number by number."""

    def one(*numbers: float) -> float:
        try:
            return float(expr.func(*map(sympy.Float, numbers)).evalf())
        except (TypeError, ValueError, ArithmeticError, AttributeError):
            return float("nan")

    return np.vectorize(one, otypes=[np.float64])(*args)
