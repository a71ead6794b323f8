"""Plots of a fit: data, curve and band, and the residuals below. Matplotlib is imported when a plot is drawn."""

from typing import Any

import numpy as np

from symgraph.errors import OptionError
from symgraph.fitting.problem import observed
from symgraph.fitting.profile import threshold
from symgraph.training.options import count

_CURVE = 400
"""Points of a curve."""
_NUMBERS = 12
"""Weights up to which a matrix of correlations shows its numbers."""


def plot_fit(result: Any, axes: Any = None, *, level: float = 0.95) -> Any:
    """Draw a fit: over its feature, where there is one, else observations over predictions; and residuals below.

    Args:
        result: a `FitResult`.
        axes: two Axes, the upper and the lower; None makes them by pyplot.
        level: of the confidence band about the curve.

    Returns:
        The two Axes.

    Raises:
        OptionError: Matplotlib is missing, or the model has no output or not one target.
    """
    sets = getattr(result, "sets", {"": result})
    for one in sets.values():
        module, y = one.problem.module, one.problem.rows.y
        if getattr(one.problem, "stream", None) is not None:
            raise OptionError(f"the rows of the fit of {module.MODEL} are a stream, not in memory, so it is not drawn")
        if not hasattr(module, "predict") or y is None or y.ndim != 1 or len(module.OUTPUTS) != 1:
            raise OptionError(f"{module.MODEL} has not one output and one target, so its fit is not drawn")
    if axes is None:
        axes = _figure().subplots(2, 1, sharex=True, height_ratios=(3, 1))
    try:
        upper, lower = axes
    except TypeError:
        raise OptionError(
            "axes must be two Axes, for the fit and for the residuals; pyplot.subplots(2, 1) makes them"
        ) from None
    over_feature = all(one.problem.rows.X is not None and len(one.problem.module.FEATURES) == 1 for one in sets.values())
    texts = getattr(result.problem, "texts", ("",))
    for number, (text, one) in enumerate(zip(texts, sets.values(), strict=True)):
        _draw(one, axes, level, over_feature, (f"C{number}",) * 2 if text else ("C0", "C1"), text)
    module, models = result.problem.module, [one.problem.module for one in sets.values()]
    name, target = (
        ", ".join(dict.fromkeys(names))
        for names in zip(*((one.problem.module.OUTPUTS[0], _held_against(one)[1]) for one in sets.values()), strict=True)
    )
    upper.set(ylabel=target)
    lower.set(
        ylabel=f"{name} - {target}",
        xlabel=", ".join(dict.fromkeys(one.FEATURES[0] for one in models)) if over_feature else name,
    )
    upper.set_title(module.METADATA.get("doc") or f"{module.MODEL}: fit")
    upper.legend()
    lower.axhline(0.0, color="C1" if texts == ("",) else "black")
    for one in axes:
        one.grid(alpha=0.3)
    return axes


def _draw(result: Any, axes: Any, level: float, over_feature: bool, colors: tuple[str, str], text: str = "") -> None:
    """Draw one data set: points in the first color, what was fitted in the second; a text names it in the legend."""
    module, rows = result.problem.module, result.problem.rows
    (upper, lower), (points, curve) = axes, colors
    (y, target), name = _held_against(result), module.OUTPUTS[0]
    predicted = np.broadcast_to(result.predict(rows.X), y.shape)
    if over_feature:
        x = np.reshape(rows.X, -1)
        grid = np.linspace(x.min(), x.max(), _CURVE)
        low, high = result.confidence_band(grid, level)
        if np.isfinite(low).all():
            upper.fill_between(grid, low, high, alpha=0.25, color=curve, label=None if text else f"{level:.0%} confidence")
        upper.plot(grid, result.predict(grid), color=curve, label=None if text else name)
    else:
        x = predicted
        ends = [min(predicted.min(), y.min()), max(predicted.max(), y.max())]
        upper.plot(ends, ends, color=curve, label=None if text else f"{target} = {name}")
    upper.plot(x, y, "o", color=points, markersize=4, label=text or target)
    if result.problem.sigma is not None:
        upper.errorbar(x, y, np.broadcast_to(result.problem.sigma, y.shape), fmt="none", ecolor=points, alpha=0.6)
    lower.plot(x, predicted - y, "o", color=points, markersize=4)


def _held_against(result: Any) -> tuple[Any, str]:
    """Return what the prediction is held against, and its name: the target, or a function of it such as log(y)."""
    module, rows = result.problem.module, result.problem.rows
    found = observed(result.problem, result.found.v)
    if found is None or found is rows.y:
        return rows.y, module.TARGET
    left, tilde, _ = module.METADATA.get("doc", "").partition("~")  # the formula, of a model that was made of one
    return found, left.strip() if tilde else f"function of {module.TARGET}"


def plot_profile(result: Any, name: str, axes: Any = None, *, level: float = 0.95, points: int = 41) -> Any:
    """Draw how far the deviance rises along a weight, the others fitted anew, and beside it the parabola of the standard error.

    Args:
        result: a `FitResult`.
        name: of a free weight.
        axes: an Axes; None makes one by pyplot.
        level: of the profile interval, whose ends and threshold are drawn.
        points: of the curve.

    Returns:
        The Axes.

    Raises:
        OptionError: Matplotlib is missing, or the weight has no profile.
    """
    low, high = result.profile(name, level)
    value, error = result.values[name], result.errors[name]
    most = threshold(result.problem, result.dof, level, 1, absolute_sigma=result.absolute_sigma)
    reach = 3 * error if error > 0 else max(abs(value), 1.0)
    ends = [end if np.isfinite(end) else value + sign * reach for end, sign in ((low, -1), (high, 1))]
    place = result.problem.names.index(name)
    margin = 0.15 * (ends[1] - ends[0])
    values = np.linspace(
        max(ends[0] - margin, result.problem.lower[place]),
        min(ends[1] + margin, result.problem.upper[place]),
        count("points", points),
    )
    axes = _figure().subplots() if axes is None else axes
    axes.plot(values, result.rises(name, values), color="C0", label="profile")
    if error > 0:
        axes.plot(values, np.square((values - value) / error), "--", color="C1", label="by the standard error")
    axes.axhline(most, color="0.5", linewidth=1, label=f"{level:.0%}")
    for end in (low, high):
        if np.isfinite(end):
            axes.axvline(end, color="0.5", linewidth=1, linestyle=":")
    axes.set(xlabel=name, ylabel="rise of the deviance")
    axes.legend()
    return axes


def plot_correlation(result: Any, axes: Any = None) -> Any:
    """Draw the correlations of the weights as a matrix of numbers and colours, blank where there is none.

    Args:
        result: a `FitResult`.
        axes: an Axes; None makes one by pyplot.

    Returns:
        The Axes.

    Raises:
        OptionError: Matplotlib is missing.
    """
    axes = _figure().subplots() if axes is None else axes
    matrix, places = result.correlations, range(len(result.names))
    image = axes.imshow(matrix, cmap="RdBu_r", vmin=-1, vmax=1)
    for i in places:
        for j in places:
            if np.isfinite(matrix[i, j]) and len(places) <= _NUMBERS:
                axes.text(j, i, f"{matrix[i, j]:.2f}", ha="center", va="center", color="w" if abs(matrix[i, j]) > 0.6 else "k")
    axes.set_xticks(places, result.names, rotation=45, ha="right")
    axes.set_yticks(places, result.names)
    axes.figure.colorbar(image, ax=axes)
    return axes


def _figure() -> Any:
    """Return a new figure of pyplot."""
    try:
        from matplotlib import pyplot
    except ModuleNotFoundError:
        raise OptionError("plots need Matplotlib; install it: pip install matplotlib") from None
    return pyplot.figure(layout="constrained")


def save_fit(result: Any, path: Any) -> None:
    """Write the plot of a fit to a file, .svg, .png or .pdf, the same bytes on any day.

    Raises:
        OptionError: as for ``plot_fit``, or the file cannot be written.
    """
    from symgraph.training.plots import save_figure

    def draw(figure: Any) -> None:
        figure.set_layout_engine("constrained")
        plot_fit(result, figure.subplots(2, 1, sharex=True, height_ratios=(3, 1)))

    save_figure(path, draw)
