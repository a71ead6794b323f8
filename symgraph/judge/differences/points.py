"""Where a module is checked: random weights and rows, and what the module gives for each row there."""

import math
import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.columns import columns_of
from symgraph.errors import ModuleError, OptionError
from symgraph.judge.differences.calls import BY_ROW, Call, Given, calls, constraints_of, is_value, partials_fact, with_constants
from symgraph.judge.differences.drawing import KINDS, SCALES, Law, domain_of, inside, is_bounded, values_of
from symgraph.judge.differences.outcomes import Fact
from symgraph.judge.differences.quotients import Array
from symgraph.runtime.generated_module import GeneratedModule, targets_of

# A point is drawn by one law for all its weights; later points try other laws, for models that are finite only at positive
# numbers, or alive only near 0. None stands for the declared initial weights. Rows have two laws: every pair comes up.
_WEIGHT_LAWS = (KINDS["normal"], SCALES["positive"], None, KINDS["small weights"], KINDS["wide"])
_ROW_LAWS = (KINDS["normal"], SCALES["positive"])
_CANDIDATES = 8  # rows drawn for each row wanted, because some will not be finite
_EDGE = 0.02  # the share of a bounded domain that is kept off at either end, where steps would leave it
_SHAKE = 1e-10  # relative; far above rounding, and far below what a model feels as a change


def largest(parts: Iterable[Array]) -> Array:
    """The largest number in each row of all parts, (n,); NaN where there is one."""
    found: Array = np.abs(np.column_stack([*parts])).max(axis=1)
    return found


class Point(NamedTuple):
    """A place where partials are compared.

    Attributes:
        module: the module that is checked.
        given: its weights and rows; `given.rows` says which rows of the data they are.
        parts: the facts of each row that are compared, values before their partials, each with the call that gives it and
            whether that takes one row alone.
        number: how many points the check had before.
    """

    module: GeneratedModule
    given: Given
    parts: Mapping[str, tuple[Call, bool]]
    number: int = 0

    @property
    def mains(self) -> tuple[str, ...]:
        """The values whose partials are those of the weights: the loss, or else the outputs."""
        return ("loss",) if self.module.METADATA["has_loss"] else columns_of("output", self.module.OUTPUTS)

    @property
    def unit(self) -> float:
        """The unit in the last place of 1 in the module's precision."""
        return float(np.finfo(self.each(self.mains[0], self.given.w).dtype).eps)

    def each(self, part: str, w: Array) -> NDArray[np.floating[Any]]:
        """A part of what each row gives at any weights, (n,) or (n, k), by a function of batches, or else row by row.

        Raises:
            ModuleError: the function raises, so there is nothing to be checked.
        """
        given, n, (call, alone) = self.given._replace(w=w), len(self.given.rows), self.parts[part]
        shape = (n,) if is_value(part) else (n, len(w))
        if alone:
            rows = range(1 if part.startswith(("penalty", "constraint")) else n)
            found = np.asarray([self._result(part, call, given.one(row, "")) for row in rows])
        else:
            found = self._result(part, call, given)
        return found if found.shape == shape else np.broadcast_to(found, shape)

    def values(self) -> Mapping[str, Array]:
        """Compute the facts of each row, in float64: (n,), and partials (n, k)."""
        return {part: np.asarray(self.each(part, self.given.w), np.float64) for part in self.parts}

    def facts(self, rng: np.random.Generator) -> dict[str, Fact]:
        """Compute each row's parts, and how far rounding moves them; 0 where that is not finite.

        No derivative, ours or the module's, is better than that: where y - y_hat is rounding, its derivative is too. All
        inputs but labels are moved by chance, far enough to be seen, and what that does is scaled down to one unit in the last
        place; in float32 they are moved by a few such units.
        """
        unit = float(np.finfo(self.given.w.dtype).eps)
        size = _SHAKE if unit < _SHAKE else 4.0 * unit

        def shaken(values: NDArray[Any]) -> NDArray[Any]:
            return (values * (1.0 + rng.uniform(-size, size, np.shape(values)))).astype(values.dtype)

        here, moved, found = self.values(), [self.mapped(shaken).with_labels_of(self).values() for _ in range(3)], {}
        for part, values in here.items():
            gaps = np.abs(np.stack([other[part] for other in moved]) - values).max(axis=0) * (unit / size)
            found[part] = Fact(values, np.where(np.isfinite(gaps), gaps, 0.0))
        return found

    def bounds(self) -> tuple[Array, Array]:
        """Return the module's own error bounds: of the losses (n,) and of the partials (n, k); inf if it has none."""
        n, k = len(self.given.rows), len(self.given.w)
        try:
            losses, partials = self.module.error_bound(*self.given[:3])  # type: ignore[attr-defined]  # on request
            return np.broadcast_to(losses, (n,)), np.broadcast_to(partials, (n, k))
        except Exception:  # it is called again among all functions, where what it raises is reported
            return np.full(n, np.inf), np.full((n, k), np.inf)

    def scale(self, j: int) -> float:
        """The size of weight j: its magnitude, or 1 if it is 0, or its distance from the edge of its domain if that is less."""
        low, high = domain_of(self.module, self.module.WEIGHTS[j]) or (-math.inf, math.inf)
        value = float(self.given.w[j])
        return min([abs(value) or 1.0, *(room for room in (value - low, high - value) if room > 0.0)])

    def take(self, kept: NDArray[np.intp]) -> "Point":
        """The same point with some of its rows."""
        return self._replace(given=self.given.take(kept, ""))

    def at(self, w: Array, X: Any, y: Any) -> "Point":
        """The same point with other weights, features and target."""
        return self._replace(given=self.given._replace(w=w, X=X, y=y))

    def mapped(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> "Point":
        """The same point with weights, features and target changed."""
        w, *data = self.given[:3]
        return self.at(change(w), *(None if part is None else change(part) for part in data))

    @property
    def labelled(self) -> list[int]:
        """The columns of y that are labels."""
        names = () if self.given.y is None else targets_of(self.module)
        return [place for place, name in enumerate(names) if values_of(self.module, name)]

    @property
    def labels_by_row(self) -> Array:
        """The labels of each row: (n, labels)."""
        n = len(self.given.rows)
        return np.empty((n, 0)) if self.given.y is None else np.reshape(self.given.y, (n, -1))[:, self.labelled]

    def with_labels_of(self, other: "Point") -> "Point":
        """The same point with the labels of another one, since what is moved is no label."""
        w, X, y = self.given[:3]
        if not self.labelled:
            return self
        columns = np.reshape(y, (len(self.given.rows), -1)).copy()
        columns[:, self.labelled] = other.labels_by_row
        return self.at(w, X, columns.reshape(np.shape(y)))

    def is_inside(self) -> bool:
        """Tell whether all inputs are within their domains."""
        w, X, y = self.given[:3]
        names = (*self.module.WEIGHTS, *self.module.FEATURES, *(() if y is None else targets_of(self.module)))
        targets = () if y is None else np.atleast_2d(y.T)
        for name, values in zip(names, (*w, *(() if X is None else X.T), *targets), strict=True):
            domain = domain_of(self.module, name)
            if domain and not np.all((domain[0] <= values) & (values <= domain[1])):
                return False
        return True

    def _result(self, part: str, call: Call, given: Given) -> Any:
        """A part as a call gives it; NaN where a function of lists raises as those of `math` do."""
        try:
            return np.asarray(call.run(given)[call.facts.index(part)])
        except Exception as error:  # whatever it raises is a fault of the module
            if call.function in BY_ROW and isinstance(error, (ArithmeticError, ValueError)):
                return math.nan if is_value(part) else np.full(len(given.w), math.nan)
            text = f"{self.module.MODEL} cannot be checked: {call.function} raises {type(error).__name__}: {error}"
            raise ModuleError(f"{text}; build it again") from error


class _Input(NamedTuple):
    """A name of the model as the laws of drawing see it."""

    kind: str
    domain: tuple[float, float] | None
    values: tuple[float, ...] | None

    @property
    def range(self) -> tuple[float, float]:
        """The domain, or all numbers."""
        return self.domain or (-math.inf, math.inf)


def draw(
    module: GeneratedModule, chance: random.Random, index: int, rows: int, data: tuple[Any, Any] | None, w: Array | None
) -> Point | None:
    """Draw a point at which the model is finite; None if it is so at none of the rows that were tried.

    Args:
        module: the module to be checked.
        chance: the source of randomness.
        index: the number of the attempt; it decides which laws are tried.
        rows: how many rows the point has at most.
        data: X (n, d) and y (n,) to choose rows from, each None where the model has none of it; None draws rows.
        w: the weights; None draws them, and at every second attempt other values of the constants, too.
    """
    if w is None:
        w = _draw_weights(module, chance, _WEIGHT_LAWS[index % len(_WEIGHT_LAWS)])
        constants = getattr(module, "CONSTANTS", {}).items()
        laws = {name: _near(value) if value else KINDS["normal"] for name, value in constants if index % 2}
        module = with_constants(module, dict(zip(laws, _sample(module, chance, "constant", laws, 1)[0].tolist(), strict=True)))
    if data is None:
        law, count = _ROW_LAWS[index % len(_ROW_LAWS)], rows * _CANDIDATES
        X = _sample(module, chance, "feature", dict.fromkeys(module.FEATURES, law), count) if module.FEATURES else None
        targets = targets_of(module)
        y = _sample(module, chance, "target", dict.fromkeys(targets, law), count) if targets else None
        data = X, y[:, 0] if y is not None and len(targets) == 1 else y
    known = [len(part) for part in data if part is not None]
    size = known[0] if known else 1  # a model with neither features nor target is one row
    tried = np.array(chance.sample(range(size), min(size, rows * _CANDIDATES)))
    given = Given(w, data[0], data[1], np.arange(size), not known, shares=np.ones(size)).take(tried, "")
    point = Point(module, given, _parts_of(module, given))
    with np.errstate(all="ignore"):
        kept = np.flatnonzero(np.isfinite([point.each(value, w) for value in point.mains]).all(axis=0))[:rows]
    return point.take(kept) if len(kept) else None


def _parts_of(module: GeneratedModule, given: Given) -> Mapping[str, tuple[Call, bool]]:
    """Find the first call that gives each fact of rows, values before their partials, and tell if it takes one row alone.

    Raises:
        OptionError: there is none for a fact.
    """
    has = ["loss"] * module.METADATA["has_loss"] + [*columns_of("output", module.OUTPUTS)] * hasattr(module, "jacobian")
    has += [*["penalty"] * hasattr(module, "penalty"), *constraints_of(module)]
    parts = [part for value in has for part in (value, partials_fact(value))]
    there = [(call, some.alone) for some in (given, given.one(0, "")) for call in calls(module, some, parts)]
    found: dict[str, tuple[Call, bool]] = {}
    for call, alone in there:
        for fact in call.facts if hasattr(module, call.function) else ():
            found.setdefault(fact, (call, alone))
    missing = next((part for part in parts if part not in found), None)
    if missing is not None:
        text = f"{module.MODEL} cannot be checked: this module has no function that gives the {missing} of a row"
        raise OptionError(f"{text}; give the module of another backend")
    return {part: found[part] for part in parts}


def _draw_weights(module: GeneratedModule, chance: random.Random, law: Law | None) -> Array:
    laws = dict.fromkeys(module.WEIGHTS, law or KINDS["normal"])
    if law is None and hasattr(module, "initial_weights"):
        start = np.asarray(module.initial_weights(chance.randrange(2**31)), np.float64).tolist()
        # Scattered, so that weights with one starting value differ; a start of 0 has no scale to scatter by.
        laws |= {name: _near(at) for name, at in zip(module.WEIGHTS, start, strict=True) if at}
    return _sample(module, chance, "weight", laws, 1).ravel()


def _near(start: float) -> Law:
    return lambda draw, _: start * draw.uniform(0.5, 1.5)


def _sample(module: GeneratedModule, chance: random.Random, kind: str, laws: Mapping[str, Law], count: int) -> Array:
    """Draw (count, len(laws)) by the law of each name, inside the declared domains and off the edges of bounded ones."""

    def drawn(name: str, law: Law) -> float:
        entry = _Input(kind, domain_of(module, name), values_of(module, name))
        if entry.values:
            return inside(law, chance, entry)
        value, (low, high) = inside(law, chance, entry), entry.range
        edge = _EDGE * (high - low) if is_bounded(entry) else 0.0
        return min(max(value, low + edge), high - edge)

    return np.array([[drawn(*item) for item in laws.items()] for _ in range(count)])
