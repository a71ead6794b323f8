"""Reassociating: a product and an exact number are added in one operation, with a single rounding where the machine has it.

For C alone, after all other passes.
"""

from symgraph.compiler.ir.graph import Graph, GraphBuilder, Node, rebuild
from symgraph.compiler.numerics.uses import read_once
from symgraph.compiler.passes.prune import prune

_EXACT = frozenset({"const", "weight", "constant", "feature", "target"})


def fused(graph: Graph) -> Graph:
    """Fuse a product, needed once, with the operand that is added to it where that has no rounding error.

    The result is then the exact one, rounded once, of the right sign. Where the other operand was rounded as well, as in
    a*a - b*b, two roundings may cancel to the correct 0, where a single one would leave the other operand's rounding error.
    Fusing also avoids the time that products too small for normal numbers take.
    """
    nodes, once = graph.nodes, read_once(graph)

    def product(position: int) -> bool:
        return nodes[position].op == "mul" and position in once

    def written(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        for index, other in ((0, 1), (1, 0)):
            if product(node.args[index]) and nodes[node.args[other]].op in _EXACT:
                factors = builder.nodes[args[index]].args
                if node.op == "add":
                    return builder.add("fma", *factors, args[other])
                # the sign of a constant is changed beforehand
                changed = args[other] if index == 0 else factors[0]
                constant = builder.nodes[changed].data
                if not isinstance(constant, float):
                    return builder.add("fms" if index == 0 else "fnma", *factors, args[other])
                opposite = builder.const(-constant)
                return builder.add("fma", *((*factors, opposite) if index == 0 else (opposite, factors[1], args[other])))
        return None

    return prune(rebuild(graph, written, {"add", "sub"}))
