"""Learning-rate schedules: functions that take an epoch, counted from 0, and return the rate of its updates.

A schedule counts epochs, not updates: "halve the rate every 10 epochs" then means the same at every batch size. Any callable of
that form is a schedule; the ones here are frozen dataclasses, so that two runs can be compared by their options.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from symgraph.training.options import count, number

Schedule = Callable[[int], float]


@dataclass(frozen=True, slots=True)
class Constant:
    """Schedule with the same rate in every epoch; made by `constant`."""

    rate: float

    def __call__(self, epoch: int) -> float:
        return self.rate


@dataclass(frozen=True, slots=True)
class StepDecay:
    """Schedule of a rate that falls by one factor every few epochs; made by `step_decay`."""

    rate: float
    every: int
    factor: float

    def __call__(self, epoch: int) -> float:
        return self.rate * self.factor ** (epoch // self.every)


def constant(rate: float) -> Constant:
    """Keep one rate in every epoch.

    Args:
        rate: the rate, positive.

    Raises:
        OptionError: the rate is not a positive finite number.
    """
    return Constant(number("rate", rate, above=0.0))


def step_decay(rate: float, *, every: int, factor: float = 0.5) -> StepDecay:
    """Multiply the rate by a factor every few epochs: rate * factor ** (epoch // every).

    Args:
        rate: the rate of epochs 0 to every - 1, positive.
        every: the number of epochs that one rate lasts.
        factor: the factor that multiplies the rate, positive; 1 keeps it.

    Raises:
        OptionError: one of them is out of bounds.
    """
    return StepDecay(number("rate", rate, above=0.0), count("every", every), number("factor", factor, above=0.0))


SCHEDULES: Mapping[str, Callable[..., Schedule]] = MappingProxyType({"constant": constant, "step_decay": step_decay})
"""The schedules there are, by name."""
