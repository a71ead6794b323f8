"""Stops: functions that take the record of an epoch and tell if the run has reached its end.

Any function of that form is a stop.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from symgraph.training.history import EpochEnd, Stop
from symgraph.training.options import number


@dataclass(frozen=True, slots=True)
class Converged:
    """Stop that ends a run when no weight changed by `tol` or more over an epoch; made by `converged`."""

    tol: float

    def __call__(self, end: EpochEnd) -> bool:
        return bool(np.all(np.abs(end.change) < self.tol))


def converged(tol: float) -> Converged:
    """Make a stop that ends a run when the absolute change of every weight over one epoch is below `tol`.

    Args:
        tol: the bound on the change, positive.

    Raises:
        OptionError: it is not a positive finite number.
    """
    return Converged(number("tol", tol, above=0.0))


STOPS: Mapping[str, Callable[..., Stop]] = MappingProxyType({"converged": converged})
"""The stops there are, by name."""
