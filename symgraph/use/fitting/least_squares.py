"""The search for the least sum of squares by the extension or by SciPy, polished by Gauss-Newton steps."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from symgraph.use.fitting.found import Found, best_of
from symgraph.use.fitting.linear import solve_linear
from symgraph.use.fitting.linearized import EPS, Linearized, linearized
from symgraph.use.fitting.problem import Array, Problem

_TOLERANCE = 1e-14
"""Of cost, weights and gradient in SciPy's search: a little above rounding; what is left is for the polishing."""

_ROUNDING = 64 * EPS
"""Relative change of the weights below which they are polished."""

_REGULAR = 1e-6
"""Least ratio of singular values, of derivatives with columns of length 1, of an end where all weights count."""

MOST_CALLS = {"native": 1000, "lm": 4000, "trf": 500, "dogbox": 500}
"""Most calls of the residuals in one search. A step of a trust region costs ten times one of MINPACK, and goes further."""

METHODS = ("lm", "trf", "dogbox")
"""SciPy's names."""


_ENDS = {
    1: "the sum of squares falls no further",
    2: "the weights move no further",
    3: "the sum of squares falls no further, and the weights move no further",
    4: "the residuals are orthogonal to their derivatives",
    6: "the sum of squares is as small as rounding lets it be",
    7: "the weights are as good as rounding lets them be",
    8: "the gradient is as small as rounding lets it be",
}
"""The ends at which Levenberg and Marquardt's method has converged, by MINPACK's numbers; from 6 on it could do no better."""

_GAVE_UP = "too many calls of the residuals, or derivatives that are not finite"


def least_sum_of_squares(problem: Problem, start: Array, method: str) -> Found:
    """Search the free weights with the least sum of squares.

    The method "auto" is Levenberg and Marquardt's, a trust region where weights have bounds or the loss is robust. While the
    end is doubtful, see ``_is_doubtful``, the start is tried again by MINPACK and by a trust region, and with the weights
    solved in which the residuals are linear; the best counts. Each end is polished.

    Args:
        problem: has residuals.
        start: (f,) free weights.
        method: "auto", or one of ``METHODS``.
    """
    if method != "auto":
        return polished(problem, _ended(problem, start, method))
    ends: list[Found] = []
    for begin, way in _tries(problem, start):
        ends.append(polished(problem, _ended(problem, begin, way)))
        if not _is_doubtful(problem, ends[-1]):
            break
    return best_of(ends)


def _tries(problem: Problem, start: Array) -> Iterator[tuple[Array, str]]:
    """Yield starts, each with a way to search from it."""
    ways = _ways(problem)
    yield from ((start, way) for way in ways)
    linear = _linear_start(problem, start)
    if linear is not None:
        yield from ((linear, way) for way in ways)


def _ways(problem: Problem) -> tuple[str, ...]:
    """Return ways to search, the quickest first."""
    few_rows = problem.residuals < len(problem.free)  # for which Levenberg and Marquardt's method is not made
    by_trust_region = problem.is_bounded or problem.robust or few_rows
    return ("trf",) if by_trust_region else ("native", "lm", "trf") if problem.native("least_squares") else ("lm", "trf")


def quick_search(problem: Problem, start: Array, method: str, most: int | None = None) -> Found:
    """Search in one way, with at most so many calls, and leave the end as it is; see ``least_sum_of_squares``."""
    return _ended(problem, start, _ways(problem)[0] if method == "auto" else method, most)


def _is_doubtful(problem: Problem, found: Found) -> bool:
    """Tell if a search should be tried otherwise: it has not converged, or to a poor fit, or where weights do not count."""
    at = linearized(problem, found.v) if problem.robust else found.at
    return not found.success or at is None or is_poor(problem, found) or is_singular(at)


def is_poor(problem: Problem, found: Found) -> bool:
    """Tell if a fit leaves more than half of the squares about the mean of the target."""
    if problem.rows.y is None or not problem.is_difference:
        return False
    y = np.reshape(problem.rows.y, -1) if problem.sigma is None else np.reshape(problem.rows.y, -1) / problem.sigma
    about = y - np.add.reduce(y) / y.size
    return bool(found.cost > 0.25 * float(about @ about))


def is_singular(at: Linearized) -> bool:
    """Tell if residuals change next to nothing along a direction, beside others."""
    return bool(at.singular[-1] < _REGULAR * at.singular[0])


def polished(problem: Problem, end: Found) -> Found:
    """Polish the end of a search by any method; see ``_polished``."""
    with np.errstate(all="ignore"):
        return end if problem.robust or not np.isfinite(end.cost) else _polished(problem, end)


def _ended(problem: Problem, start: Array, method: str, most: int | None = None) -> Found:
    """Search in one way; a search that meets a value that is not finite at its start has found nothing."""
    try:
        with np.errstate(all="ignore"):
            by = {"native": _natively, "lm": _by_minpack}.get(method)
            most = most or MOST_CALLS[method]
            end = by(problem, start, most) if by else _by_trust_region(problem, start, method, most)
            return end._replace(v=problem.snapped(end.v)) if problem.is_bounded else end
    except (ValueError, np.linalg.LinAlgError) as error:  # residuals that are not finite, at the start or on the way
        return Found(start, np.inf, success=False, message=str(error), method=method, calls=1, derivatives=0)


def _natively(problem: Problem, start: Array, most: int) -> Found:
    """Search by Levenberg and Marquardt's method in the extension; by MINPACK where it does not take the rows."""
    search: Any = problem.native("least_squares")
    told = search(start, problem.rows.X, problem.rows.y, problem.sigma_of_each, _TOLERANCE, most)
    if told is None:
        return _by_minpack(problem, start, most)
    v, squares, status, calls, derivatives = told
    return Found(v, squares / 2.0, status in _ENDS, _ENDS.get(status, _GAVE_UP), "lm", calls, derivatives)


def _by_minpack(problem: Problem, start: Array, most: int) -> Found:
    """Search by MINPACK's lmder, through the thinnest of SciPy's functions for it: the work of a step is its Python."""
    from scipy.optimize import leastsq

    v, _, told, _, status = leastsq(
        problem.squared,
        start,
        Dfun=problem.slopes,
        full_output=True,
        ftol=_TOLERANCE,
        xtol=_TOLERANCE,
        gtol=_TOLERANCE,
        maxfev=most,
    )
    cost = 0.5 * float(told["fvec"] @ told["fvec"])
    return Found(v, cost, status in _ENDS, _ENDS.get(status, _GAVE_UP), "lm", told["nfev"], told["njev"])


def _by_trust_region(problem: Problem, start: Array, method: str, most: int) -> Found:
    from scipy.optimize import least_squares

    options: dict[str, Any] = dict.fromkeys(("ftol", "xtol", "gtol"), _TOLERANCE)
    if problem.robust:
        options["loss"], options["f_scale"] = problem.robust
    bounds = problem.lower, problem.upper
    options |= {"method": method, "bounds": bounds, "x_scale": "jac", "max_nfev": most}
    end = least_squares(problem.squared, start, problem.slopes, **options)
    message = _ENDS[{1: 4, 2: 1, 3: 2, 4: 3}[end.status]] if end.status > 0 else end.message
    return Found(end.x, float(end.cost), bool(end.status > 0), message, method, end.nfev, end.njev or 0)


def _linear_start(problem: Problem, start: Array) -> Array | None:
    """Solve the weights in which the residuals are linear, with the others as they are; None where there is no such start."""
    if problem.robust or not len(problem.linear):
        return None
    solved = start[np.newaxis].copy()
    return solved[0] if np.isfinite(solve_linear(problem, solved)).all() else None


def _polished(problem: Problem, found: Found) -> Found:
    """Take Gauss-Newton steps from a minimum until they no longer get shorter, or what is left is below rounding.

    A sum of squares tells weights to half the digits; the steps, which are solved from the residuals themselves, tell more
    (A. Bjorck, Numerical Methods for Least Squares Problems, 1996, section 9.2). Each is by about the same factor shorter than
    the one before, from which their sum is extrapolated (D. G. Anderson, Journal of the ACM 12, 1965, with one step kept).
    """
    at = before = linearized(problem, found.v)
    if at is None or before is None:
        return found
    v, last, taken = at.v, math.inf, 1
    while at.regular and at.length < 0.9 * last and taken < 50:
        step, left = at.step, np.abs(at.step)
        if taken > 1:
            change = step - before.step
            scaled = change * at.scale
            step = step - float(scaled @ (step * at.scale) / (scaled @ scaled)) * (at.v - before.v + change)
            left = left * (at.length / last)
        moved = problem.inside(at.v + step)
        if (left <= _ROUNDING * np.abs(at.v)).all():
            v = moved
            break
        after = linearized(problem, moved)
        if after is None or after.squares > at.squares + at.rounding:
            break
        before, at, v, last, taken = at, after, moved, at.length, taken + 1
    calls, derivatives = found.calls + taken, found.derivatives + taken
    return found._replace(v=v, cost=at.squares / 2, at=at, calls=calls, derivatives=derivatives)
