"""Plots of a fit: data, curve and band, and the residuals below. Matplotlib is imported when a plot is drawn."""

from typing import Any

import numpy as np

from symgraph.errors import OptionError
from symgraph.fitting.problem import observed

_CURVE = 400
"""Points of a curve."""


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
        if not hasattr(module, "predict") or y is None or y.ndim != 1 or len(module.OUTPUTS) != 1:
            raise OptionError(f"{module.MODEL} has not one output and one target, so its fit is not drawn")
    if axes is None:
        try:
            from matplotlib import pyplot
        except ModuleNotFoundError:
            raise OptionError("plots need Matplotlib; install it: pip install matplotlib") from None
        axes = pyplot.figure(layout="constrained").subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper, lower = axes
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
    lower.plot(x, predicted - y, "o", color=points, markersize=4)


def _held_against(result: Any) -> tuple[Any, str]:
    """Return what the prediction is held against, and its name: the target, or a function of it such as log(y)."""
    module, rows = result.problem.module, result.problem.rows
    found = observed(result.problem, result.found.v)
    if found is None or found is rows.y:
        return rows.y, module.TARGET
    left, tilde, _ = module.METADATA.get("doc", "").partition("~")  # the formula, of a model that was made of one
    return found, left.strip() if tilde else f"function of {module.TARGET}"


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
