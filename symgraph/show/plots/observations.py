"""Plots of a model's predictions at any weights: held against what was observed, and their differences."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.data.rows import as_rows
from symgraph.errors import OptionError
from symgraph.runtime.generated_module import GeneratedModule, targets_of
from symgraph.show.plots.axes import COLORS, axes_for, broken, grid, ink


def predictions(module: GeneratedModule, w: Any, X: Any = None, y: Any = None, ax: Any = None) -> Any:
    """Draw observations over predictions, with a line where both are equal.

    Args:
        module: a module with as many outputs as targets.
        w: (k,) weights.
        X: (n, d) rows, as for ``predict``.
        y: (n,) observations, of several targets (n, p).
        ax: Axes to draw into; None makes them by pyplot.

    Returns:
        The Axes.

    Raises:
        OptionError: Matplotlib is missing, or outputs and targets are not as many.
        DataError: X or y do not fit the model.
    """
    columns = list(_columns(module, w, X, y))
    ax = axes_for(ax)
    ends = [float(end(np.hstack([values for pair in columns for values in pair[1:]]))) for end in (np.nanmin, np.nanmax)]
    ax.plot(ends, ends, color=ink(), linewidth=1.0, alpha=0.6)
    return _finish(ax, columns, "observed")


def differences(module: GeneratedModule, w: Any, X: Any = None, y: Any = None, ax: Any = None) -> Any:
    """Draw residuals, observations minus predictions, over the predictions.

    Args:
        module: a module with as many outputs as targets.
        w: (k,) weights.
        X: (n, d) rows, as for ``predict``.
        y: (n,) observations, of several targets (n, p).
        ax: Axes to draw into; None makes them by pyplot.

    Returns:
        The Axes.

    Raises:
        OptionError: Matplotlib is missing, or outputs and targets are not as many.
        DataError: X or y do not fit the model.
    """
    columns = list(_columns(module, w, X, y))
    ax = axes_for(ax)
    ax.axhline(0.0, color=ink(), linewidth=1.0, alpha=0.6)
    columns = [(name, predicted, observed - predicted) for name, predicted, observed in columns]
    return _finish(ax, columns, "observed - predicted")


_Column = tuple[str, NDArray[np.float64], NDArray[np.float64]]


def _columns(module: GeneratedModule, w: Any, X: Any, y: Any) -> Iterator[_Column]:
    """Yield the name of each output, what it predicts, and what was observed of it."""
    targets = targets_of(module)
    if not hasattr(module, "predict") or not targets or len(module.OUTPUTS) != len(targets):
        raise OptionError(f"{module.MODEL} has not as many outputs as targets, so predictions are held against nothing")
    rows = as_rows(module, X, y)
    assert rows.y is not None  # of a model with targets
    predicted = np.broadcast_to(np.asarray(module.predict(w, rows.X), np.float64), rows.y.shape)
    for place, name in enumerate(module.OUTPUTS):
        pair = (predicted, rows.y) if rows.y.ndim == 1 else (predicted[:, place], rows.y[:, place])
        yield name, np.asarray(pair[0], np.float64), np.asarray(pair[1], np.float64)


def _finish(ax: Any, columns: list[_Column], ylabel: str) -> Any:
    for color, (name, across, values) in zip(COLORS * len(columns), columns, strict=False):
        ax.plot(across, values, "o", color=color, markersize=3.5, alpha=0.7, label=broken(name))
    ax.set(xlabel=broken("predicted" + (f" {columns[0][0]}" if len(columns) == 1 else "")), ylabel=ylabel)
    if len(columns) > 1:
        ax.legend()
    grid(ax)
    return ax
