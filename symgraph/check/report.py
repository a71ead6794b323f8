"""The judge's findings as data, text and JSON-able dict."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.check.runs import BATCH
from symgraph.check.verdicts import WHAT
from symgraph.gradcheck.report import jsonable
from symgraph.options import ACCURATE

COLUMNS = (
    "result", "judged", "NaN", "infinite", "lost to 0", "no digit right", "raised", "above bound", "median ulp", "worst ulp",
    "worst/(1+kappa_in)", "worst/bound", "outside range",
)  # fmt: skip
"""The columns of the table: counts of faults, errors, and how often something is wrong where nothing is promised."""

LEGEND = (
    "judged: points where the truth is a normal number; ulp: error in units of 2**-52 (float32: 2**-23) of the truth",
    "kappa_in: by how many ulp the true result moves if every input moves by one; no method does better than some 1 + kappa_in",
    "kappa_graph: the same for every operation of the module; bound: what it explains, {bound}",
    "lost to 0, no digit right: although the inputs determine the result; outside range: wrong where nothing is promised",
)
"""Lines that explain the columns."""

_DYING = 1e4
"""Where kappa_graph / (1 + kappa_in) is larger, at least a quarter of a double's digits die on the way."""


@dataclass(frozen=True, slots=True)
class Worst:
    """One result at one point.

    Attributes:
        result: its name.
        what: what is wrong, in the words of ``WHAT``; "error" where nothing is; "digits" where the point is of digits that die.
        kind: the kind of the point.
        point: name -> float.
        computed: what the module gives.
        truth: the true value, rounded to double.
        ulp: the error in ulp.
        kappa_in: the condition of the result by the inputs.
        kappa_graph: the condition by the operations.
        literal: Python text that sets w, X and y to the point.
        where: the function that gave it, and on what it was called.
        message: the exception, if there was one.
    """

    result: str
    what: str
    kind: str
    point: Mapping[str, float]
    computed: float
    truth: float
    ulp: float
    kappa_in: float
    kappa_graph: float
    literal: str
    where: str
    message: str

    def __str__(self) -> str:
        if self.what == "digits":
            kappas = f"kappa_graph {self.kappa_graph:.2g} against kappa_in {self.kappa_in:.2g}"
            return f"{kappas}: {self.result}, by rounding in {self.where} ({self.kind})"
        what = self.message or f"{self.what}: {self.computed!r} for {self.truth!r}"
        size = f"{self.ulp:.3g} ulp, kappa_in {self.kappa_in:.3g}, kappa_graph {self.kappa_graph:.3g}"
        return f"{self.result}, {what} ({size}; {self.where}; {self.kind})"


@dataclass(frozen=True, slots=True)
class ResultReport:
    """The findings for one result.

    All faults are counted at points where the truth is a number of the dtype's range, and where something is promised: where
    values on the way leave the normal range at most through an exponential that overflows or vanishes, and the value that is
    differentiated is within the dtype's range. Of all functions that give the result the one counts that is farthest off.

    Attributes:
        result: "loss", "output", "grad w1" or "jacobian w1".
        judged: points where the truth is a normal number of the dtype.
        nan: NaN although the truth is finite.
        infinite: infinity although the truth is finite.
        zero: 0 although the truth is a normal number and the inputs determine it (4 * (1 + kappa_in) ulp is below 1/2).
        wrong: a relative error above 1/2 under the same conditions; or, where the truth is 0 or subnormal, an error of more
            than 1000 times what rounding explains.
        raised: exceptions; of the scalar backend those of ``math`` count only where all results of the call are finite.
        above_bound: errors above (largest op figure) * kappa_graph ulp; of an accurate module, above 1 ulp.
        above_own: errors above the module's own ``error_bound``.
        tried: points at which that bound was tried: no value on the way leaves the normal range, no decision is in doubt, and
            the bound is small enough for a first-order statement.
        outside_range: results that are wrong in one of these ways elsewhere.
        blurred: zeros and errors above 1/2 that no method could avoid: kappa_in is too large.
        doubtful: results that are not judged because the last bits of the inputs leave open what they are: next to a kink or
            the end of a domain, or where an argument is as uncertain as the scale on which a function changes.
        small: points where the truth is 0 or subnormal.
        beyond: points where the truth is finite but larger than the dtype's numbers.
        undefined: points where there is no real value.
        no_derivative: points at a kink.
        unresolved: points where no precision sufficed for the truth.
        median: of the error in ulp.
        largest: error in ulp.
        worst_in: largest error / (1 + kappa_in).
        worst_bound: largest error relative to the bound, where it was tried.
        worst_sharp: the same relative to the sum over operations of figure * |v dG/dv| / |G|, which is sharper.
        quality: median of kappa_graph / (1 + kappa_in).
        worst: the worst point, a faulty one if there is one; None if nothing was judged.
        worst_outside: the worst point of those outside the range, if there are any.
    """

    result: str
    judged: int
    nan: int
    infinite: int
    zero: int
    wrong: int
    raised: int
    above_bound: int
    above_own: int
    tried: int
    outside_range: int
    blurred: int
    doubtful: int
    small: int
    beyond: int
    undefined: int
    no_derivative: int
    unresolved: int
    median: float
    largest: float
    worst_in: float
    worst_bound: float
    worst_sharp: float
    quality: float
    worst: Worst | None
    worst_outside: Worst | None

    @property
    def faults(self) -> int:
        """Number of faults where something is promised."""
        return sum(getattr(self, name) for name in WHAT)


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Every error, for plots and statistics; all (n, k), NaN where nothing was judged; ``faulty``: wrong, promised or not."""

    ulp: NDArray[np.float64]
    kappa_in: NDArray[np.float64]
    kappa_graph: NDArray[np.float64]
    faulty: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Report:
    """The judge's report; `print` it, or take `to_dict()`.

    Attributes:
        model: its name.
        dtype: what was computed in.
        precision: "double", or "accurate" for compensated arithmetic.
        points: how many points.
        kinds: how many of each kind.
        faults_by_kind: how many results were faulty at points of each kind.
        outside_by_kind: how many were wrong where nothing is promised at points of each kind.
        outside_by_fault: the same by what is wrong.
        largest_ulp: the largest figure of the op table among the graph's operations.
        results: one report a result.
        functions: what was run.
        digits: the result at which the operations lose the most digits that the inputs determine: its kappa_graph is the
            largest by 1 + kappa_in. "where" is the node whose rounding errors it enlarges. None if nothing was judged.
        samples: every error.
    """

    model: str
    dtype: str
    precision: str
    points: int
    kinds: Mapping[str, int]
    faults_by_kind: Mapping[str, int]
    outside_by_kind: Mapping[str, int]
    outside_by_fault: Mapping[str, int]
    largest_ulp: float
    results: tuple[ResultReport, ...]
    functions: tuple[str, ...]
    digits: Worst | None
    samples: Samples = field(repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """True if something was judged, and no promise was broken at any point."""
        return self.faults == 0 and self.judged > 0

    def total(self, count: str) -> int:
        """One of the counts of ``ResultReport``, of all results together."""
        return sum(getattr(one, count) for one in self.results)

    @property
    def judged(self) -> int:
        """Number of results whose truth is normal."""
        return self.total("judged")

    @property
    def faults(self) -> int:
        """Number of faults where something is promised."""
        return self.total("faults")

    @property
    def outside_range(self) -> int:
        """Number of wrong results where nothing is promised: see ``ResultReport``."""
        return self.total("outside_range")

    @property
    def worst(self) -> Worst | None:
        """The worst point of all: of a faulty result if there is one, else the largest error / (1 + kappa_in)."""
        return max(self.results, key=lambda one: (one.worst is not None, one.faults > 0, one.worst_in)).worst

    @property
    def worst_outside(self) -> Worst | None:
        """A point where nothing is promised, of the result that is wrong most often there."""
        return max(self.results, key=lambda one: one.outside_range).worst_outside

    def rows(self) -> list[tuple[str, ...]]:
        """The table under ``COLUMNS``, one row a result."""
        return [
            (
                one.result, *(str(n) for n in (one.judged, one.nan, one.infinite, one.zero, one.wrong, one.raised)),
                str(one.above_bound + one.above_own), _figure(one.median), _figure(one.largest), _figure(one.worst_in),
                _figure(one.worst_bound), str(one.outside_range),
            )
            for one in self.results
        ]  # fmt: skip

    def remarks(self) -> list[str]:
        """Return sentences on what the table omits and how to read it."""
        names = {
            "blurred": "that no method could get right (kappa_in too large)",
            "doubtful": "that the last bits of the inputs leave open: not judged",
            "small": "whose truth is 0 or subnormal",
            "beyond": "whose truth is beyond the dtype",
            "undefined": "without a real value",
            "no_derivative": "at a kink",
            "unresolved": "whose truth no precision resolved: not judged",
        }
        lines = [f"results {text}: {self.total(count)}" for count, text in names.items() if self.total(count)]
        lines.append(f"the bound, {self.bound()}, was tried on {self.total('tried')} of {self.judged} results")
        lines.append(f"functions run, on one row and on {BATCH}: {', '.join(self.functions)}")
        if self.faults:
            lines.append(f"faults by kind of point: {_counts(self.faults_by_kind)}")
        if self.outside_range:
            lines.append(
                "wrong where nothing is promised, since a value on the way leaves the normal range other than through an "
                "exponential, or the value that is differentiated is beyond the dtype: "
                f"{_counts(self.outside_by_fault)}; by kind of point: {_counts(self.outside_by_kind)}"
            )
        return [*lines, *(line.format(bound=self.bound()) for line in LEGEND)]

    def points_to_paste(self) -> list[str]:
        """The worst points, two lines each: of all, of where digits die, and of where nothing is promised."""
        found = {"worst": self.worst, "digits die here": self.digits, "outside the range": self.worst_outside}
        if self.digits is not None and self.digits.kappa_graph < _DYING * (1 + self.digits.kappa_in):
            del found["digits die here"]
        return [line for title, point in found.items() if point is not None for line in (f"{title}: {point}", point.literal)]

    def bound(self) -> str:
        """Return the promised bound."""
        if self.precision == ACCURATE:
            return "error <= 1 ulp where kappa_graph < 2**48"
        return f"error <= {self.largest_ulp:g} * kappa_graph ulp"

    def verdict(self) -> str:
        """One line."""
        found = "1 fault" if self.faults == 1 else f"{self.faults} faults"
        outcome = "no faults" if self.ok else found if self.faults else "nothing could be judged"
        outside = f", {self.outside_range} wrong results where nothing is promised" if self.outside_range else ""
        return f"truth of {self.model}, {self.dtype}: {outcome}{outside} at {self.points} points"

    def to_dict(self) -> dict[str, Any]:
        """Return the report as dicts, lists, strings and finite numbers, without the samples; None for what is not finite."""
        whole = {"ok": self.ok, "faults": self.faults, "outside_range": self.outside_range, **asdict(self)}
        return {name: jsonable(value) for name, value in whole.items() if name != "samples"}

    def __str__(self) -> str:
        table = [COLUMNS, *self.rows()]
        widths = [max(len(row[place]) for row in table) for place in range(len(COLUMNS))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
        return "\n".join([self.verdict(), *lines, *self.remarks(), *self.points_to_paste()])


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count)


def _figure(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}"
