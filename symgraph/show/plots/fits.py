"""Plots of a fit: data, curve and band, residuals, the profile of a weight, correlations; results here are ``FitResult``."""

import re
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import numpy as np

from symgraph.data.options import count
from symgraph.errors import OptionError
from symgraph.show.plots.axes import COLORS, as_text, axes_for, broken, grid, ink, legend_below, new_figure, save_figure

_CURVE = 400
"""Points of a curve."""
_LOW = 12
"""Signs of a text for which the height of the residuals below a fit has room."""
_NUMBERS = 12
"""Weights up to which a matrix of correlations shows its numbers."""
_ROOM_FOR_MARKERS = 0.2
"""Share of the height, above and below, that keeps the outermost markers of so low an Axes off its frame."""
_HEIGHTS: Any = {"sharex": True, "height_ratios": (3, 1)}
"""Options of a figure with a fit and the residuals below it."""


def fit(result: Any, ax: Any = None, *, level: float = 0.95) -> Any:
    """Draw the data of a fit and its curve over the feature, if there is a single one, else observations over predictions.

    Args:
        result: a `FitResult`.
        ax: an Axes; None makes one by pyplot.
        level: of the confidence band about the curve.

    Returns:
        The Axes.

    Raises:
        OptionError: Matplotlib is missing, the model has no output or not one target, or the rows are a stream.
    """
    sets, texts, over_feature = _sets(result)
    ax = axes_for(ax)
    for (color, marker), text, one in zip(_looks(), map(as_text, texts), sets, strict=False):
        _draw_fit(one, ax, level, over_feature, (color, color if text else COLORS[1], marker), text)
    _, target, across = _named(sets, over_feature)
    ax.set(ylabel=broken(target), xlabel=broken(across))
    ax.set_title(as_text(_title(result)), wrap=True)
    ax.legend()
    grid(ax)
    return ax


def residuals(result: Any, ax: Any = None) -> Any:
    """Draw the residuals of a fit, observed minus predicted, over its feature, where there is one, else over the predictions.

    Args:
        result: a `FitResult`.
        ax: an Axes; None makes one by pyplot.

    Returns:
        The Axes.

    Raises:
        OptionError: as for `fit`.
    """
    sets, texts, over_feature = _sets(result)
    ax = axes_for(ax)
    ax.axhline(0.0, color=ink(), linewidth=1, alpha=0.6)
    for (color, marker), text, one in zip(_looks(), map(as_text, texts), sets, strict=False):
        x, predicted, observed = _points(one, over_feature)
        ax.plot(x, observed - predicted, marker, color=color, markersize=4, label=text)
    name, target, across = _named(sets, over_feature)
    difference = f"{target} - {name}"
    ax.set(ylabel=as_text(difference) if len(difference) <= _LOW else "observed\n- predicted", xlabel=broken(across))
    if len(sets) > 1:
        legend_below(ax, len(sets))
    ax.margins(y=_ROOM_FOR_MARKERS)
    grid(ax)
    return ax


def fit_and_residuals(result: Any, axes: Any = None, *, level: float = 0.95) -> Any:
    """Draw `fit` into one Axes and `residuals` into another; see ``FitResult.plot``."""
    if axes is None:
        _sets(result)
        axes = new_figure().subplots(2, 1, **_HEIGHTS)
    try:
        upper, lower = axes
    except TypeError:
        raise OptionError(
            "axes must be two Axes, for the fit and for the residuals; pyplot.subplots(2, 1) makes them"
        ) from None
    fit(result, upper, level=level).set_xlabel("")
    legend = residuals(result, lower).get_legend()
    if legend is not None:
        legend.remove()  # the one above says the same
    return axes


def save_fit(result: Any, path: Any) -> None:
    """Write the plot of a fit and its residuals to a file, .svg, .png or .pdf, as ``symgraph.plots.save`` does.

    Raises:
        OptionError: as for `fit`, or the file cannot be written.
    """
    save_figure(path, lambda figure: fit_and_residuals(result, figure.subplots(2, 1, **_HEIGHTS)), _title(result))


def _title(result: Any) -> str:
    module = result.problem.module
    return module.METADATA.get("doc") or f"{module.MODEL}: fit"


def _looks() -> Iterator[tuple[str, str]]:
    """Return the colours and the markers of the data sets, one after the other."""
    return zip(cycle(COLORS), cycle("os^D"), strict=False)


def _sets(result: Any) -> tuple[list[Any], tuple[str, ...], bool]:
    """Return the results of the data sets, what they are called, and whether all have one feature, which is drawn across."""
    sets = list(getattr(result, "sets", {"": result}).values())
    for one in sets:
        module, y = one.problem.module, one.problem.rows.y
        if getattr(one.problem, "stream", None) is not None:
            raise OptionError(f"the rows of the fit of {module.MODEL} are a stream, not in memory, so it is not drawn")
        if not hasattr(module, "predict") or y is None or y.ndim != 1 or len(module.OUTPUTS) != 1:
            raise OptionError(f"{module.MODEL} has not one output and one target, so its fit is not drawn")
    over_feature = all(one.problem.rows.X is not None and len(one.problem.module.FEATURES) == 1 for one in sets)
    return sets, getattr(result.problem, "texts", ("",)), over_feature


def _named(sets: list[Any], over_feature: bool) -> tuple[str, str, str]:
    """Return what the output, what it is held against and what is drawn across are called."""
    modules = [one.problem.module for one in sets]
    outputs, targets = [module.OUTPUTS[0] for module in modules], [one.observed[1] for one in sets]
    across = [module.FEATURES[0] for module in modules] if over_feature else outputs
    each = [dict.fromkeys(map(_as_in_the_data, some, modules)) for some in (outputs, targets, across)]
    return ", ".join(each[0]), ", ".join(each[1]), ", ".join(each[2])


def _as_in_the_data(text: str, module: Any) -> str:
    """Return a text about a formula's model with the names that columns in backquotes have in the data."""
    for column in set(re.findall(r"`([^`]+)`", module.METADATA.get("doc", ""))):
        name = re.sub(r"\W+", "_", column).strip("_")  # as in the model, but for what makes it a name, and another's not
        text = column.join(re.split(rf"\b(?:column_)?{name}_*(?=_hat\b|\b)", text))
    return text.replace("`", "")


def _points(result: Any, over_feature: bool) -> tuple[Any, Any, Any]:
    """Return the places across of the rows of a data set, their predictions, and what these are held against."""
    rows, (observed, _) = result.problem.rows, result.observed
    predicted = np.broadcast_to(result.predict(rows.X), observed.shape)
    return np.reshape(rows.X, -1) if over_feature else predicted, predicted, observed


def _draw_fit(result: Any, ax: Any, level: float, over_feature: bool, look: tuple[str, str, str], text: str) -> None:
    """Draw one data set: points in the first colour by a marker, the curve in the second; a text names it in the legend."""
    (points, curve, marker), y, (name, target, _) = look, result.observed[0], _named([result], over_feature)
    x, predicted, _ = _points(result, over_feature)
    if over_feature:
        across = np.linspace(x.min(), x.max(), _CURVE)
        low, high = result.confidence_band(across, level)
        if np.isfinite(low).all():
            band: Any = {"facecolor": (curve, 0.25), "edgecolor": (curve, 0.6), "linewidth": 0.8}  # edges show a narrow band
            ax.fill_between(across, low, high, label=None if text else f"{level:.0%} confidence", **band)
        # above the points, which may lie so close that they would hide it
        ax.plot(across, result.predict(across), color=curve, zorder=3, label=None if text else broken(name))
    else:
        ends = [min(predicted.min(), y.min()), max(predicted.max(), y.max())]
        ax.plot(ends, ends, color=curve, label=None if text else broken(f"{target} = {name}"))
    ax.plot(x, y, marker, color=points, markersize=4, label=text or broken(target))
    if result.problem.sigma is not None:
        ax.errorbar(x, y, np.broadcast_to(result.problem.sigma, y.shape), fmt="none", ecolor=points, alpha=0.6)


def profile(result: Any, name: str, ax: Any = None, *, level: float = 0.95, points: int = 41) -> Any:
    """Draw the profile of the deviance along a weight, with the others refitted, and the parabola of the standard error.

    Args:
        result: a `FitResult`.
        name: of a free weight.
        ax: an Axes; None makes one by pyplot.
        level: of the profile interval, whose ends and threshold are drawn.
        points: of the curve.

    Returns:
        The Axes.

    Raises:
        OptionError: Matplotlib is missing, or the weight has no profile.
    """
    low, high = result.profile(name, level)
    values = _about(result, name, low, high, count("points", points))
    value, error = result.values[name], result.errors[name]
    ax = axes_for(ax)
    ax.plot(values, result.rises(name, values), color=COLORS[0], label="profile")
    if error > 0:
        ax.plot(values, np.square((values - value) / error), "--", color=COLORS[1], label="by the standard error")
    ax.axhline(result.threshold(level), color=ink(), alpha=0.6, linewidth=1, label=f"{level:.0%}")
    for end in (low, high):
        if np.isfinite(end):
            ax.axvline(end, color=ink(), alpha=0.6, linewidth=1, linestyle=":")
    ax.set(xlabel=broken(name), ylabel="rise of the deviance")
    ax.legend()
    grid(ax)
    return ax


def _about(result: Any, name: str, low: float, high: float, points: int) -> Any:
    """Return values of a weight from below the ends of its profile interval to above, even ones of the module's weight."""
    problem, place = result.problem, result.problem.names.index(name)
    best, error = float(result.found.v[place]), float(np.sqrt(result.spread.matrix[place, place]))
    reach, both = 3 * error if error > 0 else max(abs(best), 1.0), list[float]()
    for natural, sign in ((low, -1), (high, 1)):
        at_end = natural in (result.natural.value(name, -np.inf), result.natural.value(name, np.inf))
        both.append(best + sign * reach if at_end else result.natural.weight(name, natural, name))
    margin = 0.15 * (both[1] - both[0])
    low, high = max(both[0] - margin, problem.lower[place]), min(both[1] + margin, problem.upper[place])
    return result.natural.value(name, np.linspace(low, high, points))


def correlation(result: Any, ax: Any = None) -> Any:
    """Draw the correlations of the weights as a matrix of numbers and colours, blank where there is none.

    Args:
        result: a `FitResult`.
        ax: an Axes; None makes one by pyplot.

    Returns:
        The Axes.

    Raises:
        OptionError: Matplotlib is missing.
    """
    ax = axes_for(ax)
    matrix, places = result.correlations, range(len(result.names))
    size = 10 if len(places) <= 5 else 8 if len(places) <= 9 else 7
    image = ax.imshow(matrix, cmap="RdBu_r", vmin=-1, vmax=1)
    for i in places:
        for j in places:
            if np.isfinite(matrix[i, j]) and len(places) <= _NUMBERS:
                color, text = "w" if abs(matrix[i, j]) > 0.6 else "k", f"{matrix[i, j]:.2f}"
                text = text if len(places) <= 5 else text.replace("0.", ".")
                ax.text(j, i, text, ha="center", va="center", color=color, fontsize=size)
    names = list(map(broken, result.names))
    ax.set_xticks(places, names, rotation=45, ha="right")
    ax.set_yticks(places, names)
    ax.figure.colorbar(image, ax=ax, label="correlation")
    return ax
