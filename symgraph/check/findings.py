"""From verdicts to a report: counts, statistics, and the points that are worth a look."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.check.report import Report, ResultReport, Samples, Worst
from symgraph.check.runs import Results
from symgraph.check.truths import Truths
from symgraph.check.verdicts import WHAT, Verdicts, verdicts

_TRIES = 40
"""How many of the worst results have their kappa_in looked up in the reference."""
_CANCELLING = 2.0**40
"""Where kappa_graph is smaller, sums of doubles have many digits of kappa_in."""
_OUT_OF_REACH = 1e290
"""Condition numbers above stand for infinite ones."""


def findings(found: Truths, results: Results) -> Report:
    """Make the report of results held against the truth."""
    judged = verdicts(found, results)
    kinds = found.points.kinds
    outside = judged.outside_range
    digits = _worst_digits(found, judged)
    reports = tuple(_result(found, judged, results, column) for column in range(len(found.names)))
    kappa_in, kappa_graph = (np.where(judged.normal, k, np.nan) for k in (judged.kappa_in, found.sizes.kappa_graph))
    return Report(
        found.model.name,
        found.dtype,
        results.precision,
        len(found.points),
        {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)},
        _by_kind(judged.faulty, kinds),
        _by_kind(outside, kinds),
        {text: int((getattr(judged, name) & outside).sum()) for name, text in WHAT.items()},
        found.largest_ulp,
        reports,
        tuple(dict.fromkeys(run.function for run in results.runs)),
        digits,
        Samples(judged.ulp, kappa_in, kappa_graph, judged.failing),
    )


def _by_kind(mask: NDArray[np.bool_], kinds: Sequence[str]) -> dict[str, int]:
    """How many results are marked at the points of each kind."""
    counts = dict.fromkeys(kinds, 0)
    for kind, count in zip(kinds, mask.sum(axis=1).tolist(), strict=True):
        counts[kind] += count
    return counts


def _result(found: Truths, judged: Verdicts, results: Results, column: int) -> ResultReport:
    counts = {name: int(mask[:, column].sum()) for name, mask in judged.counted().items()}
    errors = judged.ulp[:, column]
    known = np.isfinite(errors)
    faulty, outside = judged.faulty[:, column], judged.outside_range[:, column]
    kappa_graph = found.sizes.kappa_graph[:, column]
    _look_up(found, judged.kappa_in, [column], np.where(known, errors, np.nan)[:, None])
    kappa_in = judged.kappa_in[:, column]
    with np.errstate(all="ignore"):
        against_in = np.where(known, errors / (1 + kappa_in), np.nan)
        tried = judged.tried[:, column]
        against_bound = np.where(tried, errors / judged.bound[:, column], np.nan)
        sharp = np.where(tried & judged.plain[:, column], errors / found.sizes.bound[:, column], np.nan)
        quality = np.where(judged.normal[:, column], kappa_graph / (1 + kappa_in), np.nan)
    pointed = (found, judged, results, column)
    return ResultReport(
        result=found.names[column],
        **counts,
        median=_largest(errors[known], np.median),
        largest=_largest(errors[known], np.max),
        worst_in=_largest(against_in[np.isfinite(against_in)], np.max),
        worst_bound=_largest(against_bound[np.isfinite(against_bound)], np.max),
        worst_sharp=_largest(sharp[np.isfinite(sharp)], np.max),
        quality=_largest(quality[np.isfinite(quality)], np.median),
        worst=_worst(*pointed, against_in, faulty if faulty.any() else ~np.isnan(against_in) & ~outside),
        worst_outside=_worst(*pointed, against_in, outside),
    )


def _look_up(
    found: Truths,
    kappa_in: NDArray[np.float64],
    columns: Sequence[int],
    numerator: NDArray[np.float64],
    *,
    sure: bool = False,
) -> tuple[int, int] | None:
    """Take kappa_in from the reference for the results with the largest numerator / (1 + kappa_in), until that is right.

    Args:
        found: the truths.
        kappa_in: (n, k) what is known so far; it is completed.
        columns: the results that are asked for.
        numerator: (n, len(columns)) NaN where nothing is asked.
        sure: whether the reference is asked even where no paths cancel, so that sums of doubles are right.

    Returns:
        The place and the column of the largest ratio; None if there is none.
    """
    looked_up: set[tuple[int, int]] = set()
    while True:
        with np.errstate(all="ignore"):
            ratios = np.nan_to_num(numerator / (1 + kappa_in[:, columns]), nan=-1.0, posinf=-1.0)
        at = np.unravel_index(int(np.argmax(ratios)), ratios.shape) if ratios.size else None
        if at is None or ratios[at] < 0:
            return None
        place, column = int(at[0]), columns[int(at[1])]
        right = not sure and found.sizes.kappa_graph[place, column] < _CANCELLING
        if right or (place, column) in looked_up or len(looked_up) == _TRIES:
            return place, column
        looked_up.add((place, column))
        kappa_in[place, column] = found.kappa_in(place, column)


def _worst(
    found: Truths,
    judged: Verdicts,
    results: Results,
    column: int,
    against_in: NDArray[np.float64],
    candidates: NDArray[np.bool_],
) -> Worst | None:
    """The candidate with the largest error / (1 + kappa_in)."""
    if not candidates.any():
        return None
    place = int(np.argmax(np.where(candidates, np.nan_to_num(against_in, nan=0.0, posinf=np.inf), -1.0)))
    run = results.runs[judged.source[place, column]]
    message = run.message if judged.what(place, column) == WHAT["raised"] else ""
    return _at(found, judged, (place, column), judged.what(place, column), run.label, message)


def _worst_digits(found: Truths, judged: Verdicts) -> Worst | None:
    """The result with the largest kappa_graph / (1 + kappa_in), and the node in which the rounding errors are made."""
    kappa_graph = found.sizes.kappa_graph
    inside = judged.normal & judged.in_range & (kappa_graph < _OUT_OF_REACH)
    at = _look_up(found, judged.kappa_in, range(len(found.names)), np.where(inside, kappa_graph, np.nan), sure=True)
    if at is None:
        return None
    node = found.measure.enlarged_node(found.points.point(at[0]), found.bits[at[0]], at[1])
    return _at(found, judged, at, "digits", node, "")


def _at(found: Truths, judged: Verdicts, at: tuple[int, int], what: str, where: str, message: str) -> Worst:
    place, column = at
    point = found.points.point(place)
    return Worst(
        result=found.names[column],
        what=what,
        kind=found.points.kinds[place],
        point=point,
        computed=float(judged.computed[at]),
        truth=float(found.values[at]),
        ulp=float(judged.ulp[at]),
        kappa_in=float(judged.kappa_in[at]),
        kappa_graph=float(found.sizes.kappa_graph[at]),
        literal=_literal(found, point),
        where=where,
        message=message,
    )


def _literal(found: Truths, point: Mapping[str, float]) -> str:
    """Assignments of w, X and y, as far as the model has them, with all digits."""
    model = found.model
    target = () if model.target_input is None else (model.target_input,)
    parts = []
    for name, entries in (("w", model.weight_inputs), ("X", model.feature_inputs), ("y", target)):
        numbers = [point[entry.name] for entry in entries]
        text = repr(numbers[0] if name == "y" else numbers) if numbers else ""
        parts += [f"{name} = {text}" if found.dtype == "float64" else f"{name} = np.{found.dtype}({text})"] if text else []
    return "; ".join(parts)


def _largest(values: NDArray[np.float64], statistic: Any) -> float:
    return float(statistic(values)) if len(values) else math.nan
