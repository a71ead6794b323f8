"""Comparison of fits of the same data: which model they speak for.

Sources: G. A. F. Seber and C. J. Wild, Nonlinear Regression (1989), section 5.2, for the F test; S. S. Wilks, Annals of
Mathematical Statistics 9 (1938), for the likelihood ratio; K. P. Burnham and D. R. Anderson, Model Selection and Multimodel
Inference (2002), section 2.9, for the weights.
"""

import math
from dataclasses import dataclass

import numpy as np

from symgraph.errors import OptionError
from symgraph.html import card, notes, table
from symgraph.use.fitting.problem import Array, Problem
from symgraph.use.fitting.report import table_lines
from symgraph.use.fitting.result import FitResult
from symgraph.use.fitting.streamed import StreamProblem

_ROUNDING = 1e-10
"""Difference of two fits of the same quality, of a test's statistic for each row."""
_NO_TEST: tuple[str, float, float, tuple[str, ...]] = ("", math.nan, math.nan, ())


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison of fits of the same data.

    Attributes:
        models: their names, in the order given.
        parameters: the number that each estimates, the size of the errors included where it was.
        log_likelihoods: of the data.
        aic: Akaike's criterion of each.
        bic: Schwarz's criterion of each.
        weights: Akaike weights, which add up to 1: how strongly the data speak for each among these models.
        test: "F", of two least squares fits whose errors were estimated, or "likelihood ratio"; "" of more than two fits, of
            two with the same number of parameters, and of two of which none is a case of the other: their residuals are of
            different functions of the target, or their losses of different kinds.
        statistic: of the test; nan without one, and where it would be below 0.
        p_value: the probability of one at least as large if the smaller model is true, which has to be a case of the larger.
        warnings: what is to be known of it, in words.
    """

    models: tuple[str, ...]
    parameters: tuple[int, ...]
    log_likelihoods: tuple[float, ...]
    aic: tuple[float, ...]
    bic: tuple[float, ...]
    weights: tuple[float, ...]
    test: str
    statistic: float
    p_value: float
    warnings: tuple[str, ...]

    def _rows(self) -> list[tuple[str, ...]]:
        columns = zip(self.models, self.parameters, self.log_likelihoods, self.aic, self.bic, self.weights, strict=True)
        rows: list[tuple[str, ...]] = [("model", "parameters", "log-likelihood", "AIC", "BIC", "weight")]
        rows += [(name, str(k), f"{ll:.6g}", f"{a:.6g}", f"{b:.6g}", f"{weight:.3f}") for name, k, ll, a, b, weight in columns]
        return rows

    def _tested(self) -> list[str]:
        said = f"{self.test} test of the smaller model within the larger: {self.statistic:.4g}, p {self.p_value:.3g}"
        return [*([said] if math.isfinite(self.statistic) else []), *(f"warning: {one}" for one in self.warnings)]

    def __str__(self) -> str:
        return "\n".join([*table_lines(self._rows()), *self._tested()])

    def _repr_html_(self) -> str:
        head, *rows = self._rows()
        return card("comparison of fits", "", "open", table(head, rows), notes(self._tested()))


def compare(*results: FitResult) -> Comparison:
    """Compare fits of the same data.

    The residuals may be of different functions of the target, as of ``y ~`` and ``log(y) ~``: all likelihoods are of the target
    itself.

    Args:
        results: two or more, with a likelihood: least squares that are not robust, or likelihoods.

    Returns:
        The comparison; ``print`` shows it.

    Raises:
        OptionError: there are fewer than two, they are of other rows, of another target or sigma, one has no likelihood, or one
            takes sigma as known and another does not.
    """
    _check(results)
    numbers = [result.statistics for result in results]
    aic = np.array([one.aic for one in numbers])
    shares = np.exp(-0.5 * (aic - aic.min()))
    test, statistic, p_value, told = _test(results) if len(results) == 2 else _NO_TEST
    return Comparison(
        models=tuple(result.problem.module.MODEL for result in results),
        parameters=tuple(one.parameters for one in numbers),
        log_likelihoods=tuple(one.log_likelihood for one in numbers),
        aic=tuple(one.aic for one in numbers),
        bic=tuple(one.bic for one in numbers),
        weights=tuple((shares / shares.sum()).tolist()),
        test=test,
        statistic=statistic,
        p_value=p_value,
        warnings=told,
    )


def _check(results: tuple[FitResult, ...]) -> None:
    if len(results) < 2:
        raise OptionError("compare needs two fits or more")
    first = results[0]
    other = first.problem.module.MODEL
    for result in results:
        name = result.problem.module.MODEL
        if not math.isfinite(result.statistics.log_likelihood):
            is_exact = result.problem.has_residual and result.problem.is_exact(result.found.v)
            why = ": its residuals are rounding, so nothing tells the size of the errors" if is_exact else ""
            raise OptionError(f"the fit of {name} has no likelihood, so it cannot be compared{why}")
        if result.problem.rows.n != first.problem.rows.n:
            rows = f"{result.problem.rows.n} rows, and that of {other} of {first.problem.rows.n}"
            raise OptionError(f"the fit of {name} is of {rows}; only fits of the same rows can be compared")
        if not _have_same_target(result.problem, first.problem):
            raise OptionError(f"the fit of {name} is of another target than that of {other}, or of rows in another order")
        column = _other_column(result.problem, first.problem)
        if column:
            raise OptionError(f"the fits of {name} and of {other} are of other rows: their columns {column} differ")
        if result.absolute_sigma != first.absolute_sigma:
            raise OptionError(f"the fit of {name} and that of {other} do not both take sigma as known")
        if not _have_same_sigma(result.problem, first.problem):
            raise OptionError(f"the fit of {name} and that of {other} have another sigma; give both the same")


def _have_same_target(one: Problem, other: Problem) -> bool:
    """Tell if the targets are the same; those of streams are told by their scatter."""
    if isinstance(one, StreamProblem) or isinstance(other, StreamProblem):
        sides = [problem.about_mean() * (1.0 if problem.sigma is None else float(problem.sigma[0])) for problem in (one, other)]
        return math.isclose(*sides, rel_tol=1e-9)
    return np.array_equal(np.asarray(one.rows.y), np.asarray(other.rows.y))


def _other_column(one: Problem, other: Problem) -> str:
    """Return the name of a feature that both have with different values; "" for none."""
    if len(one.data_sets) != len(other.data_sets):
        return ""
    for mine, theirs in zip(one.data_sets, other.data_sets, strict=True):
        columns, others = _columns(mine), _columns(theirs)
        for name in columns:
            if name in others and not np.array_equal(columns[name], others[name]):
                return name
    return ""


def _columns(problem: Problem) -> dict[str, Array]:
    if problem.rows.X is None:
        return {}
    return dict(zip(problem.module.FEATURES, np.reshape(problem.rows.X, (problem.rows.n, -1)).T, strict=True))


def _have_same_sigma(one: Problem, other: Problem) -> bool:
    """Tell if sigma is the same, of estimated errors but for a factor; a residual with a scale of its own has none."""
    if not (one.is_difference and other.is_difference):
        return True
    scales = [np.broadcast_to(1.0 if problem.sigma is None else problem.sigma, problem.residuals) for problem in (one, other)]
    mine, theirs = scales if one.absolute_sigma else [scale / scale[0] for scale in scales]
    return bool(np.allclose(mine, theirs, rtol=1e-9, atol=0.0))


def _test(results: tuple[FitResult, ...]) -> tuple[str, float, float, tuple[str, ...]]:
    """Test the smaller of two models within the larger."""
    from scipy.special import chdtrc, fdtrc

    small, large = sorted(results, key=lambda result: result.statistics.parameters)
    more = large.statistics.parameters - small.statistics.parameters
    if more == 0 or not _may_be_nested(small.problem, small.found.v, large.problem, large.found.v):
        return _NO_TEST
    rise = large.statistics.log_likelihood - small.statistics.log_likelihood
    if math.isfinite(small.chi2) and math.isfinite(large.chi2) and not small.absolute_sigma and large.dof > 0:
        # the ratio of both chi2, by the likelihoods, as each may be in another unit of sigma
        test, statistic = "F", math.expm1(2.0 * rise / small.statistics.n) * large.dof / more
    else:
        test, statistic = "likelihood ratio", 2.0 * rise
    if statistic < -_ROUNDING * small.statistics.n:
        name = large.problem.module.MODEL
        why = f"{name} fits worse than {small.problem.module.MODEL}, which should be a case of it"
        what = "fit it from the weights of the smaller one, or with starts=10"
        return test, math.nan, math.nan, (f"the larger model ended in a wrong minimum: {why}; {what}",)
    statistic = max(statistic, 0.0)
    p_value = fdtrc(more, large.dof, statistic) if test == "F" else chdtrc(more, statistic)
    return test, statistic, float(p_value), ()


def _may_be_nested(one: Problem, v: Array, other: Problem, u: Array) -> bool:
    """Tell if one model may be a case of the other: their losses are of one kind, and their residuals of one function of y."""
    kinds = {problem.module.METADATA.get("likelihood") for problem in (one, other)}
    return len(kinds) == 1 and math.isclose(one.log_slopes(v), other.log_slopes(u), rel_tol=1e-9, abs_tol=1e-9)
