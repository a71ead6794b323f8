"""Binding of modules in double-double arithmetic: the contract of other modules, over lines that compute with pairs."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from symgraph.runtime.binding import Binding
from symgraph.runtime.contract import check_reduction, checked_inputs, row_shape, thread_count, weights_of_rows
from symgraph.runtime.double_double import Pair, dd_div, dd_mul, dd_rowsum, pair_of, rounded_pair
from symgraph.runtime.facts import Array, Facts, Inputs, output_field
from symgraph.runtime.lines import WITHOUT_TARGET, T, check_target_of_loss, losses_of, seed_of
from symgraph.runtime.weights import Law

PairColumns = Callable[[T], Sequence[Pair]]


class AccurateLines(NamedTuple, Generic[T]):
    """The straight lines of a module in double-double arithmetic.

    Attributes:
        forward: computes the tape from w, X and y, its nodes rounded; what needs y is None without it.
        loss: gives the pair of each row's loss from the tape; None without a loss.
        backward: computes the cotangents of the weights from the tape, the pair of each row's cotangent, and a function that
            adds up rows.
        jacobian: computes the partials of the output by each weight from the tape.
        residual: computes the residual from the tape, in a tuple.
        residual_jacobian: computes the partials of the residual; those of the output if it is None.
    """

    forward: Callable[[Array, Any, Any], T]
    loss: Callable[[T], Pair] | None = None
    backward: Callable[[T, Pair, Callable[[Pair], Pair]], Sequence[Pair]] | None = None
    jacobian: PairColumns[T] | None = None
    residual: PairColumns[T] | None = None
    residual_jacobian: PairColumns[T] | None = None


class AccurateBound(Binding, Generic[T]):
    """The public functions of a module in double-double arithmetic; X or y is None where the model has none.

    Arguments and results are those of Bound. All rows are computed at once, in one thread.
    """

    def __init__(self, facts: Facts, lines: AccurateLines[T], laws: Sequence[Law]) -> None:
        super().__init__(facts, laws)
        self._lines = lines

    @np.errstate(all="ignore")
    def forward(self, w: "ArrayLike", X: Any = None, y: Any = None) -> T:
        """Compute every node, and the loss if y is given; see Bound.forward."""
        return self._lines.forward(*checked_inputs(self.facts, w, X, y))

    @np.errstate(all="ignore")
    def backward(self, tape: T, cotangent: "ArrayLike" = 1.0) -> "Array":
        """Pull a cotangent of the row losses back to the weights; see Bound.backward."""
        columns = self._pulled(tape, pair_of(seed_of(tape, cotangent)), dd_rowsum)
        return np.array([rounded_pair(column, tape.w.dtype) for column in columns])

    @np.errstate(all="ignore")
    def predict(self, w: "ArrayLike", X: Any = None, *, threads: int = 1) -> "Array":
        """Compute the output: one entry a row, or a scalar for one row."""
        thread_count(threads)
        inputs = checked_inputs(self.facts, w, X, None)
        output = getattr(self._lines.forward(*inputs), output_field(self.facts))
        return np.array(np.broadcast_to(output, row_shape(inputs)))[()]

    @np.errstate(all="ignore")
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
        thread_count(threads)
        tape, seed, total = self._weighted(w, X, y, sample_weight, reduction)
        columns = [dd_div(sums, total) for sums in self._pulled(tape, seed, dd_rowsum)]
        if not all(np.isfinite(column[0]) for column in columns):  # a sum may overflow where the mean does not
            columns = list(self._pulled(tape, dd_div(seed, total), dd_rowsum))
        gradient = np.array([rounded_pair(column, tape.w.dtype) for column in columns])
        return self._reduced(tape, seed, total), gradient

    @np.errstate(all="ignore")
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
        thread_count(threads)
        return self._reduced(*self._weighted(w, X, y, sample_weight, reduction))

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
        _, gradient = self.value_and_grad(w, X, y, sample_weight=sample_weight, reduction=reduction, threads=threads)
        return gradient

    @np.errstate(all="ignore")
    def per_sample_grad(self, w: "ArrayLike", X: Any = None, y: Any = None, *, threads: int = 1) -> "Array":
        """Compute each row's gradient: (n, k), or (k,) for one row."""
        thread_count(threads)
        inputs = checked_inputs(self.facts, w, X, y)
        tape = self._lines.forward(*inputs)
        return rounded_columns(self._pulled(tape, pair_of(seed_of(tape, 1.0)), lambda rows: rows), inputs)

    @np.errstate(all="ignore")
    def jacobian(self, w: "ArrayLike", X: Any = None, y: Any = None, *, threads: int = 1) -> "Array":
        """Compute d output / d w: (n, k), or (k,) for one row; see Bound.jacobian."""
        return self._columns_of(self._lines.jacobian, w, X, None if self.facts.features else y, threads)

    @np.errstate(all="ignore")
    def residual(self, w: "ArrayLike", X: Any = None, y: Any = None, *, threads: int = 1) -> "Array":
        """Compute the residual r: (n,), or a scalar for one row; METADATA says how the loss follows from it."""
        return self._columns_of(self._lines.residual, w, X, y, threads, needs_target=True)[..., 0][()]

    @np.errstate(all="ignore")
    def residual_jacobian(self, w: "ArrayLike", X: Any = None, y: Any = None, *, threads: int = 1) -> "Array":
        """Compute d residual / d w: (n, k), or (k,) for one row."""
        if self._lines.residual_jacobian is None:
            return self.jacobian(w, X, y, threads=threads)  # the target has no weights in it
        return self._columns_of(self._lines.residual_jacobian, w, X, y, threads, needs_target=True)

    def _pulled(self, tape: T, cotangent: Pair, rowsum: Callable[[Pair], Pair]) -> Sequence[Pair]:
        if self._lines.backward is None:
            raise ValueError(f"{self.facts.model} has no loss")
        return self._lines.backward(tape, cotangent, rowsum)

    def _columns_of(
        self, columns: PairColumns[T] | None, w: Any, X: Any, y: Any, threads: int, *, needs_target: bool = False
    ) -> "Array":
        thread_count(threads)
        inputs = checked_inputs(self.facts, w, X, y)
        if needs_target and inputs.y is None and self.facts.target is not None:
            raise ValueError(WITHOUT_TARGET)
        if columns is None:
            raise ValueError(f"{self.facts.model} has no output or no residual")
        return rounded_columns(columns(self._lines.forward(*inputs)), inputs)

    def _weighted(self, w: Any, X: Any, y: Any, sample_weight: Any, reduction: str) -> tuple[T, Pair, Pair]:
        """Compute the tape of the rows that count; give their weights, and what the sums are divided by."""
        check_reduction(reduction)
        inputs = checked_inputs(self.facts, w, X, y)
        check_target_of_loss(self.facts, self._lines.forward, inputs)
        counted, s, size = weights_of_rows(inputs, sample_weight, reduction)
        tape = self._lines.forward(*counted)
        weighted = sample_weight is not None and reduction == "mean"
        return tape, pair_of(seed_of(tape, s)), dd_rowsum(pair_of(s)) if weighted else pair_of(size)

    def _reduced(self, tape: T, seed: Pair, total: Pair) -> float:
        """Divide the sum of the rows by total; the sum may overflow where the mean does not."""
        losses_of(tape)
        assert self._lines.loss is not None  # a tape with losses comes from lines that have one
        terms = dd_mul(seed, self._lines.loss(tape))
        value = dd_div(dd_rowsum(terms), total)
        if not np.isfinite(value[0]):
            value = dd_rowsum(dd_div(terms, total))
        return float(rounded_pair(value, tape.w.dtype))


def rounded_columns(columns: Sequence[Pair], inputs: Inputs) -> "Array":
    """Give pairs, of each row or uniform, as the columns of an array of rounded numbers."""
    result = np.empty((*row_shape(inputs), len(columns)), inputs.w.dtype)
    for index, column in enumerate(columns):
        result[..., index] = rounded_pair(column, inputs.w.dtype)
    return result


def bind_accurate(facts: Facts, lines: AccurateLines[T], laws: Sequence[Law]) -> AccurateBound[T]:
    """Make the public functions of a module in double-double arithmetic, which keeps the result as _model."""
    return AccurateBound(facts, lines, laws)
