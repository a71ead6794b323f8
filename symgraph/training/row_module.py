"""A scalar module with the functions that training calls on a numpy module."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np

from symgraph.io.module import GeneratedModule, ScalarModule
from symgraph.training.arrays import Array

OUT_OF_DOMAIN = (ArithmeticError, ValueError)
"""Exceptions that `math` raises where NumPy gives inf or nan."""


class RowModule:
    """Losses and gradients by a scalar module's `row`.

    Where `row` raises or gives a value that is not finite, the numpy module computes the row if there is one: `math` raises at
    an overflow inside a model whose loss is finite all the same. Without it, such a row has the loss nan.

    Args:
        scalar: the module.
        arrays: the numpy module of the same model, or None.
    """

    def __init__(self, scalar: ScalarModule, arrays: GeneratedModule | None) -> None:
        self.scalar = scalar
        self.arrays = arrays

    def value_and_grad(self, w: Array, x: Any, y: Any) -> tuple[float, Array]:
        """Return the loss and the gradient of one row; x is (d,), () or None, y () or None."""
        loss, grad = self._row(w.tolist(), _floats(x), 0.0 if y is None else float(y))
        if self.arrays is None or (math.isfinite(loss) and np.isfinite(grad).all()):
            return loss, grad
        loss, grad = self.arrays.value_and_grad(w, x, y)
        return loss, grad

    def loss(self, w: Array, X: Any, y: Any) -> float:
        """Return the mean loss of rows; without a numpy module it is the exact mean of the losses, rounded once."""
        if self.arrays is not None:
            return self.arrays.loss(w, X, y)
        losses = self.forward(w, X, y).loss.tolist()
        try:
            return math.fsum(losses) / len(losses)
        except OUT_OF_DOMAIN:  # the sum overflows, or there are infinities of both signs
            return math.inf

    def forward(self, w: Array, X: Any, y: Any) -> Any:
        """Return a tape with nothing but the losses, (n,)."""
        return self.arrays.forward(w, X, y) if self.arrays is not None else SimpleNamespace(loss=self._rows(w, X, y)[0])

    def per_sample_grad(self, w: Array, X: Any, y: Any) -> Array:
        """Return the gradients of the rows, (n, k)."""
        return self.arrays.per_sample_grad(w, X, y) if self.arrays is not None else self._rows(w, X, y)[1]

    def _rows(self, w: Array, X: Any, y: Any) -> tuple[Array, Array]:
        weights, n = w.tolist(), 1 if X is None and y is None else len(y if X is None else X)
        xs = [[]] * n if X is None else [_floats(x) for x in X]
        results = [self._row(weights, x, target) for x, target in zip(xs, [0.0] * n if y is None else y.tolist(), strict=True)]
        return np.array([loss for loss, _ in results]), np.array([grad for _, grad in results])

    def _row(self, weights: list[float], x: list[float], y: float) -> tuple[float, Array]:
        grad = [math.nan] * len(weights)
        try:
            loss = self.scalar.row(weights, x, y, grad)
        except OUT_OF_DOMAIN:
            return math.nan, np.full(len(weights), math.nan)
        return loss, np.array(grad)


def _floats(x: Any) -> list[float]:
    return [] if x is None else np.atleast_1d(x).tolist()
