"""What the judge found, as data, text and JSON-able dict."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from symgraph.options import ACCURATE
from symgraph.truth.results import BATCH
from symgraph.truth.verdicts import WHAT, Verdicts, verdicts

if TYPE_CHECKING:
    from symgraph.truth.judging import Truths
    from symgraph.truth.results import Results

COLUMNS = (
    "result", "judged", "NaN", "Inf", "zero", "garbage", "raised", "median", "worst", "/(1+kin)", "/theorem",
    "broken", "unpromised",
)  # fmt: skip
"""The columns of the table: counts; errors in ulp; the worst relative to kappa_in and to the theorem; how often that fails; and
what is wrong where nothing was promised."""


@dataclass(frozen=True, slots=True)
class Worst:
    """One result at one point.

    Attributes:
        result: its name.
        what: "NaN", "Inf", "zero", "garbage", "raised", "theorem", or "error" where nothing is wrong.
        kind: the kind of the point.
        point: name -> float.
        computed: what the module gives.
        truth: the true value, rounded to double.
        ulp: the error in ulp.
        kappa_in: the conditioning of the result by the inputs.
        kappa_graph: the conditioning by the operations.
        literal: Python text that sets w, X and y to the point.
        batched: whether it is found in a batch of rows; a call with this one may give something better.
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
    batched: bool


@dataclass(frozen=True, slots=True)
class ResultReport:
    """What was found for one result.

    All faults are counted at points where the truth is a number of the dtype's range, and where something is promised: where
    values on the way leave the normal range at most through an exponential that overflows or vanishes, and the value that is
    differentiated is within the dtype's range.

    Attributes:
        result: "loss", "output", "grad w1" or "jacobian w1".
        judged: points where the truth is a normal number of the dtype.
        nan: NaN although the truth is finite.
        inf: infinity although the truth is finite.
        zero: 0 although the truth is a normal number and the inputs determine it (4 * (1 + kappa_in) ulp is below 1/2).
        garbage: a relative error above 1/2 under the same conditions; or, where the truth is 0 or subnormal, an error of more
            than 1000 times what rounding explains.
        raised: exceptions of the scalar backend although all results of the call are finite.
        broken: errors above (largest op figure) * kappa_graph ulp; of an accurate module, above 1 ulp.
        held: points at which that theorem was tried: no value on the way leaves the normal range, no decision is in doubt, and
            the bound is small enough for a first-order statement.
        beyond_promise: results that are wrong in one of these ways elsewhere.
        blurred: zeros and errors above 1/2 that no method could avoid: kappa_in is too large.
        doubtful: results that are not judged because rounding may send a decision on the way to them the other way: next to a
            kink or the end of a domain, or where an error is as large as the scale on which a function changes.
        small: points where the truth is 0 or subnormal.
        beyond: points where the truth is finite but larger than the dtype's numbers.
        undefined: points where there is no real value.
        no_derivative: points at a kink.
        unresolved: points where no precision sufficed for the truth.
        median: of the error in ulp.
        largest: error in ulp.
        worst_in: largest error / (1 + kappa_in).
        worst_graph: largest error relative to what the theorem says, where it was tried.
        worst_sharp: the same relative to the sum over operations of figure * |v dG/dv| / |G|, which is sharper.
        quality: median of kappa_graph / (1 + kappa_in).
        worst: the worst point, a faulty one if there is one; None if nothing was judged.
        worst_beyond: the worst point of those beyond the promise, if there are any.
    """

    result: str
    judged: int
    nan: int
    inf: int
    zero: int
    garbage: int
    raised: int
    broken: int
    held: int
    beyond_promise: int
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
    worst_graph: float
    worst_sharp: float
    quality: float
    worst: Worst | None
    worst_beyond: Worst | None

    @property
    def faults(self) -> int:
        """How often something was wrong that was promised."""
        return self.nan + self.inf + self.zero + self.garbage + self.raised + self.broken


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Every error, for plots and statistics; all (n, k), NaN where nothing was judged; ``faulty``: wrong, promised or not."""

    ulp: NDArray[np.float64]
    kappa_in: NDArray[np.float64]
    kappa_graph: NDArray[np.float64]
    faulty: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Report:
    """What the judge found; `print` it, or take `to_dict()`.

    Attributes:
        model: its name.
        dtype: what was computed in.
        precision: "double", or "accurate" for compensated arithmetic.
        points: how many points.
        kinds: how many of each kind.
        faults_by_kind: how many results were faulty at points of each kind.
        beyond_by_kind: how many were wrong beyond the promise at points of each kind.
        beyond_by_fault: the same by what is wrong: "NaN", "Inf", "zero", "garbage", "raised".
        largest_ulp: the largest figure of the op table among the graph's operations.
        results: one report a result.
        samples: every error.
    """

    model: str
    dtype: str
    precision: str
    points: int
    kinds: Mapping[str, int]
    faults_by_kind: Mapping[str, int]
    beyond_by_kind: Mapping[str, int]
    beyond_by_fault: Mapping[str, int]
    largest_ulp: float
    results: tuple[ResultReport, ...]
    samples: Samples = field(repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """Whether nothing that was promised was wrong at any point, and something was judged."""
        return self.faults == 0 and self.judged > 0

    @property
    def judged(self) -> int:
        """How many results had a normal number as truth."""
        return sum(one.judged for one in self.results)

    @property
    def faults(self) -> int:
        """How many results were NaN, Inf, zero, garbage, exceptions, or less accurate than the theorem says, unexcused."""
        return sum(one.faults for one in self.results)

    @property
    def beyond_promise(self) -> int:
        """How many were so where nothing is promised: see ``ResultReport``."""
        return sum(one.beyond_promise for one in self.results)

    @property
    def worst(self) -> Worst | None:
        """The worst point of all: of a faulty result if there is one, else the largest error / (1 + kappa_in)."""
        found = [one for one in self.results if one.worst is not None]
        return max(found, key=lambda one: (one.faults > 0, one.worst_in), default=_NONE).worst

    @property
    def worst_beyond(self) -> Worst | None:
        """A point beyond the promise, of the result with the most of them."""
        return max(self.results, key=lambda one: one.beyond_promise, default=_NONE).worst_beyond

    def rows(self) -> list[tuple[str, ...]]:
        """The table under ``COLUMNS``, one row a result."""
        return [
            (
                one.result, str(one.judged), str(one.nan), str(one.inf), str(one.zero), str(one.garbage), str(one.raised),
                _figure(one.median), _figure(one.largest), _figure(one.worst_in), _figure(one.worst_graph), str(one.broken),
                str(one.beyond_promise),
            )
            for one in self.results
        ]  # fmt: skip

    def remarks(self) -> list[str]:
        """What the table leaves out, in sentences."""
        names = {
            "blurred": "that no method could get right (kappa_in too large)",
            "doubtful": "that hang on a decision within rounding errors: not judged",
            "small": "whose truth is 0 or subnormal",
            "beyond": "whose truth is beyond the dtype",
            "undefined": "without a real value",
            "no_derivative": "at a kink",
            "unresolved": "whose truth no precision resolved: not judged",
        }
        totals = {key: sum(getattr(one, key) for one in self.results) for key in names}
        lines = [f"results {text}: {totals[key]}" for key, text in names.items() if totals[key]]
        held, judged = sum(one.held for one in self.results), sum(one.judged for one in self.results)
        lines.append(f"the theorem, {self.theorem()}, was tried on {held} of {judged} results")
        if self.faults:
            lines.append(f"faults by kind of point: {_counts(self.faults_by_kind)}")
        if self.beyond_promise:
            lines.append(
                "wrong where nothing is promised, since a value on the way leaves the normal range other than through an "
                "exponential, or the value that is differentiated is beyond the dtype: "
                f"{_counts(self.beyond_by_fault)}; by kind of point: {_counts(self.beyond_by_kind)}"
            )
        return lines

    def points_to_paste(self) -> list[str]:
        """The worst point, and one beyond the promise if there is any, two lines each."""
        return [*describe(self.worst), *describe(self.worst_beyond, "beyond the promise")]

    def theorem(self) -> str:
        """What is promised of errors."""
        if self.precision == ACCURATE:
            return "error <= 1 ulp where kappa_graph < 2**48"
        return f"error <= {self.largest_ulp:g} * kappa_graph ulp"

    def verdict(self) -> str:
        """One line."""
        found = "1 fault" if self.faults == 1 else f"{self.faults} faults"
        outcome = "no faults" if self.ok else found if self.judged else "nothing could be judged"
        beyond = f", {self.beyond_promise} wrong results beyond the promise" if self.beyond_promise else ""
        return f"truth of {self.model}, {self.dtype}: {outcome}{beyond} at {self.points} points"

    def to_dict(self) -> dict[str, Any]:
        """Return the report as dicts, lists, strings and finite numbers, without the samples; None for what is not finite."""
        counts = ("faults", "beyond_promise", "kinds", "faults_by_kind", "beyond_by_kind", "beyond_by_fault")
        rest = {key: _jsonable(getattr(self, key)) for key in ("model", "dtype", "precision", "points", *counts)}
        results = [_jsonable(asdict(one)) for one in self.results]
        return {"ok": self.ok, **rest, "largest_ulp": self.largest_ulp, "results": results}

    def __str__(self) -> str:
        table = [COLUMNS, *self.rows()]
        widths = [max(len(row[place]) for row in table) for place in range(len(COLUMNS))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
        return "\n".join([self.verdict(), *lines, *self.remarks(), *self.points_to_paste()])


def describe(worst: Worst | None, title: str = "worst") -> list[str]:
    """A point as two lines, the second of which can be pasted."""
    if worst is None:
        return []
    kind = f"{worst.kind}, in a batch of {BATCH} rows" if worst.batched else worst.kind
    size = f"{worst.ulp:.3g} ulp, kappa_in {worst.kappa_in:.3g}, kappa_graph {worst.kappa_graph:.3g}"
    return [
        f"{title}: {worst.result}, {worst.what}: {worst.computed!r} for {worst.truth!r} ({size}; {kind})",
        worst.literal,
    ]


_NONE = ResultReport("", *(0,) * 16, *(math.nan,) * 6, None, None)


def report(found: "Truths", results: "Results") -> Report:
    """Make the report of results held against the truth."""
    judged = verdicts(found, results)
    kinds = found.points.kinds
    beyond = judged.beyond_promise
    kappa_in, kappa_graph = (np.where(judged.normal, k, np.nan) for k in (found.sizes.kappa_in, found.sizes.kappa_graph))
    return Report(
        found.model,
        found.dtype,
        results.precision,
        len(found.points),
        {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)},
        _by_kind(judged.faulty, kinds),
        _by_kind(beyond, kinds),
        {text: int((getattr(judged, name) & beyond).sum()) for name, text in WHAT.items() if name != "broken"},
        found.largest_ulp,
        tuple(_result(found, judged, column) for column in range(len(found.names))),
        Samples(judged.ulp, kappa_in, kappa_graph, judged.wrong),
    )


def _by_kind(mask: NDArray[np.bool_], kinds: Sequence[str]) -> dict[str, int]:
    """How many results are marked at the points of each kind."""
    counts = dict.fromkeys(kinds, 0)
    for kind, count in zip(kinds, mask.sum(axis=1).tolist(), strict=True):
        counts[kind] += count
    return counts


def _result(found: "Truths", judged: Verdicts, column: int) -> ResultReport:
    counts = {name: int(mask[:, column].sum()) for name, mask in judged.counted().items()}
    errors = judged.ulp[:, column]
    known = np.isfinite(errors)
    faulty, beyond = judged.faulty[:, column], judged.beyond_promise[:, column]
    kappa_in, kappa_graph = found.sizes.kappa_in[:, column], found.sizes.kappa_graph[:, column]
    with np.errstate(all="ignore"):
        against_in = np.where(known, errors / (1 + kappa_in), np.nan)
        against_graph = np.where(judged.held[:, column], errors / judged.bound[:, column], np.nan)
        sharp = np.where(judged.held[:, column], errors / found.sizes.bound[:, column], np.nan)
        quality = np.where(judged.normal[:, column], kappa_graph / (1 + kappa_in), np.nan)
    return ResultReport(
        result=found.names[column],
        **counts,
        median=_largest(errors[known], np.median),
        largest=_largest(errors[known], np.max),
        worst_in=_largest(against_in[np.isfinite(against_in)], np.max),
        worst_graph=_largest(against_graph[np.isfinite(against_graph)], np.max),
        worst_sharp=_largest(sharp[np.isfinite(sharp)], np.max),
        quality=_largest(quality[np.isfinite(quality)], np.median),
        worst=_worst(found, judged, column, against_in, faulty if faulty.any() else ~np.isnan(against_in) & ~beyond),
        worst_beyond=_worst(found, judged, column, against_in, beyond),
    )


def _worst(
    found: "Truths", judged: Verdicts, column: int, against_in: NDArray[np.float64], candidates: NDArray[np.bool_]
) -> Worst | None:
    """The candidate with the largest error / (1 + kappa_in)."""
    if not candidates.any():
        return None
    place = int(np.argmax(np.where(candidates, np.nan_to_num(against_in, nan=0.0, posinf=np.inf), -1.0)))
    point = found.points.point(place)
    return Worst(
        result=found.names[column],
        what=judged.what(place, column),
        kind=found.points.kinds[place],
        point=point,
        computed=float(judged.computed[place, column]),
        truth=float(found.values[place, column]),
        ulp=float(judged.ulp[place, column]),
        kappa_in=float(found.sizes.kappa_in[place, column]),
        kappa_graph=float(found.sizes.kappa_graph[place, column]),
        literal=_literal(found, point),
        batched=bool(judged.batched[place, column]),
    )


def _literal(found: "Truths", point: Mapping[str, float]) -> str:
    """Assignments of w, X and y, as far as the model has them, with all digits."""
    parts = []
    for name, entries in found.layout.items():
        numbers = [point[entry] for entry in entries]
        text = repr(numbers[0] if name == "y" else numbers)
        parts.append(f"{name} = {text}" if found.dtype == "float64" else f"{name} = np.{found.dtype}({text})")
    return "; ".join(parts)


def _largest(values: NDArray[np.float64], statistic: Any) -> float:
    return float(statistic(values)) if len(values) else math.nan


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count)


def _figure(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}"


def _jsonable(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    if isinstance(value, dict):
        return {key: _jsonable(item) for key, item in value.items()}
    return value
