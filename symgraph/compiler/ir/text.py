"""Text form of a graph, for people and for fixtures; `tests/graph_text.py` parses it."""

from symgraph.compiler.ir.graph import VARYING_LEAVES, Graph, Node


def to_text(graph: Graph) -> str:
    """Print a graph, one node a line with the named node and the rule that it comes from, then its names, roots and domains."""
    lines = [f"graph {graph.name}"]
    for position, node in enumerate(graph.nodes):
        line = f"%{position} = {_operation(node)}"
        lines.append(f"{line:<32} ; {node.origin}" if node.origin else line)
    for kind, aliases in (("name", graph.names), ("root", graph.roots)):
        lines += [f"{kind} {name} = %{position}" for name, position in aliases.items()]
    lines += [f"domain {name} = {low!r} {high!r}" for name, (low, high) in graph.domains.items()]
    return "\n".join(lines) + "\n"


def _operation(node: Node) -> str:
    if isinstance(node.data, float):
        return f"const {node.data!r}"
    if isinstance(node.data, str):
        suffix = " uniform" if node.op in VARYING_LEAVES and not node.varying else ""
        return f"{node.op} {node.data}{suffix}"
    return f"{node.op}({', '.join(f'%{arg}' for arg in node.args)})"
