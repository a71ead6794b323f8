"""A module of ABI 2 written by hand: the founding model, five features, nine weights, squared loss."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from symgraph.runtime import Array, Facts, Lines, Normal, RowSum, bind, select

__all__ = [
    "ABI", "FEATURES", "METADATA", "MODEL", "NODES", "OUTPUTS", "TARGET", "WEIGHTS", "Tape",
    "backward", "forward", "grad", "initial_weights", "jacobian", "loss", "pack", "per_sample_grad",
    "predict", "residual", "residual_jacobian", "unpack", "value_and_grad",
]  # fmt: skip

ABI = 2
MODEL = "nine_weights"
FEATURES = ("f1", "f2", "f3", "f4", "f5")
TARGET = "y"
WEIGHTS = ("w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "w9")
NODES = ("t", "exp", "tanh", "sigmoid", "y_hat")
OUTPUTS = ("y_hat",)
METADATA: dict[str, object] = {
    "spec": "symgraph/models/nine_weights.py",
    "doc": "Five features, nine weights, squared loss.",
    "model_hash": "",
    "residual": "y_hat - y; the loss is 1 * residual**2",
}


class Tape(NamedTuple):
    """The values of one forward pass: one entry a row, or scalars for one row."""

    w: Array
    X: Array
    y: Array | None
    t: Array
    exp: Array
    tanh: Array
    sigmoid: Array
    y_hat: Array
    loss: Array | None
    tanh_1: Array  # exp + w7
    sigmoid_1: Array  # w4 * f4 + w5 * f5
    sigmoid_3: Array  # 2.0 / (sigmoid_2 * sigmoid_2 + 1.0)
    sigmoid_4: Array  # sin(w3 * f3)
    sigmoid_6: Array  # abs(sigmoid_5)
    sigmoid_8: Array  # 1.0 / (sigmoid_7 + 1.0)
    loss_1: Array | None  # y - y_hat


def _forward(w: Array, X: Array, y: Array | None) -> Tape:
    """Compute every node; the loss only if y is given."""
    w1, w2, w3, w4, w5, w6, w7, w8, w9 = w
    f1, f2, f3, f4, f5 = X.T
    t = w1 * f1 + w2 * f2
    exp = np.exp(t * t + w6)
    tanh_1 = exp + w7
    tanh = np.tanh(tanh_1)
    sigmoid_1 = w4 * f4 + w5 * f5
    # sin(w3 * f3) = 2*q / (q*q + 1) with q = tan(w3 * f3 / 2), which also gives the cosine
    sigmoid_2 = np.tan(0.5 * w3 * f3)
    sigmoid_3 = 2.0 / (sigmoid_2 * sigmoid_2 + 1.0)
    sigmoid_4 = sigmoid_2 * sigmoid_3
    sigmoid_5 = sigmoid_4 * sigmoid_1 + w8
    # 1 / (1 + exp(-v)) from exp(-|v|), which does not overflow
    sigmoid_6 = np.abs(sigmoid_5)
    sigmoid_7 = np.exp(-sigmoid_6)
    sigmoid_8 = 1.0 / (sigmoid_7 + 1.0)
    sigmoid = select(sigmoid_5 >= 0.0, 1.0, sigmoid_7) * sigmoid_8
    y_hat = tanh + w9 * sigmoid
    loss_1 = None if y is None else y - y_hat
    loss = None if loss_1 is None else loss_1 * loss_1
    return Tape(
        w, X, y, t, exp, tanh, sigmoid, y_hat, loss, tanh_1, sigmoid_1, sigmoid_3, sigmoid_4,
        sigmoid_6, sigmoid_8, loss_1,
    )  # fmt: skip


def _backward(tape: Tape, cotangent: Array, rowsum: RowSum) -> Sequence[Array]:
    """Cotangents of the weights; rowsum adds up products of rows, or leaves them apart."""
    w9 = tape.w[8]
    f1, f2, f3, f4, f5 = tape.X.T
    largest = np.finfo(tape.w.dtype).max
    assert tape.loss_1 is not None  # bind checks it, with a message
    d_y_hat = -2.0 * cotangent * tape.loss_1  # also d_tanh
    # tanh' = sech * sech, one factor at each end of the product, which neither under- nor overflows
    d_tanh_1 = 1.0 / np.cosh(tape.tanh_1)
    d_tanh_2 = d_y_hat * d_tanh_1
    # exp is limited to the largest number, since 0 * inf is nan
    d_exp_1 = d_tanh_2 * np.minimum(tape.exp, largest)
    # sigmoid' = p * d * d with p = exp(-|v|), in two roots of p
    d_sigmoid_1 = np.exp(-0.5 * tape.sigmoid_6)
    d_w8 = d_y_hat * d_sigmoid_1 * w9 * tape.sigmoid_8 * tape.sigmoid_8 * d_sigmoid_1
    d_sigmoid_2 = d_w8 * tape.sigmoid_4
    d_t = 2.0 * d_exp_1 * tape.t * d_tanh_1
    return (
        rowsum(d_t, f1),
        rowsum(d_t, f2),
        rowsum(d_w8 * tape.sigmoid_1 * (tape.sigmoid_3 - 1.0), f3),
        rowsum(d_sigmoid_2, f4),
        rowsum(d_sigmoid_2, f5),
        rowsum(d_exp_1, d_tanh_1),
        rowsum(d_tanh_2, d_tanh_1),
        rowsum(d_w8),
        rowsum(d_y_hat, tape.sigmoid),
    )


def _jacobian(tape: Tape) -> Sequence[Array]:
    """The partials of the output y_hat by each weight."""
    w9 = tape.w[8]
    f1, f2, f3, f4, f5 = tape.X.T
    largest = np.finfo(tape.w.dtype).max
    d_tanh_1 = 1.0 / np.cosh(tape.tanh_1)
    d_exp_1 = d_tanh_1 * np.minimum(tape.exp, largest)
    d_sigmoid_1 = np.exp(-0.5 * tape.sigmoid_6)
    d_w8 = w9 * d_sigmoid_1 * tape.sigmoid_8 * tape.sigmoid_8 * d_sigmoid_1
    d_sigmoid_2 = d_w8 * tape.sigmoid_4
    d_t = 2.0 * d_exp_1 * tape.t * d_tanh_1
    return (
        d_t * f1,
        d_t * f2,
        d_w8 * tape.sigmoid_1 * (tape.sigmoid_3 - 1.0) * f3,
        d_sigmoid_2 * f4,
        d_sigmoid_2 * f5,
        d_exp_1 * d_tanh_1,
        d_tanh_1 * d_tanh_1,
        d_w8,
        tape.sigmoid,
    )


# The public functions: the runtime's contract over the lines above.
_model = bind(
    Facts(__name__, ABI, MODEL, FEATURES, TARGET, WEIGHTS, OUTPUTS, METADATA),
    Lines(_forward, _backward, _jacobian),
    [Normal(0.0, 0.01, 9)],
)
forward = _model.forward
backward = _model.backward
predict = _model.predict
value_and_grad = _model.value_and_grad
loss = _model.loss
grad = _model.grad
per_sample_grad = _model.per_sample_grad
jacobian = _model.jacobian
residual = _model.residual
residual_jacobian = _model.residual_jacobian
pack = _model.pack
unpack = _model.unpack
initial_weights = _model.initial_weights
