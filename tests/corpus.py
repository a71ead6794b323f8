"""The corpus: models that together have every op, and what is wrong with a module of any of them at some points.

Nothing is promised where a value on the way leaves the range of numbers other than through an exponential (x**4 overflows at
1e80 and vanishes at 1e-90, whatever becomes of it), nor of the partials of a value that is itself beyond the range: so the
judge. Besides that two lists of models name what their formulas do: those CANCELLING take a difference of nearly equal numbers,
and a result without digits, not one that is NaN or infinite, is excused where the bound of the error says that there are none;
in those LEAVING an exponential is 0 or infinite where what becomes of it is not. What is excused is counted.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from corpus_sciences import SCIENCES
from corpus_statistics import STATISTICS
from odd_models import ODD
from zoo import ZOO

from symgraph import Model
from symgraph.judge.faults import Verdicts, verdicts
from symgraph.judge.judged_points import Points
from symgraph.judge.judging import compare
from symgraph.judge.runs import backend_of, compute, names_of
from symgraph.judge.truth_at_points import Truths, truths
from symgraph.judge.truth_report import Report

CORPUS: Mapping[str, Callable[[], Model]] = ZOO | ODD | SCIENCES | STATISTICS
"""Every model by name; each call builds a new one."""


def thirds(names: Iterable[str]) -> list[Any]:
    """Names of models as the cases of a property that each model shows: the quick suite has each third of them."""
    return [pytest.param(name, marks=[pytest.mark.slow] * (place % 3 > 0)) for place, name in enumerate(names)]


CANCELLING: Mapping[str, str] = {
    "ackley": "the loss is 0 at its minimum as the sum of four terms",
    "box_cox": "d/d lam of (x**lam - 1)/lam is lam*log(x)**2/2 near 0, from two terms of size log(x)/lam",
    "bearing": "sin(y - atan2(v, u)) where the angle is next to pi, which is rounded",
    "butler_volmer": "d/d alpha is eta times a difference of exponentials that agree near eta = 0, from two cotangents",
    "cooling": "1 - erfcx(z) is 2*z/sqrt(pi) near z = 0, and erfcx rounds to 1 there",
    "error_peak": "d/d x0 is the difference of two peaks, which agree in the middle between them",
    "kinetic_energy": "d/d c is of the order of v**4/c**3, from two terms of size v**2/c",
    "mixture": "d/d logit is the difference of two probabilities, which agree where both laws are equally likely",
    "one_compartment": "d/d ke is t**2/2 near t = 0, from two terms of size t",
    "steps": "a step up and a branch's constant of -1 add up to 0, and the rest is of any size",
    "pseudo_voigt": "d/d eta is the difference of two peaks of the same width, which agree at the top",
}
"""Models whose formula cancels, beyond what any rule of the table mends, and where."""

LEAVING: Mapping[str, str] = {
    "MGH17": "the partial by b3 is the product of exp(-b5*x), which is 0, and a huge residual that has exp(-b4*x) in it",
    "curve": "a*exp(-b*u) with a small a where exp(-b*u) overflows",
    "planck": "a*x**3/(exp(x/t) - 1) where exp(x/t) overflows, in float32, and the quotient is still a normal number",
    "shadows": "the sine of a prediction that is beyond the range, as exp(a*x) is",
}
"""Models in which an exponential leaves the range, though its product with another factor or its logarithm would not."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of a module at some points.

    Attributes:
        report: the judge's.
        wrong: what nothing excuses, a line each.
        range_left: wrong results that are excused since a value leaves the range of numbers.
        cancelled: wrong results that are excused since the bound of the error is above half of the result.
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
    judged = verdicts(found, results)
    left = judged.faulty & out_of_range(found) & (model.name in LEAVING)
    lost = judged.faulty & ~left & lost_by_cancelling(found, judged) & (model.name in CANCELLING)
    wrong = [
        f"{model.name} {backend_of(module)} {dtype}, {rounded.kinds[place]}: {found.names[column]} is"
        f" {float(judged.computed[place, column])!r}, the truth {float(found.values[place, column])!r}"
        f" at {rounded.point(place)}"
        for place, column in zip(*np.nonzero(judged.faulty & ~left & ~lost), strict=True)
    ]
    return Outcome(compare(found, results), tuple(wrong), int((judged.outside_range | left).sum()), int(lost.sum()))


def out_of_range(found: Truths) -> np.ndarray:
    """Where a value on the way to a result is no normal number of the dtype."""
    limits = np.finfo(found.dtype)
    return np.asarray((found.sizes.lowest <= limits.minexp) | (found.sizes.highest > limits.maxexp))


def lost_by_cancelling(found: Truths, judged: Verdicts) -> np.ndarray:
    """Where a result is a number, and no digit of it is promised, or its bound is not tried since rounding decides."""
    with np.errstate(all="ignore"):
        digits = found.largest_ulp * found.sizes.kappa_graph * np.finfo(found.dtype).eps < 0.5
    return np.asarray((~digits | np.isinf(found.sizes.scatter)) & np.isfinite(judged.computed))
