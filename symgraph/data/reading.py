"""Data files: a matrix of features and the targets' columns from text, Parquet, Arrow, NPY or a pickled array."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.data import array_data, arrow_data, text_data
from symgraph.data.array_data import array_names, array_table
from symgraph.data.arrow_data import arrow_table
from symgraph.data.blocks import Reading as Reading
from symgraph.data.blocks import Rows, Table, complete
from symgraph.data.data_files import DataFile, data_file, kind_by_name
from symgraph.data.files import is_stream
from symgraph.data.text_data import checked_dialect, text_table
from symgraph.errors import DataError

SUFFIXES = (*text_data.SUFFIXES, *arrow_data.SUFFIXES, *array_data.SUFFIXES)
"""Suffixes of data files; those of text may be compressed, with a further suffix."""


PLAIN = Reading()
_ANY_FILE = 1 << 28
"""Bytes of numbers that a file of any size may hold to be read into memory."""
_PER_BYTE = 100
"""Bytes of numbers for each byte of the file that a larger one may hold: ten times what compression makes of usual numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Data of one model.

    Attributes:
        X: (n, d) float64, the features in the model's order; None where the model has no features.
        y: (n,) float64, (n, p) of several targets, or None where no target was asked for.
        others: (n, columns) float64, further columns that were asked for.
        kept: (rows of the file,) which of these the n rows are; None where they are all.
        dialect: how text was read, in words; "" for commas and decimal points, and for what is no text.
        labels: the names of the rows' data sets, where their column was asked for.
    """

    X: NDArray[np.float64] | None
    y: NDArray[np.float64] | None
    others: NDArray[np.float64] | None = None
    kept: NDArray[np.bool_] | None = None
    dialect: str = ""
    labels: tuple[str, ...] = ()

    def __len__(self) -> int:
        part = self.y if self.X is None else self.X
        return 0 if part is None else len(part)

    @property
    def dropped(self) -> int:
        """Return the number of rows that were left out since a cell of them is missing."""
        return 0 if self.kept is None else int(np.sum(~self.kept))


def read_data(
    path: str | Path | DataFile,
    features: Sequence[str],
    target: str | Sequence[str] | None,
    *,
    need_target: bool = True,
    others: Sequence[str] = (),
    label: str = "",
    reading: Reading = PLAIN,
) -> Dataset:
    """Read a data file, whose suffix gives the format.

    .csv, .txt, .dat and .tsv are UTF-8 text, with or without a byte order mark, whose first line names the columns; see
    `text_data.text_table` for what may separate them. They may be compressed, with a further suffix .gz, .bz2, .xz or .zst, and
    "-" is stdin. .parquet, .arrow and .feather are read by pyarrow. .npy, .pkl and .pickle hold a 2-D array with the features
    in the model's order and then the targets, or columns by name: a structured array (n,), or in a pickle a dict; a pickle may
    hold a list of rows as well. Pickles are read without trusting them, see `symgraph.data.unpickle`; those inside an .npy file
    are refused. Columns by name may be in any order, and others than the model's are ignored.

    Args:
        path: the file, or what `known_file` has found it to be.
        features: names of the model's features, in its order.
        target: name of its target, or None where it has none; the names of several.
        need_target: whether the target is read; without it a file need not have one, as for predictions.
        others: names of further columns, which only files with names have.
        label: the name of a column whose texts name the data set of each row; numbers are read as texts.
        reading: how the file is read.

    Raises:
        DataError: the file cannot be used: it holds something else, a column is missing or doubled, a row is ragged, a cell is
            no finite number, a label is empty, or there are no rows; the message names the file, and the row and column where
            there are some.
        OptionError: what reads the file is not installed.
    """
    targets = () if target is None else (target,) if isinstance(target, str) else tuple(target)
    own = (*features, *targets) if need_target else tuple(features)
    names = (*own, *others)
    file = known_file(path)
    name, table = opened_table(file, names, (*features, *targets), reading, label)
    found = complete(name, table.blocks(), names, drop_missing=reading.drop_missing, label=label)
    blocks = list(_within(file, found, table.rows, len(names)))
    if not any(len(block.values) for block in blocks):
        raise DataError(f"{name} has a missing cell in every row")

    def part(columns: Any) -> NDArray[np.float64]:
        return np.concatenate([block.values[:, columns] for block in blocks])

    kept = [np.ones(len(block.values), bool) if block.kept is None else block.kept for block in blocks]
    d = len(features)
    X = part(slice(d)) if d else None
    y = None
    if len(own) > d:
        y = part(d if isinstance(target, str) else slice(d, len(own)))
    all_kept = all(block.kept is None for block in blocks)
    further = part(slice(len(own), None)) if others else None
    labels = tuple(one for block in blocks for one in block.labels or ())
    return Dataset(X, y, further, None if all_kept else np.concatenate(kept), table.dialect_in_words, labels)


def _within(file: DataFile, blocks: Iterable[Rows], rows: int | None, width: int) -> Iterator[Rows]:
    """Yield blocks as long as a file holds no more than one of its size may.

    Raises:
        DataError: it says, or shows, that it holds more.
    """
    most = max(_ANY_FILE, _PER_BYTE * file.size)

    def check(size: int) -> None:
        if size > most:
            raise DataError(
                f"{file.name} has {file.size:,} bytes, which hold more than {most:,} bytes of numbers; "
                "read it in blocks, with symgraph.stream or --stream, or write its numbers as .npy"
            )

    check(8 * width * (rows or 0))
    size = 0
    for block in blocks:
        size += block.values.nbytes + sum(map(len, block.labels or ()))
        check(size)
        yield block


def opened_table(
    path: str | Path | DataFile, names: Sequence[str], possible: Sequence[str], reading: Reading, label: str = ""
) -> tuple[str, Table]:
    """Return what reads some columns of a file in blocks, and the file's name for messages.

    Args:
        path: the file, as for `read_data`.
        names: of the columns that are read.
        possible: names of the columns of a 2-D array, which may have those that are read or all.
        reading: how it is read.
        label: the name of the column of labels, or "".

    Raises:
        DataError, OptionError: as for `read_data`.
    """
    dialect = checked_dialect(reading)
    if not names:
        raise DataError(f"{path} is not needed: the model has nothing to read from it")
    file = known_file(path)
    if file.suffix in arrow_data.SUFFIXES:
        return file.name, arrow_table(file, names, label)
    if file.suffix in array_data.SUFFIXES:
        return file.name, array_table(file, names, possible, label)
    return file.name, text_table(file, names, dialect, label)


def column_names(path: str | Path | DataFile, reading: Reading = PLAIN) -> tuple[str, ...]:
    """Return the names of the columns of a file whose columns have names: of arrays, a structured one or a dict has.

    Raises:
        DataError: it is another kind of file, cannot be read, or is empty.
    """
    dialect, file = checked_dialect(reading), known_file(path)
    if file.suffix in array_data.SUFFIXES:
        return array_names(file)
    return (arrow_table(file, ()) if file.suffix in arrow_data.SUFFIXES else text_table(file, (), dialect)).header


def known_file(path: str | Path | DataFile) -> DataFile:
    """Look at what a path names, as `data_file` does, if its format is known; a pipe, and /dev/stdin, may have no suffix.

    Raises:
        DataError: the format is not known, or there is no such file.
    """
    if isinstance(path, DataFile):
        return path
    path = Path(path)
    suffix, last = kind_by_name(path)
    nameless = str(path) == "-" or (not suffix and is_stream(path))
    if not nameless and suffix not in (text_data.SUFFIXES if last else SUFFIXES):
        found = f"not in {suffix + last!r}" if suffix or last else "and this one has no suffix"
        known = f"{', '.join(text_data.SUFFIXES)} before {last}" if last else f"{', '.join(SUFFIXES)}"
        raise DataError(f"{path}: a data file ends in {known}, {found}")
    return data_file(path)
