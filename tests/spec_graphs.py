"""Graphs of single expressions."""

from typing import Any

from symgraph import Model
from symgraph.compiler.derive.lowering import lower
from symgraph.compiler.ir.graph import Graph


def graph_of(expr: Any, domains: dict[str, tuple[float, float]] | None = None) -> Graph:
    """The forward graph of an expression in a, b and c, which become weights."""
    model = Model("g")
    symbols = {name: model.weight(name, domain=(domains or {}).get(name)) for name in sorted(map(str, expr.free_symbols))}
    model.loss(model.node("r", expr.subs(symbols, simultaneous=True)))
    return lower(model)
