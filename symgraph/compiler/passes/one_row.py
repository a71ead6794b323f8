"""Exact: the graph of a single row, whose loss has the cotangent 1 and over which there is nothing to sum."""

from symgraph.compiler.ir.graph import OPPOSITE, REQUESTED, Graph, GraphBuilder, Node, rebuild

_LACKING = ("jacobian ", "residual", OPPOSITE, *(prefix for prefix in REQUESTED if prefix != "hessian "))


def one_row(graph: Graph) -> Graph:
    """Bind the cotangent to 1, and drop sums over rows and roots that row functions lack; for row functions alone.

    Residual, Jacobians and derivatives on request are dropped, but for the Hessian. This is not part of the pipeline.
    """
    roots = {root: p for root, p in graph.roots.items() if not root.startswith(_LACKING)}
    names = {name: p for name, p in graph.names.items() if not name.endswith((" (jacobian)", " (residual)"))}
    return rebuild(Graph(graph.name, graph.nodes, roots, names, graph.domains), _bind, {"cotangent", "rowsum"})


def _bind(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int:
    return builder.const(1.0) if node.op == "cotangent" else args[0]
