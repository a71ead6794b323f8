# model: nine_weights
# function: backward_propagation
# mistake: dw4 and dw5 are swapped: each has the other's feature
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


def backward_propagation(L, W, c):
    x, dl = c["x"], c["dl"]
    t = W[0] * x[0] + W[1] * x[1]
    g7 = dl * (1 - c["tanh"] ** 2)
    g6 = g7 * c["exp"]
    g8 = dl * W[8] * c["sigmoid"] * (1 - c["sigmoid"])
    a = np.sin(W[2] * x[2])
    b = W[3] * x[3] + W[4] * x[4]
    return {
        "dw1": g6 * 2 * t * x[0],
        "dw2": g6 * 2 * t * x[1],
        "dw3": g8 * b * np.cos(W[2] * x[2]) * x[2],
        "dw4": g8 * a * x[4],
        "dw5": g8 * a * x[3],
        "dw6": g6,
        "dw7": g7,
        "dw8": g8,
        "dw9": dl * c["sigmoid"],
    }
