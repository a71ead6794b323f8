"""Arrays that training works on: float32 or float64, nothing else."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import DataError
from symgraph.runtime.labels import array_of

Array = NDArray[np.floating[Any]]
FloatDType = np.dtype[np.floating[Any]]


def float_array(name: str, value: Any, names: Sequence[str] = (), *, column: bool = False) -> Array:
    """Return a value as a float32 or float64 array in native byte order; whole numbers and booleans become float64.

    Args:
        name: the value's name, for the message.
        value: array-like of any shape; of a table or mapping, the columns or entries in ``names`` are taken.
        names: of the columns or entries that are wanted.
        column: whether one column is wanted; see ``symgraph.runtime.labels``.

    Raises:
        DataError: it is no rectangular array of such numbers, has other names, or is masked.
    """
    try:
        array = array_of(value, names, name, column=column)
    except ValueError as error:
        text = str(error)  # messages about names and masks begin with the value's name
        raise DataError(text if text.startswith(name) else f"{name} is no rectangular array: {text}") from error
    if array.dtype.kind in "biu":
        return array.astype(np.float64)
    native = array.dtype.newbyteorder("=")
    if native not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise DataError(f"{name} has dtype {array.dtype}; give float32, float64 or whole numbers")
    return array.astype(native, copy=False)
