"""A picture as text that other programs draw: DOT of Graphviz, and Mermaid, as Markdown pages show it."""

from collections.abc import Iterator

from symgraph.show.drawing.colours import COLOURS
from symgraph.show.drawing.picture import KINDS, Arrow, Box, Picture

_THICKEST = 5.0


def dot(picture: Picture) -> str:
    """Write a picture in the language of Graphviz, from left to right."""
    return "\n".join(_dot_lines(picture)) + "\n"


def mermaid(picture: Picture) -> str:
    """Write a picture as a flowchart of Mermaid, from left to right."""
    return "\n".join(_mermaid_lines(picture)) + "\n"


def _label(box: Box) -> list[str]:
    lines = [box.name, *box.lines]
    lines += [f"value {box.value}"] if box.value else []
    return [*lines, f"{box.called} {box.cotangent}"] if box.cotangent else lines


def _thickness(arrow: Arrow) -> str:
    return f"{1.0 + (_THICKEST - 1.0) * (arrow.share or 0.0):.2f}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _dot_lines(picture: Picture) -> Iterator[str]:
    yield f"digraph {_quoted(picture.title)} {{"
    yield "  rankdir=LR;"
    yield '  node [shape=box, style="rounded,filled", fontname=monospace];'
    if picture.note:
        yield f"  label={_quoted(picture.note)};"
    for box in picture.boxes:
        fill, rim = COLOURS[box.kind].light, COLOURS[f"{box.kind}-rim"].light
        label = '"' + "\\n".join(_quoted(line)[1:-1] for line in _label(box)) + '"'
        yield f'  {_quoted(box.key)} [label={label}, fillcolor="{fill}", color="{rim}"];'
    for arrow in picture.arrows:
        yield f"  {_quoted(arrow.source)} -> {_quoted(arrow.target)} [penwidth={_thickness(arrow)}];"
    yield "}"


def _escaped(text: str) -> str:
    """Return a text for a label of Mermaid, where signs of its language are written by their numbers."""
    return "".join(f"#{ord(sign)};" if sign in '#"&<>`' else sign for sign in text)


def _mermaid_lines(picture: Picture) -> Iterator[str]:
    yield "flowchart LR"
    if picture.note:
        yield f"  %% {picture.note}"
    numbers = {box.key: f"n{index}" for index, box in enumerate(picture.boxes)}  # since names may be words of the language
    for box in picture.boxes:
        yield f'  {numbers[box.key]}["{"<br>".join(map(_escaped, _label(box)))}"]:::kind_{box.kind}'
    for arrow in picture.arrows:
        yield f"  {numbers[arrow.source]} --> {numbers[arrow.target]}"
    for index, arrow in enumerate(picture.arrows):
        if arrow.share:
            yield f"  linkStyle {index} stroke-width:{_thickness(arrow)}px"
    for kind in (one for one in KINDS if any(box.kind == one for box in picture.boxes)):
        colours = f"fill:{COLOURS[kind].light},stroke:{COLOURS[f'{kind}-rim'].light},color:{COLOURS['ink'].light}"
        yield f"  classDef kind_{kind} {colours}"
