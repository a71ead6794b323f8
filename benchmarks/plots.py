"""The SVG pictures of RESULTS.md, drawn from the saved results."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

_STYLE = {"svg.hashsalt": "symgraph", "font.size": 9}
"""The salt makes the names inside the file the same at each run."""


def _styled(name: str) -> dict[str, Any]:
    """Ours by full lines with squares, limits dotted, peers dashed."""
    if name.startswith("symgraph"):
        return {"linestyle": "-", "marker": "s", "linewidth": 2.0}
    if "C, " in name or name == "tuned C":
        return {"linestyle": ":", "marker": "^", "color": "black"}
    return {"linestyle": "--", "marker": "o"}


def _save(figure: Figure, file: Path) -> None:
    FigureCanvasSVG(figure).print_svg(str(file), metadata={"Date": None, "Creator": None})


def draw_batch(result: Mapping[str, Any], file: Path) -> None:
    """Time a row against rows, float64 on one thread."""
    times = [one for one in result["times"] if (one["dtype"], one["threads"]) == ("float64", 1)]
    with rc_context(_STYLE):
        figure = Figure(figsize=(10, 6), layout="constrained")
        axes = figure.subplots()
        _lines(axes, times, lambda one: (one["rows"], 1e9 * one["seconds"] / one["rows"]))
        axes.set(xscale="log", yscale="log", xlabel="rows", ylabel="ns a row")
        axes.set_title("Mean loss and gradient, float64, one thread")
        figure.legend(loc="outside right upper", fontsize="small")
        _save(figure, file)


def draw_train(result: Mapping[str, Any], file: Path) -> None:
    """Time of a step by rule."""
    times = result["times"]
    peers = list(dict.fromkeys(one["peer"] for one in times))
    rules = list(dict.fromkeys(one["rule"] for one in times))
    with rc_context(_STYLE):
        figure = Figure(figsize=(10, 5), layout="constrained")
        axes = figure.subplots()
        for place, rule in enumerate(rules):
            found = {one["peer"]: 1e6 * one["step"] for one in times if one["rule"] == rule}
            heights = [index + 0.25 * place for index, peer in enumerate(peers) if peer in found]
            axes.barh(heights, [found[peer] for peer in peers if peer in found], height=0.24, label=rule)
        axes.set_yticks([index + 0.25 for index in range(len(peers))], peers)
        axes.invert_yaxis()
        axes.set(xscale="log", xlabel="us a step")
        axes.set_title("Training row by row")
        axes.legend()
        _save(figure, file)


def draw_derive(result: Mapping[str, Any], file: Path) -> None:
    """Time to the first gradient against weights, a panel a kind of model."""
    times = [one for one in result["times"] if "seconds" in one]
    sizes: dict[str, set[int]] = {}
    for one in times:
        sizes.setdefault(one["kind"], set()).add(one["weights"])
    kinds = [kind for kind, found in sizes.items() if len(found) > 1] or list(sizes)
    with rc_context(_STYLE):
        figure = Figure(figsize=(5 * len(kinds), 5), layout="constrained")
        for place, kind in enumerate(kinds):
            axes = figure.add_subplot(1, len(kinds), place + 1)
            _lines(axes, [one for one in times if one["kind"] == kind], lambda one: (one["weights"], one["seconds"]))
            axes.set(xscale="log", yscale="log", xlabel="weights", ylabel="seconds to the first gradient")
            axes.set_title(kind)
            axes.legend(fontsize="small")
        _save(figure, file)


def draw_startup(result: Mapping[str, Any], file: Path) -> None:
    """Time from the start of Python to the first gradient."""
    times = result["times"]
    with rc_context(_STYLE):
        figure = Figure(figsize=(8, 4), layout="constrained")
        axes = figure.subplots()
        axes.barh([one["peer"] for one in times], [1e3 * one["ready"] for one in times])
        axes.invert_yaxis()
        axes.set(xscale="log", xlabel="ms to the first gradient")
        axes.set_title("Start")
        _save(figure, file)


def _lines(axes: Any, times: Sequence[Mapping[str, Any]], point: Any) -> None:
    for peer in dict.fromkeys(one["peer"] for one in times):
        points = [point(one) for one in times if one["peer"] == peer]
        axes.plot(*zip(*points, strict=True), label=peer, **_styled(peer))
