"""Reassociating: expressions that lose digits, overflow or have no derivative become equal ones that do not, by ``RULES``.

Runs on the forward graph, before the adjoint, so that derivatives follow the better form.
"""

import math

from symgraph.ir.graph import Graph, GraphBuilder, Node, rebuild
from symgraph.rewrite import RULES, apply_rules

_HELD = {
    "exp": (math.exp, math.log, lambda value: value > 0.0),
    "sigmoid": (lambda x: 1.0 / (1.0 + math.exp(-x)), lambda p: math.log(p / (1.0 - p)), lambda value: 0.0 < value < 1.0),
}
"""Functions that rules take out of others: each with its inverse, and the numbers that this takes."""


def rewrite(graph: Graph) -> Graph:
    """Apply every rule of the table where its condition is known to hold.

    Named nodes keep their name and their value; the graph's declared domains count as known. A guard that keeps a branch from
    seeing exp(x), if that is not taken, hides it from rules: they see exp of a guarded x.

    Args:
        graph: the forward graph of a model.
    """
    opened = rebuild(graph, _opened, ("select",))
    ruled = apply_rules(opened, RULES)
    return graph if ruled is opened else rebuild(ruled, _closed, _HELD)


def _opened(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
    """Write exp(x) or a number as exp of x or of another number."""
    value, other = (builder.nodes[arg] for arg in args[1:])
    if value.op not in _HELD or not isinstance(other.data, float) or not _HELD[value.op][2](other.data):
        return None
    safe = builder.const(float(f"{_HELD[value.op][1](other.data):.12g}"))
    return builder.add(value.op, builder.add("select", args[0], value.args[0], safe))


def _closed(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
    """Write exp of x or of a number as exp(x) or another number, where exp(x) is computed in any case."""
    inner = builder.nodes[args[0]]
    safe = builder.nodes[inner.args[-1]].data if inner.op == "select" else None
    found = builder.find(node.op, inner.args[1]) if isinstance(safe, float) else None
    if found is None or not isinstance(safe, float):
        return None
    return builder.add("select", inner.args[0], found, builder.const(float(f"{_HELD[node.op][0](safe):.12g}")))
