"""Data files: a matrix of features and the targets' columns from CSV, NPY or a pickled array."""

import csv
import io
import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import DataError
from symgraph.io.unpickle import load_arrays

_SHOWN = 20  # column names that a message lists at most
_LONGEST = 200  # characters of a file's text that a message repeats at most


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Data of one model.

    Attributes:
        X: (n, d) float64, the features in the model's order; None where the model has no features.
        y: (n,) float64, (n, p) of several targets, or None where no target was asked for.
    """

    X: NDArray[np.float64] | None
    y: NDArray[np.float64] | None

    def __len__(self) -> int:
        part = self.y if self.X is None else self.X
        return 0 if part is None else len(part)


def read_data(
    path: str | Path, features: Sequence[str], target: str | Sequence[str] | None, *, need_target: bool = True
) -> Dataset:
    """Read a data file, whose suffix gives the format.

    .csv and .tsv are UTF-8 text, with or without a byte order mark, whose first line names the columns; they are separated by
    commas, or by tabs. .npy, .pkl and .pickle hold a 2-D array with the features in the model's order and then the targets, or
    columns by name: a structured array (n,), or in a pickle a dict; a pickle may hold a list of rows as well. Pickles are read
    without trusting them, see `symgraph.io.unpickle`; those inside an .npy file are refused. Columns by name may be in any
    order, and others than the model's are ignored.

    Args:
        path: the file.
        features: names of the model's features, in its order.
        target: name of its target, or None where it has none; the names of several.
        need_target: whether the target is read; without it a file need not have one, as for predictions.

    Raises:
        DataError: the file cannot be used: it holds something else, a column is missing or doubled, a row is ragged, a cell is
            no finite number, or there are no rows; the message names the file, and the row and column where there are some.
    """
    path = Path(path)
    readers = {".csv": _text, ".tsv": _text, ".npy": _npy, ".pkl": _pickle, ".pickle": _pickle}
    reader, suffix = readers.get(path.suffix.lower()), path.suffix.lower()
    if reader is None:
        found = f"not in {suffix!r}" if suffix else "and this one has no suffix"
        raise DataError(f"{path}: a data file ends in {', '.join(readers)}, {found}")
    targets = () if target is None else (target,) if isinstance(target, str) else tuple(target)
    possible = (*features, *targets)
    names = possible if need_target else tuple(features)
    if not names:
        raise DataError(f"{path} is not needed: the model has nothing to read from it")
    try:
        table = reader(path, names, possible)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    d = len(features)
    X = np.ascontiguousarray(table[:, :d]) if d else None
    y = None
    if len(names) > d:
        y = table[:, d].copy() if isinstance(target, str) else np.ascontiguousarray(table[:, d:])
    return Dataset(X, y)


def column_names(path: str | Path) -> tuple[str, ...]:
    """Return the names of the columns of a .csv or .tsv file, which its first line gives.

    Raises:
        DataError: it is another kind of file, cannot be read, or is empty.
    """
    path = Path(path)
    if path.suffix.lower() not in (".csv", ".tsv"):
        raise DataError(f"{path}: a formula needs a file whose columns have names, .csv or .tsv")
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            header = _header(_reader(path, stream))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is no readable CSV: {error}") from error
    if header is None:
        raise DataError(f"{path} is empty; its first line must name the columns")
    return tuple(header)


# Text.


def _text(path: Path, names: tuple[str, ...], _: Sequence[str]) -> NDArray[np.float64]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return _read_table(path, stream, names)
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text; save it as UTF-8") from error
    except csv.Error as error:
        raise DataError(f"{path} is no readable CSV: {error}") from error


def _read_table(path: Path, stream: TextIO, names: tuple[str, ...]) -> NDArray[np.float64]:
    reader = _reader(path, stream)
    header = _header(reader)
    if header is None:
        raise DataError(f"{path} is empty; its first line must name the columns {', '.join(names)}")
    positions = _positions(path, header, names)
    values, bad = array("d"), None
    for line, row in _rows(path, reader, len(header)):
        cells = [row[position] for position in positions]
        numbers = [_number(cell) for cell in cells]
        if bad is None and not all(map(math.isfinite, numbers)):
            bad = line, cells
        values.extend(numbers)
    if not values:
        raise DataError(f"{path} has column names but no rows")
    return _finite(path, np.array(values, np.float64).reshape(-1, len(names)), names, bad)


def _reader(path: Path, stream: TextIO) -> Any:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    return csv.reader(stream, delimiter=delimiter, skipinitialspace=True, strict=True)  # a quote may follow a space


def _header(reader: Any) -> list[str] | None:
    """Return the names in the first line that is not blank, or None."""
    return next(([cell.strip() for cell in row] for row in reader if row), None)


def _positions(path: Path, header: list[str], names: tuple[str, ...]) -> list[int]:
    missing = [name for name in names if name not in header]
    if missing:
        hint = "; separate the columns by commas, not by semicolons" if len(header) == 1 and ";" in header[0] else ""
        raise DataError(f"{path} has no column {', '.join(missing)}; its first line names {_listed(header)}{hint}")
    doubled = [name for name in names if header.count(name) > 1]
    if doubled:
        places = ", ".join(str(i) for i, name in enumerate(header, start=1) if name == doubled[0])
        raise DataError(f"{path} has the column {doubled[0]} more than once (columns {places}); rename or remove one")
    return [header.index(name) for name in names]


def _rows(path: Path, reader: Any, width: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows with the numbers of the lines where they begin; blank lines are allowed at the end only."""
    line, blank = reader.line_num + 1, None
    for row in reader:
        if not row or (len(row) == 1 and width > 1 and not row[0].strip()):
            blank = blank or line
        elif blank:
            raise DataError(f"{path}: line {blank} is blank, and more rows follow; remove the line or fill it")
        elif len(row) != width:
            raise DataError(f"{path}: line {line} has {len(row)} cells, the first line names {width} columns")
        else:
            yield line, row
        line = reader.line_num + 1


def _number(cell: str) -> float:
    """Return the cell as a number; NaN where it is none, so that one test finds every fault of a row."""
    try:
        return math.nan if "_" in cell else float(cell)  # Python alone reads 1_000 as a number
    except ValueError:
        return math.nan


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(_short, names[:_SHOWN])) + (", ..." if len(names) > _SHOWN else "")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


# Arrays.


def _npy(path: Path, names: tuple[str, ...], possible: Sequence[str]) -> NDArray[np.float64]:
    content = path.read_bytes()
    try:
        values = _npy_array(content)
    except Exception as error:  # a header is a Python literal, and one that is malformed can make NumPy raise anything
        raise DataError(f"{path} is no readable NPY file: {_short(str(error))}") from error
    return _from_arrays(path, values, names, possible)


def _pickle(path: Path, names: tuple[str, ...], possible: Sequence[str]) -> NDArray[np.float64]:
    content = load_arrays(path)
    if isinstance(content, list | tuple):
        content = _rectangle(path, content)
    if not isinstance(content, np.ndarray | dict):
        raise DataError(f"{path} holds a {type(content).__name__}; data are a 2-D array, a list of rows or a dict of columns")
    return _from_arrays(path, content, names, possible)


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


def _rectangle(path: Path, rows: Sequence[Any]) -> NDArray[np.float64]:
    """Return a list of rows as an array; a row is a list of numbers or a 1-D array."""
    table = []
    for i, row in enumerate(rows):
        scalar = isinstance(row, np.ndarray) and not row.ndim  # as NumPy's numbers are read
        if scalar or not isinstance(row, list | tuple | np.ndarray) or len(row) != len(rows[0]):
            raise DataError(f"{path}: item {i} of the list is no row of numbers as long as the first one")
        table.append(_column(path, f"item {i} of the list", row))
    return np.array(table, np.float64, ndmin=2)


def _by_position(path: Path, values: NDArray[Any], possible: Sequence[str], needed: int) -> dict[str, Any]:
    """Return the columns of a 2-D array under the names of their positions; it may have the needed ones or all possible."""
    wanted = " or ".join(f"{width} ({', '.join(possible[:width])})" for width in sorted({needed, len(possible)}))
    if values.ndim != 2 or values.shape[1] not in (needed, len(possible)):
        raise DataError(f"{path} holds an array of shape {values.shape}; it must have two axes and {wanted} columns")
    return dict(zip(possible, values.T, strict=False))


def _from_arrays(path: Path, content: Any, names: tuple[str, ...], possible: Sequence[str]) -> NDArray[np.float64]:
    if isinstance(content, dict):
        columns = content
    elif content.dtype.names:
        columns = {name: content[name] for name in content.dtype.names}
    else:
        columns = _by_position(path, content, possible, len(names))
    missing = [name for name in names if name not in columns]
    if missing:
        raise DataError(f"{path} has no column {', '.join(missing)}; it has {_listed([str(name) for name in columns])}")
    table = [_column(path, f"column {name}", columns[name]) for name in names]
    if len({len(column) for column in table}) > 1:
        sizes = ", ".join(f"{name} {len(column)}" for name, column in zip(names, table, strict=True))
        raise DataError(f"{path} has columns of different lengths: {sizes}")
    return _finite(path, np.column_stack(table), names)


def _column(path: Path, what: str, values: Any) -> NDArray[np.float64]:
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


def _finite(
    path: Path, table: NDArray[np.float64], names: Sequence[str], text: tuple[int, list[str]] | None = None
) -> NDArray[np.float64]:
    """Refuse a table with a cell that is no finite number; text has the line and the cells of the first row with one."""
    if not len(table):
        raise DataError(f"{path} has no rows")
    bad = np.argwhere(~np.isfinite(table))
    if len(bad):
        row, column = bad[0]
        where, what = f"row {row} (counted from 0)", str(table[row, column])
        if text is not None:
            cell = text[1][column].strip()
            where, what = f"line {text[0]}", repr(_short(cell)) if cell else "empty"
        more = f"; {len(bad) - 1} more such cells follow" if len(bad) > 1 else ""
        raise DataError(f"{path}: {where}, column {names[column]} is {what}, not a finite number{more}")
    return table
