"""Pictures of a model's graph: its named nodes, with or without the numbers of a row."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from symgraph.judge.reference import Point
from symgraph.show.drawing.groups import MOST, grouped
from symgraph.show.drawing.picture import Arrow, Box, Picture
from symgraph.show.views.formulas import brief, formula
from symgraph.show.views.named_graph import Edge, NamedGraph, Numbers, Vertex
from symgraph.show.views.operations import operations
from symgraph.show.views.styles import STYLES
from symgraph.spec.model import Model

_WIDE, _LINES, _FEW = 34, 4, 3
"""Signs of a line of a formula, most lines, and signs too few for a line; the hint of its box has all of it."""
_BREAK = re.compile(r"(?<=, )|(?= [-+] )|(?= (?:if|else|and|or) )|(?<=[^*]\*)(?=[^*])")


def pictured(model: Model, point: Point | None = None, *, ops: bool = False, row: str = "") -> Picture:
    """Make a picture of a model.

    Args:
        model: the spec; numbers and operations freeze it.
        point: a float for every input, to show the numbers there; None for a picture without numbers.
        ops: whether every operation is drawn instead of the named nodes, as long as there are not too many.
        row: words for the row of the point, such as "row 0 of rows.csv".

    Raises:
        OptionError: an input has no value.
        SpecError: numbers or operations are asked for, and the model is not complete.
    """
    graph, signs = operations(model) if ops else (NamedGraph(model), None)
    note = ""
    if ops and len(graph.vertices) > MOST:
        many = len(graph.vertices)
        note = f"All operations would be {many} boxes, more than the {MOST} that can be read, so named nodes are drawn."
        graph, signs = NamedGraph(model), None
    picture = picture_of(graph, None if point is None else graph.numbers(point), row=row, signs=signs)
    return replace(picture, note=f"{note} {picture.note}".strip())


def picture_of(
    graph: NamedGraph, numbers: Numbers[float] | None = None, *, row: str = "", signs: Mapping[str, str] | None = None
) -> Picture:
    """Make a picture of a graph, in which boxes are shared if there are too many.

    Args:
        graph: the graph of a model's named nodes, or of its operations.
        numbers: values and cotangents to show, or None.
        row: words for the row that they are of, such as "row 0 of rows.csv".
        signs: of a graph of operations the text of each, which stands in the place of its formula.
    """
    formulas = {one.name: formula(one.expr, STYLES["text"]) for one in graph.defined} if signs is None else signs
    boxes = tuple(_box(vertex, formulas.get(vertex.name, ""), numbers) for vertex in graph.vertices)
    most = 0.0 if numbers is None else max((_size(numbers, edge) for edge in graph.edges), default=0.0)
    hints = len(boxes) <= MOST  # partials of thousands of edges take minutes, and arrows of groups have no use for them
    arrows = tuple(_arrow(edge, _hint(edge) if hints else "", numbers, most) for edge in graph.edges)
    picture = grouped(Picture(graph.model.name, row or graph.model.doc, "", boxes, arrows))
    return replace(picture, description=_description(picture, row))


def digits(number: float) -> str:
    """Return a number in four digits."""
    return f"{number:.4g}"


def _size(numbers: Numbers[float], edge: Edge) -> float:
    passed = abs(numbers.passed(edge)) if numbers.cotangents else 0.0
    return passed if math.isfinite(passed) else 0.0


def _box(vertex: Vertex, written: str, numbers: Numbers[float] | None) -> Box:
    value = cotangent = ""
    if numbers is not None:
        value = digits(numbers.values[vertex.name])
        cotangent = digits(numbers.cotangents[vertex.name]) if numbers.cotangents else ""
    if vertex.name.startswith("%"):
        return Box(vertex.name, "operation", written, (), "", value, cotangent)
    return Box(vertex.name, vertex.kind, vertex.name, lines_of(written), _said(vertex, written), value, cotangent)


def _said(vertex: Vertex, written: str) -> str:
    named = f"{vertex.kind} {vertex.name}" if vertex.kind != vertex.name else vertex.name
    return f"{named} = {written}" if written else named


def lines_of(written: str) -> tuple[str, ...]:
    """Return a formula in a few lines, broken at operators and commas; three points stand for the rest of a long one."""
    lines: list[str] = []
    for part in _parts(written):
        if lines and (len(lines[-1]) <= _FEW or len(lines[-1]) + len(part.rstrip()) <= _WIDE):
            lines[-1] += part
        else:
            lines.append(part)
    if len(lines) > _LINES:
        lines[_LINES - 1 :] = [f"{lines[_LINES - 1].rstrip()} ..."]
    return tuple(line.strip() for line in lines if line.strip())


def _parts(written: str) -> Iterator[str]:
    """Yield the parts between which a formula may be broken; a part that is long may be broken at brackets too."""
    for part in _BREAK.split(written):
        yield from (part,) if len(part) <= _WIDE else re.split(r"(?<=\()|(?=/)", part)


def _hint(edge: Edge) -> str:
    named = not edge.source.startswith("%") and not edge.target.startswith("%")
    return f"d {edge.target} / d {edge.source} = {brief(edge.partial, STYLES['text'])}" if named else ""


def _arrow(edge: Edge, hint: str, numbers: Numbers[float] | None, most: float) -> Arrow:
    if numbers is None or not numbers.cotangents:
        return Arrow(edge.source, edge.target, hint)
    share = math.sqrt(_size(numbers, edge) / most) if most else 0.0
    return Arrow(edge.source, edge.target, f"{hint}; ".lstrip("; ") + f"carries back {digits(numbers.passed(edge))}", share)


def _description(picture: Picture, row: str) -> str:
    lines = []
    for box in picture.boxes:
        text = f"{box.name}: {' '.join(box.lines)}" if box.key.startswith("group ") else box.hint or f"{box.kind} {box.name}"
        text += f", value {box.value}" if box.value else ""
        lines.append(f"{text}, gradient {box.cotangent}" if box.cotangent else text)
    where = f" at {row}" if row else ""
    return f"Graph of the model {picture.title}{where}, from inputs at the left to the end at the right: {'; '.join(lines)}."
