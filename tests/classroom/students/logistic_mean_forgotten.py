# model: logistic
# function: gradient
# mistake: the sum over the rows is not divided by their number
import numpy as np


def gradient(X, y, W):
    n = len(y)
    w, b = W[:3], W[3]
    p = 1 / (1 + np.exp(-(X @ w + b)))
    dw = X.T @ (p - y) + 2 * 0.05 * w / n
    db = np.sum(p - y)
    return np.append(dw, db)
