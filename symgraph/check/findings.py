"""From verdicts to a report: counts, statistics, and the points that are worth a look."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

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
    judged, kinds = verdicts(found, results), found.points.kinds
    court = _Court(found, judged, results)
    digits = court.worst_digits()
    reports = tuple(court.result(column) for column in range(len(found.names)))
    kappa_in, kappa_graph = (np.where(judged.normal, k, np.nan) for k in (judged.kappa_in, found.sizes.kappa_graph))
    return Report(
        found.model.name,
        found.dtype,
        results.precision,
        len(found.points),
        dict(Counter(kinds)),
        _by_kind(judged.faulty, kinds),
        _by_kind(judged.outside_range, kinds),
        {text: int((getattr(judged, name) & judged.outside_range).sum()) for name, text in WHAT.items()},
        found.largest_ulp,
        reports,
        tuple(dict.fromkeys(run.function for run in results.runs)),
        digits,
        Samples(judged.ulp, kappa_in, kappa_graph, judged.failing),
    )


def _by_kind(mask: NDArray[np.bool_], kinds: Sequence[str]) -> dict[str, int]:
    """How many results are marked at the points of each kind."""
    return {kind: int(mask[np.array(kinds) == kind].sum()) for kind in dict.fromkeys(kinds)}


class _Court(NamedTuple):
    """The truths, the verdicts on results, and the results."""

    found: Truths
    judged: Verdicts
    results: Results

    def result(self, column: int) -> ResultReport:
        """Report on one result."""
        judged, sizes = self.judged, self.found.sizes
        errors, tried = judged.ulp[:, column], judged.tried[:, column]
        faulty, outside = judged.faulty[:, column], judged.outside_range[:, column]
        self._look_up([column], np.where(np.isfinite(errors), errors, np.nan)[:, None])
        kappa_in, kappa_graph = judged.kappa_in[:, column], sizes.kappa_graph[:, column]
        with np.errstate(all="ignore"):
            against_in = np.where(np.isfinite(errors), errors / (1 + kappa_in), np.nan)
            against_bound = np.where(tried, errors / judged.bound[:, column], np.nan)
            sharp = np.where(tried & judged.plain[:, column], errors / sizes.bound[:, column], np.nan)
            quality = np.where(judged.normal[:, column], kappa_graph / (1 + kappa_in), np.nan)
        return ResultReport(
            result=self.found.names[column],
            **{name: int(mask[:, column].sum()) for name, mask in judged.counted().items()},
            median=_statistic(np.median, errors),
            largest=_statistic(np.max, errors),
            worst_in=_statistic(np.max, against_in),
            worst_bound=_statistic(np.max, against_bound),
            worst_sharp=_statistic(np.max, sharp),
            quality=_statistic(np.median, quality),
            worst=self._worst(column, against_in, faulty if faulty.any() else ~np.isnan(against_in) & ~outside),
            worst_outside=self._worst(column, against_in, outside),
        )

    def worst_digits(self) -> Worst | None:
        """The result with the largest kappa_graph / (1 + kappa_in), and the node in which the rounding errors are made."""
        found, kappa_graph = self.found, self.found.sizes.kappa_graph
        inside = self.judged.normal & self.judged.in_range & (kappa_graph < _OUT_OF_REACH)
        at = self._look_up(range(len(found.names)), np.where(inside, kappa_graph, np.nan), sure=True)
        if at is None:
            return None
        return self._at(*at, "digits", found.measure.enlarged_node(found.points.point(at[0]), found.bits[at[0]], at[1]))

    def _look_up(self, columns: Sequence[int], numerator: NDArray[np.float64], *, sure: bool = False) -> tuple[int, int] | None:
        """Take kappa_in from the reference for the results with the largest numerator / (1 + kappa_in), until that is right.

        Args:
            columns: the results that are asked for; what is known of their kappa_in is completed.
            numerator: (n, len(columns)) NaN where nothing is asked.
            sure: whether the reference is asked even where no paths cancel, so that sums of doubles are right.

        Returns:
            The place and the column of the largest ratio; None if there is none.
        """
        looked_up: set[tuple[int, int]] = set()
        while True:
            with np.errstate(all="ignore"):
                ratios = np.nan_to_num(numerator / (1 + self.judged.kappa_in[:, columns]), nan=-1.0, posinf=-1.0)
            at = np.unravel_index(int(np.argmax(ratios)), ratios.shape) if ratios.size else None
            if at is None or ratios[at] < 0:
                return None
            place, column = int(at[0]), columns[int(at[1])]
            right = not sure and self.found.sizes.kappa_graph[place, column] < _CANCELLING
            if right or (place, column) in looked_up or len(looked_up) == _TRIES:
                return place, column
            looked_up.add((place, column))
            self.judged.kappa_in[place, column] = self.found.kappa_in(place, column)

    def _worst(self, column: int, against_in: NDArray[np.float64], candidates: NDArray[np.bool_]) -> Worst | None:
        """The candidate with the largest error / (1 + kappa_in)."""
        if not candidates.any():
            return None
        place = int(np.argmax(np.where(candidates, np.nan_to_num(against_in, nan=0.0, posinf=np.inf), -1.0)))
        run, what = self.results.runs[self.judged.source[place, column]], self.judged.what(place, column)
        return self._at(place, column, what, run.label, run.message if what == WHAT["raised"] else "")

    def _at(self, place: int, column: int, what: str, where: str, message: str = "") -> Worst:
        found, judged, at = self.found, self.judged, (place, column)
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


def _statistic(statistic: Any, values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(statistic(known)) if len(known) else math.nan
