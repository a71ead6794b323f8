"""The result of a fit: weights with their errors, numbers about the fit, and what follows from them."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from symgraph.data.options import count
from symgraph.errors import OptionError, listed
from symgraph.runtime.facts import ArrayLike
from symgraph.use.fitting.active import Active, active_at
from symgraph.use.fitting.bands import band, quantile, spread_of_observations
from symgraph.use.fitting.bootstrap import resampled
from symgraph.use.fitting.derived import Derived, nodes_of, value_and_slopes
from symgraph.use.fitting.doubts import remarks_of
from symgraph.use.fitting.found import Found
from symgraph.use.fitting.natural import Natural, natural_of
from symgraph.use.fitting.orthogonal import Orthogonal
from symgraph.use.fitting.other_names import OTHER_NAMES
from symgraph.use.fitting.plotted import Plotted
from symgraph.use.fitting.problem import Array, Problem
from symgraph.use.fitting.profile import contour_of, profile_interval, rises_along
from symgraph.use.fitting.report import report_as_html, rich_report, text_of
from symgraph.use.fitting.residuals import data_minus_fit
from symgraph.use.fitting.statistics import Covariance, Statistics, covariance, scatter, statistics
from symgraph.use.fitting.streamed import StreamProblem
from symgraph.use.fitting.written import document_of, frame_of


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
    def active(self) -> Active:
        """Return the bounds and constraints that hold weights where they are, with their multipliers."""
        return active_at(self.problem, self.found.v)

    @cached_property
    def scatter(self) -> float:
        """Return the standard deviation of the residuals, by which errors are estimated; nan where nothing tells it."""
        return scatter(self.problem, self.found.v)

    @cached_property
    def w(self) -> Array:
        """Return the weights as the module's functions take them, (k,), in the order of its WEIGHTS; see ``values`` by name."""
        return np.array(self.problem.all_weights(self.found.v))

    @cached_property
    def natural(self) -> Natural:
        """Return the names and transforms of the natural values of the weights, in which the result speaks of them."""
        return natural_of(self.problem.module)

    @cached_property
    def natural_values(self) -> Array:
        """Return the natural values of the weights, (k,): ``s`` of ``model.positive("s")``, else the weight."""
        return self.natural.values(self.w)

    @cached_property
    def stderr(self) -> Array:
        """Return the standard errors of the values, (k,): 0 of one that is fixed, nan of one at a bound or undetermined, and of
        all where nothing tells the size of the errors."""
        return self.deviations(np.diag(self.natural.slopes(self.w)))

    @cached_property
    def stderr_of_w(self) -> Array:
        """Return the standard errors of ``w``, (k,), the module's weights."""
        return self.deviations(np.eye(len(self.names)))

    @cached_property
    def covariance(self) -> Array:
        """Return the covariance of ``natural_values``, (k, k), whose diagonal has the squares of the standard errors."""
        slopes = self.natural.slopes(self.w)
        return np.asarray(self.covariance_of_w * np.outer(slopes, slopes))

    @cached_property
    def covariance_of_w(self) -> Array:
        """Return the covariance of ``w``, (k, k), the module's weights."""
        return self._of_weights(self.spread.matrix, 0.0)

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
        """Tell if standard errors follow from the given sigma alone, and not from the scatter about the fit."""
        return self.problem.absolute_sigma

    @property
    def success(self) -> bool:
        """Tell if the search converged."""
        return self.found.success

    @property
    def message(self) -> str:
        """Return the reason why the search ended."""
        return self.found.message

    @property
    def method(self) -> str:
        """Return the name of the optimizer."""
        return self.found.method

    @property
    def how(self) -> str:
        """Return the formula of the covariance, in words."""
        return self.spread.how

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the weights in order, those of their natural values."""
        return self.natural.names

    @property
    def values(self) -> dict[str, float]:
        """Return the weights by name."""
        return dict(zip(self.names, self.natural_values.tolist(), strict=True))

    @property
    def errors(self) -> dict[str, float]:
        """Return the standard errors by name."""
        return dict(zip(self.names, self.stderr.tolist(), strict=True))

    @property
    def nodes(self) -> dict[str, Derived]:
        """Return the nodes that a user declared and that depend on weights alone, such as a tied one; see `derived`."""
        metadata = self.problem.module.METADATA
        left_out = {*self.names, *metadata.get("helpers", ())}
        return nodes_of(self, [name for name in metadata.get("of_weights", {}) if name not in left_out])

    @property
    def correlations(self) -> Array:
        """Return the correlations of the weights, (k, k); nan with a weight that has no standard error."""
        return self._of_weights(self.spread.correlations, np.nan)

    @property
    def multipliers(self) -> dict[str, float]:
        """Return Lagrange's multiplier of each weight at a bound, and of each of the model's constraints that is active.

        It is the slope of the minimized sum, half of chi2 or the sum of the losses, as the bound is moved: positive at a lower
        bound and negative at an upper one, and 0 where the data would not move the weight beyond it either.
        """
        slopes = dict(zip(self.names, self.natural.slopes(self.w), strict=True))
        found = zip(self.active.names, self.active.multipliers, strict=True)
        return {name: one / float(slopes.get(name, 1.0)) for name, one in found}

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
        """Return the number of residuals less that of the free weights, but for those that active constraints hold."""
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
        """Return the residuals of the rows at the weights found, data minus fit, (m,), in units of sigma where that is given;
        distances from the curve where x has errors.

        Raises:
            OptionError: the model has none, or the rows are a stream.
        """
        if not self.problem.has_residual or isinstance(self.problem, StreamProblem):
            raise OptionError(f"{self.problem.module.MODEL} has no residuals here: its loss is no square, or rows are a stream")
        return data_minus_fit(self.problem, self.found.v)

    def predict(self, X: ArrayLike | None) -> Array:
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
        """Return confidence intervals of the weights, by Student's t where the size of the errors was estimated.

        They are symmetric about the value; of ``model.positive`` and ``model.unit_interval`` in the logarithm or the logit, so
        that they stay within the range. An end that lies outside of a weight's range is moved to the end of the range.

        Args:
            level: the confidence level, between 0 and 1.
        """
        half = quantile(self, level) * self.stderr_of_w
        ends = np.array([self.w - half, self.w + half])
        free, problem = self.problem.free, self.problem
        ends[:, free] = np.clip(ends[:, free], problem.lower, problem.upper)
        return dict(zip(self.names, zip(*self.natural.values(ends).tolist(), strict=True), strict=True))

    def profile(self, name: str, level: float = 0.95) -> tuple[float, float]:
        """Return the profile interval of a weight: the values at which the deviance, with the other weights refitted, rises by
        no more than an F test allows (a chi2 test where the size of the errors is known).

        Args:
            name: of a free weight.
            level: the confidence level.

        Returns:
            The ends of the interval: an end of the weight's range if it is reached first, infinite if there is no limit.

        Raises:
            OptionError: the weight is fixed, the level is not between 0 and 1, or the loss is no likelihood.
        """
        low, high = (self.natural.value(name, end) for end in profile_interval(self, name, level))
        return low, high

    def rises(self, name: str, values: Any) -> Array:
        """Return the increase of the deviance at given values of a weight, with the other weights refitted; ``profile`` finds
        where it reaches the threshold.

        Args:
            name: of a free weight.
            values: (m,) of it, within its range.
        """
        return rises_along(self, name, self.natural.weight(name, values, "values") if name in self.names else values)

    def contour(self, first: str, second: str, level: float = 0.95, points: int = 32) -> Array:
        """Return points on the border of the joint confidence region of two weights, with the others refitted.

        Args:
            first: the name of a free weight.
            second: that of another.
            level: the confidence level of the region.
            points: the number of directions, evenly spread about the best values.

        Returns:
            (points, 2) values of both weights, in order around the best values; infinite if there is no limit.
        """
        ends = contour_of(self, first, second, level, count("points", points))
        return np.column_stack([self.natural.value(name, ends[:, j]) for j, name in enumerate((first, second))])

    def bootstrap(self, repetitions: int = 200, seed: int = 0) -> Array:
        """Refit on rows drawn with replacement.

        Args:
            repetitions: the number of fits.
            seed: of the random rows.

        Returns:
            (repetitions, k) natural values in the order of ``names``; fewer rows where fits did not converge.
            ``numpy.percentile`` of it gives intervals.
        """
        repetitions, seed = count("repetitions", repetitions), count("seed", seed, at_least=0)
        return self.natural.values(resampled(self.problem, self.found.v, repetitions, seed))

    def derived(self, expression: str, level: float = 0.95) -> Derived:
        """Return the value of an expression of the weights with its standard error, by the delta method.

        Args:
            expression: such as "1/f" or "a*exp(-k)", read as formulas are: numbers, functions, names of weights, and of nodes
                that depend on weights alone.
            level: of the interval.

        Raises:
            SpecError: the expression cannot be read, or names no weight; the message has the column.
        """
        nodes = self.problem.module.METADATA.get("of_weights", {})
        nodes = self.natural.expressions() | {name: text for name, text in nodes.items() if name not in self.names}
        value, slopes = value_and_slopes(expression, self.values, nodes)
        error = float(self.deviations(slopes * self.natural.slopes(self.w)))
        half = quantile(self, level) * error
        return Derived(value, error, (value - half, value + half))

    def confidence_band(self, X: ArrayLike | None, level: float = 0.95) -> tuple[Array, Array]:
        """Return the ends of the pointwise confidence intervals of the output at rows, by the delta method.

        Args:
            X: (n, d) rows.
            level: the confidence level of the interval at one row.

        Returns:
            The lower and the upper ends, each of the shape of ``predict``.
        """
        return band(self, X, level)

    def prediction_band(self, X: ArrayLike | None, level: float = 0.95, sigma: ArrayLike | None = None) -> tuple[Array, Array]:
        """Return the ends of the pointwise prediction intervals of new observations at rows.

        Args:
            X: (n, d) rows.
            level: the probability for the observation at one row.
            sigma: the standard deviation of the observations, one or one per row, in units of the fit's sigma if errors were
                estimated; by default 1 if the fit had no sigma or a single one.

        Raises:
            OptionError: sigma is needed, or the residual is not the prediction less the target, so that none can be told.
        """
        return band(self, X, level, spread_of_observations(self, sigma))

    def report(self) -> str:
        """Return the fit as text: how it ended, numbers about it, weights with errors, correlations."""
        return text_of(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the fit as a dict of plain numbers, texts and lists, in which JSON has None for what is not finite."""
        return document_of(self)

    def to_json(self) -> str:
        """Return ``to_dict`` as JSON."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    def to_frame(self) -> Any:
        """Return a pandas frame with a row a weight: value, stderr, the ends of its 95 % interval, and its state.

        Raises:
            OptionError: pandas is not installed.
        """
        return frame_of(self)

    @property
    def states(self) -> tuple[str, ...]:
        """Return for each weight "", "fixed", "at bound" if it or a constraint is met there, "undetermined", or "no error" if
        nothing tells the size of errors."""
        found = ["fixed"] * len(self.names)
        for place, error, is_held, is_open in zip(
            self.problem.free, self.stderr[self.problem.free], self.spread.is_held, self.spread.is_open, strict=True
        ):
            unknown = "at bound" if is_held else "undetermined" if is_open else "no error"
            found[place] = unknown if np.isnan(error) else ""
        return tuple(found)

    def __getattr__(self, name: str) -> Any:
        if name in OTHER_NAMES:
            raise AttributeError(f"a FitResult has no {name}; it has {OTHER_NAMES[name]}")
        return object.__getattribute__(self, name)  # which raises what it has raised before

    def __repr__(self) -> str:
        shown = listed((f"{name}={value:.6g}" for name, value in self.values.items()), 6)
        return f"<FitResult of {self.problem.module.MODEL}: {shown}>"

    __str__ = report
    __rich__ = rich_report
    _repr_html_ = report_as_html

    def _of_weights(self, of_free: Array, other: float) -> Array:
        """Return a matrix of all weights, of which that of the free ones is given."""
        matrix = np.full((len(self.names),) * 2, other)
        matrix[np.ix_(self.problem.free, self.problem.free)] = of_free
        return matrix

    def deviations(self, slopes: Array) -> Array:
        """Return the standard errors of linear functions of the module's weights, (...,), by their derivatives, (..., k)."""
        return self.spread.deviations(slopes[..., self.problem.free])
