"""First-order optimizers as values: `init(w) -> state`, `step(grad, state, w) -> (w, state)`; nothing is changed in place.

The mathematics of an optimizer is written once, in its rule: called with a square root it gives one elementwise function of
(w, g, slots, step, rate), made of operators alone, so the same lines run on arrays (with `numpy.sqrt`), on Python floats (with
`math.sqrt`) and through a compiler. To add an optimizer, write its rule and its function, and add its row to OPTIMIZERS.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.data.options import number
from symgraph.data.rows import Array
from symgraph.errors import OptionError, did_you_mean, unknown_name
from symgraph.use.training.keywords import OF_OPTIMIZERS, explains
from symgraph.use.training.schedules import Schedule

Rate = float | Schedule
Sqrt = Callable[[Any], Any]
# update(w, g, slots, step, rate) -> (w, slots): w, g and each slot are floats or arrays of one shape; step counts from 1.
Update = Callable[[Any, Any, tuple[Any, ...], int, float], tuple[Any, tuple[Any, ...]]]


def sgd_rule(sqrt: Sqrt) -> Update:
    """Return gradient descent, w - rate * g (Robbins and Monro 1951, "A stochastic approximation method")."""

    def update(w: Any, g: Any, slots: tuple[Any, ...], step: int, rate: float) -> tuple[Any, tuple[Any, ...]]:
        return w - rate * g, slots

    return update


def momentum_rule(sqrt: Sqrt, *, gamma: float) -> Update:
    """Return the heavy ball, v = gamma * v + rate * g, then w - v (Polyak 1964, "Some methods of speeding up the convergence of
    iteration methods"; Polyak writes v as the last difference of the weights).
    """

    def update(w: Any, g: Any, slots: tuple[Any, ...], step: int, rate: float) -> tuple[Any, tuple[Any, ...]]:
        (v,) = slots
        v = gamma * v + rate * g
        return w - v, (v,)

    return update


def nesterov_rule(sqrt: Sqrt, *, gamma: float) -> Update:
    """Return Nesterov's momentum, v = gamma * v + rate * g, then w - (gamma * v + rate * g).

    Nesterov 1983, "A method for solving a convex programming problem with convergence rate O(1/k^2)", with the weights at the
    point looked ahead to (Bengio, Boulanger-Lewandowski and Pascanu 2013, "Advances in optimizing recurrent networks", eq. 7).
    At a constant rate it is PyTorch's ``SGD(momentum=gamma, nesterov=True)``, whose v is ours divided by the rate.
    """

    def update(w: Any, g: Any, slots: tuple[Any, ...], step: int, rate: float) -> tuple[Any, tuple[Any, ...]]:
        (v,) = slots
        move = rate * g
        v = gamma * v + move
        return w - (gamma * v + move), (v,)

    return update


def rmsprop_rule(sqrt: Sqrt, *, alpha: float, epsilon: float) -> Update:
    """Return RMSProp, v = alpha * v + (1 - alpha) * g * g, then w - rate * g / (sqrt(v) + epsilon).

    Hinton 2012, "Neural networks for machine learning", lecture 6e; epsilon is added as in PyTorch's ``RMSprop``. It counts as
    `_LEAST_EPSILON` at least, as in `adam_rule`.
    """
    epsilon = max(epsilon, _LEAST_EPSILON)

    def update(w: Any, g: Any, slots: tuple[Any, ...], step: int, rate: float) -> tuple[Any, tuple[Any, ...]]:
        (v,) = slots
        v = alpha * v + (1.0 - alpha) * (g * g)
        return w - rate * g / (sqrt(v) + epsilon), (v,)

    return update


_LEAST_EPSILON = 2.0**-511
"""Square root of the smallest normal number: squares of gradients below it underflow."""


def adam_rule(sqrt: Sqrt, *, beta1: float, beta2: float, epsilon: float) -> Update:
    """Return Adam with bias correction (Kingma and Ba 2015, "Adam: a method for stochastic optimization", algorithm 1).

    epsilon counts as `_LEAST_EPSILON` at least, so that a weight whose gradient was always 0 stays where it is instead of
    becoming 0/0. Gradients beyond 1e154 have squares beyond the largest float64: v is then infinite.
    """
    epsilon = max(epsilon, _LEAST_EPSILON)

    def update(w: Any, g: Any, slots: tuple[Any, ...], step: int, rate: float) -> tuple[Any, tuple[Any, ...]]:
        m, v = slots
        m = beta1 * m + (1.0 - beta1) * g
        v = beta2 * v + (1.0 - beta2) * (g * g)
        m_hat = m / (1.0 - beta1**step)
        v_hat = v / (1.0 - beta2**step)
        return w - rate * m_hat / (sqrt(v_hat) + epsilon), (m, v)

    return update


def adamw_rule(sqrt: Sqrt, *, beta1: float, beta2: float, epsilon: float, weight_decay: float) -> Update:
    """Return Adam with decoupled weight decay: w - rate * weight_decay * w, then Adam's step, whose moments know nothing of it.

    Loshchilov and Hutter 2019, "Decoupled weight decay regularization", algorithm 2, with the decay multiplied by the rate, as
    in PyTorch's ``AdamW``.
    """
    adam_update = adam_rule(sqrt, beta1=beta1, beta2=beta2, epsilon=epsilon)

    def update(w: Any, g: Any, slots: tuple[Any, ...], step: int, rate: float) -> tuple[Any, tuple[Any, ...]]:
        result: tuple[Any, tuple[Any, ...]] = adam_update(w - rate * weight_decay * w, g, slots, step, rate)
        return result

    return update


def int64(value: int) -> NDArray[np.int64]:
    """Return a count in the form of an optimizer's state, int64 of shape ()."""
    return np.asarray(value, dtype=np.int64)


class Parameter(NamedTuple):
    """Parameter of a rule: its name, its value, at least 0, and the bound that the value must stay below."""

    name: str
    value: float
    below: float = math.inf


class OptimizerState(NamedTuple):
    """State of an optimizer between updates. It is arrays alone: store it with `numpy.savez`, and resume from it.

    Attributes:
        step: updates done, int64 of shape ().
        epoch: epochs done, int64 of shape (); a schedule's rate depends on it. `next_epoch` advances it.
        slots: the running quantities of the rule, each of the shape of w and float64; () where the rule has none. float64
            also in a float32 run: the square of a float32 gradient need not be within float32's range.
    """

    step: NDArray[np.int64]
    epoch: NDArray[np.int64]
    slots: tuple[Array, ...]


@dataclass(frozen=True, slots=True)
class Optimizer:
    """Optimizer with its options, made by `sgd`, `adam` and so on or by `tuned`; OPTIMIZERS has them by name.

    Attributes:
        name: for messages.
        definition: its rule; called as `definition(sqrt, **parameters)`.
        slots: the number of running quantities that the rule keeps for each weight; each starts at 0.
        rate: the learning rate, or a schedule of it.
        parameters: the other parameters of the rule.

    Raises:
        OptionError: the rate or a parameter is out of bounds.
    """

    name: str
    definition: Callable[..., Update]
    slots: int
    rate: Rate
    parameters: tuple[Parameter, ...] = ()

    def __post_init__(self) -> None:
        rate = self.rate if callable(self.rate) else number(f"{self.name}: rate", self.rate, above=0.0)
        object.__setattr__(self, "rate", rate)
        checked = tuple(
            p._replace(value=number(f"{self.name}: {p.name}", p.value, at_least=0.0, below=p.below)) for p in self.parameters
        )
        object.__setattr__(self, "parameters", checked)

    def tuned(self, rate: Rate | None = None, **parameters: float) -> "Optimizer":
        """Return this optimizer with another rate and other parameters.

        Args:
            rate: the learning rate or a schedule; None keeps the present one.
            parameters: values by name.

        Raises:
            OptionError: a parameter does not exist, or a value is out of bounds.
        """
        known = tuple(parameter.name for parameter in self.parameters)
        for name in parameters:
            if name not in known:
                takes = f"it takes {', '.join(('rate', *known))}{did_you_mean(name, ('rate', *known))}"
                raise OptionError(f"{self.name} has no parameter {name!r}; {takes}")
        changed = tuple(p._replace(value=parameters.get(p.name, p.value)) for p in self.parameters)
        return replace(self, rate=self.rate if rate is None else rate, parameters=changed)

    def rule(self, sqrt: Sqrt) -> Update:
        """Return the elementwise function update(w, g, slots, step, rate) -> (w, slots); step is counted from 1.

        Args:
            sqrt: the square root for the numbers it will be called with: `numpy.sqrt` or `math.sqrt`.
        """
        return self.definition(sqrt, **{parameter.name: parameter.value for parameter in self.parameters})

    def rate_at(self, epoch: int) -> float:
        """Return the learning rate of the next epoch after so many, 0 for the first.

        Raises:
            OptionError: the schedule returns no number.
        """
        if not callable(self.rate):
            return self.rate
        try:
            rate = self.rate(epoch)
        except OverflowError:  # a power of a factor above 1
            return math.inf
        try:
            return float(rate)
        except (TypeError, ValueError):
            raise OptionError(f"{self.name}: the schedule returns {rate!r} for epoch {epoch}, no number") from None

    def init(self, w: Array, *, epoch: int = 0) -> OptimizerState:
        """Return the state before the first update.

        Args:
            w: (k,) the weights the run starts from.
            epoch: the epoch it starts in; it matters to a schedule alone.
        """
        return OptimizerState(int64(0), int64(epoch), tuple(np.zeros(w.shape) for _ in range(self.slots)))

    def step(self, grad: Array, state: OptimizerState, w: Array) -> tuple[Array, OptimizerState]:
        """Do one update, in float64; the new weights are rounded once to the dtype of w.

        Args:
            grad: (k,) the gradient at w, of w's dtype.
            state: from `init` or from the step before.
            w: (k,) the weights.

        Returns:
            The new weights and the new state; the arguments are not changed.
        """
        step = int(state.step) + 1
        slope: Array = grad.astype(np.float64, copy=False)
        moved, slots = self.rule(np.sqrt)(w, slope, state.slots, step, self.rate_at(int(state.epoch)))
        return moved.astype(w.dtype, copy=False), OptimizerState(int64(step), state.epoch, slots)

    def next_epoch(self, state: OptimizerState) -> OptimizerState:
        """Return the state for the next epoch: the same, one epoch later."""
        return state._replace(epoch=int64(int(state.epoch) + 1))


@explains(OF_OPTIMIZERS)
def sgd(rate: Rate = 0.01) -> Optimizer:
    """Make plain (stochastic) gradient descent, the command line's "vanilla"; see `sgd_rule`.

    Args:
        rate: the learning rate, positive, or a schedule.

    Raises:
        OptionError: the rate is not a positive finite number.
    """
    return Optimizer("sgd", sgd_rule, 0, rate)


@explains(OF_OPTIMIZERS)
def momentum(rate: Rate = 0.01, gamma: float = 0.9) -> Optimizer:
    """Make gradient descent with momentum; see `momentum_rule`.

    Args:
        rate: the learning rate, positive, or a schedule.
        gamma: the share of the last step that is kept, in [0, 1).

    Raises:
        OptionError: one of them is out of bounds.
    """
    return Optimizer("momentum", momentum_rule, 1, rate, (Parameter("gamma", gamma, below=1.0),))


@explains(OF_OPTIMIZERS)
def nesterov(rate: Rate = 0.01, gamma: float = 0.9) -> Optimizer:
    """Make gradient descent with Nesterov's momentum; see `nesterov_rule`.

    Args:
        rate: the learning rate, positive, or a schedule.
        gamma: the share of the last step that is kept, in [0, 1).

    Raises:
        OptionError: one of them is out of bounds.
    """
    return Optimizer("nesterov", nesterov_rule, 1, rate, (Parameter("gamma", gamma, below=1.0),))


@explains(OF_OPTIMIZERS)
def rmsprop(rate: Rate = 0.01, alpha: float = 0.99, epsilon: float = 1e-8) -> Optimizer:
    """Make RMSProp; see `rmsprop_rule`.

    Args:
        rate: the learning rate, positive, or a schedule.
        alpha: decay of the mean of squared gradients, in [0, 1).
        epsilon: added to the square root, at least 0.

    Raises:
        OptionError: one of them is out of bounds.
    """
    parameters = Parameter("alpha", alpha, below=1.0), Parameter("epsilon", epsilon)
    return Optimizer("rmsprop", rmsprop_rule, 1, rate, parameters)


@explains(OF_OPTIMIZERS)
def adam(rate: Rate = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8) -> Optimizer:
    """Make Adam with bias correction; see `adam_rule`.

    Args:
        rate: the learning rate, positive, or a schedule.
        beta1: decay of the mean of gradients, in [0, 1).
        beta2: decay of the mean of squared gradients, in [0, 1).
        epsilon: added to the square root, at least 0.

    Raises:
        OptionError: one of them is out of bounds.
    """
    return Optimizer("adam", adam_rule, 2, rate, _moments(beta1, beta2, epsilon))


@explains(OF_OPTIMIZERS)
def adamw(
    rate: Rate = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8, weight_decay: float = 0.01
) -> Optimizer:
    """Make Adam with decoupled weight decay; see `adamw_rule`.

    Args:
        rate: the learning rate, positive, or a schedule.
        beta1: decay of the mean of gradients, in [0, 1).
        beta2: decay of the mean of squared gradients, in [0, 1).
        epsilon: added to the square root, at least 0.
        weight_decay: the share of a weight, times the rate, that each update takes away, at least 0.

    Raises:
        OptionError: one of them is out of bounds.
    """
    parameters = *_moments(beta1, beta2, epsilon), Parameter("weight_decay", weight_decay)
    return Optimizer("adamw", adamw_rule, 2, rate, parameters)


def _moments(beta1: float, beta2: float, epsilon: float) -> tuple[Parameter, ...]:
    return Parameter("beta1", beta1, below=1.0), Parameter("beta2", beta2, below=1.0), Parameter("epsilon", epsilon)


OPTIMIZERS: Mapping[str, Optimizer] = MappingProxyType(
    {"vanilla": sgd(), **{one.name: one for one in (sgd(), momentum(), nesterov(), rmsprop(), adam(), adamw())}}
)
"""The optimizers that the command line knows by name; `tuned` gives a row the user's rate and parameters."""


def as_optimizer(given: Any) -> Optimizer:
    """Return an optimizer, which may be given by its name in OPTIMIZERS.

    Raises:
        OptionError: it is none, or the name is unknown.
    """
    if isinstance(given, Optimizer):
        return given
    if isinstance(given, str):
        if given not in OPTIMIZERS:
            raise unknown_name("optimizer:", given, OPTIMIZERS)
        return OPTIMIZERS[given]
    name = getattr(given, "__name__", "")
    wanted = (
        f"call it, {name}()" if name in OPTIMIZERS else f"it is a value such as adam(0.001), or one of {', '.join(OPTIMIZERS)}"
    )
    raise OptionError(f"optimizer is {name or repr(given)}; {wanted}")
