# model: nine_weights
# function: gradient_checking
# mistake: the central difference is divided by delta instead of 2*delta
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


def gradient_checking(row, W, delta=1e-6):
    x, y = row[:-1], row[-1]
    found = {}
    for i in range(len(W)):
        up, down = np.array(W, dtype=float), np.array(W, dtype=float)
        up[i] += delta
        down[i] -= delta
        above, below = forward_propagation(x, y, up)["loss"], forward_propagation(x, y, down)["loss"]
        found[f"dw{i + 1}"] = (above - below) / delta
    return found
