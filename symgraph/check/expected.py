"""The values that a correct module gives on a batch, and how far rounding may take it from them.

A fixed tolerance is either blind or raises false alarms, since the same formula loses no digits at one point and ten at
another. So the reference encloses everything twice: narrowly, and in the arithmetic of doubles, where the radii bound what
rounding does to a plain evaluation of the spec. The tolerance is

    RELATIVE * |truth| + SAFETY * radius.

RELATIVE is a million ulp or so: far above what the functions of NumPy and ``math`` lose (4 ulp), far below any fault worth the
name. SAFETY covers that a module computes some operations in several steps. Where the tolerance exceeds ILL of the truth, the
point is ill-conditioned: it is not counted as judged, and only errors of another order of magnitude fail there. ILL is a tenth
of the smallest fault to be caught, a factor of 1.001.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from symgraph.check.balls import Value
from symgraph.check.reference import Reference, Truth, number
from symgraph.check.sampling import Batch
from symgraph.gradcheck.calls import Array
from symgraph.gradcheck.outcomes import Fact

RELATIVE = 1e-10
SAFETY = 64.0
ILL = 1e-4
GROSS = 1e4
"""The factor by which the tolerance of an ill-conditioned value is widened."""
_TINY = 1e-300
"""Below this, doubles lose digits; differences of that size mean nothing."""


@dataclass(frozen=True)
class Expected(Fact):
    """Values with the bounds of what rounding does to a plain evaluation."""

    @cached_property
    def tolerance(self) -> Array:
        """The largest error of a correct module; inf where nothing can be said."""
        with np.errstate(all="ignore"):
            plain = RELATIVE * np.abs(self.want) + SAFETY * self.radius + _TINY
            wide = np.where(plain > ILL * np.abs(self.want), GROSS * plain, plain)
        return np.where(np.isfinite(self.want) & np.isfinite(wide), wide, np.inf)

    @cached_property
    def unit(self) -> Array:
        """The unit of reported errors: an ulp of the truth, or the radius where that is larger; inf where none is reported."""
        with np.errstate(all="ignore"):
            unit = np.maximum(np.spacing(np.abs(self.want)), self.radius)
        return np.where(self.judged & (self.want != 0.0), unit, np.inf)

    @cached_property
    def judged(self) -> NDArray[np.bool_]:
        """Where a fault of 1.001 would be seen; a truth of exactly 0 counts."""
        clear = (self.tolerance <= ILL * np.abs(self.want)) | (self.want == 0.0)
        return np.asarray(np.isfinite(self.tolerance) & clear)

    @cached_property
    def shapeless(self) -> NDArray[np.bool_]:
        """Where rounding leaves no digit, so that a correct module may give infinity: 1/(a - b) where a and b round alike."""
        return np.asarray(~np.isfinite(self.tolerance) | ((self.tolerance >= np.abs(self.want)) & (self.want != 0.0)))


@dataclass(frozen=True, slots=True)
class Expectation:
    """The values that a correct module gives on a batch of n rows with k weights.

    Attributes:
        nodes: every named node by name, (n,).
        output: the output, (n,); None where the model has none.
        loss: the loss of each row, (n,); None where the model has none.
        gradient: the partials of each row's loss by the weights, (n, k); None without a loss.
        jacobian: the partials of the output, (n, k).
        residual: the residual, (n,); None where the model has none.
        residual_jacobian: the partials of the residual, (n, k).
        on_target: the nodes that depend on the target, and "loss" if it does.
    """

    nodes: Mapping[str, Expected]
    output: Expected | None
    loss: Expected | None
    gradient: Expected | None
    jacobian: Expected | None
    residual: Expected | None
    residual_jacobian: Expected | None
    on_target: frozenset[str]

    def facts(self) -> dict[str, Expected]:
        """What is known of each row, by fact."""
        parts = ("loss", "gradient", "output", "jacobian", "residual", "residual_jacobian")
        found = {name: getattr(self, name) for name in parts}
        found |= {f"node {name}": node for name, node in self.nodes.items()}
        if "loss" in self.on_target:
            found["node loss"] = self.loss  # a field of the tape that is None without the target
        return {fact: known for fact, known in found.items() if known is not None}


def expect(reference: Reference, batch: Batch) -> Expectation:
    """Compute what a correct module gives on a batch.

    Args:
        reference: of the model.
        batch: weights and rows.
    """
    model = reference.model
    points = [batch.point(row) for row in range(len(batch.rows))]
    pairs = [(reference.truth(point), reference.rough(point)) for point in points]
    weights = [entry.name for entry in model.weight_inputs]
    values = {root: _stack(_pair(pair, lambda t: [t.values[root]]) for pair in pairs) for root in reference.roots}  # noqa: B023  called at once
    slopes = {
        root: _stack(_pair(pair, lambda t: [t.partials[root][name] for name in weights]) for pair in pairs)  # noqa: B023
        for root in reference.roots
    }
    names = [node.name for node in model.nodes]
    nodes = _stack(_pair(pair, lambda t: [t.nodes[name] for name in names]) for pair in pairs)
    return Expectation(
        nodes={name: Expected(nodes.want[:, place], nodes.radius[:, place]) for place, name in enumerate(names)},
        output=_column(values.get("output")),
        loss=_column(values.get("loss")),
        gradient=slopes.get("loss"),
        jacobian=slopes.get("output"),
        residual=_column(values.get("residual")),
        residual_jacobian=slopes.get("residual"),
        on_target=frozenset() if model.target_input is None else reference.depends(model.target_input.name),
    )


def _pair(pair: tuple[Truth, Truth], part: Any) -> list[tuple[float, float]]:
    truth, rough = pair
    return [(number(true), radius(blurred)) for true, blurred in zip(part(truth), part(rough), strict=True)]


def radius(value: Value) -> float:
    """The radius of an enclosure, rounded up; inf where there is none."""
    if not isinstance(value, arb) or not value.is_finite():
        return math.inf
    return float(value.rad()) * (1.0 + 1e-9)


def _stack(rows: Iterable[list[tuple[float, float]]]) -> Expected:
    table = np.array(list(rows), np.float64)
    table = table.reshape(len(table), -1, 2)
    return Expected(table[..., 0], table[..., 1])


def _column(found: Expected | None) -> Expected | None:
    return None if found is None else Expected(found.want[:, 0], found.radius[:, 0])
