"""The arrays training works on: float32 or float64, nothing else."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import DataError

Array = NDArray[np.floating[Any]]
FloatDType = np.dtype[np.floating[Any]]


def float_array(name: str, value: Any) -> Array:
    """Return a value as a float32 or float64 array in native byte order; whole numbers and booleans become float64.

    Args:
        name: what the value is, for the message.
        value: array-like of any shape.

    Raises:
        DataError: it is no rectangular array of such numbers.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise DataError(f"{name} is no rectangular array: {error}") from error
    if array.dtype.kind in "biu":
        return array.astype(np.float64)
    native = array.dtype.newbyteorder("=")
    if native not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise DataError(f"{name} has dtype {array.dtype}; give float32, float64 or whole numbers")
    return array.astype(native, copy=False)
