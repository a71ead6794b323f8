"""Weights in which the residuals are linear, solved for given values of the others.

Source: G. H. Golub and V. Pereyra, SIAM Journal on Numerical Analysis 10 (1973), for fits whose variables separate.
"""

import numpy as np
from numpy.typing import NDArray

from symgraph.use.fitting.problem import Array, Problem

_ROUNDS = 4
"""Rounds in which weights that a solution takes over a bound are held there, and the others solved again."""


@np.errstate(all="ignore")
def solve_linear(problem: Problem, starts: Array) -> Array:
    """Solve the linear weights of each start in place.

    Args:
        problem: has residuals.
        starts: (m, f) free weights, C-contiguous.

    Returns:
        Twice what is minimized at each, (m,); infinite where something is not finite.
    """
    linear = problem.linear
    native = problem.native("solve_linear")
    if native is not None and not problem.is_bounded and not problem.robust:
        found: Array | None = native(starts, problem.rows.X, problem.rows.y, problem.sigma_of_each, linear)
        if found is not None:
            return found
    return np.array([_solved(problem, start, linear) for start in starts])


def _solved(problem: Problem, v: Array, linear: NDArray[np.intp]) -> float:
    """Solve the linear weights of one start in place, and return twice what is minimized there."""
    if len(linear):
        held = np.zeros(len(v), np.bool_)
        for _ in range(_ROUNDS if problem.is_bounded else 1):
            open_ = linear[~held[linear]]
            v[open_] = 0.0
            J, r = problem.slopes(v)[:, open_], problem.squared(v)
            if not (len(open_) and np.isfinite(J).all() and np.isfinite(r).all()):
                break
            scale = np.max(np.abs(J), axis=0)
            scale[scale == 0.0] = 1.0
            v[open_] = np.linalg.lstsq(J / scale, -r, rcond=None)[0] / scale
            beyond = open_[(v[open_] < problem.lower[open_]) | (v[open_] > problem.upper[open_])]
            if not len(beyond):
                break
            held[beyond] = True
            v[beyond] = np.clip(v[beyond], problem.lower[beyond], problem.upper[beyond])
        v[:] = problem.inside(v)
    if problem.robust:
        twice = 2.0 * problem.value_and_grad(v)[0]
    else:
        r = problem.squared(v)
        twice = float(r @ r)
    return twice if np.isfinite(twice) else np.inf
