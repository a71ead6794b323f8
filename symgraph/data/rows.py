"""Rows that a run works on, checked once against the model, and the batches in which they are visited."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.data.options import number
from symgraph.data.targets import check_labels
from symgraph.errors import DataError, OptionError, WeightsError
from symgraph.runtime.generated_module import GeneratedModule, ScalarModule, targets_of
from symgraph.runtime.labels import array_of, labels_of
from symgraph.runtime.natural import vector_of

Array = NDArray[np.floating[Any]]
FloatDType = np.dtype[np.floating[Any]]
# One row, a run of rows, or chosen rows, as an index into X and y.
Batch = int | slice | NDArray[np.int64]


class Rows(NamedTuple):
    """Features and target of one dtype, ready for the module.

    Attributes:
        X: (n, d), or (n,) with one feature; None where the model has no features.
        y: (n,), or (n, p) of several targets; None where the model has no target.
        n: number of rows; 1 where the model has neither features nor target.
        dtype: float32 or float64, of the whole run.
    """

    X: Array | None
    y: Array | None
    n: int
    dtype: FloatDType

    @property
    def given(self) -> bool:
        """Tell if there are rows at all, so that one of them can be at fault."""
        return self.X is not None or self.y is not None

    def only(self, places: NDArray[np.int64]) -> "Rows":
        """Return some of the rows as rows."""
        X, y = self.take(places)
        return Rows(X, y, len(places), self.dtype)

    def take(self, batch: Batch) -> tuple[Any, Any]:
        """Return X and y of a batch; an int gives one row in the form without a row axis."""
        return None if self.X is None else self.X[batch], None if self.y is None else self.y[batch]


_DOUBLE = np.dtype(np.float64)


def float_array(name: str, value: Any, names: Sequence[str] = (), *, column: bool = False) -> Array:
    """Return a value as a float32 or float64 array in native byte order; whole numbers and booleans become float64.

    Args:
        name: the value's name, for the message.
        value: array-like of any shape; of a table or mapping, the columns or entries in ``names`` are taken.
        names: of the columns or entries that are wanted.
        column: whether one column is wanted; see ``symgraph.runtime.labels``.

    Raises:
        DataError: it is no rectangular array of such numbers, has other names, or is masked.
    """
    if type(value) is np.ndarray and value.dtype is _DOUBLE:
        return value
    try:
        array = array_of(value, names, name, column=column)
    except ValueError as error:
        text = str(error)  # messages about names and masks begin with the value's name
        raise DataError(text if text.startswith(name) else f"{name} is no rectangular array: {text}") from error
    if array.dtype.kind in "biu":
        return array.astype(np.float64)
    native = array.dtype.newbyteorder("=")
    if native not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise DataError(f"{name} has dtype {array.dtype}; give float32, float64 or whole numbers")
    return array.astype(native, copy=False)


def as_rows(
    module: GeneratedModule | ScalarModule,
    X: Any = None,
    y: Any = None,
    *,
    dtype: FloatDType | None = None,
    need_target: bool = True,
) -> Rows:
    """Check features and target against a model and bring them to one dtype.

    Args:
        module: a generated module.
        X: (n, d), with one feature also (n,); None for a model without features.
        y: (n,), of several targets (n, p); None for a model without target, or where X is a table that has it.
        dtype: of the weights, float32 or float64; the rows get the wider of it and X's. None: X's own.
        need_target: whether the target of a model that has one may not be missing.

    Raises:
        DataError: one of them is missing, not wanted, of the wrong shape, or neither float32, float64 nor whole numbers; or the
            model's likelihood gives a target no probability.
    """
    targets, labels = targets_of(module), labels_of(X, False)
    features = _features(module, X)
    y = X if y is None and targets and all(name in labels for name in targets) else y
    target = _target(module, y) if need_target or y is not None else None
    if features is not None and target is not None and len(features) != len(target):
        raise DataError(f"X has {len(features)} rows and y has {len(target)}; give one target a row")
    check_labels(module, features, target)
    wanted = _run_dtype(dtype, features)
    some = target if features is None else features
    return Rows(
        None if features is None else features.astype(wanted, copy=False),
        None if target is None else target.astype(wanted, copy=False),
        1 if some is None else len(some),
        wanted,
    )


def own_rows(module: Any, X: Any = None, y: Any = None) -> Rows:
    """Check features and target as `as_rows` does, and copy them in float64, for what is computed from them later.

    Raises:
        DataError: they do not fit the model, or a number is not finite; the message has its row and column.
    """
    rows, own = as_rows(module, X, y, dtype=_DOUBLE), dict[str, Any]()
    for name, part, columns in (("X", rows.X, module.FEATURES), ("y", rows.y, targets_of(module))):
        if part is not None and not np.isfinite(part).all():
            place = np.argwhere(~np.isfinite(part))[0]
            column = f", column {columns[place[1]]}" if len(place) > 1 else ""
            raise DataError(f"{name} is {part[tuple(place)]} in row {place[0]}{column}; leave that row out")
        own[name] = None if part is None else np.array(part, order="C")
    return rows._replace(**own)


def as_sigma(sigma: Any, y: Array | None) -> NDArray[np.float64]:
    """Check standard deviations of observations: one, or one for each, which come one after the other.

    Raises:
        DataError: they are of another shape than y, or one is not above 0.
    """
    array, wanted = float_array("sigma", sigma), () if y is None else y.shape
    if array.shape not in ((), wanted):
        raise DataError(f"sigma has shape {array.shape}; give one number, or {wanted} as y")
    if not (np.isfinite(array).all() and (array > 0).all()):
        place = np.argwhere(~(np.isfinite(array) & (array > 0)))[0]
        where = f" in row {place[0]}" if len(place) else ""
        error = DataError(f"sigma is {array[tuple(place)]}{where}; standard deviations are above 0")
        raise error.at_row(place[0]) if len(place) else error
    return np.reshape(array, -1).astype(np.float64)


def as_weights(module: GeneratedModule | ScalarModule, values: Any, name: str) -> Array:
    """Check weights that a run starts from: (k,) float32 or float64, or numbers by the names of the weights.

    Args:
        module: a generated module.
        values: the weights.
        name: of the option that they were given as, for messages.

    Raises:
        DataError: they are no numbers.
        WeightsError: they do not fit the model, or one is not finite.
    """
    try:
        values = vector_of(module.WEIGHTS, getattr(module, "METADATA", {}), values, name)
    except ValueError as error:
        text = str(error)
        raise WeightsError(text if text.startswith(name) else f"{name} is no vector of weights: {text}") from error
    w, wanted = float_array(name, values), len(module.WEIGHTS)
    if w.shape != (wanted,):
        raise WeightsError(f"{name} has shape {w.shape}; {module.MODEL} needs ({wanted},): {', '.join(module.WEIGHTS)}")
    if not np.isfinite(w).all():
        j = int(np.argmin(np.isfinite(w)))
        raise WeightsError(f"{name} has {module.WEIGHTS[j]} = {w[j]}; every initial weight must be finite")
    return w


def refuse_outside(what: str, names: Sequence[str], w: Array, low: Array, high: Array) -> None:
    """Refuse a weight that is not within its bounds, or is nan.

    Args:
        what: has the weights, for the message, such as "start".
        names: of the weights.
        w: (k,) the weights.
        low: (k,) their least values.
        high: (k,) their greatest values.

    Raises:
        WeightsError: there is one; the message names the first.
    """
    outside = np.flatnonzero(~((low <= w) & (w <= high)))
    if len(outside):
        j = outside[0]
        raise WeightsError(f"{what} has {names[j]} = {w[j]:g}, which is not within its bounds {low[j]:g} to {high[j]:g}")


def batches(n: int, size: int, order: NDArray[np.int64] | None = None) -> Sequence[Batch]:
    """Cut rows into consecutive batches; the last one may be smaller.

    Args:
        n: number of rows.
        size: rows per batch. With 1, each batch is an int: the module then sees one row without a row axis, which is quicker.
        order: (n,) the order to visit them in; None is the order of the file.
    """
    if size == 1:
        return range(n) if order is None else order.tolist()
    starts = range(0, n, size)
    if order is None:
        return [slice(start, min(start + size, n)) for start in starts]
    return [order[start : start + size] for start in starts]


def shuffled(n: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the random order of the rows in one epoch, read-only.

    It depends on seed and epoch alone, so that a resumed run needs no generator state.

    Args:
        n: number of rows.
        seed: of the run.
        epoch: counted from 0.
    """
    order: NDArray[np.int64] = shuffled_epochs(n, seed, epoch)[0]
    return order


def shuffled_epochs(n: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the random orders of the rows in an epoch and in some after it, (m, n), read-only.

    Of few rows, the orders of many epochs are drawn together: a generator takes longer to set up than an epoch in C.
    """
    together = max(1, _TOGETHER // n)
    block, place = divmod(epoch, together)
    return (_few if together > 1 else _orders)(n, seed, block, together)[place:]


_TOGETHER = 16_384
"""Rows of the orders that are drawn together."""


def _orders(n: int, seed: int, block: int, together: int) -> NDArray[np.int64]:
    orders = np.random.default_rng([seed, block]).permuted(np.broadcast_to(np.arange(n), (together, n)), axis=1)
    orders.flags.writeable = False
    return orders


_few = lru_cache(maxsize=4)(_orders)  # some 100 KB each


class Split(NamedTuple):
    """Rows that are trained on, and rows that are held out for validation.

    Attributes:
        trained: (n - m,) places of the rows trained on, ascending.
        held_out: (m,) places of the others, ascending.
    """

    trained: NDArray[np.int64]
    held_out: NDArray[np.int64]


def split(n: int, share: float, seed: int) -> Split:
    """Draw the rows to hold out for validation, which depend on the seed alone.

    Args:
        n: number of rows.
        share: of them to hold out, above 0 and below 1; rounded to whole rows, at least one.
        seed: of the run.

    Raises:
        OptionError: the share is out of bounds, or no row would be left to train on.
    """
    count = max(1, round(number("validation", share, above=0.0, below=1.0) * n))
    if count >= n:
        raise OptionError(f"validation: a share of {share:g} of {n} row{'s' * (n > 1)} leaves none to train on; give more rows")
    order = np.random.default_rng([seed, 0, 1]).permutation(n)  # another stream than that of any block of orders
    return Split(np.sort(order[count:]), np.sort(order[:count]))


def _run_dtype(dtype: FloatDType | None, features: Array | None) -> FloatDType:
    if features is None:
        return np.dtype(np.float64) if dtype is None else dtype
    return features.dtype if dtype is None else np.promote_types(dtype, features.dtype)


def _features(module: GeneratedModule | ScalarModule, X: Any) -> Array | None:
    names, model = module.FEATURES, module.MODEL
    if not names:
        if X is not None:
            raise DataError(f"{model} has no features; leave X out")
        return None
    if X is None:
        raise DataError(f"X is missing; {_wanted_features(module)}")
    array = float_array("X", X, names, column=len(names) == 1)
    if len(names) == 1 and array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.shape[1:] != (() if len(names) == 1 else (len(names),)) or array.ndim == 0:
        raise DataError(f"X has shape {array.shape}; {_wanted_features(module)}")
    if len(array) == 0:
        raise DataError("X has no rows")
    return array


def _wanted_features(module: GeneratedModule | ScalarModule) -> str:
    return f"{module.MODEL} needs (n, {len(module.FEATURES)}): {', '.join(module.FEATURES)}"


def _target(module: GeneratedModule | ScalarModule, y: Any) -> Array | None:
    names, model = targets_of(module), module.MODEL
    if not names:
        if y is not None:
            raise DataError(f"{model} has no target; leave y out")
        return None
    several = len(names) > 1
    if y is None:
        raise DataError(f"y is missing; {model} needs {_wanted(names)}, {_shape(names)}")
    array = float_array("y", y, names, column=not several)
    if array.ndim != 1 + several or len(array) == 0 or (several and array.shape[1] != len(names)):
        raise DataError(f"y has shape {array.shape}; {model} needs {_wanted(names)} as {_shape(names)}, n at least 1")
    return array


def _wanted(names: Sequence[str]) -> str:
    return f"its target{'s' * (len(names) > 1)} {', '.join(names)}"


def _shape(names: Sequence[str]) -> str:
    return f"(n, {len(names)})" if len(names) > 1 else "(n,)"
