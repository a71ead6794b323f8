# model: nine_weights
# function: backward_propagation
# mistake: dw1 lacks the factor 2*t, the derivative of t**2
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward_propagation(x, y, W):
    t = W[0] * x[0] + W[1] * x[1]
    e = np.exp(t**2 + W[5])
    th = np.tanh(e + W[6])
    s = sigmoid(np.sin(W[2] * x[2]) * (W[3] * x[3] + W[4] * x[4]) + W[7])
    y_hat = th + W[8] * s
    return {"dl": -2 * (y - y_hat), "loss": (y - y_hat) ** 2, "exp": e, "tanh": th, "sigmoid": s, "x": x, "y_hat": y_hat}


def backward_propagation(L, W, d):
    x = d["x"]
    t = W[0] * x[0] + W[1] * x[1]
    r = np.sin(W[2] * x[2])
    q = W[3] * x[3] + W[4] * x[4]
    dtanh = d["dl"] * (1 - d["tanh"] ** 2)
    dexp = dtanh * d["exp"]
    ds = d["dl"] * W[8] * d["sigmoid"] * (1 - d["sigmoid"])
    return {
        "dw1": dexp * x[0],
        "dw2": dexp * 2 * t * x[1],
        "dw3": ds * q * np.cos(W[2] * x[2]) * x[2],
        "dw4": ds * r * x[3],
        "dw5": ds * r * x[4],
        "dw6": dexp,
        "dw7": dtanh,
        "dw8": ds,
        "dw9": d["dl"] * d["sigmoid"],
    }
