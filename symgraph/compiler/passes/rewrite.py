"""Reassociating: expressions that lose digits, overflow or have no derivative become equal ones that do not, by ``RULES``.

Runs on the forward graph, before the adjoint, so that derivatives follow the better form.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from symgraph.compiler.ir.graph import Graph, GraphBuilder, Node, rebuild
from symgraph.compiler.rewrite import RULES, apply_rules


class _Held(NamedTuple):
    """A function that rules take out of others, its inverse, and the largest value that this takes; the least is above 0."""

    value: Callable[[float], float]
    inverse: Callable[[float], float]
    largest: float


_HELD = {
    "exp": _Held(math.exp, math.log, math.inf),
    "sigmoid": _Held(lambda x: 1.0 / (1.0 + math.exp(-x)), lambda p: 40.0 if p == 1.0 else math.log(p / (1.0 - p)), 1.0),
}


def rewrite(graph: Graph) -> Graph:
    """Apply every rule of the table where its condition is known to hold.

    Named nodes keep their name and their value; the graph's declared domains count as known. A guard that keeps a branch from
    seeing exp(x), if that is not taken, hides it from rules: they see exp of a guarded x.

    Args:
        graph: the forward graph of a model.
    """
    ruled = apply_rules(graph, RULES)
    opened = rebuild(ruled, _opened, ("select",))
    again = opened if opened is ruled else apply_rules(opened, RULES)
    return ruled if again is opened else rebuild(again, _closed, _HELD)


def _opened(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
    """Write exp(x) or a number as exp of x or of another number."""
    value, other = (builder.nodes[arg] for arg in args[1:])
    held = _HELD.get(value.op)
    if held is None or not isinstance(other.data, float) or not 0.0 < other.data <= held.largest:
        return None
    safe = builder.const(_short(held.inverse(other.data)))
    return builder.add(value.op, builder.add("select", args[0], value.args[0], safe))


def _closed(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
    """Write exp of x or of a number as exp(x) or another number, where exp(x) is computed in any case."""
    inner = builder.nodes[args[0]]
    safe = builder.nodes[inner.args[-1]].data if inner.op == "select" else None
    if not isinstance(safe, float):
        return None
    found = builder.find(node.op, inner.args[1])
    if found is None:
        return None
    return builder.add("select", inner.args[0], found, builder.const(_short(_HELD[node.op].value(safe))))


def _short(number: float) -> float:
    """Round a number that only has to be safe, so that it is written as the inverse of its inverse was."""
    return float(f"{number:.12g}")
