"""The chain rule written out in SymPy, node by node, for people to read; modules are derived from graphs."""

from collections.abc import Sequence
from typing import Any

import sympy

from symgraph.spec.canonical import postorder, replaced, symbols_of
from symgraph.spec.inputs import Input, NamedNode


def chain_rule(expr: Any, nodes: Sequence[NamedNode], weights: Sequence[Input]) -> dict[str, Any]:
    """Return d expr / d weight for each weight by its name, over the symbols of inputs and nodes.

    Args:
        expr: a SymPy expression.
        nodes: those that it may depend on, each after those in its expression.
        weights: the weights.
    """
    sums: dict[Any, list[Any]] = {}
    _push(sums, expr, sympy.Integer(1))
    for node in reversed(nodes):
        _push(sums, node.expr, sympy.Add(*sums.pop(node.symbol, [])))
    # the derivative of exp(t) is exp(t) again: say so by the node's name
    named = {node.expr: node.symbol for node in reversed(nodes) if node.expr.args}
    return {weight.name: replaced(sympy.Add(*sums.get(weight.symbol, [])), named) for weight in weights}


def _push(sums: dict[Any, list[Any]], expr: Any, cotangent: Any) -> None:
    """Add cotangent * d expr/d symbol to the sum of every symbol of the expression."""
    for symbol in sorted(symbols_of(expr), key=lambda s: s.place):
        sums.setdefault(symbol, []).append(cotangent * slope(expr, symbol))


def slope(expr: Any, symbol: Any) -> Any:
    """Return d expr / d symbol as it is wherever it exists: steps, signs and floors have the slope 0 there.

    Args:
        expr: a SymPy expression.
        symbol: one of its symbols.
    """
    found = sympy.diff(expr, symbol)
    if not found.has(sympy.Derivative, sympy.DiracDelta, sympy.Subs):
        return found
    smooth: dict[Any, Any] = {}
    for part in postorder([found]):
        if isinstance(part, sympy.DiracDelta):
            smooth[part] = sympy.S.Zero
        elif isinstance(part, sympy.Subs):  # the slope of a function at a place
            smooth[part] = _between_steps(part.expr.expr, part.expr.variables[0])
        elif isinstance(part, sympy.Derivative):
            smooth[part] = _between_steps(part.expr, part.variables[0])
    return found.xreplace({part: value for part, value in smooth.items() if value is not None})


def _between_steps(function: Any, symbol: Any) -> Any:
    """Return the slope of a function that jumps, between its jumps; None of another function."""
    if isinstance(function, sympy.floor | sympy.ceiling | sympy.sign):
        return sympy.S.Zero
    if isinstance(function, sympy.Mod):
        value, period = function.args
        return sympy.diff(value, symbol) - sympy.floor(value / period) * sympy.diff(period, symbol)
    return None
