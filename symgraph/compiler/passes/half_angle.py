"""Reassociating: the sine and the cosine of one varying argument x are computed from t = tan(x/2).

With q = 2/(1 + t*t) the sine is t*q and the cosine q - 1 (Weierstrass's substitution: NIST DLMF 4.21.27 and after). NumPy has a
vectorised tangent of doubles, but no vectorised sine and cosine: one tangent takes a sixth of the time of one sine. In float32,
where it has all three, the pair takes twice the time.

Loss of accuracy: the sine is within 1.6 ulp for an exact x, the cosine within (1.5 ulp) * (1 + |x*tan(x)|). So where the cosine
is nearly 0 it is as good as the last bit of x allows, and not better. Both stay between -1 and 1. No double is so near a
multiple of pi that t*t overflows. Half of a subnormal x may round, and its sine is the next number then.

For batches alone, after all other passes: ``half_angle`` writes the pair as operations on x/2, which ``tangents`` takes apart.
A module with an error bound has them as they are, since a bound that goes through the tangent is infinite near its poles.
"""

from collections.abc import Mapping

from symgraph.compiler.ir.graph import Graph, GraphBuilder, Node, rebuild
from symgraph.compiler.numerics.uses import alive, readers
from symgraph.compiler.passes.prune import prune
from symgraph.compiler.passes.simplify import simplified


def half_angle(graph: Graph) -> Graph:
    """Replace sine and cosine where both are needed of a varying argument."""
    pairs = _pairs(graph)
    halves: dict[int, int] = {}

    def double(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        argument = node.args[0]
        if argument not in pairs:
            return None
        if argument not in halves:
            halves[argument] = _halved(builder, args[0], alone=pairs[argument])
        return builder.add("double_sine" if node.op == "sin" else "double_cosine", halves[argument])

    return prune(rebuild(graph, double, {"sin", "cos"})) if pairs else graph


def _pairs(graph: Graph) -> Mapping[int, bool]:
    """Return the varying arguments of which sine and cosine are needed, and whether nothing else needs them."""
    nodes, living = graph.nodes, alive(graph)
    waves: dict[str, set[int]] = {"sin": set(), "cos": set()}
    for position, node in enumerate(nodes):
        if node.op in waves and position in living:
            waves[node.op].add(node.args[0])
    both = {position for position in waves["sin"] & waves["cos"] if nodes[position].varying}
    kept, uses = {*graph.names.values(), *graph.roots.values()}, readers(graph)
    return {position: uses[position] == 2 and position not in kept for position in both}


def _halved(builder: GraphBuilder, argument: int, *, alone: bool) -> int:
    """Halve a value; of a product that nothing else needs, the uniform factor is halved, once a call."""
    node = builder.nodes[argument]
    if alone and node.op == "mul":
        for factor, other in (node.args, node.args[::-1]):
            if not builder.nodes[factor].varying:
                return builder.add("mul", _half_of_uniform(builder, factor), other)
    return builder.add("mul", builder.const(0.5), argument)


def _half_of_uniform(builder: GraphBuilder, factor: int) -> int:
    constant = builder.nodes[factor].data
    if isinstance(constant, float):
        return builder.const(0.5 * constant)
    return simplified(builder, "mul", builder.const(0.5), factor)
