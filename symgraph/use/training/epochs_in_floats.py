"""Rows one by one on Python floats: the scalar module's `row`, and the optimizer's rule called for each weight."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.data.rows import Array
from symgraph.runtime.generated_module import GeneratedModule, ScalarModule
from symgraph.use.training.clipping import on_floats
from symgraph.use.training.epoch import Epoch, Work, finished
from symgraph.use.training.history import Failure, Quantity
from symgraph.use.training.optimizers import Optimizer, OptimizerState, int64

_OUT_OF_DOMAIN = (ArithmeticError, ValueError)
"""Exceptions that `math` raises where NumPy gives inf or nan."""

_PIECE = 16_384
"""Rows converted to Python floats at a time: half a megabyte of them for each column."""

Floats = Sequence[float]


@dataclass(frozen=True, slots=True)
class FloatRows:
    """Epochs of single rows on Python floats.

    Attributes:
        scalar: the module.
        judge: the numpy module of the same model, or else `ScalarRows`. Where `row` raises or gives a value that is not finite,
            it computes the row: `math` raises at an overflow inside a model whose loss is finite all the same.
        work: the run.
        by_arrays: whether the rule is called on arrays, since it is made for them alone.
    """

    scalar: ScalarModule
    judge: GeneratedModule
    work: Work
    by_arrays: bool

    def epoch(self, w: Array, state: OptimizerState, order: NDArray[np.int64] | None) -> Epoch:
        """Go through the rows once, in the order given, as `run_epoch` does."""
        row, isfinite, clip = self.scalar.row, math.isfinite, None if self.work.clip is None else on_floats(self.work.clip)
        gradient = [0.0] * len(w)
        step, epoch = int(state.step), int(state.epoch)
        ends = [] if self.work.limits is None else list(zip(*(part.tolist() for part in self.work.limits), strict=True))
        rate, rule = self.work.optimizer.rate_at(epoch), self.work.optimizer.rule(math.sqrt)
        weights: Any = w.tolist()
        slots: Any = list(zip(*(slot.tolist() for slot in state.slots), strict=True)) or [()] * len(w)
        for index, x, y in self._floats(order):
            try:
                loss = row(weights, x, y, gradient)
            except _OUT_OF_DOMAIN:
                loss = math.nan
            if not isfinite(sum(gradient, loss)) and not (isfinite(loss) and _finite(gradient)):
                loss, partials = self.judge.value_and_grad(np.array(weights), *self.work.rows.take(index))
                gradient = partials.tolist()
                if not (math.isfinite(loss) and _finite(gradient)):
                    what: Quantity = "gradient" if math.isfinite(loss) else "loss"
                    return Epoch(w, state, Failure(epoch + 1, index if self.work.rows.given else None, what))
            if clip is not None:
                clip(gradient)
            step += 1
            try:
                if self.by_arrays:
                    weights, slots = self._on_arrays(weights, gradient, slots, step, rate)
                else:
                    weights, slots = zip(*map(rule, weights, gradient, slots, repeat(step), repeat(rate)), strict=False)
            except _OUT_OF_DOMAIN:
                weights, slots = self._on_arrays(weights, gradient, slots, step, rate)
            if ends:
                weights = [low if w < low else min(w, high) for w, (low, high) in zip(weights, ends, strict=True)]
            if not isfinite(sum(weights)) and not _finite(weights):
                return Epoch(w, state, Failure(epoch + 1, index, "weights"))
        kept = tuple(map(np.array, zip(*slots, strict=True)))
        return finished(np.array(weights), OptimizerState(int64(step), int64(epoch + 1), kept), (w, state))

    def _on_arrays(self, weights: Floats, gradient: Floats, slots: Any, step: int, rate: float) -> Any:
        """Update by the rule on arrays; what it divides by 0 becomes inf or nan, which `epoch` finds."""
        with np.errstate(all="ignore"):
            old = tuple(map(np.array, zip(*slots, strict=True)))
            moved, kept = self.work.optimizer.rule(np.sqrt)(np.array(weights), np.array(gradient), old, step, rate)
        return moved.tolist(), list(zip(*(slot.tolist() for slot in kept), strict=True)) or slots

    def _floats(self, order: NDArray[np.int64] | None) -> Iterator[tuple[int, Floats, float]]:
        """Yield the place, the features and the target of each row, in the order given."""
        rows = self.work.rows
        for start in range(0, rows.n, _PIECE):
            stop = min(start + _PIECE, rows.n)
            places: Any = slice(start, stop) if order is None else order[start:stop]
            X, y = rows.take(places)
            xs: Any = repeat(()) if X is None else X.reshape(len(X), -1).tolist()
            targets: Any = repeat(0.0) if y is None else y.tolist()
            yield from zip(range(start, stop) if order is None else places.tolist(), xs, targets, strict=False)


def takes_arrays(optimizer: Optimizer) -> bool:
    """Tell if a rule can be called on arrays: one that branches on a number takes floats alone."""
    some = np.ones(2)
    try:
        with np.errstate(all="ignore"):
            optimizer.rule(np.sqrt)(some, some, (some,) * optimizer.slots, 1, 1.0)
    except Exception:  # whatever a user's rule raises, it does not take arrays
        return False
    return True


class ScalarRows:
    """Losses and gradients of rows by a scalar module alone, as the functions of a numpy module that training calls.

    A row at which `row` raises has the loss nan.
    """

    def __init__(self, scalar: ScalarModule) -> None:
        self.scalar = scalar

    def value_and_grad(self, w: Array, x: Any, y: Any) -> tuple[float, Array]:
        """Return the loss and the gradient of one row; x is (d,), () or None, y () or None."""
        features: Floats = () if x is None else np.atleast_1d(x).tolist()
        gradient = [math.nan] * len(w)
        try:
            loss = self.scalar.row(w.tolist(), features, 0.0 if y is None else np.asarray(y).tolist(), gradient)
        except _OUT_OF_DOMAIN:
            return math.nan, np.full(len(w), math.nan)
        return loss, np.array(gradient)

    def loss(self, w: Array, X: Any, y: Any) -> float:
        """Return the exact mean of the losses of rows, rounded once."""
        losses = self.forward(w, X, y).loss.tolist()
        try:
            return math.fsum(losses) / len(losses)
        except _OUT_OF_DOMAIN:  # the sum overflows, or there are infinities of both signs
            return math.inf

    def forward(self, w: Array, X: Any, y: Any) -> Any:
        """Return a tape with nothing but the losses, (n,)."""
        return SimpleNamespace(loss=np.array([loss for loss, _ in self._all(w, X, y)]))

    def per_sample_grad(self, w: Array, X: Any, y: Any) -> Array:
        """Return the gradients of the rows, (n, k)."""
        return np.array([gradient for _, gradient in self._all(w, X, y)])

    def _all(self, w: Array, X: Any, y: Any) -> Iterator[tuple[float, Array]]:
        count = 1 if X is None and y is None else len(y if X is None else X)
        for x, target in zip(repeat(None, count) if X is None else X, repeat(None, count) if y is None else y, strict=True):
            yield self.value_and_grad(w, x, target)


def _finite(values: Floats) -> bool:
    return all(map(math.isfinite, values))
