"""Plots of training: losses, their running mean, weights and norms of gradients by epoch."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.data.options import count
from symgraph.errors import OptionError
from symgraph.show.plots.axes import as_text, axes_for, broken, grid, legend_below, lines
from symgraph.show.plots.protocols import Recorded, Trained, is_recorded, is_trained

Array = NDArray[np.float64]
Run = Trained | Sequence[float] | NDArray[Any]

_BINS = 300
"""Parts of a long run, of each of which the middle, the least and the greatest value are drawn."""
_LOG_HELPS = 10.0
"""Quotient of the greatest and the least value from which on an axis is logarithmic."""
_BESIDE = 4
"""Entries of a legend that stands among the lines; that of more stands below them."""
_SHOWN = 12
"""Weights that are drawn."""


class _Curve(NamedTuple):
    """Values of one run by epoch, the first of which may be above 0."""

    label: str
    first: int
    values: Array


def losses(runs: Run | Mapping[str, Run], ax: Any = None) -> Any:
    """Draw the mean loss of one or several runs after each epoch, and the validation loss.

    The axis is logarithmic where all losses are above 0 and the greatest is 10 times the least. Of a run of more than 600
    epochs 300 parts are drawn: a line through the medians and an envelope from the least to the greatest.

    Args:
        runs: a result of ``train``, or (epochs,) losses; or several of them by labels, to which the legend adds the rates.
        ax: an Axes; None makes one by pyplot.

    Returns:
        The Axes.

    Raises:
        OptionError: Matplotlib is missing, or a run has finished no epoch.
    """
    return _drawn(_curves(runs), ax, "mean loss")


def running_mean(runs: Run | Mapping[str, Run], window: int | None = None, ax: Any = None) -> Any:
    """Draw the running mean of the losses: after each epoch the mean over all epochs so far, or over the last few.

    Args:
        runs: as for `losses`.
        window: the number of epochs in the mean; None for all so far.
        ax: an Axes; None makes one by pyplot.

    Returns:
        The Axes.

    Raises:
        OptionError: as for `losses`; or the window is no whole number above 0.
    """
    most = None if window is None else count("window", window)
    curves = [one._replace(values=_running_mean(one.values, most)) for one in _curves(runs)]
    return _drawn(curves, ax, "running mean of the loss" if most is None else f"mean loss of the last {most} epochs")


def gradient_norms(norms: Sequence[float] | NDArray[Any] | Mapping[str, Any], ax: Any = None) -> Any:
    """Draw the norm of the gradient over all rows before the first epoch and after each.

    Args:
        norms: (epochs + 1,) as ``Recorder.gradient_norms`` gives them; or those of several runs by their labels.
        ax: an Axes; None makes one by pyplot.

    Returns:
        The Axes.

    Raises:
        OptionError: Matplotlib is missing, or there is nothing to draw.
    """
    return _drawn(_curves(norms), ax, "norm of the gradient")


def weights(history: Recorded | NDArray[Any], names: Sequence[str] = (), ax: Any = None) -> Any:
    """Draw the weights before the first epoch and after each epoch; of more than 12 only those that moved the farthest.

    Args:
        history: a `Recorder` that was a callback of the run, or (epochs + 1, k) weights.
        names: of the weights, such as the module's WEIGHTS; w[0], w[1] and so on without.
        ax: an Axes; None makes one by pyplot.

    Returns:
        The Axes.

    Raises:
        OptionError: Matplotlib is missing, there are no weights, or not as many as names.
    """
    first, values = (history.first_epoch, history.weights) if is_recorded(history) else (0, np.asarray(history))
    if values.ndim != 2 or not values.size:
        raise OptionError(f"history must be a Recorder that a run has called, or (epochs + 1, k) weights, not {values.shape}")
    names = names or [f"w[{j}]" for j in range(values.shape[1])]
    if len(names) != values.shape[1]:
        raise OptionError(f"there are {len(names)} names of {values.shape[1]} weights")
    farthest = np.argsort(-np.ptp(values, axis=0), kind="stable")[:_SHOWN]
    curves = [_Curve(broken(names[j]), first, values[:, j].astype(np.float64)) for j in sorted(farthest.tolist())]
    left_out = values.shape[1] - len(curves)
    return _drawn(curves, ax, f"weights ({len(curves)} of {values.shape[1]}, moved most)" if left_out else "weights", log=False)


def _curves(runs: Any) -> list[_Curve]:
    """Return what is drawn of runs: the losses of each, and those of rows held out."""
    several = runs if isinstance(runs, Mapping) else {"": runs}
    found = [curve for label, run in several.items() for curve in _curves_of(as_text(str(label)), run)]
    empty = [curve.label for curve in found if not len(curve.values)]
    if empty or not found:
        raise OptionError(f"nothing to plot: {f'run {empty[0]!r}' if any(empty) else 'the run'} has finished no epoch")
    return found


def _curves_of(label: str, run: Any) -> Iterator[_Curve]:
    if not is_trained(run):
        yield _Curve(label, 1, np.asarray(run, np.float64))
        return
    optimizer, epochs = run.optimizer, range(run.first_epoch, run.first_epoch + run.epochs)
    rates = [f"{optimizer.rate_at(epoch):.3g}" for epoch in (epochs[:1] and (epochs[0], epochs[-1]))]
    rate = "" if not rates else f", rate {rates[0]}" if rates[0] == rates[-1] else f", rates {rates[0]} to {rates[-1]}"
    name = (label or optimizer.name).removesuffix(f"-{rates[0]}" if rates else "")
    yield _Curve(f"{name}{rate}", run.first_epoch + 1, run.losses)
    if run.validation_losses is not None:
        yield _Curve(f"{name}, rows held out", run.first_epoch + 1, run.validation_losses)


def _running_mean(values: Array, window: int | None) -> Array:
    """Return the mean of the last values at each place, of all so far where there are fewer."""
    places = np.arange(1, len(values) + 1)
    if window is None:
        return np.cumsum(values) / places
    return np.array([values[max(0, end - window) : end].mean() for end in places.tolist()])


def _drawn(curves: Sequence[_Curve], ax: Any, ylabel: str, *, log: bool = True) -> Any:
    """Draw curves over their epochs, with axes that suit their values."""
    ax = axes_for(ax)
    for line, curve in zip(lines(), curves, strict=False):
        _draw(ax, curve, line)
    _scale(ax, np.concatenate([one.values for one in curves]), log=log)
    ax.set(xlabel="epochs done", ylabel=ylabel)
    grid(ax)
    if any(one.label for one in curves):
        if len(curves) > _BESIDE:
            legend_below(ax)
        else:
            ax.legend(handlelength=2.6)
    return ax


def _draw(ax: Any, curve: _Curve, line: Mapping[str, Any]) -> None:
    epochs, values = np.arange(curve.first, curve.first + len(curve.values)), curve.values
    if len(values) > 2 * _BINS:
        parts = np.array_split(values, _BINS)
        starts = np.cumsum([0, *map(len, parts)])
        epochs = curve.first + (starts[:-1] + starts[1:] - 1) / 2.0
        ends = [[end(part) for part in parts] for end in (np.min, np.max)]
        ax.fill_between(epochs, *ends, color=line["color"], alpha=0.25, linewidth=0)
        values = np.array([np.median(part) for part in parts])
    # a line through one point is invisible
    ax.plot(epochs, values, label=curve.label, marker="o" if len(values) == 1 else "", **line)


def _scale(ax: Any, values: Array, *, log: bool) -> None:
    """Make the vertical axis logarithmic where that helps, with ticks that are read as numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    known = values[np.isfinite(values)]
    low, high = (float(np.min(known)), float(np.max(known))) if len(known) else (1.0, 1.0)
    if log and low > 0.0 and high >= _LOG_HELPS * low:
        decades = math.log10(high / low)
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if decades < 2.5 else (1.0,), numticks=8))
        ax.yaxis.set_minor_formatter(NullFormatter())
        number: Callable[[float, Any], str] = lambda value, _: f"{value:g}"  # noqa: E731  typed for the formatter
        ax.yaxis.set_major_formatter(FuncFormatter(number))
    else:
        ax.ticklabel_format(axis="y", useOffset=False)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins="auto", min_n_ticks=1))
