"""Which identifier stands for which node, function by function."""

from collections.abc import Iterable, Sequence

from symgraph.backends.layout import unpacked
from symgraph.backends.names import LONGEST, python_names
from symgraph.backends.width import columns
from symgraph.ir.graph import Graph
from symgraph.spec.model import Model

_ROOM = LONGEST - len("d__00000")
"""So much of a node's name fits before the number of an unnamed value."""
JACOBIAN = " (jacobian)"
RESIDUAL = " (residual)"


def identifiers(model: Model, taken: Iterable[str] = ()) -> dict[str, str]:
    """The identifier of every feature, weight and node of the model; ``taken`` are others that the text around uses."""
    inputs = (*model.feature_inputs, *model.weight_inputs)
    return python_names([entry.name for entry in inputs] + [node.name for node in model.nodes], taken)


def leaves_read(graph: Graph, op: str, order: Iterable[int], also: Iterable[int] = ()) -> set[str]:
    """Names of the leaves of one kind that the given operations read, or that stand among ``also``."""
    read = {arg for position in order for arg in graph.nodes[position].args} | set(also)
    return {str(graph.nodes[position].data) for position in read if graph.nodes[position].op == op}


def unpack_leaves(names: Sequence[str], identifier: dict[str, str], used: set[str], source: str, indent: int = 4) -> list[str]:
    """Statements that read the used entries of a vector, ``names`` being all its entries in order."""
    return unpacked([identifier[name] if name in used else "" for name in names], source, indent) if used else []


def leaf_bindings(graph: Graph, identifier: dict[str, str], others: dict[str, str]) -> dict[int, str]:
    """The identifier of every leaf of the graph: features and weights by name, other kinds by ``others`` (op -> text)."""
    result: dict[int, str] = {}
    for position, node in enumerate(graph.nodes):
        if node.op in ("feature", "weight"):
            result[position] = identifier[str(node.data)]
        elif node.op in others:
            result[position] = others[node.op]
    return result


def primal_names(graph: Graph) -> dict[int, tuple[str, ...]]:
    """The model's names of every named primal, first the one under which it is computed."""
    result: dict[int, tuple[str, ...]] = {}
    for root, position in graph.roots.items():
        if root.startswith("node "):
            result[position] = (*result.get(position, ()), root.removeprefix("node "))
    return result


def node_labels(graph: Graph, identifier: dict[str, str]) -> dict[int, str]:
    """The identifier under which each operation with a name of its own is computed, the loss among them."""
    labels = {position: identifier[names[0]] for position, names in primal_names(graph).items()}
    if "loss" in graph.roots:
        labels.setdefault(graph.roots["loss"], "loss")
    return {position: label for position, label in labels.items() if graph.nodes[position].data is None}


def cotangent_labels(graph: Graph, identifier: dict[str, str], suffix: str) -> tuple[dict[int, str], dict[int, str]]:
    """The name of every named cotangent, and a remark where it has several names.

    Args:
        graph: a differentiated graph.
        identifier: the identifier of every feature, weight and node.
        suffix: "" for the cotangents of the loss, ``JACOBIAN`` for those of the output, ``RESIDUAL`` for the residual's.

    Returns:
        Node -> the name under which it is computed (that of the node nearest to the root), node -> remark.
    """
    aliases: dict[int, list[str]] = {}
    weights = {node.data for node in graph.nodes if node.op == "weight"}
    for name, position in graph.names.items():
        plain = name.removesuffix(suffix) if suffix else name
        if name.startswith("d_") and (plain != name if suffix else not name.endswith((JACOBIAN, RESIDUAL))):
            aliases.setdefault(position, []).append(plain)
    labels: dict[int, str] = {}
    notes: dict[int, str] = {}
    for position, names in aliases.items():
        ordered = sorted(names, key=lambda name: name.removeprefix("d_") in weights)  # nodes before weights, stable
        nodes = [name for name in ordered if name.removeprefix("d_") not in weights]
        chosen = nodes[-1] if nodes else ordered[0]
        labels[position] = _cotangent(chosen, identifier)
        others = [_cotangent(name, identifier) for name in ordered if name != chosen]
        if others:
            notes[position] = f"also {', '.join(others)}"
    return labels, notes


def bases(graph: Graph, identifier: dict[str, str]) -> list[str]:
    """Return prefixes for names of unnamed values: the node that they belong to; ``d_`` and that for what the adjoint added.

    A rewrite's nodes belong to what reads them.

    Args:
        graph: a differentiated graph.
        identifier: the identifier of every node.

    Returns:
        For each node of the graph; "" where nothing is known.
    """
    nodes, found, read = graph.nodes, [""] * len(graph.nodes), [""] * len(graph.nodes)
    for name, position in graph.names.items():
        if name.startswith("d_"):
            read[position] = _base(f"adjoint of {name.removeprefix('d_').partition(' ')[0]}", identifier)
    for position in range(len(nodes) - 1, -1, -1):
        node = nodes[position]
        if node.data is None:
            found[position] = _base(node.origin, identifier) or read[position]
            for arg in node.args:
                read[arg] = found[position] or read[arg]
    for position, node in enumerate(nodes):
        if node.origin == "adjoint of weight":  # named after what it is a product of
            inner = next((found[arg] for arg in node.args if nodes[arg].data is None), "")
            found[position] = inner if inner.startswith("d_") or not inner else f"d_{inner}"
    return found


def _base(origin: str, identifier: dict[str, str]) -> str:
    name = origin.rpartition(" in ")[2].removeprefix("adjoint of ")
    own = identifier.get(name, name if name.isidentifier() else "")
    if columns(own) > _ROOM:
        return ""
    return f"d_{own}" if own and origin.startswith("adjoint of ") else own


def _cotangent(name: str, identifier: dict[str, str]) -> str:
    """The identifier of the cotangent ``d_<name>``."""
    return f"d_{identifier[name.removeprefix('d_')]}"
