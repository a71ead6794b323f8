"""A derivation as plain text, Markdown, LaTeX, and HTML with MathML."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from types import MappingProxyType
from typing import Any, NamedTuple

from symgraph.show.views.derivation import Derivation, Derivative
from symgraph.show.views.formulas import brief, formula
from symgraph.show.views.styles import STYLES, Style

FOUND = "found above"
"""The right side of a cotangent that has its lines already."""


class Line(NamedTuple):
    """One equation of written sides, or a remark where the left side is "".

    Attributes:
        left: the left side.
        right: the right side, or the remark.
        number: the value at the row, or None.
        result: whether it is what the lines before it lead to.
    """

    left: str
    right: str
    number: float | None = None
    result: bool = False


class Block(NamedTuple):
    """Equations under a heading.

    Attributes:
        title: the heading in words.
        of: the derivative that the equations lead to, written; "" for others.
        lines: the equations.
    """

    title: str
    of: str
    lines: tuple[Line, ...]


def blocks(derived: Derivation, style: Style) -> Iterator[Block]:
    """Yield the parts of a derivation, written in a language.

    Args:
        derived: the derivation.
        style: a row of ``STYLES``.
    """
    graph, values = derived.graph, derived.numbers.values
    if values:
        yield Block("Row", "", tuple(Line(style.name(one.name), "", values[one.name]) for one in graph.model.inputs))
    lines = (Line(style.name(one.name), formula(one.expr, style), values.get(one.name)) for one in graph.defined)
    yield Block("Graph", "", tuple(lines))
    ends = style.form("+").join(style.name(end.name) for end in graph.ends)
    of = ends if len(graph.ends) == 1 else style.form("bracket", ends)
    for one in (*derived.cotangents, *derived.weights):
        yield _block(derived, one, of, style)


def _block(derived: Derivation, one: Derivative, of: str, style: Style) -> Block:
    whole = style.form("derivative", of, style.name(one.name))
    ends = [end.name for end in derived.graph.ends]
    lines: list[Line] = []
    direct = len(one.chains) == 1 and one.chains[0].start in ends and len(one.chains[0].edges) == 1
    for chain in () if direct else one.chains:
        if len(one.chains) > 1:
            way = ", ".join(edge.target for edge in reversed(chain.edges))
            lines.append(Line("", f"by {way}", derived.number(chain)))
        if chain.start not in ends:
            lines.append(Line(style.cotangent(chain.start), FOUND))
        for edge, partial, number in derived.steps(chain):
            slope = style.form("derivative", style.name(edge.target), style.name(edge.source))
            lines.append(Line(slope, brief(partial, style), number))
    left = style.cotangent(one.name) if one.kind != "weight" else whole
    lines.append(Line(left, brief(one.formula, style), derived.numbers.cotangents.get(one.name), result=True))
    uses = "far from the loss" if len(one.chains) == 1 else f"used {len(one.chains)} times"
    title = f"Weight {one.name}" if one.kind == "weight" else f"{one.name}: {uses}, so its derivative gets a name"
    return Block(title, whole, tuple(lines))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def derivation_data(derived: Derivation) -> dict[str, Any]:
    """Return a derivation as data for JSON, its formulas in plain text; numbers are None without a row."""
    plain, graph, values = STYLES["text"], derived.graph, derived.numbers.values
    return {
        "model": graph.model.name,
        "of": [end.name for end in graph.ends],
        "row": {one.name: values[one.name] for one in graph.model.inputs} if values else None,
        "nodes": {one.name: {"formula": formula(one.expr, plain), "value": values.get(one.name)} for one in graph.defined},
        "cotangents": {one.name: _data(derived, one) for one in derived.cotangents},
        "weights": {one.name: _data(derived, one) for one in derived.weights},
    }


def _data(derived: Derivation, one: Derivative) -> dict[str, Any]:
    plain, ends = STYLES["text"], [end.name for end in derived.graph.ends]
    chains = [
        {
            "from": chain.start if chain.start in ends else plain.cotangent(chain.start),
            "steps": [
                {"of": edge.target, "by": edge.source, "partial": formula(partial, plain), "value": number}
                for edge, partial, number in derived.steps(chain)
            ],
            "value": derived.number(chain),
        }
        for chain in one.chains
    ]
    return {"chains": chains, "formula": formula(one.formula, plain), "value": derived.numbers.cotangents.get(one.name)}


def _title(derived: Derivation) -> str:
    ends = " and the ".join(end.name for end in derived.graph.ends)
    return f"{derived.graph.model.name}: the derivative of the {ends} by each weight"


def derivation_text(derived: Derivation) -> str:
    """Return a derivation as plain text."""
    parts = [f"{_title(derived)}\n"]
    for block in blocks(derived, STYLES["text"]):
        heading = f"{block.title}: {block.of}" if block.of else block.title
        width = max((len(line.left) for line in block.lines), default=0)
        sides = [_side(line, width) for line in block.lines]
        room = min(max(map(len, sides), default=0), 72)
        rows = [
            f"  {side:<{room}}  = {_number(line.number)}".rstrip() if line.number is not None else f"  {side}"
            for side, line in zip(sides, block.lines, strict=True)
        ]
        parts.append("\n".join([heading, *rows]) + "\n")
    return "\n".join(parts)


def _side(line: Line, width: int) -> str:
    sign = ": " if line.right == FOUND else "= " if line.right else ""
    return f"{line.left:<{width}} {sign}{line.right}".rstrip() if line.left else line.right


def derivation_latex(derived: Derivation) -> str:
    """Return a derivation as LaTeX for a document that uses amsmath."""
    parts = [rf"% {derived.graph.model.name}"]
    for block in blocks(derived, STYLES["latex"]):
        title = block.title.replace("_", r"\_")
        parts.append(f"\\paragraph{{{title}}}\n\\begin{{align*}}\n{_aligned(block.lines)}\n\\end{{align*}}")
    return "\n".join(parts) + "\n"


def _aligned(lines: Sequence[Line]) -> str:
    return " \\\\\n".join(map(_latex_line, lines))


def _latex_line(line: Line) -> str:
    number = "" if line.number is None else f" && = {STYLES['latex'].number(_number(line.number))}"
    if not line.left:
        words = line.right.replace("_", r"\_")
        return rf"& \text{{{words}}}{number}"
    if not line.right:
        return f"{line.left} &{number.removeprefix(' &&')}"
    right = rf"\text{{{line.right}}}" if line.right == FOUND else line.right
    return f"{line.left} &= {right}{number}"


def derivation_markdown(derived: Derivation) -> str:
    """Return a derivation as Markdown, with formulas between dollars."""
    parts = [f"# {_title(derived)}"]
    for block in blocks(derived, STYLES["latex"]):
        title = f"{block.title}: ${block.of}$" if block.of else block.title
        parts.append(f"## {title}\n\n$$\n\\begin{{aligned}}\n{_aligned(block.lines)}\n\\end{{aligned}}\n$$")
    return "\n\n".join(parts) + "\n"


def derivation_html(derived: Derivation) -> str:
    """Return a derivation as a part of a page: a section of class "derivation" with MathML, which needs no script.

    ``STYLE_SHEET`` has its rules.
    """
    style = STYLES["mathml"]
    parts = []
    for block in blocks(derived, style):
        of = f" {_math(block.of)}" if block.of else ""
        rows = "\n".join(map(_html_row, block.lines))
        parts.append(f'<h3>{escape(block.title)}{of}</h3>\n<div class="steps"><table>\n{rows}\n</table></div>')
    return '<section class="derivation">\n' + "\n".join(parts) + "\n</section>\n"


def _html_row(line: Line) -> str:
    number = f'<td class="number">{_number(line.number).replace("-", "&#x2212;")}</td>' if line.number is not None else ""
    if not line.left:
        return f'<tr class="way"><th colspan="2">{escape(line.right)}</th>{number}</tr>'
    kind = ' class="result"' if line.result else ""
    if not line.right:
        return f'<tr><th scope="row">{_math(line.left)}</th>{number}</tr>'
    right = escape(line.right) if line.right == FOUND else _math(f"<mo>=</mo>{line.right}")
    return f'<tr{kind}><th scope="row">{_math(line.left)}</th><td>{right}</td>{number}</tr>'


def _math(text: str) -> str:
    return f'<math displaystyle="true"><mrow>{text}</mrow></math>'


STYLE_SHEET = """\
.derivation { --faint: #6b7280; --line: #d6d9de; --result: #eef4ff; --value: #0b5a8f; line-height: 1.5; }
.derivation h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; overflow-wrap: anywhere; }
.derivation .steps { overflow-x: auto; }
.derivation table { border-collapse: collapse; }
.derivation th, .derivation td { font-weight: normal; text-align: left; vertical-align: baseline; }
.derivation th, .derivation td { padding: .3rem .7rem .3rem 0; }
.derivation th { white-space: nowrap; padding-left: .5rem; }
.derivation td.number { text-align: right; color: var(--value); white-space: nowrap; padding-left: 1.2rem; }
.derivation mtd { text-align: left; }
.derivation td.number { font-variant-numeric: tabular-nums; }
.derivation tr.way th { color: var(--faint); }
.derivation tr.result { background: var(--result); border-top: 1px solid var(--line); }
@media (max-width: 45rem) {
  .derivation tr { display: grid; grid-template-columns: auto 1fr; align-items: baseline; }
  .derivation td.number { grid-column: 2; text-align: left; padding: 0 0 .3rem 1.1em; }
}
@media (prefers-color-scheme: dark) {
  .derivation { --faint: #a2a9b4; --line: #3a414c; --result: #1c2836; --value: #7cc4f5; }
}
"""
"""Rules for the HTML of a derivation, light and dark."""


def derivation_page(derived: Derivation) -> str:
    """Return a derivation as an HTML page that needs no other file."""
    title = escape(_title(derived))
    return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 1.5rem auto; max-width: 70rem; padding: 0 1rem; }}
body {{ color: #1b1f24; background: #fff; }}
h1 {{ font-size: 1.3rem; }}
@media (prefers-color-scheme: dark) {{ body {{ color: #e6e9ee; background: #14181d; }} }}
{STYLE_SHEET}</style>
</head>
<body>
<h1>{title}</h1>
{derivation_html(derived)}</body>
</html>
"""


TEXTS: Mapping[str, Callable[[Derivation], str]] = MappingProxyType(
    {"text": derivation_text, "markdown": derivation_markdown, "latex": derivation_latex, "html": derivation_page}
)
"""Writers of a derivation, by format."""
