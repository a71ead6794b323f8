"""Plots of a judgement: errors in ulp, as a histogram and against conditioning; the reports are those of ``symgraph truth``."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import OptionError
from symgraph.options import ACCURATE
from symgraph.show.plots.axes import COLORS, as_text, axes_for, grid, ink, lines

_LEAST = 2.0**-6
"""Errors below, and 0, are drawn here: a logarithmic axis has no 0."""
_MOST = 2.0**60
"""Results of a larger kappa_graph are not drawn: no digit of theirs is promised, and the others would shrink to a blot."""
_GROUPS = {"loss": "o", "output": "s", "grad": "+", "jacobian": "x"}
"""Markers of the kinds of results."""


def errors(report: Any, ax: Any = None) -> Any:
    """Draw a histogram of the errors in ulp, with a line for each kind of result: loss, output, partials.

    Args:
        report: of ``symgraph.judge.judging.judge``, as ``symgraph truth`` makes it.
        ax: an Axes; None makes one by pyplot.

    Returns:
        The Axes.

    Raises:
        OptionError: Matplotlib is missing, or nothing was judged.
    """
    found = list(_kinds(report))
    ax = axes_for(ax)
    most = max(float(np.max(ulp)) for _, ulp, _ in found)
    edges = 2.0 ** np.arange(np.log2(_LEAST), np.floor(np.log2(max(most, 1.0))) + 2.0)
    for line, (kind, ulp, _) in zip(lines(), found, strict=False):
        shares = np.histogram(ulp, edges)[0] / len(ulp)
        ax.stairs(shares, edges, label=as_text(f"{kind} ({len(ulp):,})"), baseline=None, **line)
    ax.set_xscale("log", base=10)
    ax.set(xlabel=f"error (ulp; 0 and less than {_LEAST:g} at the left)", ylabel="share of the results")
    ax.set_title(as_text(_title(report)), wrap=True)
    grid(ax)
    ax.legend()
    return ax


def conditioning(report: Any, ax: Any = None) -> Any:
    """Draw the error of every result in ulp against kappa_graph, with the line of the bound.

    Args:
        report: of ``symgraph.judge.judging.judge``, as ``symgraph truth`` makes it.
        ax: an Axes; None makes one by pyplot.

    Returns:
        The Axes.

    Raises:
        OptionError: Matplotlib is missing, or nothing was judged.
    """
    found = list(_kinds(report))
    ax = axes_for(ax)
    for color, (kind, ulp, kappas) in zip(COLORS, found, strict=False):
        ax.plot(kappas, ulp, _GROUPS[kind], markersize=3, alpha=0.5, label=as_text(kind), color=color)
    line = np.array([_LEAST, 2.0 * max(1.0, *(float(np.max(kappas)) for *_, kappas in found))])
    promised = np.ones_like(line) if report.precision == ACCURATE else report.largest_ulp * line
    ax.plot(line, promised, color=ink(), label=report.bound())
    ax.set_xscale("log", base=10)
    ax.set_yscale("log", base=10)
    ax.set(title=as_text(_title(report)), xlabel="kappa_graph", ylabel="error (ulp)")
    grid(ax)
    for mark in ax.legend().legend_handles:  # seen one by one they need not be faint
        mark.set(alpha=1.0, markersize=6)
    return ax


def _title(report: Any) -> str:
    return f"{report.model}, {report.dtype}, {report.points} points, {report.faults} fault{'s' * (report.faults != 1)}"


def _kinds(report: Any) -> Iterator[tuple[str, NDArray[np.float64], NDArray[np.float64]]]:
    """Yield of each kind of result the errors in ulp and kappa_graph, none of them 0, which a logarithmic axis lacks."""
    if not report.judged:
        raise OptionError(f"nothing to plot: no result of {report.model} could be judged")
    samples = report.samples
    shown = np.isfinite(samples.ulp) & (samples.kappa_graph <= _MOST)
    kinds = np.array([one.result.partition(" ")[0] for one in report.results])
    for kind in _GROUPS:
        where = shown & (kinds == kind)[None, :]
        if where.any():
            yield kind, np.maximum(samples.ulp[where], _LEAST), np.maximum(samples.kappa_graph[where], _LEAST)
