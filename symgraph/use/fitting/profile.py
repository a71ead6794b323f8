"""Profiles: one weight is held at values about the best, the others are fitted anew, and the loss tells how far it may go.

The results here are `FitResult`, whose file imports this one. Sources: D. M. Bates and D. G. Watts, Nonlinear Regression
Analysis and Its Applications (1988), chapter 6; S. S. Wilks, Annals of Mathematical Statistics 9 (1938), for likelihoods.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from symgraph.errors import OptionError
from symgraph.use.fitting.problem import Array, Problem, by_name
from symgraph.use.fitting.search import search_nearby
from symgraph.use.fitting.statistics import scatter

_FARTHEST = 60
"""Doublings of a step outwards before an end counts as open."""
_TOGETHER = 1e-12
"""Distance of a correlation from 1 within which two weights are one."""
_DIGITS = 1e-6
"""Relative width to which the end of an interval is found."""


def profile_interval(result: Any, name: str, level: float) -> tuple[float, float]:
    """Return the ends of ``FitResult.profile``, of the module's weight."""
    problem, v, place = result.problem, result.found.v, _place(result, name)
    most = threshold(problem, result.dof, level, 1)
    error = float(result.stderr_of_w[problem.free[place]])  # finite where its square is not
    step = error * math.sqrt(most) if 0.0 < error < math.inf else 1e-2 * max(abs(v[place]), 1e-2)
    low, high = (farthest(problem, v, {place: sign * step}, most)[0] for sign in (-1, 1))
    return float(low), float(high)


def rises_along(result: Any, name: str, values: Any) -> Array:
    """Return the rises of ``FitResult.rises`` at values of the module's weight."""
    problem, v, place = result.problem, result.found.v, _place(result, name)
    values = np.asarray(values, np.float64)
    rise = rise_of(problem, v)
    found, last = np.empty(len(values)), {False: v, True: v}
    for j in np.argsort(np.abs(values - v[place])).tolist():  # outwards, on either side
        side = bool(values[j] > v[place])
        with np.errstate(all="ignore"):
            last[side] = refitted(problem, last[side], {place: float(values[j])})
            found[j] = rise(last[side])
    return found


def contour_of(result: Any, first: str, second: str, level: float, points: int) -> Array:
    """Return the points of ``FitResult.contour``, of the module's weights."""
    problem, places = result.problem, (_place(result, first), _place(result, second))
    if places[0] == places[1]:
        raise OptionError("a contour needs two different weights")
    most = threshold(problem, result.dof, level, 2)
    both = problem.free[list(places)]
    errors, correlation = result.stderr_of_w[both], result.correlations[both[0], both[1]]
    if abs(correlation) > 1.0 - _TOGETHER:
        raise OptionError(f"{first} and {second} move only together, so their region has no border; see profile")
    known = np.isfinite(errors).all()
    sizes = errors if known else 1e-2 * np.maximum(np.abs(result.w[both]), 1e-2)
    slant = correlation if known else 0.0
    shape = sizes[:, np.newaxis] * np.array([[1.0, 0.0], [slant, math.sqrt(1.0 - slant**2)]])
    turns = np.linspace(0.0, 2.0 * np.pi, points, endpoint=False)
    steps = math.sqrt(most) * np.column_stack([np.cos(turns), np.sin(turns)]) @ shape.T
    ends = [farthest(problem, result.found.v, dict(zip(places, step, strict=True)), most) for step in steps.tolist()]
    return np.array(ends)


def _place(result: Any, name: str) -> int:
    """Return the place of a weight among the free ones."""
    by_name("weight", (name,), result.names)
    if name not in result.problem.names:
        raise OptionError(f"{name} is fixed, so it has no interval")
    place: int = result.problem.names.index(name)
    return place


def rise_of(problem: Problem, v: Array) -> Callable[[Array], float]:
    """Return a function that tells by how much the deviance at free weights exceeds that at v.

    The deviance is chi2, divided by the reduced chi2 at v where the size of the errors was estimated; of a likelihood it is
    twice the sum of the losses.
    """
    if problem.is_plain_squares:
        size = 1.0 if problem.absolute_sigma else scatter(problem, v)
        if math.isnan(size):
            raise OptionError(
                f"nothing tells the size of the errors of {problem.module.MODEL}, by which a rise of chi2 is measured: the "
                "residuals are rounding, or there are as many weights as residuals; give sigma and absolute_sigma"
            )
        best = float(np.sum(np.square(problem.squared(v) / size)))
        return lambda u: float(np.sum(np.square(problem.squared(u) / size))) - best
    lowest = problem.value_and_grad(v)[0]
    return lambda u: 2.0 * (problem.value_and_grad(u)[0] - lowest)


def refitted(problem: Problem, v: Array, held: dict[int, float]) -> Array:
    """Return free weights, some of them held at values, at which the loss is least.

    Args:
        problem: the fit.
        v: (f,) free weights to start from.
        held: values of free weights by their places among them.
    """
    moved = v.copy()
    moved[list(held)] = list(held.values())
    others = np.array([j for j in range(len(v)) if j not in held], np.intp)
    if not len(others):
        return moved
    inner = problem.with_held(moved, list(held))
    moved[others] = search_nearby(inner, moved[others]).v
    return moved


def farthest(problem: Problem, v: Array, moved: dict[int, float], most: float) -> Array:
    """Find where some weights, going from the best in one direction, let the deviance rise by so much, the others fitted anew.

    Args:
        problem: the fit.
        v: (f,) the free weights at its end.
        moved: by the places of these weights among them, a first step of each.
        most: the rise.

    Returns:
        Their values there, in the order of ``moved``; those at which the first of them meets the end of its range, if that
        comes before; infinite where they may go on for ever.
    """
    rise, places = rise_of(problem, v), list(moved)
    centre, step, inside = v[places], np.array(list(moved.values())), [v]

    def above(length: float) -> float:
        if length == 0.0:
            return -most
        with np.errstate(all="ignore"):
            u = refitted(problem, inside[0], dict(zip(places, (centre + length * step).tolist(), strict=True)))
            found = rise(u)
        if found < most:  # the next refit starts from there: from far outside it may not find back
            inside[0] = u
        return found - most if math.isfinite(found) else math.inf

    ends = np.where(step > 0, problem.upper[places], problem.lower[places])
    with np.errstate(divide="ignore", invalid="ignore"):
        longest = float(np.min(np.where(step != 0, (ends - centre) / step, np.inf)))
    length = _crossing(above, longest)
    with np.errstate(invalid="ignore"):
        reached = centre + np.where(step == 0, 0.0, length * step)
    return np.clip(reached, problem.lower[places], problem.upper[places])  # rounding may have led past an end


def _crossing(above: Callable[[float], float], longest: float) -> float:
    """Return the length, up to a longest one, at which a function that is negative at 0 becomes positive; else infinity.

    Where the function is not finite, weights or residuals are beyond what floats hold, which is no end of an interval.
    """
    from scipy.optimize import brentq

    above = cache(above)  # each refit starts from the last one, so that another call need not give the same
    inside, outside = 0.0, min(1.0, longest)
    for _ in range(_FARTHEST):
        for _ in range(_FARTHEST):
            if not math.isinf(above(outside)) or outside - inside <= _DIGITS * outside:
                break
            middle = inside + (outside - inside) / 2.0
            inside, outside = (middle, outside) if above(middle) < 0.0 else (inside, middle)
        if math.isinf(above(outside)):
            return math.inf
        if above(outside) >= 0.0:
            return float(brentq(above, inside, outside, xtol=_DIGITS * outside)) if outside > 0.0 else 0.0
        if outside == longest:
            return longest
        inside, outside = outside, min(2.0 * outside, longest)
    return math.inf


def check_level(level: Any) -> None:
    """Refuse what is no probability of an interval.

    Raises:
        OptionError: it is not between 0 and 1.
    """
    if not (isinstance(level, int | float) and 0.0 < level < 1.0):
        raise OptionError(f"level must be between 0 and 1, such as 0.95, not {level!r}")


def threshold(problem: Problem, dof: int, level: float, weights: int) -> float:
    """Return by how much the deviance may rise: a quantile of F times the number of weights, or of chi2.

    Raises:
        OptionError: the level is not between 0 and 1, or the loss is no least squares and no likelihood.
    """
    from scipy.special import fdtri, gammaincinv

    check_level(level)
    squares = problem.is_plain_squares
    if not squares and not problem.module.METADATA.get("likelihood"):
        raise OptionError(
            f"the loss of {problem.module.MODEL} is no likelihood, so its profile gives no interval; see bootstrap"
        )
    if squares and not problem.absolute_sigma:
        if dof <= 0:
            raise OptionError("there are no degrees of freedom left to tell the size of the errors by")
        return float(weights * fdtri(weights, dof, level))
    return float(2.0 * gammaincinv(weights / 2.0, level))
