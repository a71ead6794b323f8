# model: logistic
# function: gradient
# mistake: the penalty's gradient is forgotten
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def loss(X, y, W):
    p = sigmoid(X @ W[:3] + W[3])
    return np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p)) + 0.05 * np.sum(W[:3] ** 2) / len(y)


def gradient(X, y, W):
    p = sigmoid(X @ W[:3] + W[3])
    dw = X.T @ (p - y) / len(y)
    db = np.mean(p - y)
    return np.append(dw, db)
