"""Derivatives on request: the Hessian of the loss, its products, and the output's derivatives by features or along a direction.

A direction v rides behind the weights and the constants, so that all that goes through batches knows of one vector.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symgraph.runtime.binding import Binding
from symgraph.runtime.contract import thread_count
from symgraph.runtime.facts import Array, ArrayLike, Facts, Inputs, Reduction
from symgraph.runtime.labels import array_of
from symgraph.runtime.lines import Lines, MatrixEntries, T, absent
from symgraph.runtime.loose_binding import BoundLoosely, LooseBinding, loosely
from symgraph.runtime.numpy_binding import Bound
from symgraph.runtime.recording import Given
from symgraph.runtime.weights import Law


class DerivativesOnRequest(Binding[T]):
    """The public functions of derivatives on request; how sums are computed is said by each kind of binding."""

    _penalty_entries: "Callable[[Any], MatrixEntries] | None" = None

    def hessian(
        self,
        w: "ArrayLike",
        X: "ArrayLike",
        y: "ArrayLike",
        *,
        sample_weight: "ArrayLike | None" = None,
        reduction: "Reduction" = "mean",
        threads: int = 1,
    ) -> "Array":
        """Compute the second derivatives of the reduced loss by the weights: (k, k), symmetric.

        At a kink of the model, or of its slope, they are those of a side; relu and Abs have 0 there. Arguments as for
        value_and_grad.
        """
        workers = thread_count(threads)
        inputs, s, total = self._weighted(w, X, y, sample_weight, reduction)
        found = self._mirrored(self._rounded(self._reduced("hessian", inputs, s, total, workers), inputs.w.dtype))
        return self._with_penalty(found, lambda: self._penalty_hessian(inputs.w), inputs, sample_weight, reduction)

    def hvp(
        self,
        w: "ArrayLike",
        v: "ArrayLike",
        X: "ArrayLike",
        y: "ArrayLike",
        *,
        sample_weight: "ArrayLike | None" = None,
        reduction: "Reduction" = "mean",
        threads: int = 1,
    ) -> "Array":
        """Compute the Hessian of the reduced loss times a vector v, without the Hessian: (k,).

        Args:
            w: (k,) weights in the order of WEIGHTS.
            v: (k,) the vector; hvp takes the arguments that SciPy gives to hessp.
            X, y, sample_weight, reduction, threads: as for value_and_grad.
        """
        workers = thread_count(threads)
        inputs, s, total = self._weighted(w, X, y, sample_weight, reduction)
        towards = self._towards(inputs, v)
        found = self._rounded(self._reduced("hvp", towards, s, total, workers), inputs.w.dtype)
        along = self._apart(towards.w)[1]
        return self._with_penalty(found, lambda: self._penalty_hessian(inputs.w) @ along, inputs, sample_weight, reduction)

    def feature_jacobian(self, w: "ArrayLike", X: "ArrayLike", *, threads: int = 1) -> "Array":
        """Compute d output / d features: (n, d), or (d,) for one row; (n, m, d), or (m, d) for one row, of m outputs."""
        workers = thread_count(threads)
        return self._by_row("feature_jacobian", self._checked(self.facts, w, X, None), workers)

    def jvp(self, w: "ArrayLike", v: "ArrayLike", X: "ArrayLike", *, threads: int = 1) -> "Array":
        """Compute the derivative of the output by the weights along v, (k,): as predict, (n,), or (n, m) of m outputs."""
        workers = thread_count(threads)
        return self._by_row("jvp", self._towards(self._checked(self.facts, w, X, None), v), workers)

    @np.errstate(all="ignore")
    def penalty_hessian(self, w: "ArrayLike") -> "Array":
        """Compute the second derivatives of the penalty, which hessian and hvp add once a call: (k, k)."""
        return self._penalty_hessian(self._weights(w))

    def _towards(self, inputs: Inputs, v: "ArrayLike") -> Inputs:
        """Put a direction behind the weights and constants."""
        return inputs._replace(w=np.concatenate([inputs.w, checked_direction(self.facts, v, inputs.w.dtype)]))

    def _apart(self, vector: Any) -> tuple[Any, Any]:
        """Give the weights with the constants, and the direction behind them."""
        place = len(self.facts.weights) + len(self.facts.constants)
        return vector[:place], vector[place:]

    def _mirrored(self, upper: Array) -> Array:
        """Give the symmetric matrix of an upper triangle, row by row."""
        return mirrored(upper, len(self.facts.weights))

    def _penalty_hessian(self, w: Array) -> Array:
        """Compute the second derivatives of the penalty from the weights with the constants behind them."""
        assert self._penalty_entries is not None  # as in Binding._penalty
        full = np.zeros((len(self.facts.weights),) * 2, w.dtype)
        for (i, j), entry in self._penalty_entries(w).items():
            full[i, j] = full[j, i] = entry
        return full


class DerivativesLoosely(DerivativesOnRequest[T], LooseBinding[T]):
    """The same for a module whose X or y may be None."""

    hessian = loosely(DerivativesOnRequest.hessian)
    hvp = loosely(DerivativesOnRequest.hvp)  # type: ignore[assignment]  # X comes third

    def jvp(self, w: "ArrayLike", v: "ArrayLike", X: "ArrayLike | None" = None, *, threads: int = 1) -> "Array":
        """Compute the derivative of the output by the weights along v, (k,): as predict, (n,), or (n, m) of m outputs."""
        return super().jvp(w, v, X, threads=threads)  # type: ignore[arg-type]  # as for predict


def check_direction(facts: Facts, v: Any) -> None:
    """Refuse a direction, an array of any library, that does not have an entry for each weight."""
    if v.shape != (len(facts.weights),):
        raise ValueError(f"v has shape {tuple(v.shape)}, {facts.model} needs ({len(facts.weights)},)")


def checked_direction(facts: Facts, v: ArrayLike, dtype: Any) -> Array:
    """Give the direction as an array of the weights' dtype.

    Raises:
        ValueError: it does not have an entry for each weight.
        TypeError: it holds no real numbers.
    """
    direction = np.asarray(array_of(v, facts.weights, "v"))
    check_direction(facts, direction)
    if direction.dtype.kind not in "biuf":
        raise TypeError(f"v has dtype {direction.dtype}, {facts.model} needs real numbers")
    with np.errstate(all="ignore"):
        return direction.astype(dtype)


def mirrored(upper: Array, k: int) -> Array:
    """Give the symmetric matrices, (..., k, k), of upper triangles, row by row along the last axis."""
    places = np.empty((k, k), np.intp)
    rows, columns = np.triu_indices(k)
    places[rows, columns] = places[columns, rows] = np.arange(len(rows))
    return upper[..., places]


class BoundOnRequest(DerivativesOnRequest[T], Bound[T]):
    """The public functions of a module that computes with NumPy, derivatives on request among them."""

    def __init__(self, facts: Facts, lines: Lines[T], laws: Sequence[Law]) -> None:
        super().__init__(facts, lines, laws)
        self._penalty_entries = lines.penalty_hessian
        hessian = lines.hessian or absent(facts, "Hessian")
        hvp = lines.hvp or absent(facts, "product of its Hessian with a vector")
        jvp = lines.jvp or absent(facts, "derivative along a vector")
        self._sums = {
            **self._sums,
            "hessian": lambda given: hessian(self._tape_of(given), given.cotangent, given.rowsum),
            "hvp": lambda given: hvp(*self._tape_and_direction(given), given.cotangent, given.rowsum),
            "jvp": lambda given: jvp(*self._tape_and_direction(given)),
        }

    def _tape_and_direction(self, given: Given) -> tuple[T, Any]:
        w, v = self._apart(given.w)
        return self._forward(w, given.X, given.y), v


class BoundOnRequestLoosely(DerivativesLoosely[T], BoundOnRequest[T], BoundLoosely[T]):
    """The same for a module without features or without a target."""


def bind_with_derivatives(facts: Facts, lines: Lines[T], laws: Sequence[Law]) -> BoundOnRequest[T]:
    """Make the public functions of a module with derivatives on request; else as bind."""
    return BoundOnRequest(facts, lines, laws)


def bind_loosely_with_derivatives(facts: Facts, lines: Lines[T], laws: Sequence[Law]) -> BoundOnRequestLoosely[T]:
    """Make those of a module without features or without a target; else as bind."""
    return BoundOnRequestLoosely(facts, lines, laws)
