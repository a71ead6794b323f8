"""The founding notebook's way to work: a row a call, NumPy scalars, a dict between the passes, a weight vector of nine.

Its functions and its loops of training, in textbook forms of the three rules; what the notebook itself does differently
(moments reset at each epoch, a constant in Adam's bias correction) costs nothing and is in ``symgraph.replay``.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np


def sigmoid(z: Any) -> Any:
    """The logistic function."""
    return 1 / (1 + np.exp(-z))


def forward_propagation(x: Any, y: Any, W: Any) -> dict[str, Any]:
    """Compute the nodes at one row; x (5,), W (9,)."""
    exp = np.exp((W[0] * x[0] + W[1] * x[1]) ** 2 + W[5])
    tanh = np.tanh(exp + W[6])
    sig = sigmoid(np.sin(x[2] * W[2]) * (x[3] * W[3] + x[4] * W[4]) + W[7])
    y_pred = tanh + sig * W[8]
    return {"exp": exp, "tanh": tanh, "sigmoid": sig, "loss": (y - y_pred) ** 2, "dl": -2 * (y - y_pred)}


def backward_propagation(x: Any, W: Any, nodes: Mapping[str, Any]) -> dict[str, Any]:
    """Compute the nine partials at one row from its nodes."""
    dw = {}
    through_sigmoid = nodes["dl"] * nodes["sigmoid"] * (1 - nodes["sigmoid"]) * W[8]
    dw["dw9"] = nodes["dl"] * nodes["sigmoid"]
    dw["dw8"] = through_sigmoid
    dw["dw7"] = nodes["dl"] * (1 - nodes["tanh"] ** 2)
    dw["dw6"] = dw["dw7"] * nodes["exp"]
    dw["dw5"] = through_sigmoid * np.sin(x[2] * W[2]) * x[4]
    dw["dw4"] = through_sigmoid * np.sin(x[2] * W[2]) * x[3]
    dw["dw3"] = through_sigmoid * np.cos(x[2] * W[2]) * (x[3] * W[3] + x[4] * W[4]) * x[2]
    dw["dw2"] = dw["dw6"] * 2 * (W[0] * x[0] + W[1] * x[1]) * x[1]
    dw["dw1"] = dw["dw6"] * 2 * (W[0] * x[0] + W[1] * x[1]) * x[0]
    return dw


def value_and_grad(w: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """The loss of one row, and its partials as (9,)."""
    nodes = forward_propagation(x, y, w)
    dw = backward_propagation(x, w, nodes)
    return nodes["loss"], np.array([dw[f"dw{j}"] for j in range(1, 10)])


def sgd(data: tuple[Any, Any], epochs: int, rate: float, w: Any) -> tuple[Any, Any]:
    """Gradient descent over rows in order; the weights and the mean loss of each epoch."""

    def step(w: Any, g: Any, number: int) -> Any:
        return w - rate * g

    return _loop(step, data, epochs, w)


def momentum(data: tuple[Any, Any], epochs: int, rate: float, w: Any) -> tuple[Any, Any]:
    """Heavy ball with gamma 0.9."""
    v = np.zeros(9)

    def step(w: Any, g: Any, number: int) -> Any:
        nonlocal v
        v = 0.9 * v + rate * g
        return w - v

    return _loop(step, data, epochs, w)


def adam(data: tuple[Any, Any], epochs: int, rate: float, w: Any) -> tuple[Any, Any]:
    """Adam with beta1 0.9, beta2 0.999, epsilon 1e-8."""
    m, v = np.zeros(9), np.zeros(9)

    def step(w: Any, g: Any, number: int) -> Any:
        nonlocal m, v
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        m_hat = m / (1 - 0.9**number)
        v_hat = v / (1 - 0.999**number)
        return w - rate * m_hat / (np.sqrt(v_hat) + 1e-8)

    return _loop(step, data, epochs, w)


def _loop(step: Callable[[Any, Any, int], Any], data: tuple[Any, Any], epochs: int, w: Any) -> tuple[Any, Any]:
    X, y = data
    losses, number = [], 0
    for _ in range(epochs):
        total = 0.0
        for x, target in zip(X, y, strict=True):
            number += 1
            loss, gradient = value_and_grad(w, x, target)
            total += loss
            w = step(w, gradient, number)
        losses.append(total / len(y))
    return w, np.array(losses)


LOOPS: Mapping[str, Callable[[tuple[Any, Any], int, float, Any], tuple[Any, Any]]] = MappingProxyType(
    {"sgd": sgd, "momentum": momentum, "adam": adam}
)
"""The loops by rule."""
