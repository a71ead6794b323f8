"""Pointwise bands about the output of a fit, by the delta method; results here are `FitResult`, whose file imports this one."""

from typing import Any

import numpy as np

from symgraph.data.rows import float_array
from symgraph.errors import OptionError
from symgraph.use.fitting.problem import Array
from symgraph.use.fitting.profile import check_level


def quantile(result: Any, level: float) -> float:
    """Return the number of standard errors on either side of an interval: by Student's t where the size of the errors was
    estimated, else by the normal law."""
    from scipy.special import ndtri, stdtrit

    check_level(level)
    tail = (1.0 + level) / 2.0
    estimated = result.problem.is_least_squares and not result.absolute_sigma and result.dof > 0
    return float(stdtrit(result.dof, tail) if estimated else ndtri(tail))


def band(result: Any, X: Any, level: float, extra: Any = 0.0) -> tuple[Array, Array]:
    """Return the ends of a band about the output at rows.

    Args:
        result: the fit.
        X: (n, d) rows.
        level: the probability of the interval at one row.
        extra: standard deviation of what is to lie within it beside that of the output, one or one a row.

    Raises:
        OptionError: the model has no output.
    """
    module = result.problem.module
    if not hasattr(module, "jacobian"):
        raise OptionError(f"{module.MODEL} has no output, so it has no band")
    middle, J = np.asarray(module.predict(result.w, X)), np.asarray(module.jacobian(result.w, X))
    half = quantile(result, level) * np.hypot(result.deviations(J), extra)
    return middle - half, middle + half


def spread_of_observations(result: Any, sigma: Any) -> Any:
    """Return the standard deviation of new observations at rows, of ``FitResult.prediction_band``.

    Raises:
        OptionError: as there.
    """
    problem = result.problem
    if not problem.is_difference:
        raise OptionError("a prediction band needs a residual that is the prediction less the target; see confidence_band")
    of_fit = problem.sigma
    if sigma is None:
        if of_fit is not None and of_fit.size > 1 and np.ptp(of_fit) > 0:
            raise OptionError("sigma differs from row to row; give that of the rows of X")
        sigma = 1.0 if of_fit is None else float(np.reshape(of_fit, -1)[0])
    given = float_array("sigma", sigma)
    if not (np.isfinite(given).all() and (given > 0).all()):
        raise OptionError(f"sigma must be above 0, one number or one a row of X, not {sigma!r}")
    return given if problem.absolute_sigma else result.scatter * given
