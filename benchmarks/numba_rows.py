"""The notebook's formulas as a loop that numba compiles: what a person writes who knows them. Needs numba to be imported."""

from typing import Any

import numpy as np
from numba import prange


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
