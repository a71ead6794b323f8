"""Arguments that carry names or masks: frames, mappings, records and series by name; masked values are refused.

The functions between the two marks are part of generated modules too, word for word: lines have at most 88 columns.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


# ---- part of generated modules
_NUMBERS = (float, int, np.number)
_SEQUENCES = (list, tuple)


def _unmasked(values: Any, what: str) -> Array:
    """Values as an array; what is masked has no value."""
    if isinstance(values, _SEQUENCES):
        masks = any(isinstance(value, np.ma.MaskedArray) for value in values)
        values = np.ma.array(values) if masks else values
    if isinstance(values, np.ma.MaskedArray) and np.any(values.mask):
        first = tuple(np.argwhere(values.mask)[0].tolist())
        raise ValueError(f"{what} is masked at {first}; leave the row out or fill it")
    return np.asarray(values)


def _labels(values: Any, column: bool) -> Sequence[Any]:
    """The names of columns or entries; of a column, the index of a series names rows."""
    if type(values) in _SEQUENCES:
        return ()
    if hasattr(values, "_asdict"):  # a named tuple
        return list(values._fields)
    names = getattr(getattr(values, "dtype", None), "names", None)  # of records
    if names is None and isinstance(getattr(values, "column_names", None), list):
        names = values.column_names
    if names is None and not callable(getattr(values, "columns", len)):
        names = values.columns
    is_array = hasattr(values, "__array__")
    if names is None and hasattr(values, "keys") and not (column and is_array):
        names = values.keys()
    labels = [] if names is None else list(names)
    numbered = is_array and all(isinstance(label, int | np.integer) for label in labels)
    return [] if numbered else labels


def _array(values: Any, names: Sequence[str], what: str, column: bool = False) -> Array:
    """Values as an array, by name where they have names: those asked for, in order.

    Args:
        values: an array or what becomes one; a frame, mapping, record or series.
        names: of the columns of a table, or of the entries of a vector.
        what: how messages call the values.
        column: whether one column is wanted, and not a table or vector.
    """
    if type(values) is np.ndarray and values.dtype.names is None:
        return values
    if isinstance(values, _NUMBERS):
        return np.asarray(values)
    labels = _labels(values, column)
    if not labels:
        return _unmasked(values, what)
    known = set(labels)
    lacking = [name for name in names if name not in known]
    if lacking:
        there = ", ".join(map(str, labels[:20])) + (", ..." if len(labels) > 20 else "")
        raise ValueError(f"{what} has no {', '.join(lacking[:20])}; it has {there}")
    table = values._asdict() if hasattr(values, "_asdict") else values
    columns = [_unmasked(table[name], f"{what}[{name!r}]") for name in names]
    shapes = dict.fromkeys(part.shape for part in columns)
    if len(shapes) > 1 or columns[0].ndim > 1:
        raise ValueError(f"{what} has columns of shapes {', '.join(map(str, shapes))}")
    return columns[0] if column else np.stack(columns, axis=-1)


# ---- end of the part
array_of = _array
unmasked = _unmasked
