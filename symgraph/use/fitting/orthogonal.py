"""Errors in x: the distances of the data from the curve, as an ordinary problem of least squares in the weights alone.

With delta the shifts of one row's features, a fit by orthogonal distance minimizes the sum over the rows of

    (f(x + delta, w) - y)**2/sigma**2 + sum(delta**2/sigma_x**2)

in weights and shifts. Each row's shifts are solved for given weights, to convergence. What is left of the row is then the
square of d = (f - g*delta - y)/s, s**2 = sigma**2 + sum((sigma_x*g)**2), with f and g = df/dx where the shifts have led; the
derivative of d by the weights is df/dw / s there, since the shifts are those of a minimum. (J'J)^-1 of these is the part of
the inverse of the whole normal matrix that belongs to the weights. Sources: P. T. Boggs and J. E. Rogers, Contemporary
Mathematics 112 (1990); D. York and others, American Journal of Physics 72 (2004), for straight lines.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symgraph.data.residuals import slopes_of_residuals
from symgraph.data.rows import float_array
from symgraph.errors import DataError, OptionError
from symgraph.runtime.generated_module import targets_of
from symgraph.use.fitting.problem import Array, Problem

_MOST = 200
"""Steps in which the shifts of a row are solved; each takes away all but a part of what is left, less the flatter the curve."""


@dataclass(frozen=True, eq=False)
class Orthogonal(Problem):
    """A problem whose residuals are the distances of the rows from the curve, in units of their standard deviations."""

    def residual(self, v: Array) -> Array:
        """Return the distances, (n,)."""
        return self._nearest(v)[1]

    def jacobian(self, v: Array) -> Array:
        """Return their derivatives by the free weights, (n, f)."""
        X, _, s = self._nearest(v)
        J = slopes_of_residuals(self.module, self.all_weights(v), X, self.rows.y)
        return np.asarray(self.sense * J[:, self.free] / s[:, np.newaxis])

    def nearest(self, v: Array) -> Array:
        """Return the rows on the curve that are nearest to the data, of the shape of X."""
        return np.reshape(self._nearest(v)[0], np.asarray(self.rows.X).shape)

    def _nearest(self, v: Array) -> tuple[Array, Array, Array]:
        """Return the rows on the curve, (n, d), the distances and their scales s, (n,)."""
        found: tuple[Array, Array, Array] = self.remembered(self._solved, v)
        return found

    def _solved(self, v: Array) -> tuple[Array, Array, Array]:
        """Solve the shifts by Gauss-Newton steps, which are halved in a row whose distance they would make greater."""
        module, w, y = self.module, self.all_weights(v), self.rows.y
        sigma, of_x = np.broadcast_to(np.asarray(self.sigma), self.rows.n), np.asarray(self.sigma_x)
        X = np.reshape(np.asarray(self.rows.X), of_x.shape)
        inverse = np.divide(1.0, of_x, out=np.zeros(of_x.shape), where=of_x > 0.0)
        shifts, tried, least = np.zeros(X.shape), np.zeros(X.shape), np.full(len(X), np.inf)
        for _ in range(_MOST):
            e = self.sense * module.residual(w, X + tried, y)
            squares = np.square(e / sigma) + np.sum(np.square(tried * inverse), axis=1)
            better = squares <= least * (1.0 + 1e-14)
            shifts, least = np.where(better[:, np.newaxis], tried, shifts), np.where(better, squares, least)
            G = module.feature_jacobian(w, X + tried)
            variance = np.square(sigma) + np.sum(np.square(of_x * G), axis=1)
            onward = -np.square(of_x) * G * ((e - np.sum(G * tried, axis=1)) / variance)[:, np.newaxis]
            tried = np.where(better[:, np.newaxis], onward, (shifts + tried) / 2.0)
            if not (np.abs(tried - shifts) > np.finfo(np.float64).eps * (np.abs(X) + np.abs(shifts))).any():
                break
        X = X + shifts
        e, G = self.sense * module.residual(w, X, y), module.feature_jacobian(w, X)
        s = np.sqrt(np.square(sigma) + np.sum(np.square(of_x * G), axis=1))
        return X, np.asarray((e - np.sum(G * shifts, axis=1)) / s), s


def checked_sigma_x(problem: Problem, sigma_x: Any) -> Array:
    """Return the standard deviations of the features of each row, (n, d).

    Args:
        problem: the fit, with the sigma of its observations.
        sigma_x: one number, one a column, (n, d), with one feature (n,), or numbers by the names of features, others being 0.

    Raises:
        OptionError: the model or the fit has no use for them; the message says why.
        DataError: they are of another shape, or one is negative or not finite.
    """
    module: Any = problem.module
    why = next((reason for reason, is_so in _objections(problem) if is_so), None)
    if why is not None:
        raise OptionError(f"sigma_x, the errors of the features, cannot be taken into account: {why}")
    names, X = module.FEATURES, np.asarray(problem.rows.X)
    n, d = len(X), len(names)
    if isinstance(sigma_x, Mapping) and set(sigma_x) <= set(names):
        columns = [float_array(f"sigma_x[{name!r}]", sigma_x.get(name, 0.0)) for name in names]
        if {column.shape for column in columns} - {(), (n,)}:
            raise DataError(
                f"sigma_x has columns of shapes {', '.join(str(one.shape) for one in columns)}; give ({n},) or one number"
            )
        sigma_x = np.stack(np.broadcast_arrays(*columns), axis=-1)
    array: Any = float_array("sigma_x", sigma_x, names, column=d == 1)
    array = array[:, np.newaxis] if d == 1 and array.shape == (n,) else array
    if array.shape not in ((), (d,), (n, d)):
        several = f"({n}, {d}) as X, or ({d},), one for each of {', '.join(names)}" if d > 1 else f"({n},) as X"
        raise DataError(f"sigma_x has shape {array.shape}; give one number, or {several}")
    array = np.array(np.broadcast_to(array, (n, d)), np.float64)
    if not (np.isfinite(array).all() and (array >= 0.0).all()):
        row, column = np.argwhere(~(np.isfinite(array) & (array >= 0.0)))[0]
        raise DataError(f"sigma_x is {array[row, column]} in row {row}, column {names[column]}; give 0 or more").at_row(row)
    if not array.any():
        raise OptionError("sigma_x is 0 in every row; leave it out")
    checked: Array = array
    return checked


def _objections(problem: Problem) -> tuple[tuple[str, bool], ...]:
    """Return reasons why errors of features cannot be taken into account, and for each if it holds."""
    module: Any = problem.module
    model = module.MODEL
    return (
        (f"{model} has no features", not module.FEATURES),
        (f"{model} is not fitted by least squares", not hasattr(module, "residual")),
        (f"{model} has a robust loss, a penalty or constraints", _is_more_than_squares(problem)),
        (f"{model} has not one output and one target", len(module.OUTPUTS) != 1 or len(targets_of(module)) != 1),
        (f"the residual of {model} is not the prediction less the target", not problem.is_difference),
        ("it takes sigma beside it, since errors of x are weighed against those of y", problem.sigma is None),
        (
            f"{model} lacks feature_jacobian; `symgraph build --with feature-jacobian` adds it, "
            "or symgraph.compile(model, extras='feature-jacobian')",
            not hasattr(module, "feature_jacobian"),
        ),
    )


def _is_more_than_squares(problem: Problem) -> bool:
    return problem.robust is not None or problem.has_penalty or hasattr(problem.module, "constraints")
