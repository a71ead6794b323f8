"""Learning-rate schedules: functions of the number of epochs done that return the rate of the next one.

A schedule counts epochs, not updates: "halve the rate every 10 epochs" then means the same at every batch size. Any callable of
that form is a schedule; the ones here are frozen dataclasses, so that two runs can be compared by their options.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from symgraph.data.options import count, number
from symgraph.use.training.keywords import OF_SCHEDULES, explains

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


@dataclass(frozen=True, slots=True)
class Exponential:
    """Schedule of a rate that falls by one factor every epoch; made by `exponential`."""

    rate: float
    factor: float

    def __call__(self, epoch: int) -> float:
        return self.rate * self.factor**epoch


@dataclass(frozen=True, slots=True)
class Cosine:
    """Schedule of a rate that falls along half a cosine; made by `cosine`."""

    rate: float
    epochs: int
    least: float

    def __call__(self, epoch: int) -> float:
        if epoch >= self.epochs:
            return self.least
        return self.least + (self.rate - self.least) * 0.5 * (1.0 + math.cos(math.pi * epoch / self.epochs))


@dataclass(frozen=True, slots=True)
class Warmup:
    """Schedule that rises to the first rate of another one, which follows; made by `warmup`."""

    following: Schedule
    epochs: int

    def __call__(self, epoch: int) -> float:
        if epoch >= self.epochs:
            return self.following(epoch - self.epochs)
        return self.following(0) * ((epoch + 1) / (self.epochs + 1))


@explains(OF_SCHEDULES)
def constant(rate: float) -> Constant:
    """Keep one rate in every epoch.

    Args:
        rate: the rate, positive.

    Raises:
        OptionError: the rate is not a positive finite number.
    """
    return Constant(number("rate", rate, above=0.0))


@explains(OF_SCHEDULES)
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


@explains(OF_SCHEDULES)
def exponential(rate: float, *, factor: float) -> Exponential:
    """Multiply the rate by a factor every epoch: rate * factor ** epoch.

    Args:
        rate: the rate of epoch 0, positive.
        factor: the factor, positive; 1 keeps the rate.

    Raises:
        OptionError: one of them is out of bounds.
    """
    return Exponential(number("rate", rate, above=0.0), number("factor", factor, above=0.0))


@explains(OF_SCHEDULES)
def cosine(rate: float, *, epochs: int, least: float = 0.0) -> Cosine:
    """Decrease the rate along half a cosine: least + (rate - least) * (1 + cos(pi * epoch / epochs)) / 2, and then keep it.

    Loshchilov and Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", equation 5, without restarts.

    Args:
        rate: the rate of epoch 0, positive.
        epochs: the number of epochs after which the rate is `least`.
        least: the rate at the end, at least 0 and below the first.

    Raises:
        OptionError: one of them is out of bounds.
    """
    first = number("rate", rate, above=0.0)
    return Cosine(first, count("epochs", epochs), number("least", least, at_least=0.0, below=first))


@explains(OF_SCHEDULES)
def warmup(rate: float | Schedule, *, epochs: int) -> Warmup:
    """Increase the rate linearly over some epochs: first * (epoch + 1) / (epochs + 1), then follow the schedule.

    Goyal et al. 2017, "Accurate, large minibatch SGD: training ImageNet in 1 hour", section 2.2; the steps are those of
    PyTorch's ``LinearLR(start_factor=1/(epochs + 1), total_iters=epochs)``.

    Args:
        rate: the final rate, or the schedule that follows, which counts its epochs from the end of the rise.
        epochs: the number of epochs of the rise.

    Raises:
        OptionError: one of them is out of bounds.
    """
    return Warmup(rate if callable(rate) else constant(rate), count("epochs", epochs))


SCHEDULES: Mapping[str, Callable[..., Schedule]] = MappingProxyType(
    {"constant": constant, "step": step_decay, "exponential": exponential, "cosine": cosine, "warmup": warmup}
)
"""The schedules there are, by name."""
