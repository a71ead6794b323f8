"""Weights in which values of a graph are jointly linear, read from its operations."""

from collections.abc import Iterable, Mapping
from typing import Any

from symgraph.compiler.ir.graph import Graph, Node, reachable

_LINEAR = frozenset({"add", "sub", "neg", "rowsum"})
"""Operations whose second derivatives are 0."""

_PRODUCTS = frozenset({"mul", "rowdot"})


def linear_weights(graph: Graph, roots: Iterable[int]) -> tuple[str, ...]:
    """Return weights in which values are jointly linear: second derivatives by any two of these are identically 0.

    Each weight is taken, in the order of the model, that is linear together with those before it: of a*b*x that is a. The
    operations decide, so that x*(a + b)**2 - x*(a - b)**2, which is 4*a*b*x, has none.

    Args:
        graph: the graph.
        roots: the positions of the values.
    """
    weights = [node.data for node in graph.nodes if node.op == "weight"]
    bit = {name: 1 << place for place, name in enumerate(weights)}
    within = [0] * len(graph.nodes)  # the weights that a node depends on, as bits
    crossed: set[tuple[int, int]] = set()  # of products: weights of either factor
    curved = 0  # weights in which something is not linear
    for position in sorted(reachable(graph.nodes, roots)):
        node = graph.nodes[position]
        within[position], own, pair = _of_node(node, [within[arg] for arg in node.args], bit)
        curved |= own
        crossed |= {pair} if pair[0] and pair[1] else set()
    for left, right in crossed:
        curved |= left & right
    chosen = 0
    for name in weights:
        one = bit[name]
        others = chosen | one
        if not one & curved and not any(
            (left & one and right & others) or (right & one and left & others) for left, right in crossed
        ):
            chosen = others
    return tuple(str(name) for name in weights if bit[name] & chosen)


def _of_node(node: Node, given: list[int], bit: Mapping[Any, int]) -> tuple[int, int, tuple[int, int]]:
    """Return the weights that a node depends on, those in which it is not linear, and those of both factors of a product."""
    if node.op == "weight":
        return bit[node.data], 0, (0, 0)
    everywhere = 0
    for one in given:
        everywhere |= one
    if node.op in _LINEAR:
        return everywhere, 0, (0, 0)
    if node.op in _PRODUCTS:
        return everywhere, 0, (given[0], given[1])
    if node.op == "div":
        return everywhere, given[1], (given[0], given[1])
    if node.op == "select":
        return everywhere, given[0], (given[0], everywhere)
    return everywhere, everywhere, (everywhere, everywhere)
