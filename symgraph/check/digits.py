"""The digits that a module loses by itself: the line with which a build ends."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.check.graph_numbers import GraphNumbers, has_pairs, is_of_the_table
from symgraph.check.judged_points import Points, given
from symgraph.check.judging import judge
from symgraph.check.losing_points import losing_points
from symgraph.check.reference import Point, reference
from symgraph.check.truth_at_points import KNOWN, Truths, names_of_model, truths
from symgraph.check.truth_report import Worst
from symgraph.check.verification_points import Sampler
from symgraph.check.verification_report import LostDigits
from symgraph.generate import printed_graph
from symgraph.ir.special import elementary
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
        None if no result has a number of doubles anywhere, or the model is large and no points are given.

    Raises:
        SpecError: the model cannot be lowered.
    """
    known = reference(model)
    if at is None and len(known.program.steps) > _MOST:
        return None
    names = names_of_model(model)
    if len(names) * len(known.program.steps) > _MOST_SHARES:
        names = tuple(name for name in names if " " not in name)
    graph = elementary(printed_graph(model, "numpy"))
    numbers = GraphNumbers(graph, names) if is_of_the_table(graph) else None
    tried = 0
    if at is None:
        worst, tried = _searched(model, numbers)
        drawn = Sampler(known, 0, None, 1).several(_DRAWN if tried else _ALONE)
        at = given(model, [*(batch.points[0] for batch in drawn), *worst])
    found = truths(model, at, names=names)
    seen = np.full(found.state.shape, np.nan) if numbers is None else _errors(found, numbers)
    explained = np.where(_holds_to_first_order(found), found.sizes.kappa_graph, np.nan)
    kappa_in = found.sizes.kappa_in.copy()
    worst_of = found.largest(np.fmax(seen, explained), kappa_in, range(len(names)), sure=True)
    if worst_of is None:
        return None
    place, column = worst_of
    node = found.conditioning.enlarged_node(at.point(place), found.bits[place], column)
    kappas = float(kappa_in[worst_of]), float(found.sizes.kappa_graph[worst_of])
    loss = float(np.nan_to_num(seen[worst_of])) / (1.0 + kappas[0])
    return LostDigits(names[column], node, *kappas, at.point(place), loss, tried + len(at), has_pairs(graph))


def _holds_to_first_order(found: Truths) -> NDArray[np.bool_]:
    """Tell of which results kappa_graph explains the error: no value leaves the range, and rounding decides nothing."""
    limits, sizes = np.finfo(np.float64), found.sizes
    return (sizes.lowest > limits.minexp) & (sizes.highest < limits.maxexp) & np.isfinite(sizes.scatter)


def _errors(found: Truths, numbers: GraphNumbers) -> NDArray[np.float64]:
    """Compute by how many units of 2**-53 doubles are off the truth, 2**53 at most; NaN where either is no normal number."""
    leaves = dict(zip(found.points.names, found.points.values.T, strict=True)) | {"cotangent": np.ones(len(found.points))}
    plain = np.stack([np.broadcast_to(one, len(found.points)) for one in numbers.in_doubles(leaves)], axis=1)
    exponents = np.clip(found.exponent, *_EXPONENTS).astype(np.int32)
    known = (found.state == KNOWN) & (found.exponent == exponents) & (found.high != 0.0) & np.isfinite(plain)
    with np.errstate(all="ignore"):
        scaled = np.ldexp(plain, -exponents) - found.high - found.low
        return np.where(known, np.fmin(np.abs(scaled / found.high) * 2.0**53, 2.0**53), np.nan)


def losing_digits(model: Model) -> list[Point]:
    """Return some points at which results lose the most digits, by the search that a build makes."""
    graph = elementary(printed_graph(model, "numpy"))
    return _searched(model, GraphNumbers(graph, names_of_model(model)) if is_of_the_table(graph) else None)[0]


def kept(model: Model, module: Any, limit: float) -> str:
    """Tell whether a module keeps a limit of the relative error, beyond what its inputs leave open, where it is most in danger.

    Args:
        model: the spec.
        module: a module of the numpy backend, which is run at the worst points of the search and at some that are drawn.
        limit: the largest |error| / |result| allowed, by 1 + kappa_in.

    Returns:
        "" if it does; else the result that is farthest off, and the point.
    """
    drawn = [batch.points[0] for batch in Sampler(reference(model), 0, None, 1).several(_ALONE)]
    report = judge(model, module, given(model, [*drawn, *losing_digits(model)]))
    if report.faults or not report.judged:
        return f"{report.verdict().partition(': ')[2]}: {_with_point(report.worst)}"
    one = max(report.results, key=lambda one: np.nan_to_num(one.figures["worst_in"]))
    off = one.figures["worst_in"] * float(np.finfo(np.float64).eps)
    said = f"{one.result} is off by {off:.1g} of itself beyond what its inputs leave open"
    return f"{said}: {_with_point(one.worst)}" if off > limit else ""


def _with_point(worst: Worst | None) -> str:
    return "" if worst is None else f"{worst}, {worst.literal}"


def _searched(model: Model, numbers: GraphNumbers | None) -> tuple[list[Point], int]:
    """Search for points at which results lose digits; the worst, and how many points were tried."""
    if numbers is None:
        return [], 0
    search = losing_points(model.inputs, numbers)
    inputs = [entry.name for entry in model.inputs]
    return [dict(zip(inputs, one.row, strict=True)) for one in search.found[:_WORST]], search.tried
