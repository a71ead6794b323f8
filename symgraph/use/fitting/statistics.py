"""Statistics of a fit beyond its weights: covariances, and numbers by which fits are compared.

Sources: G. A. F. Seber and C. J. Wild, Nonlinear Regression (1989), sections 2.1 and 5; H. Akaike, IEEE Transactions on
Automatic Control 19 (1974); G. Schwarz, Annals of Statistics 6 (1978); P. J. Huber, Proceedings of the Fifth Berkeley Symposium
(1967), for errors where the loss is no likelihood.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.use.fitting.active import Active, active_at, basis_of, lagrangian_hessian
from symgraph.use.fitting.found import Found
from symgraph.use.fitting.linearized import EPS, combination, linearized
from symgraph.use.fitting.problem import EXACT, Array, Problem, length_of

_PART = math.sqrt(EPS)
"""Part of a direction, relative to the whole, that counts: singular vectors are known to about EPS over gaps between values."""

_RISE = 0.5
"""Rise of a negative log-likelihood that is a parabola over a standard deviation."""
_HALVED = 20
"""Number of times that a step is halved which leads to where the likelihood is not finite."""
_ROUNDING = "none, since the residuals are rounding, which does not tell the size of the errors"
_NOT_FINITE = "the weights, since derivatives are not finite"


@dataclass(frozen=True, slots=True)
class Statistics:
    """Numbers about a fit.

    Attributes:
        n: the number of residuals, or of rows where there are none; rows of a penalty are not counted.
        dof: n less the number of free weights, plus that of the active constraints that hold some of them.
        chi2: the sum of the squares of the residuals, in units of sigma where that is given; nan without residuals, and where
            it is less than floats hold.
        reduced_chi2: chi2/dof, nan where dof is not positive.
        r2: 1 less the ratio of chi2 to that of the weighted mean of y, each data set's own; nan where the residual is not the
            prediction less y, and where y is constant.
        log_likelihood: that of the target, with all constants, also where the residual is of a function of it such as log(y);
            nan where the loss is no likelihood, and of residuals that are rounding, for which it has no bound.
        aic: 2*parameters - 2*log_likelihood.
        bic: log(n)*parameters - 2*log_likelihood.
        parameters: the number of free weights less that of equalities among the constraints, and one more where the size of
            the errors was estimated. A bound does not count: where a weight ends is for the data to say.
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


@dataclass(frozen=True, eq=False)
class Covariance:
    """The covariance of the free weights, by a root of it, so that nothing is squared which floats may not hold.

    Attributes:
        basis: (f, q) directions in which active constraints let the weights move, a column each.
        root: (q, r) of which the product with its transpose is the covariance along these, but for its scale.
        left_open: (q, m) directions along these that the data do not determine.
        size: standard deviation of the errors in units of sigma; 1.0 where it is known, nan where nothing tells it.
        how: how it was found, in words.
        undetermined: a combination of weights that the data do not determine, as text, or "".
    """

    basis: Array
    root: Array
    left_open: Array
    size: float
    how: str
    undetermined: str = ""

    @np.errstate(all="ignore")
    def deviations(self, slopes: Array) -> Array:
        """Return the standard errors of linear functions of the free weights.

        Args:
            slopes: (..., f) their derivatives.

        Returns:
            (...,) the errors; nan where the data leave a function open, where nothing tells the size of the errors, and where
            constraints hold all that it depends on; 0 of one that depends on nothing.
        """
        along = slopes @ self.basis
        length, error = _lengths(along), self.size * _lengths(along @ self.root)
        is_open = _lengths(along @ self.left_open) > _PART * length
        is_held = length <= _PART * (np.abs(slopes) @ _lengths(self.basis))
        return np.where((slopes == 0.0).all(axis=-1), 0.0, np.where(is_open | is_held, np.nan, error))

    def of(self, places: NDArray[np.intp]) -> "Covariance":
        """Return the covariance of some of the free weights, by their places."""
        return replace(self, basis=self.basis[places])

    @cached_property
    def is_open(self) -> NDArray[np.bool_]:
        """Tell which free weights the data do not determine, (f,)."""
        return np.asarray(_lengths(self.basis @ self.left_open) > _PART * _lengths(self.basis))

    @cached_property
    def is_held(self) -> NDArray[np.bool_]:
        """Tell which free weights no direction moves, (f,)."""
        return np.asarray(~self.basis.any(axis=1))

    @cached_property
    def matrix(self) -> Array:
        """Return the covariance, (f, f); nan in rows and columns of weights that have no error, and where it is less than
        floats hold."""
        with np.errstate(all="ignore"):
            half = self.size * (self.basis @ self.root)
            deviations = _lengths(half)
            half[self.is_open | self.is_held] = np.nan
            return np.where(np.outer(deviations, deviations) < np.finfo(np.float64).tiny, np.nan, half @ half.T)

    @cached_property
    def correlations(self) -> Array:
        """Return the correlations of the free weights, (f, f); nan of weights that have no error."""
        with np.errstate(all="ignore"):
            half = self.basis @ self.root
            half = half / _lengths(half)[:, np.newaxis]
            half[self.is_open | self.is_held | (self.size != self.size)] = np.nan
            found = np.clip(half @ half.T, -1.0, 1.0)
        np.fill_diagonal(found, np.where(np.isnan(np.diag(found)), np.nan, 1.0))
        return np.asarray(found)


def _lengths(rows: Array) -> Array:
    """Return the lengths of vectors, (...,) of (..., q), without squares that floats may not hold."""
    largest = np.max(np.abs(rows), axis=-1, keepdims=True, initial=0.0)
    scale = np.where((largest > 0.0) & (largest < np.inf), largest, 1.0)
    return np.asarray(scale[..., 0] * np.sqrt(np.sum(np.square(rows / scale), axis=-1)))


def degrees_of_freedom(problem: Problem, v: Array) -> int:
    """Return the number of residuals less that of the free weights which no active constraint holds."""
    return problem.residuals - len(v) + len(active_at(problem, v).names)


@np.errstate(all="ignore")
def scatter(problem: Problem, v: Array) -> float:
    """Return the standard deviation of the residuals, the root of the reduced chi2; nan where nothing tells it: there are no
    degrees of freedom, or the residuals are rounding."""
    dof = degrees_of_freedom(problem, v)
    return math.nan if dof <= 0 or problem.is_exact(v) else length_of(problem.residual(v)) / math.sqrt(dof)


@np.errstate(all="ignore")
def statistics(problem: Problem, v: Array) -> Statistics:
    """Compute the numbers about a fit.

    Args:
        problem: the fit.
        v: (f,) the free weights at its end.
    """
    active = active_at(problem, v)
    chi2 = r2 = log_likelihood = math.nan
    n, parameters = problem.residuals, len(v) - active.equalities
    dof = n - len(v) + len(active.names)
    if problem.has_residual:
        length = length_of(problem.residual(v))
        chi2 = length**2 if length == 0.0 or length**2 >= np.finfo(np.float64).tiny else math.nan
        r2 = _r2(problem, length)
    if problem.module.METADATA.get("likelihood"):
        log_likelihood = -problem.value_and_grad(v)[0] + _penalty(problem, v)
    elif problem.has_residual and problem.robust is None and problem.sigma_x is None:
        scales = 0.0 if problem.sigma is None else float(np.sum(np.log(np.broadcast_to(problem.sigma, n))))
        deviation = 1.0 if problem.absolute_sigma else length / math.sqrt(n)
        if problem.absolute_sigma or not problem.is_exact(v):
            squares = (length / deviation) ** 2
            log_likelihood = -0.5 * (n * (math.log(2.0 * math.pi) + 2.0 * math.log(deviation)) + squares) - scales
            log_likelihood += problem.log_slopes(v)
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
    """Compute the covariance of the free weights, with active constraints as they are.

    Args:
        problem: the fit.
        found: its end.
    """
    v = found.v
    with np.errstate(all="ignore"):
        active = active_at(problem, v)
        if len(active.names) >= len(v):
            return Covariance(np.zeros((len(v), 0)), np.zeros((0, 0)), np.zeros((0, 0)), 1.0, "constraints hold every weight")
        by = _by_squares if problem.is_plain_squares else _by_hessian if problem.kinks is None else _by_density
        found_ = by(problem, found, active)
    return replace(found_, how=f"{found_.how}, {active.text}") if active.names else found_


def _by_squares(problem: Problem, found: Found, active: Active) -> Covariance:
    what = "(J'J)^-1" if problem.sigma_x is None else "(J'J)^-1 of distances that count sigma_x"
    if problem.absolute_sigma:
        size, how = 1.0, f"{what}, absolute sigma"
    elif degrees_of_freedom(problem, found.v) > 0 and problem.is_exact(found.v):
        size, how = math.nan, _ROUNDING
    else:
        size, how = scatter(problem, found.v), f"{what}, errors estimated by the reduced chi2"
    basis, singular, directions, limit = _of_squares(problem, found, active)
    if not len(singular):
        return _unknown(len(found.v), size, how)
    known = singular > limit
    left_open = directions[~known].T
    undetermined = combination(basis @ left_open[:, -1], problem.names) if left_open.size else ""
    return Covariance(basis, directions[known].T / singular[known], left_open, size, how, undetermined)


def _of_squares(problem: Problem, found: Found, active: Active) -> tuple[Array, Array, Array, float]:
    """Return directions that constraints leave free, (f, q), and along these the singular values of the derivatives of the
    residuals, the right singular vectors, one a row, and what is 0 within rounding; no singular values where some derivative
    is not finite."""
    v = found.v
    idle = _without_effect(problem, v)
    if not idle.any() and len(active.names) == np.count_nonzero(problem.at_bound(v)):
        at = found.at or linearized(problem, v)
        if at is None:
            return np.eye(len(v)), np.empty(0), np.empty((0, 0)), 0.0
        basis = np.diag(1.0 / at.scale)
        return basis if at.inner is None else basis[:, at.inner], at.singular, at.directions, at.limit
    J = np.where(idle, 0.0, problem.slopes(v))
    scale = _lengths(J.T)
    scale = np.where(scale > 0.0, scale, 1.0)
    basis = basis_of(active.normals, scale)
    if not np.isfinite(J).all():
        return basis, np.empty(0), np.empty((0, 0)), 0.0
    _, singular, directions = np.linalg.svd(J @ basis, full_matrices=len(J) < basis.shape[1])
    singular = np.append(singular, np.zeros(len(directions) - len(singular)))
    return basis, singular, directions, max(J.shape) * EPS * float(singular[0])


def _without_effect(problem: Problem, v: Array) -> NDArray[np.bool_]:
    """Tell which free weights, changed by their own size, change residuals that are rounding by no more than that, (f,)."""
    if not problem.is_exact(v):
        return np.zeros(len(v), np.bool_)
    sizes = np.maximum(np.abs(v), np.abs(problem.start[problem.free]))
    return _lengths(problem.slopes(v).T) * sizes <= EXACT * problem.size_of_target * math.sqrt(problem.residuals)


def _by_hessian(problem: Problem, found: Found, active: Active) -> Covariance:
    is_likelihood, v = problem.module.METADATA.get("likelihood"), found.v
    how = (
        "inverse of the Hessian of the negative log-likelihood"
        if is_likelihood
        else "sandwich H^-1 G'G H^-1, since the loss is no likelihood"
    )
    H = lagrangian_hessian(problem, v, active)
    if not np.isfinite(H).all():
        return _unknown(len(v), 1.0, how)
    scale = np.sqrt(np.abs(np.diag(H)))
    scale = np.where(scale > 0.0, scale, 1.0)
    only_bounds = len(active.names) == np.count_nonzero(problem.at_bound(v))
    basis = np.diag(1.0 / scale)[:, ~problem.at_bound(v)] if only_bounds else basis_of(active.normals, scale)
    values, directions = np.linalg.eigh(basis.T @ H @ basis)
    known = values > len(values) * EPS * values[-1]
    root, left_open = directions[:, known] / np.sqrt(values[known]), directions[:, ~known]
    undetermined = combination(basis @ left_open[:, 0], problem.names) if left_open.size else ""
    size = 1.0
    if not is_likelihood and problem.is_exact(v):
        size, how = math.nan, _ROUNDING
    elif not is_likelihood:
        n, moving = problem.rows.n, basis.shape[1]
        scores: Any = np.linalg.qr(problem.scores(v) @ basis, mode="r")
        root = root @ (root.T @ scores.T) * (math.sqrt(n / (n - moving)) if n > moving else math.nan)
    return Covariance(basis, root, left_open, size, how, undetermined)


def _normal(x: Any) -> Any:
    """Return the density of the normal law."""
    return np.exp(-(x**2) / 2.0) / math.sqrt(2.0 * math.pi)


def _by_density(problem: Problem, found: Found, active: Active) -> Covariance:
    """Return the covariance of a quantile's fit: H^-1 S H^-1, with H from the density of the deviations at 0, by a kernel.

    Source: R. Koenker, Quantile Regression (2005), section 3.4.2, with the bandwidth of P. Hall and S. J. Sheather, Journal of
    the Royal Statistical Society B 50 (1988). The kernel is normal with the variance of Powell's uniform one; with the
    bandwidth as its standard deviation, errors of 200 rows are a third too large.
    """
    from scipy.special import ndtri

    v, (above, below) = found.v, problem.kinks or (np.empty(0), np.empty(0))
    e, J = problem.deviations(v), problem.deviation_slopes(v)
    size_of_e, how = 1.0, "sandwich H^-1 S H^-1, H by the density of the deviations at the kink"
    if problem.is_exact(v):
        size_of_e, how = math.nan, _ROUNDING
    quantile, n = float(np.mean(below / (above + below))), len(e)
    at = float(ndtri(quantile))
    wide = n ** (-1 / 3) * ndtri(0.975) ** (2 / 3) * (1.5 * _normal(at) ** 2 / (2.0 * at**2 + 1.0)) ** (1 / 3)
    while not 0.0 < quantile - wide < quantile + wide < 1.0:
        wide /= 2.0
    size = min(float(np.std(e, ddof=1)) if n > 1 else 0.0, float(np.subtract(*np.percentile(e, [75, 25]))) / 1.34)
    width = (ndtri(quantile + wide) - ndtri(quantile - wide)) * size / math.sqrt(3.0)
    inner = ~problem.at_bound(v)
    scale = np.where(_lengths(J.T) > 0.0, _lengths(J.T), 1.0)
    basis = np.diag(1.0 / scale)[:, inner]
    density = _normal(e / width) / width * (above + below) if size_of_e == 1.0 and width > 0.0 else np.ones(n)
    size_of_e = size_of_e if width > 0.0 else math.nan
    half = np.sqrt(density)[:, np.newaxis] * (J @ basis)
    if not np.isfinite(half).all():
        return _unknown(len(v), math.nan, how)
    _, singular, directions = np.linalg.svd(half, full_matrices=n < basis.shape[1])
    singular = np.append(singular, np.zeros(len(directions) - len(singular)))
    known = singular > max(half.shape) * EPS * singular[0]
    root, left_open = directions[known].T / singular[known], directions[~known].T
    scores: Any = np.linalg.qr(np.sqrt(above * below)[:, np.newaxis] * (J @ basis), mode="r")
    undetermined = combination(basis @ left_open[:, -1], problem.names) if left_open.size else ""
    return Covariance(basis, root @ (root.T @ scores.T), left_open, size_of_e, how, undetermined)


def _unknown(f: int, size: float, how: str) -> Covariance:
    """Return the covariance where derivatives are not finite."""
    return Covariance(np.eye(f), np.full((f, 1), np.nan), np.eye(f), size, how, _NOT_FINITE)


def without_limit(problem: Problem, v: Array, matrix: Array) -> str:
    """Return the combination of weights along which a likelihood falls next to nothing on one side, as text; "" for none.

    Such a likelihood has no maximum, as that of two classes that a line separates, or of a dispersion that the data leave at 0.

    Args:
        problem: the fit.
        v: (f,) the free weights at its end.
        matrix: (f, f) their covariance.
    """
    inner = np.flatnonzero(np.isfinite(np.diag(matrix)))
    if not (problem.module.METADATA.get("likelihood") and len(inner)) or hasattr(problem.module, "constraints"):
        return ""  # steps along one weight would leave the constraints
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


def _penalty(problem: Problem, v: Array) -> float:
    module: Any = problem.module
    return float(module.penalty(problem.all_weights(v))[0]) if problem.has_penalty else 0.0


def _r2(problem: Problem, length: float) -> float:
    if not problem.is_difference or problem.sigma_x is not None:
        return math.nan
    about = length_of([one.about_mean() for one in problem.data_sets])
    is_constant = about <= EXACT * problem.size_of_target * math.sqrt(problem.residuals)
    return math.nan if is_constant else 1.0 - (length / about) ** 2
