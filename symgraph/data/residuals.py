"""Derivatives of a module's residuals as least squares takes them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.module_functions import PARTIALS

SLOPES = PARTIALS["residual"]
"""The function of modules that computes them."""


def slopes_of_residuals(module: Any, w: Any, X: Any, y: Any) -> NDArray[Any]:
    """Return the derivatives of a module's residuals by its k weights: (n*p, k) of n rows with p residuals."""
    return np.reshape(getattr(module, SLOPES)(w, X, y), (-1, len(module.WEIGHTS)))
