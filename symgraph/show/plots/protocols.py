"""Runs and records as plots read them, so that anything with these attributes is drawn as what ``train`` returns is."""

from typing import Any, Protocol, TypeGuard

from numpy import float64
from numpy.typing import NDArray


class TrainedBy(Protocol):
    """An optimizer: its name, and its rate in each epoch."""

    @property
    def name(self) -> str: ...

    def rate_at(self, epoch: int, /) -> float: ...


class Trained(Protocol):
    """A run as `TrainResult` describes it: (epochs,) losses after the epochs that it finished."""

    @property
    def optimizer(self) -> TrainedBy: ...

    @property
    def first_epoch(self) -> int: ...

    @property
    def epochs(self) -> int: ...

    @property
    def losses(self) -> NDArray[float64]: ...

    @property
    def validation_losses(self) -> NDArray[float64] | None: ...


class Recorded(Protocol):
    """A record as `Recorder` keeps it: (epochs + 1, k) weights, the first after `first_epoch` epochs."""

    first_epoch: int

    @property
    def weights(self) -> NDArray[Any]: ...


def is_trained(run: object) -> TypeGuard[Trained]:
    """Tell a run from losses."""
    return hasattr(run, "losses")


def is_recorded(history: object) -> TypeGuard[Recorded]:
    """Tell a record from weights."""
    return hasattr(history, "first_epoch")
