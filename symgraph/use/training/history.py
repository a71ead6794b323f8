"""Results of a run: a record for each epoch, the place of a failure, and the result.

The number of an epoch is the number of epochs done when it ends: the first is epoch 1, and epoch 0 stands for the weights that
a run starts from. Entry i of a loss history is the loss after epoch i + 1. Rows are counted from 0, in the order in which they
were given.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.data.rows import Array
from symgraph.html import State, card, curve, notes, table
from symgraph.use.training.optimizers import Optimizer, OptimizerState

Reason = Literal["epochs", "tolerance", "patience", "stop", "callback", "non-finite", "interrupted"]
Backend = Literal["numpy", "native", "scalar", "c"]
Quantity = Literal["loss", "gradient", "weights", "optimizer state"]


@dataclass(frozen=True, slots=True)
class EpochEnd:
    """State of a run after an epoch, as stops and callbacks see it. Its arrays are read-only and may be kept.

    Attributes:
        epoch: the number of epochs done, 1 after the first; a resumed run goes on counting.
        loss: the mean loss over all rows at `weights`.
        weights: (k,) after the epoch.
        previous: (k,) before the epoch.
        state: the optimizer's, after the epoch: with `weights`, all that resuming needs.
        validation_loss: the mean loss over the rows held out for validation at `weights`; None if there are none.
        best_epoch: the first epoch of the least loss so far, of the rows held out where there are some; that of the start, 0 in
            a fresh run, if no such loss was finite.
    """

    epoch: int
    loss: float
    weights: Array
    previous: Array
    state: OptimizerState
    validation_loss: float | None
    best_epoch: int

    @property
    def change(self) -> Array:
        """Return the change of each weight in the epoch, (k,), with its sign."""
        return self.weights - self.previous


@dataclass(frozen=True, slots=True)
class Failure:
    """Place where a run met a value that is not finite.

    Attributes:
        epoch: the epoch, the first is 1.
        row: the first row at fault in the order of X, counted from 0; None if no single row is at fault.
        what: the quantity that is not finite.
    """

    epoch: int
    row: int | None
    what: Quantity

    def __str__(self) -> str:
        place = "" if self.row is None else f"row {self.row} of "
        return f"in {place}epoch {self.epoch} the {self.what} stopped being finite"


Stop = Callable[[EpochEnd], bool]
Callback = Callable[[EpochEnd], object]


class Reached(NamedTuple):
    """State of a run after an epoch: with the losses, all that going on needs.

    Attributes:
        weights: (k,) after the epoch.
        state: the optimizer's.
        best_weights: (k,) those after the epoch of the least loss.
        best_epoch: the first epoch of the least loss; see `EpochEnd`.
        best_loss: that loss; infinite before the first.
    """

    weights: Array
    state: OptimizerState
    best_weights: Array
    best_epoch: int
    best_loss: float


@dataclass(frozen=True, slots=True, repr=False)
class TrainResult:
    """Outcome of `train`. `weights`, `losses` and `state` belong together: all are those after the last finished epoch.

    Attributes:
        weights: (k,) read-only.
        losses: (epochs,) float64, the mean loss over the rows trained on after each epoch of this run.
        epochs: the number of epochs that this run finished.
        reason: the reason why it ended: "epochs" (all done), "tolerance" (every weight changed by less than so much),
            "patience" (the loss has not fallen for so many epochs), "stop" (another stop was met), "callback" (a callback said
            so), "non-finite" (see `failure`), "interrupted" (Ctrl-C).
        failure: the place where a value stopped being finite, or None.
        state: the optimizer's; `train(..., w0=result.weights, state=result.state, seed=result.seed)` continues from here.
        first_epoch: the number of epochs done before this run: 0, or more where it goes on from a state; losses[i] is the loss
            after epoch first_epoch + i + 1.
        seed: the seed used, also where none was given.
        backend: the backend of the updates: "numpy" (arrays), "native" (arrays, by a native module), "scalar" (Python
            floats) or "c".
        fallback: the reason why that was not what was asked for, or was slower than it could be; else None.
        validation_losses: (epochs,) float64, the mean loss over the rows held out after each epoch, or None.
        held_out: (m,) places in X and y of the rows that were held out; None where the rows trained on are all of them.
        best_weights: (k,) read-only, the weights after `best_epoch`.
        best_epoch: the first epoch of the least validation loss, where there is one, else of the least loss;
            `first_epoch` where no epoch was finished, and the best weights are those it started from.
        shuffle: whether rows were visited in a new order each epoch; not where an update takes all rows.
        batch_size: rows an update.
        optimizer: the optimizer with its rate.
    """

    weights: Array
    losses: NDArray[np.float64]
    epochs: int
    reason: Reason
    failure: Failure | None
    state: OptimizerState
    first_epoch: int
    seed: int
    backend: Backend
    fallback: str | None
    validation_losses: NDArray[np.float64] | None
    held_out: NDArray[np.int64] | None
    best_weights: Array
    best_epoch: int
    shuffle: bool
    batch_size: int
    optimizer: Optimizer

    @property
    def message(self) -> str:
        """Say in one line why the run ended, and which weights these are."""
        last = self.first_epoch + self.epochs
        kept = f"the weights are those after epoch {last}" if self.epochs else "the weights are those it started from"
        if self.failure is not None:
            return f"stopped: {self.failure}; {kept}; check the data there, lower the learning rate or clip the gradient"
        what = "loss" if self.validation_losses is None else "validation loss"
        cause = {
            "epochs": "all epochs are done",
            "tolerance": "no weight changed by the tolerance or more in the last epoch",
            "stop": "the stop was met",
            "patience": f"the {what} has not fallen since epoch {self.best_epoch}",
            "callback": "a callback asked to stop",
            "interrupted": "interrupted",
        }[self.reason]
        return f"{cause}; {kept}"

    @property
    def best(self) -> tuple[float, float | None]:
        """Return the loss after `best_epoch` and the validation loss there; nan and None if no epoch was finished."""
        place = self.best_epoch - self.first_epoch - 1
        if place < 0:
            return math.nan, None
        held = self.validation_losses
        return float(self.losses[place]), None if held is None else float(held[place])

    def __repr__(self) -> str:
        loss = f"{self.losses[-1]:.6g}" if self.epochs else None
        return (
            f"TrainResult(epochs={self.epochs}, reason={self.reason!r}, loss={loss}, best_epoch={self.best_epoch}, "
            f"backend={self.backend!r}, seed={self.seed})"
        )

    def _repr_html_(self) -> str:
        state: State = "bad" if self.reason == "non-finite" else "open"
        held, last = self.validation_losses, self.epochs - 1
        columns = {"loss": self.losses} | ({} if held is None else {"validation loss": held})
        place = self.best_epoch - self.first_epoch - 1
        rows = [
            (when, str(epoch + self.first_epoch + 1), *(f"{values[epoch]:.6g}" for values in columns.values()))
            for when, epoch in (("first", 0), ("best", place), ("last", last))
            if self.epochs and epoch >= 0
        ]
        *_, updates = self.summary().splitlines()
        name = f"training by {self.optimizer.name}, rate {self.optimizer.rate_at(self.first_epoch):g}"
        parts = curve(self.losses.tolist(), "loss"), table(("", "epoch", *columns), rows), notes([updates])
        return card(name, self.message, state, *parts)

    def summary(self) -> str:
        """Return a few lines of text: how the run ended, and its losses."""
        lines = [self.message]
        for name, values in (("loss", self.losses), ("validation loss", self.validation_losses)):
            if values is not None and self.epochs:
                lines.append(f"{name}: {values[0]:.6g} after the first epoch, {values[-1]:.6g} after the last")
        if self.epochs:
            loss, held = self.best
            lines.append(
                f"best: epoch {self.best_epoch}, loss {loss:.6g}{'' if held is None else f', validation loss {held:.6g}'}"
            )
        rows = f"{self.batch_size} row{'s' * (self.batch_size > 1)}"
        order = "in a new order each epoch" if self.shuffle else "in the order of the file"
        lines.append(f"updates: {self.state.step}, of {rows} {order}, seed {self.seed}, backend {self.backend}")
        return "\n".join(lines)
