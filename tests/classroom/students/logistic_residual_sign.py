# model: logistic
# function: backward_propagation
# mistake: y - p where p - y belongs: every partial has the wrong sign
import math


def forward_propagation(x, y, W):
    z = sum(w * v for w, v in zip(W, x)) + W[3]
    p = 1 / (1 + math.exp(-z))
    return {"z": z, "p": p, "loss": -y * math.log(p) - (1 - y) * math.log(1 - p), "x": x, "y": y}


def backward_propagation(L, W, cache):
    e = cache["y"] - cache["p"]
    return {"dw1": e * cache["x"][0], "dw2": e * cache["x"][1], "dw3": e * cache["x"][2], "db": e}
