"""One step of each optimizer that students write: the usual definitions, all of which are right, and the usual mistakes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from symgraph.classroom.formula_values import Array

Given = Mapping[str, Any]
Result = tuple[Array, ...]
Step = Callable[[Given], Result]
"""Returns the new weights and the new states."""


@dataclass(frozen=True, slots=True)
class Exercised:
    """An optimizer as an exercise.

    Attributes:
        states: the names of what it keeps beside the weights.
        right: the definitions that are in use; a student may take any.
        wrong: the mistakes, by what is said of them, the most usual first.
    """

    states: tuple[str, ...]
    right: tuple[Step, ...]
    wrong: Mapping[str, Step]


def _vanilla(sign: float = -1.0) -> Step:
    return lambda s: (s["W"] + sign * s["lr"] * s["dW"],)


def _momentum(
    keep: Callable[[Given], float] = lambda s: s["gamma"],
    gain: Callable[[Given], float] = lambda s: s["lr"],
    rate: Callable[[Given], float] = lambda s: 1.0,
    sign: float = -1.0,
) -> Step:
    def step(s: Given) -> Result:
        v = keep(s) * s["v"] + gain(s) * s["dW"]
        return s["W"] + sign * rate(s) * v, v

    return step


def _rmsprop(
    power: int = 2,
    root: Callable[[Any, float], Any] = lambda v, e: np.sqrt(v) + e,
    sign: float = -1.0,
    shares: Callable[[float], tuple[float, float]] = lambda g: (g, 1.0 - g),
) -> Step:
    def step(s: Given) -> Result:
        keep, gain = shares(s["gamma"])
        v = keep * s["v"] + gain * s["dW"] ** power
        return s["W"] + sign * s["lr"] * s["dW"] / root(v, s["epsilon"]), v

    return step


def _adam(
    first: Callable[[float, float], float] = lambda beta, t: 1.0 - beta**t,
    second: Callable[[float, float], float] = lambda beta, t: 1.0 - beta**t,
    power: int = 2,
    root: Callable[[Any, float], Any] = lambda v, e: np.sqrt(v) + e,
    sign: float = -1.0,
    betas: tuple[str, str] = ("beta1", "beta2"),
    old: bool = False,
) -> Step:
    def step(s: Given) -> Result:
        one, two = (s[name] for name in betas)
        m = one * s["m"] + (1.0 - one) * s["dW"]
        v = two * s["v"] + (1.0 - two) * s["dW"] ** power
        top, below = (s["m"], s["v"]) if old else (m, v)
        with np.errstate(all="ignore"):
            move = top / first(one, s["t"]) / root(below / second(two, s["t"]), s["epsilon"])
        return s["W"] + sign * s["lr"] * move, m, v

    return step


def _none(beta: float, t: float) -> float:
    return 1.0


def _inside(v: Any, e: float) -> Any:
    return np.sqrt(v + e)


def _unrooted(v: Any, e: float) -> Any:
    return v + e


_UP = "the step goes up the gradient instead of down: the sign is wrong"
_SQUARE = "the gradient is not squared in v"
_ROOT = "the square root of v is forgotten"

EXERCISED: Mapping[str, Exercised] = MappingProxyType(
    {
        "vanilla": Exercised(
            (),
            (_vanilla(),),
            {
                _UP: _vanilla(1.0),
                "the learning rate is forgotten": lambda s: (s["W"] - s["dW"],),
                "the learning rate comes twice": lambda s: (s["W"] - s["lr"] ** 2 * s["dW"],),
                "the learning rate is halved": lambda s: (s["W"] - 0.5 * s["lr"] * s["dW"],),
                "the old weights are forgotten": lambda s: (-s["lr"] * s["dW"],),
                "it returns the weights as they were": lambda s: (s["W"],),
                "the weights and the gradient have changed places": lambda s: (s["dW"] - s["lr"] * s["W"],),
            },
        ),
        "momentum": Exercised(
            ("v",),
            (
                _momentum(),
                _momentum(gain=lambda s: 1.0, rate=lambda s: s["lr"]),
                _momentum(gain=lambda s: 1.0 - s["gamma"], rate=lambda s: s["lr"]),
                _momentum(gain=lambda s: -s["lr"], sign=1.0),
            ),
            {
                _UP: _momentum(sign=1.0),
                "the velocity is not used": lambda s: (s["W"] - s["lr"] * s["dW"], s["v"]),
                "gamma is forgotten": _momentum(keep=lambda s: 1.0),
                "the learning rate is forgotten": _momentum(gain=lambda s: 1.0),
                "the learning rate comes twice": _momentum(rate=lambda s: s["lr"]),
                "1 - gamma stands where the learning rate belongs": _momentum(gain=lambda s: 1.0 - s["gamma"]),
                "the old velocity moves the weights": lambda s: (s["W"] - s["v"], s["gamma"] * s["v"] + s["lr"] * s["dW"]),
                "gamma and 1 - gamma have changed places": _momentum(
                    lambda s: 1.0 - s["gamma"], lambda s: s["gamma"], lambda s: s["lr"]
                ),
                "the gradient is subtracted from the velocity, and that from the weights": _momentum(gain=lambda s: -s["lr"]),
            },
        ),
        "rmsprop": Exercised(
            ("v",),
            (_rmsprop(), _rmsprop(root=_inside)),
            {
                _UP: _rmsprop(sign=1.0),
                _SQUARE: _rmsprop(power=1),
                _ROOT: _rmsprop(root=_unrooted),
                "gamma and 1 - gamma have changed places": _rmsprop(shares=lambda g: (1.0 - g, g)),
                "v is the sum of all squares, as in Adagrad": _rmsprop(shares=lambda g: (1.0, 1.0)),
                "1 - gamma is forgotten": _rmsprop(shares=lambda g: (g, 1.0)),
            },
        ),
        "adam": Exercised(
            ("m", "v"),
            (_adam(),),
            {
                "the bias correction of both moments is forgotten": _adam(_none, _none),
                "the bias correction of v is forgotten": _adam(second=_none),
                "the bias correction of m is forgotten": _adam(first=_none),
                _UP: _adam(sign=1.0),
                _SQUARE: _adam(power=1),
                _ROOT: _adam(root=_unrooted),
                "epsilon is inside the square root": _adam(root=_inside),
                "beta1 and beta2 have changed places": _adam(betas=("beta2", "beta1")),
                "the bias correction does not depend on t": _adam(lambda b, t: 1.0 - b, lambda b, t: 1.0 - b),
                "the bias correction is always that of t = 2": _adam(lambda b, t: 1.0 - b**2, lambda b, t: 1.0 - b**2),
                "the bias correction takes both moments by beta1**2": _adam(
                    lambda b, t: 1.0 - 0.9**2, lambda b, t: 1.0 - 0.9**2
                ),
                "t counts from 1: t + 1 is one too many": _adam(lambda b, t: 1 - b ** (t + 1), lambda b, t: 1 - b ** (t + 1)),
                "the old moments move the weights": _adam(old=True),
            },
        ),
    }
)
"""The optimizers that are graded, by the names of their roles."""


def calls(k: int, seed: int = 0, count: int = 5) -> list[dict[str, Any]]:
    """Draw the arguments of some steps.

    Args:
        k: the number of weights.
        seed: of what is drawn.
        count: steps; t is 1, 2, ...
    """
    draw = np.random.RandomState(seed)
    fixed = {"lr": 0.1, "gamma": 0.8, "beta1": 0.9, "beta2": 0.95, "epsilon": 0.01}
    return [
        {
            **fixed,
            **{name: draw.standard_normal(k).tolist() for name in ("W", "dW", "m")},
            "v": (0.2 + draw.uniform(0.0, 1.0, k)).tolist(),
            "t": step,
        }
        for step in range(1, count + 1)
    ]
