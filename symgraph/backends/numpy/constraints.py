"""The lines of a module's constraints: their values and the partials of each by each weight."""

from symgraph.backends.layout import columns, filled
from symgraph.backends.names import LONGEST, Names, identifiers
from symgraph.backends.numpy.lines import ARGUMENTS, LinesWriter
from symgraph.backends.source import ConstraintSource
from symgraph.derive.schedule import roots_of


def constraint_lines(writer: LinesWriter, source: ConstraintSource) -> tuple[tuple[str, ...], str]:
    """Write the statements of ``_constraints``, and the one that returns its results, as a module's writer does."""
    model, graph = source.model, source.graph
    identifier = identifiers(model, writer.taken - ARGUMENTS | {"w"})
    names = Names(model, graph, identifier | _of_partials(source, identifier))
    results = (*(graph.roots[f"node {name}"] for name in source.names), *roots_of(graph, "jacobian"))
    lines, values = writer.of_weights(names, results, bases=names.bases())
    return lines, filled("return (", values, ")", 4)


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
