"""Rows as they come from a file: blocks of numbers, what is missing in them, and in which words a fault is told."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import DataError, did_you_mean, listed

LONGEST = 200
"""Characters of a file's text that a message repeats at most."""

BLOCK_ROWS = 16_384
"""Rows of a block at most, as far as a file can be read in parts."""

LONGEST_LABEL = 10_000
"""Characters of the name of a data set at most."""


class Block(NamedTuple):
    """Consecutive rows.

    Attributes:
        values: (n, m) float64, the columns asked for; NaN in a cell that is missing, an infinity in one that is no number.
        place: tells where a row is, in words.
        cell: tells what a cell at (row, column) holds, in words.
        labels: the texts of a further column, which names each row's data set; None where none was asked for.
    """

    values: NDArray[np.float64]
    place: Callable[[int], str]
    cell: Callable[[int, int], str]
    labels: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Columns of a file, or of what is in memory, that are read in blocks, as often as is wanted.

    Attributes:
        blocks: reads the columns asked for from the beginning; raises a DataError where the file cannot be used.
        rows: the number of rows; None where only reading tells.
        header: the names of all columns of a file that has some.
        dialect_in_words: how text is written; "" for commas and decimal points, and for what is no text.
    """

    blocks: Callable[[], Iterator[Block]]
    rows: int | None = None
    header: tuple[str, ...] = ()
    dialect_in_words: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """Options by which a file is read.

    Attributes:
        drop_missing: whether rows with a missing cell are left out, and not refused.
        delimiter: between the cells of text; None where its first line is to tell. A space stands for any number of spaces and
            tabs.
        decimal: the decimal sign of text, "." or ","; None where its first rows are to tell.
        thousands: the sign between groups of three digits of text; None for none.
    """

    drop_missing: bool = False
    delimiter: str | None = None
    decimal: str | None = None
    thousands: str | None = None


class Rows(NamedTuple):
    """Rows without missing cells.

    Attributes:
        values: (n, m) float64, finite.
        kept: (rows of the block,) which of these they are; None where they are all.
        labels: the names of their data sets, where they were asked for.
    """

    values: NDArray[np.float64]
    kept: NDArray[np.bool_] | None
    labels: Sequence[str] | None = None

    @property
    def read(self) -> int:
        """Return the number of rows of the block, with those that were left out."""
        return len(self.values) if self.kept is None else len(self.kept)


def numbered(first: int) -> Callable[[int], str]:
    """Return a function that tells where a row is by its number, from that of the first row of a block."""
    return lambda row: f"row {first + row} (counted from 0)"


def complete(
    name: str, blocks: Iterable[Block], columns: Sequence[str], *, drop_missing: bool, label: str = ""
) -> Iterator[Rows]:
    """Yield the rows of each block, those with a missing cell left out or refused.

    Args:
        name: the data's, for the message.
        blocks: in order.
        columns: names of the columns.
        drop_missing: whether rows with a missing cell are left out.
        label: the name of the column of labels.

    Raises:
        DataError: a cell is no finite number; after all blocks, so that it tells how many more there are. A label is empty.
    """
    first, hint, count, rows, unnamed = "", "", 0, 0, ""
    for block in blocks:
        finite = np.isfinite(block.values)
        complete_rows: Any = None if finite.all() else finite.all(axis=1)
        if complete_rows is not None:
            bad = np.isinf(block.values) if drop_missing else ~finite
            if bad.any():
                row, column = map(int, np.argwhere(bad)[0])
                if not first:
                    first = f"{block.place(row)}, column {columns[column]} is {block.cell(row, column)}"
                    missing = bool(np.isnan(block.values[row, column]))
                    hint = _hint(block.cell(row, column), missing=missing, words=rows + row == 0 and bool(bad[row].all()))
                count += int(bad.sum())
        labels = block.labels
        if labels is not None and not unnamed:
            empty = (row for row, one in enumerate(labels) if not one and (complete_rows is None or complete_rows[row]))
            unnamed = next((f"{block.place(row)}, column {label} is empty; name the row's data set" for row in empty), "")
        rows += len(block.values)
        if not first:
            if complete_rows is None:
                yield Rows(block.values, None, labels)
            else:
                kept = None if labels is None else list(compress(labels, complete_rows.tolist()))
                yield Rows(block.values[complete_rows], complete_rows, kept)
    if first:
        more = f"; {count - 1} more such cells follow" if count > 1 else ""
        raise DataError(f"{name}: {first}, not a finite number{more}{hint}")
    if unnamed:
        raise DataError(f"{name}: {unnamed}")
    if not rows:
        raise DataError(f"{name} has no rows")


def _hint(cell: str, *, missing: bool, words: bool) -> str:
    """Return what to do about a cell, where it can be told: it is missing, its digits are grouped, or the line has words."""
    if missing:
        return "; drop_missing=True, --drop-missing on the command line, leaves such rows out"
    grouped = re.match(r"'[-+]?\d{1,3}(?:([.,' ])\d{3})(?:\1\d{3})*(?:[.,]\d+)?'", cell)
    if grouped:
        decimal = "," if grouped[1] == "." else "."
        other = ", else decimal='.'" if decimal == "," and "read with decimal commas" in cell else ""
        return f"; if its digits are grouped, say by what: thousands={grouped[1]!r}, decimal={decimal!r}{other}"
    return "; if these are units, put # before the line" if words and re.match(r"'[^\W\d]", cell) else ""


def positions(name: str, header: Sequence[str], names: Sequence[str], where: str = "it has", hint: str = "") -> list[int]:
    """Return the places of columns in a header.

    Raises:
        DataError: a column is missing, or there more than once.
    """
    missing = [one for one in names if one not in header]
    if missing:
        there = f"{where} {listed(map(short, header))}{did_you_mean(missing[0], map(short, header))}"
        raise DataError(f"{name} has no column {', '.join(missing)}; {there}{hint}")
    doubled = [one for one in names if header.count(one) > 1]
    if doubled:
        places = ", ".join(str(i) for i, one in enumerate(header, start=1) if one == doubled[0])
        raise DataError(f"{name} has the column {doubled[0]} more than once (columns {places}); rename or remove one")
    return [header.index(one) for one in names]


def short(text: str) -> str:
    """Return text of a file for a message: on one line, without control characters, and its beginning if it is long."""
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:LONGEST])
    return clean if len(text) <= LONGEST else f"{clean}..."
