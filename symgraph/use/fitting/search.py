"""The search for the best free weights of a fit from one start, by what its loss is."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from symgraph.use.fitting import least_squares, minimize
from symgraph.use.fitting.active import cost_at, settled
from symgraph.use.fitting.found import Found
from symgraph.use.fitting.least_absolute import least_absolute
from symgraph.use.fitting.linearized import EPS, linearized
from symgraph.use.fitting.problem import EXACT, Array, Problem, length_of
from symgraph.use.fitting.statistics import covariance

_FAR = 2.0**20
"""Length of the residuals, or of 1 in units of them, beyond which they are counted in another unit."""
_NEAR = 1e-3
"""Distance from a bound, in standard errors, within which a weight is tried on it."""


def methods_of(problem: Problem) -> tuple[str, ...]:
    """Return the methods that a problem may be searched by; lm knows neither bounds nor robust losses, nor fewer rows."""
    if not problem.by_squares:
        return ("auto", *minimize.METHODS)
    plain = not problem.is_bounded and problem.robust is None and problem.residuals >= len(problem.free)
    return ("auto", *(name for name in least_squares.METHODS if plain or name != "lm"))


def search(problem: Problem, start: Array, method: str = "auto") -> Found:
    """Search from (f,) free weights by one of ``methods_of``; weights next to a bound end on it."""
    return search_by(lambda one: _from_one_start(one, start, method), problem, start)


def search_by(find: Callable[[Problem], Found], problem: Problem, start: Array) -> Found:
    """Search by a function, in a unit in which squares are ordinary numbers; weights next to a bound end on it.

    Args:
        find: finds an end of a problem.
        problem: the fit.
        start: (f,) free weights, by whose residuals the unit is chosen.
    """
    unit = _unit(problem, start)
    inner = problem if unit == 1.0 else problem.in_units(unit)
    found = find(inner)
    found = _on_bounds(inner, found) if inner.is_bounded and np.isfinite(found.cost) else found
    if inner is problem:
        return found
    with np.errstate(all="ignore"):
        at = None if found.at is None else linearized(problem, found.v)
    return found._replace(cost=found.cost * unit * unit, alone=found.alone * unit * unit, at=at)


def _from_one_start(problem: Problem, start: Array, method: str) -> Found:
    if method == "auto" and problem.kinks is not None:
        return least_absolute(problem, start)
    return (least_squares.least_sum_of_squares if problem.by_squares else minimize.least_loss)(problem, start, method)


def search_nearby(problem: Problem, start: Array) -> Found:
    """Search from free weights next to the best, from which no other method than one need be tried."""
    if not problem.by_squares:
        return search(problem, start)
    return search(problem, start, "lm" if "lm" in methods_of(problem) else "trf")


def _unit(problem: Problem, start: Array) -> float:
    """Return a power of two about as large as the residuals where these are far from 1, else 1.0.

    Floats may not hold their squares, and trust regions end where a gradient is small, whatever it is the gradient of.
    """
    if not problem.has_units:
        return 1.0
    with np.errstate(all="ignore"):
        size = length_of(problem.squared(start))
    is_far = 0.0 < size < 1.0 / _FAR or _FAR < size < math.inf
    return 2.0 ** round(math.log2(size)) if is_far else 1.0


@np.errstate(all="ignore")
def _on_bounds(problem: Problem, found: Found) -> Found:
    """Move weights that are nearer to a bound than a thousandth of their error onto it; see `settled`.

    The error is that which they have without bounds; where nothing tells one, the residuals may change by a millionth of y.
    """
    v, open_ = found.v, np.full(len(found.v), np.inf)
    errors = covariance(replace(problem, lower=-open_, upper=open_), found._replace(at=None)).deviations(np.eye(len(v)))
    lengths = np.linalg.norm(problem.slopes(v), axis=0) if problem.has_residual else open_
    size_of_y = problem.size_of_target * math.sqrt(problem.residuals)
    errors = np.where(np.isfinite(errors) & (errors > 0.0), errors, 1e-3 * size_of_y / lengths)
    near = (np.minimum(v - problem.lower, problem.upper - v) <= _NEAR * errors) | problem.at_bound(v)
    rounding = EXACT * size_of_y if problem.is_plain_squares else problem.rows.n * EPS * max(1.0, abs(found.cost))
    noise = rounding * lengths if problem.is_plain_squares else rounding / errors

    def solved(held: Array, places: NDArray[np.intp]) -> Array:
        inner, at = problem.with_held(held, places), held.copy()
        others = np.delete(np.arange(len(v)), places)
        if len(others):
            at[others] = search_nearby(inner, inner.inside(held[others])).v
        return at

    moved = settled(problem, v, near, solved, rounding, noise)
    if moved is v:
        return found
    at = linearized(problem, moved) if found.at is not None else None
    return found._replace(v=moved, cost=cost_at(problem, moved), at=at)
