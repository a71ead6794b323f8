"""Statistics of a fit beyond its weights: covariances, and numbers by which fits are compared.

Sources: G. A. F. Seber and C. J. Wild, Nonlinear Regression (1989), sections 2.1 and 5; H. Akaike, IEEE Transactions on
Automatic Control 19 (1974); G. Schwarz, Annals of Statistics 6 (1978); P. J. Huber, Proceedings of the Fifth Berkeley Symposium
(1967), for errors where the loss is no likelihood.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.fitting.found import Found
from symgraph.fitting.linearized import combination, linearized
from symgraph.fitting.problem import Array, Problem

_RISE = 0.5
"""Rise of a negative log-likelihood that is a parabola over a standard deviation."""
_HALVED = 20
"""Number of times that a step is halved which leads to where the likelihood is not finite."""
_NOT_FINITE = "the weights, since derivatives are not finite"


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


@np.errstate(all="ignore")
def statistics(problem: Problem, v: Array) -> Statistics:
    """Compute the numbers about a fit.

    Args:
        problem: the fit.
        v: (f,) the free weights at its end.
    """
    module, f = problem.module, len(v)
    chi2 = r2 = log_likelihood = math.nan
    n, parameters = problem.residuals, f
    if problem.has_residual:
        r = problem.residual(v)
        chi2 = float(r @ r)
        r2 = _r2(problem, chi2)
    dof = n - f
    if module.METADATA.get("likelihood"):
        log_likelihood = -problem.value_and_grad(v)[0] + _penalty(problem, v)
    elif problem.has_residual and problem.robust is None and problem.sigma_x is None:
        scales = 0.0 if problem.sigma is None else float(np.sum(np.log(np.broadcast_to(problem.sigma, n))))
        variance = 1.0 if problem.absolute_sigma else chi2 / n
        if variance > 0.0:
            log_likelihood = -0.5 * (n * math.log(2.0 * math.pi * variance) + chi2 / variance) - scales
        parameters += not problem.absolute_sigma
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


def covariance(problem: Problem, found: Found) -> Covariance:
    """Compute the covariance of the free weights.

    Args:
        problem: the fit.
        found: its end.
    """
    v = found.v
    inner = ~problem.at_bound(v)
    names = [name for name, is_inner in zip(problem.names, inner, strict=True) if is_inner]
    if not names:
        return Covariance(np.full((len(v), len(v)), np.nan), "no weight is free of its bounds")
    with np.errstate(all="ignore"):
        by = _by_squares if problem.is_plain_squares else _by_hessian
        part, how, undetermined = by(problem, found, names, inner)
    if len(names) == len(v):
        return Covariance(part, how, undetermined)
    matrix = np.full((len(v), len(v)), np.nan)
    matrix[np.ix_(inner, inner)] = part
    return Covariance(matrix, how, undetermined)


def _by_squares(problem: Problem, found: Found, names: list[str], inner: NDArray[np.bool_]) -> tuple[Array, str, str]:
    at = found.at or linearized(problem, found.v)
    inverse, undetermined = (np.full((len(names),) * 2, np.nan), _NOT_FINITE) if at is None else at.inverse(names)
    what = "(J'J)^-1" if problem.sigma_x is None else "(J'J)^-1 of distances that count sigma_x"
    if problem.absolute_sigma:
        return inverse, f"{what}, absolute sigma", undetermined
    r = problem.residual(found.v)
    dof = problem.residuals - len(names)
    return (float(r @ r) / dof if dof > 0 else np.nan) * inverse, f"{what}, errors estimated by the reduced chi2", undetermined


def _by_hessian(problem: Problem, found: Found, names: list[str], inner: NDArray[np.bool_]) -> tuple[Array, str, str]:
    module, f = problem.module, len(names)
    inverse, undetermined = _inverse(problem.hessian(found.v)[np.ix_(inner, inner)], names)
    if module.METADATA.get("likelihood"):
        return inverse, "inverse of the Hessian of the negative log-likelihood", undetermined
    G, n = problem.scores(found.v)[:, inner], problem.rows.n
    matrix = inverse @ (G.T @ G) @ inverse * (n / (n - f) if n > f else np.nan)
    return matrix, "sandwich H^-1 G'G H^-1, since the loss is no likelihood", undetermined


def without_limit(problem: Problem, v: Array, matrix: Array) -> str:
    """Return the combination of weights along which a likelihood falls next to nothing on one side, as text; "" for none.

    Such a likelihood has no maximum, as that of two classes that a line separates, or of a dispersion that the data leave at 0.

    Args:
        problem: the fit.
        v: (f,) the free weights at its end.
        matrix: (f, f) their covariance.
    """
    inner = np.flatnonzero(np.isfinite(np.diag(matrix)))
    if not (problem.module.METADATA.get("likelihood") and len(inner)):
        return ""
    deviations = np.sqrt(np.diag(matrix))[inner]
    sizes, directions = np.linalg.eigh(matrix[np.ix_(inner, inner)] / np.outer(deviations, deviations))
    best, names = problem.value_and_grad(v)[0], [problem.names[j] for j in inner]
    for step in np.vstack([np.eye(len(inner)), (np.sqrt(sizes) * directions).T]) * deviations:
        for sign in (1.0, -1.0):
            rises = (_moved(problem, v, inner, sign * 0.5**halved * step) - best for halved in range(_HALVED))
            if next((rise for rise in rises if math.isfinite(rise)), math.inf) < _RISE / 10:
                return combination(step, names)
    return ""


@np.errstate(all="ignore")
def _moved(problem: Problem, v: Array, inner: NDArray[np.intp], step: Array) -> float:
    """Return the sum of losses where some free weights have moved."""
    moved = v.copy()
    moved[inner] += step
    return float(problem.value_and_grad(problem.inside(moved))[0])


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
    if not problem.is_difference or problem.sigma_x is not None:
        return math.nan
    total = sum(one.about_mean() for one in problem.data_sets)
    return 1.0 - chi2 / total if total > 0 else math.nan


def _inverse(H: Array, names: list[str]) -> tuple[Array, str]:
    """Return the inverse of a symmetric matrix that is positive definite, and what is undetermined."""
    nothing = np.full(H.shape, np.nan)
    if not np.isfinite(H).all():
        return nothing, _NOT_FINITE
    scale = np.sqrt(np.abs(np.diag(H)))
    scale = np.where(scale > 0, scale, 1.0)
    values, directions = np.linalg.eigh(H / np.outer(scale, scale))
    if values[0] <= len(H) * np.finfo(np.float64).eps * values[-1]:
        return nothing, combination(directions[:, 0] / scale, names)
    half = directions / np.sqrt(values) / scale[:, None]
    return half @ half.T, ""
