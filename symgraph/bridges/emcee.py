"""The logarithm of a posterior density at many vectors of weights at once, as emcee takes it with ``vectorize=True``."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from symgraph.errors import DataError, OptionError
from symgraph.fitting.fits import problem_of
from symgraph.fitting.problem import Array, Problem


@dataclass(frozen=True, slots=True, eq=False)
class LogProbability:
    """The logarithm of a density of the free weights, up to a constant.

    Attributes:
        problem: the module, the rows, the free weights and their ranges.
    """

    problem: Problem

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the free weights, in the order of the vectors."""
        return self.problem.names

    def __call__(self, vectors: Any) -> Array:
        """Return it for (S, f) vectors of free weights, (S,): -inf outside of their ranges, and where the loss is nan."""
        problem, v = self.problem, np.asarray(vectors, np.float64)
        if v.ndim != 2 or v.shape[1] != len(self.names):
            raise DataError(f"vectors have shape {v.shape}; give (S, {len(self.names)}), and EnsembleSampler vectorize=True")
        inside = ((v >= problem.lower) & (v <= problem.upper)).all(axis=1)
        found, w = np.full(len(v), -np.inf), np.tile(problem.start, (int(inside.sum()), 1))
        w[:, problem.free] = v[inside]
        if len(w):
            value = -self._deviance(w) / 2.0
            found[inside] = np.where(np.isnan(value), -np.inf, value)
        return found

    def _deviance(self, w: Array) -> Array:
        """Return twice the negative logarithm of the density for (S, k) weights; a loss c*r**2 counts as r**2/2."""
        module, rows = self.problem.module, self.problem.rows
        if self.problem.sigma is not None:
            return np.asarray(np.square(module.residual(w, rows.X, rows.y) / self.problem.sigma).sum(axis=1))
        factor = module.METADATA.get("residual_factor") or 0.5  # 0 for a robust loss, which is as it stands
        return np.asarray(module.loss(w, rows.X, rows.y, reduction="sum")) / factor


def log_probability(module: Any, X: Any = None, y: Any = None, start: Any = None, **options: Any) -> LogProbability:
    """Return the logarithm of the posterior density of a model's free weights, whose priors are its penalty and its bounds.

    A likelihood, and any other loss, is the negative logarithm of the density of a row; residuals have standard deviation 1, or
    sigma.

    Args:
        module, X, y, start: as for ``symgraph.fit``; weights that are fixed stay as the start has them.
        options: ``sigma``, ``bounds``, ``fixed`` and ``seed`` of ``symgraph.fit``.

    Raises:
        OptionError: the residual is the prediction less the target and sigma is missing, or as for ``symgraph.fit``.
    """
    problem = problem_of(module, X, y, start, **options)
    if problem.is_difference and problem.sigma is None:
        raise OptionError(
            f"the density of {problem.module.MODEL} needs the standard deviation of y: give sigma, or declare the likelihood "
            "gaussian, or the residual (y_hat - y)/s"
        )
    return LogProbability(problem)
