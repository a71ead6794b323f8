"""A fit as SciPy's optimizers see it: the weights that are free, their ranges, and the functions of these alone."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from symgraph.data.residuals import slopes_of_residuals
from symgraph.data.rows import Rows
from symgraph.errors import WeightsError, did_you_mean, listed
from symgraph.runtime.generated_module import GeneratedModule, targets_of
from symgraph.runtime.natural import natural_names
from symgraph.use.fitting.differences import slopes_of
from symgraph.use.fitting.kinks import kinks_at
from symgraph.use.fitting.target_density import log_slopes, target_slopes

Array = NDArray[np.float64]


_Kind = TypeVar("_Kind", bound="Problem")

EXACT = 16 * float(np.finfo(np.float64).eps)
"""Root mean square of residuals, relative to that of the data, up to which they are rounding."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Weights to be found from rows.

    Attributes:
        module: the model's module.
        rows: checked rows, float64.
        start: (k,) all weights: where the free ones start, and what the others are.
        free: (f,) the places of the weights that are to be found.
        lower: (f,) their least values.
        upper: (f,) their greatest values.
        sigma: standard deviations of the residuals, (m,) or one for all; None where the model states them or nobody does.
        absolute_sigma: whether errors follow from sigma as given, and not from the scatter about the fit.
        sigma_x: (n, d) standard deviations of the features, which `Orthogonal` takes into account; None for none.
    """

    module: GeneratedModule
    rows: Rows
    start: Array
    free: NDArray[np.intp]
    lower: Array
    upper: Array
    sigma: Array | None = None
    absolute_sigma: bool = False
    sigma_x: Array | None = None

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Return the names of the free weights, natural ones."""
        names = natural_names(self.module.WEIGHTS, self.module.METADATA)
        return tuple(names[place] for place in self.free)

    @property
    def data_sets(self) -> tuple["Problem", ...]:
        """Return the fit by its data sets, of which there is one."""
        return (self,)

    @cached_property
    def has_residual(self) -> bool:
        """Tell if rows have residuals."""
        return hasattr(self.module, "residual")

    @cached_property
    def is_bounded(self) -> bool:
        """Tell if any free weight has a bound."""
        return bool(np.isfinite(self.lower).any() or np.isfinite(self.upper).any())

    @cached_property
    def robust(self) -> tuple[str, float] | None:
        """Return the name and the scale of the model's robust loss, or None."""
        found: tuple[str, float] | None = self.module.METADATA.get("robust")
        return found

    @cached_property
    def has_penalty(self) -> bool:
        """Tell if the loss has a part that is counted once, whatever the number of rows."""
        return bool(self.module.METADATA.get("has_penalty"))

    @cached_property
    def is_least_squares(self) -> bool:
        """Tell if what is minimized is a sum of squares of the residuals, robust or not, and of rows that a penalty is."""
        rows_of_penalty = hasattr(self.module, "penalty_residual") and self.robust is None and self.sigma is None
        return self.has_residual and (rows_of_penalty or not self.has_penalty)

    @cached_property
    def is_plain_squares(self) -> bool:
        """Tell if what is minimized is a sum of squares, and no robust loss of them."""
        return self.is_least_squares and self.robust is None

    @cached_property
    def by_squares(self) -> bool:
        """Tell if it is searched as least squares, for which SciPy knows no constraints."""
        return self.is_least_squares and not hasattr(self.module, "constraints")

    @cached_property
    def is_difference(self) -> bool:
        """Tell if the residual is the prediction less the target, or the target less the prediction."""
        return self.sense != 0.0

    @cached_property
    def sense(self) -> float:
        """Return 1.0 where the residual is the prediction less the target, -1.0 for the target less the prediction, else 0.0.

        It is told by values at the start, of the target and of one far from the prediction: a residual of 0 has no scale.
        """
        module, (X, y, *_) = self.module, self.rows
        if y is None or not hasattr(module, "predict") or not hasattr(module, "residual"):
            return 0.0
        predicted = np.asarray(module.predict(self.start, X))
        if predicted.shape != y.shape or self.residuals != y.size:
            return 0.0
        senses = {1.0, -1.0}
        with np.errstate(all="ignore"):
            for target in (y, y + (1.0 + np.abs(predicted - y))):
                r = np.reshape(module.residual(self.start, X, target), y.shape)
                rounding = 8 * np.finfo(np.float64).eps * (np.abs(predicted) + np.abs(target))
                # nowhere apart where one is not finite, which tells nothing
                senses -= {one for one in senses if (np.abs(one * r - (predicted - target)) > rounding).any()}
        return max(senses, default=0.0)

    @cached_property
    def residuals(self) -> int:
        """Return the number of residuals, or of rows where there are none; rows of a penalty are not counted."""
        each: int = self.module.METADATA.get("residuals", 1) if self.has_residual else 1
        return self.rows.n * each

    @cached_property
    def _last(self) -> dict[bytes, Any]:
        return {}

    def remembered(self, compute: Callable[[Array], Any], v: Array) -> Any:
        """Return what a function gives at free weights, kept for the next time: searches ask for several things at the same."""
        key = v.tobytes()
        if key not in self._last:
            found = compute(v)
            self._last.clear()
            self._last[key] = found
        return self._last[key]

    def turned_into(self, kind: type[_Kind], **more: Any) -> _Kind:
        """Return a problem of another kind, with the fields of this one except for those that are given."""
        return kind(**{one.name: getattr(self, one.name) for one in fields(Problem)} | more)

    def all_weights(self, v: Array) -> Array:
        """Return all k weights, of which the free ones are given."""
        if len(v) == len(self.start):
            return v
        w = self.start.copy()
        w[self.free] = v
        return w

    @cached_property
    def kinks(self) -> tuple[Array, Array] | None:
        """Return the slopes of the loss by each deviation of the prediction from the target, above it and below, (m,) each.

        None unless the loss of a row is linear in these on both sides, as absolute errors and the losses of quantiles are. It
        is told by values, of targets on, above and below the predictions, at two weights.
        """
        module: Any = self.module
        more = self.has_residual or self.has_penalty or hasattr(module, "constraints")
        if more or module.METADATA.get("likelihood") or self.rows.y is None or not hasattr(module, "predict"):
            return None
        found = kinks_at(module, self.start, self.rows)
        again = kinks_at(module, 1.01 * self.start + 0.01, self.rows)
        if found is None or again is None or not np.allclose(found, again, rtol=1e-9, atol=0.0):
            return None
        return found

    def deviations(self, v: Array) -> Array:
        """Return the predictions less the targets, (m,)."""
        return np.reshape(self.module.predict(self.all_weights(v), self.rows.X) - self.rows.y, -1)

    def deviation_slopes(self, v: Array) -> Array:
        """Return their derivatives by the free weights, (m, f)."""
        J = np.asarray(self.module.jacobian(self.all_weights(v), self.rows.X, self.rows.y))
        y: Any = self.rows.y
        J = np.broadcast_to(J, (*y.shape, J.shape[-1]))  # of an output of weights alone, one for all
        return np.reshape(J, (-1, len(self.start)))[:, self.free]

    @cached_property
    def size_of_deviations(self) -> float:
        """Return the root mean square of the target, to which deviations are rounded."""
        y: Any = self.rows.y
        return length_of(y) / math.sqrt(y.size)

    @property
    def has_units(self) -> bool:
        """Tell if the residuals may be counted in another unit: they are the module's, and nothing is weighed against them."""
        return type(self) is Problem and self.is_plain_squares and not self.has_penalty

    def in_units(self: _Kind, unit: float) -> _Kind:
        """Return the problem with residuals divided by a unit."""
        return replace(self, sigma=np.full(1, unit) if self.sigma is None else self.sigma * unit)

    def with_held(self: _Kind, v: Array, places: Any) -> _Kind:
        """Return the problem in which some of the free weights, by their places among them, stay at given values.

        Args:
            v: (f,) all free weights.
            places: of those that stay.
        """
        others = np.delete(np.arange(len(v)), places)
        return replace(
            self, start=self.all_weights(v), free=self.free[others], lower=self.lower[others], upper=self.upper[others]
        )

    def at_bound(self, v: Array) -> NDArray[np.bool_]:
        """Tell which free weights are at an end of their range, (f,); one whose value rounding has moved by an ulp is."""
        if not self.is_bounded:
            return np.zeros(len(v), np.bool_)
        near = 4 * np.finfo(np.float64).eps * np.maximum(np.abs(v), np.finfo(np.float64).tiny)
        return np.asarray((v - self.lower <= near) | (self.upper - v <= near))

    def inside(self, v: Array) -> Array:
        """Return free weights moved into their ranges."""
        return np.clip(v, self.lower, self.upper) if self.is_bounded else v

    def snapped(self, v: Array) -> Array:
        """Return free weights, those at an end of their range exactly there."""
        nearest = np.where(v - self.lower <= self.upper - v, self.lower, self.upper)
        return np.where(self.at_bound(v), nearest, v)

    def residual(self, v: Array) -> Array:
        """Return the residuals of the rows in units of their standard deviations, (m,)."""
        r = self.module.residual(self.all_weights(v), self.rows.X, self.rows.y)
        r = r if r.ndim == 1 else np.reshape(r, -1)
        return r if self.sigma is None else r / self.sigma

    def jacobian(self, v: Array) -> Array:
        """Return the derivatives of these residuals by the free weights, (m, f)."""
        J = slopes_of_residuals(self.module, self.all_weights(v), self.rows.X, self.rows.y)
        J = J if len(v) == len(self.start) else J[:, self.free]
        return J if self.sigma is None else J / np.reshape(self.sigma, (-1, 1))

    def is_exact(self, v: Array) -> bool:
        """Tell if the residuals are rounding: their root mean square is at most 16 units of rounding of that of y/sigma."""
        if self.has_residual:
            rounding = max(EXACT * self.size_of_target * math.sqrt(self.residuals), float(np.finfo(np.float64).tiny))
            return length_of(self.residual(v)) <= rounding
        y: Any = self.rows.y
        if y is None or not hasattr(self.module, "predict") or len(self.module.OUTPUTS) != len(targets_of(self.module)):
            return False
        return length_of(self.deviations(v)) <= EXACT * length_of(y)

    @cached_property
    def size_of_target(self) -> float:
        """Return the root mean square of what the prediction is held against, in units of sigma; 0.0 where that is not known.

        It is the target. Of a function of it such as log(y), it is what the function gives, or what rounding of y changes in
        it, if that is more.
        """
        y: Any = self.rows.y
        if y is None or not y.size:
            return 0.0
        slopes = target_slopes(self.module, self.start, self.rows.X, y)
        if slopes is None:
            seen = np.reshape(y, -1)
            return length_of(seen if self.sigma is None else seen / self.sigma) / math.sqrt(seen.size)
        found = observed(self, self.start[self.free]) if hasattr(self.module, "predict") else None
        changed = slopes * y if slopes.shape == y.shape else np.nan
        sizes = [length_of(one) / math.sqrt(y.size) for one in (0.0 if found is None else found, changed)]
        return max((one for one in sizes if math.isfinite(one)), default=0.0)

    def squared(self, v: Array) -> Array:
        """Return what the loss is the squares of: the residuals, and behind them the rows of a penalty."""
        r = self.residual(v)
        return np.concatenate([r, self.module.penalty_residual(self.all_weights(v))]) if self.has_penalty else r

    def slopes(self, v: Array) -> Array:
        """Return the derivatives of ``squared`` by the free weights."""
        J = self.jacobian(v)
        return np.vstack([J, self.module.penalty_jacobian(self.all_weights(v))[:, self.free]]) if self.has_penalty else J

    @cached_property
    def linear(self) -> NDArray[np.intp]:
        """Return the places among the free weights of those in which the residuals are jointly linear, as the module says."""
        linear = self.module.METADATA.get("linear", ())
        return np.array([place for place, name in enumerate(self.names) if name in linear], np.intp)

    @cached_property
    def cost_of_rounding(self) -> float:
        """Return half of the squares of residuals that are rounding of the data; 0.0 where none is held against the data."""
        if self.rows.y is None or not self.has_residual:
            return 0.0
        return 0.5 * self.residuals * (EXACT * self.size_of_target) ** 2

    def native(self, name: str) -> Callable[..., Any] | None:
        """Return a function of the extension; None where the module does not run by it, or other residuals are searched."""
        return getattr(getattr(self.module.residual, "__self__", None), name, None) if self.is_of_module else None

    @cached_property
    def sigma_of_each(self) -> Array | None:
        """Return the standard deviation of each residual, (m,); None where none is given."""
        return None if self.sigma is None else np.array(np.broadcast_to(self.sigma, self.residuals))

    @property
    def is_of_module(self) -> bool:
        """Tell if what is searched are the module's own residuals, over sigma at most, by all of its weights."""
        return type(self) is Problem and len(self.free) == len(self.start) and not self.has_penalty and self.rows.given

    def value_and_grad(self, v: Array) -> tuple[float, Array]:
        """Return the sum of the losses, with the penalty, and its gradient by the free weights."""
        value, gradient = self.module.value_and_grad(self.all_weights(v), self.rows.X, self.rows.y, reduction="sum")
        return float(value), gradient[self.free]

    def hessian(self, v: Array) -> Array:
        """Return the Hessian of that sum by the free weights, (f, f), by differences of the gradient if the module has none."""
        found = self.second_derivatives(v, self.rows.X, self.rows.y)
        return slopes_of(lambda u: self.value_and_grad(u)[1], v) if found is None else found

    def second_derivatives(self, v: Array, X: Any, y: Any) -> Array | None:
        """Return the Hessian of the sum of the losses of rows, (f, f), None where the module has none, nor products."""
        module, w, free = self.module, self.all_weights(v), self.free
        if hasattr(module, "hessian"):
            return np.asarray(module.hessian(w, X, y, reduction="sum")[np.ix_(free, free)])
        if not hasattr(module, "hvp"):
            return None
        H = np.array([module.hvp(w, unit, X, y, reduction="sum")[free] for unit in np.eye(len(w))[free]])
        return np.asarray((H + H.T) / 2)

    def scores(self, v: Array) -> Array:
        """Return the gradients of the losses of the rows by the free weights, (n, f), or what has their products."""
        return np.atleast_2d(self.module.per_sample_grad(self.all_weights(v), self.rows.X, self.rows.y))[:, self.free]

    def resampled(self, rng: np.random.Generator) -> "Problem":
        """Return the problem with as many of its rows, drawn with replacement."""
        return self.of_rows(rng.integers(self.rows.n, size=self.rows.n))

    def of_rows(self, chosen: NDArray[np.int64]) -> "Problem":
        """Return the problem with rows chosen by their places."""
        n, sigma = self.rows.n, self.sigma
        if sigma is not None and sigma.size > 1:
            sigma = np.reshape(np.reshape(sigma, (n, -1))[chosen], -1)
        of_x = None if self.sigma_x is None else self.sigma_x[chosen]
        return replace(self, rows=self.rows.only(chosen), sigma=sigma, sigma_x=of_x)

    def log_slopes(self, v: Array) -> float:
        """Return the sum over rows of log |dr/dy|, of the residual by the target; see ``target_density``."""
        return log_slopes(self.module, self.all_weights(v), self.rows.X, self.rows.y) if self.rows.y is not None else 0.0

    def about_mean(self) -> float:
        """Return the root of the sum of the squares of the target about its weighted mean, in units of sigma."""
        y = np.reshape(np.asarray(self.rows.y), (self.rows.n, -1))
        roots = np.ones(y.shape) if self.sigma is None else np.reshape(np.broadcast_to(1 / self.sigma, y.size), y.shape)
        weights = np.square(roots / roots.max())
        return length_of(roots * (y - np.sum(weights * y, axis=0) / np.sum(weights, axis=0)))


def length_of(array: Any) -> float:
    """Return the root of the sum of the squares of numbers, of which the squares alone may be beyond what floats hold."""
    array = np.asarray(array, np.float64)
    largest = float(np.max(np.abs(array), initial=0.0))
    if not 0.0 < largest < np.inf:
        return largest
    return largest * float(np.sqrt(np.sum(np.square(array / largest))))


def observed(problem: Problem, v: Array) -> Array | None:
    """Return what the prediction is held against, such as log(y); None where it less the residual depends on the weights."""
    module, X, y = problem.module, problem.rows.X, problem.rows.y
    if problem.is_difference or not problem.has_residual:
        return None if y is None else y.astype(np.float64, copy=False)
    found = []
    for w in (problem.all_weights(v), 1.01 * problem.all_weights(v) + 0.01):
        predicted, r = np.asarray(module.predict(w, X)), np.asarray(module.residual(w, X, y))
        if predicted.shape not in (r.shape, ()):
            return None
        found.append(predicted - r)
    left, again = found
    return left if np.allclose(left, again, rtol=1e-9, atol=1e-12 * np.abs(left).max()) else None


def by_name(what: str, given: Any, names: tuple[str, ...]) -> Mapping[str, Any]:
    """Return a mapping by names of weights after checking them.

    Raises:
        WeightsError: a name is no weight.
    """
    for name in given:
        if name not in names:
            known = f"there are {listed(names)}{did_you_mean(name, names)}"
            raise WeightsError(f"{what} names {name!r}, which is no weight; {known}")
    found: Mapping[str, Any] = given
    return found
