# model: nine_weights
# function: forward_propagation
# mistake: the exponent of the sigmoid has the wrong sign
import math


def forward_propagation(x, y, W):
    t = W[0] * x[0] + W[1] * x[1]
    e = math.exp(t**2 + W[5])
    th = math.tanh(e + W[6])
    q = math.sin(W[2] * x[2]) * (W[3] * x[3] + W[4] * x[4])
    s = 1 / (1 + math.exp(q + W[7]))
    y_hat = th + W[8] * s
    return {"exp": e, "tanh": th, "sigmoid": s, "y_hat": y_hat, "loss": (y - y_hat) ** 2, "dl": -2 * (y - y_hat)}
