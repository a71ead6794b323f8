"""Results of a run: a record for each epoch, the place of a failure, and the result.

Epochs are counted from 0, and so are rows, in the order in which they were given: entry i of a loss history is the loss after
epoch i.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from symgraph.training.optimizers import OptimizerState
from symgraph.training.rows import Array

Reason = Literal["epochs", "converged", "callback", "non-finite", "interrupted"]
Backend = Literal["numpy", "native", "scalar", "c"]
Quantity = Literal["loss", "gradient", "weights", "optimizer state"]


@dataclass(frozen=True, slots=True)
class EpochEnd:
    """State of a run after an epoch, as stops and callbacks see it. Its arrays are read-only and may be kept.

    Attributes:
        epoch: the epoch, counted from 0; a resumed run goes on counting.
        loss: the mean loss over all rows at `weights`.
        weights: (k,) after the epoch.
        previous: (k,) before the epoch.
        state: the optimizer's, after the epoch: with `weights`, all that resuming needs.
    """

    epoch: int
    loss: float
    weights: Array
    previous: Array
    state: OptimizerState

    @property
    def change(self) -> Array:
        """Return the change of each weight in the epoch, (k,), with its sign."""
        return self.weights - self.previous


@dataclass(frozen=True, slots=True)
class Failure:
    """Place where a run met a value that is not finite.

    Attributes:
        epoch: the epoch, counted from 0.
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


@dataclass(frozen=True, slots=True)
class TrainResult:
    """Outcome of `train`. `weights`, `losses` and `state` belong together: all are those after the last finished epoch.

    Attributes:
        weights: (k,) read-only.
        losses: (epochs,) float64, the mean loss over all rows after each epoch of this run.
        epochs: the number of epochs that this run finished.
        reason: the reason why it ended: "epochs" (all done), "converged" (the stop was met), "callback" (a callback said so),
            "non-finite" (see `failure`), "interrupted" (Ctrl-C).
        failure: the place where a value stopped being finite, or None.
        state: the optimizer's; `train(..., w0=result.weights, state=result.state, seed=result.seed)` continues from here.
        first_epoch: the epoch of losses[0]: 0, or more in a resumed run.
        seed: the seed used, also where none was given.
        backend: the backend of the updates: "numpy" (arrays), "native" (arrays, by a native module), "scalar" (Python
            floats) or "c".
        fallback: the reason why that was not what was asked for, or was slower than it could be; else None.
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

    @property
    def message(self) -> str:
        """Say in one line why the run ended, and which weights these are."""
        last = self.first_epoch + self.epochs - 1
        kept = f"the weights are those after epoch {last}" if self.epochs else "the weights are those it started from"
        if self.failure is not None:
            return f"stopped: {self.failure}; {kept}; check the data there, lower the learning rate or clip the gradient"
        cause = {
            "epochs": "all epochs are done",
            "converged": "the stop was met",
            "callback": "a callback asked to stop",
            "interrupted": "interrupted",
        }[self.reason]
        return f"{cause}; {kept}"
