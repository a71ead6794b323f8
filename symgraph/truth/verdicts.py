"""The rules of the judge: what counts as a fault, at which points."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from symgraph.options import ACCURATE
from symgraph.truth.reference import AGREED

if TYPE_CHECKING:
    from symgraph.truth.judging import Truths
    from symgraph.truth.results import Results

KNOWN, UNDEFINED, NO_DERIVATIVE, UNRESOLVED = range(4)
"""What is known of a result: its value; that it is no real number; that it is a partial at a kink; nothing."""

Mask = NDArray[np.bool_]

GARBAGE = 0.5
"""A relative error above this leaves no digit."""
_UNAVOIDABLE = 4
"""What is asked of good code: 4 * (1 + kappa_in) ulp. Where that is GARBAGE, no digit can be asked for."""
_FIRST_ORDER = {"float64": 2.0**-20, "float32": 2.0**-9}
"""The largest relative error bound that is still held to: beyond, terms of second order may count."""
_SECOND_ORDER = 32.0
"""What those terms may be below, relative to the bound and in units of it."""
_OWN = 2.0 ** (2 - AGREED)
"""The judge's own relative error: a true value is known to AGREED bits."""
_FAR_OFF = 1e3
"""A truth that is 0 or subnormal is missed by so many times the scatter by rounding, and the smallest normal number."""
_NEAR = 2.0
"""How close to a border rounding may push a decision, in first-order error bounds."""
_TWOFOLD = 2.0**-98
"""The rounding unit of compensated arithmetic."""
_ACCURATE_KAPPA = 2.0**48
_ACCURATE_RANGE = (-900, 900)
"""Where accurate modules promise 1 ulp: kappa_graph below that, and binary exponents of all values on the way within these."""


WHAT = {"nan": "NaN", "inf": "Inf", "zero": "zero", "garbage": "garbage", "raised": "raised", "broken": "theorem"}
"""What may be wrong, by the name of its mask, as reports call it."""


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """Masks over (points, results), and the errors.

    Attributes:
        computed: what is judged: of the results of one-row calls and of batches the ones that are farthest off.
        batched: whether it is that of a batch.
        ulp: errors in ulp where the truth is normal and the result finite; else NaN.
        bound: what the theorem says, in ulp.
        normal, small, beyond, undefined, no_derivative, unresolved: what the truth is.
        nan, inf, zero, garbage, raised, broken: what is wrong.
        held: where the theorem was tried.
        unpromised: where nothing is promised, since a value on the way leaves the normal range other than through an
            exponential, or the value that is differentiated is beyond the dtype.
        blurred, doubtful: what would be wrong elsewhere.
    """

    computed: NDArray[np.float64]
    batched: Mask
    ulp: NDArray[np.float64]
    bound: NDArray[np.float64]
    normal: Mask
    small: Mask
    beyond: Mask
    undefined: Mask
    no_derivative: Mask
    unresolved: Mask
    nan: Mask
    inf: Mask
    zero: Mask
    garbage: Mask
    raised: Mask
    broken: Mask
    held: Mask
    unpromised: Mask
    blurred: Mask
    doubtful: Mask

    @property
    def wrong(self) -> Mask:
        """Where anything is wrong, promised or not."""
        return self.nan | self.inf | self.zero | self.garbage | self.raised | self.broken

    @property
    def faulty(self) -> Mask:
        """Where something is wrong that was promised."""
        return self.wrong & ~self.unpromised

    @property
    def beyond_promise(self) -> Mask:
        """Where something is wrong and nothing was promised."""
        return self.wrong & self.unpromised

    def counted(self) -> dict[str, Mask]:
        """The masks by the names under which a report counts them."""
        names = ("held", "beyond_promise", "blurred", "doubtful", "small", "beyond", "undefined", "no_derivative", "unresolved")
        faults = {name: getattr(self, name) & ~self.unpromised for name in WHAT}
        return {"judged": self.normal, **faults} | {name: getattr(self, name) for name in names}

    def what(self, place: int, column: int) -> str:
        """What is wrong with one result, or "error"."""
        return next((text for name, text in WHAT.items() if getattr(self, name)[place, column]), "error")


def verdicts(found: "Truths", results: "Results") -> Verdicts:
    """Judge every result at every point."""
    eps = float(np.finfo(found.dtype).eps)
    computed, batched = _farthest(found, results)
    normal, small, beyond = _sorted(found)
    finite = normal | small
    promise = _promise(found, results.precision)
    errors = _errors(found, computed, normal & np.isfinite(computed))
    lost = normal & np.isfinite(computed) & ((computed == 0) | (errors > GARBAGE))
    blurred = ~(promise.digits < GARBAGE)
    faults = {
        "nan": finite & np.isnan(computed) & ~results.raised,
        "inf": finite & np.isinf(computed),
        "zero": lost & ~blurred & (computed == 0),
        "garbage": (lost & ~blurred & (computed != 0)) | _missed(found, computed, small & ~promise.doubt),
        "raised": results.raised & _whole_calls(finite, found.names),
    }
    slack = 1 + (0 if results.precision == ACCURATE else _SECOND_ORDER * _FIRST_ORDER[found.dtype])
    held = promise.applies & normal & np.isfinite(errors) & ~promise.doubt
    faults = {name: mask & ~promise.undecided for name, mask in faults.items()}
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows in a bound or an error is as good as infinite
        ulp, bound = errors / eps, promise.bound * slack
    faults["broken"] = held & (ulp > bound)
    return Verdicts(
        computed=computed,
        batched=batched,
        ulp=np.where(promise.doubt, np.nan, ulp),
        bound=promise.bound,
        normal=normal,
        small=small,
        beyond=beyond,
        undefined=found.state == UNDEFINED,
        no_derivative=found.state == NO_DERIVATIVE,
        unresolved=found.state == UNRESOLVED,
        **faults,
        held=held,
        unpromised=(found.sizes.strayed & ~promise.in_range) | _of_values(beyond, found.names),
        blurred=lost & blurred & ~promise.undecided,
        doubtful=finite & promise.undecided,
    )


def _sorted(found: "Truths") -> tuple[Mask, Mask, Mask]:
    """Where the truth is a normal number of the dtype, where it is smaller or 0, and where it is larger."""
    dtype, known = np.finfo(found.dtype), found.state == KNOWN
    with np.errstate(invalid="ignore"):
        beyond = known & (np.abs(found.values) > float(dtype.max))
    small = known & ~beyond & ((found.high == 0) | (found.exponent <= dtype.minexp))
    return known & ~beyond & ~small, small, beyond


@dataclass(frozen=True, slots=True, eq=False)
class _Promise:
    """What a module promises.

    Attributes:
        bound: the largest error in ulp.
        applies: whether that is promised at all.
        in_range: whether all values on the way lie in the range for which it is.
        digits: the relative error that must be expected of the best code; where it is large, no digit is asked for.
        doubt: whether rounding may send a decision the other way.
        undecided: whether rounding the inputs may, so that no code can know.
    """

    bound: NDArray[np.float64]
    applies: Mask
    in_range: Mask
    digits: NDArray[np.float64]
    doubt: Mask
    undecided: Mask


def _promise(found: "Truths", precision: str) -> _Promise:
    dtype, sizes = np.finfo(found.dtype), found.sizes
    unit, lowest, highest = float(dtype.eps), int(dtype.minexp), int(dtype.maxexp)
    if precision == ACCURATE:
        unit, lowest, highest = _TWOFOLD, *_ACCURATE_RANGE
    with np.errstate(all="ignore"):
        bound = np.maximum(found.largest_ulp * sizes.kappa_graph, _OWN / unit)
        in_range = (sizes.lowest > lowest) & (sizes.highest <= highest)
        if precision == ACCURATE:
            bound, applies = np.ones_like(bound), in_range & (sizes.kappa_graph < _ACCURATE_KAPPA)
        else:
            applies = in_range & (bound * unit <= _FIRST_ORDER[found.dtype])
        digits = _UNAVOIDABLE * (1 + sizes.kappa_in) * unit
    near = _NEAR * unit
    return _Promise(bound, applies, in_range, digits, sizes.doubt <= near, sizes.undecided <= _UNAVOIDABLE * near)


def _farthest(found: "Truths", results: "Results") -> tuple[NDArray[np.float64], Mask]:
    """The results farthest from the truth, NaN before all others, and whether they are of a batch."""
    if results.batched is None:
        return results.values, np.zeros(results.values.shape, bool)
    runs = np.concatenate([results.values[None], results.batched])
    tiny = found.exponent < np.finfo(np.float64).minexp
    off = np.array([np.where(tiny, np.abs(run), _distances(found, run)) for run in runs])
    off = np.nan_to_num(off, nan=np.inf, posinf=np.finfo(np.float64).max)
    worst = np.argmax(off, axis=0)
    return np.take_along_axis(runs, worst[None], axis=0)[0], worst > 0


def _missed(found: "Truths", computed: NDArray[np.float64], small: Mask) -> Mask:
    """Where the truth is 0 or subnormal, and the result far from it by more than rounding explains."""
    missed = np.zeros(small.shape, bool)
    least = _FAR_OFF * float(np.finfo(found.dtype).tiny)
    with np.errstate(invalid="ignore"):
        off = np.where(small & np.isfinite(computed), np.abs(computed - found.values), 0.0)
    for place in np.flatnonzero((off > least).any(axis=1)).tolist():
        missed[place] = off[place] > np.maximum(_FAR_OFF * found.scatter(place), least)
    return missed


def _distances(found: "Truths", computed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances from the truth in units of its binade; the true values have more digits than a double, and so have these."""
    with np.errstate(all="ignore"):
        scaled = np.ldexp(computed, -np.clip(found.exponent, -3000, 3000).astype(np.int32))
        return np.abs((scaled - found.high) - found.low)


def _errors(found: "Truths", computed: NDArray[np.float64], where: Mask) -> NDArray[np.float64]:
    """Relative errors."""
    with np.errstate(all="ignore"):
        return np.where(where, _distances(found, computed) / np.abs(found.high), np.nan)


def _of_values(marked: Mask, names: tuple[str, ...]) -> Mask:
    """For each partial whether the value that is differentiated is marked; False for the values themselves."""
    values = {"grad": "loss", "jacobian": "output"}
    columns = [values.get(name.partition(" ")[0], "") for name in names]
    nothing = np.zeros(len(marked), bool)
    return np.stack([marked[:, names.index(value)] if value in names else nothing for value in columns], axis=1)


def _whole_calls(finite: Mask, names: tuple[str, ...]) -> Mask:
    """For each result whether all results of the same call of the scalar backend are finite numbers of the dtype."""
    output = np.array([name == "output" or name.startswith("jacobian ") for name in names], bool)
    predicted = (finite | ~output).all(axis=1)[:, None]
    rest = (finite | output).all(axis=1)[:, None]
    return np.asarray((output & predicted) | (~output & rest))
