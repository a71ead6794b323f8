# model: nine_weights
# function: backward_propagation
# mistake: dw3 lacks the inner factor f3 of sin(w3*f3)
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


def backward_propagation(L, W, dicts):
    x = dicts["x"]
    dw = {}
    dw["dw9"] = dicts["dl"] * dicts["sigmoid"]
    dw["dw8"] = dicts["dl"] * W[8] * dicts["sigmoid"] * (1 - dicts["sigmoid"])
    dw["dw7"] = dicts["dl"] * (1 - dicts["tanh"] ** 2)
    dw["dw6"] = dw["dw7"] * dicts["exp"]
    inner = 2 * (W[0] * x[0] + W[1] * x[1])
    dw["dw5"] = dw["dw8"] * np.sin(W[2] * x[2]) * x[4]
    dw["dw4"] = dw["dw8"] * np.sin(W[2] * x[2]) * x[3]
    dw["dw3"] = dw["dw8"] * (W[3] * x[3] + W[4] * x[4]) * np.cos(W[2] * x[2])
    dw["dw2"] = dw["dw6"] * inner * x[1]
    dw["dw1"] = dw["dw6"] * inner * x[0]
    return dw
