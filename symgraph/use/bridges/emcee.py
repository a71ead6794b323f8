"""The logarithm of a posterior density at many vectors of weights at once, as emcee takes it with ``vectorize=True``."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import DataError, OptionError
from symgraph.use.bridges.given import Given, given, has_normal_residuals


@dataclass(frozen=True, slots=True, eq=False)
class LogProbability:
    """The logarithm of a density of the weights that are not fixed, up to a constant.

    Attributes:
        module: has the loss.
        known: rows, ranges and the values of fixed weights.
    """

    module: Any
    known: Given

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the weights, in the order of the vectors."""
        return tuple(np.array(self.module.WEIGHTS)[self.known.free].tolist())

    def __call__(self, vectors: Any) -> NDArray[np.float64]:
        """Return the logarithm at each of (S, f) vectors, (S,): -inf outside of the bounds, and where the loss is nan.

        Raises:
            DataError: the vectors have another shape.
        """
        v, known = np.asarray(vectors, np.float64), self.known
        if v.ndim != 2 or v.shape[1] != len(self.names):
            raise DataError(f"vectors have shape {v.shape}; give (S, {len(self.names)}), and EnsembleSampler vectorize=True")
        w = np.tile(known.start, (len(v), 1))
        w[:, known.free] = v
        inside = ((w >= known.lower) & (w <= known.upper)).all(axis=1)
        loss = self._negative(np.where(inside[:, np.newaxis], w, known.start))
        return np.where(inside & ~np.isnan(loss), -loss, -np.inf)

    def _negative(self, w: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the negative logarithm for (S, k) weights: half the squares of residuals, else the loss."""
        module, metadata = self.module, self.module.METADATA
        if not has_normal_residuals(module):
            return np.asarray(module.loss(w, *self.known.rows, reduction="sum"))
        squares = np.square(module.residual(w, *self.known.rows) / self.known.sigma).sum(axis=1)
        if metadata.get("has_penalty"):  # in units of the loss, which is a factor times a square
            squares = squares + np.array([module.penalty(one)[0] for one in w]) / metadata["residual_factor"]
        return np.asarray(squares / 2.0)


def log_probability(module: Any, X: Any = None, y: Any = None, start: Any = None, *, sigma: Any = None) -> LogProbability:
    """Return the logarithm of the posterior density of a module's weights, whose priors are its penalty and its bounds.

    A likelihood, or another loss without residuals, is the negative logarithm of the density of a row. Residuals are normal.

    Args:
        module: a numpy or native module with a loss.
        X, y: rows as ``symgraph.fit`` takes them.
        start: weights that give fixed weights their values; by default ``module.initial_weights(0)``.
        sigma: standard deviations of the residuals, one, or one for each, of the shape of y; 1 where the residual states them.

    Raises:
        OptionError: sigma is missing where there are residuals, or given where there are none; or the module has constraints.
        DataError, WeightsError: X, y, sigma or the start do not fit the module.
    """
    squares = has_normal_residuals(module)
    if squares != (sigma is not None):
        wanted = "give sigma, their standard deviations, 1 where they state their scale" if squares else "leave sigma out"
        raise OptionError(f"{module.MODEL} has {'residuals' if squares else 'no residuals that are normal'}; {wanted}")
    return LogProbability(module, given(module, X, y, start, 1.0 if sigma is None else sigma))
