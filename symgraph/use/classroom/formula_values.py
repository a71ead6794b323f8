"""Formulas as written, evaluated on arrays of numbers: what a student's line computes, right or wrong."""

from collections.abc import Collection, Mapping
from functools import cache, reduce
from types import MappingProxyType
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph.spec.formula import Reader
from symgraph.spec.ops.sympy_classes import SpecFunction

Array = NDArray[np.float64]

_NAMES = """
    Add add, Mul multiply, Abs abs, exp exp, log log, sign sign, floor floor, ceiling ceil, Heaviside heaviside, Mod mod,
    sin sin, cos cos, tan tan, sinh sinh, cosh cosh, tanh tanh, asin arcsin, acos arccos, atan arctan, asinh arcsinh,
    acosh arccosh, atanh arctanh, atan2 arctan2, Max maximum, Min minimum, And logical_and, Or logical_or, Not logical_not,
    StrictLessThan less, LessThan less_equal, StrictGreaterThan greater, GreaterThan greater_equal, Equality equal,
    Unequality not_equal
"""
_FUNCTIONS: Mapping[str, np.ufunc] = MappingProxyType(
    {name: getattr(np, numpys) for name, numpys in (pair.split() for pair in _NAMES.split(","))}
)
"""NumPy's functions by the names of SymPy's classes."""


@cache
def formula(text: str, names: Collection[str] = ()) -> Any:
    """Return a formula in text over symbols of its own; names that are functions too are symbols if they are told."""
    return Reader(text, lambda name: sympy.Symbol(name, real=True), own=names).read()


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
    if isinstance(expr, sympy.Piecewise):
        found: Any = np.nan
        for value, condition in reversed(expr.args):
            found = np.where(evaluate(condition, values), evaluate(value, values), found)
        return found
    args = [evaluate(arg, values) for arg in expr.args]
    function = _FUNCTIONS.get(type(expr).__name__)
    with np.errstate(all="ignore"):
        if expr.is_Pow:
            return np.asarray(args[0]) ** args[1]
        if function is None:
            return _one_by_one(expr, args)
        return reduce(function, args) if len(args) > 1 else function(*args)


def column(expr: Any, values: Mapping[str, Any], size: int) -> Any:
    """Evaluate an expression at some points, as `evaluate` does; return (size,) even where nothing in it is an array."""
    return np.broadcast_to(np.asarray(evaluate(expr, values)), size)


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
