"""Second derivatives where a module has none: central differences of its gradient."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def slopes_of(gradient: Callable[[Array], Array], v: Array) -> Array:
    """Return the derivatives of a gradient by central differences, made symmetric.

    The step is the cube root of the unit roundoff, at which truncation and rounding are of one size (Press et al., Numerical
    Recipes, section 5.7).
    """
    columns: list[Any] = []
    for j, value in enumerate(v):
        up, down = v.copy(), v.copy()
        step = np.cbrt(np.finfo(np.float64).eps) * max(abs(value), 1e-3)
        up[j], down[j] = value + step, value - step
        columns.append((gradient(up) - gradient(down)) / (up[j] - down[j]))
    H = np.array(columns)
    return np.asarray((H + H.T) / 2)
