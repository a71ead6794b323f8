"""The rules of the judge: what counts as a fault, at which points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.columns import value_of
from symgraph.judge.reference import NARROW
from symgraph.judge.runs import CRASH, MATH_ERROR, Results, Run
from symgraph.judge.truth_at_points import KNOWN, NO_DERIVATIVE, UNDEFINED, UNRESOLVED, Truths
from symgraph.options import ACCURATE

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]

GARBAGE = 0.5
"""A relative error above this leaves no digit."""
_UNAVOIDABLE = 4
"""Error allowed to good code, in (1 + kappa_in) ulp. Where that is GARBAGE, no digit can be asked for."""
_FIRST_ORDER = {"float64": 2.0**-20, "float32": 2.0**-9}
"""The largest relative error bound that is still held to: beyond, terms of second order may count."""
_SECOND_ORDER = 32.0
"""Limit of second-order terms, relative to the bound and in units of it."""
_OWN = 2.0 ** (10 - NARROW)
"""The judge's own relative error."""
_FAR_OFF = 1e3
"""A truth that is 0 or subnormal is missed by so many times the scatter by rounding, and the smallest normal number."""
_TWOFOLD = 2.0**-98
"""The rounding unit of compensated arithmetic."""
_ACCURATE_KAPPA = 2.0**48
_ACCURATE_RANGE = (-(2**20), 2**20)
"""Where accurate modules promise 1 ulp: kappa_graph below that, and binary exponents of all values on the way within these."""
_SLACK = 1.0 + 2.0**-4
_SUM_ROOM = 8
"""Binary exponents that sums over a batch may need beyond those of its rows."""

WHAT = {
    "nan": "NaN",
    "infinite": "infinite",
    "zero": "lost to 0",
    "wrong": "no digit right",
    "raised": "raised",
    "above_bound": "above bound",
    "above_own": "above error_bound",
}
"""Names of faults in reports, by the name of the mask."""


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """Masks over (points, results), and the errors.

    Attributes:
        computed: what is judged: of all that the module's functions give, the one that is farthest off.
        source: the position of its run; -1 where no run says anything.
        ulp, bound: its error where the truth is normal and the result finite, else NaN; the error's bound.
        plain: whether nothing but rounding of single rows is allowed of it.
        kappa_in: by the inputs; of partials by sums of doubles, where nothing hangs on it.
        in_range: where all values on the way lie in the range of normal numbers, and no decision is in doubt.
        outside: where nothing is promised, since a value on the way leaves the normal range other than through an exponential,
            or the value that is differentiated is beyond the dtype.
        wrong: what is wrong, promised or not, by the names of ``WHAT``.
        known: what else a report counts, by its names there: what the truth is, and what is tried, blurred or doubtful.
    """

    computed: Floats
    source: NDArray[np.intp]
    ulp: Floats
    bound: Floats
    plain: Mask
    kappa_in: Floats
    in_range: Mask
    outside: Mask
    wrong: Mapping[str, Mask]
    known: Mapping[str, Mask]

    @property
    def failing(self) -> Mask:
        """Where anything is wrong, promised or not."""
        return np.asarray(np.logical_or.reduce([*self.wrong.values()]))

    @property
    def faulty(self) -> Mask:
        """Where something is wrong that was promised."""
        return self.failing & ~self.outside

    @property
    def outside_range(self) -> Mask:
        """Where something is wrong and nothing was promised."""
        return self.failing & self.outside

    def counted(self) -> dict[str, Mask]:
        """The masks by the names under which a report counts them."""
        faults = {name: mask & ~self.outside for name, mask in self.wrong.items()}
        return {**self.known, **faults, "outside_range": self.outside_range}

    def what(self, place: int, column: int) -> str:
        """Return a result's fault, or "error"."""
        return next((text for name, text in WHAT.items() if self.wrong[name][place, column]), "error")


def verdicts(found: Truths, results: Results) -> Verdicts:
    """Judge every result at every point."""
    eps = float(np.finfo(found.dtype).eps)
    normal, small, beyond = _sorted(found)
    finite = normal | small
    promise = _promise(found, results.precision)
    worst = _worst_runs(found, results, promise, finite)
    computed = worst.computed
    with np.errstate(all="ignore"):
        relative = _distances(found, computed) / np.abs(found.high)
    errors = np.where(normal & np.isfinite(computed), relative, np.nan)
    lost = normal & np.isfinite(computed) & ((computed == 0) | (errors > GARBAGE))
    kappa_in = _looked_up(found, lost)
    blurred = ~(kappa_in < GARBAGE / (_UNAVOIDABLE * eps))
    open_ = np.isinf(found.sizes.scatter)
    undecided = _undecided(found, finite & open_)
    wrong = {
        "nan": finite & np.isnan(computed) & (worst.raised == 0) & (worst.source >= 0),
        "infinite": finite & np.isinf(computed),
        "zero": lost & ~blurred & (computed == 0),
        "wrong": (lost & ~blurred & (computed != 0)) | _missed(found, computed, small & ~open_),
        "raised": worst.raised == MATH_ERROR,
    }
    tried = promise.applies & normal & np.isfinite(errors) & ~open_
    wrong = {name: mask & ~undecided for name, mask in wrong.items()}
    wrong["raised"] |= worst.raised == CRASH
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows in a bound or an error is as good as infinite
        ulp = errors / eps
        slack = 1 + (0 if results.precision == ACCURATE else _SECOND_ORDER * _FIRST_ORDER[found.dtype])
        wrong["above_bound"] = tried & (ulp > worst.allowed * slack)
    wrong["above_own"] = _above_own(found, results, finite)
    known = {"judged": normal, "tried": tried, "blurred": lost & blurred & ~undecided, "doubtful": finite & undecided}
    known |= {"small": small, "beyond": beyond, "undefined": found.state == UNDEFINED}
    known |= {"no_derivative": found.state == NO_DERIVATIVE, "unresolved": found.state == UNRESOLVED}
    return Verdicts(
        computed=computed,
        source=worst.source,
        ulp=np.where(open_, np.nan, ulp),
        bound=worst.allowed,
        plain=worst.allowed == promise.bound,
        kappa_in=kappa_in,
        in_range=promise.in_range & ~open_,
        outside=((found.sizes.strayed & ~promise.in_range) | _of_values(beyond, found.names)) & (worst.raised != CRASH),
        wrong=wrong,
        known=known,
    )


def _looked_up(found: Truths, lost: Mask) -> Floats:
    """kappa_in, from the reference where it may excuse something."""
    kappa_in = found.sizes.kappa_in.copy()
    for place, column in np.argwhere(lost).tolist():
        kappa_in[place, column] = found.kappa_in(place, column)
    return kappa_in


def _undecided(found: Truths, doubted: Mask) -> Mask:
    """Where the inputs' last bits leave open what is in doubt."""
    undecided = np.zeros(doubted.shape, bool)
    for place in np.flatnonzero(doubted.any(axis=1)).tolist():
        undecided[place] = np.isinf(found.sizes.scatter[place]) & found.left_open(place)
    return undecided


def _sorted(found: Truths) -> tuple[Mask, Mask, Mask]:
    """Where the truth is a normal number of the dtype, where it is smaller or 0, and where it is larger."""
    dtype, known = np.finfo(found.dtype), found.state == KNOWN
    with np.errstate(invalid="ignore"):
        beyond = known & (np.abs(found.values) > float(dtype.max))
    small = known & ~beyond & ((found.high == 0) | (found.exponent <= dtype.minexp))
    return known & ~beyond & ~small, small, beyond


class _Promise(NamedTuple):
    """A module's promise: errors up to ``bound`` ulp where it ``applies``, all values on the way being ``in_range``, and
    far enough inside it for sums over a batch where there is ``room``."""

    bound: Floats
    applies: Mask
    in_range: Mask
    room: Mask


def _promise(found: Truths, precision: str) -> _Promise:
    dtype, sizes = np.finfo(found.dtype), found.sizes
    unit, lowest, highest = float(dtype.eps), int(dtype.minexp), int(dtype.maxexp)
    if precision == ACCURATE:
        unit, lowest, highest = _TWOFOLD, *_ACCURATE_RANGE
    with np.errstate(all="ignore"):
        bound = np.maximum(found.largest_ulp * sizes.kappa_graph, _OWN / unit)
        in_range = (sizes.lowest > lowest) & (sizes.highest <= highest)
        room = (sizes.lowest > lowest + _SUM_ROOM) & (sizes.highest <= highest - _SUM_ROOM)
        if precision == ACCURATE:
            bound, applies = np.ones_like(bound), in_range & (sizes.kappa_graph < _ACCURATE_KAPPA)
        else:
            applies = in_range & (bound * unit <= _FIRST_ORDER[found.dtype])
    return _Promise(bound, applies, in_range, room)


class _Worst(NamedTuple):
    """Of all runs of a module the one that is farthest off, by what is allowed of it: (n, k) each."""

    computed: Floats
    source: NDArray[np.intp]
    allowed: Floats
    raised: NDArray[np.int8]


def _worst_runs(found: Truths, results: Results, promise: _Promise, finite: Mask) -> _Worst:
    shape = found.high.shape
    computed, source = np.full(shape, np.nan), np.full(shape, -1, np.intp)
    allowed, raised = promise.bound.copy(), np.zeros(shape, np.int8)
    worst, eps = np.full(shape, -1.0), float(np.finfo(found.dtype).eps)
    zero, tiny, far = found.high == 0.0, found.exponent < np.finfo(np.float64).minexp, _far_off(found)
    for place, run in enumerate(results.runs):
        columns = list(run.columns)
        trouble = _trouble(run, finite[:, columns])
        with np.errstate(all="ignore"):
            sums = np.maximum(1.0, found.sizes.sums[:, columns]) if run.summed else 1.0
            permitted = run.factor * promise.bound[:, columns] + run.slack * sums
            off = np.where(tiny[:, columns], np.abs(run.values), _distances(found, run.values, columns)) / (eps * permitted)
            off = np.where(zero[:, columns], np.abs(run.values) / far[:, columns], off)  # no bound is relative to 0
        off = np.nan_to_num(off, nan=np.inf, posinf=np.inf)
        if run.summed:
            off = np.where(promise.room[:, columns], off, -1.0)
        if not run.plain:  # errors of its own count for nothing where they are allowed
            off = np.where(off > _SLACK, off, -1.0)
        # where Python's math raises for a result of the same call that is infinite, nothing is said of the others
        off = np.where((run.tried & (run.raised == 0))[:, None], off, -1.0)
        off = np.where(trouble > 0, np.inf, off)
        ahead = (off > worst[:, columns]) | (trouble > raised[:, columns])
        for values, new in ((computed, run.values), (source, place), (allowed, permitted), (raised, trouble), (worst, off)):
            values[:, columns] = np.where(ahead, new, values[:, columns])
    return _Worst(computed, source, allowed, raised)


def _trouble(run: Run, finite: Mask) -> NDArray[np.int8]:
    """Return a run's undue exceptions: mathematical ones where all truths of the call are finite, others anywhere."""
    whole = finite.all(axis=1)
    raised = np.where(run.raised == CRASH, CRASH, np.where((run.raised == MATH_ERROR) & whole, MATH_ERROR, 0))
    return np.broadcast_to(raised[:, None], finite.shape).astype(np.int8)


def _above_own(found: Truths, results: Results, finite: Mask) -> Mask:
    """Where an error is larger than the bound that the module itself gives."""
    if results.bounds is None:
        return np.zeros(finite.shape, bool)
    columns = list(range(finite.shape[1]))
    above = np.zeros(finite.shape, bool)
    with np.errstate(all="ignore"):
        bounds = np.ldexp(results.bounds, -np.clip(found.exponent, -3000, 3000).astype(np.int32)) * (1 + 2.0**-50) + _OWN
        for run in results.runs:
            if run.label in ("forward", "loss", "per_sample_grad"):
                columns = list(run.columns)
                off = _distances(found, run.values, columns)
                above[:, columns] |= finite[:, columns] & (off > bounds[:, columns])
    return above


def _missed(found: Truths, computed: Floats, small: Mask) -> Mask:
    """Where the truth is 0 or subnormal, and the result far from it by more than rounding explains."""
    with np.errstate(invalid="ignore"):
        off = np.where(small & np.isfinite(computed), np.abs(computed - found.values), 0.0)
    return np.asarray(off > _far_off(found))


def _far_off(found: Truths) -> Floats:
    """Return the distances from a truth that is 0 or subnormal beyond which rounding explains no result."""
    with np.errstate(over="ignore"):  # no result is farther off than any number
        return np.maximum(_FAR_OFF * found.sizes.scatter, _FAR_OFF * float(np.finfo(found.dtype).tiny))


def _distances(found: Truths, computed: Floats, columns: Any = slice(None)) -> Floats:
    """Distances from the truth in units of its binade; the true values have more digits than a double, and so have these."""
    exponent = -np.clip(found.exponent[:, columns], -3000, 3000).astype(np.int32)
    with np.errstate(all="ignore"):
        scaled = np.ldexp(computed, exponent)
        return np.asarray(np.abs((scaled - found.high[:, columns]) - found.low[:, columns]))


def _of_values(marked: Mask, names: Sequence[str]) -> Mask:
    """For each partial whether the value that is differentiated is marked; False for the values themselves."""
    columns = [value if leaf else "" for value, leaf in map(value_of, names)]
    nothing = np.zeros(len(marked), bool)
    return np.stack([marked[:, names.index(value)] if value in names else nothing for value in columns], axis=1)
