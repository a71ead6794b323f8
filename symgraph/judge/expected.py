"""The values that a correct module gives on a batch, and how far rounding may take it from them.

A fixed tolerance is either blind or raises false alarms, since the same formula loses no digits at one point and ten at
another. So the reference encloses everything twice: narrowly, and in the arithmetic of doubles, where the radii bound what
rounding does to a plain evaluation of the spec. The tolerance is

    relative * |truth| + safety * radius.

relative is a million ulp or so: far above what the functions of NumPy and ``math`` lose (4 ulp), far below any fault worth the
name. safety covers that a module computes some operations in several steps. Where the tolerance exceeds ILL of the truth, the
point is ill-conditioned: it is not counted as judged, and only errors of another order of magnitude fail there. ILL is a tenth
of the smallest fault to be caught, a factor of 1.001.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import ClassVar

import numpy as np
from flint import arb
from numpy.typing import NDArray

from symgraph.columns import partials_of
from symgraph.judge.balls import Value
from symgraph.judge.differences.calls import MOST_ENTRIES, NORMAL, PENALTY, Array, direction, partials_fact
from symgraph.judge.differences.outcomes import Fact, normal_matrices
from symgraph.judge.reference import DOUBLE, SINGLE, Point, Reference, Truth, number
from symgraph.module_functions import FEATURE_JACOBIAN, HESSIAN, HVP, JVP
from symgraph.spec.residuals import residual_of

ILL = 1e-4
GROSS = 1e4
"""The factor by which the tolerance of an ill-conditioned value is widened."""


@dataclass(frozen=True)
class Expected(Fact):
    """Values with the bounds of what rounding does to a plain evaluation in doubles.

    Attributes:
        bits: the precision.
        relative: the part of a truth that an error may be whatever the radius.
        tiny: the size below which numbers lose digits; differences of that size mean nothing.
        safety: the factor on the radius.
    """

    bits: ClassVar[int] = DOUBLE
    relative: ClassVar[float] = 1e-10
    tiny: ClassVar[float] = 1e-300
    safety: ClassVar[float] = 64.0

    @cached_property
    def tolerance(self) -> Array:
        """The largest error of a correct module; inf where nothing can be said."""
        with np.errstate(all="ignore"):
            plain = self.relative * np.abs(self.want) + self.safety * self.radius + self.tiny
            wide = np.where(plain > ILL * np.abs(self.want), GROSS * plain, plain)
        return np.where(np.isfinite(self.want) & np.isfinite(wide), wide, np.inf)

    @cached_property
    def unit(self) -> Array:
        """The unit of reported errors: an ulp of the truth, or the radius where that is larger; inf where none is reported."""
        with np.errstate(all="ignore"):
            unit = np.maximum(np.spacing(np.abs(self.want)) * 2.0 ** (DOUBLE - self.bits), self.radius)
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


@dataclass(frozen=True)
class ExpectedInFloats(Expected):
    """The same for an evaluation in floats, whose rounding errors are nearer to the faults to be caught."""

    bits: ClassVar[int] = SINGLE
    relative: ClassVar[float] = 2e-5
    tiny: ClassVar[float] = 1e-30
    safety: ClassVar[float] = 16.0
    of_sums: ClassVar[float] = 2e-6


def expect(
    reference: Reference, points: Sequence[Point], kind: type[Expected] = Expected, derivatives: Collection[str] = ()
) -> dict[str, Expected]:
    """Compute what a correct module gives at some points.

    Args:
        reference: of the model.
        points: n rows.
        kind: the precision of the module.
        derivatives: names of functions that modules have on request, whose facts are wanted.

    Returns:
        By fact about the rows: "loss", "output", "residual" (n,) as far as the model has them, their partials by the k weights,
        "gradient", "jacobian" and that of residuals (n, k), and "node NAME" (n,) for each field of the tape. Of several outputs
        and residuals each column is a fact, such as "output re", "jacobian re", "residual 1". Of the derivatives on request the
        Hessian (n, k, k), those by features (n, d), and along ``direction`` of the gradient (n, k) and of the output (n,).
    """
    weights = [entry.name for entry in reference.model.weight_inputs]
    fields = [f"node {node.name}" for node in reference.model.nodes]

    def table(truth: Callable[[Point], Truth], read: Callable[[Value], float]) -> Array:
        rows = [(found.nodes.values(), found.named(weights).values()) for found in map(truth, points)]
        return np.array([[read(value) for part in row for value in part] for row in rows], np.float64)

    whole = kind(table(reference.truth, number), table(partial(reference.rough, bits=kind.bits), radius))
    names = [*fields, *reference.roots]
    found = {name: whole.at((slice(None), place)) for place, name in enumerate(names)}
    for place, root in enumerate(reference.roots):
        start = len(names) + place * len(weights)
        found[partials_fact(root)] = whole.at((slice(None), slice(start, start + len(weights))))
    for own, facts in _of_weights(reference):  # once for each row
        once = expect(own, points[:1], kind, derivatives)
        found |= {name: once[fact].at(np.zeros(len(points), np.intp)) for fact, name in facts.items() if fact in once}
    found |= _normal(reference, kind, found)
    found |= _on_request(reference, points, kind, found, derivatives)
    # a field of the tape that is None without the target
    return found | ({"node loss": found["loss"]} if "loss" in reference.on_target else {})


def _on_request(
    reference: Reference, points: Sequence[Point], kind: type[Expected], known: Mapping[str, Expected], wanted: Collection[str]
) -> dict[str, Expected]:
    """Compute the facts of derivatives on request, as far as the model has what they differentiate."""
    found: dict[str, Expected] = {}
    v = direction(len(reference.model.weight_inputs))
    if "loss" in reference.roots and HVP in wanted and HESSIAN not in wanted:  # a sweep, not one for each weight
        truth = np.array([[number(one) for one in reference.hessian_times(point, v.tolist())] for point in points])
        off = np.array([[radius(one) for one in reference.hessian_times(point, v.tolist(), kind.bits)] for point in points])
        largest = np.nanmax(np.abs(truth), axis=1, keepdims=True, initial=0.0)
        found[HVP] = kind(truth, off + 2.0**-kind.bits * largest)
    if "loss" in reference.roots and HESSIAN in wanted:
        truth = np.array([[[number(one) for one in row] for row in reference.hessian(point)] for point in points])
        off = np.array([[[radius(one) for one in row] for row in reference.hessian(point, kind.bits)] for point in points])
        # entries are sums over paths that may cancel: as in a solver's steps, the largest entry says what an error means
        largest = np.nanmax(np.abs(truth), axis=(1, 2), keepdims=True, initial=0.0)
        found[HESSIAN] = kind(truth, off + 2.0**-kind.bits * largest)
        found[HVP] = _along(found[HESSIAN], v)
    for output in (root for root in reference.roots if root.partition(" ")[0] == "output"):
        found[partials_of(output, JVP)] = _along(known[partials_fact(output)], v)
        features = [entry.name for entry in reference.model.feature_inputs]
        readings = ((reference.truth, number), (partial(reference.rough, bits=kind.bits), radius))
        tables = ([[read(find(one).partials[output][name]) for name in features] for one in points] for find, read in readings)
        found[partials_of(output, FEATURE_JACOBIAN)] = kind(*(np.array(table, np.float64) for table in tables))
    return {name: fact for name, fact in found.items() if name.partition(" ")[0] in wanted}


def _normal(reference: Reference, kind: type[Expected], known: Mapping[str, Expected]) -> dict[str, Expected]:
    """Compute the matrices that normal equations add up, if the loss is one of residuals."""
    columns, robust = [root for root in reference.roots if root.partition(" ")[0] == "residual"], reference.model.robust
    weights = len(reference.model.weight_inputs)
    if not columns or len(known["loss"].want) * weights**2 > MOST_ENTRIES:
        return {}
    values, partials = [known[name] for name in columns], [known[partials_fact(name)] for name in columns]
    r, off = (np.stack([getattr(one, part) for one in values], 1) for part in ("want", "radius"))
    slopes, rough = (np.stack([getattr(one, part) for one in partials], 1) for part in ("want", "radius"))
    loss = residual_of(reference.model).factor, None if robust is None else (robust.name, robust.f_scale)
    return {NORMAL: kind(*normal_matrices(*loss, r, slopes, 8.0 * 2.0**-kind.bits, off, rough))}


def _along(fact: Expected, v: Array) -> Expected:
    """Multiply the last axis with a vector; what that rounds is added to the radius."""
    with np.errstate(all="ignore"):
        sizes = (np.abs(fact.want) * np.abs(v)).sum(-1)
        return type(fact)(fact.want @ v, fact.radius @ np.abs(v) + 2.0**-fact.bits * sizes)


def _of_weights(reference: Reference) -> Iterator[tuple[Reference, Mapping[str, str]]]:
    """Yield what depends on weights and constants alone, with the names of its facts here by those that they have there."""
    if reference.penalty is not None:
        yield reference.penalty, PENALTY
    if reference.constraints is not None:
        own = reference.constraints
        limits = {root: f"constraint {node.name}" for root, node in zip(own.roots, own.model.output_nodes, strict=True)}
        yield own, limits | {partials_fact(root): partials_fact(name) for root, name in limits.items()}


def radius(value: Value) -> float:
    """The radius of an enclosure, rounded up; inf where there is none."""
    if not isinstance(value, arb) or not value.is_finite():
        return math.inf
    return float(value.rad()) * (1.0 + 1e-9)
