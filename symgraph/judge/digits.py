"""The digits that a module loses by itself: the line with which a build ends."""

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.compiler.generate import printed_graph
from symgraph.compiler.ir.special import elementary
from symgraph.judge.graph_numbers import GraphNumbers, is_of_the_table
from symgraph.judge.judged_points import Points, given
from symgraph.judge.judging import judge
from symgraph.judge.losing_points import Search, losing_points
from symgraph.judge.reference import Point, reference
from symgraph.judge.runs import compute
from symgraph.judge.truth_at_points import KNOWN, Truths, names_of_model, truths
from symgraph.judge.truth_report import Worst
from symgraph.judge.verification_points import Sampler
from symgraph.judge.verification_report import LostDigits, WithCare
from symgraph.runtime.negligible import CARE
from symgraph.spec.model import Model

_WORST, _DRAWN, _ALONE = 6, 4, 15
"""Points of the search that are judged, those that verification would draw beside them, and those where there is no search:
a handful, since each takes some milliseconds."""
_MOST = 3_000
"""Operations of a spec beyond which deriving the model once more takes too long for a remark."""
_EXPONENTS = -1000, 1000
"""Of results that are asked for."""
_MOST_SHARES = 1_000_000
"""Where operations times results are more, only loss and output are asked for the worst loss of digits."""


def digits_lost(model: Model, at: Points | None = None) -> LostDigits | None:
    """Find the result of the numpy backend's graph that loses the most digits at a few points, beyond what inputs leave open.

    That is its error as it is seen, or kappa_graph where that explains errors, whichever is larger, over 1 + kappa_in.

    Args:
        model: the spec.
        at: the points; by default such as verification would draw, and the worst of a search in the declared domains.

    Returns:
        None if no result has a number of doubles anywhere, no point has a finite loss, or the model is large and no points are
        given.

    Raises:
        SpecError: the model cannot be lowered.
    """
    if at is None and len(reference(model).program.steps) > _MOST:
        return None
    numbers, tried = _numbers(model), 0
    if at is None:
        search = _searched(model)
        tried = search.tried
        at = given(model, [*_drawn(model, _DRAWN if tried else _ALONE), *_named(model, search)])
    if not len(at):
        return None
    found = truths(model, at, names=_asked(model))
    seen = np.full(found.state.shape, np.nan) if numbers is None else _errors(found, numbers.in_doubles(at.values))
    kappa_in = found.sizes.kappa_in.copy()
    worst = found.worst_digits(_holds_to_first_order(found), kappa_in, seen)
    if worst is None:
        return None
    place, column, node = worst
    kappas = float(kappa_in[place, column]), float(found.sizes.kappa_graph[place, column])
    loss = float(np.nan_to_num(seen[place, column])) / (1.0 + kappas[0])
    in_pairs = numbers is not None and numbers.has_pairs
    return LostDigits(found.names[column], node, *kappas, at.point(place), loss, tried + len(at), in_pairs)


def _holds_to_first_order(found: Truths) -> NDArray[np.bool_]:
    """Tell of which results kappa_graph explains the error: no value leaves the range, and rounding decides nothing."""
    limits, sizes = np.finfo(np.float64), found.sizes
    return (sizes.lowest > limits.minexp) & (sizes.highest < limits.maxexp) & np.isfinite(sizes.scatter)


def _errors(found: Truths, plain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute by how many units of 2**-53 doubles are off the truth, 2**53 at most; NaN where either is no normal number."""
    exponents = np.clip(found.exponent, *_EXPONENTS).astype(np.int32)
    known = (found.state == KNOWN) & (found.exponent == exponents) & (found.high != 0.0) & np.isfinite(plain)
    with np.errstate(all="ignore"):
        scaled = np.ldexp(plain, -exponents) - found.high - found.low
        return np.where(known, np.fmin(np.abs(scaled / found.high) * 2.0**53, 2.0**53), np.nan)


def with_care(model: Model, module: Any) -> WithCare:
    """Tell what a module of ``--precision auto`` makes of a model that loses digits.

    Args:
        model: the spec.
        module: of it, by NumPy.
    """
    at_worst = given(model, losing_digits(model))
    with module.counting():
        results = compute(module, at_worst, alone=True)
    found = truths(model, at_worst, names=results.names)
    kappa_in, seen = found.sizes.kappa_in.copy(), _errors(found, results.values)
    at = found.largest(seen, kappa_in, range(len(found.names)), sure=True)
    lost = 0.0 if at is None else math.log10(max(1.0, seen[at] / (1.0 + kappa_in[at])))
    drawn, careful = given(model, _drawn(model, _ALONE)), []
    for place in range(len(drawn)):
        with module.counting() as care:
            compute(module, given(model, [drawn.point(place)]), alone=True)
        careful.append(care.careful > 0)
    return WithCare(lost, float(np.mean(careful)), float(np.mean(careful & _have_digits(model, drawn.values))))


def _have_digits(model: Model, rows: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell in which rows results in doubles are finite, and seen to be no farther off than a module with care lets pass."""
    numbers = _numbers(model)
    if numbers is None:
        return np.zeros(len(rows), bool)
    right = np.isfinite(numbers.in_doubles(rows)) & (numbers.losses(rows, len(rows)) * 2.0**-53 < CARE)
    return np.asarray(right.all(axis=1), bool)


def losing_digits(model: Model) -> list[Point]:
    """Return some points at which results lose the most digits, by the search that a build makes."""
    return _named(model, _searched(model))


def kept(model: Model, module: Any, limit: float) -> str:
    """Tell whether a module keeps a limit of the relative error, beyond what its inputs leave open, where it is most in danger.

    Args:
        model: the spec.
        module: a module of the numpy backend, which is run at the worst points of the search and at some that are drawn.
        limit: the largest |error| / |result| allowed, by 1 + kappa_in.

    Returns:
        "" if it does; else the result that is farthest off, and the point.
    """
    report = judge(model, module, given(model, [*_drawn(model, _ALONE), *losing_digits(model)]))
    if report.faults or not report.judged:
        return f"{report.verdict().partition(': ')[2]}: {_with_point(report.worst)}"
    one = max(report.results, key=lambda one: np.nan_to_num(one.figures["worst_in"]))
    off = one.figures["worst_in"] * float(np.finfo(np.float64).eps)
    said = f"{one.result} is off by {off:.1g} of itself beyond what its inputs leave open"
    return f"{said}: {_with_point(one.worst)}" if off > limit else ""


def _with_point(worst: Worst | None) -> str:
    return "" if worst is None else f"{worst}, {worst.literal}"


def _asked(model: Model) -> tuple[str, ...]:
    """Return the results that are asked for."""
    names, steps = names_of_model(model), len(reference(model).program.steps)
    return names if len(names) * steps <= _MOST_SHARES else tuple(name for name in names if " " not in name)


@lru_cache(maxsize=8)
def _numbers(model: Model) -> GraphNumbers | None:
    """Make what computes the graph at many points; None for one with functions of users."""
    graph = elementary(printed_graph(model, "numpy"))
    return GraphNumbers(graph, [entry.name for entry in model.inputs], _asked(model)) if is_of_the_table(graph) else None


@lru_cache(maxsize=8)
def _searched(model: Model) -> Search:
    """Search for points at which results lose digits, once for each model."""
    numbers = _numbers(model)
    return Search((), 0) if numbers is None else losing_points(model.inputs, numbers)


def _named(model: Model, search: Search) -> list[Point]:
    """Return the worst points of a search."""
    inputs = [entry.name for entry in model.inputs]
    return [dict(zip(inputs, one.row, strict=True)) for one in search.found[:_WORST]]


def _drawn(model: Model, count: int) -> list[Point]:
    """Return points that verification would draw."""
    return [batch.points[0] for batch in Sampler(reference(model), 0, None, 1).several(count)]
