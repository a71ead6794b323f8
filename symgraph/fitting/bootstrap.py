"""Bootstrap: the fit is repeated on rows drawn with replacement (B. Efron, Annals of Statistics 7, 1979)."""

from dataclasses import replace

import numpy as np

from symgraph.errors import OptionError
from symgraph.fitting.problem import Array, Problem
from symgraph.fitting.search import search
from symgraph.training.rows import Rows


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
    rng, n = np.random.default_rng(seed), problem.rows.n
    found = []
    for _ in range(repetitions):
        chosen = rng.integers(n, size=n)
        X, y = problem.rows.take(chosen)
        sigma = problem.sigma
        if sigma is not None and sigma.size > 1:
            sigma = np.reshape(np.reshape(sigma, (n, -1))[chosen], -1)
        of_x = None if problem.sigma_x is None else problem.sigma_x[chosen]
        again = replace(problem, rows=Rows(X, y, n, problem.rows.dtype), sigma=sigma, sigma_x=of_x)
        end = search(again, v)
        if end.success:
            found.append(problem.all_weights(end.v))
    return np.array(found).reshape(-1, len(problem.start))
