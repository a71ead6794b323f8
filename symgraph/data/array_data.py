"""Arrays in files: NPY, and pickles that are read as data."""

import io
import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.data.blocks import BLOCK_ROWS, Block, Table, numbered, positions, short
from symgraph.data.data_files import DataFile
from symgraph.data.unpickle import load_arrays
from symgraph.errors import DataError

SUFFIXES = (".npy", ".pkl", ".pickle")


def table_of_arrays(values: NDArray[np.float64], labels: NDArray[np.float64] | None = None) -> Table:
    """Return columns in memory, in blocks as a file's are.

    Args:
        values: (n, m) float64, the columns asked for.
        labels: (n,) the column that names data sets, where there is one.
    """

    def blocks() -> Iterator[Block]:
        for start in range(0, len(values), BLOCK_ROWS):
            some = values[start : start + BLOCK_ROWS]
            names = None if labels is None else _texts(labels[start : start + BLOCK_ROWS])
            yield Block(some, numbered(start), partial(_cell, some), names)

    return Table(blocks, len(values))


def _texts(numbers: NDArray[np.float64]) -> list[str]:
    """Return numbers as texts of all digits, whole numbers without a decimal point."""
    return [str(int(number) if number.is_integer() else number) for number in numbers.tolist()]


def _cell(values: NDArray[np.float64], row: int, column: int) -> str:
    return str(values[row, column])


def array_table(file: DataFile, names: Sequence[str], possible: Sequence[str], label: str = "") -> Table:
    """Read a file of arrays whole.

    Args:
        file: an NPY file, or a pickle, which is read without trusting it.
        names: of the columns that are read.
        possible: names of the columns of a 2-D array, which may have those that are read or all.
        label: the name of the column of labels, or "".

    Raises:
        DataError: it holds something else, or lacks a column.
    """
    content = _content(file)
    if not label:
        return table_of_arrays(_from_arrays(file.name, content, names, possible))
    values = _from_arrays(file.name, content, (*names, label), possible)
    return table_of_arrays(values[:, :-1], values[:, -1])


def array_names(file: DataFile) -> tuple[str, ...]:
    """Return the names of the columns of a structured array or a dict.

    Raises:
        DataError: it holds something else.
    """
    content = _content(file)
    names = content if isinstance(content, dict) else content.dtype.names or ()
    if not names:
        raise DataError(
            f"{file.name} has columns without names, and a formula needs some; make it a structured array or a dict"
        )
    return tuple(map(str, names))


def _content(file: DataFile) -> Any:
    with file.open() as stream:
        return (_npy if file.suffix == ".npy" else _pickle)(file.name, stream.read())


def _npy(path: str, content: bytes) -> NDArray[Any]:
    try:
        return _npy_array(content)
    except Exception as error:  # a header is a Python literal, and one that is malformed can make NumPy raise anything
        raise DataError(f"{path} is no readable NPY file: {short(str(error))}") from error


def _pickle(path: str, content: bytes) -> Any:
    found = load_arrays(path, content)
    if isinstance(found, list | tuple):
        found = _rectangle(path, found)
    if not isinstance(found, np.ndarray | dict):
        raise DataError(f"{path} holds a {type(found).__name__}; data are a 2-D array, a list of rows or a dict of columns")
    return found


def _npy_array(content: bytes) -> NDArray[Any]:
    """Read an NPY file from memory; no length that it claims allocates more than there are bytes for."""
    stream = io.BytesIO(content)
    old = np.lib.format.read_magic(stream) == (1, 0)
    shape, _, dtype = (np.lib.format.read_array_header_1_0 if old else np.lib.format.read_array_header_2_0)(stream)
    left = len(content) - stream.tell()
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize > left:
        raise ValueError(f"it claims an array of shape {shape} and dtype {dtype}, but has {left} bytes for it")
    stream.seek(0)
    values: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    return values


def _rectangle(path: str, rows: Sequence[Any]) -> NDArray[np.float64]:
    """Return a list of rows as an array; a row is a list of numbers or a 1-D array."""
    table = []
    for i, row in enumerate(rows):
        scalar = isinstance(row, np.ndarray) and not row.ndim  # as NumPy's numbers are read
        if scalar or not isinstance(row, list | tuple | np.ndarray) or len(row) != len(rows[0]):
            raise DataError(f"{path}: item {i} of the list is no row of numbers as long as the first one")
        table.append(_column(path, f"item {i} of the list", row))
    return np.array(table, np.float64, ndmin=2)


def _by_position(path: str, values: NDArray[Any], possible: Sequence[str], needed: int) -> dict[str, Any]:
    """Return the columns of a 2-D array under the names of their positions; it may have the needed ones or all possible."""
    wanted = " or ".join(f"{width} ({', '.join(possible[:width])})" for width in sorted({needed, len(possible)}))
    if values.ndim != 2 or values.shape[1] not in (needed, len(possible)):
        raise DataError(f"{path} holds an array of shape {values.shape}; it must have two axes and {wanted} columns")
    return dict(zip(possible, values.T, strict=False))


def _from_arrays(path: str, content: Any, names: Sequence[str], possible: Sequence[str]) -> NDArray[np.float64]:
    if isinstance(content, dict):
        columns = content
    elif content.dtype.names:
        columns = {name: content[name] for name in content.dtype.names}
    else:
        columns = _by_position(path, content, possible, len(names))
    positions(path, list(columns), names)
    table = [_column(path, f"column {name}", columns[name]) for name in names]
    if len({len(column) for column in table}) > 1:
        sizes = ", ".join(f"{name} {len(column)}" for name, column in zip(names, table, strict=True))
        raise DataError(f"{path} has columns of different lengths: {sizes}")
    return np.column_stack(table)


def _column(path: str, what: str, values: Any) -> NDArray[np.float64]:
    if isinstance(values, list | tuple):
        if not all(isinstance(cell, int | float) or (isinstance(cell, np.ndarray) and not cell.ndim) for cell in values):
            raise DataError(f"{path}: {what} has a cell that is no number")
        try:
            values = np.array([float(cell) for cell in values])
        except OverflowError as error:
            raise DataError(f"{path}: {what} has a whole number beyond the range of floats") from error
    if not isinstance(values, np.ndarray) or values.ndim != 1 or values.dtype.kind not in "biuf":
        kind = f"an array {values.shape} of {values.dtype}" if isinstance(values, np.ndarray) else f"a {type(values).__name__}"
        raise DataError(f"{path}: {what} is {kind}; it must be one axis of real numbers")
    return values.astype(np.float64)
