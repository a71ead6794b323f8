# model: perceptron
# function: backward_propagation
# mistake: the errors come back through each other's output weight: v2 for h1, v1 for h2
import numpy as np


def forward_propagation(x, y, W):
    w11, w12, w21, w22, b1, b2, v1, v2, c = W
    z1 = w11 * x[0] + w12 * x[1] + b1
    z2 = w21 * x[0] + w22 * x[1] + b2
    h1, h2 = np.tanh(z1), np.tanh(z2)
    s = v1 * h1 + v2 * h2 + c
    y_hat = 1 / (1 + np.exp(-s))
    loss = (y - y_hat) ** 2
    return dict(z1=z1, z2=z2, h1=h1, h2=h2, s=s, y_hat=y_hat, loss=loss, x=x, y=y)


def backward_propagation(L, W, d):
    v1, v2 = W[7], W[6]
    x1, x2 = d["x"]
    ds = -2 * (d["y"] - d["y_hat"]) * d["y_hat"] * (1 - d["y_hat"])
    dz1 = ds * v1 * (1 - d["h1"] ** 2)
    dz2 = ds * v2 * (1 - d["h2"] ** 2)
    return {
        "dw11": dz1 * x1,
        "dw12": dz1 * x2,
        "dw21": dz2 * x1,
        "dw22": dz2 * x2,
        "db1": dz1,
        "db2": dz2,
        "dv1": ds * d["h1"],
        "dv2": ds * d["h2"],
        "dc": ds,
    }
