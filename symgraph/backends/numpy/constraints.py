"""The lines of a module's constraints: their values and the partials of each by each weight."""

from symgraph.backends.layout import columns, filled, unpacked
from symgraph.backends.names import LONGEST, Names, identifiers
from symgraph.backends.section import annotated, straight
from symgraph.backends.source import ConstraintSource, functions_in
from symgraph.derive.schedule import roots_of
from symgraph.ir.ops import texts_of
from symgraph.ir.optext import OpText

_ARGUMENTS = frozenset({"w"})
_LITERALS = {"inf": "np.inf", "-inf": "-np.inf", "nan": "np.nan"}


def constraint_lines(source: ConstraintSource) -> tuple[tuple[str, ...], str]:
    """Write the statements of ``_constraints``, and the one that returns its results."""
    model, graph = source.model, source.graph
    identifier = identifiers(model, _ARGUMENTS)
    names = Names(model, graph, identifier | _of_partials(source, identifier))
    results = (*(graph.roots[f"node {name}"] for name in source.names), *roots_of(graph, "jacobian"))
    own: dict[str, OpText] = {op: op.row.numpy for op in functions_in([graph])}
    body = straight(names, results, {**texts_of("numpy"), **own}, _LITERALS, {"largest": "largest"}, names.bases())
    opening = unpacked(names.inputs("w", body.order, results), "w", 4)
    if any(graph.nodes[arg].op == "largest" for position in body.order for arg in graph.nodes[position].args):
        opening.append("largest = np.finfo(w.dtype).max")
    lines = [annotated(f"    {line.text}", body.notes.get(line.node, "")) for line in body.lines]
    return (*(f"    {line}" for line in opening), *lines), filled("return (", body.values, ")", 4)


def _of_partials(source: ConstraintSource, identifier: dict[str, str]) -> dict[str, str]:
    """Return the name of each partial, to follow ``d_``: that of the constraint and that of the weight."""
    result: dict[str, str] = {}
    used: set[str] = set()
    for name in source.names:
        for weight in source.model.weight_inputs:
            text = f"{identifier[name]}_by_{identifier[weight.name]}"
            chosen = text if columns(text) <= LONGEST else f"partial_{len(result)}"
            while chosen in used:
                chosen += "_"
            used.add(chosen)
            result[f"{name} by {weight.name}"] = chosen
    return result
