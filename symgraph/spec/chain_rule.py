"""The chain rule written out in SymPy, node by node, for people to read; modules are derived from graphs."""

from collections.abc import Sequence
from typing import Any

import sympy

from symgraph.spec.canonical import symbols_of
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
    return {weight.name: sympy.Add(*sums.get(weight.symbol, [])).xreplace(named) for weight in weights}


def _push(sums: dict[Any, list[Any]], expr: Any, cotangent: Any) -> None:
    """Add cotangent * d expr/d symbol to the sum of every symbol of the expression."""
    for symbol in sorted(symbols_of(expr), key=lambda s: s.place):
        sums.setdefault(symbol, []).append(cotangent * sympy.diff(expr, symbol))
