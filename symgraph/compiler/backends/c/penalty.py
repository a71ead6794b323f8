"""Bodies of the C functions for the penalty and the constraints, which depend on weights and constants alone."""

from collections.abc import Sequence

from symgraph.compiler.backends.c.names import ON_REQUEST, ascii_names, taken
from symgraph.compiler.backends.c.writer import FunctionWriter
from symgraph.compiler.backends.names import Names, identifiers, partial_names
from symgraph.compiler.backends.section import PENALTY_TITLES, statements, straight
from symgraph.compiler.backends.source import ConstraintSource, Penalty
from symgraph.compiler.derive.schedule import roots_of


def penalty_body(writer: FunctionWriter, penalty: Penalty) -> tuple[str, ...]:
    """Write the statements that compute the penalty and its partials, with the texts of a file's writer."""
    graph = penalty.graph
    lines, (value, *partials) = _of_weights(writer, penalty, (graph.roots["loss"], *roots_of(graph, "grad")))
    return (*lines, *(f"    grad[{index}] = {text};" for index, text in enumerate(partials)), f"    return {value};")


def hessian_body(writer: FunctionWriter, penalty: Penalty) -> tuple[str, ...]:
    """Write the statements that compute the second derivatives of the penalty that are not 0, into a matrix of zeros."""
    k = len(penalty.part.weight_inputs)
    lines, values = _of_weights(writer, penalty, [*penalty.seconds.values()], seconds=True)
    places = [f"hessian[{i * k + j}] = " + (f"hessian[{j * k + i}] = " if i != j else "") for i, j in penalty.seconds]
    return (*lines, *(f"    {place}{text};" for place, text in zip(places, values, strict=True)))


def constraint_bodies(writer: FunctionWriter, source: ConstraintSource) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Write the statements that compute the constraints, and those that compute the partials of each by each weight."""
    graph = source.graph
    blocked = taken(source.model, writer.name) | {"values", "jacobian"}
    identifier = ascii_names(identifiers(source.model, blocked), blocked)
    names = Names(source.model, graph, identifier | partial_names(source.names, source.model, identifier))
    values = tuple(graph.roots[f"node {name}"] for name in source.names)
    bodies = []
    for array, results in (("values", values), ("jacobian", roots_of(graph, "jacobian"))):
        lines, texts = _statements(writer, names, results)
        bodies.append((*lines, *(f"    {array}[{index}] = {text};" for index, text in enumerate(texts))))
    return bodies[0], bodies[1]


def _of_weights(
    writer: FunctionWriter, penalty: Penalty, results: Sequence[int], *, seconds: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Write the statements that compute some nodes of the penalty's graph, and the expression for each."""
    blocked = taken(penalty.part, writer.name) | {"penalty"} | (ON_REQUEST if seconds else set())
    names = Names(penalty.part, penalty.graph, ascii_names(identifiers(penalty.part, blocked), blocked), "penalty")
    return _statements(writer, names, results, seconds=seconds)


def _statements(
    writer: FunctionWriter, names: Names, results: Sequence[int], *, seconds: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    leaves, form = {"largest": "DBL_MAX"}, "const double {name} = {value};"
    body = straight(names, results, writer.texts, writer.literals, leaves, form=form, seconds=seconds)
    weights = enumerate(names.inputs("w", body.order, results))
    read = [f"    const double {name} = w[{index}];" for index, name in weights if name]
    lines = statements(body.lines, body.notes, titles=PENALTY_TITLES, sign="//")
    return (*(read or ["    (void)w;"]), *lines), body.values
