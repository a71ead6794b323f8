"""The notebook's formulas as loops that numba compiles: what a person writes who knows them. Needs numba to be imported."""

from typing import Any

import numpy as np
from numba import njit, prange


def mean(w: Any, X: Any, y: Any) -> Any:
    """The mean loss and its gradient; prange is range unless numba is told to use threads."""
    w1, w2, w3, w4, w5, w6, w7, w8, w9 = w
    g1 = g2 = g3 = g4 = g5 = g6 = g7 = g8 = g9 = losses = 0.0
    n = len(y)
    for i in prange(n):
        f1, f2, f3, f4, f5 = X[i, 0], X[i, 1], X[i, 2], X[i, 3], X[i, 4]
        t = w1 * f1 + w2 * f2
        e = np.exp(t * t + w6)
        th = np.tanh(e + w7)
        sine, line = np.sin(w3 * f3), w4 * f4 + w5 * f5
        s = 1 / (1 + np.exp(-(sine * line + w8)))
        error = y[i] - (th + w9 * s)
        dl = -2 * error
        d_tanh = dl * (1 - th * th)
        d_exp = d_tanh * e
        d_s = dl * w9 * s * (1 - s)
        losses += error * error
        g1 += 2 * d_exp * t * f1
        g2 += 2 * d_exp * t * f2
        g3 += d_s * line * np.cos(w3 * f3) * f3
        g4 += d_s * sine * f4
        g5 += d_s * sine * f5
        g6 += d_exp
        g7 += d_tanh
        g8 += d_s
        g9 += dl * s
    return losses / n, np.array([g1, g2, g3, g4, g5, g6, g7, g8, g9]) / n


def row(w: Any, x: Any, y: Any, g: Any) -> Any:
    """The loss of one row; writes the partials into g."""
    t = w[0] * x[0] + w[1] * x[1]
    e = np.exp(t * t + w[5])
    th = np.tanh(e + w[6])
    sine, line = np.sin(w[2] * x[2]), w[3] * x[3] + w[4] * x[4]
    s = 1 / (1 + np.exp(-(sine * line + w[7])))
    error = y - (th + w[8] * s)
    dl = -2 * error
    d_tanh = dl * (1 - th * th)
    d_exp = d_tanh * e
    d_s = dl * w[8] * s * (1 - s)
    g[0] = 2 * d_exp * t * x[0]
    g[1] = 2 * d_exp * t * x[1]
    g[2] = d_s * line * np.cos(w[2] * x[2]) * x[2]
    g[3] = d_s * sine * x[3]
    g[4] = d_s * sine * x[4]
    g[5] = d_exp
    g[6] = d_tanh
    g[7] = d_s
    g[8] = dl * s
    return error * error


compiled_row = njit(fastmath=True, error_model="numpy")(row)


def sgd(X: Any, y: Any, epochs: int, rate: float, w: Any) -> Any:
    """Gradient descent row by row; changes w and returns the mean loss of each epoch."""
    losses, g = np.zeros(epochs), np.zeros(9)
    for epoch in range(epochs):
        for i in range(len(y)):
            losses[epoch] += compiled_row(w, X[i], y[i], g) / len(y)
            for j in range(9):
                w[j] -= rate * g[j]
    return losses


def momentum(X: Any, y: Any, epochs: int, rate: float, w: Any) -> Any:
    """Heavy ball with gamma 0.9."""
    losses, g, v = np.zeros(epochs), np.zeros(9), np.zeros(9)
    for epoch in range(epochs):
        for i in range(len(y)):
            losses[epoch] += compiled_row(w, X[i], y[i], g) / len(y)
            for j in range(9):
                v[j] = 0.9 * v[j] + rate * g[j]
                w[j] -= v[j]
    return losses


def adam(X: Any, y: Any, epochs: int, rate: float, w: Any) -> Any:
    """Adam with beta1 0.9, beta2 0.999, epsilon 1e-8."""
    losses, g, m, v = np.zeros(epochs), np.zeros(9), np.zeros(9), np.zeros(9)
    power1 = power2 = 1.0
    for epoch in range(epochs):
        for i in range(len(y)):
            losses[epoch] += compiled_row(w, X[i], y[i], g) / len(y)
            power1 *= 0.9
            power2 *= 0.999
            for j in range(9):
                m[j] = 0.9 * m[j] + 0.1 * g[j]
                v[j] = 0.999 * v[j] + 0.001 * g[j] * g[j]
                w[j] -= rate * (m[j] / (1 - power1)) / (np.sqrt(v[j] / (1 - power2)) + 1e-8)
    return losses


LOOPS = {loop.__name__: njit(fastmath=True, error_model="numpy")(loop) for loop in (sgd, momentum, adam)}
"""The loops by rule, compiled."""
