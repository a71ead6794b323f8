"""The result of a fit: weights with their errors, numbers about the fit, and what follows from them."""

import json
import math
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from symgraph.errors import OptionError, SpecError, listed
from symgraph.fitting.bootstrap import resampled
from symgraph.fitting.derived import Derived, value_and_slopes
from symgraph.fitting.doubts import remarks_of
from symgraph.fitting.found import Found
from symgraph.fitting.orthogonal import Orthogonal
from symgraph.fitting.other_names import OTHER_NAMES
from symgraph.fitting.plotted import Plotted
from symgraph.fitting.problem import Array, Problem
from symgraph.fitting.profile import check_level, contour_of, profile_interval, rises_along
from symgraph.fitting.report import report_as_html, rich_report, text_of
from symgraph.fitting.statistics import Covariance, Statistics, correlations, covariance, statistics
from symgraph.fitting.streamed import StreamProblem
from symgraph.io.documents import jsonable
from symgraph.training.options import count
from symgraph.training.rows import float_array


@dataclass(frozen=True, eq=False)
class FitResult(Plotted):
    """A fit.

    Attributes:
        problem: what was fitted: the module, the rows, the free weights and their ranges.
        found: the end of the search.
        known: the covariance of the free weights where its finding was needed for the warnings.
        warnings: why it should not be used as it is, and what helps, in words.
        seconds: the time it took.
    """

    problem: Problem
    found: Found
    known: Covariance | None
    warnings: tuple[str, ...]
    seconds: float

    @cached_property
    def spread(self) -> Covariance:
        """Return the covariance of the free weights, and how it was found."""
        return self.known or covariance(self.problem, self.found)

    @cached_property
    def w(self) -> Array:
        """Return the weights, (k,), in the order of the module's WEIGHTS."""
        return np.array(self.problem.all_weights(self.found.v))

    @cached_property
    def stderr(self) -> Array:
        """Return their standard errors, (k,): 0 of one that is fixed, nan of one at a bound or that the data leave open."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    @cached_property
    def covariance(self) -> Array:
        """Return their covariance, (k, k), whose diagonal has the squares of the standard errors."""
        if len(self.problem.free) == len(self.problem.start):
            return self.spread.matrix
        matrix = np.zeros((len(self.problem.start),) * 2)
        matrix[np.ix_(self.problem.free, self.problem.free)] = self.spread.matrix
        return matrix

    @cached_property
    def statistics(self) -> Statistics:
        """Return chi2, R2, AIC and others."""
        return statistics(self.problem, self.found.v)

    @cached_property
    def remarks(self) -> tuple[str, ...]:
        """Return what else is to be known of this fit, in words; none of it speaks against its use."""
        return remarks_of(self.problem, self.found)

    @property
    def absolute_sigma(self) -> bool:
        """Tell if errors follow from sigma as given, and not from the scatter about the fit."""
        return self.problem.absolute_sigma

    @property
    def success(self) -> bool:
        """Tell if the search converged."""
        return self.found.success

    @property
    def message(self) -> str:
        """Return why it ended."""
        return self.found.message

    @property
    def method(self) -> str:
        """Return the name of the optimizer."""
        return self.found.method

    @property
    def how(self) -> str:
        """Return how the covariance was found."""
        return self.spread.how

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the weights, in order."""
        return self.problem.module.WEIGHTS

    @property
    def values(self) -> dict[str, float]:
        """Return the weights by name."""
        return dict(zip(self.names, self.w.tolist(), strict=True))

    @property
    def errors(self) -> dict[str, float]:
        """Return the standard errors by name."""
        return dict(zip(self.names, self.stderr.tolist(), strict=True))

    @property
    def nodes(self) -> dict[str, Derived]:
        """Return the nodes that depend on weights alone, such as the natural value of ``model.positive``; see `derived`."""
        found = {}
        for name in self.problem.module.METADATA.get("of_weights", {}):
            with suppress(SpecError):  # one that is not finite here has no error
                found[name] = self.derived(name)
        return found

    @property
    def correlations(self) -> Array:
        """Return the correlations of the weights, (k, k); nan with a weight that has no standard error."""
        return correlations(self.covariance)

    @property
    def chi2(self) -> float:
        """Return the sum of the squares of the residuals, in units of sigma where that is given."""
        return self.statistics.chi2

    @property
    def reduced_chi2(self) -> float:
        """Return chi2 divided by the degrees of freedom."""
        return self.statistics.reduced_chi2

    @property
    def r2(self) -> float:
        """Return the coefficient of determination."""
        return self.statistics.r2

    @property
    def dof(self) -> int:
        """Return the number of residuals less that of the free weights."""
        return self.statistics.dof

    @property
    def aic(self) -> float:
        """Return Akaike's information criterion."""
        return self.statistics.aic

    @property
    def bic(self) -> float:
        """Return Schwarz's information criterion."""
        return self.statistics.bic

    @property
    def residual(self) -> Array:
        """Return the residuals of the rows at the weights found, (m,), in units of sigma where that is given; distances
        from the curve where x has errors.

        Raises:
            OptionError: the model has none, or the rows are a stream.
        """
        if not self.problem.has_residual or isinstance(self.problem, StreamProblem):
            raise OptionError(f"{self.problem.module.MODEL} has no residuals here: its loss is no square, or rows are a stream")
        return self.problem.residual(self.found.v)

    def predict(self, X: Any) -> Array:
        """Return the model's output at rows, with the weights found; see the module's ``predict``."""
        return np.asarray(self.problem.module.predict(self.w, X))

    @property
    def nearest_rows(self) -> Array:
        """Return the rows on the curve that are nearest to the data, of the shape of X, of a fit with errors in x.

        Raises:
            OptionError: the fit had no sigma_x.
        """
        if not isinstance(self.problem, Orthogonal):
            raise OptionError("only a fit with sigma_x has nearest rows; its X is where the data are")
        return self.problem.nearest(self.found.v)

    def interval(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Return symmetric confidence intervals of the weights, by Student's t where the size of the errors was estimated.

        Args:
            level: the probability with which an interval is to hold the true value, between 0 and 1.
        """
        half = self._quantile(level) * self.stderr
        return {name: (value - h, value + h) for name, value, h in zip(self.names, self.w.tolist(), half.tolist(), strict=True)}

    def profile(self, name: str, level: float = 0.95) -> tuple[float, float]:
        """Return the profile interval of a weight: its values at which the deviance, the others fitted anew, rises no further
        than an F test allows where the size of the errors was estimated, else a test of chi2.

        Args:
            name: of a free weight.
            level: the probability with which the interval is to hold the true value.

        Returns:
            The ends; an end of the weight's range where that comes first, infinite where nothing stops it.

        Raises:
            OptionError: the weight is fixed, the level is not between 0 and 1, or the loss is no likelihood.
        """
        return profile_interval(self, name, level)

    def rises(self, name: str, values: Any) -> Array:
        """Return by how much the deviance rises where a weight has values, the others fitted anew: ``profile`` is where that is
        the threshold.

        Args:
            name: of a free weight.
            values: (m,) of it, within its range.
        """
        return rises_along(self, name, values)

    def contour(self, first: str, second: str, level: float = 0.95, points: int = 32) -> Array:
        """Return points on the border of the joint confidence region of two weights, the others fitted anew.

        Args:
            first: the name of a free weight.
            second: that of another.
            level: the probability with which the region is to hold both true values.
            points: the number of directions, evenly spread about the best.

        Returns:
            (points, 2) values of both, in order around the best; infinite where nothing stops them.
        """
        return contour_of(self, first, second, level, count("points", points))

    def bootstrap(self, repetitions: int = 200, seed: int = 0) -> Array:
        """Fit anew on rows drawn with replacement.

        Args:
            repetitions: how often.
            seed: of the rows that are drawn.

        Returns:
            (repetitions, k) weights; fewer rows where fits did not converge. ``numpy.percentile`` of it gives intervals.
        """
        return resampled(self.problem, self.found.v, count("repetitions", repetitions), count("seed", seed, at_least=0))

    def derived(self, expression: str, level: float = 0.95) -> Derived:
        """Return the value of an expression of the weights with its standard error, by the delta method.

        Args:
            expression: such as "1/f" or "a*exp(-k)", read as formulas are: numbers, functions, names of weights, and of nodes
                that depend on weights alone.
            level: of the interval.

        Raises:
            SpecError: the expression cannot be read, or names no weight; the message has the column.
        """
        value, slopes = value_and_slopes(expression, self.values, self.problem.module.METADATA.get("of_weights", {}))
        states = [state for state, slope in zip(self.states, slopes, strict=True) if slope != 0.0]
        moving = [j for j in self._moving() if slopes[j] != 0.0]
        part = slopes[moving]
        error = math.sqrt(float(part @ self.covariance[np.ix_(moving, moving)] @ part))
        error = math.nan if not moving and "at bound" in states else error
        half = self._quantile(level) * error
        return Derived(value, error, (value - half, value + half))

    def confidence_band(self, X: Any, level: float = 0.95) -> tuple[Array, Array]:
        """Return the ends of the pointwise confidence intervals of the output at rows, by the delta method.

        Args:
            X: (n, d) rows.
            level: the probability with which the interval at one row is to hold the true output.

        Returns:
            The lower and the upper ends, each of the shape of ``predict``.
        """
        return self._band(X, level, 0.0)

    def prediction_band(self, X: Any, level: float = 0.95, sigma: Any = None) -> tuple[Array, Array]:
        """Return the ends of the pointwise intervals that are to hold a new observation at rows.

        Args:
            X: (n, d) rows.
            level: the probability for the observation at one row.
            sigma: its standard deviation, one or one a row, in units of the fit's sigma where errors were estimated: 1 by
                default where the fit had no sigma or the same for all rows.

        Raises:
            OptionError: sigma is needed, or the residual is not the prediction less the target, so that none can be told.
        """
        if not self.problem.is_difference:
            raise OptionError("a prediction band needs a residual that is the prediction less the target; see confidence_band")
        of_fit = self.problem.sigma
        if sigma is None:
            if of_fit is not None and of_fit.size > 1 and np.ptp(of_fit) > 0:
                raise OptionError("sigma differs from row to row; give that of the rows of X")
            sigma = 1.0 if of_fit is None else float(np.reshape(of_fit, -1)[0])
        given = float_array("sigma", sigma)
        if not (np.isfinite(given).all() and (given > 0).all()):
            raise OptionError(f"sigma must be above 0, one number or one a row of X, not {sigma!r}")
        return self._band(X, level, (1.0 if self.absolute_sigma else self.reduced_chi2) * np.square(given))

    def report(self) -> str:
        """Return the fit as text: how it ended, numbers about it, weights with errors, correlations."""
        return text_of(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the fit as a dict of plain numbers, texts and lists, in which JSON has None for what is not finite."""
        weights = zip(self.values.items(), self.stderr.tolist(), self.states, strict=True)
        found = {
            "model": self.problem.module.MODEL,
            "model_hash": self.problem.module.METADATA.get("model_hash"),
            "success": self.success,
            "message": self.message,
            "method": self.method,
            "warnings": self.warnings,
            "remarks": self.remarks,
            "weights": {name: {"value": value, "stderr": error, "state": state} for (name, value), error, state in weights},
            "nodes": {name: {"value": one.value, "stderr": one.stderr} for name, one in self.nodes.items()},
            "covariance": self.covariance.tolist(),
            "statistics": asdict(self.statistics),
            "absolute_sigma": self.absolute_sigma,
            "errors": self.how,
            "calls": self.found.calls,
            "derivatives": self.found.derivatives,
            "seconds": self.seconds,
        }
        plain: dict[str, Any] = jsonable(found)
        return plain

    def to_json(self) -> str:
        """Return ``to_dict`` as JSON."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    def to_frame(self) -> Any:
        """Return a pandas frame with a row a weight: value, stderr, the ends of its 95 % interval, and its state.

        Raises:
            OptionError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ModuleNotFoundError:
            raise OptionError("to_frame needs pandas, which is not installed; to_dict does without") from None
        ends = np.array(list(self.interval().values()))
        columns = {"value": self.w, "stderr": self.stderr, "lower": ends[:, 0], "upper": ends[:, 1], "state": self.states}
        return pd.DataFrame(columns, index=list(self.names))

    @property
    def states(self) -> tuple[str, ...]:
        """Return for each weight "", "fixed", "at bound", "undetermined", or "no error" if nothing tells the size of errors."""
        at_bound = dict(zip(self.problem.free.tolist(), self.problem.at_bound(self.found.v).tolist(), strict=True))
        unknown = "undetermined" if self.spread.undetermined else "no error"
        return tuple(
            "fixed" if j not in at_bound else "at bound" if at_bound[j] else unknown if error != error else ""
            for j, error in enumerate(self.stderr.tolist())
        )

    def __getattr__(self, name: str) -> Any:
        if name in OTHER_NAMES:
            raise AttributeError(f"a FitResult has no {name}; it has {OTHER_NAMES[name]}")
        return object.__getattribute__(self, name)  # which raises what it has raised before

    def __repr__(self) -> str:
        found = (f"{name}={value:.6g}" for name, value in self.values.items())
        return f"<FitResult of {self.problem.module.MODEL}: {listed(found, 6)}>"

    __str__ = report
    __rich__ = rich_report
    _repr_html_ = report_as_html

    def _moving(self) -> list[int]:
        """Return the places of the weights that are neither fixed nor at a bound."""
        return [j for j, state in enumerate(self.states) if state not in ("fixed", "at bound")]

    def _quantile(self, level: float) -> float:
        from scipy.stats import norm, t

        check_level(level)
        tail = (1.0 + level) / 2.0
        estimated = self.problem.is_least_squares and not self.absolute_sigma and self.dof > 0
        return float(t.ppf(tail, self.dof) if estimated else norm.ppf(tail))

    def _band(self, X: Any, level: float, extra: Any) -> tuple[Array, Array]:
        module = self.problem.module
        if not hasattr(module, "predict"):
            raise OptionError(f"{module.MODEL} has no output, so it has no band")
        middle, J = np.asarray(module.predict(self.w, X)), np.asarray(module.jacobian(self.w, X))
        moving = self._moving()
        C = self.covariance[np.ix_(moving, moving)]
        part = J[..., moving]
        half = self._quantile(level) * np.sqrt(np.einsum("...i,ij,...j->...", part, C, part) + extra)
        return middle - half, middle + half
