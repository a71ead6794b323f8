"""Losses with a kink where the prediction is the target: linear in the deviation on both sides, as absolute errors are."""

from typing import Any

import numpy as np

from symgraph.data.rows import Rows


@np.errstate(all="ignore")
def kinks_at(module: Any, w: Any, rows: Rows) -> tuple[Any, Any] | None:
    """Return the slopes of the loss by each deviation of the prediction from the target, above it and below.

    They are told by values, of targets on, above and below the predictions.

    Args:
        module: has an output and a target.
        w: (k,) weights.
        rows: of the fit.

    Returns:
        The slopes, (m,) each, both above 0; None where the loss of a row is not linear on both sides.
    """
    predicted, y = np.asarray(module.predict(w, rows.X)), np.asarray(rows.y)
    if predicted.shape not in (y.shape, y.shape[1:]):  # the latter of an output of weights alone
        return None
    predicted = np.broadcast_to(predicted, y.shape)
    field = module.METADATA.get("fields", {}).get("loss", "loss")

    def losses(target: Any) -> Any:
        return np.broadcast_to(getattr(module.forward(w, rows.X, target), field), rows.n)

    step, sides = 1.0 + np.abs(predicted), []
    for sign in (1.0, -1.0):
        slopes = np.empty(y.shape)
        for j in np.ndindex(y.shape[1:]):
            one = (slice(None), *j)
            target = predicted.copy()
            target[one] -= sign * step[one]
            slopes[one] = losses(target) / np.abs(predicted[one] - target[one])
        sides.append(slopes)
    above, below = sides
    if not all(np.isfinite(side).all() and (side > 0.0).all() for side in sides):
        return None
    for target in (y, predicted, predicted - 7.0 * step, predicted + 0.01 * step):
        e = predicted - target
        expected = np.sum(np.reshape(np.where(e > 0.0, above * e, -below * e), (rows.n, -1)), axis=1)
        # predictions and targets are rounded, and so are their differences
        if not np.allclose(losses(target), expected, rtol=1e-9, atol=1e-12 * float(np.max(above + below) * np.max(step))):
            return None
    return np.reshape(above, -1), np.reshape(below, -1)
