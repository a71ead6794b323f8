"""Stops: functions that take the record of an epoch and tell if the run has reached its end.

Any function of that form is a stop; its attribute `reason` is that of the result, "stop" if it has none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from symgraph.data.options import count, number
from symgraph.use.training.history import EpochEnd, Reason, Stop
from symgraph.use.training.keywords import OF_STOPS, explains


@dataclass(frozen=True, slots=True)
class Converged:
    """Stop that ends a run when no weight changed by `tol` or more over an epoch; made by `converged`."""

    tol: float
    reason: ClassVar[Reason] = "tolerance"

    def __call__(self, end: EpochEnd) -> bool:
        return bool(np.all(np.abs(end.change) < self.tol))


@dataclass(frozen=True, slots=True)
class Patience:
    """Stop that ends a run whose loss has not fallen below its least for some epochs; made by `patience`."""

    epochs: int
    reason: ClassVar[Reason] = "patience"

    def __call__(self, end: EpochEnd) -> bool:
        return end.epoch - end.best_epoch >= self.epochs


@explains(OF_STOPS)
def converged(tol: float) -> Converged:
    """Make a stop that ends a run when the absolute change of every weight over one epoch is below `tol`.

    A low learning rate makes small changes anywhere, so the stop does not tell that the loss is least; `doubts` looks at that.

    Args:
        tol: the bound on the change, positive.

    Raises:
        OptionError: it is not a positive finite number.
    """
    return Converged(number("tol", tol, above=0.0))


@explains(OF_STOPS)
def patience(epochs: int) -> Patience:
    """Make a stop that ends a run after some epochs without a new least loss: early stopping.

    The loss is the validation loss if rows are held out, else the loss of the training rows.
    Prechelt 1998, "Early stopping - but when?".

    Args:
        epochs: the number of such epochs in a row.

    Raises:
        OptionError: it is no whole number of at least 1.
    """
    return Patience(count("patience", epochs))


STOPS: Mapping[str, Callable[..., Stop]] = MappingProxyType({"converged": converged, "patience": patience})
"""The stops there are, by name."""
