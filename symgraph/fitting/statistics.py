"""What a fit says beyond its weights: covariances, and numbers by which fits are compared.

Sources: G. A. F. Seber and C. J. Wild, Nonlinear Regression (1989), sections 2.1 and 5; H. Akaike, IEEE Transactions on
Automatic Control 19 (1974); G. Schwarz, Annals of Statistics 6 (1978); P. J. Huber, Proceedings of the Fifth Berkeley Symposium
(1967), for errors where the loss is no likelihood.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from symgraph.fitting.problem import Array, Problem


@dataclass(frozen=True, slots=True)
class Statistics:
    """Numbers about a fit.

    Attributes:
        n: the number of residuals, or of rows where there are none; rows of a penalty are not counted.
        dof: n less the number of free weights.
        chi2: the sum of the squares of the residuals, in units of sigma where that is given; nan without residuals.
        reduced_chi2: chi2/dof, nan where dof is not positive.
        r2: 1 less the ratio of chi2 to that of the weighted mean of y, each data set's own; nan where the residual is not the
            prediction less y.
        log_likelihood: that of the data, with all constants; nan where the loss is no likelihood.
        aic: 2*parameters - 2*log_likelihood.
        bic: log(n)*parameters - 2*log_likelihood.
        parameters: the number of free weights, and one more where the size of the errors was estimated.
    """

    n: int
    dof: int
    chi2: float
    reduced_chi2: float
    r2: float
    log_likelihood: float
    aic: float
    bic: float
    parameters: int


@dataclass(frozen=True, slots=True, eq=False)
class Covariance:
    """The covariance of the free weights.

    Attributes:
        matrix: (f, f); nan in rows and columns of weights at a bound, and everywhere where the data do not determine them.
        how: how it was found, in words.
        undetermined: a combination of weights that the data do not determine, as text, or "".
    """

    matrix: Array
    how: str
    undetermined: str = ""


def statistics(problem: Problem, v: Array, *, absolute_sigma: bool) -> Statistics:
    """Compute the numbers about a fit.

    Args:
        problem: the fit.
        v: (f,) the free weights at its end.
        absolute_sigma: whether the size of the errors is known, so that it was not estimated.
    """
    module, f = problem.module, len(v)
    chi2 = r2 = log_likelihood = math.nan
    n, parameters = problem.rows.n, f
    if problem.has_residual:
        r = problem.residual(v)
        n, chi2 = len(r), float(r @ r)
        r2 = _r2(problem, chi2)
    dof = n - f
    if module.METADATA.get("likelihood"):
        log_likelihood = -problem.value_and_grad(v)[0] + _penalty(problem, v)
    elif problem.has_residual and problem.robust is None:
        scales = 0.0 if problem.sigma is None else float(np.sum(np.log(np.broadcast_to(problem.sigma, n))))
        variance = 1.0 if absolute_sigma else chi2 / n
        if variance > 0.0:
            log_likelihood = -0.5 * (n * math.log(2.0 * math.pi * variance) + chi2 / variance) - scales
        parameters += not absolute_sigma
    return Statistics(
        n=n,
        dof=dof,
        chi2=chi2,
        reduced_chi2=chi2 / dof if dof > 0 else math.nan,
        r2=r2,
        log_likelihood=log_likelihood,
        aic=2.0 * parameters - 2.0 * log_likelihood,
        bic=math.log(n) * parameters - 2.0 * log_likelihood,
        parameters=parameters,
    )


def covariance(problem: Problem, v: Array, *, absolute_sigma: bool) -> Covariance:
    """Compute the covariance of the free weights.

    Args:
        problem: the fit.
        v: (f,) the free weights at its end.
        absolute_sigma: whether the size of the errors is known; else it is estimated by the reduced chi2.
    """
    inner, matrix = ~problem.at_bound(v), np.full((len(v), len(v)), np.nan)
    if not inner.any():
        return Covariance(matrix, "no weight is free of its bounds")
    names = [name for name, is_inner in zip(problem.names, inner, strict=True) if is_inner]
    with np.errstate(all="ignore"):
        if problem.is_least_squares and problem.robust is None:
            r, J = problem.residual(v), problem.slopes(v)[:, inner]
            dof = len(r) - int(inner.sum())
            known = "absolute sigma" if absolute_sigma else "errors estimated by the reduced chi2"
            inverse, undetermined = _inverse_of_square(J, names)
            variance = 1.0 if absolute_sigma else float(r @ r) / dof if dof > 0 else np.nan
            found, how = variance * inverse, f"(J'J)^-1, {known}"
        else:
            H = problem.hessian(v)[np.ix_(inner, inner)]
            inverse, undetermined = _inverse(H, names)
            found, how = inverse, "inverse of the Hessian of the negative log-likelihood"
            if not problem.module.METADATA.get("likelihood"):
                G = problem.gradients_of_rows(v)[:, inner]
                n, f = len(G), int(inner.sum())
                found = inverse @ (G.T @ G) @ inverse * (n / (n - f) if n > f else np.nan)
                how = "sandwich H^-1 G'G H^-1, since the loss is no likelihood"
    matrix[np.ix_(inner, inner)] = found
    return Covariance(matrix, how, undetermined)


def correlations(matrix: Array) -> Array:
    """Return the correlations of a covariance; nan where a variance is 0 or nan."""
    with np.errstate(all="ignore"):
        deviations = np.sqrt(np.diag(matrix))
        found = matrix / np.outer(deviations, deviations)
    np.fill_diagonal(found, np.where(deviations > 0, 1.0, np.nan))
    return np.asarray(found)


def _penalty(problem: Problem, v: Array) -> float:
    module: Any = problem.module
    return float(module.penalty(problem.all_weights(v))[0]) if problem.has_penalty else 0.0


def _r2(problem: Problem, chi2: float) -> float:
    if not problem.is_difference:
        return math.nan
    total = sum(map(_squares_about_mean, problem.data_sets))
    return 1.0 - chi2 / total if total > 0 else math.nan


def _squares_about_mean(problem: Problem) -> float:
    """Return the weighted squares of the targets less their weighted mean."""
    y = np.reshape(np.asarray(problem.rows.y), (problem.rows.n, -1))
    weights = np.ones(y.shape) if problem.sigma is None else np.reshape(np.broadcast_to(1 / problem.sigma**2, y.size), y.shape)
    around = y - np.sum(weights * y, axis=0) / np.sum(weights, axis=0)
    return float(np.sum(weights * around**2))


def _inverse_of_square(J: Array, names: list[str]) -> tuple[Array, str]:
    """Return (J'J)^-1, from the singular values of J with columns of length 1, and what is undetermined."""
    scale = np.linalg.norm(J, axis=0)
    if not np.isfinite(scale).all():
        return np.full((len(names),) * 2, np.nan), "derivatives are not finite"
    _, singular, directions = np.linalg.svd(J / np.where(scale > 0, scale, 1.0), full_matrices=len(J) < len(names))
    singular = np.pad(singular, (0, len(names) - len(singular)))
    if singular[-1] <= max(J.shape) * np.finfo(np.float64).eps * singular[0]:
        return np.full((len(names),) * 2, np.nan), _combination(directions[-1] / np.where(scale > 0, scale, 1.0), names)
    half = directions.T / singular / scale[:, None]
    return half @ half.T, ""


def _inverse(H: Array, names: list[str]) -> tuple[Array, str]:
    """Return the inverse of a symmetric matrix that is positive definite, and what is undetermined."""
    nothing = np.full(H.shape, np.nan)
    if not np.isfinite(H).all():
        return nothing, "derivatives are not finite"
    scale = np.sqrt(np.abs(np.diag(H)))
    scale = np.where(scale > 0, scale, 1.0)
    values, directions = np.linalg.eigh(H / np.outer(scale, scale))
    if values[0] <= len(H) * np.finfo(np.float64).eps * values[-1]:
        return nothing, _combination(directions[:, 0] / scale, names)
    half = directions / np.sqrt(values) / scale[:, None]
    return half @ half.T, ""


def _combination(direction: Array, names: list[str]) -> str:
    """Write a direction as a sum of weights, its greatest part 1; parts below a thousandth are left out."""
    direction = direction / direction[np.argmax(np.abs(direction))]
    parts = [f"{value:+.3g}*{name}" for value, name in zip(direction, names, strict=True) if abs(value) >= 1e-3]
    return " ".join(parts).replace("+1*", "+").replace("-1*", "-").lstrip("+")
