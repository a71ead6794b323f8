"""Names that a section of a generated text gives to values, and what each means there."""

import re
from collections.abc import Iterable, Sequence
from itertools import combinations_with_replacement
from typing import NamedTuple

from symgraph.compiler.backends.names import RESIDUAL
from symgraph.compiler.backends.section import SectionWriter
from symgraph.compiler.derive.schedule import roots_of
from symgraph.compiler.ir.graph import SUMS, Graph
from symgraph.module_functions import HESSIAN


class Name(NamedTuple):
    """A name that a section of a text gives to a value.

    Attributes:
        text: the name, that of a derivative as the text has it.
        node: the input or node that it belongs to.
        of: the value whose derivative it is; "" for a primal.
        by: what that value is differentiated by.
        back: whether it is, or is a part of, what the reverse sweep computes.
        summed: whether it is a sum over rows of which the section writes the terms, as C does.
    """

    text: str
    node: str
    of: str = ""
    by: tuple[str, ...] = ()
    back: bool = False
    summed: bool = False


_NAMELESS = Name("", "")


def section_names(writer: SectionWriter, outputs: Sequence[str]) -> dict[int, Name]:
    """Return the names that a section gives to operations: the model's for primals, the text's for derivatives.

    A derivative that is named in several sections has in each the name and the meaning of that section: ``d_x`` is that of the
    loss in one, of an output in the next.

    Args:
        writer: of the section.
        outputs: the names of the model's outputs.
    """
    graph, found = writer.graph, dict[int, Name]()
    loss = next((label for at, label in writer.labels.items() if at == graph.roots.get("loss")), "loss")
    value = "penalty" if loss == "penalty" else "loss"
    for root, position in graph.roots.items():
        if root.startswith("node "):
            found.setdefault(position, Name(root.removeprefix("node "), root.removeprefix("node ")))
        elif root == "loss":
            found.setdefault(position, Name(value, value))
    of_names = _derivatives(graph, value, outputs)
    kinds = [{kind for kind, _ in of_names[position]} for position in writer.labels if position in of_names]
    section = next(iter(sorted(set.intersection(*kinds))), "") if kinds else ""
    for position, label in writer.labels.items():
        if position in of_names:
            last = next((name for kind, name in reversed(of_names[position]) if kind == section), of_names[position][-1][1])
            summed = graph.nodes[position].op in SUMS and position not in writer.bound
            if summed or position in writer.bound:
                found.setdefault(position, last._replace(text=label, back=True, summed=summed))
    weights = list(dict.fromkeys(root.removeprefix("grad ") for root in graph.roots if root.startswith("grad ")))
    pairs = zip(roots_of(graph, HESSIAN), combinations_with_replacement(weights, 2), strict=False)
    for position, pair in pairs:
        if position in writer.labels and position not in of_names:
            found.setdefault(position, Name(writer.labels[position], pair[0], value, pair, back=True))
    return {position: name for position, name in found.items() if graph.nodes[position].data is None}


def _derivatives(graph: Graph, loss: str, outputs: Sequence[str]) -> dict[int, list[tuple[str, Name]]]:
    """Return the derivatives with names at each position, each with its kind, those by nodes behind those by weights."""
    weights = {node.data for node in graph.nodes if node.op == "weight"}
    found: dict[int, list[tuple[str, Name]]] = {}
    for name, position in sorted(
        graph.names.items(), key=lambda entry: entry[0].partition(" (")[0].removeprefix("d_") not in weights
    ):
        plain, _, end = name.partition(" (")
        if name.startswith("d_"):
            kind, _, column = end.removesuffix(")").partition(" ")
            of = {"": loss, RESIDUAL: " ".join(filter(None, ["residual", column]))}.get(kind, column or next(iter(outputs), ""))
            node = plain.removeprefix("d_")
            found.setdefault(position, []).append((kind, Name(plain, node, of, (_first_of_its_value(graph, node),))))
    return found


def _first_of_its_value(graph: Graph, name: str) -> str:
    """Return the input, or the node declared first, that has the value of a node, for the derivative is by all of them."""
    position = graph.roots.get(f"node {name}")
    if position is None or isinstance(graph.nodes[position].data, str):
        return name if position is None else str(graph.nodes[position].data)
    return next(root.removeprefix("node ") for root, at in graph.roots.items() if at == position and root.startswith("node "))


def belongs_to(writer: SectionWriter, position: int, names: Iterable[Name]) -> Name:
    """Return the name of the node of whose value, or of whose way back, a value without a name is a part."""
    head = re.sub(r"_\d+$", "", writer.bound.get(position, ""))
    origin = writer.graph.nodes[position].origin.partition(":")[0]
    node = origin.rpartition(" in ")[2].removeprefix("adjoint of ")
    primals = {name.text: name for name in names if not name.back}
    primals |= {"loss": primals["penalty"]} if "penalty" in primals else {}
    if head in primals:
        return primals[head]
    back = head.startswith("d_") or origin.startswith("adjoint of ")
    inner = head.removeprefix("d_") if head.startswith("d_") else node
    known = {*primals, *(leaf.data for leaf in writer.graph.nodes if isinstance(leaf.data, str))}
    if inner not in known:
        return _NAMELESS
    return Name(inner, primals[inner].node if inner in primals else inner, back=True) if back else primals.get(inner, _NAMELESS)
