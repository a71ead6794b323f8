"""Where a module is checked: random weights and rows, and what the module gives for each row there."""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import ModuleError
from symgraph.gradcheck.calls import call_row
from symgraph.gradcheck.differences import Array
from symgraph.gradcheck.drawing import KINDS, SCALES, Law, inside
from symgraph.io.module import GeneratedModule

# A point is drawn by one law for all its weights; later points try other laws, for models that are finite only at positive
# numbers, or alive only near 0. None stands for the declared initial weights. Rows have two laws: every pair comes up.
_WEIGHT_LAWS = (KINDS["normal"], SCALES["positive"], None, KINDS["small weights"], KINDS["wide"])
_ROW_LAWS = (KINDS["normal"], SCALES["positive"])
_CANDIDATES = 8  # rows drawn for each row wanted, because some will not be finite
_EDGE = 0.02  # the share of a bounded domain that is kept off at either end, where steps would leave it
_SHAKE = 1e-10  # relative; far above rounding, and far below what a model feels as a change


class Data(NamedTuple):
    """Rows, given or drawn: X (n, d) and y (n,), None where the model has no features or no target; (d,) and () for one row."""

    X: NDArray[Any] | None
    y: NDArray[Any] | None

    @property
    def size(self) -> int:
        """How many rows there are; 1 where the model has neither features nor target."""
        part = self.X if self.X is not None else self.y
        return 1 if part is None else len(part)

    @property
    def has_rows(self) -> bool:
        return self.X is not None or self.y is not None

    def take(self, rows: NDArray[np.intp] | int) -> "Data":
        return Data(*(None if part is None else part[rows] for part in self))

    def arguments(self, w: Array, *, target: bool = True) -> tuple[Any, ...]:
        """What a function of the module is called with: w, X and y, as far as the model has them."""
        given = (w, self.X, self.y if target else None)
        return given[: max(i for i, part in enumerate(given) if part is not None) + 1]


Rows = Mapping[str, Array]
"""What each row gives: "loss" (n, 1) and its partials "gradient" (n, k), "output" (n, 1) and its partials "jacobian" (n, k)."""


def taken(rows: Rows, kept: NDArray[np.intp]) -> Rows:
    """What some of the rows give."""
    return {part: values[kept] for part, values in rows.items()}


def largest(rows: Rows) -> Array:
    """The largest number that each row gives, (n,); NaN where there is one."""
    found: Array = np.abs(np.hstack([*rows.values()])).max(axis=1)
    return found


class Point(NamedTuple):
    """A place where partials are compared: weights w (k,), the rows of the data, and which rows they are."""

    module: GeneratedModule
    w: Array
    data: Data
    rows: tuple[int, ...]

    def losses(self, w: Array) -> NDArray[np.floating[Any]]:
        """The loss of each row, (n,)."""
        return self._each("forward", w, lambda tape: tape.loss) if hasattr(self.module, "forward") else self._by_row(w)[:, 0]

    def outputs(self, w: Array) -> NDArray[np.floating[Any]]:
        """The output of each row, (n,)."""
        return self._each("predict", w, target=False)

    def values(self) -> Rows:
        """What the functions for whole batches, or else `row`, say of each row, in float64."""
        module, w, k = self.module, self.w, len(self.w)
        found: dict[str, NDArray[Any]] = {}
        if module.METADATA["has_loss"]:
            found["loss"] = self.losses(w)[:, None]
            batch = hasattr(module, "per_sample_grad")
            found["gradient"] = self._each("per_sample_grad", w, size=k) if batch else self._by_row(w)[:, 1:]
        if module.OUTPUTS and hasattr(module, "jacobian"):
            found["output"] = self.outputs(w)[:, None]
            found["jacobian"] = self._each("jacobian", w, size=k, target=False)
        return {part: np.asarray(values, np.float64) for part, values in found.items()}

    @property
    def unit(self) -> float:
        """The unit in the last place of 1 in the module's precision."""
        values = self.losses if self.module.METADATA["has_loss"] else self.outputs
        return float(np.finfo(values(self.w).dtype).eps)

    def sway(self, here: Rows, rng: np.random.Generator) -> Rows:
        """How far rounding moves what each row gives; 0 where that is not finite.

        No derivative, ours or the module's, is better than that: where y - y_hat is rounding, its derivative is too. All
        inputs are moved by chance, far enough to be seen, and what that does is scaled down to one unit in the last place; in
        float32 they are moved by a few such units.
        """
        unit = float(np.finfo(self.w.dtype).eps)
        size = _SHAKE if unit < _SHAKE else 4.0 * unit
        moved = [self._shaken(size, rng).values() for _ in range(3)]

        result = {}
        for part, still in here.items():
            gaps = np.abs(np.stack([rows[part] - still for rows in moved])).max(axis=0) * (unit / size)
            result[part] = np.where(np.isfinite(gaps), gaps, 0.0)
        return result

    def bounds(self) -> tuple[Array, Array]:
        """What the module itself says of its rounding: bounds of the losses (n,) and of the partials (n, k); inf if nothing."""
        shapes = (len(self.rows),), (len(self.rows), len(self.w))
        try:
            found = self.module.error_bound(*self.data.arguments(self.w))  # type: ignore[attr-defined]  # on request
            losses, partials = (np.broadcast_to(part, shape) for part, shape in zip(found, shapes, strict=True))
        except Exception:  # it is called again among all functions, where what it raises is reported
            losses, partials = (np.full(shape, np.inf) for shape in shapes)
        return losses, partials

    def scale(self, j: int) -> float:
        """The size of weight j: its magnitude, or 1 if it is 0, or its distance from the edge of its domain if that is less."""
        low, high = _domain(self.module, self.module.WEIGHTS[j]) or (-math.inf, math.inf)
        value = float(self.w[j])
        return min([abs(value) or 1.0, *(room for room in (value - low, high - value) if room > 0.0)])

    def take(self, kept: NDArray[np.intp]) -> "Point":
        """The same point with some of its rows."""
        return self._replace(data=self.data.take(kept), rows=tuple(self.rows[i] for i in kept))

    def mapped(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> "Point":
        """The same point with weights, features and target changed."""
        return self._replace(w=change(self.w), data=Data(*(None if part is None else change(part) for part in self.data)))

    def is_inside(self) -> bool:
        """Whether all inputs lie in their declared domains."""
        X, y = self.data
        inputs = [
            *zip(self.module.WEIGHTS, self.w, strict=True),
            *zip(self.module.FEATURES, [] if X is None else X.T, strict=True),
        ]
        inputs += [] if y is None else [(str(self.module.TARGET), y)]
        known = [(domain, values) for name, values in inputs if (domain := _domain(self.module, name))]
        return all(bool(np.all((low <= values) & (values <= high))) for (low, high), values in known)

    def _shaken(self, size: float, rng: np.random.Generator) -> "Point":
        return self.mapped(lambda values: (values * (1.0 + rng.uniform(-size, size, np.shape(values)))).astype(values.dtype))

    def _each(
        self, name: str, w: Array, read: Callable[[Any], Any] = np.asarray, *, size: int | None = None, target: bool = True
    ) -> NDArray[np.floating[Any]]:
        """What a function of batches gives, (n,) or (n, size).

        Raises:
            ModuleError: the function raises, so there is nothing to be checked.
        """
        try:
            values = np.asarray(read(getattr(self.module, name)(*self.data.arguments(w, target=target))))
            shape = (len(self.rows),) if size is None else (len(self.rows), size)
            return values if values.shape == shape else np.broadcast_to(values, shape)
        except Exception as error:  # whatever it raises is a fault of the module
            text = f"{self.module.MODEL} cannot be checked: {name} raises {type(error).__name__}: {error}"
            raise ModuleError(f"{text}; build it again") from error

    def _by_row(self, w: Array) -> Array:
        """Loss and partials of each row, (n, 1 + k), by `row`; NaN where that raises as `math` does."""
        result = np.full((len(self.rows), 1 + len(w)), np.nan)
        for i, place in enumerate(result):
            with suppress(ArithmeticError, ValueError):
                loss, partials = call_row(self.module, w, *self.data.take(i))
                place[:] = loss, *partials
        return result


class _Input(NamedTuple):
    """A name of the model as the laws of drawing see it."""

    kind: str
    domain: tuple[float, float] | None


def draw(
    module: GeneratedModule, chance: random.Random, index: int, rows: int, given: Data | None, w: Array | None
) -> Point | None:
    """Draw a point at which the model is finite.

    Args:
        module: the module to be checked.
        chance: the source of randomness.
        index: the number of the attempt; it decides which laws are tried.
        rows: how many rows the point has at most.
        given: rows to choose from; None draws rows.
        w: the weights; None draws them.

    Returns:
        The point, or None if the model is finite at none of the rows that were tried.
    """
    if w is None:
        w = _draw_weights(module, chance, _WEIGHT_LAWS[index % len(_WEIGHT_LAWS)])
    pool = given
    if pool is None:
        law, count = _ROW_LAWS[index % len(_ROW_LAWS)], rows * _CANDIDATES
        X = _sample(module, chance, law, "feature", module.FEATURES, count) if module.FEATURES else None
        pool = Data(X, _sample(module, chance, law, "target", (module.TARGET,), count)[:, 0] if module.TARGET else None)
    tried = np.array(chance.sample(range(pool.size), min(pool.size, rows * _CANDIDATES)))
    candidates = Point(module, w, pool.take(tried), tuple(tried.tolist()))
    with np.errstate(all="ignore"):
        values = candidates.losses(w) if module.METADATA["has_loss"] else candidates.outputs(w)
    kept = np.flatnonzero(np.isfinite(values))[:rows]
    return candidates.take(kept) if len(kept) else None


def _draw_weights(module: GeneratedModule, chance: random.Random, law: Law | None) -> Array:
    if law is not None or not hasattr(module, "initial_weights"):
        return _sample(module, chance, law or KINDS["normal"], "weight", module.WEIGHTS, 1).ravel()
    start = np.asarray(module.initial_weights(chance.randrange(2**31)), np.float64).tolist()
    # Scattered, so that weights with one starting value differ; a start of 0 has no scale to scatter by.
    laws = [_near(at) if at else KINDS["normal"] for at in start]
    return np.array([_drawn(module, chance, law, "weight", name) for name, law in zip(module.WEIGHTS, laws, strict=True)])


def _near(start: float) -> Law:
    return lambda draw, _: start * draw.uniform(0.5, 1.5)


def _sample(module: GeneratedModule, chance: random.Random, law: Law, kind: str, names: Sequence[str], count: int) -> Array:
    """Draw (count, len(names)) by a law, inside the declared domains."""
    return np.array([[_drawn(module, chance, law, kind, name) for name in names] for _ in range(count)])


def _drawn(module: GeneratedModule, chance: random.Random, law: Law, kind: str, name: str) -> float:
    domain = _domain(module, name)
    value = inside(law, chance, _Input(kind, domain))
    if domain is None or not math.isfinite(domain[1] - domain[0]):
        return value
    return domain[0] + _EDGE * (domain[1] - domain[0]) + (1.0 - 2.0 * _EDGE) * (value - domain[0])


def _domain(module: GeneratedModule, name: str) -> tuple[float, float] | None:
    domains: Mapping[str, tuple[float, float]] = module.METADATA.get("domains", {})
    return domains.get(name)
