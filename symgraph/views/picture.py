"""Pictures of a model's graph: its named nodes, with or without the numbers of a row."""

import math
import re

from symgraph.check.reference import Point
from symgraph.drawing.picture import Arrow, Box, Picture
from symgraph.spec.model import Model
from symgraph.views.named_graph import Edge, NamedGraph, Numbers, Vertex

MOST = 60
"""Most boxes of a picture; beyond, boxes hold several nodes."""

_WIDE, _LINES = 34, 3
"""Most signs of a line of a formula, and most lines: what is longer is left to the hint of its box."""


def pictured(model: Model, point: Point | None = None, *, ops: bool = False, row: str = "") -> Picture:
    """Make a picture of a model.

    Args:
        model: the spec; numbers and operations freeze it.
        point: a float for every input, to show the numbers there; None for a picture without numbers.
        ops: whether every operation is drawn instead of the named nodes.
        row: words for the row of the point, such as "row 0 of rows.csv".

    Raises:
        OptionError: an input has no value.
        SpecError: numbers or operations are asked for, and the model is not complete.
    """
    del ops
    graph = NamedGraph(model)
    return picture_of(graph, None if point is None else graph.numbers(point), row=row)


def picture_of(graph: NamedGraph, numbers: Numbers | None = None, *, row: str = "") -> Picture:
    """Make a picture of a model's named nodes.

    Args:
        graph: the model's graph.
        numbers: values and cotangents to show, or None.
        row: words for the row that they are of, such as "row 0 of rows.csv".
    """
    boxes = tuple(_box(vertex, numbers) for vertex in graph.vertices)
    most = 0.0 if numbers is None else max((_size(numbers, edge) for edge in graph.edges), default=0.0)
    arrows = tuple(_arrow(edge, numbers, most) for edge in graph.edges)
    name = graph.model.name
    return Picture(name, row or graph.model.doc, _description(graph, numbers, row), boxes, arrows)


def digits(number: float) -> str:
    """Return a number in four digits."""
    return f"{number:.4g}"


def _size(numbers: Numbers, edge: Edge) -> float:
    passed = abs(numbers.passed(edge)) if numbers.cotangents else 0.0
    return passed if math.isfinite(passed) else 0.0


def _box(vertex: Vertex, numbers: Numbers | None) -> Box:
    formula = "" if vertex.expr is None else str(vertex.expr)
    value = cotangent = ""
    if numbers is not None:
        value = digits(numbers.values[vertex.name])
        if numbers.cotangents:
            cotangent = digits(numbers.cotangents[vertex.name])
    hint = f"{vertex.kind} {vertex.name}" if vertex.kind != vertex.name else vertex.name
    hint += f" = {formula}" if formula else ""
    return Box(vertex.name, vertex.kind, vertex.name, lines_of(formula), hint, value, cotangent)


def lines_of(formula: str) -> tuple[str, ...]:
    """Return a formula in a few lines, broken before or after operators; none if it takes too many."""
    lines: list[str] = []
    for part in re.split(r"(?<=, )|(?= [-+] )|(?<=[^*]\*)(?=[^*])", formula):
        if lines and len(lines[-1]) + len(part) <= _WIDE:
            lines[-1] += part
        else:
            lines.append(part)
    fits = len(lines) <= _LINES and all(len(line) <= _WIDE + 6 for line in lines)
    return tuple(line.strip() for line in lines if line) if fits else ()


def _arrow(edge: Edge, numbers: Numbers | None, most: float) -> Arrow:
    hint = f"d {edge.target} / d {edge.source} = {edge.partial}"
    if numbers is None or not numbers.cotangents:
        return Arrow(edge.source, edge.target, hint)
    passed = _size(numbers, edge)
    share = math.sqrt(passed / most) if most else 0.0
    return Arrow(edge.source, edge.target, f"{hint}; carries back {digits(numbers.passed(edge))}", share)


def _description(graph: NamedGraph, numbers: Numbers | None, row: str) -> str:
    lines = []
    for vertex in graph.vertices:
        formula = "" if vertex.expr is None else f" = {vertex.expr}"
        found = "" if numbers is None else f", value {digits(numbers.values[vertex.name])}"
        if numbers is not None and numbers.cotangents:
            found += f", gradient {digits(numbers.cotangents[vertex.name])}"
        lines.append(
            f"{vertex.kind} {vertex.name}{formula}{found}" if vertex.kind != vertex.name else f"{vertex.name}{formula}{found}"
        )
    where = f" at {row}" if row else ""
    return f"Graph of the model {graph.model.name}{where}, from inputs at the left to the end at the right: {'; '.join(lines)}."
