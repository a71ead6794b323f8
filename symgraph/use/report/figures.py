"""Plots as parts of a page: SVG whose ids are unlike those of the page's other plots."""

import re
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from symgraph.errors import OptionError
from symgraph.show import plots
from symgraph.show.plots.axes import drawn
from symgraph.use.fitting.natural import natural_of
from symgraph.use.report.contents import Contents

_ROUNDING = 1e-6
"""Most that rounding leaves of a slope that is 0, relative to the slope one unit away."""


def figure(key: str, words: str, plot: Callable[..., Any], *arguments: Any, **options: Any) -> str:
    """Draw one plot as an element of a page; a plot that cannot be drawn becomes a sentence that says why.

    Args:
        key: what begins the ids of its parts, unlike that of every other plot.
        words: what it shows, below it and for screen readers.
        plot: a function of ``symgraph.plots``.
        arguments: those of the plot.
        options: more of them, by name.
    """
    try:
        text = drawn(Path(f"{key}.svg"), lambda made: plot(*arguments, ax=made.subplots(), **options)).decode()
    except OptionError as error:
        return f'<p class="soft">{escape(words)}: {escape(str(error))}.</p>'
    return f"<figure>{_own(text, key, words)}<figcaption>{escape(words)}</figcaption></figure>"


def _own(svg: str, key: str, words: str) -> str:
    """Take the SVG element out of a file, with ids of its own and a name for screen readers."""
    svg = svg[svg.index("<svg ") :]
    svg = re.sub(r'\bid="', f'id="{key}-', svg)
    svg = re.sub(r'(xlink:href="|url\()#', rf"\g<1>#{key}-", svg)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(words)}" ', 1)


def of_training(contents: Contents) -> Iterator[str]:
    """Draw losses, norms of gradients, and weights of the runs."""
    runs = {name: run for name, run in contents.runs.items() if run.result.epochs}
    if not runs:
        return
    natural = natural_of(contents.module)
    yield figure("losses", "Mean loss after each epoch", plots.losses, {name: run.result for name, run in runs.items()})
    yield figure("norms", "Norm of the gradient", plots.gradient_norms, {name: run.norms for name, run in runs.items()})
    for name, run in runs.items():
        yield figure(f"weights-{name}", f"Weights by {name}", plots.weights, natural.values(run.weights), natural.names)


def of_fit(contents: Contents) -> Iterator[str]:
    """Draw the fit with its band, and the correlations of the weights."""
    if contents.fit is not None:
        if _is_estimate(contents):
            yield figure("fit", "Data and fit", plots.fit, contents.fit)
        if np.isfinite(contents.fit.correlations).any():
            yield figure("correlation", "Correlations of the weights", plots.correlation, contents.fit)


def of_predictions(contents: Contents) -> Iterator[str]:
    """Draw predictions against what was observed, and their differences, at the weights shown."""
    if not _is_estimate(contents):
        pairs = zip(contents.module.OUTPUTS, contents.model.target_inputs, strict=True)
        words = ", ".join(f"{output} is no estimate of {target.name}" for output, target in pairs)
        words += ": the loss is not least where they are equal, so neither is drawn over the other."
        yield f'<p class="soft">{escape(words)}</p>'
        return
    given = contents.module, contents.shown[-1].w, contents.data.X, contents.data.y
    yield figure("predictions", "Observed over predicted; the line is where both are equal", plots.predictions, *given)
    yield figure("differences", "Residuals, observed minus predicted, over predicted", plots.differences, *given)


def _is_estimate(contents: Contents) -> bool:
    """Tell if the loss has no slope by an output that is equal to its target; it has one by the logit of a probability."""
    outputs, targets = contents.module.OUTPUTS, contents.model.target_inputs
    if contents.model.loss_expr is None or len(outputs) != len(targets):
        return True
    (point, *_), (numbers, *_) = contents.shown[-1].points, contents.shown[-1].numbers
    slopes = []
    for apart in (0.0, 1.0):
        equal = {target.name: numbers.values[name] + apart for name, target in zip(outputs, targets, strict=True)}
        found = contents.graph.numbers({**point, **equal}).cotangents
        slopes.append([abs(found[name]) for name in outputs])
    return not any(here > _ROUNDING * away for here, away in zip(*slopes, strict=True))
