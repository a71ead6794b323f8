"""The formulas of the founding notebook, as a person derives them by hand: right on paper, evaluated as written.

y_hat = tanh(exp((w1*f1 + w2*f2)**2 + w6) + w7) + w9*sigmoid(sin(w3*f3)*(w4*f4 + w5*f5) + w8), loss (y - y_hat)**2.
Derivatives go through 1 - tanh**2 and sigmoid*(1 - sigmoid), and reuse what the forward pass computed.
"""

from typing import Any

import numpy as np


def row_losses_and_partials(w: Any, X: Any, y: Any) -> tuple[Any, Any]:
    """Evaluate the formulas row by row.

    Args:
        w: (9,) or (n, 9) weights, the same for all rows or some for each, float32 or float64.
        X: (5,) or (n, 5) rows of the same dtype.
        y: () or (n,) targets of the same dtype.

    Returns:
        The losses, () or (n,), and the partials, (9,) or (n, 9).
    """
    w1, w2, w3, w4, w5, w6, w7, w8, w9 = np.moveaxis(w, -1, 0)
    f1, f2, f3, f4, f5 = np.moveaxis(X, -1, 0)
    t = w1 * f1 + w2 * f2
    exp = np.exp(t * t + w6)
    tanh = np.tanh(exp + w7)
    sine, line = np.sin(w3 * f3), w4 * f4 + w5 * f5
    sigmoid = 1 / (1 + np.exp(-(sine * line + w8)))
    error = y - (tanh + w9 * sigmoid)
    dl = -2 * error
    d_tanh = dl * (1 - tanh**2)
    d_exp = d_tanh * exp
    d_sigmoid = dl * w9 * sigmoid * (1 - sigmoid)
    partials = (
        d_exp * 2 * t * f1,
        d_exp * 2 * t * f2,
        d_sigmoid * line * np.cos(w3 * f3) * f3,
        d_sigmoid * sine * f4,
        d_sigmoid * sine * f5,
        d_exp,
        d_tanh,
        d_sigmoid,
        dl * sigmoid,
    )
    return error**2, np.stack(np.broadcast_arrays(*partials), axis=-1)


def mean_and_gradient(w: Any, X: Any, y: Any) -> tuple[float, Any]:
    """Evaluate the mean loss and its gradient.

    Args:
        w: (9,) weights, float32 or float64.
        X: (n, 5) or (5,), of the same dtype.
        y: (n,) or (), of the same dtype.
    """
    losses, partials = row_losses_and_partials(w, X, y)
    return float(np.mean(losses)), partials if partials.ndim == 1 else partials.mean(axis=0)
