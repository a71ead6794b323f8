"""Functions of a compiled C file as Python calls them, with checks of their arguments, and arrays for their results."""

import ctypes
from collections.abc import Mapping, MutableSequence, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symgraph.io.pieces import in_pieces, summed
from symgraph.runtime.labels import array_of, unmasked

_DOUBLE = ctypes.sizeof(ctypes.c_double)

Array = NDArray[np.float64]
Rows = tuple[Array, Array | None, Array | None, tuple[int, ...]]
"""Weights, rows, target, and the shape of a value that each row has."""


@dataclass(frozen=True, slots=True)
class Functions:
    """Functions of one library, with checks of their arguments.

    Attributes:
        model: the model's name.
        features: names of the features, in order.
        weights: names of the weights, in order.
        target: the target's name, or None.
        c: the C functions by their names without the model's.
    """

    model: str
    features: tuple[str, ...]
    weights: tuple[str, ...]
    target: str | None
    c: Mapping[str, Any]

    def value_and_grad(
        self,
        w: ArrayLike,
        X: ArrayLike | None = None,
        y: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        reduction: str = "mean",
        threads: int = 1,
    ) -> tuple[float, Array]:
        """Compute the reduced loss and its gradient.

        Args:
            w: (k,) weights in the order of WEIGHTS.
            X: (n, d) rows, columns in the order of FEATURES; (d,) is one row.
            y: (n,) target, or a scalar for one row.
            sample_weight: weights s of the rows, (n,), not negative; a row of weight 0 counts as absent, whatever it holds.
            reduction: "mean" for sum(s*loss)/sum(s), "sum" for sum(s*loss).
            threads: the number of threads that share the rows of a large batch; the results do not depend on it.

        Returns:
            The loss and its gradient, (k,), in float64.

        Raises:
            ValueError: shapes do not fit, the reduction is unknown, or threads is no positive whole number.
            TypeError: an array holds no real numbers.
        """
        rows, share, total = self._reduction(w, X, y, sample_weight, reduction)
        value, *sums = self._sums(rows, share, threads)
        value, gradient = value / total, np.array(sums) / total
        finite, all_finite = isfinite(value), all(map(isfinite, sums))
        if not (finite and all_finite) and total != 1.0:
            # a sum may overflow where the mean does not
            small = np.asarray((np.ones(_count(rows[3])) if share is None else share) / total)
            again, *partials = self._sums(rows, small, threads)
            value, gradient = value if finite else again, gradient if all_finite else np.array(partials)
        return value, gradient

    def loss(
        self,
        w: ArrayLike,
        X: ArrayLike | None = None,
        y: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        reduction: str = "mean",
        threads: int = 1,
    ) -> float:
        """Compute the reduced loss; arguments as for value_and_grad, whose first number it is, in less than half the time."""
        rows, share, total = self._reduction(w, X, y, sample_weight, reduction)
        value = self._sum(rows, share, threads) / total
        if isfinite(value) or total == 1.0:
            return value
        return self._sum(rows, np.asarray((np.ones(_count(rows[3])) if share is None else share) / total), threads)

    def grad(
        self,
        w: ArrayLike,
        X: ArrayLike | None = None,
        y: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        reduction: str = "mean",
        threads: int = 1,
    ) -> Array:
        """Compute the gradient of the reduced loss; arguments as for value_and_grad."""
        return self.value_and_grad(w, X, y, sample_weight=sample_weight, reduction=reduction, threads=threads)[1]

    def per_sample_grad(
        self, w: ArrayLike, X: ArrayLike | None = None, y: ArrayLike | None = None, *, threads: int = 1
    ) -> Array:
        """Compute each row's gradient: (n, k), or (k,) for one row."""
        rows = self._with_target(self._inputs(w, X, y))
        return self._by_row("per_sample_grad", rows, np.empty((*rows[3], len(self.weights))), threads)

    def predict(self, w: ArrayLike, X: ArrayLike | None = None, *, threads: int = 1) -> Array:
        """Compute the output: one entry a row, or a scalar for one row."""
        rows = self._inputs(w, X, None)
        output: Array = self._by_row("predict", rows, np.empty(rows[3]), threads)[()]
        return output

    def residual(self, w: ArrayLike, X: ArrayLike | None = None, y: ArrayLike | None = None, *, threads: int = 1) -> Array:
        """Compute the residual r: (n,), or a scalar for one row; the loss is METADATA["residual_factor"] * r**2."""
        rows = self._with_target(self._inputs(w, X, y))
        residual: Array = self._by_row("residual", rows, np.empty(rows[3]), threads)[()]
        return residual

    def residual_jacobian(
        self, w: ArrayLike, X: ArrayLike | None = None, y: ArrayLike | None = None, *, threads: int = 1
    ) -> Array:
        """Compute the derivatives of the residual: (n, k), or (k,) for one row."""
        rows = self._with_target(self._inputs(w, X, y))
        return self._by_row("residual_jacobian", rows, np.empty((*rows[3], len(self.weights))), threads)

    def jacobian(self, w: ArrayLike, X: ArrayLike | None = None, y: ArrayLike | None = None, *, threads: int = 1) -> Array:
        """Compute the derivatives of the output: (n, k), or (k,) for one row; y lets it take the arguments of forward."""
        rows = self._inputs(w, X, y)
        return self._by_row("jacobian", rows, np.empty((*rows[3], len(self.weights))), threads)

    def row(self, w: Sequence[float], x: Sequence[float], y: float | None, grad: MutableSequence[float] | Array) -> float:
        """Compute the loss of one row, and write its partials into grad.

        Args:
            w: weights in the order of WEIGHTS.
            x: features in the order of FEATURES.
            y: the target.
            grad: a list or array that receives d loss / d w.
        """
        (weights, features), partials = self._row(w, x), np.empty(len(self.weights))
        value: float = self.c["row"](_at(weights), _at(features), 0.0 if y is None else float(y), _at(partials))
        for index, partial in enumerate(partials.tolist()):
            grad[index] = partial
        return value

    def predict_row(self, w: Sequence[float], x: Sequence[float]) -> float:
        """Compute the output of one row."""
        weights, features = self._row(w, x)
        value: float = self.c["predict_row"](_at(weights), _at(features))
        return value

    def pack(self, mapping: Mapping[str, float]) -> Array:
        """Return the weights of a mapping by name as a vector in the order of WEIGHTS."""
        missing = [name for name in self.weights if name not in mapping]
        unknown = [name for name in mapping if name not in self.weights]
        if missing or unknown:
            raise ValueError(f"{self.model}: weights missing {missing}, unknown {unknown}")
        return np.array([mapping[name] for name in self.weights], np.float64)

    def unpack(self, w: ArrayLike) -> dict[str, float]:
        """Return a vector of weights as a dict by name."""
        return dict(zip(self.weights, self._weights(w).tolist(), strict=True))

    def _reduction(
        self, w: ArrayLike, X: ArrayLike | None, y: ArrayLike | None, sample_weight: ArrayLike | None, reduction: str
    ) -> tuple[Rows, Array | None, float]:
        """Return the rows that count, their weights, and the divisor of the sum."""
        if reduction not in ("mean", "sum"):
            raise ValueError(f"reduction must be 'mean' or 'sum', not {reduction!r}")
        rows = self._with_target(self._inputs(w, X, y))
        if sample_weight is not None:
            return self._weighted(rows, sample_weight, reduction)
        return rows, None, float(rows[3][0]) if rows[3] and reduction == "mean" else 1.0

    def _sum(self, rows: Rows, share: Array | None, threads: int) -> float:
        """Sum the losses, each times its share."""

        def piece(start: int, stop: int) -> float:
            weights, features, target = _part(rows, start, stop)
            value: float = self.c["loss"](_at(weights), _at(features), _at(target), _at(_cut(share, start, stop)), stop - start)
            return value

        return summed(in_pieces(piece, _count(rows[3]), threads))

    def _sums(self, rows: Rows, share: Array | None, threads: int) -> list[float]:
        """Sum the losses, each times its share, and then their gradients."""
        result = ctypes.c_double * (1 + len(self.weights))

        def piece(start: int, stop: int) -> list[float]:
            weights, features, target = _part(rows, start, stop)
            sums = result()
            place = ctypes.addressof(sums)
            given = (_at(weights), _at(features), _at(target), _at(_cut(share, start, stop)), stop - start)
            self.c["value_and_grad"](*given, place, place + _DOUBLE)
            return list(sums)

        parts = in_pieces(piece, _count(rows[3]), threads)
        return parts[0] if len(parts) == 1 else [summed(one) for one in zip(*parts, strict=True)]

    def _by_row(self, function: str, rows: Rows, result: Array, threads: int) -> Array:
        """Call a C function that writes a result for each row; some functions take the target as well."""
        targets = function in ("per_sample_grad", "residual", "residual_jacobian")

        def piece(start: int, stop: int) -> None:
            weights, features, target = _part(rows, start, stop)
            given = (_at(weights), _at(features), *([_at(target)] if targets else []))
            self.c[function](*given, stop - start, _at(_cut(result, start, stop) if rows[3] else result))

        in_pieces(piece, _count(rows[3]), threads)
        return result

    def _inputs(self, w: ArrayLike, X: ArrayLike | None, y: ArrayLike | None) -> Rows:
        weights = self._weights(w)
        given: Any = X if X is None else array_of(X, self.features, "X", column=len(self.features) == 1)
        rows = self._rows(given)
        shape: tuple[int, ...] = () if rows is None else rows.shape[:-1]
        if y is None:
            return weights, rows, None, shape
        if self.target is None:
            raise ValueError(f"{self.model} has no target; y must be None")
        target = array_of(y, (self.target,), "y", column=True)
        if target.dtype.kind not in "biuf":
            raise TypeError(f"y has dtype {target.dtype}, {self.model} needs real numbers")
        if rows is None:
            if target.ndim > 1 or target.size == 0:
                raise ValueError(f"y has shape {target.shape}, {self.model} needs (n,) or ()")
            shape = target.shape
        elif rows.shape == (1, 1) and target.ndim == 0 and np.ndim(given) == 1:
            shape = ()  # one row of one column, as X[i] is
        if target.shape != shape:
            raise ValueError(f"y has shape {target.shape}, X has shape {np.shape(given)}")
        return weights, rows, _contiguous(target), shape

    def _weights(self, w: ArrayLike) -> Array:
        weights = array_of(w, self.weights, "w")
        if weights.shape != (len(self.weights),):
            names = ", ".join(self.weights)
            raise ValueError(f"w has shape {weights.shape}, {self.model} needs ({len(self.weights)},): {names}")
        return _numbers(weights, self.model)

    def _rows(self, X: NDArray[Any] | None) -> Array | None:
        if not self.features:
            if X is not None:
                raise ValueError(f"{self.model} has no features; X must be None")
            return None
        rows = np.asarray(X)  # None is no number, and is refused as such
        if len(self.features) == 1 and rows.ndim < 2:
            rows = rows[..., np.newaxis]
        if rows.ndim not in (1, 2):
            raise ValueError(f"X has {rows.ndim} dimensions, {self.model} needs rows by columns")
        if rows.shape[-1] != len(self.features):
            need = f"{len(self.features)}: {', '.join(self.features)}"
            raise ValueError(f"X has {rows.shape[-1]} columns, {self.model} needs {need}")
        if rows.shape[0] == 0:
            raise ValueError(f"X has no rows, {self.model} needs at least one")
        return _numbers(rows, self.model)

    def _with_target(self, rows: Rows) -> Rows:
        if self.target is not None and rows[2] is None:
            raise ValueError(f"y is missing, the loss of {self.model} needs {self.target}")
        return rows

    def _weighted(self, rows: Rows, sample_weight: ArrayLike, reduction: str) -> tuple[Rows, Array, float]:
        """Return the rows whose weight is not 0, their weights, and the divisor of the sum."""
        weights, features, target, shape = rows
        s = np.asarray(unmasked(sample_weight, "sample_weight"), np.float64)
        if s.shape != shape:
            raise ValueError(f"sample_weight has shape {s.shape}, the rows have {shape}")
        if not np.all(np.isfinite(s) & (s >= 0)):
            raise ValueError("sample_weight must be finite and not negative")
        present = s > 0
        if not np.any(present):
            raise ValueError("sample_weight is 0 for every row")
        if reduction == "mean":  # of weights near 1 no product overflows or underflows
            s = np.ldexp(s, -np.frexp(np.max(s))[1])
            present = s > 0
        total = float(np.sum(s)) if reduction == "mean" else 1.0
        if not np.all(present):
            s, shape = s[present], (int(np.sum(present)),)
            features = None if features is None else features[present]
            target = None if target is None else target[present]
        return (weights, features, target, shape), _contiguous(s), total

    def _row(self, w: Sequence[float], x: Sequence[float]) -> tuple[Array, Array]:
        return _vector(w, self.weights, "w", self.model), _vector(x, self.features, "x", self.model)


def _vector(values: Sequence[float], names: Sequence[str], what: str, model: str) -> Array:
    vector = np.ascontiguousarray(array_of(values, names, what), np.float64)
    if vector.shape != (len(names),):
        raise ValueError(f"{what} has shape {vector.shape}, {model} needs ({len(names)},)")
    return vector


def _numbers(array: NDArray[Any], model: str) -> Array:
    """Return an array in float64, row by row."""
    if array.dtype.newbyteorder("=") not in (np.float32, np.float64) and array.dtype.kind not in "iu":
        raise TypeError(f"{model} computes in float64, not in {array.dtype}")
    return _contiguous(array)


def _contiguous(array: NDArray[Any]) -> Array:
    return np.asarray(array, np.float64, order="C")


def _part(rows: Rows, start: int, stop: int) -> tuple[Array, Array | None, Array | None]:
    """Return the weights, and some of the rows with their targets."""
    weights, features, target, shape = rows
    return (weights, _cut(features, start, stop), _cut(target, start, stop)) if shape else (weights, features, target)


def _cut(array: Array | None, start: int, stop: int) -> Array | None:
    if array is None or array.ndim == 0 or (start == 0 and stop == len(array)):
        return array
    return array[start:stop]


def _count(shape: tuple[int, ...]) -> int:
    return shape[0] if shape else 1


def _at(array: Array | None) -> int | None:
    return None if array is None else array.ctypes.data
