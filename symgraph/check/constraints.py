"""Constraints of a generated module, held against their expressions in the spec."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from symgraph.check.expected import Expected, radius
from symgraph.check.reference import Reference, Truth, number
from symgraph.check.verification_points import Batch
from symgraph.errors import VerificationError
from symgraph.gradcheck.calls import Array, with_constants
from symgraph.spec.model import Model


def check_constraints(model: Model, module: Any, batches: Iterable[Batch]) -> None:
    """Hold values, partials and ranges of a module's constraints against the model.

    Args:
        model: the spec.
        module: its module of any backend; nothing is checked where the model has no constraints, or the module no functions
            for them.
        batches: the points whose weights and constants are tried.

    Raises:
        VerificationError: a value, a partial or a range is wrong.
    """
    if not model.constraints or not hasattr(module, "constraints"):
        return
    said, meant = module.METADATA["constraints"], {one.name: one.limits for one in model.constraints}
    if list(said.items()) != list(meant.items()):
        raise VerificationError(f"model {model.name}: constraints have the ranges {said}, the spec says {meant}")
    references = [Reference(model.of_constraints(name)) for name in meant]
    weights = [weight.name for weight in model.weight_inputs]
    for batch in batches:
        own, w = with_constants(module, batch.constants), np.array([*batch.weights.values()])
        point = {**batch.weights, **batch.constants}
        expected = Expected(
            np.array([_read(reference.truth(point), weights, number) for reference in references]),
            np.array([_read(reference.rough(point), weights, radius) for reference in references]),
        )
        got = np.column_stack([own.constraints(w), own.constraints_jacobian(w)])
        _compare(
            model, [*meant], ["", *(f", by {name}" for name in weights)], got, expected, {"w": w.tolist(), **batch.constants}
        )


def _read(truth: Truth, weights: Iterable[str], read: Any) -> list[float]:
    """Return the value of a constraint and its partials."""
    return [read(truth.values["output"]), *(read(truth.partials["output"][name]) for name in weights)]


def _compare(
    model: Model, names: list[str], parts: list[str], got: Array, expected: Expected, place: Mapping[str, Any]
) -> None:
    with np.errstate(all="ignore"):
        errors = np.abs(got - expected.want)
        right = (errors <= expected.tolerance) | (~np.isfinite(got) & expected.shapeless)
    if not right.all():
        row, column = np.argwhere(~right)[0]
        raise VerificationError(
            f"model {model.name}: constraint {names[row]!r}{parts[column]} is {got[row, column]!s}, the spec gives "
            f"{expected.want[row, column]!s} (tolerance {expected.tolerance[row, column]:.2g})\nat {dict(place)}"
        )
