"""Check that a graph is well formed; run after every pass in tests, and once in a build."""

from collections import defaultdict

from symgraph.compiler.ir.graph import BOOLEAN_OPS, LEAVES, SUMS, VARYING_LEAVES, Graph, Node
from symgraph.compiler.ir.special import SPECIAL, arity_of
from symgraph.spec.ops.ops import OPS


def verify_graph(graph: Graph) -> Graph:
    """Return the graph if it is well formed.

    Raises:
        ValueError: a node refers to a later one, has a wrong number or kind of operands or a wrong kind itself, two nodes are
            the same, or a name or root points nowhere. That is a bug of a pass.
    """
    seen: defaultdict[str, dict[object, int]] = defaultdict(dict)
    for position, node in enumerate(graph.nodes):
        problem = _problem(graph, position, node)
        key = node.args if node.data is None else repr(node.data)
        first = seen[node.op].setdefault(key, position)
        if problem is None and first != position:
            problem = f"is the same operation as %{first}"
        if problem is not None:
            raise ValueError(f"graph {graph.name}: node %{position} ({node.op}) {problem}")
    for role, aliases in (("name", graph.names), ("root", graph.roots)):
        for name, position in aliases.items():
            if not 0 <= position < len(graph.nodes):
                raise ValueError(f"graph {graph.name}: {role} {name} points at %{position}, which does not exist")
    return graph


_LOGICAL = frozenset({"and", "or", "not"})


def _problem(graph: Graph, position: int, node: Node) -> str | None:
    if node.op == "const" or node.op in LEAVES:
        wanted: type = float if node.op == "const" else str
        if node.args or not isinstance(node.data, wanted):
            return "is a leaf with operands or without its data"
        return "varies by row, which its kind does not" if node.varying and node.op not in VARYING_LEAVES else None
    if node.op not in OPS and node.op not in SPECIAL:
        return "is no row of the op table"
    if len(node.args) != arity_of(node.op):
        return f"has {len(node.args)} operands instead of {arity_of(node.op)}"
    if any(not 0 <= arg < position for arg in node.args):
        return "refers to a node that does not stand before it"
    operands = [graph.nodes[arg] for arg in node.args]
    for index, operand in enumerate(operands):
        if operand.boolean != (node.op in _LOGICAL or (node.op == "select" and index == 0)):
            return f"has operand %{node.args[index]}, which is {'a truth value' if operand.boolean else 'a number'}"
    if node.boolean != ((SPECIAL[node.op].of if node.op in SPECIAL else node.op) in BOOLEAN_OPS):
        return "has the wrong kind"
    if node.varying != (node.op not in SUMS and True in [operand.varying for operand in operands]):
        return "has a wrong mark of varying by row"
    return None
