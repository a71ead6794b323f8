"""Residuals of a fit as the field has them: data minus fit, whatever the sign in which the model declares its own."""

import numpy as np

from symgraph.use.fitting.orthogonal import Orthogonal
from symgraph.use.fitting.problem import Array, Problem


def data_minus_fit(problem: Problem, v: Array) -> Array:
    """Return the residuals of the rows with the sign of data minus fit, (m,), in units of sigma where that is given.

    They are those that the model declares, with the other sign where these fall as the target grows, such as ``y_hat - y``; as
    declared where the target alone does not tell, as in a model without one.

    Args:
        problem: the fit, with rows in memory.
        v: (f,) free weights.
    """
    w = problem.all_weights(v)
    if len(problem.data_sets) > 1 or problem.data_sets[0] is not problem:
        places = problem.places  # type: ignore[attr-defined]  # of a joint problem
        parts = zip(problem.data_sets, places, strict=True)
        return np.concatenate([data_minus_fit(part, w[place]) for part, place in parts])
    r = problem.residual(v)
    falls = isinstance(problem, Orthogonal) or _falls(problem, w)
    return 0.0 - r if falls else r


@np.errstate(all="ignore")
def _falls(problem: Problem, w: Array) -> bool:
    """Tell if the declared residual falls in every row as the target grows, which values of a greater target show."""
    module, (X, y, *_) = problem.module, problem.rows
    if y is None:
        return False
    if problem.sense != 0.0:
        return problem.sense > 0.0
    r, moved = (np.asarray(module.residual(w, X, one)) for one in (y, y + 0.125 * (1.0 + np.abs(y))))
    return bool((moved < r).all())
