"""Loss plots, to a file or to the screen. Matplotlib is imported when a plot is drawn: training works without it."""

import importlib.util
import io
import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import OptionError
from symgraph.io.files import write_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Losses = Sequence[float] | NDArray[np.float64]
PathLike = str | os.PathLike[str]

# By suffix: metadata to leave out of a file so that the same losses give the same bytes on any day.
_METADATA: Mapping[str, Mapping[str, str | None]] = {
    ".svg": {"Date": None, "Creator": None},
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
# Colour alone does not tell runs apart for every reader.
_LINES = ("solid", "dashed", "dashdot", "dotted")
_MISSING = "plots need Matplotlib; install it: pip install matplotlib"
_NO_SCREEN = ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template")


def plot_loss(losses: Losses, path: PathLike | None = None, *, title: str = "Loss") -> None:
    """Draw the loss of one run over its epochs.

    Args:
        losses: (epochs,) as in `TrainResult.losses`; entry i is the loss after epoch i.
        path: the file to write, .svg, .png or .pdf; None shows the plot on the screen.
        title: the text above the plot.

    Raises:
        OptionError: Matplotlib is missing, there is nothing to plot, the file cannot be written, or there is no screen.
    """
    _plot({"": losses}, path, title)


def plot_comparison(runs: Mapping[str, Losses], path: PathLike | None = None, *, title: str = "Loss by optimizer") -> None:
    """Draw the losses of several runs into one plot.

    Args:
        runs: label -> (epochs,) losses; the legend keeps their order.
        path: the file to write, .svg, .png or .pdf; None shows the plot on the screen.
        title: the text above the plot.

    Raises:
        OptionError: Matplotlib is missing, there is nothing to plot, the file cannot be written, or there is no screen.
    """
    _plot(runs, path, title)


def check_plot_path(path: PathLike) -> None:
    """Refuse a file that no plot can be written to, before a run whose plot it is to hold.

    Raises:
        OptionError: the suffix is unknown, or Matplotlib is missing.
    """
    _metadata_for(Path(path))
    if importlib.util.find_spec("matplotlib") is None:
        raise OptionError(_MISSING)


def _metadata_for(path: Path) -> Mapping[str, Any]:
    metadata = _METADATA.get(path.suffix.lower())
    if metadata is None:
        raise OptionError(f"cannot write a plot to {path}: its name must end in {', '.join(_METADATA)}")
    return metadata


def _plot(runs: Mapping[str, Losses], path: PathLike | None, title: str) -> None:
    if not runs or any(len(losses) == 0 for losses in runs.values()):
        empty = ", ".join(repr(label) for label, losses in runs.items() if len(losses) == 0 and label)
        raise OptionError(f"nothing to plot: {f'run {empty}' if empty else 'the run'} has finished no epoch")
    if path is not None:
        save_figure(path, lambda figure: _draw(figure, runs, title))
        return
    with _style():
        _show(runs, title)


def save_figure(path: PathLike, draw: "Callable[[Figure], None]") -> None:
    """Write a figure that is the same bytes on any day and under any user's style.

    Args:
        path: the file to write, .svg, .png or .pdf.
        draw: a function that puts the axes into an empty figure.

    Raises:
        OptionError: Matplotlib is missing, the suffix is unknown, or the file cannot be written.
    """
    with _style():
        from matplotlib.figure import Figure

        metadata = _metadata_for(Path(path))
        figure = Figure()  # without pyplot, so that no window system is asked for
        draw(figure)
        drawn = io.BytesIO()
        figure.savefig(drawn, format=Path(path).suffix[1:].lower(), metadata=dict(metadata))
        try:
            write_file(Path(path), drawn.getvalue())
        except OSError as error:
            raise OptionError(f"cannot write a plot to {path}: {error.strerror or error}") from error


@contextmanager
def _style() -> Iterator[None]:
    """Set the default style, so that a file is the same for every user. The salt makes the ids in an SVG repeatable."""
    try:
        import matplotlib.style
    except ModuleNotFoundError as error:
        raise OptionError(_MISSING) from error
    with matplotlib.style.context(["default", {"svg.hashsalt": "symgraph"}]):
        yield


def _show(runs: Mapping[str, Losses], title: str) -> None:
    from matplotlib import pyplot

    backend = pyplot.get_backend()
    if backend.lower() in _NO_SCREEN:
        raise OptionError(f"there is no screen to show a plot on (Matplotlib's backend is {backend}); give a file to write to")
    _draw(pyplot.figure(), runs, title)
    pyplot.show()


def _draw(figure: "Figure", runs: Mapping[str, Losses], title: str) -> None:
    from matplotlib.ticker import MaxNLocator

    figure.set_layout_engine("constrained")
    axes: Any = figure.add_subplot()
    for line, (label, losses) in zip(itertools.cycle(_LINES), runs.items(), strict=False):
        marker = "o" if len(losses) == 1 else ""  # a line through one point is invisible
        axes.plot(range(len(losses)), losses, label=label, linestyle=line, marker=marker)
    if all(np.min(losses) > 0.0 for losses in runs.values()):
        axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(title=title, xlabel="epoch (the first is 0)", ylabel="mean loss")
    axes.grid(alpha=0.3)
    if any(runs):
        axes.legend()
