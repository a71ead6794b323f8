"""Active constraints: the bounds and the model's constraints that hold the best weights where they are.

Source: J. Nocedal and S. J. Wright, Numerical Optimization (2006), chapters 12 and 16.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.use.fitting.differences import slopes_of
from symgraph.use.fitting.natural import natural_of
from symgraph.use.fitting.problem import Array, Problem

_ON = 1e-6
"""Distance of a constraint from an end of its range, relative to the sizes of its terms, within which it is met there."""
_NONE = 1e-10
"""Part of a direction, relative to the whole, that counts as nothing."""


class Active(NamedTuple):
    """Active constraints of a fit.

    Attributes:
        names: of the weights at a bound and then of the model's constraints that are met at an end of their range, (m,).
        ends: the values at which they are held.
        multipliers: Lagrange's, one for each: the slope of the minimized sum (half of chi2, or the sum of the losses) as its
            end is moved.
        normals: (m, f) their derivatives by the free weights.
        equalities: how many of them hold whatever the data are, since both ends of their range are the same.
    """

    names: tuple[str, ...]
    ends: tuple[float, ...]
    multipliers: tuple[float, ...]
    normals: Array
    equalities: int

    @property
    def text(self) -> str:
        """Return which are held, as the end of a sentence: "with c held at 0"; "" for none."""
        return f"with {', '.join(f'{name} held at {end:g}' for name, end in zip(self.names, self.ends, strict=True))}"


@np.errstate(all="ignore")
def active_at(problem: Problem, v: Array) -> Active:
    """Return the active constraints of a problem at free weights, (f,)."""
    places = np.flatnonzero(problem.at_bound(v))
    names, natural = [problem.names[j] for j in places], natural_of(problem.module)
    ends = [natural.value(name, end) for name, end in zip(names, v[places].tolist(), strict=True)]
    normals, both = np.eye(len(v))[places], 0
    met: list[tuple[str, float, Array, float]] = _met(problem, v)
    if not names and not met:
        return Active((), (), (), normals, 0)
    g = gradient_at(problem, v)
    while True:
        table = np.vstack([normals, *(row[np.newaxis] for _, _, row, _ in met)])
        multipliers = np.linalg.lstsq(table.T, g, rcond=None)[0] if np.isfinite(g).all() else np.full(len(table), np.nan)
        pulls = [one for one, value in zip(met, multipliers[len(places) :], strict=True) if not one[3] * value < 0.0]
        if len(pulls) == len(met):
            break
        met = pulls
    both = sum(side == 0.0 for _, _, _, side in met)
    names, ends = [*names, *(one[0] for one in met)], [*ends, *(one[1] for one in met)]
    return Active(tuple(names), tuple(ends), tuple(multipliers.tolist()), table, both)


def _met(problem: Problem, v: Array) -> list[tuple[str, float, Array, float]]:
    """Return the model's constraints that are met at an end of their range: name, end, slopes by the free weights, and the
    sign that its multiplier has: 1.0 at the lower end, -1.0 at the upper, 0.0 of an equality for either."""
    module: Any = problem.module
    if not hasattr(module, "constraints"):
        return []
    w = problem.all_weights(v)
    values, slopes = module.constraints(w), module.constraints_jacobian(w)[:, problem.free]
    found = []
    for (name, (low, high)), value, row in zip(module.METADATA["constraints"].items(), values, slopes, strict=True):
        near = _ON * (abs(value) + float(np.abs(row) @ np.abs(v)))
        for end, side in ((low, 0.0),) if low == high else ((low, 1.0), (high, -1.0)):
            if (side == 0.0 or abs(value - end) <= near) and row.any():
                found.append((name, float(end), np.asarray(row), side))
    return found


def gradient_at(problem: Problem, v: Array) -> Array:
    """Return the gradient of what is minimized by the free weights, (f,)."""
    if problem.is_plain_squares:
        return np.asarray(problem.slopes(v).T @ problem.squared(v))
    if problem.kinks is not None:
        return np.full(len(v), np.nan)  # on a kink there is none
    return problem.value_and_grad(v)[1]


def lagrangian_hessian(problem: Problem, v: Array, active: Active) -> Array:
    """Return the Hessian of what is minimized less the active constraints of the model times their multipliers, (f, f).

    The constraints' own second derivatives are differences of their slopes, central, by the cube root of the unit roundoff.
    """
    H, held = problem.hessian(v), np.count_nonzero(problem.at_bound(v))
    module: Any = problem.module
    if len(active.names) == held:
        return H
    pulls = np.zeros(len(module.METADATA["constraints"]))
    for name, value in zip(active.names[held:], active.multipliers[held:], strict=True):
        pulls[list(module.METADATA["constraints"]).index(name)] += value
    return H - slopes_of(lambda u: (pulls @ module.constraints_jacobian(problem.all_weights(u)))[problem.free], v)


def basis_of(normals: Array, scale: Array) -> Array:
    """Return directions of the weights along which active constraints let them move, (f, f - m), a column each.

    Args:
        normals: (m, f) derivatives of the constraints.
        scale: (f,) sizes of the derivatives by each weight: the columns are orthonormal after they are multiplied by them.
    """
    scaled = normals / scale
    largest = np.max(np.abs(scaled), axis=1, keepdims=True, initial=0.0)
    _, singular, turned = np.linalg.svd(scaled / np.where(largest > 0.0, largest, 1.0))
    left = turned[np.count_nonzero(singular > _NONE) :].T
    left = np.where(np.linalg.norm(left, axis=1, keepdims=True) > _NONE, left, 0.0)
    return np.asarray(left / scale[:, np.newaxis])


def settled(
    problem: Problem,
    v: Array,
    near: NDArray[np.bool_],
    solve: Callable[[Array, NDArray[np.intp]], Array],
    rounding: float,
    noise: Array,
) -> Array:
    """Move weights that are next to a bound onto it, and solve the others; they stay there if that makes nothing worse.

    Args:
        problem: has bounds.
        v: (f,) the free weights at the end of a search.
        near: (f,) which of them are next to a bound.
        solve: returns the best weights with those at some places held.
        rounding: length of the rounding of all residuals; rounding of the sum of the losses where these are no squares.
        noise: (f,) rounding of the gradient.

    Returns:
        The weights, of which each that was moved has a gradient that points out of its range; those given, where none was.
    """
    lowest = cost_at(problem, v)
    slack = rounding * (math.sqrt(2.0 * lowest) + rounding / 2.0) if problem.is_plain_squares else rounding
    is_lower = v - problem.lower <= problem.upper - v
    while near.any():
        moved = solve(np.where(near, np.where(is_lower, problem.lower, problem.upper), v), np.flatnonzero(near))
        inward = np.where(is_lower, -1.0, 1.0) * gradient_at(problem, moved)
        stays = near & (inward <= noise)
        if (stays == near).all():
            return moved if cost_at(problem, moved) <= lowest + slack else v
        near = stays
    return v


def cost_at(problem: Problem, v: Array) -> float:
    """Return what is minimized, at free weights."""
    if problem.is_plain_squares:
        r = problem.squared(v)
        return 0.5 * float(r @ r)
    return problem.value_and_grad(v)[0]
