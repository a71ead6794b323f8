"""Bounds of the errors of functions whose formulas are 0/0 or cancel at 0."""

from collections.abc import Callable

import numpy as np

from symgraph.runtime.bounds import size_of
from symgraph.runtime.bounds_of_functions import bounded, nearest_size
from symgraph.runtime.facts import Array
from symgraph.runtime.kernels import (
    bernoulli_function,
    bernoulli_slope,
    exprel,
    exprel2,
    exprel2_slope,
    exprel_slope,
    langevin,
    langevin_slope,
    log1pmx,
    log1prel,
    log1prel_slope,
    sinhc,
    sinhc_slope,
    sinmx,
    tanhmx,
)

Slope = Callable[[Array], Array]


def rising(slope: Slope) -> Callable[[Array, Array, Array], Array]:
    """Make the function that bounds an error by a slope that grows with the operand."""
    return lambda a, da, _: da * slope(np.float64(a) + da)


def outwards(slope: Slope) -> Callable[[Array, Array, Array], Array]:
    """Make the function that bounds an error by a slope that is largest far from 0."""
    return lambda a, da, _: da * np.abs(slope(size_of(a) + da))


def inwards(slope: Slope) -> Callable[[Array, Array, Array], Array]:
    """Make the function that bounds an error by a slope that is largest near 0."""
    return lambda a, da, _: da * slope(nearest_size(a, da))


def at_low_end(slope: Slope) -> Callable[[Array, Array, Array], Array]:
    """Make the function that bounds an error by a slope below 0 that rises to it, from -1 on; infinite beyond."""

    def moved(a: Array, da: Array, _: Array) -> Array:
        low = np.float64(a) - da
        return np.where(low > -1.0, da * -slope(np.where(low > -1.0, low, 0.0)), np.inf)

    return moved


def at_ends(slope: Slope) -> Callable[[Array, Array, Array], Array]:
    """Make the function that bounds an error by a monotone slope."""
    return lambda a, da, _: da * np.maximum(np.abs(slope(np.float64(a) - da)), np.abs(slope(np.float64(a) + da)))


def log1p_less(x: Array) -> Array:
    """Give the slope of log(1 + x) - x, infinite outside of its domain."""
    return np.where(x > -1.0, x / (1.0 + x), np.inf)


exprel_bound = bounded(exprel, rising(exprel_slope), 3.0, 1.0)
# whose own slope is below it, as t*t is below t in the integral of t*exp(t*x) from 0 to 1
exprel_slope_bound = bounded(exprel_slope, rising(exprel_slope), 7.0, 1.0)
# whose own slope is below 1 and below it, and both fall
bernoulli_function_bound = bounded(
    bernoulli_function, lambda a, da, _: da * np.fmin(1.0, bernoulli_function(np.float64(a) - da)), 3.0, 1.0
)
# a fall from -1 to 0 by a slope of at most 1/6, which is below twice the size of the value on the right
bernoulli_slope_bound = bounded(
    bernoulli_slope, lambda a, da, _: da * np.fmin(1.0 / 6.0, -2.0 * bernoulli_slope(np.float64(a) - da)), 5.0, 1.0
)
exprel2_bound = bounded(exprel2, rising(exprel2_slope), 5.5, 1.0)
# whose own slope is below it
exprel2_slope_bound = bounded(exprel2_slope, rising(exprel2_slope), 8.5, 1.0)
sinhc_bound = bounded(sinhc, outwards(sinhc_slope), 3.0, 1.0)
# whose own slope is the integral of t*t*cosh(t*x)
sinhc_slope_bound = bounded(sinhc_slope, outwards(sinhc), 4.0, 1.0)
langevin_bound = bounded(langevin, inwards(langevin_slope), 6.0, 1.0)
# whose own slope is below 1/8, and below 2/x**3
langevin_slope_bound = bounded(langevin_slope, inwards(lambda x: np.fmin(0.125, 2.0 / x / x / x)), 8.0, 1.0)
log1prel_bound = bounded(log1prel, at_low_end(log1prel_slope), 1.5, 1.0)
# whose own slope, 2 times the integral of t*t/(1 + x*t)**3, is below twice the size of the value over 1 + x
log1prel_slope_bound = bounded(log1prel_slope, at_low_end(lambda x: 2.0 * log1prel_slope(x) / (1.0 + x)), 6.5, 1.0)
log1pmx_bound = bounded(log1pmx, at_ends(log1p_less), 4.0, 1.0)
sinmx_bound = bounded(sinmx, outwards(lambda x: np.fmin(2.0, x * x / 2.0)), 2.5, 1.0)
tanhmx_bound = bounded(tanhmx, outwards(lambda x: np.tanh(x) ** 2), 3.0, 1.0)
