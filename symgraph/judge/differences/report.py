"""A gradient check's findings as data, text and JSON-able dict."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from symgraph.data.documents import jsonable
from symgraph.html import State, card, notes, table
from symgraph.judge.differences.agreement import Entries
from symgraph.judge.differences.points import Point
from symgraph.runtime.generated_module import GeneratedModule

_SHOWN = 30
"""Weights that a notebook shows, those first whose partials are wrong."""

Verdict = Literal["ok", "failed", "not judged", "together"]


class Finding(NamedTuple):
    """Results at a point, judged.

    Attributes:
        function: the function that gave them, and how it was called; "" for the partials of a weight.
        point: where.
        names: the names of the entries along the last axis: the weights, or "value" alone.
        entries: the results, compared with what they ought to be.
        problem: what is wrong beyond a difference.
        shows: the weights in whose partials a fault would have shown.
    """

    function: str
    point: Point
    names: tuple[str, ...]
    entries: Entries
    problem: str = ""
    shows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WeightReport:
    """The findings for one weight.

    Attributes:
        weight, function: its name, and the function of the module whose partials are judged.
        verdict: "failed" if a partial is wrong; "not judged" if no partial could be distinguished from zero or from noise, so
            that a fault would be missed; "together" if it was judged only along random directions in which all weights
            move, where a small fault of one weight may remain hidden.
        judged, entries: the number of partials compared to better than a factor of 1.001, and of all (one per row and point).
        worst: the greatest relative difference, of wrong partials if there are any, else of judged ones; NaN
            without any. The other attributes describe that partial.
        point, row: the index of the point in the report's `points`, and of the row in the data or among the drawn rows.
        analytic, numeric, tolerance: the module's partial, the same by differences, and the tolerance.
        non_finite: the number of the module's partials that were not finite.
    """

    weight: str
    function: str
    verdict: Verdict
    judged: int
    entries: int
    worst: float
    point: int | None
    row: int | None
    analytic: float
    numeric: float
    tolerance: float
    non_finite: int


@dataclass(frozen=True, slots=True)
class FunctionReport:
    """The findings for one function of the module, compared with the values and partials of each row.

    Attributes:
        function, verdict: the function's name with the way of calling it, and the verdict.
        worst: the greatest relative difference, of wrong results if there are any; NaN if nothing could be compared.
        where: the weight (or "value") and point of that difference.
        problem: a fault other than a difference, for instance the error that the function raised.
    """

    function: str
    verdict: Verdict
    worst: float
    where: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class GradcheckReport:
    """The result of a gradient check; `print` it, or take `to_dict()`.

    Attributes:
        model, seed: the module's MODEL, and the seed of the points.
        points: the weight vectors of the points.
        weights, functions: one report per weight, and one per function.
    """

    model: str
    seed: int
    points: tuple[tuple[float, ...], ...]
    weights: tuple[WeightReport, ...]
    functions: tuple[FunctionReport, ...]

    @property
    def ok(self) -> bool:
        """True if no fault was found; weights that could not be judged do not count."""
        return "failed" not in [weight.verdict for weight in self.weights] + [function.verdict for function in self.functions]

    @property
    def unjudged(self) -> tuple[str, ...]:
        """The weights that could not be judged, so that a fault would be missed."""
        return tuple(weight.weight for weight in self.weights if weight.verdict == "not judged")

    @property
    def together(self) -> tuple[str, ...]:
        """The weights that were judged only together with all others, along random directions."""
        return tuple(weight.weight for weight in self.weights if weight.verdict == "together")

    @property
    def verdict(self) -> Literal["passed", "incomplete", "nothing judged", "failed"]:
        """ "incomplete" where nothing was found wrong but a weight could not be judged, "nothing judged" where none could."""
        if not self.ok:
            return "failed"
        if len(self.unjudged) == len(self.weights):
            return "nothing judged"
        return "incomplete" if self.unjudged else "passed"

    def to_dict(self) -> dict[str, Any]:
        """Return the report as dicts, lists, strings and finite numbers, with None for numbers that are not finite."""
        return {"verdict": self.verdict, **{key: jsonable(value) for key, value in asdict(self).items()}}

    def _repr_html_(self) -> str:
        states: dict[str, State] = {"ok": "good", "failed": "bad"}
        head = ("weight", "function", "judged", "relative error", "verdict")
        rows = [
            (one.weight, one.function, f"{one.judged} of {one.entries}", _error(one.worst), one.verdict)
            for one in sorted(self.weights, key=lambda one: one.verdict != "failed")[:_SHOWN]
        ]
        wrong = [
            f"{one.function}: {one.problem or f'relative error {one.worst:.1e}'} ({one.where})"
            for one in self.functions
            if one.verdict == "failed"
        ]
        more = f"; {len(self.weights) - _SHOWN} more weights are not shown" if len(self.weights) > _SHOWN else ""
        said = f"{len(self.functions)} functions compared at {len(self.points)} points, seed {self.seed}{more}"
        verdict: State = "good" if self.verdict == "passed" else "bad" if self.verdict == "failed" else "open"
        listed = table(head, rows, [states.get(verdict, "open") for *_, verdict in rows])
        return card(f"gradient check of {self.model}", self.verdict, verdict, listed, notes(wrong, "bad"), notes([said]))

    def __str__(self) -> str:
        judged = len(self.weights) - len(self.unjudged)
        head = f"gradient check of {self.model}: {self.verdict} ({judged} of {len(self.weights)} weights judged, "
        head += f"{len(self.points)} points, seed {self.seed})"
        width = max((len(weight.weight) for weight in self.weights), default=0)
        lines = [f"  {one.weight:<{width}}  {_weight_line(one)}" for one in self.weights if one.verdict != "together"]
        if self.together:
            lines.append(f"  {len(self.together)} weights judged together, along random directions, and not one by one")
        for function in self.functions:
            if function.verdict == "failed":
                problem = function.problem or f"relative error {function.worst:.1e}"
                lines.append(f"  {function.function}: failed, {problem} ({function.where})")
        return "\n".join([head, *lines])


def _error(relative: float) -> str:
    return "-" if math.isnan(relative) else f"{relative:.1e}"


def _weight_line(weight: WeightReport) -> str:
    counts = f"{weight.judged}/{weight.entries} partials judged"
    counts += f", {weight.non_finite} not finite" if weight.non_finite else ""
    if weight.verdict == "not judged":
        return f"not judged  no partial could be told from zero or noise ({counts})"
    text = f"{weight.verdict:<10}  relative error {weight.worst:.1e}  ({counts})"
    if weight.verdict == "failed":
        text += f"  {weight.function} gives {weight.analytic:.10g}, differences {weight.numeric:.10g} +- {weight.tolerance:.1e}"
        text += f" at point {weight.point}, row {weight.row}"
    return text


def report_on(module: GeneratedModule, seed: int, points: Sequence[Point], findings: Sequence[Finding]) -> GradcheckReport:
    """Make the report of a check from what was found at its points."""
    by_weight: dict[str, list[Finding]] = {name: [] for name in module.WEIGHTS}
    by_function: dict[str, list[Finding]] = {}
    for finding in findings:
        group = by_function.setdefault(finding.function, []) if finding.function else by_weight[finding.names[0]]
        group.append(finding)
    main = "jacobian" if not module.METADATA["has_loss"] else "per_sample_grad" if hasattr(module, "per_sample_grad") else "row"
    shown = {name for finding in findings for name in finding.shows}
    return GradcheckReport(
        module.MODEL,
        seed,
        tuple(tuple(point.given.w.tolist()) for point in points),
        tuple(_weight(name, main, found, "together" if name in shown else "not judged") for name, found in by_weight.items()),
        tuple(_function(name, found) for name, found in by_function.items()),
    )


def _weight(weight: str, function: str, found: Sequence[Finding], otherwise: Verdict) -> WeightReport:
    """Report on a weight by the partials that were judged of it alone, if there are some."""
    judged = sum(int(finding.entries.judged.sum()) for finding in found)
    entries = sum(len(finding.entries.analytic) for finding in found)
    non_finite = sum(int((~np.isfinite(finding.entries.analytic)).sum()) for finding in found)
    verdict, number, row, worst, analytic, numeric, tolerance = otherwise, None, None, *[math.nan] * 4
    if judged:
        verdict, worst, finding, place = _worst(found)
        number, row = finding.point.number, int(finding.point.given.rows[place])
        analytic, numeric, tolerance = (float(part[place]) for part in finding.entries[:3])
    return WeightReport(
        weight, function, verdict, judged, entries, worst, number, row, analytic, numeric, tolerance, non_finite
    )


def _function(name: str, found: Sequence[Finding]) -> FunctionReport:
    if name.endswith(" along"):
        name = f"{name} {len(found)} random directions"
    for finding in found:
        if finding.problem:
            return FunctionReport(name, "failed", math.nan, f"point {finding.point.number}", finding.problem)
    verdict, worst, finding, place = _worst(found)
    return FunctionReport(name, verdict, worst, f"{finding.names[place % len(finding.names)]}, point {finding.point.number}")


def _worst(found: Sequence[Finding]) -> tuple[Verdict, float, Finding, int]:
    """The verdict on several findings, the greatest relative difference, NaN if nothing was judged, and where that is."""
    failed = any(finding.entries.failed.any() for finding in found)
    judged = any(finding.entries.judged.any() for finding in found)
    finding = max(found, key=lambda finding: finding.entries.worst(failed)[1])
    place, relative = finding.entries.worst(failed)
    return "failed" if failed else "ok" if judged else "not judged", relative if judged else math.nan, finding, place
