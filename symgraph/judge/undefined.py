"""Inputs at which a module is NaN although it is a number on both sides: 0/0 and the like, at 0 or where two are the same."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations, islice
from typing import Any

import numpy as np

from symgraph.judge.differences.calls import with_constants
from symgraph.judge.verification_points import Batch
from symgraph.spec.inputs import Input
from symgraph.spec.model import Model

_ASIDE = 1e-3
"""Distance at which both sides are looked at, relative where two inputs are the same."""
_PAIRS = 45
"""Most pairs of weights that are tried, those of ten."""


def undefined_at(model: Model, module: Any, batch: Batch) -> tuple[str, ...]:
    """Name where a module is no number although its neighbours are.

    Args:
        model: the spec.
        module: its module of the numpy backend.
        batch: a point of ordinary size, from which one input is moved.

    Returns:
        Texts such as "k = 0" and "a = b", weights before features.
    """
    entries = [one for one in (*model.weight_inputs, *model.constant_inputs, *model.feature_inputs) if not one.values]
    found = [
        f"{entry.name} = 0"
        for entry in entries
        if _has(entry, 0.0) and _is_alone(module, model, batch, entry, 0.0, (-_ASIDE, _ASIDE))
    ]
    for one, other in islice(combinations(model.weight_inputs, 2), _PAIRS):
        at = batch.weights[one.name]
        if at and _has(other, at) and _is_alone(module, model, batch, other, at, (at * (1 - _ASIDE), at * (1 + _ASIDE))):
            found.append(f"{one.name} = {other.name}")
    return tuple(found)


def _has(entry: Input, value: float) -> bool:
    """Tell if a value is in the domain of an input."""
    return entry.range[0] <= value <= entry.range[1]


def _is_alone(module: Any, model: Model, batch: Batch, entry: Input, at: float, sides: tuple[float, float]) -> bool:
    """Tell if results have a NaN where an input has a value, and are finite where it has those beside that it may have."""
    if not any(np.isnan(result).any() for result in _results(module, model, _moved(batch, entry, at))):
        return False
    beside = [_moved(batch, entry, side) for side in sides if _has(entry, side)]
    return all(np.isfinite(result).all() for one in beside for result in _results(module, model, one))


def _moved(batch: Batch, entry: Input, value: float) -> Batch:
    def put(part: Mapping[str, float]) -> dict[str, float]:
        return {name: value if name == entry.name else old for name, old in part.items()}

    return replace(
        batch, weights=put(batch.weights), constants=put(batch.constants), rows=tuple(put(row) for row in batch.rows)
    )


def _results(module: Any, model: Model, batch: Batch) -> Iterator[Any]:
    """The outputs, the loss and their derivatives at a batch, as arrays."""
    module = with_constants(module, batch.constants)
    w = np.array(list(batch.weights.values()))
    features, targets = ([entry.name for entry in some] for some in (model.feature_inputs, model.target_inputs))
    X = np.array([[row[name] for name in features] for row in batch.rows]) if features else None
    y = np.array([[row[name] for name in targets] for row in batch.rows]) if targets else None
    y = y[:, 0] if y is not None and len(targets) == 1 else y
    with np.errstate(all="ignore"):
        if model.output_nodes:
            yield np.asarray(module.predict(w, X))
            yield np.asarray(module.jacobian(w, X))
        if model.loss_expr is not None:
            yield from map(np.asarray, module.value_and_grad(w, X, y))
