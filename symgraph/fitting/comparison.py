"""Comparison of fits of the same data: which model they speak for.

Sources: G. A. F. Seber and C. J. Wild, Nonlinear Regression (1989), section 5.2, for the F test; S. S. Wilks, Annals of
Mathematical Statistics 9 (1938), for the likelihood ratio; K. P. Burnham and D. R. Anderson, Model Selection and Multimodel
Inference (2002), section 2.9, for the weights.
"""

import math
from dataclasses import dataclass

import numpy as np

from symgraph.display.html import card, notes, table
from symgraph.errors import OptionError
from symgraph.fitting.report import table_lines
from symgraph.fitting.result import FitResult


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
        test: "F", of two least squares fits whose errors were estimated, or "likelihood ratio"; "" of more than two fits, and
            of two with the same number of parameters.
        statistic: of the test; nan without one.
        p_value: the probability of one at least as large if the smaller model is true, which has to be a case of the larger.
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

    def _rows(self) -> list[tuple[str, ...]]:
        columns = zip(self.models, self.parameters, self.log_likelihoods, self.aic, self.bic, self.weights, strict=True)
        rows: list[tuple[str, ...]] = [("model", "parameters", "log-likelihood", "AIC", "BIC", "weight")]
        rows += [(name, str(k), f"{ll:.6g}", f"{a:.6g}", f"{b:.6g}", f"{weight:.3f}") for name, k, ll, a, b, weight in columns]
        return rows

    def _tested(self) -> list[str]:
        said = f"{self.test} test of the smaller model within the larger: {self.statistic:.4g}, p {self.p_value:.3g}"
        return [said] if self.test else []

    def __str__(self) -> str:
        return "\n".join([*table_lines(self._rows()), *self._tested()])

    def _repr_html_(self) -> str:
        head, *rows = self._rows()
        return card("comparison of fits", "", "open", table(head, rows), notes(self._tested()))


def compare(*results: FitResult) -> Comparison:
    """Compare fits of the same data.

    Args:
        results: two or more, with a likelihood: least squares that are not robust, or likelihoods.

    Returns:
        The comparison; ``print`` shows it.

    Raises:
        OptionError: there are fewer than two, they are of other data, one has no likelihood, or one takes sigma as known and
            another does not.
    """
    _check(results)
    numbers = [result.statistics for result in results]
    aic = np.array([one.aic for one in numbers])
    shares = np.exp(-0.5 * (aic - aic.min()))
    test, statistic, p_value = _test(results) if len(results) == 2 else ("", math.nan, math.nan)
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
    )


def _check(results: tuple[FitResult, ...]) -> None:
    if len(results) < 2:
        raise OptionError("compare needs two fits or more")
    first = results[0]
    for result in results:
        name = result.problem.module.MODEL
        if not math.isfinite(result.statistics.log_likelihood):
            raise OptionError(f"the fit of {name} has no likelihood, so it cannot be compared")
        if not np.array_equal(np.asarray(result.problem.rows.y), np.asarray(first.problem.rows.y)):
            raise OptionError(f"the fit of {name} is of another target than that of {first.problem.module.MODEL}")
        if result.absolute_sigma != first.absolute_sigma:
            raise OptionError(f"the fit of {name} and that of {first.problem.module.MODEL} do not both take sigma as known")


def _test(results: tuple[FitResult, ...]) -> tuple[str, float, float]:
    """Test the smaller of two models within the larger."""
    from scipy.stats import chi2, f

    small, large = sorted(results, key=lambda result: result.statistics.parameters)
    more = large.statistics.parameters - small.statistics.parameters
    if more == 0:
        return "", math.nan, math.nan
    if math.isfinite(small.chi2) and math.isfinite(large.chi2) and not small.absolute_sigma and large.dof > 0:
        statistic = (small.chi2 - large.chi2) / more / large.reduced_chi2
        return "F", statistic, float(f.sf(statistic, more, large.dof))
    statistic = 2.0 * (large.statistics.log_likelihood - small.statistics.log_likelihood)
    return "likelihood ratio", statistic, float(chi2.sf(statistic, more))
