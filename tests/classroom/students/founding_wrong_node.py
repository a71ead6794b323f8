# model: nine_weights
# function: backward_propagation
# mistake: dw9 has tanh where the sigmoid belongs
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
    dw7 = dl * (1 - c["tanh"] ** 2)
    dw6 = dw7 * c["exp"]
    dw8 = dl * W[8] * c["sigmoid"] * (1 - c["sigmoid"])
    a = np.sin(W[2] * x[2])
    b = W[3] * x[3] + W[4] * x[4]
    dw1 = dw6 * 2 * t * x[0]
    dw2 = dw6 * 2 * t * x[1]
    dw3 = dw8 * b * np.cos(W[2] * x[2]) * x[2]
    dw4 = dw8 * a * x[3]
    dw5 = dw8 * a * x[4]
    dw9 = dl * c["tanh"]
    return {"dw1": dw1, "dw2": dw2, "dw3": dw3, "dw4": dw4, "dw5": dw5, "dw6": dw6, "dw7": dw7, "dw8": dw8, "dw9": dw9}
