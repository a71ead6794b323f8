"""Fits over rows that are read in blocks: searches see the triangular factor of [J r] in the place of J and r.

R of [J r] = QR has the squares, products and steps that J and r have, whose rows are turned by Q: so SciPy's searches and the
covariance, which use nothing else, take the first columns of R for J and the last for r.
"""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from symgraph.data.rows import Rows
from symgraph.data.stream import Stream, triangle
from symgraph.module_functions import HVP
from symgraph.use.fitting.problem import Array, Problem, length_of
from symgraph.use.fitting.target_density import log_slopes

_KEPT = 4  # factors that a problem remembers: a search asks for r and J of the same weights one after the other


@dataclass(frozen=True, eq=False)
class StreamProblem(Problem):
    """A problem whose rows are read in blocks; see `Problem`.

    Attributes:
        stream: the rows.
        factors: those that were computed last, by the weights.
    """

    stream: Any = None
    factors: dict[Any, Array] = field(default_factory=dict)

    @property
    def is_least_squares(self) -> bool:
        """Tell if it is searched as least squares; a robust loss, which weighs each row, is not."""
        return self.robust is None and super().is_least_squares

    @cached_property
    def is_difference(self) -> bool:
        """Tell if the residual is the prediction less the target in all rows, by its values at the start."""
        parts = (Rows(X, y, len(y if X is None else X), np.dtype(np.float64)) for X, y in self.stream.blocks())
        return all(self.turned_into(Problem, rows=part).is_difference for part in parts)

    def residual(self, v: Array) -> Array:
        """Return the last column of R, (f + 1,), in units of the standard deviation."""
        return self._factor(v)[:, -1]

    def jacobian(self, v: Array) -> Array:
        """Return its other columns, those of the free weights, (k + 1, f)."""
        return self._factor(v)[:, self.free]

    def _factor(self, v: Array) -> Array:
        w = self.all_weights(v)
        key = w.tobytes()
        if key not in self.factors:
            while len(self.factors) >= _KEPT:
                del self.factors[next(iter(self.factors))]
            self.factors[key] = self.stream.r_factor(w)
        return self.factors[key] / self._deviation

    def value_and_grad(self, v: Array) -> tuple[float, Array]:
        """Return the sum of the losses and its gradient by the free weights."""
        value, gradient = self.stream.value_and_grad(self.all_weights(v), reduction="sum")
        return float(value), gradient[self.free]

    def hessian(self, v: Array) -> Array:
        """Return the Hessian of that sum by the free weights, added up block by block."""
        if not hasattr(self.module, HVP):  # which comes along with hessian
            return Problem.hessian(self, v)
        H: Any = sum(self.second_derivatives(v, X, y) for X, y in self.stream.blocks())
        if self.has_penalty:  # which each block has added
            own = self.module.penalty_hessian(self.all_weights(v))[np.ix_(self.free, self.free)]
            H = H - (-(-self.stream.n // self.stream.rows) - 1) * own
        return np.asarray(H)

    def scores(self, v: Array) -> Array:
        """Return the triangular factor of the gradients of the rows, whose products are those of the gradients."""
        w = self.all_weights(v)
        return triangle(self.module.per_sample_grad(w, X, y) for X, y in self.stream.blocks())[:, self.free]

    def log_slopes(self, v: Array) -> float:
        """Return the sum over rows of log |dr/dy|; the rows are read where that is not 0."""
        if "residual_by_target" not in self.module.METADATA:
            return 0.0
        return sum(log_slopes(self.module, self.all_weights(v), X, y) for X, y in self.stream.blocks())

    def about_mean(self) -> float:
        """Return the root of the sum of the squares of the target about its mean, for which the rows are read twice."""
        mean = sum(np.sum(y, axis=0) for _, y in self.stream.blocks()) / self.stream.n
        return length_of([length_of(y - mean) for _, y in self.stream.blocks()]) / self._deviation

    @cached_property
    def size_of_target(self) -> float:
        """Return the root mean square of the target in units of sigma, for which the rows are read; 0.0 where residuals are
        no differences from it."""
        if "residual_by_target" in self.module.METADATA:
            return 0.0
        lengths = [length_of(y) for _, y in self.stream.blocks()]
        return length_of(lengths) / self._deviation / math.sqrt(self.residuals)

    @property
    def _deviation(self) -> float:
        return 1.0 if self.sigma is None else float(self.sigma[0])


def rows_of(stream: Stream) -> Rows:
    """Return what takes the place of rows in memory: their number alone."""
    return Rows(None, None, stream.n, np.dtype(np.float64))
