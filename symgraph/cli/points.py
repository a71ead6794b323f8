"""One row of a data file with weights, as a point at which a spec is evaluated."""

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from symgraph.cli.rows import Source
from symgraph.cli.weights import read_weights
from symgraph.errors import OptionError

if TYPE_CHECKING:
    from symgraph.data.reading import Dataset, Reading
    from symgraph.judge.reference import Point
    from symgraph.spec.model import Model


def point_of(
    model: "Model",
    weights: Path | None,
    data: Path | None,
    row: int | None,
    reading: "Reading | None" = None,
    *,
    quiet: bool = True,
) -> "tuple[Point | None, str]":
    """Return the inputs of a model at a row, and words for them; None where nobody asks for numbers.

    Args:
        model: the spec.
        weights: the file with the weights, or these themselves.
        data: the file with the rows, for a model that has features or a target.
        row: the row of the file, counted from 0; None for the first.
        reading: how it is read.
        quiet: whether to say nothing of how it is read.

    Raises:
        OptionError: a file that is needed is not given, or there is no such row, or a cell of it is missing.
        DataError, WeightsError: a file cannot be used.
    """
    from symgraph.show.views.model import cells_of
    from symgraph.show.views.model import point_of as point_at

    if weights is None:
        if data is None and row is None:
            return None, ""
        given = "--row" if data is None else "--data"
        raise OptionError(
            f"--weights is missing: numbers need weights, such as `symgraph train --save FILE` writes; else leave out {given}"
        )
    facts = facts_of(model)
    w, rows = read_weights(weights, facts), Source(facts, data, reading, quiet).read()
    at = "at the weights given" if "=" in weights.name else f"at the weights of {weights.name}"  # boxes have the numbers
    if rows is None or data is None:
        if row is not None:
            raise OptionError(f"--row: {model.name} has no features and no target, and so no rows; leave the option out")
        return point_at(model, w, None), at
    place = _place(rows, data, row or 0)
    return point_at(model, w, cells_of(rows.X, rows.y, place)), f"row {row or 0} of {data.name}, {at}"


def _place(rows: "Dataset", data: Path, row: int) -> int:
    """Return the place of a row of the file among those that were read; rows with a missing cell were not."""
    total = len(rows) if rows.kept is None else len(rows.kept)
    if not 0 <= row < total:
        raise OptionError(f"--row: there is no row {row} in {data}, whose rows are 0 to {total - 1}")
    if rows.kept is None:
        return row
    if not rows.kept[row]:
        raise OptionError(f"--row: a cell of row {row} of {data} is missing; choose another row")
    return int(rows.kept[:row].sum())


def facts_of(model: "Model") -> Any:
    """Return what a module says of its model, as far as reading files needs it, without making the module."""
    from symgraph.compiler.backends.source import model_hash

    targets = tuple(one.name for one in model.freeze().target_inputs)
    metadata: dict[str, Any] = {"model_hash": model_hash(model), "natural": dict(model.natural)}
    if model.likelihood_declared is not None:
        metadata |= {"likelihood": model.likelihood_declared.name, "labels": tuple(model.likelihood_declared.labels)}
    values = {one.name: one.values for one in model.target_inputs if one.values}
    metadata |= {"values": values} if values else {}
    return SimpleNamespace(
        MODEL=model.name,
        FEATURES=tuple(one.name for one in model.feature_inputs),
        WEIGHTS=tuple(one.name for one in model.weight_inputs),
        TARGET=None if model.target_input is None else model.target_input.name,
        TARGETS=targets,
        METADATA=metadata,
    )
