"""The reverse derivative of a module's output, on NumPy's arrays."""

from typing import Any

import numpy as np


def pullback(module: Any, w: Any, X: Any, cotangent: Any) -> tuple[Any, Any]:
    """Return the derivatives of sum(cotangent * predict(w, X)) by w, (k,), and by X, of its shape.

    Those by X are 0 where the module was built without feature-jacobian.

    Args:
        module: a module with an output.
        w: (k,) weights.
        X: rows, or one.
        cotangent: of the shape of the output.
    """
    by_w = np.tensordot(cotangent, module.jacobian(w, X), np.ndim(cotangent))
    if not hasattr(module, "feature_jacobian"):
        return by_w, np.zeros(np.shape(X))
    by_row = np.asarray(cotangent)[..., None] * module.feature_jacobian(w, X)
    return by_w, np.reshape(by_row.sum(-2) if len(module.OUTPUTS) > 1 else by_row, np.shape(X))
