"""Comments on forms that differ from what the user wrote: what stands there instead, and why."""

from collections.abc import Iterable, Mapping

from symgraph.ir.graph import Graph, Node
from symgraph.ir.polynomials import AT_0

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
    ("", "min"): "limited to the largest number, since 0 * inf is nan",
}
"""By the op whose partial it is, "" for any, and the op that begins the form."""


_NEAR_0 = "near 0 by a Taylor polynomial, since what the spec has cancels there, or is 0/0"


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
    for position in order:
        note = _note(graph.nodes[position], written, limited=_is_limited(graph, position))
        if note and note not in notes.values():
            notes[position] = note
    return notes


def _is_limited(graph: Graph, position: int) -> bool:
    return any(graph.nodes[arg].op == "largest" for arg in graph.nodes[position].args)


def _note(node: Node, written: Mapping[str, set[str]], *, limited: bool) -> str:
    if limited:
        return _REVERSE.get(("", node.op), "")
    of, found, _ = node.origin.removeprefix("adjoint of ").partition(" in ")
    if found:
        return _REVERSE.get((of, node.op), "")
    if of.endswith(AT_0):
        return _NEAR_0
    own = written.get(node.origin, set())
    return next((note for (op, first), note in _FORWARD.items() if first == node.op and op in own and first not in own), "")
