"""Binding of modules without features or without a target, of whose functions X or y may be left out."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike

from symgraph.runtime.binding import Bound
from symgraph.runtime.facts import Array, Facts
from symgraph.runtime.lines import Lines, T
from symgraph.runtime.weights import Law


class BoundLoosely(Bound[T]):
    """The public functions of a module without features or without a target, whose X or y is None."""

    def forward(self, w: "ArrayLike", X: Any = None, y: Any = None) -> T:
        """Compute every node, and the loss; see Bound.forward."""
        return super().forward(w, X, y)

    def predict(self, w: "ArrayLike", X: Any = None, *, threads: int = 1) -> "Array":
        """Compute the output: one entry a row, or a scalar for one row."""
        return super().predict(w, X, threads=threads)

    def value_and_grad(
        self,
        w: "ArrayLike",
        X: Any = None,
        y: Any = None,
        *,
        sample_weight: "ArrayLike | None" = None,
        reduction: str = "mean",
        threads: int = 1,
    ) -> "tuple[float, Array]":
        """Compute the reduced loss and its gradient; see Bound.value_and_grad."""
        return super().value_and_grad(w, X, y, sample_weight=sample_weight, reduction=reduction, threads=threads)

    def loss(
        self,
        w: "ArrayLike",
        X: Any = None,
        y: Any = None,
        *,
        sample_weight: "ArrayLike | None" = None,
        reduction: str = "mean",
        threads: int = 1,
    ) -> float:
        """Compute the reduced loss; arguments as for value_and_grad."""
        return super().loss(w, X, y, sample_weight=sample_weight, reduction=reduction, threads=threads)

    def grad(
        self,
        w: "ArrayLike",
        X: Any = None,
        y: Any = None,
        *,
        sample_weight: "ArrayLike | None" = None,
        reduction: str = "mean",
        threads: int = 1,
    ) -> "Array":
        """Compute the gradient of the reduced loss; arguments as for value_and_grad."""
        return super().grad(w, X, y, sample_weight=sample_weight, reduction=reduction, threads=threads)

    def per_sample_grad(self, w: "ArrayLike", X: Any = None, y: Any = None, *, threads: int = 1) -> "Array":
        """Compute each row's gradient: (n, k), or (k,) for one row."""
        return super().per_sample_grad(w, X, y, threads=threads)

    def jacobian(self, w: "ArrayLike", X: Any = None, y: Any = None, *, threads: int = 1) -> "Array":
        """Compute d output / d w: (n, k), or (k,) for one row; without features y says how many rows there are."""
        return super().jacobian(w, X, y, threads=threads)

    def residual(self, w: "ArrayLike", X: Any = None, y: Any = None, *, threads: int = 1) -> "Array":
        """Compute the residual r: (n,), or a scalar for one row."""
        return super().residual(w, X, y, threads=threads)

    def residual_jacobian(self, w: "ArrayLike", X: Any = None, y: Any = None, *, threads: int = 1) -> "Array":
        """Compute d residual / d w: (n, k), or (k,) for one row."""
        return super().residual_jacobian(w, X, y, threads=threads)


def bind_loosely(facts: Facts, lines: Lines[T], laws: Sequence[Law]) -> BoundLoosely[T]:
    """Make the public functions of a module without features or without a target; else as bind."""
    return BoundLoosely(facts, lines, laws)
