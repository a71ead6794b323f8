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


def normal_matrices(
    factor: Any, robust: Any, residuals: Array, slopes: Array, unit: float, off: Any = 0.0, rough: Any = 0.0
) -> tuple[Array, Array]:
    """J'WJ of each row, (n, k, k), and how far rounding moves it.

    Args:
        factor: the c of a loss c * r**2.
        robust: the name of a robust loss and its f_scale, or None.
        residuals: (n, p).
        slopes: (n, p, k) their partials.
        unit: the rounding error of a product, relative to it.
        off, rough: how far residuals and slopes are off.
    """
    weights = np.full_like(residuals, 2.0 * factor) if robust is None else _SLOPES[robust[0]]((residuals / robust[1]) ** 2)

    def products(w: Any, j: Array) -> Array:
        return np.asarray(np.einsum("np,npi,npj->nij", w, j, j))

    with np.errstate(all="ignore"):
        sizes = products(weights, np.abs(slopes))
        # the slope rho' moves by less than the residual over f_scale, and with it all products
        moved = 0.0 if robust is None else products(off / robust[1] + np.zeros_like(residuals), np.abs(slopes))
        return products(weights, slopes), products(weights, np.abs(slopes) + rough) - sizes + moved + unit * sizes
