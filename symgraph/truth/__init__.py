"""The independent judge: the spec itself at high precision, against what a module computes, at ordinary and adversarial points.

    from symgraph.truth import judge, points
    report = judge(model, module, points(model, n=1000))
    print(report); assert report.ok

``truth_at(model, point)`` gives values and partials of the spec as mpmath numbers; ``truths(model, points)`` for many points,
with the conditioning of the emitted graph; ``compare(truths, Results(...))`` judges what a peer computed at the same points.
"""

from symgraph.truth.drawing import KINDS, ORDINARY, Points, given, points
from symgraph.truth.judging import Truths, compare, judge, truths
from symgraph.truth.reference import Exact, truth_at
from symgraph.truth.report import Report, ResultReport, Worst
from symgraph.truth.results import Results, compute

__all__ = [
    "KINDS",
    "ORDINARY",
    "Exact",
    "Points",
    "Report",
    "ResultReport",
    "Results",
    "Truths",
    "Worst",
    "compare",
    "compute",
    "given",
    "judge",
    "points",
    "truth_at",
    "truths",
]
