"""The matrices J'WJ of single rows, whose sum is that of `normal_equations`, from residuals and their partials."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_SLOPES: Mapping[str, Callable[[Array], Array]] = {
    "soft_l1": lambda z: 1.0 / np.sqrt(1.0 + z),
    "huber": lambda z: 1.0 / np.sqrt(np.maximum(z, 1.0)),
    "cauchy": lambda z: 1.0 / (1.0 + z),
}
"""The slopes rho' of robust losses at z = (r/f_scale)**2."""


def normal_matrices(factor: Any, robust: Any, residuals: Array, slopes: Array) -> Array:
    """J'WJ of each row, (n, k, k).

    Args:
        factor: the c of a loss c * r**2.
        robust: the name of a robust loss and its f_scale, or None.
        residuals: (n, p).
        slopes: (n, p, k) their partials.
    """
    weights = np.full_like(residuals, 2.0 * factor) if robust is None else _SLOPES[robust[0]]((residuals / robust[1]) ** 2)
    products: Array = np.einsum("np,npi,npj->nij", weights, slopes, slopes)
    return products
