"""The contract of arguments: shapes, dtypes, sample weights and reductions, with messages that name the model."""

from collections.abc import Callable, Mapping
from math import isfinite
from numbers import Real
from typing import Any

import numpy as np

from symgraph.runtime.facts import DOUBLE, Array, ArrayLike, Facts, Inputs
from symgraph.runtime.labels import array_of, labels_of, meant, unmasked
from symgraph.runtime.natural import vector_of


def common_dtype(facts: Facts, *arrays: Array) -> np.dtype[Any]:
    """Give the common dtype, between the first and the last of those in which the model computes; integers count as float64."""
    for array in arrays:
        if array.dtype is not DOUBLE:
            break
    else:
        return np.dtype(facts.dtypes[-1])
    kinds = []
    for name, array in zip(("w", "X"), arrays, strict=False):
        native = array.dtype.newbyteorder("=")
        kind = np.dtype(np.float64) if native.kind in "iu" else native
        if kind not in (np.float32, np.float64):
            raise TypeError(f"{facts.model} computes in {' or '.join(facts.dtypes)}, not in {kind} as {name} is")
        kinds.append(kind)
    return min(np.result_type(facts.dtypes[0], *kinds), np.dtype(facts.dtypes[-1]))


ORDER = "; the order of arguments is w, X, y"


def given_weights(facts: Facts, w: Any) -> Any:
    """Turn weights into an array.

    Raises:
        ValueError: as `vector_of`; a table of rows in their place is told by its columns.
    """
    try:
        return vector_of(facts.weights, facts.metadata, w, "w")
    except ValueError as error:
        if facts.features and {*facts.features} <= {*labels_of(w, False)}:
            raise ValueError(f"{error}{ORDER}") from None
        raise


def require_weights(facts: Facts, w: Any) -> None:
    """Refuse weights other than one for each name."""
    if w.shape != (len(facts.weights),):
        need = f"({len(facts.weights)},): {', '.join(facts.weights)}"
        raise ValueError(f"w has shape {tuple(w.shape)}, {facts.model} needs {need}{order_hint(facts, w)}")


def order_hint(facts: Facts, w: Any) -> str:
    """Say the order of arguments where rows or a target seem to stand in the place of the weights."""
    rows = w.shape[1] == len(facts.features) if w.ndim == 2 else w.ndim == 1 and w.shape[0] > len(facts.weights)
    return ORDER if rows else ""


def checked_rows(facts: Facts, X: Any, y: Any = None) -> Any:
    """Give X with a row for each sample and a column for each feature; rows in the place of y are told in the error."""
    names = facts.features
    if len(names) == 1 and X.ndim < 2:
        X = X[..., np.newaxis]
    if X.ndim not in (1, 2):
        raise ValueError(f"X has {X.ndim} dimensions, {facts.model} needs rows by columns")
    if X.shape[-1] != len(names):
        hint = ORDER if y is not None and y.ndim == 2 and y.shape[-1] == len(names) else ""
        raise ValueError(f"X has {X.shape[-1]} columns, {facts.model} needs {len(names)}: {', '.join(names)}{hint}")
    if X.shape[0] == 0:
        raise ValueError(f"X has no rows, {facts.model} needs at least one")
    return X


def checked_target(facts: Facts, y: ArrayLike, dtype: np.dtype[Any]) -> Any:
    """Give the target in the common dtype."""
    target = np.asarray(array_of(y, facts.target_names or ("y",), "y", column=not facts.targets), order="C")
    if target.dtype.kind not in "biuf":
        raise TypeError(f"y has dtype {target.dtype}, {facts.model} needs real numbers")
    if target.dtype != dtype:
        with np.errstate(all="ignore"):
            target = target.astype(dtype)
    return target[()]


def fitted(facts: Facts, w: Any, X: Any, y: Any) -> Inputs:
    """Check the shapes of arrays of any library; give X with a row for each sample and a column for each feature.

    Raises:
        ValueError: shapes do not fit each other or the model.
    """
    row = (len(facts.targets),) if facts.targets else ()  # the shape of y for one row
    if y is not None and not facts.target_names:
        raise ValueError(f"{facts.model} has no target; y must be None")
    if y is not None and row and y.shape[-1:] != row:
        need = f"{len(facts.targets)} columns: {', '.join(facts.targets)}"
        raise ValueError(f"y has shape {tuple(y.shape)}, {facts.model} needs {need}")
    require_weights(facts, w)
    if not facts.features:
        if X is not None:
            raise ValueError(f"{facts.model} has no features; X must be None")
        if y is not None and (y.ndim > 1 + len(row) or 0 in y.shape):
            need = f"(n, {row[0]}) or ({row[0]},)" if row else "(n,) or ()"
            raise ValueError(f"y has shape {tuple(y.shape)}, {facts.model} needs {need}")
        return Inputs(w, y[..., :0] if row and y is not None else None, y)  # X says how many rows there are
    rows = checked_rows(facts, X, y)
    if y is not None:
        if len(facts.features) == 1 and X.ndim == 1 and y.ndim == len(row) and rows.shape[0] == 1:
            rows = rows[0, ...]  # one row of one column, as X[i] is
        if y.shape != (*rows.shape[:-1], *row):
            wanted = (*rows.shape[:-1], *row)
            hint = ORDER if X.shape == w.shape and y.ndim else ""
            raise ValueError(f"y has shape {tuple(y.shape)}, X has shape {tuple(X.shape)}; y needs {wanted}{hint}")
    return Inputs(w, rows, y)


def checked_inputs(facts: Facts, w: ArrayLike, X: ArrayLike | None, y: ArrayLike | None) -> Inputs:
    """Check shapes and dtypes; give arrays of one dtype.

    Raises:
        ValueError: shapes do not fit each other or the model.
        TypeError: a dtype is neither float32 nor float64 nor whole numbers.
    """
    weights, given = given_weights(facts, w), X
    if facts.features:
        rows = array_of(X, facts.features, "X", len(facts.features) == 1)
        dtype = common_dtype(facts, weights, rows)
        given = rows if rows.dtype is dtype else rows.astype(dtype, copy=False)
    else:
        dtype = common_dtype(facts, weights)
    inputs = fitted(facts, np.array(weights, dtype), given, None if y is None else checked_target(facts, y, dtype))
    if facts.constants:
        inputs = inputs._replace(w=followed_by_constants(facts, inputs.w))
    if inputs.X is not None and min(inputs.X.strides) < 0:  # where NumPy takes other routines, with other last bits
        return inputs._replace(X=inputs.X.copy())
    return inputs


def checked_weights(facts: Facts, w: ArrayLike) -> Array:
    """Check weights that are given alone; put the constants behind them."""
    weights = given_weights(facts, w)
    require_weights(facts, weights)
    return followed_by_constants(facts, np.array(weights, common_dtype(facts, weights)))


def followed_by_constants(facts: Facts, weights: Array) -> Array:
    """Put the constants behind the weights."""
    return np.array([*weights, *facts.constants.values()], weights.dtype) if facts.constants else weights


def changed_constants(facts: Facts, values: Mapping[str, float]) -> dict[str, float]:
    """Give all constants of a model, some of them with other values.

    Raises:
        ValueError: a name is unknown, or a value is no finite number.
    """
    for name, value in values.items():
        if name not in facts.constants:
            there = ", ".join(facts.constants) + meant(name, facts.constants)
            raise ValueError(f"{facts.model} has no constant {name}; it has {there}")
        if isinstance(value, bool) or not isinstance(value, Real) or not isfinite(value):
            raise ValueError(f"constant {name} of {facts.model} must be a finite number, not {value!r}")
    return {name: float(values.get(name, value)) for name, value in facts.constants.items()}


def is_batch(inputs: Inputs) -> bool:
    """Tell a batch from one row."""
    _, X, y = inputs
    return bool(X.ndim == 2 if X is not None else y is not None and y.ndim)


def row_shape(inputs: Inputs) -> tuple[int, ...]:
    """Give (n,) for a batch of n rows, () for one row."""
    _, X, y = inputs
    shape: tuple[int, ...] = X.shape[:-1] if X is not None else np.shape(y) if y is not None else ()
    return shape


def check_reduction(reduction: object) -> None:
    """Refuse a reduction that is neither the mean nor the sum."""
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction must be 'mean' or 'sum', not {reduction!r}")


def some_rows(inputs: Inputs, which: Any) -> Inputs:
    """Give the row at a place, or the rows that a mask tells."""
    weights, rows, target = inputs
    return Inputs(weights, None if rows is None else rows[which], None if target is None else target[which])


def weighted_rows(
    inputs: Inputs, sample_weight: ArrayLike | None, reduction: str, add: Callable[[Array], Any]
) -> tuple[Inputs, Array, Any]:
    """Check the weights of rows; give the inputs without rows of weight 0, the weights, and what divides the sums.

    A batch of one row becomes the row, which gives the same sooner.

    Args:
        inputs: the rows.
        sample_weight: their weights, or None for 1.
        reduction: "mean" or "sum".
        add: adds up the weights for a mean.
    """
    shape = row_shape(inputs)
    if shape == (1,):
        inputs, shape = some_rows(inputs, 0), ()
        if sample_weight is not None:
            s = unmasked(sample_weight, "sample_weight")
            sample_weight = s[0] if s.shape == (1,) else s
    dtype = inputs.w.dtype
    if sample_weight is None:
        return inputs, dtype.type(1.0), float(shape[0]) if shape and reduction == "mean" else 1.0
    s = np.asarray(unmasked(sample_weight, "sample_weight"), np.float64)
    if s.shape != shape:
        raise ValueError(f"sample_weight has shape {s.shape}, the rows have {shape}")
    if not (np.isfinite(s) & (s >= 0)).all():
        raise ValueError("sample_weight must be finite and not negative")
    if reduction == "mean":  # of weights near 1 no product overflows or underflows
        s = np.ldexp(s, -np.frexp(s.max())[1])
    if s.dtype != dtype:
        with np.errstate(all="ignore"):
            s = s.astype(dtype)
    total = add(s) if reduction == "mean" else 1.0
    present = s > 0
    if not present.any():
        raise ValueError("sample_weight is 0 for every row")
    return (inputs, s, total) if present.all() else (some_rows(inputs, present), s[present], total)


def thread_count(threads: int) -> int:
    """Check the number of threads."""
    if type(threads) is int and threads > 0:
        return threads
    whole = isinstance(threads, int | np.integer) and not isinstance(threads, bool)
    if not whole or threads < 1:
        raise ValueError(f"threads must be a whole number, 1 or more, not {threads!r}")
    return int(threads)
