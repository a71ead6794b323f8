"""One step of each optimizer that students write: the usual definitions, all of which are right, and the usual mistakes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from symgraph.use.classroom.formula_values import Array, column, formula

_NAMES = ("W", "dW", "m", "v", "t", "lr", "gamma", "beta1", "beta2", "epsilon")


class Exercised(NamedTuple):
    """An optimizer as an exercise; its steps are assignments one after the other, as `stepped` takes them.

    Attributes:
        right: the definitions that are in use; a student may take any.
        wrong: the mistakes, by what is said of them, the most usual first.
    """

    right: tuple[str, ...]
    wrong: Mapping[str, str]


def stepped(step: str, given: Mapping[str, Any]) -> dict[str, Array]:
    """Return the values (k,) of all names after a step.

    Args:
        step: assignments like "v = gamma*v + lr*dW; W = W - v".
        given: W, dW and states (k,), and numbers.
    """
    values = dict(given)
    for name, text in (line.split(" = ") for line in step.split("; ")):
        values[name] = column(formula(text, _NAMES), values, len(given["W"]))
    return values


def _but(step: str, *changes: str) -> str:
    """Return a step with some of its parts replaced: each by the part behind it."""
    for part, other in zip(changes[::2], changes[1::2], strict=True):
        step = step.replace(part, other)
    return step


_VANILLA = "W = W - lr*dW"
_MOMENTUM = "v = gamma*v + lr*dW; W = W - v"
_RATE_LATER = "v = gamma*v + dW; W = W - lr*v"
_RMSPROP = "v = gamma*v + (1 - gamma)*dW**2; W = W - lr*dW/(sqrt(v) + epsilon)"
_MOMENTS = "m = beta1*m + (1 - beta1)*dW; v = beta2*v + (1 - beta2)*dW**2"
_MOVE = "W = W - lr*(m/(1 - beta1**t))/(sqrt(v/(1 - beta2**t)) + epsilon)"
_ADAM = f"{_MOMENTS}; {_MOVE}"
_INSIDE = ("sqrt(v/(1 - beta2**t)) + epsilon", "sqrt(v/(1 - beta2**t) + epsilon)")
_FIRST, _SECOND = ("/(1 - beta1**t)", ""), ("/(1 - beta2**t)", "")

_UP = "the step goes up the gradient instead of down"
_SQUARE = "the gradient is not squared in v"
_ROOT = "the square root of v is forgotten"

EXERCISED: Mapping[str, Exercised] = MappingProxyType(
    {
        "vanilla": Exercised(
            (_VANILLA,),
            {
                _UP: "W = W + lr*dW",
                "the learning rate is forgotten": "W = W - dW",
                "the learning rate comes twice": "W = W - lr**2*dW",
                "the learning rate is halved": "W = W - 0.5*lr*dW",
                "the old weights are forgotten": "W = -lr*dW",
                "it returns the weights as they were": "W = W",
                "the weights and the gradient have changed places": "W = dW - lr*W",
            },
        ),
        "momentum": Exercised(
            (_MOMENTUM, _RATE_LATER, _but(_RATE_LATER, "+ dW", "+ (1 - gamma)*dW"), "v = gamma*v - lr*dW; W = W + v"),
            {
                _UP: _but(_MOMENTUM, "- v", "+ v"),
                "the velocity is not used": _VANILLA,
                "gamma is forgotten": _but(_MOMENTUM, "gamma*v", "v"),
                "the learning rate is forgotten": _but(_MOMENTUM, "lr*dW", "dW"),
                "the learning rate comes twice": _but(_MOMENTUM, "- v", "- lr*v"),
                "1 - gamma stands where the learning rate belongs": _but(_MOMENTUM, "lr*dW", "(1 - gamma)*dW"),
                "the old velocity moves the weights": "W = W - v; v = gamma*v + lr*dW",
                "gamma and 1 - gamma have changed places": "v = (1 - gamma)*v + gamma*dW; W = W - lr*v",
                "the gradient is subtracted from the velocity, and that from the weights": _but(_MOMENTUM, "+ lr", "- lr"),
            },
        ),
        "rmsprop": Exercised(
            (_RMSPROP, _but(_RMSPROP, "sqrt(v) + epsilon", "sqrt(v + epsilon)")),
            {
                _UP: _but(_RMSPROP, "W - lr", "W + lr"),
                _SQUARE: _but(_RMSPROP, "dW**2", "dW"),
                _ROOT: _but(_RMSPROP, "sqrt(v)", "v"),
                "gamma and 1 - gamma have changed places": _but(_RMSPROP, "(1 - gamma)", "gamma", "gamma*v", "(1 - gamma)*v"),
                "v is the sum of all squares, as in Adagrad": _but(_RMSPROP, "(1 - gamma)*", "", "gamma*v", "v"),
                "1 - gamma is forgotten": _but(_RMSPROP, "(1 - gamma)*", ""),
            },
        ),
        "adam": Exercised(
            (_ADAM,),
            {
                "the bias correction of both moments is forgotten": _but(_ADAM, *_FIRST, *_SECOND),
                "the bias correction of v is forgotten": _but(_ADAM, *_SECOND),
                "the bias correction of m is forgotten": _but(_ADAM, *_FIRST),
                _UP: _but(_ADAM, "W - lr", "W + lr"),
                _SQUARE: _but(_ADAM, "dW**2", "dW"),
                _ROOT: _but(_ADAM, "sqrt", ""),
                "epsilon is inside the square root": _but(_ADAM, *_INSIDE),
                "beta1 and beta2 have changed places": _but(_ADAM, "beta1", "one", "beta2", "beta1", "one", "beta2"),
                "the bias correction does not depend on t": _but(_ADAM, "**t", ""),
                "the bias correction is always that of t = 2": _but(_ADAM, "**t", "**2"),
                "the bias correction takes both moments by beta1**2": _but(_ADAM, "beta1**t", "0.9**2", "beta2**t", "0.9**2"),
                "t counts from 1: t + 1 is one too many": _but(_ADAM, "**t", "**(t + 1)"),
                "the old moments move the weights": f"{_MOVE}; {_MOMENTS}",
            },
        ),
    }
)
"""The optimizers that are graded, by the names of their roles."""


def calls(k: int) -> list[dict[str, Any]]:
    """Draw the arguments of five steps, t = 1, 2, ..., for k weights; they are always the same."""
    draw = np.random.RandomState(0)
    fixed = {"lr": 0.1, "gamma": 0.8, "beta1": 0.9, "beta2": 0.95, "epsilon": 0.01}
    return [
        {
            **fixed,
            **{name: draw.standard_normal(k).tolist() for name in ("W", "dW", "m")},
            "v": (0.2 + draw.uniform(0.0, 1.0, k)).tolist(),
            "t": step,
        }
        for step in range(1, 6)
    ]
