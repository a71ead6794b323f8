"""A picture as SVG: text that can be selected, words for screen readers, light and dark by the reader's setting."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

from symgraph.html import themed
from symgraph.show.drawing.colours import COLOURS
from symgraph.show.drawing.layers import Size, Spot, layered, ranked
from symgraph.show.drawing.picture import KINDS, Arrow, Box, Picture
from symgraph.show.drawing.widths import FONTS, width, wrapped

Theme = Literal["both", "light", "dark", "page"]
"""Colours of a picture: those that the reader's setting asks for, one of the two, or those of the page that it is part of."""

_NAME, _LINE, _SMALL, _TITLE = 13.0, 11.0, 11.5, 15.0
"""Sizes of letters: names and numbers, formulas, legend and subtitle, title."""
_ROW, _FORMULA = 18.0, 14.0
"""Heights of a row of name or number, and of a line of a formula."""
_PAD, _EDGE, _BETWEEN = 9.0, 20.0, 14.0
"""Room between a box's rim and its text, around the picture, and between a name and its number."""
_DIGITS = "-1.234e-12"
"""A number for which each box has room, so that the layout is the same for all numbers; some may have a digit more."""
_NARROWEST = 400.0
_SMALLEST = 0.85
"""Size in a narrow page, relative to the picture's own."""
_THIN, _THICK = 1.2, 6.0
"""Widths of arrows that carry nothing, and the most."""
_COTANGENT, _CARRIED = "d_t = d loss / d t", "thicker: carries more of it back"
"""Words of the legend."""

_STYLE = """
.symgraph {{ font-family: {fonts}; }}
.symgraph text {{ fill: var(--ink); }}
.symgraph .paper {{ fill: var(--paper); }}
.symgraph .title, .symgraph .name {{ font-weight: 600; }}
.symgraph .subtitle, .symgraph .formula, .symgraph .legend, .symgraph .note {{ fill: var(--muted); }}
.symgraph .value {{ fill: var(--value); }}
.symgraph .cotangent {{ fill: var(--cotangent); }}
.symgraph .edge {{ fill: none; stroke: var(--arrow); }}
.symgraph .tip {{ fill: var(--arrow); }}
.symgraph .carried.edge {{ stroke: var(--carried); }}
.symgraph .carried.tip {{ fill: var(--carried); }}
.symgraph rect {{ stroke-width: 1.2; }}
{kinds}"""


def svg(picture: Picture, theme: Theme = "both") -> str:
    """Write a picture as SVG.

    Each box is a group of class "vertex" and of its kind, with the attribute ``data-node``; its texts have the classes "name",
    "formula", "value" and "cotangent". Each arrow is a path of class "edge" with ``data-source`` and ``data-target``.

    Args:
        picture: the picture.
        theme: the colours. As part of a page, a picture keeps letters that can be read where the page is narrow, so what it
            stands in has to scroll sideways; else it gets as small as it must.

    Returns:
        The text of a file, or of an element in a page.
    """
    edges = picture.edges
    sizes = _sizes(picture, edges)
    placed = layered(sizes, edges)
    inner = max(placed.width, _NARROWEST - 2 * _EDGE, width(picture.title, _TITLE))
    subtitle = wrapped(picture.subtitle, _SMALL, inner)
    inner = max(inner, *(width(line, _SMALL) for line in ("", *subtitle)))
    top = _EDGE + 22.0 + 18.0 * len(subtitle) + 10.0
    left = _EDGE + (inner - placed.width) / 2
    legend, bottom = _legend(picture, inner, top + placed.height + 30.0)
    parts = [*_head(picture, inner + 2 * _EDGE, bottom + _EDGE, theme)]
    parts += [_text("subtitle", _EDGE, _EDGE + 33.0 + 18.0 * row, _SMALL, line) for row, line in enumerate(subtitle)]
    parts.append(f'<g transform="translate({_n(left)} {_n(top)})">')
    thin_first = sorted(zip(picture.arrows, placed.routes, strict=True), key=lambda pair: pair[0].share or 0.0)
    parts += [line for arrow, route in thin_first for line in _arrow(arrow, route)]
    for box, size, corner in zip(picture.boxes, sizes, placed.corners, strict=True):
        parts += _vertex(box, size, corner)
    parts += ["</g>", *legend, "</svg>"]
    return "\n".join(parts) + "\n"


def _n(number: float) -> str:
    """Return a coordinate in tenths, without a trailing zero."""
    return f"{round(number, 1) + 0.0:.1f}".removesuffix(".0")


def _text(style: str, x: float, y: float, size: float, text: str, end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    return f'<text class="{style}" x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}"{anchor}>{escape(text)}</text>'


def _head(picture: Picture, wide: float, high: float, theme: Theme) -> Iterator[str]:
    most = "100%" if theme != "page" else f"max(100%, {_n(_SMALLEST * wide)}px)"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="symgraph" role="img" width="{_n(wide)}" height="{_n(high)}" '
        f'viewBox="0 0 {_n(wide)} {_n(high)}" style="max-width: {most}; height: auto">'
    )
    yield f"<title>{escape(picture.title)}</title>"
    yield f"<desc>{escape(picture.description)}</desc>"
    yield f"<style>{_style(theme)}</style>"
    yield f'<rect class="paper" width="{_n(wide)}" height="{_n(high)}" rx="8"/>'
    yield _text("title", _EDGE, _EDGE + 13.0, _TITLE, picture.title)


def _style(theme: Theme) -> str:
    kinds = "".join(f".symgraph .{kind} rect {{ fill: var(--{kind}); stroke: var(--{kind}-rim); }}\n" for kind in KINDS)
    rules = _STYLE.format(fonts=FONTS, kinds=kinds)
    if theme in ("light", "dark"):  # for readers that know no variables
        return re.sub(r"var\(--([a-z-]+)\)", lambda found: getattr(COLOURS[found[1]], theme), rules)
    light, dark = (
        " ".join(f"--{name}: {getattr(colour, one)};" for name, colour in COLOURS.items()) for one in ("light", "dark")
    )
    if theme == "page":
        return themed(".symgraph", light, dark) + rules
    return f"\n.symgraph {{ {light} }}\n@media (prefers-color-scheme: dark) {{ .symgraph {{ {dark} }} }}{rules}"


def _sizes(picture: Picture, edges: Sequence[tuple[int, int]]) -> list[Size]:
    """Return the sizes of the boxes; inputs in a column are equally wide."""
    sizes = [_size(box) for box in picture.boxes]
    ranks, used = ranked(len(sizes), edges), {target for _, target in edges}
    widest: dict[int, float] = {}
    inputs = [index for index in range(len(sizes)) if index not in used]
    for index in inputs:
        widest[ranks[index]] = max(widest.get(ranks[index], 0.0), sizes[index].width)
    for index in inputs:
        sizes[index] = sizes[index]._replace(width=widest[ranks[index]])
    return sizes


def _size(box: Box) -> Size:
    heads = [box.name] if not box.cotangent else [box.name, box.called]
    digits = max(_DIGITS, box.value, box.cotangent, key=len)
    numbers = width(digits, _NAME) + _BETWEEN if box.value or box.cotangent else 0.0
    wide = max(max(width(text, _NAME) for text in heads) + numbers, *(width(line, _LINE) for line in ("", *box.lines)))
    rows = _ROW * (1 + bool(box.cotangent)) + _FORMULA * len(box.lines)
    return Size(max(wide, 26.0) + 2 * _PAD, rows + 8.0)


def _vertex(box: Box, size: Size, corner: Spot) -> Iterator[str]:
    x, y, right = corner.x + _PAD, corner.y + 4.0, corner.x + size.width - _PAD
    yield f'<g class="vertex {box.kind}" data-node={quoteattr(box.key)}>'
    if box.hint:
        yield f"<title>{escape(box.hint)}</title>"
    radius = 4.0 if box.kind != "operation" else 13.0
    yield (
        f'<rect x="{_n(corner.x)}" y="{_n(corner.y)}" width="{_n(size.width)}" height="{_n(size.height)}" rx="{_n(radius)}"/>'
    )
    yield _text("name", x, y + 13.0, _NAME, box.name)
    if box.value:
        yield _text("value", right, y + 13.0, _NAME, box.value, end=True)
    if box.cotangent:
        yield _text("cotangent label", x, y + _ROW + 13.0, _NAME, box.called)
        yield _text("cotangent", right, y + _ROW + 13.0, _NAME, box.cotangent, end=True)
    base = y + _ROW * (1 + bool(box.cotangent))
    for number, line in enumerate(box.lines):
        yield _text("formula", x, base + _FORMULA * number + 10.0, _LINE, line)
    yield "</g>"


def stroke(share: float) -> float:
    """Return the width of the line of an arrow.

    Args:
        share: the thickness that stands for what it carries back, from 0 to 1.
    """
    return round(_THIN + (_THICK - _THIN) * share, 2)


def _arrow(arrow: Arrow, route: Sequence[Spot]) -> Iterator[str]:
    wide = 1.5 if arrow.share is None else stroke(arrow.share)
    style = "carried " if arrow.share else ""
    ends = f"data-source={quoteattr(arrow.source)} data-target={quoteattr(arrow.target)}"
    (x, y), reach = route[-1], 5.0 + 0.9 * wide
    tip = f"M{_n(x)} {_n(y)}L{_n(x - reach)} {_n(y - 2.6 - 0.6 * wide)}V{_n(y + 2.6 + 0.6 * wide)}Z"
    hint = f"<title>{escape(arrow.hint)}</title>" if arrow.hint else ""
    line = _line([*route[:-1], Spot(x - reach + 1.0, y)])
    yield f'<path class="{style}edge" {ends} stroke-width="{wide:.2f}" d="{line}">{hint}</path>'
    yield f'<path class="{style}tip" {ends} d="{tip}"/>'


def _line(points: Sequence[Spot]) -> str:
    """Return a smooth path: straight through columns, an S-curve between them."""
    text = f"M{_n(points[0].x)} {_n(points[0].y)}"
    for before, after in pairwise(points):
        if before.y == after.y:
            text += f"H{_n(after.x)}"
        else:
            middle = _n((before.x + after.x) / 2)
            text += f"C{middle} {_n(before.y)} {middle} {_n(after.y)} {_n(after.x)} {_n(after.y)}"
    return text


def _legend(picture: Picture, room: float, top: float) -> tuple[list[str], float]:
    """Return the lines below the graph, and where the last of them ends."""
    present = {box.kind for box in picture.boxes}
    entries = [(18.0 + width(word, _SMALL), _swatch(kind, word)) for kind, word in KINDS.items() if kind in present]
    if picture.has_numbers:
        entries.append((width("value", _SMALL), _text("value", 0.0, 0.0, _SMALL, "value")))
    if picture.has_cotangents:
        entries.append((width(_COTANGENT, _SMALL), _text("cotangent", 0.0, 0.0, _SMALL, _COTANGENT)))
        tip = '<path class="carried tip" d="M0 -4.6L24 -8V0L0 -3.4Z"/>'
        entries.append((width(_CARRIED, _SMALL) + 30.0, tip + _text("legend", 30.0, 0.0, _SMALL, _CARRIED)))
    x, y, parts = 0.0, top, list[str]()
    for wide, drawn in entries:
        if x and x + wide > room:
            x, y = 0.0, y + 20.0
        parts.append(f'<g transform="translate({_n(_EDGE + x)} {_n(y)})">{drawn}</g>')
        x += wide + 18.0
    for line in wrapped(picture.note, _SMALL, room):
        y += 18.0
        parts.append(_text("note", _EDGE, y, _SMALL, line))
    return parts, y


def _swatch(kind: str, word: str) -> str:
    rect = f'<g class="{kind}"><rect y="-10" width="12" height="12" rx="3"/></g>'
    return rect + _text("legend", 18.0, 0.0, _SMALL, word)
