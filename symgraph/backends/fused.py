"""Products that are added to numbers without rounding errors, as one operation with one rounding: a step of C's emission."""

from symgraph.backends.c_functions import own
from symgraph.backends.expression import OpTexts
from symgraph.ir.graph import Graph, GraphBuilder, Node, rebuild
from symgraph.ir.uses import read_once
from symgraph.passes.prune import prune

TEXTS: OpTexts = {"fma": own("fma", 3)}
"""How C reads where that is done; the function is among those of the file."""

_EXACT = frozenset({"const", "weight", "feature", "target"})


def fused(graph: Graph) -> Graph:
    """Write a product, needed once, and what is added to it as fused where the other operand has no rounding error.

    The result is then the truth rounded once, of the right sign. Where the other operand was rounded as well, as in a*a - b*b,
    operations with a rounding each may cancel to the 0 that is right, and one rounding of the two leaves what the other lost.
    Products too small for normal numbers cost no time either when they are not written down.
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
