"""Where a module is checked: random weights, random rows, and the losses and outputs there."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.gradcheck.differences import Array
from symgraph.module import GeneratedModule

# A point is drawn from one law for all inputs that declare no domain; later points try other laws, for models that are finite
# only at positive numbers, or alive only near 0.
_LAWS = ("normal", "positive", "initial", "narrow", "wide")
_SHAKE = 1e-10  # relative; far above rounding, and far below what a model feels as a change
_CANDIDATES = 8  # rows drawn for each row wanted, because some will not be finite


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """Rows, given or drawn: X (n, d) and y (n,), None where the model has no features or no target."""

    X: NDArray[Any] | None
    y: NDArray[Any] | None

    def __len__(self) -> int:
        part = self.X if self.X is not None else self.y
        return 1 if part is None else len(part)

    def take(self, rows: NDArray[np.intp]) -> "Data":
        return Data(None if self.X is None else self.X[rows], None if self.y is None else self.y[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """A place where partials are compared: weights w (k,), the rows of the data, and which rows they are."""

    module: GeneratedModule
    w: Array
    data: Data
    rows: tuple[int, ...]

    def arguments(self, w: Array, *, target: bool = True) -> tuple[Any, ...]:
        """What a function of the module is called with: w, X and y, as far as the model has them."""
        given = (w, self.data.X, self.data.y if target else None)
        return given[: max(i for i, part in enumerate(given) if part is not None) + 1]

    def losses(self, w: Array) -> NDArray[np.floating[Any]]:
        """The loss of each row, (n,)."""
        return self._a_row_each(self.module.forward(*self.arguments(w)).loss)

    def outputs(self, w: Array) -> NDArray[np.floating[Any]]:
        """The output of each row, (n,)."""
        return self._a_row_each(self.module.predict(*self.arguments(w, target=False)))

    def sway(self, function: Callable[..., Any], rng: np.random.Generator, *, target: bool = True) -> Array:
        """How far rounding of the inputs moves the partials that a function gives, (n, k); 0 where they are not finite.

        All inputs are moved by chance, far enough to be seen, and what that does is scaled down to one unit in the last place.
        No derivative, ours or the module's, is better than that: where y - y_hat is rounding, its derivative is too.
        """
        here = self.partials(function, target=target)
        moved = [self._shaken(rng).partials(function, target=target) for _ in range(3)]
        with np.errstate(all="ignore"):
            gaps = np.abs(np.stack(moved) - here).max(axis=0) * (np.finfo(np.float64).eps / _SHAKE)
        return np.where(np.isfinite(gaps), gaps, 0.0)

    def bounds(self) -> tuple[Array, Array]:
        """What the module itself says of its rounding: bounds of the losses (n,) and of the partials (n, k); inf if nothing."""
        n, k = len(self.rows), len(self.w)
        if not hasattr(self.module, "error_bound"):
            return np.full(n, np.inf), np.full((n, k), np.inf)
        losses, partials = self.module.error_bound(*self.arguments(self.w))
        return np.broadcast_to(losses, (n,)), np.broadcast_to(partials, (n, k))

    def _shaken(self, rng: np.random.Generator) -> "Point":
        def shake(values: Any) -> Any:
            return None if values is None else values * (1.0 + rng.uniform(-_SHAKE, _SHAKE, np.shape(values)))

        return Point(self.module, shake(self.w), Data(shake(self.data.X), shake(self.data.y)), self.rows)

    def scale(self, j: int) -> float:
        """The size of weight j: its magnitude, or 1 if it is 0, or its distance from the edge of its domain if that is less."""
        low, high = _domain(self.module, self.module.WEIGHTS[j])
        value = float(self.w[j])
        return min([abs(value) or 1.0, *(room for room in (value - low, high - value) if room > 0.0)])

    def partials(self, function: Callable[..., Any], *, target: bool = True) -> Array:
        """What a function of the module gives as partials of each row, (n, k) float64."""
        values = np.asarray(function(*self.arguments(self.w, target=target)), np.float64)
        return np.broadcast_to(values, (len(self.rows), len(self.w)))

    def take(self, kept: NDArray[np.intp]) -> "Point":
        """The same point with some of its rows."""
        return Point(self.module, self.w, self.data.take(kept), tuple(self.rows[i] for i in kept))

    def _a_row_each(self, values: Any) -> NDArray[np.floating[Any]]:
        return np.broadcast_to(np.asarray(values), (len(self.rows),))


def draw(
    module: GeneratedModule, rng: np.random.Generator, index: int, rows: int, given: Data | None = None, w: Array | None = None
) -> Point | None:
    """Draw a point at which the model is finite.

    Args:
        module: the module to be checked.
        rng: the source of randomness.
        index: the number of the attempt; it decides which law is tried.
        rows: how many rows the point has at most.
        given: rows to choose from; None draws rows.
        w: the weights; None draws them.

    Returns:
        The point, or None if the model is finite at none of the rows that were tried.
    """
    if w is None:
        w = _draw_weights(module, rng, index)
    # Five laws for weights and two for rows: every pair comes up within ten attempts.
    pool = _draw_rows(module, rng, ("normal", "positive")[index % 2], rows * _CANDIDATES) if given is None else given
    tried = rng.permutation(len(pool))[: rows * _CANDIDATES]
    candidates = Point(module, w, pool.take(tried), tuple(tried.tolist()))
    with np.errstate(all="ignore"):
        values = candidates.losses(w) if module.METADATA["has_loss"] else candidates.outputs(w)
    kept = np.flatnonzero(np.isfinite(values))[:rows]
    return candidates.take(kept) if len(kept) else None


def _draw_weights(module: GeneratedModule, rng: np.random.Generator, index: int) -> Array:
    law = _LAWS[index % len(_LAWS)]
    if law != "initial":
        return _sample(module, rng, law, module.WEIGHTS, 1).ravel()
    start = np.asarray(module.initial_weights(int(rng.integers(2**31))), np.float64)
    # Scattered, so that weights with one starting value differ; a start of 0 has no scale to scatter by.
    scattered = np.where(start == 0.0, rng.normal(size=start.shape), start * rng.uniform(0.5, 1.5, start.shape))
    low, high = np.array([_domain(module, name) for name in module.WEIGHTS]).T
    inside: Array = np.where(
        (low < scattered) & (scattered < high), scattered, _sample(module, rng, "normal", module.WEIGHTS, 1)[0]
    )
    return inside


def _draw_rows(module: GeneratedModule, rng: np.random.Generator, law: str, count: int) -> Data:
    X = _sample(module, rng, law, module.FEATURES, count) if module.FEATURES else None
    y = _sample(module, rng, law, (module.TARGET,), count)[:, 0] if module.TARGET else None
    return Data(X, y)


def _sample(module: GeneratedModule, rng: np.random.Generator, law: str, names: Sequence[str], count: int) -> Array:
    """Draw (count, len(names)): from the law, or uniformly from a name's domain where it declares a bounded one."""
    values = {
        "normal": rng.normal(size=(count, len(names))),
        "narrow": rng.normal(scale=0.3, size=(count, len(names))),
        "wide": rng.normal(scale=3.0, size=(count, len(names))),
        "positive": rng.uniform(0.2, 2.0, (count, len(names))),
    }[law]
    for column, name in enumerate(names):
        low, high = _domain(module, name)
        if math.isfinite(low) and math.isfinite(high):
            values[:, column] = low + (high - low) * rng.uniform(0.02, 0.98, count)  # off the edges, where steps would leave
        elif math.isfinite(low):
            values[:, column] = low + np.abs(values[:, column])
        elif math.isfinite(high):
            values[:, column] = high - np.abs(values[:, column])
    return values


def _domain(module: GeneratedModule, name: str) -> tuple[float, float]:
    domains: Mapping[str, tuple[float, float]] = module.METADATA.get("domains", {})
    return domains.get(name, (-math.inf, math.inf))
