"""The making of the report of ``symgraph truth``, of truths, verdicts and results."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.judge.faults import WHAT, Verdicts
from symgraph.judge.runs import Results
from symgraph.judge.truth_at_points import Truths
from symgraph.judge.truth_report import Report, ResultReport, Samples, Worst
from symgraph.options import DOUBLE


def report_on(found: Truths, judged: Verdicts, results: Results) -> Report:
    """Make the report of the verdicts on results."""
    kinds, court = found.points.kinds, _Found(found, judged, results)
    digits = court.worst_digits()
    reports = tuple(court.result(column) for column in range(len(found.names)))
    kappa_in, kappa_graph = (np.where(judged.known["judged"], k, np.nan) for k in (judged.kappa_in, found.sizes.kappa_graph))
    return Report(
        model=found.model.name,
        dtype=found.dtype,
        precision=results.precision,
        points=len(found.points),
        kinds=dict(Counter(kinds)),
        faults_by_kind=_by_kind(judged.faulty, kinds),
        outside_by_kind=_by_kind(judged.outside_range, kinds),
        outside_by_fault={text: int((judged.wrong[name] & judged.outside_range).sum()) for name, text in WHAT.items()},
        largest_ulp=found.largest_ulp,
        results=reports,
        functions=tuple(dict.fromkeys(run.function for run in results.runs)),
        digits=digits,
        samples=Samples(judged.ulp, kappa_in, kappa_graph, judged.failing),
    )


def _by_kind(mask: NDArray[np.bool_], kinds: Sequence[str]) -> dict[str, int]:
    """Count the marked results at the points of each kind."""
    return {kind: int(mask[np.array(kinds) == kind].sum()) for kind in dict.fromkeys(kinds)}


class _Found(NamedTuple):
    """The truths, the verdicts on results, and the results."""

    found: Truths
    judged: Verdicts
    results: Results

    def result(self, column: int) -> ResultReport:
        """Report on one result."""
        judged, sizes = self.judged, self.found.sizes
        errors, tried = judged.ulp[:, column], judged.known["tried"][:, column]
        faulty, outside = judged.faulty[:, column], judged.outside_range[:, column]
        self.found.largest(np.where(np.isfinite(errors), errors, np.nan)[:, None], judged.kappa_in, [column])
        kappa_in, kappa_graph = judged.kappa_in[:, column], sizes.kappa_graph[:, column]
        with np.errstate(all="ignore"):
            against_in = np.where(np.isfinite(errors), errors / (1 + kappa_in), np.nan)
            against_bound = np.where(tried, errors / judged.bound[:, column], np.nan)
            sharp = np.where(tried & judged.plain[:, column], errors / sizes.bound[:, column], np.nan)
            quality = np.where(judged.known["judged"][:, column], kappa_graph / (1 + kappa_in), np.nan)
        return ResultReport(
            result=self.found.names[column],
            counts={name: int(mask[:, column].sum()) for name, mask in judged.counted().items()},
            figures={
                "median": _statistic(np.median, errors),
                "largest": _statistic(np.max, errors),
                "worst_in": _statistic(np.max, against_in),
                "worst_bound": _statistic(np.max, against_bound),
                "worst_sharp": _statistic(np.max, sharp),
                "quality": _statistic(np.median, quality),
            },
            worst=self._worst(column, against_in, faulty if faulty.any() else ~np.isnan(against_in) & ~outside),
            worst_outside=self._worst(column, against_in, outside),
        )

    def worst_digits(self) -> Worst | None:
        """The result at which the operations lose the most digits that the inputs determine, if they are those of doubles."""
        if self.results.precision != DOUBLE:
            return None
        at = self.found.worst_digits(self.judged.known["judged"] & self.judged.in_range, self.judged.kappa_in)
        return None if at is None else self._at(*at[:2], "digits", at[2])

    def _worst(self, column: int, against_in: NDArray[np.float64], candidates: NDArray[np.bool_]) -> Worst | None:
        """The candidate with the largest error / (1 + kappa_in)."""
        if not candidates.any():
            return None
        place = int(np.argmax(np.where(candidates, np.nan_to_num(against_in, nan=0.0, posinf=np.inf), -1.0)))
        run, what = self.results.runs[self.judged.source[place, column]], self.judged.what(place, column)
        return self._at(place, column, what, run.label, run.messages[0] if what == WHAT["raised"] else "")

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
    """Assignments of w, X, y and the constants, as far as the model has them, with all digits."""
    model = found.model
    parts = []
    for name, entries in (("w", model.weight_inputs), ("X", model.feature_inputs), ("y", model.target_inputs)):
        numbers = [point[entry.name] for entry in entries]
        text = repr(numbers[0] if name == "y" and len(numbers) == 1 else numbers) if numbers else ""
        parts += [f"{name} = {text}" if found.dtype == "float64" else f"{name} = np.{found.dtype}({text})"] if text else []
    constants = {entry.name: point[entry.name] for entry in model.constant_inputs}
    return "; ".join([*parts, f"constants = {constants!r}"] if constants else parts)


def _statistic(statistic: Any, values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(statistic(known)) if len(known) else math.nan
