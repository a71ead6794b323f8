"""The search for the least sum of absolute deviations, weighted or not the same above and below: medians and other quantiles.

The kink is smoothed, |e| by sqrt(e**2 + mu**2), and mu is led to 0; the corner in which the search then ends is found by linear
programs, in which deviations are linear in the weights and steps keep within a region of trust, and is solved: the rows on the
curve are solved for, to rounding. A minimum is known by its multipliers: slopes of the rows on the curve, each between those
of its two sides, that balance those of all others. Sources: R. Koenker, Quantile Regression (2005), chapters 2 and 6;
M. R. Osborne and G. A. Watson, The Computer Journal 14 (1971), for curves.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.use.fitting.found import Found
from symgraph.use.fitting.problem import EXACT, Array, Problem, length_of

_SMOOTHED = 10.0 ** -np.arange(0.0, 10.0)
"""Values of mu, in units of the size of the deviations at the first."""
_STEPS = 60
"""Most linear programs of a search."""
_ROWS = 2000
"""Most rows of a linear program."""
_BALANCED = 1e-7
"""Part of the slopes of all rows up to which they are in balance: the linear programs are solved to about as much."""
_NEAR_CURVE = (1e-5, 1e-7, 1e-10)
"""Deviations, relative to their size, of rows that are solved for; up to the last one they count as 0 for the balance."""
_REACH = 1e-9
"""Length of a step, by what it changes in the deviations relative to their size, from which on there is none."""


def least_absolute(problem: Problem, start: Array) -> Found:
    """Search the free weights with the least sum of absolute deviations.

    Args:
        problem: has kinks.
        start: (f,) free weights.
    """
    v, calls = _smoothed(problem, start)
    v, taken = _cornered(problem, v)
    balanced = _is_balanced(problem, v)
    calls += taken
    message = "the slopes of the rows on the curve balance those of all others" if balanced else "no corner is a minimum"
    return Found(v, problem.value_and_grad(v)[0], balanced, message, "linear programs", calls, calls)


def _sides(problem: Problem) -> tuple[Array, Array]:
    found = problem.kinks
    assert found is not None  # as the search that is called asks
    return found


@np.errstate(all="ignore")
def _smoothed(problem: Problem, start: Array) -> tuple[Array, int]:
    """Lead mu to 0, each search from the end of the last one; with bounds only so far as linear programs then need."""
    from scipy.optimize import minimize

    above, below = _sides(problem)
    middle, tilt = (above + below) / 2.0, (above - below) / 2.0
    v, calls = start, 0
    size = length_of(problem.deviations(v)) / math.sqrt(len(above))
    for part in (1.0, *_SMOOTHED):
        J = problem.deviation_slopes(v)
        scale = np.sqrt(np.sum(np.square(J), axis=0))
        scale = np.where((scale > 0.0) & np.isfinite(scale), scale, 1.0)
        mu = size * part
        if not (mu > EXACT * problem.size_of_deviations and np.isfinite(J).all()):
            break

        def value(u: Array, mu: float = mu, scale: Array = scale) -> tuple[float, Array]:
            e, J = problem.deviations(u / scale), problem.deviation_slopes(u / scale)
            root = np.hypot(e, mu)
            return float(np.sum(middle * root + tilt * e)), J.T @ (middle * e / root + tilt) / scale

        def curvature(u: Array, mu: float = mu, scale: Array = scale) -> Array:
            e, J = problem.deviations(u / scale), problem.deviation_slopes(u / scale)
            own = problem.second_derivatives(u / scale, problem.rows.X, problem.rows.y) if problem.rows.given else None
            H = J.T @ ((middle * mu**2 / np.hypot(e, mu) ** 3)[:, np.newaxis] * J)
            return np.asarray((H if own is None else H + own) / np.outer(scale, scale))

        try:
            if problem.is_bounded:
                ends = np.column_stack([problem.lower, problem.upper]) * scale[:, np.newaxis]
                end = minimize(value, v * scale, jac=True, method="L-BFGS-B", bounds=ends, options={"maxiter": 500})
            else:
                options = {"gtol": 1e-9 * float(np.sum(middle)) / math.sqrt(len(middle)), "maxiter": 200}
                end = minimize(value, v * scale, jac=True, hess=curvature, method="trust-exact", options=options)
        except (ValueError, np.linalg.LinAlgError):  # a step has led to where something is not finite
            break
        v, calls = problem.inside(end.x / scale), calls + int(end.nfev)
        if part == 1.0:
            size = length_of(problem.deviations(v)) / math.sqrt(len(above))
    return v, calls


@np.errstate(all="ignore")
def _cornered(problem: Problem, v: Array) -> tuple[Array, int]:
    """Take steps by linear programs until none leads lower, and solve the rows on the curve after each."""
    v = _solved(problem, v)
    lowest, taken, reach = _total(problem, v), 0, math.inf
    while taken < _STEPS and not _is_balanced(problem, v):
        step, promised, length = _linear_step(problem, v, reach)
        taken += 1
        if not promised > 0.0 or not length > _REACH:
            break
        moved = _solved(problem, problem.inside(v + step))
        gained = lowest - _total(problem, moved)
        if gained >= 0.1 * promised or (gained > 0.0 and promised < _BALANCED * lowest):
            v, lowest = moved, lowest - gained
            reach = reach if gained < 0.7 * promised else 2.0 * max(reach, length)
        else:
            reach = min(reach, length) / 4.0
    return v, taken


def _total(problem: Problem, v: Array) -> float:
    above, below = _sides(problem)
    e = problem.deviations(v)
    total = float(np.sum(np.where(e > 0.0, above * e, -below * e)))
    return total if math.isfinite(total) else math.inf


def _linear_step(problem: Problem, v: Array, reach: float) -> tuple[Array, float, float]:
    """Return the step that is best if deviations are linear in the weights, the fall of the sum then, and its length.

    A length is the greatest change of a weight, each in units of its change that changes the deviations by their size.
    """
    from scipy.optimize import linprog
    from scipy.sparse import hstack, identity

    above, below = _sides(problem)
    e, J = problem.deviations(v), problem.deviation_slopes(v)
    size = _size(e)
    scale = np.sqrt(np.mean(np.square(J), axis=0))
    if not (size > 0.0 and np.isfinite(scale).all()):
        return np.zeros(len(v)), 0.0, 0.0
    scale = np.where(scale > 0.0, scale, 1.0) / size
    near, far, table = *_parted(e), J / scale / size
    if len(far):  # a step within which none of these reaches the curve, so that each pulls as it does
        reach = min(reach, float(np.min(np.abs(e[far]) / size / np.sum(np.abs(table[far]), axis=1))))
    low, high = np.maximum((problem.lower - v) * scale, -reach), np.minimum((problem.upper - v) * scale, reach)
    n, f, slopes = len(near), len(v), np.where(e > 0.0, above, -below)
    costs = np.concatenate([slopes[far] @ table[far], above[near], below[near]])
    sides = hstack([table[near], -identity(n), identity(n)], format="csr")
    ends = np.column_stack([np.concatenate([low, np.zeros(2 * n)]), np.concatenate([high, np.full(2 * n, np.inf)])])
    found: Any = linprog(costs, A_eq=sides, b_eq=-e[near] / size, bounds=ends, method="highs")
    if found.x is None:
        return np.zeros(f), 0.0, 0.0
    before = float(slopes[near] @ e[near])
    return found.x[:f] / scale, before - size * float(found.fun), float(np.max(np.abs(found.x[:f])))


def _parted(e: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows that a linear program has, those nearest to the curve where there are many, and all others."""
    if len(e) <= _ROWS:
        return np.arange(len(e)), np.arange(0)
    order = np.argpartition(np.abs(e), _ROWS)
    return order[:_ROWS], order[_ROWS:]


def _size(e: Array) -> float:
    """Return the median of the sizes of deviations, which no outlier changes; the root mean square where that is 0."""
    return float(np.median(np.abs(e))) or length_of(e) / math.sqrt(len(e))


def _on_curve(problem: Problem, e: Array, part: float) -> NDArray[np.bool_]:
    """Tell which deviations are 0 but for a part of their size, or for rounding."""
    return np.asarray(np.abs(e) <= max(part * _size(e), EXACT * problem.size_of_deviations))


def _solved(problem: Problem, v: Array) -> Array:
    """Solve the rows that are on the curve, within the ranges of the weights; of several sets of such rows the best counts."""
    return min([*(_solved_within(problem, v, part) for part in _NEAR_CURVE), v], key=lambda one: _total(problem, one))


def _solved_within(problem: Problem, v: Array, part: float) -> Array:
    """Solve the rows whose deviations are up to a part of their size, by the shortest Gauss-Newton steps."""
    nearest = np.where(v - problem.lower <= problem.upper - v, problem.lower, problem.upper)
    v = np.where(np.abs(v - nearest) <= 1e-9 * np.maximum(np.abs(v), np.abs(problem.start[problem.free])), nearest, v)
    inner = ~problem.at_bound(v)
    rows = _on_curve(problem, problem.deviations(v), part)
    for _ in range(10):
        e, J = problem.deviations(v)[rows], problem.deviation_slopes(v)[rows][:, inner]
        if not rows.any() or not inner.any() or not np.isfinite(J).all():
            break
        scale = np.sqrt(np.sum(np.square(J), axis=0))
        scale = np.where(scale > 0.0, scale, 1.0)
        moved = v.copy()
        moved[inner] -= np.linalg.lstsq(J / scale, e, rcond=1e-10)[0] / scale
        moved = problem.inside(moved)
        if not length_of(problem.deviations(moved)[rows]) < 0.5 * length_of(e):
            break
        v = moved
    return v


@np.errstate(all="ignore")
def _is_balanced(problem: Problem, v: Array) -> bool:
    """Tell if slopes of the rows on the curve, each between those of its sides, balance those of all others."""
    from scipy.optimize import lsq_linear

    above, below = _sides(problem)
    e, J = problem.deviations(v), problem.deviation_slopes(v)
    if not (np.isfinite(e).all() and np.isfinite(J).all()):
        return False
    on = _on_curve(problem, e, _NEAR_CURVE[-1])
    pull = J[~on].T @ np.where(e[~on] > 0.0, above[~on], -below[~on])
    whole = np.abs(J).T @ (above + below)
    inner = whole > 0.0
    scale = np.where(inner, whole, 1.0)
    left = pull / scale
    ends = np.where(problem.at_bound(v), np.where(v <= problem.lower, -np.inf, np.inf), 0.0)
    table = np.column_stack([J[on].T / scale[:, np.newaxis], np.eye(len(v))[:, ends != 0.0]])
    if table.shape[1]:
        low = np.concatenate([-below[on], np.where(ends[ends != 0.0] < 0.0, -np.inf, 0.0)])
        high = np.concatenate([above[on], np.where(ends[ends != 0.0] < 0.0, 0.0, np.inf)])
        left = left + table @ lsq_linear(table, -left, (low, high), tol=1e-14).x
    return bool(np.max(np.abs(left), initial=0.0) <= _BALANCED)
