"""Derivatives from values alone: Richardson-extrapolated differences that know how far they can be trusted.

All rows are differentiated at once: f takes one number and returns an array (n,), and each of its elements gets its own
estimate from its own best step. Steps are halved from one to the next, and values divided by how far the argument really moved.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Function = Callable[[float], NDArray[np.floating[Any]]]

_LEVELS = 12  # step sizes tried, each half of the one before
_COLUMNS = 5  # extrapolations in a row; more only fit rounding noise
# Spacings of the close look, in units of the size of x. No powers of 2: on those, products are exact and noise hides.
_NEAR, _NEARER = 1.1e-6, 1.7e-8
_ROUGH = 2.0**24  # units in the last place; what is blurred further has kinks or jumps or waves there
_CONFIDENCE = 4.0  # how many deviations a slope from a close look may be off


class Estimate(NamedTuple):
    """A derivative and how far it can be trusted: (n,) arrays.

    Attributes:
        value: the derivative; NaN where none could be computed.
        distance: an estimate of its error from how the extrapolations agree; inf where none could be computed.
        steepest: the greatest slope that was met between x and another argument.
    """

    value: Array
    distance: Array
    steepest: Array

    @property
    def error(self) -> Array:
        """The estimated error.

        Where f does not change at small steps but does at large ones, as near a jump or where rounding makes stairs of a slope,
        a derivative of 0 is not to be trusted.
        """
        return np.where(self.value == 0.0, np.maximum(self.distance, self.steepest), self.distance)

    def or_better(self, other: "Estimate") -> "Estimate":
        """For each row the estimate of the two that has the smaller distance."""
        better = other.distance < self.distance
        value, distance = np.where(better, other.value, self.value), np.where(better, other.distance, self.distance)
        return Estimate(value, distance, np.maximum(self.steepest, other.steepest))


class Look(NamedTuple):
    """f seen from close by: (n,) arrays.

    Attributes:
        value: f(x).
        blur: how far rounding blurs f; inf where f is not finite, or rougher than rounding can explain.
        slope: the difference quotient over the closest arguments, to both sides; `left` and `right` to one side.
        doubt: how far blur may put the slope off; twice as far on one side.
    """

    value: Array
    blur: Array
    slope: Array
    left: Array
    right: Array
    doubt: Array


def look(f: Function, x: float, scale: float, known: Array | float = math.inf) -> Look:
    """See how f behaves so close to x that a smooth f is a straight line.

    Fourth differences then leave nothing but noise (Moré and Wild 2011, "Estimating computational noise", section 3). The blur
    is no less than one unit in the last place of the values.

    Args:
        f, x: values (n,) at an argument, and the argument.
        scale: the size of x, in the sense that x and x + scale differ much; it decides what is close.
        known: (n,) a bound of the rounding errors of f at x; inf where there is none.
    """
    near, nearer = (np.stack([f(x + k * scale * spacing) for k in range(-3, 4)]) for spacing in (_NEAR, _NEARER))
    precision, values = np.finfo(near.dtype), nearer.astype(np.float64)
    ulp = float(precision.eps) * np.abs(values).max(axis=0) + float(precision.smallest_subnormal)
    blur = np.maximum(np.maximum(_deviation(near.astype(np.float64)), _deviation(values)), ulp)
    # twice the bound at x is a bound close to x; where rounding is known, it cannot pass for more than it is
    blur = np.where(blur < _ROUGH * ulp, np.minimum(blur, 2.0 * known), np.inf)
    reach = 3.0 * scale * _NEARER
    left, right = (values[3] - values[0]) / reach, (values[6] - values[3]) / reach
    return Look(values[3], blur, (left + right) / 2.0, left, right, blur / reach)


def _deviation(values: Array) -> Array:
    """The standard deviation of the noise in seven values (7, n) on a line, from their fourth differences."""
    # a fourth difference of noise of deviation s has the deviation sqrt(1 + 16 + 36 + 16 + 1) s
    deviation: Array = np.abs(np.diff(values, n=4, axis=0)).max(axis=0) / math.sqrt(70.0)
    return deviation


def differentiate(f: Function, x: float, step: float, close: Look, *, one_sided: bool = False) -> Estimate:
    """Differentiate by central differences, or by differences to one side only, extrapolated to step 0.

    Ridders 1982, "Accurate computation of F'(x) and F'(x) F''(x)": the powers of the step by which the error of a quotient
    falls are eliminated one after the other, and for each row the entry is kept whose error estimate is least. The error of an
    entry is how far it is from the two entries it was made of, as in Ridders' method; plus what rounding can do; plus how far
    it is from the slope seen closest, beyond the doubt about that. Without the last term, a function that oscillates faster
    than the steps would pass for a flat one.

    Args:
        f, x: values (n,) at an argument, and the argument.
        step: the first and largest step; each further one is half the one before.
        close: from `look`.
        one_sided: whether to differentiate to the right only if the step is positive, to the left only if it is negative.
    """
    steps = [math.ldexp(step, -level) for level in range(_LEVELS)]
    ends = [(x if one_sided else x - h, x + h) for h in steps]
    sides = [(close.value if one_sided else f(low).astype(np.float64), f(high).astype(np.float64)) for low, high in ends]
    table = np.stack([(right - left) / (high - low) for (left, right), (low, high) in zip(sides, ends, strict=True)])
    rises = [np.fmax(np.abs(left - close.value), np.abs(right - close.value)) for left, right in sides]
    # The noise of a slope is 0.7 blur / h, or 1.4 blur / h to one side. Extrapolation multiplies it by less than the product
    # of (4**j + 1) / (4**j - 1), which is 2, or to one side of (2**j + 1) / (2**j - 1), which is 8.
    noise = np.stack([(16.0 if one_sided else 2.0) * close.blur / abs(h) for h in steps])
    order, closest, doubt = 2, close.slope, _CONFIDENCE * close.doubt
    if one_sided:
        order, closest, doubt = 1, close.right if step > 0 else close.left, 2.0 * doubt
    entries, guesses = [np.full_like(closest, np.nan)[None]], [np.full_like(doubt, np.inf)[None]]
    for column in range(1, _COLUMNS + 1):
        above, before = table[:-1], table[1:]
        table = before + (before - above) / (2.0 ** (order * column) - 1.0)
        guess = np.maximum(np.abs(table - before), np.abs(table - above)) + noise[column:]
        guess += np.maximum(np.abs(table - closest) - doubt, 0.0)
        entries.append(table)
        guesses.append(np.where(np.isnan(guess), np.inf, guess))
    found, distances = np.concatenate(entries), np.concatenate(guesses)
    best, rows = distances.argmin(axis=0), np.arange(len(closest))
    steepest = np.fmax.reduce([rise / abs(h) for rise, h in zip(rises, steps, strict=True)])
    return Estimate(found[best, rows], distances[best, rows], steepest)
