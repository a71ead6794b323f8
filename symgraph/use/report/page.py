"""The page of a report: one HTML file that loads nothing, and is whole without its script."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from importlib.metadata import version
from typing import Any

import numpy as np

from symgraph.compiler.backends.rendering import render
from symgraph.html import prose, table
from symgraph.show import plots
from symgraph.show.drawing.picture import Picture
from symgraph.show.drawing.svg import stroke, svg
from symgraph.show.views.derivation import derivation
from symgraph.show.views.derivation_texts import STYLE_SHEET, derivation_html
from symgraph.show.views.formulas import brief
from symgraph.show.views.picture import picture_of
from symgraph.show.views.styles import STYLES
from symgraph.use.report import figures
from symgraph.use.report.contents import Contents
from symgraph.use.training.doubts import doubts


def page(contents: Contents) -> str:
    """Return the text of a report's file.

    Args:
        contents: all that it says.
    """
    model = contents.model
    counts = {"feature": len(model.feature_inputs), "weight": len(model.weight_inputs), "node": len(model.nodes)}
    facts = ", ".join(f"{count} {word}{'s' * (count != 1)}" for word, count in counts.items())
    rows = f"{contents.n} row{'s' * (contents.n != 1)} of {contents.data.source}" if contents.data.source else "no rows"
    pictures = {shown.origin: [picture_of(contents.graph, numbers) for numbers in shown.numbers] for shown in contents.shown}
    view = {
        "title": model.name,
        "doc": model.doc,
        "facts": f"{facts}; {rows}",
        "sections": dict(_sections(contents, pictures)),
        "version": version("symgraph-codegen"),
        "numbers": _for_script(contents, pictures),
        "rules": STYLE_SHEET,
    }
    return render("report/page.html.jinja", view, html=True)


_Pictures = Mapping[str, Sequence[Picture]]
"""The pictures of the first rows by where the weights come from."""


def _sections(contents: Contents, pictures: _Pictures) -> Iterator[tuple[str, str]]:
    """Yield the parts of the page: the heading of each, and what stands below it."""
    yield "Graph", _graph(contents, pictures)
    if contents.model.loss_expr is not None:
        derived = derivation(contents.model, contents.shown[0].points[0])
        yield "Derivation", f'<div class="equations">{derivation_html(derived)}</div>'
    yield "Verification", _verification(contents)
    yield "Accuracy", _accuracy(contents)
    yield "Fit", _fit(contents)
    if contents.model.target_inputs and contents.model.output_nodes:
        words = f"At {contents.shown[-1].origin}."
        yield "Predictions", f"<p>{escape(words)}</p>{_plots(figures.of_predictions(contents))}"
    if contents.runs:
        yield "Training", _training(contents)


def _graph(contents: Contents, pictures: _Pictures) -> str:
    origin, of_rows = next(iter(pictures.items()))
    rows = "".join(f"<option>row {row}</option>" for row in range(len(of_rows)))
    weights = "".join(f"<option>{escape(one)}</option>" for one in pictures)
    derivatives = " and, below it, the derivative of the loss by it" * of_rows[0].has_cotangents
    arrows = " Arrows are as thick as what they carry back." * of_rows[0].has_cotangents
    some, row = (" at a row", f"here row 0 of {contents.data.source}, ") if contents.data.source else ("", "")
    words = f"Every box has its value{some}{derivatives}: {row}at {origin}.{arrows}"
    return (
        f"<p>{escape(words)}</p>"
        '<div id="graph-controls" hidden>'
        f'<label>Weights <select id="weights">{weights}</select></label>'
        f'<label{"" if row else " hidden"}>Data <select id="row">{rows}</select></label>'
        '<button type="button" id="first">Start</button><button type="button" id="back">Back</button>'
        '<button type="button" id="forward">Next</button><button type="button" id="last">End</button>'
        "</div>"
        '<p id="graph-caption" aria-live="polite">All values and derivatives of row 0.</p>'
        '<figure id="graph-figure" class="wide" tabindex="0" aria-label="Graph of the model; arrow keys step through it">'
        f"{svg(of_rows[0], 'page')}</figure>"
    )


def _for_script(contents: Contents, pictures: _Pictures) -> str:
    """Return what the script shows: the steps through the graph, and the numbers of each row at all weights."""
    first = next(iter(pictures.values()))[0]
    numbers = [
        [
            {
                "boxes": {box.key: [box.value, box.cotangent] for box in picture.boxes},
                "arrows": [[None if arrow.share is None else stroke(arrow.share), arrow.hint] for arrow in picture.arrows],
            }
            for picture in of_rows
        ]
        for of_rows in pictures.values()
    ]
    told = {
        "hints": {box.key: box.hint for box in first.boxes},
        "arrows": [[arrow.source, arrow.target] for arrow in first.arrows],
        "steps": list(_steps(contents, first)),
        "numbers": numbers,
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _steps(contents: Contents, picture: Picture) -> Iterator[dict[str, Any]]:
    """Yield the steps of forward and of backward: what is computed by each, and by which formula."""
    used = {arrow.target for arrow in picture.arrows}
    inputs = [box.key for box in picture.boxes if box.key not in used]
    computed = [box for box in picture.boxes if box.key in used]
    yield {"side": "value", "boxes": inputs, "text": f"the inputs {', '.join(inputs)} are given"}
    for box in computed:
        yield {"side": "value", "boxes": [box.key], "text": box.hint}
    if not picture.has_cotangents:
        return
    for box in reversed(computed):
        yield {"side": "cotangent", "boxes": [box.key], "text": f"d_{box.name}{_chain(contents, box.key)}"}
    text = f"the inputs {', '.join(inputs)}, each the sum of what its arrows carry back"
    yield {"side": "cotangent", "boxes": inputs, "text": text}


def _chain(contents: Contents, name: str) -> str:
    """Return the chain rule at a vertex, " = d_exp*(2*t)"; "" at the ends, and where a box holds several."""
    parts = [f"d_{edge.target}*({brief(edge.partial, STYLES['text'])})" for edge in contents.graph.edges if edge.source == name]
    return f" = {' + '.join(parts)}" if parts else ""


def _verification(contents: Contents) -> str:
    words = (
        "Every function of the module was held against enclosures of the model's own expressions, value and partials, "
        "before it was used here."
    )
    return f"<p>{escape(words)}</p>{contents.verification._repr_html_()}"


def _accuracy(contents: Contents) -> str:
    shown = _scrolled(contents.accuracy._repr_html_(), "Errors of every result")
    words = "Errors in ulp at ordinary and adversarial points"
    return shown + _plots([figures.figure("errors", words, plots.errors, contents.accuracy)])


def _training(contents: Contents) -> str:
    rows = []
    remarks = []
    for name, run in contents.runs.items():
        result = run.result
        loss, _ = result.best
        last = f"{result.losses[-1]:.6g}" if result.epochs else "-"
        rows.append((name, str(result.epochs), last, f"{loss:.6g}" if np.isfinite(loss) else "-", f"{run.norms[-1]:.3g}"))
        doubted = doubts(contents.module, contents.data.X, contents.data.y, result)
        remarks += [f"{name}: {line}" for line in (result.message, *doubted)]
    shown = table(("optimizer", "epochs", "last loss", "least loss", "norm of the gradient"), rows)
    told = "".join(f"<li>{prose(line)}</li>" for line in remarks)
    return f"{_scrolled(shown, 'Runs')}<ul>{told}</ul>{_plots(figures.of_training(contents))}"


def _fit(contents: Contents) -> str:
    if contents.fit is None:
        return f"<p>There is no fit: {prose(contents.no_fit)}.</p>"
    return _scrolled(contents.fit._repr_html_(), "Report of the fit") + _plots(figures.of_fit(contents))


def _plots(drawn: Iterable[str]) -> str:
    return f'<div class="plots">{"".join(drawn)}</div>'


def _scrolled(html: str, words: str) -> str:
    """Put what may be wider than the page where it can be scrolled, by keys as well."""
    return f'<div class="wide" tabindex="0" role="group" aria-label="{escape(words)}">{html}</div>'
