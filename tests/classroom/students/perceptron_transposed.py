# model: perceptron
# function: forward_propagation
# mistake: the hidden layer's matrix is transposed
import numpy as np


def forward_propagation(x, y, W):
    W = np.asarray(W)
    hidden = W[:4].reshape(2, 2)
    z = np.dot(x, hidden) + W[4:6]
    h = np.tanh(z)
    s = h @ W[6:8] + W[8]
    y_hat = 1 / (1 + np.exp(-s))
    return {"z1": z[0], "z2": z[1], "h1": h[0], "h2": h[1], "s": s, "y_hat": y_hat, "loss": (y - y_hat) ** 2}
