"""From what was found at each point to one report."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symgraph.gradcheck.functions import Comparison, limit
from symgraph.gradcheck.judge import Entries
from symgraph.gradcheck.points import Point
from symgraph.gradcheck.report import FunctionReport, GradcheckReport, Verdict, WeightReport
from symgraph.module import GeneratedModule


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """The partials of one weight (by its index) at a point, judged."""

    weight: int
    entries: Entries


@dataclass(frozen=True, slots=True, eq=False)
class Visit:
    """What was found at one point; comparisons and Jacobian only where the check was to be whole.

    Attributes:
        unit: the unit in the last place of 1 in the module's precision.
        along: the derivatives along random directions, judged; none where every weight was judged alone.
        jacobian_along: those of the output.
        together: the weights that have a part in a derivative along a direction that was judged.
    """

    point: Point
    unit: float
    partials: tuple[Finding, ...]
    comparisons: tuple[Comparison, ...] = ()
    jacobian: tuple[Finding, ...] = ()
    along: tuple[Entries, ...] = ()
    jacobian_along: tuple[Entries, ...] = ()
    together: frozenset[int] = frozenset()


def unjudged(module: GeneratedModule, visits: Sequence[Visit]) -> list[int]:
    """The indices of the weights of which no partial has been judged so far, alone or with others."""
    together = frozenset[int]().union(*(visit.together for visit in visits))
    judged = together | {finding.weight for visit in visits for finding in visit.partials if finding.entries.judged.any()}
    return [j for j in range(len(module.WEIGHTS)) if j not in judged]


def summarize(module: GeneratedModule, visits: Sequence[Visit], seed: int) -> GradcheckReport:
    """Make the report of a check."""
    names = dict.fromkeys(comparison.function for visit in visits for comparison in visit.comparisons)
    functions = [_function(module, visits, name) for name in names]
    if any(visit.jacobian for visit in visits):
        functions.append(_jacobian(module, visits))
    for name, part in (("partials", "along"), ("jacobian", "jacobian_along")):
        judged = [(i, entries) for i, visit in enumerate(visits) for entries in getattr(visit, part)]
        if judged:
            functions.append(_direction(f"{name} along {len(judged)} random directions", judged))
    found: dict[int, list[tuple[int, Entries]]] = {}
    for i, visit in enumerate(visits):
        for finding in visit.partials:
            found.setdefault(finding.weight, []).append((i, finding.entries))
    together = frozenset[int]().union(*(visit.together for visit in visits))
    weights = tuple(_weight(module, visits, j, found.get(j, []), j in together) for j in range(len(module.WEIGHTS)))
    points = tuple(tuple(visit.point.w.tolist()) for visit in visits)
    return GradcheckReport(module.MODEL, seed, points, weights, tuple(functions))


def _weight(
    module: GeneratedModule, visits: Sequence[Visit], j: int, found: Sequence[tuple[int, Entries]], together: bool
) -> WeightReport:
    """What was found for a weight; ``found`` are its entries, each with the number of its visit."""
    failed = any(entries.failed.any() for _, entries in found)
    judged = sum(int(entries.judged.sum()) for _, entries in found)
    count = sum(len(entries.analytic) for _, entries in found)
    non_finite = sum(int((~np.isfinite(entries.analytic)).sum()) for _, entries in found)
    verdict: Verdict = "failed" if failed else "ok" if judged else "together" if together else "not judged"
    ranked = [
        (i, entries, np.where(entries.failed if failed else entries.judged, entries.relative, -1.0)) for i, entries in found
    ]
    name = module.WEIGHTS[j]
    if not judged:
        return WeightReport(name, verdict, 0, count, math.nan, None, None, math.nan, math.nan, math.nan, non_finite)
    i, entries, relative = max(ranked, key=lambda item: item[2].max())
    worst = int(relative.argmax())
    row = visits[i].point.rows[worst]
    analytic, numeric, tolerance = (float(part[worst]) for part in (entries.analytic, entries.numeric, entries.tolerance))
    worst_relative = float(relative[worst])
    return WeightReport(name, verdict, judged, count, worst_relative, i, row, analytic, numeric, tolerance, non_finite)


def _function(module: GeneratedModule, visits: Sequence[Visit], name: str) -> FunctionReport:
    found = [(i, part) for i, visit in enumerate(visits) for part in visit.comparisons if part.function == name]
    compared = any(part.size.any() for _, part in found)
    i, worst = max(found, key=lambda item: item[1].relative.max())
    relative = worst.relative
    verdict: Verdict = "failed" if relative.max() > limit(visits[i].unit) else "ok" if compared else "not judged"
    place = module.WEIGHTS[int(relative.argmax())] if relative.size == len(module.WEIGHTS) else "value"
    return FunctionReport(name, verdict, float(relative.max()) if compared else math.nan, f"{place}, point {i}")


def _direction(name: str, found: Sequence[tuple[int, Entries]]) -> FunctionReport:
    failed = any(entries.failed.any() for _, entries in found)
    judged = any(entries.judged.any() for _, entries in found)

    def worst(entries: Entries) -> float:
        return float(np.where(entries.failed if failed else entries.judged, entries.relative, -1.0).max())

    i, entries = max(found, key=lambda item: worst(item[1]))
    verdict: Verdict = "failed" if failed else "ok" if judged else "not judged"
    return FunctionReport(name, verdict, worst(entries) if judged else math.nan, f"point {i}")


def _jacobian(module: GeneratedModule, visits: Sequence[Visit]) -> FunctionReport:
    found = [(i, finding) for i, visit in enumerate(visits) for finding in visit.jacobian]
    failed = any(finding.entries.failed.any() for _, finding in found)

    def worst(item: tuple[int, Finding]) -> float:
        entries = item[1].entries
        return float(np.where(entries.failed if failed else entries.judged, entries.relative, -1.0).max())

    i, finding = max(found, key=worst)
    judged = any(finding.entries.judged.any() for _, finding in found)
    verdict: Verdict = "failed" if failed else "ok" if judged else "not judged"
    where = f"{module.WEIGHTS[finding.weight]}, point {i}"
    return FunctionReport("jacobian", verdict, worst((i, finding)) if judged else math.nan, where)
