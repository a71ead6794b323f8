"""Reassociating: a vanishing factor comes earlier in a product that may overflow before it.

The interval of every factor shows which are huge and which vanish. (c * w) * q, where q is the exponential of a negative
number, is inf * 0 where c * w overflows and q is 0; (c * q) * w is 0. A factor that the adjoint puts last, since it would
vanish too early elsewhere, is not moved.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import chain

from symgraph.compiler.ir.graph import Graph, GraphBuilder, Node, replaced
from symgraph.compiler.numerics.intervals import Interval, intervals
from symgraph.compiler.numerics.uses import alive, factors_of
from symgraph.spec.ops.ops import OPS

_HUGE = 2.0**512
"""Size of two factors whose product overflows."""
_VANISHED = 2.0**-500
_VANISHING_OPS = frozenset({"div"} | {name for name, row in OPS.items() if row.vanishes})
"""Ops whose value becomes exactly 0 by underflow alone."""


def order(graph: Graph) -> Graph:
    """Move the first vanishing factor of each product before its second huge one."""
    nodes = graph.nodes
    chains = {
        position: factors
        for position, factors in _chains(graph).items()
        if any(nodes[factor].op in _VANISHING_OPS for factor in factors[2:-1])  # behind two that may be huge
    }
    if not chains:
        return graph
    bounds = intervals(graph, only={factor for factors in chains.values() for factor in factors})
    better = {position: found for position, factors in chains.items() if (found := _reordered(graph, bounds, factors))}

    def remade(builder: GraphBuilder, moved: Sequence[int], position: int) -> int:
        return builder.chain("mul", [moved[factor] for factor in better[position]])

    return replaced(graph, better, remade)[0] if better else graph


def _chains(graph: Graph) -> dict[int, list[int]]:
    """Return the factors of products of three or more, by last multiplication; a product that is read twice is one factor."""
    nodes = graph.nodes
    uses = Counter(chain.from_iterable([nodes[position].args for position in alive(graph)]))
    uses.update(graph.roots.values())
    products = {position for position, node in enumerate(nodes) if node.op == "mul"}
    inner = {left for left in (nodes[position].args[0] for position in products) if left in products and uses[left] == 1}
    last = [position for position in sorted(products - inner) if nodes[position].args[0] in inner]
    return {position: factors_of(nodes, position, inner) for position in last}


def _reordered(graph: Graph, bounds: list[Interval], factors: list[int]) -> list[int]:
    """Return the factors in a better order; empty where theirs is good."""
    huge = [index for index, factor in enumerate(factors) if max(-bounds[factor].low, bounds[factor].high) > _HUGE]
    first = next((index for index, factor in enumerate(factors[:-1]) if _vanishes(graph.nodes[factor], bounds[factor])), None)
    if first is None or len(huge) < 2 or not huge[1] < first:
        return []
    rest = [factor for index, factor in enumerate(factors) if index != first]
    return [*rest[: huge[1]], factors[first], *rest[huge[1] :]]


def _vanishes(node: Node, bound: Interval) -> bool:
    return node.op in _VANISHING_OPS and bool(bound.low < _VANISHED and 0 <= bound.high <= 2)
