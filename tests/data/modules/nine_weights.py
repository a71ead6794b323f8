"""Hand-written module of the contract (ABI 1), for tests of the runtime that must not depend on the generator."""

from collections import namedtuple

import numpy as np

ABI = 2
MODEL = "nine_weights"
FEATURES = ("f1", "f2", "f3", "f4", "f5")
TARGET = "y"
WEIGHTS = ("w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "w9")
NODES = ("t", "exp", "tanh", "sigmoid", "y_hat")
OUTPUTS = ("y_hat",)
METADATA = {
    "spec": "nine_weights.py", "doc": "", "model_hash": "sha256:0", "has_loss": True, "residual_factor": 1.0, "domains": {},
}  # fmt: skip

Tape = namedtuple("Tape", "w X y t exp tanh sigmoid y_hat loss v0 v1 v2 v3 v4 v5")


def _inputs(w, X, y=None):
    w, X = np.asarray(w), np.asarray(X)
    dtype = np.result_type(*(np.float64 if a.dtype.kind in "iu" else a.dtype for a in (w, X)))
    if w.shape != (9,):
        raise ValueError(f"w has shape {w.shape}, nine_weights needs (9,)")
    if X.ndim not in (1, 2) or X.shape[-1] != 5:
        raise ValueError(f"X has shape {X.shape}, nine_weights needs 5 columns: f1, f2, f3, f4, f5")
    y = None if y is None else np.asarray(y, dtype)[()]
    return w.astype(dtype), X.astype(dtype, copy=False), y


def forward(w, X, y=None):
    w, X, y = _inputs(w, X, y)
    w1, w2, w3, w4, w5, w6, w7, w8, w9 = w
    f1, f2, f3, f4, f5 = X.T
    with np.errstate(all="ignore"):
        t = w1 * f1 + w2 * f2
        exp = np.exp(t * t + w6)
        v0 = exp + w7
        tanh = np.tanh(v0)
        v1 = w3 * f3
        v2 = np.sin(v1)
        v3 = w4 * f4 + w5 * f5
        v4 = v2 * v3 + w8
        v5 = np.exp(-np.abs(v4))
        sigmoid = np.where(v4 >= 0.0, 1.0, v5)[()] * (1.0 / (1.0 + v5))
        y_hat = tanh + w9 * sigmoid
        loss = None if y is None else (y - y_hat) * (y - y_hat)
    return Tape(w, X, y, t, exp, tanh, sigmoid, y_hat, loss, v0, v1, v2, v3, v4, v5)


def _chain(tape, d_y_hat):
    w9 = tape.w[8]
    f1, f2, f3, f4, f5 = tape.X.T
    with np.errstate(all="ignore"):
        h = np.exp(-np.abs(tape.v0))
        sech = 2.0 * h / (1.0 + h * h)
        p = 1.0 / (1.0 + tape.v5)
        d_v0 = d_y_hat * sech * sech
        d_exp = d_v0 * tape.exp
        d_t = 2.0 * tape.t * d_exp
        d_v4 = w9 * d_y_hat * tape.v5 * p * p
        d_v1 = d_v4 * tape.v3 * np.cos(tape.v1)
        d_v3 = d_v4 * tape.v2
        d_w1 = d_t * f1
        d_w2 = d_t * f2
        d_w3 = d_v1 * f3
        d_w4 = d_v3 * f4
        d_w5 = d_v3 * f5
        d_w6 = d_exp
        d_w7 = d_v0
        d_w8 = d_v4
        d_w9 = d_y_hat * tape.sigmoid
    return np.stack(np.broadcast_arrays(d_w1, d_w2, d_w3, d_w4, d_w5, d_w6, d_w7, d_w8, d_w9), -1)


def backward(tape, cotangent=1.0):
    g = _chain(tape, -2.0 * (tape.y - tape.y_hat) * cotangent)
    return g if g.ndim == 1 else g.sum(0)


def predict(w, X):
    return forward(w, X).y_hat


def value_and_grad(w, X, y, *, sample_weight=None, reduction="mean"):
    tape = forward(w, X, y)
    s = np.ones_like(tape.loss) if sample_weight is None else np.asarray(sample_weight)
    total = s.sum() if reduction == "mean" else 1.0
    return float(np.sum(s * tape.loss) / total), backward(tape, s) / total


def loss(w, X, y, *, sample_weight=None, reduction="mean"):
    return value_and_grad(w, X, y, sample_weight=sample_weight, reduction=reduction)[0]


def grad(w, X, y, *, sample_weight=None, reduction="mean"):
    return value_and_grad(w, X, y, sample_weight=sample_weight, reduction=reduction)[1]


def per_sample_grad(w, X, y):
    tape = forward(w, X, y)
    return _chain(tape, -2.0 * (tape.y - tape.y_hat))


def residual(w, X, y):
    tape = forward(w, X, y)
    return tape.y_hat - tape.y


def residual_jacobian(w, X, y):
    return _chain(forward(w, X), np.ones(np.shape(y)))


def jacobian(w, X, y=None):
    tape = forward(w, X)
    return _chain(tape, np.ones_like(tape.y_hat))


def pack(mapping):
    return np.array([mapping[name] for name in WEIGHTS], float)


def unpack(w):
    return dict(zip(WEIGHTS, np.asarray(w).tolist(), strict=True))


def initial_weights(seed):
    return np.random.RandomState(seed).normal(0.0, 0.01, 9)
