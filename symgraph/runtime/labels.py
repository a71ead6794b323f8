"""Arguments that carry names or masks: frames, mappings, records and series by name; entries without a value are refused.

Frames are known by what they can do, not by their library, so that none is imported: they have columns by name, of which NumPy
makes arrays, and nulls are told by `is_null`, as in Polars, Arrow and narwhals, or by `isna`, as in pandas.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from numbers import Real
from os import PathLike, fspath
from typing import Any

import numpy as np

from symgraph.runtime.facts import Array

NUMBERS = (float, int, np.number)
SEQUENCES = (list, tuple)


def unmasked(values: Any, what: str) -> Array:
    """Turn values into an array and refuse masked entries, which have no value."""
    refuse_no_numbers(values, what)
    if isinstance(values, SEQUENCES):
        masks = any(isinstance(value, np.ma.MaskedArray) for value in values)
        values = np.ma.array(values) if masks else values
    if isinstance(values, np.ma.MaskedArray) and np.any(values.mask):
        first = tuple(np.argwhere(values.mask)[0].tolist())
        raise ValueError(f"{what} is masked at {first}; leave the row out or fill it")
    return np.asarray(values)


def unmarked(values: Any, what: str) -> Array:
    """Turn a column into an array; refuse one with an entry that its library marks as missing, which NaN among floats is not.

    Raises:
        ValueError: an entry is masked or missing; the message names the first such row, counted from 0.
    """
    marks: Any = None
    if hasattr(values, "is_null"):
        marks = values.is_null()
    elif hasattr(values, "isna") and not isinstance(getattr(values, "dtype", None), np.dtype):
        marks = values.isna()
    missing = np.asarray(False if marks is None else marks, bool)
    if missing.ndim == 1 and missing.any():
        raise ValueError(f"{what} is missing in row {np.argmax(missing)}; leave the row out or fill it")
    return unmasked(values, what)


def column_of(values: Any, what: str) -> Array:
    """Turn a column, or the entry of one row, into an array of numbers; those of Python become float64.

    Raises:
        ValueError: an entry is masked, missing or no real number; the message names the first such row, counted from 0.
    """
    array = unmarked(values, what)
    if array.dtype.kind == "O" and array.ndim < 2:
        entries = array.reshape(-1)
        wrong = [row for row, entry in enumerate(entries) if not isinstance(entry, Real | Decimal | np.bool_)]
        if wrong:
            raise ValueError(f"{what} is {entries[wrong[0]]!r:.80} in row {wrong[0]}, not a real number")
        return array.astype(np.float64)
    if array.dtype.kind not in "biuf" and array.ndim < 2:
        raise ValueError(f"{what} has dtype {array.dtype}, not one of real numbers")
    return array


def labels_of(values: Any, column: bool) -> Sequence[Any]:
    """Find the names of columns or entries; of a column, the index of a series names rows and is left aside."""
    if type(values) in SEQUENCES or callable(getattr(values, "collect", None)):  # a lazy frame warns when it is asked
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


def meant(name: Any, known: Iterable[Any]) -> str:
    """Say which of the known names an unknown one was probably meant to be, or nothing where none is alike."""
    from difflib import get_close_matches  # for errors alone

    by_small = {str(one).lower(): one for one in known}  # RATE for rate is a slip too
    found = get_close_matches(str(name).lower(), by_small, 1)
    return f"; did you mean {by_small[found[0]]}?" if found else ""


def refuse_no_numbers(values: Any, what: str) -> None:
    """Refuse None, a text, a path, bytes, or a sparse matrix, which are no arrays of numbers, with what to give.

    Raises:
        ValueError: it is one of these.
    """
    if values is None:
        raise ValueError(f"{what} is missing; None is no array of numbers")
    is_text = isinstance(values, str | bytes | PathLike)
    if is_text:
        read = "; give the numbers of the file, as pandas.read_csv reads them" if what == "X" else ""
        raise ValueError(f"{what} is the text {fspath(values)!r:.60}, not numbers{read}")
    if callable(getattr(values, "toarray", None)) and hasattr(values, "nnz"):
        raise ValueError(f"{what} is a sparse {type(values).__name__}, and a model reads whole rows; give {what}.toarray()")


def array_of(values: Any, names: Sequence[str], what: str, column: bool = False) -> Array:
    """Turn values into an array; where they have names, take those asked for, in order.

    Args:
        values: an array or what becomes one; a frame, mapping, record or series.
        names: of the columns of a table, or of the entries of a vector.
        what: the argument's name in messages.
        column: True where one column is wanted, and not a table or vector.

    Raises:
        ValueError: names are lacking or doubled, columns differ in shape, an entry is masked, missing or no real number, or the
            values are a text, a path or a sparse matrix.
        TypeError: the rows are not there yet, as those of a lazy frame.
    """
    if type(values) is np.ndarray and values.dtype.names is None:
        return values
    if isinstance(values, NUMBERS):
        return np.asarray(values)
    refuse_no_numbers(values, what)
    if callable(getattr(values, "collect", None)):
        raise TypeError(f"{what} is a {type(values).__name__}, which has no rows yet; give its collect()")
    labels = labels_of(values, column)
    if not labels:
        return unmarked(values, what)
    known = set(labels)
    lacking = [name for name in names if name not in known]
    if lacking:
        there = ", ".join(map(str, labels[:20])) + (", ..." if len(labels) > 20 else "")
        raise ValueError(f"{what} has no {', '.join(lacking[:20])}; it has {there}{meant(lacking[0], labels)}")
    doubled = [name for name in names if labels.count(name) > 1]
    if doubled:
        raise ValueError(f"{what} has {doubled[0]} more than once; rename or leave out one")
    table = values._asdict() if hasattr(values, "_asdict") else values
    columns = [column_of(table[name], f"{what}[{name!r}]") for name in names]
    shapes = dict.fromkeys(part.shape for part in columns)
    if len(shapes) > 1 or columns[0].ndim > 1:
        raise ValueError(f"{what} has columns of shapes {', '.join(map(str, shapes))}")
    return columns[0] if column else np.stack(columns, axis=-1)
