"""Reassociating: the two factors sech(x) of the slope of tanh are computed as 1/cosh(x) with NumPy's cosh.

2*h/(h*h + 1) with h = exp(-|x|) takes seven calls on arrays, 1/cosh(x) two, and both are within some 3 ulp. The first one keeps
its digits until h is subnormal, at |x| > 708, and is not 0 before |x| > 745; cosh overflows at 710.4, and 1/cosh(x) is 0 from
there on. A slope has the factor sech twice; a sech that has a name or is more than a factor stays. So where the two differ, the
partial is below the smallest normal number, unless the product of all its other factors overflows: sech(710.4)**2 is
2**-2048.5, less than 2**-1022 / 2**1024.

NumPy hands numbers on which exp underflows to code outside its vector loop, one by one, and numbers on which cosh overflows as
well; the latter takes less time.

Runs after all other passes, for batches.
"""

from collections.abc import Sequence

from symgraph.compiler.ir.graph import Graph, GraphBuilder, Node, rebuild
from symgraph.compiler.numerics.uses import alive
from symgraph.compiler.passes.prune import prune


def hyperbolic(graph: Graph) -> Graph:
    """Replace both factors of the slope of tanh at a varying argument; not part of the pipeline, for batches."""
    nodes = graph.nodes
    found = [position for position, node in enumerate(nodes) if _is_sech(nodes, node)]
    slopes = {nodes[position].args for position in _for_slopes_alone(graph, found)}
    if not slopes:
        return graph

    def replace(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        if node.args not in slopes:
            return None
        h = builder.nodes[args[0]].args[1]
        size = builder.nodes[builder.nodes[h].args[0]].args[0]
        return builder.add("div", builder.const(1.0), builder.add("cosh", builder.nodes[size].args[0]))

    return prune(rebuild(graph, replace, {"div"}))


def _is_sech(nodes: Sequence[Node], node: Node) -> bool:
    """Tell if a node is 2*h/(h*h + 1) with h = exp(-|x|) of a varying x."""
    if node.op != "div" or not node.varying:
        return False
    double, divisor = (nodes[arg] for arg in node.args)
    if double.op != "mul" or nodes[double.args[0]].data != 2.0 or divisor.op != "add" or nodes[divisor.args[1]].data != 1.0:
        return False
    square, h = nodes[divisor.args[0]], nodes[double.args[1]]
    if square.op != "mul" or set(square.args) != {double.args[1]} or h.op != "exp" or nodes[h.args[0]].op != "neg":
        return False
    return nodes[nodes[h.args[0]].args[0]].op == "abs"


def _for_slopes_alone(graph: Graph, positions: Sequence[int]) -> list[int]:
    """Return the nodes that come from the adjoint of tanh, have no name, and are factors only, twice or more."""
    kept = {*graph.names.values(), *graph.roots.values()}
    reads: dict[int, list[str]] = {
        position: []
        for position in positions
        if position not in kept and graph.nodes[position].origin.startswith("adjoint of tanh")
    }
    for reader in alive(graph) if reads else ():
        for arg in graph.nodes[reader].args:
            if arg in reads:
                reads[arg].append(graph.nodes[reader].op)
    return [position for position, ops in reads.items() if len(ops) > 1 and set(ops) == {"mul"}]
