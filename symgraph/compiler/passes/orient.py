"""Exact: the residual is the negative of the difference that the loss squares if that falls as the output grows."""

from symgraph.compiler.ir.graph import OPPOSITE, Graph, GraphBuilder


def orient(graph: Graph) -> Graph:
    """Replace the negated residual by the residual; the last step, after the pipeline."""
    if OPPOSITE not in graph.roots:
        return graph
    builder = GraphBuilder.over(graph)
    builder.origin = "residual"
    position = graph.roots[OPPOSITE]
    node = graph.nodes[position]
    turned = builder.add("sub", *node.args[::-1]) if node.op == "sub" else builder.add("neg", position)
    roots = {root: position for root, position in graph.roots.items() if root != OPPOSITE}
    return builder.build({**roots, "residual": turned}, graph.names)
