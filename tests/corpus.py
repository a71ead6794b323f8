"""The corpus: models that together have every op, and what a module of any of them must do at any point.

At points of the kinds EXTREME, intermediate values of any formula leave the range of doubles: x**4 overflows at 1e80 and
vanishes at 1e-90, whatever becomes of it. A wrong result is excused there if that has happened. At points of other kinds it is
excused so in float32, whose range ends at 1e38, and where it is a partial of a value that is itself beyond the range. In the
models CANCELLING the formula takes a difference of nearly equal numbers: a result without digits, not one that is NaN or
infinite, is excused where the theorem's own bound says that there are none. What is excused is counted, and nothing is left
out without that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType

import numpy as np
from corpus_sciences import SCIENCES
from corpus_statistics import STATISTICS
from odd_models import ODD
from zoo import ZOO

from symgraph import Model
from symgraph.truth import Points, Report, Results, Truths, compare, compute, truths
from symgraph.truth.results import backend_of, names_of

CORPUS: Mapping[str, Callable[[], Model]] = ZOO | ODD | SCIENCES | STATISTICS
"""Every model by name; each call builds a new one."""

EXTREME = ("huge", "tiny", "subnormal", "special")
"""The kinds of points that have inputs beyond 1e3 or below 1e-3 by hundreds of orders of magnitude."""

CANCELLING: Mapping[str, str] = {
    "ackley": "the loss is 0 at its minimum as the sum of four terms",
    "box_cox": "d/d lam of (x**lam - 1)/lam is lam*log(x)**2/2 near 0, from two terms of size log(x)/lam",
    "yeo_johnson": "as box_cox",
    "one_compartment": "d/d ke is t**2/2 near t = 0, from two terms of size t",
    "pseudo_voigt": "d/d eta is the difference of two peaks of the same width, which agree at the top",
}
"""Models whose formula cancels, beyond what any rule of the table mends, and where."""

UNDERFLOWING: Mapping[str, str] = {
    "probit": "the loss is the logarithm of erfc, which is 0 from 27 on; there is no function for the logarithm",
}
"""Models that leave the range of doubles at points of ordinary size, and where."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a module did at some points.

    Attributes:
        report: the judge's.
        wrong: what nothing excuses, a line each.
        range_left: wrong results that are excused since a value on the way leaves the range of normal numbers.
        cancelled: wrong results that are excused since the theorem's bound is above half of the result.
    """

    report: Report
    wrong: tuple[str, ...]
    range_left: int
    cancelled: int


def examine(model: Model, module: ModuleType, points: Points, dtype: str = "float64") -> Outcome:
    """Hold a module against the judge and sort what is wrong.

    Args:
        model: the spec.
        module: of the numpy or the scalar backend.
        points: where.
        dtype: "float64" or "float32".
    """
    rounded = points.rounded(dtype)
    found = truths(model, rounded, backend=backend_of(module), dtype=dtype, names=names_of(module))
    results = compute(module, rounded, dtype)
    report = compare(found, results)
    faulty = report.samples.faulty
    out = faulty & out_of_range(found) & _may_leave(model.name, found)
    lost = faulty & ~out & lost_by_cancelling(found, results) & (model.name in CANCELLING)
    wrong = [
        f"{report.model} {backend_of(module)} {dtype}, {rounded.kinds[place]}: {found.names[column]} is"
        f" {results.values[place, column]!r}, the truth {found.values[place, column]!r} at {rounded.point(place)}"
        for place, column in zip(*np.nonzero(faulty & ~out & ~lost), strict=True)
    ]
    return Outcome(report, tuple(wrong), int(out.sum()), int(lost.sum()))


def out_of_range(found: Truths) -> np.ndarray:
    """Where a value on the way to a result is no normal number of the dtype."""
    limits = np.finfo(found.dtype)
    return (found.sizes.lowest <= limits.minexp) | (found.sizes.highest > limits.maxexp)


def _may_leave(name: str, found: Truths) -> np.ndarray:
    """Where that excuses a wrong result."""
    if name in UNDERFLOWING or found.dtype == "float32":
        return np.ones(found.state.shape, bool)
    extreme = np.array([kind in EXTREME for kind in found.points.kinds], bool)[:, None]
    with np.errstate(invalid="ignore"):
        beyond = np.abs(found.values) > np.finfo(found.dtype).max
    own = {"grad": "loss", "jacobian": "output"}
    values = [own.get(name.partition(" ")[0], name) for name in found.names]
    return np.asarray(extreme | beyond[:, [found.names.index(value) for value in values]])


def lost_by_cancelling(found: Truths, results: Results) -> np.ndarray:
    """Where a result is a number, and the theorem promises no digit of it."""
    with np.errstate(all="ignore"):
        digits = found.largest_ulp * found.sizes.kappa_graph * np.finfo(found.dtype).eps < 0.5
    return np.asarray(~digits & np.isfinite(results.values))
