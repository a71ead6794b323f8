# model: nine_weights
# function: forward_propagation
# mistake: the square in exp(t**2 + w6) is forgotten
import numpy as np


def forward_propagation(x, y, W):
    values = {}
    values["exp"] = np.exp(W[0] * x[0] + W[1] * x[1] + W[5])
    values["tanh"] = np.tanh(values["exp"] + W[6])
    values["sigmoid"] = 1.0 / (1.0 + np.exp(-(np.sin(W[2] * x[2]) * (W[3] * x[3] + W[4] * x[4]) + W[7])))
    y_pred = values["tanh"] + W[8] * values["sigmoid"]
    values["loss"] = (y - y_pred) ** 2
    values["dl"] = -2 * (y - y_pred)
    return values
