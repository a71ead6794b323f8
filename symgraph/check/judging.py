"""The judge: what a module computes, held against the spec itself, at ordinary and adversarial points.

    from symgraph.check.judging import judge
    from symgraph.check.points import points
    report = judge(model, module, points(model, n=1000))
    print(report); assert report.ok

``truths`` and ``compare`` do the same for what anything else has computed at the same points.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.check.points import Points
from symgraph.check.report import Report, ResultReport, Samples, Worst
from symgraph.check.runs import Results, backend_of, compute, names_of
from symgraph.check.truths import Truths, truths
from symgraph.check.verdicts import WHAT, Verdicts, verdicts
from symgraph.errors import OptionError
from symgraph.spec.model import Model


def judge(
    model: Model, module: Any, points: Points, *, dtype: str = "float64", progress: Callable[[], None] | None = None
) -> Report:
    """Hold a module against its spec at some points.

    Args:
        model: the spec; it is frozen by this.
        module: a module of the ABI, of the numpy or the scalar backend, or compiled C.
        points: where; they are rounded to the dtype first, and the truth is that of the rounded points.
        dtype: "float64", or "float32" for the numpy backend.
        progress: called after each point.

    Returns:
        What was found; ``ok`` says whether the module may be trusted there.

    Raises:
        SpecError: the model is not complete.
        OptionError: the module is of another model, or does not compute in that dtype.
    """
    own = [tuple(entry.name for entry in part) for part in (model.weight_inputs, model.feature_inputs)]
    if model.name != module.MODEL or [tuple(module.WEIGHTS), tuple(module.FEATURES)] != own:
        raise OptionError(f"the module is of {module.MODEL}, not of the model {model.name} with these inputs; build it again")
    rounded = points.rounded(dtype)
    results = compute(module, rounded, dtype)
    names, backend = names_of(module), backend_of(module)
    found = truths(model, rounded, backend=backend, precision=results.precision, dtype=dtype, names=names, progress=progress)
    return compare(found, results)


def compare(found: Truths, results: Results) -> Report:
    """Hold results, of a module or of anything else, against the truth at the same points.

    Raises:
        OptionError: the results are of other names or of another number of points.
    """
    if results.names != found.names or results.count != len(found.points):
        raise OptionError("results and truths are of different points or results")
    judged, kinds = verdicts(found, results), found.points.kinds
    court = _Court(found, judged, results)
    digits = court.worst_digits()
    reports = tuple(court.result(column) for column in range(len(found.names)))
    kappa_in, kappa_graph = (np.where(judged.known["judged"], k, np.nan) for k in (judged.kappa_in, found.sizes.kappa_graph))
    return Report(
        found.model.name,
        found.dtype,
        results.precision,
        len(found.points),
        dict(Counter(kinds)),
        _by_kind(judged.faulty, kinds),
        _by_kind(judged.outside_range, kinds),
        {text: int((judged.wrong[name] & judged.outside_range).sum()) for name, text in WHAT.items()},
        found.largest_ulp,
        reports,
        tuple(dict.fromkeys(run.function for run in results.runs)),
        digits,
        Samples(judged.ulp, kappa_in, kappa_graph, judged.failing),
    )


def _by_kind(mask: NDArray[np.bool_], kinds: Sequence[str]) -> dict[str, int]:
    """Count the marked results at the points of each kind."""
    return {kind: int(mask[np.array(kinds) == kind].sum()) for kind in dict.fromkeys(kinds)}


class _Court(NamedTuple):
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
        """The result at which the operations lose the most digits that the inputs determine."""
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
