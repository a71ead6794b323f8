"""The lines of a module's constraints: their values and the partials of each by each weight."""

from symgraph.backends.layout import filled
from symgraph.backends.names import Names, identifiers, partial_names
from symgraph.backends.numpy.lines import ARGUMENTS, LinesWriter
from symgraph.backends.source import ConstraintSource
from symgraph.derive.schedule import roots_of


def constraint_lines(writer: LinesWriter, source: ConstraintSource) -> tuple[tuple[str, ...], str]:
    """Write the statements of ``_constraints``, and the one that returns its results, as a module's writer does."""
    model, graph = source.model, source.graph
    identifier = identifiers(model, writer.taken - ARGUMENTS | {"w"})
    names = Names(model, graph, identifier | partial_names(source.names, model, identifier))
    results = (*(graph.roots[f"node {name}"] for name in source.names), *roots_of(graph, "jacobian"))
    lines, values = writer.of_weights(names, results, bases=names.bases())
    return lines, filled("return (", values, ")", 4)
