# model: perceptron
# function: backward_propagation
# mistake: the factor 2 of the squared loss is forgotten
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
    x = np.array(d["x"])
    v = np.array(W[6:8])
    h = np.array([d["h1"], d["h2"]])
    ds = (d["y_hat"] - d["y"]) * d["y_hat"] * (1 - d["y_hat"])
    dz = ds * v * (1 - h**2)
    return np.concatenate([np.outer(dz, x).ravel(), dz, ds * h, [ds]])
