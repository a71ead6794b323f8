"""Body of the C function for the penalty, which depends on weights and constants alone."""

from symgraph.backends.c.names import ascii_names, taken
from symgraph.backends.c.writer import FunctionWriter
from symgraph.backends.names import Names, identifiers
from symgraph.backends.section import PENALTY_TITLES, statements, straight
from symgraph.backends.source import Penalty
from symgraph.derive.schedule import roots_of


def penalty_body(writer: FunctionWriter, penalty: Penalty) -> tuple[str, ...]:
    """Write the statements that compute the penalty and its partials, with the texts of a file's writer."""
    graph, blocked = penalty.graph, taken(penalty.part, writer.name) | {"penalty"}
    names = Names(penalty.part, graph, ascii_names(identifiers(penalty.part, blocked), blocked), "penalty")
    results = (graph.roots["loss"], *roots_of(graph, "grad"))
    leaves, form = {"largest": "DBL_MAX"}, "const double {name} = {value};"
    body = straight(names, results, writer.texts, writer.literals, leaves, form=form)
    value, *partials = body.values
    weights = enumerate(names.inputs("w", body.order, results))
    read = [f"    const double {name} = w[{index}];" for index, name in weights if name]
    return (
        *(read or ["    (void)w;"]),
        *statements(body.lines, body.notes, titles=PENALTY_TITLES, sign="//"),
        *(f"    grad[{index}] = {text};" for index, text in enumerate(partials)),
        f"    return {value};",
    )
