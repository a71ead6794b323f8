"""Errors against conditioning, drawn. Matplotlib is imported when a plot is drawn."""

from typing import TYPE_CHECKING, Any

import numpy as np

from symgraph.check.truth_report import Report
from symgraph.errors import OptionError
from symgraph.options import ACCURATE
from symgraph.training.plots import PathLike, save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LEAST = 2.0**-6
"""Errors below, and 0, are drawn here: a logarithmic axis has no 0."""
_MOST = 2.0**60
"""Results of a larger kappa_graph are not drawn: no digit of theirs is promised, and the others would shrink to a blot."""
_GROUPS = {"loss": "o", "output": "s", "grad": "+", "jacobian": "x"}


def plot_errors(report: Report, path: PathLike) -> None:
    """Draw the error of every result in ulp against kappa_graph, with the line of the bound, to a file.

    Args:
        report: what the judge found.
        path: the file to write, .svg, .png or .pdf.

    Raises:
        OptionError: Matplotlib is missing, nothing was judged, the suffix is unknown, or the file cannot be written.
    """
    if not report.judged:
        raise OptionError(f"nothing to plot: no result of {report.model} could be judged")
    save_figure(path, lambda figure: _draw(figure, report))


def _draw(figure: "Figure", report: Report) -> None:
    figure.set_layout_engine("constrained")
    axes: Any = figure.add_subplot()
    samples = report.samples
    shown = np.isfinite(samples.ulp) & (samples.kappa_graph <= _MOST)
    kinds = np.array([one.result.partition(" ")[0] for one in report.results])
    # kappa_graph is 0 for what is exact
    kappas, errors = np.maximum(samples.kappa_graph, _LEAST), np.maximum(samples.ulp, _LEAST)
    for kind, marker in _GROUPS.items():
        where = shown & (kinds == kind)[None, :]
        if where.any():
            axes.plot(kappas[where], errors[where], marker, markersize=3, alpha=0.4, label=kind)
    line = np.array([_LEAST, np.max(kappas[shown], initial=1.0) * 2])
    promised = np.ones_like(line) if report.precision == ACCURATE else report.largest_ulp * line
    axes.plot(line, promised, color="black", label=report.bound())
    axes.set_xscale("log", base=10)
    axes.set_yscale("log", base=10)
    title = f"{report.model}, {report.dtype}, {report.points} points, {report.faults} faults"
    axes.set(title=title, xlabel="kappa_graph", ylabel="error (ulp)")
    axes.grid(alpha=0.3)
    axes.legend()
