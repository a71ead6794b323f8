# model: logistic
# function: forward_propagation
# mistake: the loss has + where the second logarithm is subtracted
import numpy as np


def forward_propagation(x, y, W):
    z = np.dot(W[:3], x) + W[3]
    p = 1 / (1 + np.exp(-z))
    loss = -y * np.log(p) + (1 - y) * np.log(1 - p)
    return {"z": z, "p": p, "loss": loss}
