"""The search for the least sum of squares: from several starts by SciPy, the best of them polished by Gauss-Newton steps."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from symgraph.fitting.problem import Array, Problem

_TOLERANCE = 1e-14
"""Of cost, weights and gradient in SciPy's search: a little above rounding; what is left is for the polishing."""

_AGREED = 1e-6
"""Relative difference of costs up to which two searches have found the same minimum."""

MOST_CALLS = {"lm": 4000, "trf": 500, "dogbox": 500}
"""Most calls of the residuals in one search. A step of a trust region costs ten times one of MINPACK, and goes further."""

METHODS = ("lm", "trf", "dogbox")
"""SciPy's names."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The end of a search.

    Attributes:
        v: (f,) the free weights.
        cost: what is minimized, there: half the sum of squares, or the robust loss, or the sum of the losses.
        success: whether it converged.
        message: why it ended, in the optimizer's words.
        method: the optimizer's name.
        calls: of the function; those of all searches, where there were several.
        derivatives: calls of the derivatives.
    """

    v: Array
    cost: float
    success: bool
    message: str
    method: str
    calls: int
    derivatives: int


def least_sum_of_squares(problem: Problem, starts: list[Array], method: str) -> Found:
    """Search the free weights with the least sum of squares.

    With the method "auto", each start is tried as it is and with the weights solved in which the residuals are linear, by
    Levenberg and Marquardt's method, by a trust region where weights have bounds or the loss is robust; if the searches from
    a start end differently, or not at all, a trust region is tried there as well. The best of all is polished.

    Args:
        problem: has residuals.
        starts: (f,) free weights each.
        method: "auto", or one of ``METHODS``, which is tried from each start as it is.
    """
    found: list[Found] = []
    for start in starts:
        found += _from_start(problem, start) if method == "auto" else [_search(problem, start, method)]
    best = min(found, key=lambda one: (not np.isfinite(one.cost), one.cost, not one.success))
    best = replace(
        best,
        v=problem.snapped(best.v),
        calls=sum(one.calls for one in found),
        derivatives=sum(one.derivatives for one in found),
    )
    return best if problem.robust else _polished(problem, best)


def _from_start(problem: Problem, start: Array) -> list[Found]:
    linear = _linear_start(problem, start)
    begun = [start] if linear is None else [start, linear]
    few_rows = len(problem.squared(start)) < len(start)  # for which SciPy's lm is not made
    first = "trf" if problem.is_bounded or problem.robust or few_rows else "lm"
    found = [_search(problem, one, first) for one in begun]
    costs = [one.cost for one in found]
    agreed = max(costs) - min(costs) <= _AGREED * max(costs) if np.isfinite(costs).all() else False
    if first == "lm" and not (agreed and all(one.success for one in found)):
        found += [_search(problem, one, "trf") for one in begun]
    return found


def _search(problem: Problem, start: Array, method: str) -> Found:
    """Run SciPy's search; one that meets a value that is not finite at its start has found nothing."""
    from scipy.optimize import least_squares

    options: dict[str, Any] = {"method": method, "x_scale": "jac", "max_nfev": MOST_CALLS[method]}
    if method != "lm":
        options["bounds"] = problem.lower, problem.upper
    if problem.robust:
        options["loss"], options["f_scale"] = problem.robust
    tolerances = dict.fromkeys(("ftol", "xtol", "gtol"), _TOLERANCE)
    try:
        with np.errstate(all="ignore"):
            end = least_squares(problem.squared, start, problem.slopes, **tolerances, **options)
    except (ValueError, np.linalg.LinAlgError) as error:  # residuals that are not finite, at the start or on the way
        return Found(start, np.inf, success=False, message=str(error), method=method, calls=1, derivatives=0)
    return Found(end.x, float(end.cost), bool(end.status > 0), end.message, method, end.nfev, end.njev or 0)


def linear_weights(problem: Problem, v: Array) -> list[int]:
    """Find free weights in which the residuals are jointly linear: changing them changes none of their own derivatives.

    The generated derivative of a residual that is linear in some weights has none of them in it, so it is the same to the last
    bit wherever they are. Each weight is moved twice.

    Args:
        problem: has residuals.
        v: (f,) the free weights about which it is tried.

    Returns:
        Places among the free weights, in order; each is taken that is linear together with those before it.
    """
    at_v, rng = problem.slopes(v), np.random.default_rng(0)
    coupled = np.zeros((len(v), len(v)), bool)
    for j in range(len(v)):
        for _ in range(2):
            moved = v.copy()
            moved[j] += (1.0 + abs(v[j])) * rng.uniform(0.1, 0.5)
            coupled[j] |= ~np.all(problem.slopes(moved) == at_v, axis=0)
    chosen: list[int] = []
    for j in range(len(v)):
        if not coupled[j, j] and not (coupled[j, chosen].any() or coupled[chosen, j].any()):
            chosen.append(j)
    return chosen


def _linear_start(problem: Problem, start: Array) -> Array | None:
    """Solve the weights in which the residuals are linear, with the others as they are; None where there is no such start."""
    with np.errstate(all="ignore"):
        linear = linear_weights(problem, start)
        if not linear or problem.robust:
            return None
        v = start.copy()
        v[linear] = 0.0
        J, r = problem.slopes(v)[:, linear], problem.squared(v)
        if not (np.isfinite(J).all() and np.isfinite(r).all()):
            return None
        v[linear] = np.linalg.lstsq(J, -r, rcond=None)[0]
        v = np.clip(v, problem.lower, problem.upper)
        return v if np.isfinite(problem.squared(v)).all() else None


def _polished(problem: Problem, found: Found) -> Found:
    """Take Gauss-Newton steps from a minimum, by QR, until they no longer get shorter.

    A sum of squares tells weights to half the digits; the steps, which are solved from the residuals themselves, tell more
    (A. Bjorck, Numerical Methods for Least Squares Problems, 1996, section 9.2).
    """
    if not np.isfinite(found.cost):
        return found
    v, cost, calls, last = found.v, found.cost, 0, np.inf
    inner = ~problem.at_bound(v)
    with np.errstate(all="ignore"):
        while inner.any() and calls < 50:
            J, r = problem.slopes(v)[:, inner], problem.squared(v)
            scale = np.linalg.norm(J, axis=0)
            if not (np.isfinite(scale).all() and (scale > 0).all()) or len(J) < J.shape[1]:
                break
            Q, R = np.linalg.qr(J / scale)
            if np.abs(np.diag(R)).min() < len(v) * np.finfo(np.float64).eps:
                break
            calls += 1
            step = np.linalg.solve(R, Q.T @ -r) / scale
            moved = v.copy()
            moved[inner] = np.clip(v[inner] + step, problem.lower[inner], problem.upper[inner])
            length = float(np.max(np.abs(step) * scale))
            then = float(0.5 * np.sum(np.square(problem.squared(moved))))
            rounding = 4 * np.finfo(np.float64).eps * float(np.abs(r) @ (np.abs(r) + np.abs(J) @ np.abs(v[inner])))
            if not (length < 0.9 * last and then <= cost + rounding):
                break
            v, cost, last = moved, min(cost, then), length
    return replace(found, v=v, cost=cost, calls=found.calls + calls, derivatives=found.derivatives + calls)
