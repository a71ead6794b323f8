"""The picture beside the table of accuracy.py: how errors are distributed, what is lost, and time against error."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

KINDS = ("NaN", "Inf", "zero", "garbage")
COLOURS = ("#b2182b", "#ef8a62", "#999999", "#5e3c99")
SMALLEST = 1e-2
"""Errors below it are drawn there: a result that is the truth, rounded, has an error of up to half a unit."""


class Drawn(Protocol):
    """Drawing of a peer: see accuracy.Entry."""

    @property
    def name(self) -> str: ...
    @property
    def figures(self) -> Mapping[str, Any]: ...
    @property
    def errors(self) -> Any: ...
    @property
    def seconds(self) -> float: ...


def draw(entries: Sequence[Drawn], file: Path) -> None:
    """Draw three panels into a PNG.

    Args:
        entries: one a peer; figures["all"], errors (scaled, of all results that count; NaN and inf count as beyond every error)
            and seconds a row are read.
        file: where.
    """
    figure = Figure(figsize=(15, 5), layout="constrained")
    FigureCanvasAgg(figure)
    tails, lost, speed = figure.subplots(1, 3)
    _draw_tails(tails, entries)
    _draw_lost(lost, entries)
    _draw_speed(speed, entries)
    figure.savefig(file, dpi=120, metadata={"Software": None})


def _draw_tails(axes: Any, entries: Sequence[Drawn]) -> None:
    for entry in entries:
        errors = np.sort(np.nan_to_num(entry.errors, nan=np.inf))
        share = 1.0 - np.arange(len(errors)) / len(errors)
        style = "-" if entry.name.startswith("symgraph") else "--"
        axes.step(np.clip(errors, SMALLEST, 1e18), share, style, where="post", label=entry.name)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="error / (1 + kappa_in), in 2**-52 of the truth",
        ylabel="share of results at or above",
    )
    axes.set_title("Errors; NaN and Inf at the right edge")
    axes.axvline(4.0, color="black", linewidth=0.5)
    axes.legend(fontsize="small", loc="lower center")


def _draw_lost(axes: Any, entries: Sequence[Drawn]) -> None:
    names = [entry.name for entry in entries]
    left = np.zeros(len(entries))
    for kind, colour in zip(KINDS, COLOURS, strict=True):
        share = np.array([100.0 * e.figures["all"].counts[kind] / e.figures["all"].in_range for e in entries])
        axes.barh(names, share, left=left, color=colour, label=kind)
        left += share
    axes.invert_yaxis()
    axes.set(xlabel="% of results whose truth is in range")
    axes.set_title("Lost")
    axes.legend(fontsize="small", loc="upper right")


def _draw_speed(axes: Any, entries: Sequence[Drawn]) -> None:
    for entry in entries:
        found = entry.figures["all"]
        error = max(found.scaled[2], SMALLEST)
        lost = sum(found.counts.values()) / found.in_range
        marker = "D" if entry.name.startswith("symgraph") else "o"
        axes.plot(1e9 * entry.seconds, error, marker, label=f"{entry.name}, {lost:.1%} lost")
    axes.set(xscale="log", yscale="log", xlabel="ns a row", ylabel="worst finite error / (1 + kappa_in)")
    axes.margins(0.1)
    axes.set_title("Time against error")
    axes.legend(fontsize="small", loc="center right")
