"""HTML of results for notebooks: light and dark by the notebook's theme, else by what its reader prefers, without a script."""

import html
import math
import re
from collections.abc import Iterable, Sequence
from typing import Literal

State = Literal["good", "bad", "open"]
"""Verdict of a result: fine, wrong, or neither."""


def themed(selector: str, light: str, dark: str) -> str:
    """Return the rules by which a part of a page has one of two lists of declarations.

    Notebooks and sites have themes; where there is none, what the reader prefers decides.

    Args:
        selector: of the part.
        light, dark: the declarations.
    """
    return f"""{selector}{{{light}}}
@media (prefers-color-scheme:dark){{{selector}{{{dark}}}}}
body[data-jp-theme-light=true] {selector},body.vscode-light {selector},html[data-theme=light] {selector}{{{light}}}
body[data-jp-theme-light=false] {selector},body.vscode-dark {selector},html[data-theme=dark] {selector}{{{dark}}}
"""


_MARKS = {"good": "\u2713", "bad": "\u2717", "open": "\u2013"}
_LIGHT = "--ink:#1b1f24;--soft:#57606a;--rule:#d0d7de;--good:#1a7f37;--bad:#cf222e;--line:#126aa5"
_DARK = "--ink:#e6edf3;--soft:#9198a1;--rule:#3d444d;--good:#3fb950;--bad:#ff7b72;--line:#58a6e0"
_STYLE = f"""<style>
{themed(".symgraph-result", _LIGHT, _DARK)}.symgraph-result .wide{{overflow-x:auto}}
.symgraph-result{{color:var(--ink);font:14px/1.5 system-ui,sans-serif;max-width:60em}}
.symgraph-result p{{margin:.2em 0}}
.symgraph-result .good{{color:var(--good)}} .symgraph-result .bad{{color:var(--bad)}}
.symgraph-result .open,.symgraph-result .soft{{color:var(--soft)}}
.symgraph-result table{{border-collapse:collapse;margin:.5em 0;border:0;color:inherit;font-variant-numeric:tabular-nums}}
.symgraph-result th,.symgraph-result td{{padding:.15em .8em;border:0;border-bottom:1px solid var(--rule);text-align:right}}
.symgraph-result th,.symgraph-result td{{white-space:nowrap;background:none}}
.symgraph-result th{{font-weight:600}}
.symgraph-result th:first-child,.symgraph-result td:first-child{{text-align:left;padding-left:0}}
.symgraph-result pre{{margin:.5em 0;padding:0;background:none;color:inherit;overflow-x:auto}}
.symgraph-result pre{{font:13px/1.5 ui-monospace,monospace}}
.symgraph-result svg{{display:block;width:24em;max-width:100%;height:4em;margin:.5em 0}}
.symgraph-result polyline{{fill:none;stroke:var(--line);stroke-width:1.5;vector-effect:non-scaling-stroke}}
</style>"""
_POINTS = 240
"""Points of a small curve; of more values the middle of each part is drawn."""


def card(name: str, verdict: str = "", state: State = "open", *parts: str) -> str:
    """Return a result as HTML: its name, the verdict with a mark, and what follows.

    Args:
        name: of what the result is of.
        verdict: in a few words.
        state: whether that is good.
        parts: HTML, such as that of the functions below.
    """
    mark = f' <span class="{state}">{_MARKS[state]} {html.escape(verdict)}</span>' if verdict else ""
    return f'{_STYLE}<div class="symgraph-result"><p><b>{html.escape(name)}</b>{mark}</p>{"".join(parts)}</div>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]], states: Sequence[State] = ()) -> str:
    """Return a table, whose first column is to the left and the others to the right.

    Args:
        head: the names of the columns.
        rows: cells.
        states: one of each row, for the colour of its last cell; none for a table without verdicts.
    """
    lines = [
        '<div class="wide"><table><thead><tr>',
        *(f"<th>{html.escape(cell)}</th>" for cell in head),
        "</tr></thead><tbody>",
    ]
    for place, (*cells, last) in enumerate(rows):
        state = f' class="{states[place]}"' if states else ""
        lines += ["<tr>", *(f"<td>{html.escape(cell)}</td>" for cell in cells), f"<td{state}>{html.escape(last)}</td></tr>"]
    return "".join([*lines, "</tbody></table></div>"])


def notes(lines: Iterable[str], kind: str = "soft") -> str:
    """Return lines of text, each a paragraph.

    Args:
        lines: the text.
        kind: "soft" for what is less important, "bad" for warnings.
    """
    return "".join(f'<p class="{kind}">{prose(line)}</p>' for line in lines)


def prose(text: str) -> str:
    """Return text as HTML, commands and names in backquotes in the font of code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


def formulas(text: str) -> str:
    """Return text in the font of code, its lines kept."""
    return f"<pre>{html.escape(text)}</pre>"


def curve(values: Sequence[float], what: str) -> str:
    """Return a small picture of values one after the other, on a logarithmic scale where they span more than a factor of 10.

    Args:
        values: the values; those that are not finite are left out, and nothing is drawn of fewer than two.
        what: the name of the values, for readers who hear it.
    """
    known = [(place, value) for place, value in enumerate(values) if math.isfinite(value)]
    if len(known) < 2:
        return ""
    step = -(-len(known) // _POINTS)
    parts = [sorted(known[start : start + step], key=lambda one: one[1]) for start in range(0, len(known), step)]
    chosen = sorted({part[len(part) // 2] for part in parts} | {known[0], known[-1]})
    low, high = min(value for _, value in chosen), max(value for _, value in chosen)
    by_digits = low > 0.0 and high > 10.0 * low
    heights = [math.log(value) if by_digits else value for _, value in chosen]
    least, span, last = min(heights), max(heights) - min(heights) or 1.0, known[-1][0] or 1
    points = " ".join(
        f"{300 * place / last:.1f},{38 - 36 * (height - least) / span:.1f}"
        for (place, _), height in zip(chosen, heights, strict=True)
    )
    said = html.escape(f"{what}: {values[0]:.6g} at first, {values[-1]:.6g} at last")
    frame = f'<svg viewBox="0 0 300 40" preserveAspectRatio="none" role="img" aria-label="{said}">'
    return f'{frame}<title>{said}</title><polyline points="{points}"/></svg>'
