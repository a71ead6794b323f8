"""Whether a partial derivative, row by row, agrees with the differences of the values."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.gradcheck.differences import Array, Estimate, Function, Look, central, look, one_sided

# An error estimate is itself an estimate: a difference is called wrong only this many times further off.
_SAFETY = 10.0
# What rounding inside the module's own derivative may do, relative to it, in units of its precision but at least 1e-6.
_UNITS = 200.0
_FLOOR = 1e-6
# A partial is judged where a factor of 1.001 would be seen four times over.
_RESOLUTION = 2.5e-4
# Largest steps, in units of the weight (or of 1 where it is 0): the first serves most models; the others are for models that
# are very steep or very flat, and for weights far from their natural size.
_STEPS = (2.0**-3, 2.0**-12, 2.0**2)
# Steps of the second and third opinion; they share no argument with the first.
_OPINIONS = (0.71, 0.37)


class Entries(NamedTuple):
    """The partials of one weight, a row each: (n,) arrays."""

    analytic: Array
    numeric: Array
    tolerance: Array
    judged: NDArray[np.bool_]
    failed: NDArray[np.bool_]

    @property
    def relative(self) -> Array:
        """How far the two are apart, relative to the larger one; inf where the module's partial is not finite."""
        with np.errstate(all="ignore"):
            size = np.maximum(np.abs(self.analytic), np.abs(self.numeric))
            gap = np.abs(self.analytic - self.numeric) / size
        return np.where(np.isfinite(self.analytic), np.where(size > 0, gap, 0.0), np.inf)


def judge(f: Function, x: float, analytic: Array) -> Entries:
    """Compare partials with the differences of f.

    A partial is wrong only where three estimates with different steps all say so, and where it lies outside the derivatives to
    the left and to the right if those differ: at a kink any value between them is a derivative.

    Args:
        f: the values (n,), of any float dtype, as a function of one weight.
        x: the weight's value.
        analytic: (n,) the partials that the module gives there.
    """
    with np.errstate(all="ignore"):
        unit = float(np.finfo(f(x).dtype).eps)
        close = look(f, x)
        estimate = _estimate(f, x, analytic, close, unit)
        off = _is_off(estimate, analytic, unit)
        confirmed = off.copy()
        for factor in _OPINIONS:
            if confirmed.any():
                confirmed &= _is_off(_estimate(f, x, analytic, close, unit, factor), analytic, unit)
        if confirmed.any():
            confirmed &= ~_at_kink(f, x, analytic, close)
        judged = confirmed | (_is_resolved(estimate, analytic, unit) & ~off)
        return Entries(analytic, estimate.value, _tolerance(estimate, analytic, unit), judged, confirmed)


def _estimate(f: Function, x: float, analytic: Array, close: Look, unit: float, factor: float = 1.0) -> Estimate:
    """The best derivative, row by row, over the ranges of steps; later ranges are tried while a row needs them."""
    first, *others = (factor * step * (abs(x) or 1.0) for step in _STEPS)
    best = central(f, x, first, close)
    for step in others:
        if np.all(_is_resolved(best, analytic, unit) | ((best.steepest == 0.0) & (analytic == 0.0))):
            break
        best = best.or_better(central(f, x, step, close))
    return best


def _size(estimate: Estimate, analytic: Array) -> Array:
    """The larger of the two partials, among those that are finite."""
    return np.fmax(np.where(np.isfinite(analytic), np.abs(analytic), 0.0), np.abs(estimate.value))


def _tolerance(estimate: Estimate, analytic: Array, unit: float) -> Array:
    return _SAFETY * estimate.error + max(_FLOOR, _UNITS * unit) * _size(estimate, analytic)


def _is_resolved(estimate: Estimate, analytic: Array, unit: float) -> NDArray[np.bool_]:
    """Whether a factor of 1.001 would be seen; never where the partial cannot be told from 0."""
    return np.isfinite(analytic) & (_tolerance(estimate, analytic, unit) < _RESOLUTION * _size(estimate, analytic))


def _is_off(estimate: Estimate, analytic: Array, unit: float) -> NDArray[np.bool_]:
    """Whether the two are further apart than the tolerance.

    A partial that is not finite is off only where the differences are clearly not 0: at sqrt(0 * w), say, the module's 0/0
    spoils a derivative that is 0, and that is counted but not called wrong.
    """
    tolerance = _tolerance(estimate, analytic, unit)
    gap = np.where(np.isfinite(analytic), np.abs(analytic - estimate.value), np.abs(estimate.value))
    return gap > tolerance


def _at_kink(f: Function, x: float, analytic: Array, close: Look) -> NDArray[np.bool_]:
    """Whether the derivatives to the left and to the right differ and the partial lies between them."""
    step = _STEPS[0] * (abs(x) or 1.0)
    left, right = one_sided(f, x, -step, close), one_sided(f, x, step, close)
    reach = _SAFETY * (left.error + right.error)
    low, high = np.minimum(left.value, right.value) - reach, np.maximum(left.value, right.value) + reach
    return (np.abs(left.value - right.value) > reach) & (low <= analytic) & (analytic <= high)
