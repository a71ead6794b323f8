"""Comments on forms that differ from what the user wrote: what stands there instead, and why."""

from collections.abc import Iterable, Mapping

from symgraph.compiler.ir.graph import Graph, Node
from symgraph.compiler.rewrite.table import RULES

_FORWARD: Mapping[tuple[str, str], str] = {
    ("sigmoid", "abs"): "1/(1 + exp(-v)) by exp(-|v|), which does not overflow",
    ("softplus", "abs"): "log(1 + exp(v)) as max(v, 0) + log1p(exp(-|v|)), which does not overflow",
    ("log_sigmoid", "abs"): "-log(1 + exp(-v)) by exp(-|v|), which does not overflow",
    ("logaddexp", "abs"): "log(exp(a) + exp(b)) as max(a, b) + log1p(exp(-|a - b|)), which does not overflow",
    ("sin", "tan"): "sin(v) = 2*q/(q*q + 1) with q = tan(v/2), which gives the cosine too",
    ("cos", "tan"): "cos(v) = 2/(q*q + 1) - 1 with q = tan(v/2), which gives the sine too",
}
"""By an op of the spec and the op that begins its form."""

_REVERSE: Mapping[tuple[str, str], str] = {
    ("tanh", "cosh"): "tanh' = sech * sech, one factor at each end of the product, which neither under- nor overflows",
    ("sigmoid", "exp"): "sigmoid' = p*d*d with p = exp(-|v|) and d = 1/(1 + p), in two roots of p",
}
"""By the op whose partial it is, and the op that begins the form."""

_LIMITED = "limited to the largest number, since 0 * inf is nan"
_MASKED = "0 where the factor is 0, since 0 * inf is nan"
_RULES = {rule.name: f"in the place of {rule.name}: {rule.gain}" for rule in RULES}
_ARITHMETIC = frozenset({"neg", "add", "sub", "mul", "div"})


def form_notes(lowered: Graph, graph: Graph, order: Iterable[int]) -> dict[int, str]:
    """The comments on operations, each form once.

    Args:
        lowered: the graph of the spec as it was written.
        graph: the graph that is printed.
        order: positions of the operations of all functions, in the order of the text.
    """
    written: dict[str, set[str]] = {}
    for node in lowered.nodes:
        written.setdefault(node.origin, set()).add(node.op)
    notes: dict[int, str] = {}
    for position in sorted(
        order, key=lambda position: graph.nodes[position].op in _ARITHMETIC
    ):  # a form is known by its function
        node = graph.nodes[position]
        note = _note_of_0(graph, node, written.get(node.origin, set())) or _note(node, written)
        if note and note not in notes.values():
            notes[position] = note
    return notes


def _note_of_0(graph: Graph, node: Node, own: set[str]) -> str:
    """Give the comment on an operation that keeps 0 from meeting infinity; own are the ops that its origin has in the spec."""
    args = [graph.nodes[arg] for arg in node.args]
    if node.op == "min" and any(arg.op == "largest" for arg in args):
        return _LIMITED
    is_masked = node.op == "select" and args[0].op == "eq" and args[1].data == 0.0 and "select" not in own
    return _MASKED if is_masked and any(graph.nodes[arg].data == 0.0 for arg in args[0].args) else ""


def _note(node: Node, written: Mapping[str, set[str]]) -> str:
    of, found, _ = node.origin.removeprefix("adjoint of ").partition(" in ")
    if found:
        return _REVERSE.get((of, node.op), "")
    rule, own = _RULES.get(of.rpartition(": ")[2]), written.get(node.origin, set())
    return rule or next(
        (note for (op, first), note in _FORWARD.items() if first == node.op and op in own and first not in own), ""
    )
