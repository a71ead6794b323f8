"""Axes to draw into, colours that all readers can tell apart, and files of plots. Matplotlib is imported when it is needed."""

import io
import itertools
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from symgraph.data.files import write_file
from symgraph.errors import OptionError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PathLike = str | os.PathLike[str]

COLORS = ("#126aa5", "#dc6718", "#ad33ff", "#5d6732", "#bd7584")
"""Colours of lines and points: contrast of 3 at least on white and on dark ground, and apart under each colour blindness."""
ON_DARK = ("#b0d2f0", "#df7e34", "#bc66d0", "#ecdf29", "#fe3a78")
"""Colours that take their place in files that a dark page shows: contrast of 4.5 at least, and apart as those."""
_LINES = ("solid", "dashed", "dashdot", "dotted")
_HALF = 22
"""Signs of an entry of a legend for which half the width of a figure has room."""
_ROOM = 30
"""Signs of a line of text for which the height of a figure has room, and for which a legend may cover it."""
# By suffix: metadata to leave out of a file so that the same plot gives the same bytes on any day.
_METADATA: Mapping[str, Mapping[str, str | None]] = {
    ".svg": {"Date": None, "Creator": None},
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
_UNDRAWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Signs that XML 1.0 has none of, or that no font draws (https://www.w3.org/TR/xml/, production 2)."""
_INK, _PAPER = "#1b1f24", "#fefefe"
_STYLE = {
    "figure.figsize": (5.6, 3.9),  # of so small a figure texts of 11 points are read at 400 pixels too
    "font.size": 11.0,
    "axes.titlesize": 11.0,
    "legend.fontsize": 10.0,
    "savefig.dpi": 200.0,
    "svg.fonttype": "none",  # text stays text: it can be selected, found and read aloud
    "svg.hashsalt": "symgraph",  # makes the ids in an SVG repeatable
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), _INK),
    **dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), _PAPER),
}
# By selectors, and not by variables, since programs other than browsers show a colour that is a variable as none.
_LINES_ON_DARK = " ".join(
    f'.symgraph-plot [style*="{part}: {color}"] {{{part}: {dark} !important}}'
    for color, dark in zip(COLORS, ON_DARK, strict=True)
    for part in ("stroke", "fill")
)
_SVG_STYLE = f"""
   .symgraph-plot {{color: #1b1f24; --paper: #fefefe; max-width: 100%; height: auto}}
   @media (prefers-color-scheme: dark) {{.symgraph-plot {{color: #e6edf3; --paper: #0d1117}} {_LINES_ON_DARK}}}
  </style>"""
_MISSING = "plots need Matplotlib; install it: pip install matplotlib"


def lines() -> Iterator[dict[str, Any]]:
    """Yield for each line of a plot a colour and a dash pattern, since colour alone does not tell lines apart for everyone.

    They are options of Matplotlib by name.
    """
    for color, line in zip(itertools.cycle(COLORS), itertools.cycle(_LINES), strict=False):
        yield {"color": color, "linestyle": line, "linewidth": 1.7}


def axes_for(ax: Any) -> Any:
    """Return the Axes to draw into: those given, or new ones in a figure of pyplot.

    Raises:
        OptionError: Matplotlib is missing, or what was given is no Axes.
    """
    if ax is None:
        return new_figure().subplots()
    if not hasattr(ax, "plot"):
        raise OptionError(f"ax must be an Axes of Matplotlib, not {type(ax).__name__}; pyplot.subplots() makes one")
    return ax


def new_figure() -> Any:
    """Return a new figure of pyplot.

    Raises:
        OptionError: Matplotlib is missing.
    """
    try:
        from matplotlib import pyplot
    except ModuleNotFoundError as error:
        raise OptionError(_MISSING) from error
    return pyplot.figure(layout="constrained")


def ink() -> str:
    """Return the colour of text in the style in force, for lines that explain the others."""
    from matplotlib import rcParams

    return str(rcParams["text.color"])


def grid(ax: Any) -> None:
    """Put a faint grid behind what is drawn, at ticks that are round: 1, 2 or 5 times a power of ten apart."""
    from matplotlib.ticker import AutoLocator

    for axis in (ax.xaxis, ax.yaxis):
        if isinstance(axis.get_major_locator(), AutoLocator):
            axis.get_major_locator().set_params(steps=(1, 2, 5, 10))
    ax.grid(alpha=0.25)
    ax.set_axisbelow(True)


def as_text(text: str) -> str:
    """Return a text that Matplotlib shows as it stands: between two dollar signs it would read a formula."""
    return text.replace("$", r"\$")


def broken(text: str) -> str:
    """Break a long text into lines, at its blanks and underscores, for which axes and legends have room; see ``as_text``."""
    lines = [""]
    for part in re.findall(r"[^_ ]*[_ ]+|[^_ ]+$", text):
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > _ROOM:
            lines.append("")
        lines[-1] += part
    return as_text("\n".join(map(str.rstrip, lines)))


def legend_below(ax: Any, columns: int = 3) -> None:
    """Put the legend under the name of the horizontal axis, where it covers nothing.

    Args:
        ax: the Axes.
        columns: of the legend at most; there are fewer where its entries are long.
    """
    longest = max(map(len, ax.get_legend_handles_labels()[1]))
    room = 3 if longest <= len("nesterov, rate 0.1") else 2 if longest <= _HALF else 1
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), borderaxespad=4.0, handlelength=2.6, ncols=min(columns, room))


def check_plot_path(path: PathLike) -> None:
    """Refuse a file that no plot can be written to, before a run whose plot it is to hold.

    Raises:
        OptionError: the suffix is unknown, or Matplotlib is missing or cannot be imported.
    """
    _metadata_for(Path(path))
    with _style():
        pass


def save(path: PathLike, plot: Callable[..., Any], *arguments: Any, title: str = "", **options: Any) -> None:
    """Write one plot to a file, with the same bytes on any day and under any style.

    An SVG has a transparent background and follows the colour scheme of its reader; PNG and PDF are dark on white.

    Args:
        path: the file to write, .svg, .png or .pdf.
        plot: a function of ``symgraph.plots``, or another that takes ``ax``.
        arguments: those of the plot.
        title: the text above it, which is also the file's.
        options: more arguments of the plot, by name.

    Raises:
        OptionError: Matplotlib is missing, the suffix is unknown, the file cannot be written, or the plot refuses arguments.
    """
    save_figure(path, lambda figure: plot(*arguments, ax=figure.subplots(), **options), title)


def save_figure(path: PathLike, draw: "Callable[[Figure], object]", title: str = "") -> None:
    """Write a figure as `save` does.

    Args:
        path: the file to write, .svg, .png or .pdf.
        draw: a function that puts the axes into an empty figure.
        title: the text above the figure; "" is none.

    Raises:
        OptionError: as for `save`.
    """
    content = drawn(Path(path), draw, title)
    try:
        write_file(Path(path), content)
    except OSError as error:
        raise OptionError(f"cannot write a plot to {path}: {error.strerror or error}") from error


def drawn(path: Path, draw: "Callable[[Figure], object]", title: str = "") -> bytes:
    """Return the bytes that `save_figure` writes.

    Args:
        path: a file's name, whose suffix says the format.
        draw: a function that puts the axes into an empty figure.
        title: the text above the figure; "" is none.

    Raises:
        OptionError: Matplotlib is missing, the suffix is unknown, or the plot refuses its arguments.
    """
    with _style():
        from matplotlib.figure import Figure
        from matplotlib.text import Text

        metadata = _metadata_for(path)
        figure = Figure(layout="constrained")  # without pyplot, so that no window system is asked for
        draw(figure)
        if title:
            figure.axes[0].set_title(as_text(title), wrap=True)
        for text in cast("list[Text]", figure.findobj(Text)):
            text.set_text(_UNDRAWN.sub("\N{REPLACEMENT CHARACTER}", text.get_text()))
        kind, made = path.suffix[1:].lower(), io.BytesIO()
        named = {"Title": _UNDRAWN.sub("\N{REPLACEMENT CHARACTER}", title)} if title and kind != "png" else {}
        figure.savefig(made, format=kind, metadata={**metadata, **named}, transparent=kind == "svg")
        return _in_the_readers_colours(made.getvalue().decode()).encode() if kind == "svg" else made.getvalue()


def _in_the_readers_colours(svg: str) -> str:
    """Replace the colours of text and ground in an SVG by ones that follow the colour scheme that its reader prefers."""
    svg = svg.replace(_INK, "currentColor").replace(_PAPER, "var(--paper)")
    return svg.replace("</style>", _SVG_STYLE, 1).replace("<svg ", '<svg class="symgraph-plot" ', 1)


def _metadata_for(path: Path) -> Mapping[str, Any]:
    metadata = _METADATA.get(path.suffix.lower())
    if metadata is None:
        raise OptionError(f"cannot write a plot to {path}: its name must end in {', '.join(_METADATA)}")
    return metadata


@contextmanager
def _style() -> Iterator[None]:
    """Set the style of files, so that they are the same for every user.

    Raises:
        OptionError: Matplotlib is missing, or its settings keep it from being imported.
    """
    try:
        import matplotlib.style
    except ModuleNotFoundError as error:
        raise OptionError(_MISSING) from error
    except ValueError as error:
        raise OptionError(f"Matplotlib refuses its settings, MPLBACKEND or matplotlibrc: {error}") from error
    with matplotlib.style.context(["default", _STYLE]):
        yield
