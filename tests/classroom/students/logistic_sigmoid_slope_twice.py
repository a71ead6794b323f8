# model: logistic
# function: backward_propagation
# mistake: the slope p*(1 - p) of the sigmoid comes twice (p - y has it already)
import numpy as np


def forward_propagation(x, y, W):
    z = np.dot(W[:3], x) + W[3]
    p = 1 / (1 + np.exp(-z))
    return {"z": z, "p": p, "loss": -y * np.log(p) - (1 - y) * np.log(1 - p), "x": np.array(x), "y": y}


def backward_propagation(L, W, cache):
    p = cache["p"]
    delta = (p - cache["y"]) * p * (1 - p)
    dw = delta * cache["x"]
    return {"w1": dw[0], "w2": dw[1], "w3": dw[2], "b": delta}
