"""Findings of `symgraph truth`, as data, text and JSON-able dict."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.data.documents import jsonable
from symgraph.html import card, notes, table
from symgraph.judge.faults import WHAT
from symgraph.judge.runs import BATCH
from symgraph.options import ACCURATE, DOUBLE

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
        kind, point, literal: the kind of the point, its inputs by name, and Python text that sets w, X and y to them.
        computed, truth, ulp: what the module gives, the true value rounded to double, and the error in ulp.
        kappa_in, kappa_graph: the condition of the result by the inputs, and by the operations.
        where, message: the function that gave it and on what it was called, and the exception, if there was one.
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

    Faults are counted at points where the truth is a number of the dtype's range and something is promised: where values on the
    way leave the normal range at most through an exponential, and the value that is differentiated is within the dtype's range.
    Of all functions that give the result the one counts that is farthest off.

    Attributes:
        result: "loss", "output", "grad w1" or "jacobian w1".
        counts: how many points there are at which, by name
            judged: the truth is a normal number of the dtype;
            nan, infinite: the result is, although the truth is finite;
            zero: it is 0 although the truth is a normal number and the inputs determine it, 4 * (1 + kappa_in) ulp < 1/2;
            wrong: its relative error is above 1/2 likewise; or it is off from a truth that is 0 or subnormal by more than 1000
            times what rounding explains;
            raised: there is an exception; those of ``math`` count where all results of the call are finite;
            above_bound: its error is above (largest op figure) * kappa_graph ulp; of an accurate module, above 1 ulp;
            above_own: its error is above the module's own ``error_bound``;
            tried: that bound was tried: no value on the way leaves the normal range, no decision is in doubt, and the bound is
            small enough for a first-order statement;
            outside_range: it is wrong in one of these ways where nothing is promised;
            blurred: it is 0, or off by more than 1/2, and no method could avoid that: kappa_in is too large;
            doubtful: it is not judged, since the last bits of the inputs leave open what it is;
            small, beyond: the truth is 0 or subnormal, or finite but larger than the dtype's numbers;
            undefined, no_derivative, unresolved: there is no real value, or a kink, or no precision sufficed for the truth.
        figures: of the errors, by name
            median, largest: of those in ulp;
            worst_in, worst_bound: the largest error / (1 + kappa_in), and relative to the bound, where it was tried;
            worst_sharp: the same relative to the sum over operations of figure * |v dG/dv| / |G|, which is sharper;
            quality: the median of kappa_graph / (1 + kappa_in).
        worst: the worst point, a faulty one if there is one; None if nothing was judged.
        worst_outside: the worst point of those where nothing is promised, if there are any.
    """

    result: str
    counts: Mapping[str, int]
    figures: Mapping[str, float]
    worst: Worst | None
    worst_outside: Worst | None

    @property
    def faults(self) -> int:
        """Number of faults where something is promised."""
        return sum(self.counts[name] for name in WHAT)


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
        model, dtype: its name, and what was computed in.
        precision: "double", or "accurate" for compensated arithmetic.
        points, kinds: how many points, and how many of each kind.
        faults_by_kind: how many results were faulty at points of each kind.
        outside_by_kind, outside_by_fault: how many were wrong where nothing is promised, by kind of point and by what is wrong.
        largest_ulp: the largest figure of the op table among the graph's operations.
        results, functions: one report a result, and what was run.
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
        return sum(one.counts[count] for one in self.results)

    @property
    def judged(self) -> int:
        """Number of results whose truth is normal."""
        return self.total("judged")

    @property
    def faults(self) -> int:
        """Number of faults where something is promised."""
        return sum(one.faults for one in self.results)

    @property
    def outside_range(self) -> int:
        """Number of wrong results where nothing is promised: see ``ResultReport``."""
        return self.total("outside_range")

    @property
    def worst(self) -> Worst | None:
        """The worst point of all: of a faulty result if there is one, else the largest error / (1 + kappa_in)."""
        return max(self.results, key=lambda one: (one.worst is not None, one.faults > 0, one.figures["worst_in"])).worst

    @property
    def worst_outside(self) -> Worst | None:
        """A point where nothing is promised, of the result that is wrong most often there."""
        return max(self.results, key=lambda one: one.counts["outside_range"]).worst_outside

    def rows(self) -> list[tuple[str, ...]]:
        """The table under ``COLUMNS``, one row a result."""
        figures = ("median", "largest", "worst_in", "worst_bound")
        return [
            (
                one.result,
                *(str(one.counts[name]) for name in ("judged", "nan", "infinite", "zero", "wrong", "raised")),
                str(one.counts["above_bound"] + one.counts["above_own"]),
                *(_figure(one.figures[name]) for name in figures),
                str(one.counts["outside_range"]),
            )
            for one in self.results
        ]

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
        if self.digits is None or not self.dying:
            del found["digits die here"]
        return [line for title, point in found.items() if point is not None for line in (f"{title}: {point}", point.literal)]

    @property
    def dying(self) -> float:
        """Decimal digits that are lost beyond those that the inputs leave open, at the worst point; 0 if few.

        That is what doubles may lose by their operations; of a module that computes in pairs, what was seen.
        """
        ratio = 0.0 if self.digits is None else self.digits.kappa_graph / (1 + self.digits.kappa_in)
        if self.precision != DOUBLE:
            ratio = max((2.0 * np.nan_to_num(one.figures["worst_in"]) for one in self.results), default=0.0)
        return min(math.log10(ratio), -math.log10(np.finfo(self.dtype).epsneg)) if ratio >= _DYING else 0.0

    def bound(self) -> str:
        """Return the promised bound."""
        if self.precision == ACCURATE:
            return "error <= 1 ulp where kappa_graph < 2**48"
        return f"error <= {self.largest_ulp:g} * kappa_graph ulp"

    def verdict(self) -> str:
        """One line."""
        found = "1 fault" if self.faults == 1 else f"{self.faults} faults"
        held = f"{self.dying:.1f} digits die where others remain" if self.dying else "no faults"
        outcome = held if self.ok else found if self.faults else "nothing could be judged"
        outside = f", {self.outside_range} wrong results where nothing is promised" if self.outside_range else ""
        return f"truth of {self.model}, {self.dtype}: {outcome}{outside} at {self.points} points"

    def to_dict(self) -> dict[str, Any]:
        """Return the report as dicts, lists, strings and finite numbers, without the samples; None for what is not finite."""
        whole = {"ok": self.ok, "faults": self.faults, "outside_range": self.outside_range, **asdict(self)}
        whole["results"] = [{**one, **one.pop("counts"), **one.pop("figures")} for one in whole["results"]]
        return {name: jsonable(value) for name, value in whole.items() if name != "samples"}

    def _repr_html_(self) -> str:
        name, _, verdict = self.verdict().partition(": ")
        worst = [line for line in self.points_to_paste() if ": " in line]
        columns = list(zip(COLUMNS, zip(*self.rows(), strict=True), strict=True))
        shown = [(head, *cells) for head, cells in columns if {*cells} != {"0"}]
        none = [f"0 in all results: {', '.join(head for head, cells in columns if {*cells} == {'0'})}"]
        head, *rows = zip(*shown, strict=True)
        said = notes([*none, *worst, *self.remarks()])
        return card(name, verdict, "good" if self.ok else "bad", table(head, rows), said)

    def __str__(self) -> str:
        cells = [COLUMNS, *self.rows()]
        widths = [max(len(row[place]) for row in cells) for place in range(len(COLUMNS))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
        return "\n".join([self.verdict(), *lines, *self.remarks(), *self.points_to_paste()])


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count)


def _figure(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}"
