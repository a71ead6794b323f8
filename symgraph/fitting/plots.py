"""Plots of a fit: data, curve and band, and the residuals below. Matplotlib is imported when a plot is drawn."""

from typing import Any

import numpy as np

from symgraph.errors import OptionError

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
    module, rows = result.problem.module, result.problem.rows
    if getattr(result.problem, "stream", None) is not None:
        raise OptionError(f"the rows of the fit of {module.MODEL} are a stream, not in memory, so it is not drawn")
    if not hasattr(module, "predict") or rows.y is None or rows.y.ndim != 1 or len(module.OUTPUTS) != 1:
        raise OptionError(f"{module.MODEL} has not one output and one target, so its fit is not drawn")
    if axes is None:
        try:
            from matplotlib import pyplot
        except ModuleNotFoundError:
            raise OptionError("plots need Matplotlib; install it: pip install matplotlib") from None
        axes = pyplot.figure(layout="constrained").subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper, lower = axes
    predicted, y = np.broadcast_to(result.predict(rows.X), rows.y.shape), rows.y
    name = module.OUTPUTS[0]
    if rows.X is not None and len(module.FEATURES) == 1:
        x = np.reshape(rows.X, -1)
        grid = np.linspace(x.min(), x.max(), _CURVE)
        low, high = result.confidence_band(grid, level)
        if np.isfinite(low).all():
            upper.fill_between(grid, low, high, alpha=0.25, color="C1", label=f"{level:.0%} confidence")
        upper.plot(grid, result.predict(grid), color="C1", label=name)
        label = module.FEATURES[0]
    else:
        x, label = predicted, name
        ends = [min(predicted.min(), y.min()), max(predicted.max(), y.max())]
        upper.plot(ends, ends, color="C1", label=f"{module.TARGET} = {name}")
    upper.plot(x, y, "o", color="C0", markersize=4, label=module.TARGET)
    upper.set(title=module.METADATA.get("doc") or f"{module.MODEL}: fit", ylabel=module.TARGET)
    upper.legend()
    lower.axhline(0.0, color="C1")
    lower.plot(x, predicted - y, "o", color="C0", markersize=4)
    lower.set(xlabel=label, ylabel=f"{name} - {module.TARGET}")
    for one in axes:
        one.grid(alpha=0.3)
    return axes


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
