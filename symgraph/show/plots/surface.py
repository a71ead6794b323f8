"""Paths of optimizers over the loss as a function of two weights."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.data.rows import as_rows
from symgraph.errors import OptionError, did_you_mean
from symgraph.runtime.generated_module import GeneratedModule
from symgraph.runtime.natural import natural_names, natural_values
from symgraph.show.plots.axes import as_text, axes_for, broken, ink, lines
from symgraph.show.plots.protocols import Recorded, is_recorded

Array = NDArray[np.float64]
Path = Recorded | NDArray[Any]

_POINTS = 61
"""Values of each weight at which the loss is computed."""
_LEVELS = 12
"""Lines of equal loss, spread so that as much of the area lies between each two."""


def loss_surface(
    module: GeneratedModule,
    X: Any,
    y: Any,
    paths: Path | Mapping[str, Path],
    names: Sequence[str] = (),
    ax: Any = None,
) -> Any:
    """Draw the paths of optimizers over contour lines of the mean loss, as a function of two weights.

    A circle marks the start of a path, a star its end. All other weights have their values at the end of the first path.

    Args:
        module: a generated module with a loss, of the numpy backend.
        X: (n, d) rows, as for ``train``.
        y: (n,) targets, as for ``train``.
        paths: a `Recorder` that was a callback of the run, or (epochs + 1, k) weights; or several by their labels.
        names: of the two weights; without names those that moved the farthest.
        ax: an Axes; None makes one by pyplot.

    Returns:
        The Axes.

    Raises:
        OptionError: Matplotlib is missing, the module has no loss, names are not two of its weights, or a path is of others.
        DataError: X or y do not fit the model.
    """
    if not hasattr(module, "loss"):
        raise OptionError(f"{module.MODEL} has no loss, and so no surface that a path could lie on")
    rows, several = as_rows(module, X, y), paths if isinstance(paths, Mapping) else {"": paths}
    ways = {label: _weights_of(module, label, way) for label, way in several.items()}
    if not ways:
        raise OptionError("paths is empty: give a Recorder, or several by their labels")
    first, second = _places(module, names, ways)
    ax = axes_for(ax)
    for line, (label, way) in zip(lines(), ways.items(), strict=False):
        x, height = _natural(module, first, way[:, first]), _natural(module, second, way[:, second])
        ax.plot(x, height, label=as_text(label) or "path", zorder=3, **line)
        ax.plot(x[:1], height[:1], "o", color=line["color"], markersize=6, zorder=4)
        ax.plot(x[-1:], height[-1:], "*", color=line["color"], markersize=12, zorder=4)
    sides = [_values(np.concatenate([way[:, place] for way in ways.values()])) for place in (first, second)]
    shown = [_natural(module, place, side) for place, side in zip((first, second), sides, strict=True)]
    _contours(ax, shown, _losses(module, rows, next(iter(ways.values()))[-1], (first, second), sides))
    names = natural_names(module.WEIGHTS, module.METADATA)
    ax.set(xlabel=broken(names[first]), ylabel=broken(names[second]))
    for mark, size, word in (("o", 6, "begin"), ("*", 12, "end")):
        ax.plot([], [], mark, color=ink(), markersize=size, label=word)
    ax.legend(handlelength=2.6)
    return ax


def _weights_of(module: GeneratedModule, label: str, path: Path) -> Array:
    way = np.asarray(path.weights if is_recorded(path) else path, np.float64)
    if way.ndim != 2 or way.shape[1] != len(module.WEIGHTS) or not len(way):
        named = f"path {label!r}" if label else "the path"
        raise OptionError(f"{named} has shape {way.shape}; {module.MODEL} needs (epochs + 1, {len(module.WEIGHTS)})")
    return way


def _places(module: GeneratedModule, names: Sequence[str], ways: Mapping[str, Array]) -> tuple[int, int]:
    """Return the places of the two weights of the axes."""
    if len(module.WEIGHTS) < 2:
        raise OptionError(f"{module.MODEL} has one weight; a surface needs two")
    there = natural_names(module.WEIGHTS, module.METADATA)
    for name in names:
        if name not in there:
            known = f"it has {', '.join(there[:20])}{did_you_mean(name, there)}"
            raise OptionError(f"{module.MODEL} has no weight {name!r}; {known}")
    if names and len(set(names)) != 2:
        raise OptionError(f"names must be two different weights, not {', '.join(names)}")
    moved = np.max([np.ptp(way, axis=0) for way in ways.values()], axis=0)
    places = [there.index(name) for name in names] or sorted(np.argsort(-moved, kind="stable")[:2].tolist())
    return places[0], places[1]


def _natural(module: GeneratedModule, place: int, weights: Array) -> Array:
    """Return the natural values of a weight, which are drawn; see `symgraph.runtime.natural`."""
    _, transform = module.METADATA.get("natural", {}).get(module.WEIGHTS[place], ("", ""))
    return natural_values(transform, weights) if transform else weights


def _values(passed: Array) -> Array:
    """Return the values along one side: where the paths went, and a margin about it."""
    low, high = float(passed.min()), float(passed.max())
    margin = 0.2 * (high - low) or max(1.0, abs(high)) * 0.1
    return np.linspace(low - margin, high + margin, _POINTS)


def _losses(module: Any, rows: Any, at: Array, places: tuple[int, int], sides: Sequence[Array]) -> Array:
    """Return the mean losses over the area, (values of the second weight, of the first), NaN where there is none."""
    found, w = np.empty((_POINTS, _POINTS)), np.array(at)
    with np.errstate(all="ignore"):
        for i, second in enumerate(sides[1]):
            for j, first in enumerate(sides[0]):
                w[list(places)] = first, second
                found[i, j] = module.loss(w, rows.X, rows.y)
    return np.where(np.isfinite(found), found, np.nan)


def _contours(ax: Any, sides: Sequence[Array], found: Array) -> None:
    known = found[np.isfinite(found)]
    levels = np.unique(np.quantile(known, np.linspace(0.02, 0.98, _LEVELS))) if len(known) else known
    if len(levels) > 1:
        drawn = ax.contour(*sides, np.ma.masked_invalid(found), levels=levels, colors=ink(), alpha=0.35, linewidths=0.8)
        ax.clabel(drawn, levels[::3], fmt="%.2g", fontsize=9.5)
