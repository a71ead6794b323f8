"""A module held against exact values of its spec, where that is at hand: differences see no small faults, nor wrong values."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symgraph.cli.current import one_model
from symgraph.errors import BuildError, ModuleError, OptionError, SpecError

if TYPE_CHECKING:
    from symgraph.judge.truth_report import Report
    from symgraph.spec.model import Model

_DRAWN, _ROWS = 30, 8
"""Points of ordinary kinds, and rows of the data at each of the weights of a gradient check."""
_LARGE, _FEW = 3_000, 5
"""Operations of a spec from which on each point takes a while, and points and rows then."""


def beside_spec(
    reference: str, module: Any, weights: Sequence[Sequence[float]], rows: tuple[Any, Any], seed: int, config: Path | None
) -> "tuple[Report | None, str]":
    """Judge a module by exact values of its spec, at ordinary points and at rows of data.

    Args:
        reference: the argument MODEL.
        module: the module that it names.
        weights: vectors of weights at which rows of the data are judged.
        rows: X and y of the data; None for what there is not.
        seed: of the points that are drawn.
        config: the file with the project's settings, if the user gave one.

    Returns:
        The judge's report, or None and why there is none.
    """
    from symgraph.compiler.backends.source import model_hash

    try:
        model = one_model(reference, config)
    except (ModuleError, SpecError, BuildError, OptionError) as error:
        return None, str(error)
    if model_hash(model) != module.METADATA["model_hash"]:
        return None, "the spec has changed since the module was built"
    try:
        from symgraph.judge.judged_points import given, points
        from symgraph.judge.judging import judge
        from symgraph.judge.reference import reference as reference_of
    except ModuleNotFoundError as error:
        if error.name != "flint":
            raise
        return None, "python-flint is not installed"
    from symgraph.judge.differences.drawing import ORDINARY

    is_large = len(reference_of(model).program.steps) >= _LARGE
    drawn = points(model, (*ORDINARY, "domain"), _FEW if is_large else _DRAWN, seed)
    vectors, most = (weights[:1], _FEW) if is_large else (weights, _ROWS)
    found = [{**getattr(module, "CONSTANTS", {}), **point} for point in _of_data(model, vectors, *rows, most)]
    return judge(model, module, drawn + given(model, found, "data")), ""


def _of_data(model: "Model", weights: Sequence[Sequence[float]], X: Any, y: Any, most: int) -> Iterator[Mapping[str, float]]:
    """Yield some rows of data at each vector of weights, as points by the names of inputs."""
    import numpy as np

    parts = [(X, model.feature_inputs), (y, model.target_inputs)]
    tables = [np.asarray(table, np.float64)[:most].reshape(-1, len(entries)) for table, entries in parts if table is not None]
    names = [entry.name for table, entries in parts if table is not None for entry in entries]
    rows = [dict(zip(names, row, strict=True)) for row in np.column_stack(tables).tolist()] if tables else []
    named = [entry.name for entry in model.weight_inputs]
    for vector in weights:
        yield from ({**dict(zip(named, vector, strict=True)), **row} for row in rows)
