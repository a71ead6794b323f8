"""One row of a data file with weights, as a point at which a spec is evaluated."""

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from symgraph.errors import OptionError

if TYPE_CHECKING:
    from symgraph.check.reference import Point
    from symgraph.spec.model import Model


def point_of(model: "Model", data: Path | None, weights: Path | None, row: int | None, *, quiet: bool = True) -> "Point | None":
    """Return the inputs of a model at a row, or None where nobody asks for numbers.

    Args:
        model: the spec.
        data: the file with the rows, for a model that has features or a target.
        weights: the file with the weights.
        row: the row, counted from 0; None for the first.
        quiet: whether to say nothing of how the file is read.

    Raises:
        OptionError: a file that is needed is not given, or there is no such row.
        DataError, WeightsError: a file cannot be used.
    """
    from symgraph.cli.rows import read_rows
    from symgraph.cli.weights import read_weights
    from symgraph.views.model import cells_of
    from symgraph.views.model import point_of as point_at

    if data is None and weights is None and row is None:
        return None
    if weights is None:
        raise OptionError(
            "--weights is missing: the numbers at a row need the weights; `symgraph train --save FILE` writes some"
        )
    facts = facts_of(model)
    w, rows = read_weights(weights, facts), read_rows(facts, data, quiet=quiet)
    if rows is None:
        if row is not None:
            raise OptionError(f"--row: {model.name} has no features and no target, and so no rows; leave the option out")
        return point_at(model, w, None)
    place = row or 0
    if not 0 <= place < len(rows):
        raise OptionError(f"--row {place}: {data} has {len(rows)} rows, counted from 0")
    return point_at(model, w, cells_of(rows.X, rows.y, place))


def facts_of(model: "Model") -> Any:
    """Return what a module says of its model, as far as reading files needs it, without making the module."""
    from symgraph.backends.source import model_hash

    targets = tuple(one.name for one in model.freeze().target_inputs)
    metadata: dict[str, Any] = {"model_hash": model_hash(model)}
    if model.likelihood_declared is not None:
        metadata |= {"likelihood": model.likelihood_declared.name, "labels": tuple(model.likelihood_declared.labels)}
    return SimpleNamespace(
        MODEL=model.name,
        FEATURES=tuple(one.name for one in model.feature_inputs),
        WEIGHTS=tuple(one.name for one in model.weight_inputs),
        TARGET=None if model.target_input is None else model.target_input.name,
        TARGETS=targets,
        METADATA=metadata,
    )
