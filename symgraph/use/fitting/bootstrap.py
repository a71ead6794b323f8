"""Bootstrap: the fit is repeated on rows drawn with replacement (B. Efron, Annals of Statistics 7, 1979)."""

import numpy as np

from symgraph.errors import OptionError
from symgraph.use.fitting.problem import Array, Problem
from symgraph.use.fitting.search import search


def resampled(problem: Problem, v: Array, repetitions: int, seed: int) -> Array:
    """Fit anew on rows drawn with replacement, starting from the fit of all.

    Args:
        problem: the fit.
        v: (f,) the free weights at its end.
        repetitions: how often.
        seed: of the rows that are drawn.

    Returns:
        All weights of each repetition that converged, (repetitions or less, k).

    Raises:
        OptionError: the model has no rows.
    """
    if not problem.rows.given:
        raise OptionError(f"{problem.module.MODEL} has no rows in memory to draw from")
    rng, found = np.random.default_rng(seed), []
    for _ in range(repetitions):
        end = search(problem.resampled(rng), v)
        if end.success:
            found.append(problem.all_weights(end.v))
    return np.array(found).reshape(-1, len(problem.start))
