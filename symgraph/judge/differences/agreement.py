"""Decides whether results agree: partials with the differences of the values, and functions with the rows."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.judge.differences.quotients import Array, Estimate, Function, Look, differentiate, look

# An error estimate is itself an estimate: a difference is called wrong only this many times further off.
SAFETY = 10.0
# Rounding error inside the module's own derivative, relative to it, in units of its precision but at least 1e-6.
_UNITS = 200.0
_FLOOR = 1e-6
# A partial is judged where a factor of 1.001 would be seen four times over.
_RESOLUTION = 2.5e-4
# Largest steps, in units of the weight, or of 1 where it is 0. The first serves most models. The others are for models that are
# very steep or flat, and for weights far from their natural size; the last counts in units of 1 for small weights too.
# No powers of 2: on those, products are exact and rounding hides.
_STEPS = (0.11, 2.3e-4, 3.7)
# Steps of the second and third opinion; they share no argument with the first.
_OPINIONS = (0.71, 0.37)
# In float32, a factor is told from rounding if it is off by more than this, and the same in several rows.
_COARSE, _ENOUGH = 5e-3, 3


class Entries(NamedTuple):
    """The partials of one weight, a row each: (n,) arrays."""

    analytic: Array
    numeric: Array
    tolerance: Array
    judged: NDArray[np.bool_]
    failed: NDArray[np.bool_]

    def worst(self, failed: bool) -> tuple[int, float]:
        """The place of the greatest relative difference among the failed entries, or else the judged ones, and that; or -1.

        It is relative to the larger of the two, and infinite where the module's partial is not finite.
        """
        if not len(self.analytic):
            return 0, -1.0
        with np.errstate(all="ignore"):
            size = np.maximum(np.abs(self.analytic), np.abs(self.numeric))
            gap = np.where(size > 0, np.abs(self.analytic - self.numeric) / size, 0.0)
        relative = np.where(np.isfinite(self.analytic), gap, np.inf)
        ranked = np.where(self.failed if failed else self.judged, relative, -1.0)
        place = int(ranked.argmax())
        return place, float(ranked[place])


def agree(result: Array, expected: Array, tolerance: Array, *, lenient: bool = False) -> Entries:
    """Compare results with what they ought to be, of one shape, where that is finite.

    ``lenient`` lets results pass that are not finite.
    """
    with np.errstate(all="ignore"):
        usable = np.isfinite(expected) & np.isfinite(tolerance)
        gap = np.where(np.isfinite(result), np.abs(result - expected), 0.0 if lenient else np.inf)
        failed = usable & (gap > tolerance)
        sharp = tolerance < _RESOLUTION * np.maximum(np.abs(result), np.abs(expected))
        judged = failed | (usable & np.isfinite(result) & sharp)
    return Entries(result.ravel(), expected.ravel(), tolerance.ravel(), judged.ravel(), failed.ravel())


def same_factor(result: Array, expected: Array) -> Entries:
    """Compare results in float32 with the same in float64, (n,) or (n, k): one common factor for all rows is wrong.

    Rounding of any size may be sound in float32, but it does not give different rows the same factor.
    """
    result, expected = (part.reshape(len(part), -1) for part in (result, expected))
    with np.errstate(all="ignore"):
        ratio = result / expected
    usable = np.isfinite(ratio) & (ratio != 0.0)
    failed = np.zeros_like(usable)
    for column in range(ratio.shape[1]):
        rows = usable[:, column]
        if len(np.unique(expected[rows, column])) >= _ENOUGH:
            found = ratio[rows, column]
            common = float(np.median(found))
            if abs(common - 1.0) > _COARSE and (np.abs(found - common) < _COARSE / 5.0 * abs(common)).all():
                failed[rows, column] = True
    judged = failed | (usable & (np.abs(ratio - 1.0) < _COARSE))
    tolerance = _COARSE * np.abs(expected)
    return Entries(result.ravel(), expected.ravel(), tolerance.ravel(), judged.ravel(), failed.ravel())


def judge(f: Function, x: float, scale: float, analytic: Array, sway: Array, blur: Array) -> Entries:
    """Compare partials with the differences of f.

    A partial is wrong only where three estimates with different steps all say so, and where it lies outside the derivatives to
    the left and to the right if those differ: at a kink any value between them is a derivative.

    Args:
        f: the values (n,), of any float dtype, as a function of one weight.
        x: the weight's value.
        scale: the size of x; steps count in units of it.
        analytic: (n,) the partials that the module gives there.
        sway: (n,) how far rounding moves them, for comparison with estimates: ``SAFETY`` times that is allowed for.
        blur: (n,) the most that rounding can blur f at x, as the module says; inf where it says nothing.
    """
    with np.errstate(all="ignore"):
        rounding = max(_FLOOR, _UNITS * float(np.finfo(f(x).dtype).eps))
        place = _Place(f, x, scale, look(f, x, scale, blur), analytic, sway, rounding)
        first = place.compared(place.estimate())
        confirmed = first.failed.copy()
        for factor in _OPINIONS:
            if confirmed.any():
                confirmed &= place.compared(place.estimate(factor)).failed
        if confirmed.any():
            confirmed &= ~place.is_kink()
        return first._replace(judged=confirmed | (first.judged & ~first.failed), failed=confirmed)


class _Place(NamedTuple):
    """A weight at a point: what is compared there, and how large the rounding of partials may be, relative to them."""

    f: Function
    x: float
    scale: float
    close: Look
    analytic: Array
    sway: Array
    rounding: float

    def estimate(self, factor: float = 1.0) -> Estimate:
        """The best derivative, row by row, over the ranges of steps; later ranges are tried while a row needs them."""
        best = differentiate(self.f, self.x, factor * _STEPS[0] * self.scale, self.close)
        for step in (_STEPS[1] * self.scale, _STEPS[2] * max(self.scale, 1.0)):
            if np.all(np.where(best.steepest == 0.0, self.analytic == 0.0, self.compared(best).judged)):
                break
            best = best.or_better(differentiate(self.f, self.x, factor * step, self.close))
        return best

    def compared(self, estimate: Estimate) -> Entries:
        """Compare the partials with an estimate of them; those are judged of which a factor of 1.001 would be seen.

        A partial that cannot be told from 0 is never judged. One that is not finite is off only where the differences are
        clearly not 0: at sqrt(0 * w), say, the module's 0/0 spoils a derivative that is 0; that is counted, not called wrong.
        """
        finite = np.isfinite(self.analytic)
        known = np.where(finite, self.analytic, 0.0)
        size = np.fmax(np.abs(known), np.abs(estimate.value))
        tolerance = SAFETY * (estimate.error + self.sway) + self.rounding * size
        seen = finite & (tolerance < _RESOLUTION * size)
        return Entries(self.analytic, estimate.value, tolerance, seen, np.abs(known - estimate.value) > tolerance)

    def is_kink(self) -> NDArray[np.bool_]:
        """Tell whether the derivatives on the two sides differ and the partial lies between them."""
        left, right = (
            differentiate(self.f, self.x, side * _STEPS[0] * self.scale, self.close, one_sided=True) for side in (-1.0, 1.0)
        )
        reach = SAFETY * (left.error + right.error)
        low, high = np.minimum(left.value, right.value) - reach, np.maximum(left.value, right.value) + reach
        return (np.abs(left.value - right.value) > reach) & (low <= self.analytic) & (self.analytic <= high)
