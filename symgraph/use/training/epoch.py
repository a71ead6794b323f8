"""Epochs of training: `run_epoch`, public so that other loops can be composed from it, and what follows every epoch."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.data.rows import Array, Batch, Rows
from symgraph.runtime.generated_module import GeneratedModule
from symgraph.use.training.clipping import Clip
from symgraph.use.training.history import Failure
from symgraph.use.training.limits import Limits
from symgraph.use.training.optimizers import Optimizer, OptimizerState
from symgraph.use.training.other_backends import Siblings


class Work(NamedTuple):
    """Description of a run that does not depend on its backend.

    Attributes:
        modules: the modules of the model.
        rows: all rows.
        optimizer: the optimizer of the updates.
        clip: changes each gradient, or None.
        batch_size: rows per update.
        by_rows: whether the given module is the scalar one, which can only go row by row.
        limits: where each update is projected to, or None.
    """

    modules: Siblings
    rows: Rows
    optimizer: Optimizer
    clip: Clip | None
    batch_size: int
    by_rows: bool
    limits: Limits | None


class Epoch(NamedTuple):
    """Outcome of `run_epoch`.

    Attributes:
        weights: (k,) after the epoch; after a failure, the finite weights before the update that failed.
        state: the optimizer's at `weights`, its epoch advanced unless the epoch failed.
        failure: the place where a value stopped being finite, or None.
    """

    weights: Array
    state: OptimizerState
    failure: Failure | None


class Ran(NamedTuple):
    """Outcome of some epochs.

    Attributes:
        end: the weights and the state after the last epoch without a value that is not finite, and the place of such a value,
            at which the next epoch failed.
        losses: the mean loss over all rows after each epoch.
        best: (k,) the weights after the first epoch of the least of these losses; those at the start if no epoch was finished.
    """

    end: Epoch
    losses: list[float]
    best: Array


def run_epoch(
    module: GeneratedModule,
    rows: Rows,
    w: Array,
    state: OptimizerState,
    *,
    optimizer: Optimizer,
    batches: Iterable[Batch],
    clip: Clip | None = None,
    limits: Limits | None = None,
) -> Epoch:
    """Do one update per batch with the mean gradient over its rows, and 1/n of a penalty's gradient with n rows in all.

    Nothing is changed in place. The epoch ends without an exception at the first loss, gradient, weight or optimizer state
    that is not finite.

    Args:
        module: a generated module with a loss.
        rows: from `as_rows`.
        w: (k,) the weights it starts from.
        state: the optimizer's, from `optimizer.init(w)` or the epoch before, with the number of epochs done; failures name the
            next one.
        optimizer: the optimizer of the updates.
        batches: the batches in order, from `batches`.
        clip: changes each gradient before it is used.
        limits: the bounds to which each update is projected, from `limits_of`.
    """
    epoch = int(state.epoch) + 1
    penalty = getattr(module, "penalty", None)
    with np.errstate(all="ignore"):  # every result is checked for overflow below
        for batch in batches:
            loss, grad = module.value_and_grad(w, *rows.take(batch))
            if penalty is not None:  # whose part in the mean of a batch is 1/its rows, and is to be 1/all rows
                value, slopes = penalty(w)
                excess = 1.0 / _size(batch, rows.n) - 1.0 / rows.n
                loss, grad = loss - excess * value, grad - excess * slopes
            if not math.isfinite(loss):
                return Epoch(w, state, Failure(epoch, bad_row(module, rows, w, batch), "loss"))
            if not _finite(grad):
                return Epoch(w, state, Failure(epoch, bad_row(module, rows, w, batch), "gradient"))
            moved, moved_state = optimizer.step(grad if clip is None else clip(grad), state, w)
            if limits is not None:
                moved = limits.of(moved)
            if not _finite(moved):
                return Epoch(w, state, Failure(epoch, batch if isinstance(batch, int) else None, "weights"))
            w, state = moved, moved_state
    return finished(w, optimizer.next_epoch(state), (w, state))


def finished(w: Array, state: OptimizerState, failing: tuple[Array, OptimizerState]) -> Epoch:
    """Return the outcome of an epoch whose losses, gradients and weights were all finite.

    Args:
        w: (k,) the weights after it.
        state: the optimizer's, for the next epoch.
        failing: the weights and the state to return if `state` is not finite. An overflowed slot need not show in the weights:
            Adam's squares at infinity hold every weight still for ever.
    """
    if all(_finite(slot) for slot in state.slots):
        return Epoch(w, state, None)
    return Epoch(*failing, Failure(int(state.epoch), None, "optimizer state"))


@dataclass(frozen=True, slots=True)
class ByEpoch:
    """Epochs one by one, each followed by the mean loss over all rows; see `engines.Epochs`.

    Attributes:
        module: has the mean loss, and tells which row is at fault.
        rows: all rows.
        run: the function that goes through the rows once, in the order given.
    """

    module: GeneratedModule
    rows: Rows
    run: Callable[[Array, OptimizerState, NDArray[np.int64] | None], Epoch]
    at_once = 1

    def epochs(self, w: Array, state: OptimizerState, count: int, orders: NDArray[np.int64] | None) -> Ran:
        """Run one epoch; see `engines.Epochs`."""
        end = self.run(w, state, None if orders is None else orders[0])
        if end.failure is not None:
            return Ran(Epoch(w, state, end.failure), [], w)
        loss = self.module.loss(end.weights, self.rows.X, self.rows.y)
        if math.isfinite(loss):
            return Ran(end, [loss], end.weights)
        row = bad_row(self.module, self.rows, end.weights, slice(None))
        return Ran(Epoch(w, state, Failure(int(state.epoch) + 1, row, "loss")), [], w)


def bad_row(module: GeneratedModule, rows: Rows, w: Array, batch: Batch) -> int | None:
    """Return the first row of a batch, in the order of X, whose loss or else whose gradient is not finite.

    Returns:
        Its index in X; None where each row is finite alone (their sum overflows) or the model has no rows.
    """
    if not rows.given:
        return None
    if isinstance(batch, int):
        return batch
    indices = np.sort(np.arange(rows.n)[batch])
    X, y = rows.take(indices)
    bad: Any = ~np.isfinite(_losses(module, w, X, y))
    if not np.any(bad):
        bad = ~np.isfinite(module.per_sample_grad(w, X, y)).all(axis=1)
    return int(indices[np.argmax(bad)]) if np.any(bad) else None


def _losses(module: GeneratedModule, w: Array, X: Any, y: Any) -> Any:
    """Return the loss of each row; compiled C has no function for that."""
    if hasattr(module, "forward"):
        return module.forward(w, X, y).loss
    count = len(y if X is None else X)
    return [module.loss(w, None if X is None else X[row], None if y is None else y[row]) for row in range(count)]


def _size(batch: Batch, rows: int) -> int:
    """Return the number of rows of a batch."""
    return 1 if isinstance(batch, int) else len(range(rows)[batch]) if isinstance(batch, slice) else len(batch)


def _finite(array: Array) -> bool:
    return bool(np.isfinite(array).all())
