"""Plain formulas of columns, such as ``0.01 + 0.05*v``, computed by NumPy, so that they need not wait for SymPy."""

import ast
import math
import operator
import re
from collections.abc import Callable, Collection, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

_LONGEST = 200
"""Characters of a formula that is read here."""

_TOKEN = re.compile(r"\s|[A-Za-z]\w*|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])|[-+*/()]", re.ASCII)
"""Names, decimal numbers and operators: a text of these has the same meaning for Python and for formulas."""

_OPERATIONS: Mapping[type, Callable[[Any, Any], Any]] = MappingProxyType(
    {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: operator.truediv,
        ast.Pow: operator.pow,
    }
)
_FUNCTIONS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {"abs": np.abs, "exp": np.exp, "ln": np.log, "log": np.log, "sqrt": np.sqrt}
)


def arithmetic(text: str, names: Collection[str]) -> tuple[tuple[str, ...], Callable[[Mapping[str, Any]], Any]] | None:
    """Read a formula of arithmetic and a few functions.

    Args:
        text: the formula.
        names: the names that it may have.

    Returns:
        The names that stand in it, in their order, and a function of their values, numbers or arrays, in which an operation
        that is not defined gives NaN or infinity; None for any other text, which `symgraph.spec.formula` reads or refuses.
    """
    if len(text) > _LONGEST or _TOKEN.sub("", text):
        return None
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        return None
    if not _is_read(tree, names):
        return None
    found = sorted((node.col_offset, node.id) for node in ast.walk(tree) if isinstance(node, ast.Name))
    return tuple(dict.fromkeys(name for _, name in found if name in names)), partial(_value, tree)


def _is_read(node: ast.expr, names: Collection[str]) -> bool:
    """Tell if all of a tree is known, and its numbers without names are finite."""
    match node:
        case ast.Constant(value=int() | float() as number):
            known = not isinstance(number, bool)
        case ast.Name(id=name):
            return name in names or name == "pi"
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return _is_read(operand, names)
        case ast.BinOp(left=left, op=op, right=right):
            known = type(op) in _OPERATIONS and _is_read(left, names) and _is_read(right, names)
        case ast.Call(func=ast.Name(id=name), args=[one], keywords=[]):
            known = name in _FUNCTIONS and _is_read(one, names)
        case _:
            return False
    return known and (_has_names(node, names) or math.isfinite(_value(node, {})))


def _has_names(node: ast.expr, names: Collection[str]) -> bool:
    return any(isinstance(one, ast.Name) and one.id in names for one in ast.walk(node))


@np.errstate(all="ignore")
def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=number):
            return np.float64(str(number))  # which takes whole numbers that are too large for a float
        case ast.Name(id=name):
            return values[name] if name in values else np.float64(math.pi)
        case ast.UnaryOp(op=sign, operand=operand):
            value = _value(operand, values)
            return -value if isinstance(sign, ast.USub) else value
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATIONS[type(op)](_value(left, values), _value(right, values))
        case ast.Call(func=ast.Name(id=name), args=[one]):
            return _FUNCTIONS[name](_value(one, values))
    raise AssertionError(node)  # `_is_read` lets none pass
