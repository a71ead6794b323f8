"""Fused operations: a product is added to an exact number with one rounding, as C writes it."""

from symgraph.backends.c.functions import own
from symgraph.ir.graph import Graph, GraphBuilder, Node, rebuild
from symgraph.ir.optext import OpTexts
from symgraph.ir.uses import read_once
from symgraph.passes.prune import prune

TEXTS: OpTexts = {"fma": own("fma", 3)}
"""C text of the fused operation; the function is among those of the file."""

_EXACT = frozenset({"const", "weight", "feature", "target"})


def fused(graph: Graph) -> Graph:
    """Fuse a product, needed once, with the operand that is added to it where that has no rounding error.

    The result is then the exact one, rounded once, of the right sign. Where the other operand was rounded as well, as in
    a*a - b*b, two roundings may cancel to the correct 0, where a single one would leave the other operand's rounding error.
    Fusing also avoids the time that products too small for normal numbers take.
    """
    once = read_once(graph)

    def product(position: int) -> bool:
        return graph.nodes[position].op == "mul" and position in once

    def written(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        for index, other in ((0, 1), (1, 0)):
            if product(node.args[index]) and graph.nodes[node.args[other]].op in _EXACT:
                a, b = builder.nodes[args[index]].args
                c = args[other]
                if node.op == "sub":
                    a, c = (a, _minus(builder, c)) if index == 0 else (_minus(builder, a), c)
                return builder.add("fma", a, b, c)
        return None

    return prune(rebuild(graph, written, {"add", "sub"}))


def _minus(builder: GraphBuilder, position: int) -> int:
    data = builder.nodes[position].data
    return builder.const(-data) if isinstance(data, float) else builder.add("neg", position)
