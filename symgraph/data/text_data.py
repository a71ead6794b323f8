"""Tables of text: columns named by the first line, of any dialect, read in blocks by Python's csv."""

import csv
import io
import math
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TextIO

import numpy as np

from symgraph.data.blocks import BLOCK_ROWS, Block, Reading, Table, positions, short
from symgraph.data.data_files import DataFile, looks_like
from symgraph.errors import DataError, OptionError

SUFFIXES = (".csv", ".tsv", ".txt", ".dat")

MISSING = frozenset({"", "na", "n/a", "#n/a", "<na>", "nan", "null", "none"})
"""Texts, in small letters, of a cell without a value."""

_SAMPLE = 200  # rows by which the decimal sign is told
_CELLS = 200_000  # of a block, which are objects of Python, at most
_LINE = 1 << 24  # characters of a line at most
_EMPTY = 1_000_000  # lines without a row, beyond the number of rows, at most
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}
_BREAK = re.compile(r"\r\n|\r|\n")
_COMMENT = ["#"]
"""The row of a line that is a comment."""
_VANISHES = re.compile(r"^[^eE]*[1-9]")
"""A number that is not 0, whatever double is next to it."""
_TINY = re.compile(r"\d[eE]-\d+$")
"""The end of such a number where its double may be 0."""


def checked_dialect(reading: Reading) -> Reading:
    """Return options after checking those of text; a delimiter may be named: tab, space.

    Raises:
        OptionError: a sign cannot be what it is given as.
    """
    delimiter, decimal, thousands = reading.delimiter, reading.decimal, reading.thousands
    named = {"tab": "\t", r"\t": "\t", "space": " "}.get(delimiter or "", delimiter)
    if named is not None and (len(named) != 1 or named in '"\r\n#.+-' or named.isalnum()):
        raise OptionError(f"delimiter must be one sign between cells, such as ; or tab, not {delimiter!r}")
    if decimal not in (None, ".", ","):
        raise OptionError(f"decimal must be . or , and not {decimal!r}")
    if thousands is not None and (
        thousands not in (",", ".", "'", " ", "\N{NO-BREAK SPACE}", "_") or thousands == (decimal or ".")
    ):
        raise OptionError(f"thousands must be one of , . ' _ or a space, and not the decimal sign, not {thousands!r}")
    return replace(reading, delimiter=named)


@dataclass(frozen=True, slots=True)
class _Text:
    """A table of text.

    Attributes:
        file: the file.
        names: of the columns that are read.
        dialect: how it is written, neither delimiter nor decimal sign left open.
        header: the names of all columns.
        label: the name of the column that is read as labels, or "".
    """

    file: DataFile
    names: tuple[str, ...]
    dialect: Reading
    header: tuple[str, ...]
    label: str = ""

    def blocks(self) -> Iterator[Block]:
        """Read the rows; see `Table`."""
        places = positions(self.file.name, self.header, self.names)
        for rows, where in self._parts():
            yield self._block(rows, places, where)

    def _parts(self) -> Iterator[tuple[list[list[str]], Callable[[int], str]]]:
        name, width = self.file.name, len(self.header)
        with _opened(self.file) as stream:
            reader = _Reader(_lines(name, stream), self.dialect.delimiter or ",")
            rest = iter(reader)
            next(_filled(rest))
            blank = count = empty = 0
            while True:
                before = reader.line
                try:
                    rows = list(islice(rest, max(1, min(BLOCK_ROWS, _CELLS // width))))
                except csv.Error as error:
                    line = self._broken_line()
                    raise DataError(f"{name} is no readable CSV: the row that begins in line {line}: {error}") from error
                if not rows:
                    break
                lines, there = list[int](), len(rows)
                if blank or width == 1 or set(map(len, rows)) != {width}:
                    rows, lines, blank = _regular(name, rows, before, width, blank)
                count, empty = count + len(rows), empty + there - len(rows)
                if empty > _EMPTY + count:
                    raise DataError(f"{name} has more than {_EMPTY:,} blank lines and comments; remove them")
                if rows:
                    yield rows, partial(_where, rows, lines, before)
        if not count:
            raise DataError(f"{name} has column names but no rows")

    def _broken_line(self) -> int:
        """Return the line where the first row begins that cannot be read."""
        line = 0
        with _opened(self.file) as stream, suppress(csv.Error):
            reader = _Reader(_lines(self.file.name, stream), self.dialect.delimiter or ",")
            for _ in reader:
                line = reader.line
        return line + 1

    def _block(self, rows: list[list[str]], places: list[int], where: Callable[[int], str]) -> Block:
        values = np.empty((len(rows), len(places)))
        for column, place in enumerate(places):
            values[:, column] = _numbers([row[place] for row in rows], self.dialect)

        def cell(row: int, column: int) -> str:
            text = rows[row][places[column]].strip()
            signs = " (read with decimal commas)" if self.dialect.decimal == "," else ""
            lost = " (smaller than any double; write 0 if it is meant)" if _VANISHES.search(text) and _TINY.search(text) else ""
            return f"{short(text)!r}{signs}{lost}" if text else "empty"

        if not self.label:
            return Block(values, where, cell)
        place = self.header.index(self.label)
        return Block(values, where, cell, [row[place].strip() for row in rows])


def _where(rows: list[list[str]], lines: list[int], before: int, row: int) -> str:
    return f"line {lines[row] if lines else before + 1 + row + sum(map(_breaks, rows[:row]))}"


def text_table(file: DataFile, names: Sequence[str], asked: Reading, label: str = "") -> Table:
    """Look at the first rows of a file, which tell what its dialect is as far as nobody has said it.

    The delimiter is the one at which the first line names all columns asked for. The decimal sign is a comma if the delimiter
    is not, and the first rows are numbers so, and not with a point.

    Raises:
        DataError: the file is empty or no text, or lacks a column.
    """
    if asked.delimiter is None and file.suffix == ".tsv":
        asked = replace(asked, delimiter="\t")
    with _opened(file) as stream:
        lines = list(islice(_lines(file.name, stream), 1000))
    tried = [asked.delimiter] if asked.delimiter else [",", ";", "\t", "|", " "]
    headers = {delimiter: _header(lines, delimiter) for delimiter in tried}
    wanted = (*names, label) if label else tuple(names)
    found = [one for one in tried if set(wanted) <= set(headers[one])]
    # the first of those with most columns; names may have spaces in them
    delimiter = max(found or tried, key=lambda one: (len(headers[one]) > 1, one != " ", len(headers[one])))
    header = headers[delimiter]
    if not header:
        if any(line.strip() for line in lines):
            raise DataError(f"{file.name} is no readable CSV: its first line has a quote that does not end, or a long name")
        raise DataError(f"{file.name} is empty; its first line must name the columns {', '.join(wanted)}".rstrip())
    hint = "" if found or asked.delimiter is None else f" (columns separated by {_NAMES.get(delimiter, delimiter)})"
    places = positions(file.name, header, wanted, "its first line names", hint)[: len(names)]
    by_commas = "," not in (delimiter, asked.thousands) and _has_commas(lines, delimiter, places)
    decimal = asked.decimal or ("," if by_commas else ".")
    told = [] if delimiter == "," else [f"columns separated by {_NAMES.get(delimiter, delimiter)}"]
    words = ", ".join([*told, *(["decimal commas"] if decimal == "," else [])])
    text = _Text(file, tuple(names), replace(asked, delimiter=delimiter, decimal=decimal), tuple(header), label)
    return Table(text.blocks, None, text.header, words)


def _header(lines: list[str], delimiter: str) -> list[str]:
    """Return the names in the first line, none where the delimiter does not fit its quotes."""
    try:
        return next(([cell.strip() for cell in row] for row in _filled(_Reader(lines, delimiter))), [])
    except csv.Error:
        return []


def _has_commas(lines: list[str], delimiter: str, places: list[int]) -> bool:
    """Tell if numbers of the first rows have decimal commas.

    Of the columns that are read, those do that have commas. Where none has, other columns tell it, which are of numbers alone:
    then 1.234 may be a thousand, unless a column that is read has a point where none can be between groups of digits.
    """
    reader = _filled(_Reader(lines, delimiter))
    try:
        header = next(reader)
        rows = [row for row in islice(reader, max(1, min(_SAMPLE, _CELLS // len(header)))) if len(row) == len(header)]
    except csv.Error:  # which the first reading of all rows tells with its line
        return False
    columns = list(zip(*rows, strict=True)) or [()] * len(header)

    def are_numbers(cells: Iterable[str], thousands: str | None = None) -> bool:
        return not any(math.isinf(_number(cell, Reading(decimal=",", thousands=thousands))) for cell in cells)

    commas = [cell for place in places for cell in columns[place] if "," in cell]
    if commas:
        return are_numbers(commas)
    told = any("," in "".join(column) and are_numbers(column, ".") for column in columns)
    return told and all(are_numbers(columns[place], ".") for place in places)


@contextmanager
def _opened(file: DataFile) -> Iterator[TextIO]:
    # what decompresses is read like a file
    with file.open() as binary, io.BufferedReader(binary, 1 << 16) as buffered:  # type: ignore[type-var]
        _check_text(file.name, buffered.peek(4096)[:4096])
        try:
            with io.TextIOWrapper(buffered, encoding="utf-8-sig", newline="") as stream:
                yield stream
        except UnicodeDecodeError as error:
            raise DataError(f"{file.name} is not UTF-8 text{_undecodable(file)}; save it as UTF-8") from error
        except csv.Error as error:
            raise DataError(f"{file.name} is no readable CSV: {error}") from error


def _check_text(name: str, head: bytes) -> None:
    known = looks_like(head)
    if known:
        raise DataError(f"{name} is no text: it begins like a {known} file; name it so if it is one")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head:
        what = "UTF-16 text" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "binary, no text"
        raise DataError(f"{name} is {what}; save it as UTF-8 text")


def _undecodable(file: DataFile) -> str:
    """Return the line of the first byte that is not UTF-8, in words."""
    with file.open() as binary, io.BufferedReader(binary) as stream:  # type: ignore[type-var]  # as above
        for number, line in enumerate(stream, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return f" in line {number}"
    return ""


def _lines(name: str, stream: TextIO) -> Iterator[str]:
    for line in iter(partial(stream.readline, _LINE), ""):
        if len(line) == _LINE:
            raise DataError(f"{name} has a line of more than {_LINE:,} characters, so it is no table of text")
        yield line


class _Reader:
    """Rows of lines, by csv, which alone knows where a row begins: a line that begins with # is a comment only there."""

    def __init__(self, lines: Iterable[str], delimiter: str) -> None:
        self._begins = self._comment = False
        fed = self._fed(lines, joined=delimiter == " ")
        self._rows = csv.reader(fed, delimiter=delimiter, skipinitialspace=True, strict=True)  # a quote may follow a space

    @property
    def line(self) -> int:
        """The number of lines that are read."""
        return self._rows.line_num

    def __iter__(self) -> Iterator[list[str]]:
        self._begins = True
        for row in self._rows:
            self._begins = True
            yield _COMMENT if self._comment else row

    def _fed(self, lines: Iterable[str], *, joined: bool) -> Iterator[str]:
        for line in lines:
            self._comment = self._begins and line[0] == "#"
            self._begins = False
            yield "#\n" if self._comment else " ".join(line.split()) if joined else line


def _filled(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    return (row for row in rows if row and row is not _COMMENT)


def _regular(name: str, rows: list[list[str]], before: int, width: int, blank: int) -> tuple[list[list[str]], list[int], int]:
    """Return the rows without comments and blank ends, the lines where they begin, and the first blank line.

    Args:
        name: the file's.
        rows: some.
        before: the line before them.
        width: the number of cells that each is to have.
        blank: the line of a blank row before them, or 0.
    """
    kept, lines, line = [], [], before + 1
    for row in rows:
        if not row or (len(row) == 1 and width > 1 and not row[0].strip()):
            blank = blank or line
        elif row is _COMMENT:
            pass
        elif blank:
            raise DataError(f"{name}: line {blank} is blank, and more rows follow; remove the line or fill it")
        elif len(row) != width:
            raise DataError(f"{name}: line {line} has {len(row)} cells, the first line names {width} columns")
        else:
            kept.append(row)
            lines.append(line)
        line += 1 + _breaks(row)
    return kept, lines, blank


def _breaks(row: list[str]) -> int:
    return sum(len(_BREAK.findall(cell)) for cell in row)


def _numbers(cells: list[str], dialect: Reading) -> "array[float]":
    whole = "".join(cells)
    if dialect.decimal != "," and not dialect.thousands and "_" not in whole and whole.isascii():  # see _number
        try:
            found = array("d", map(float, cells))
        except ValueError:
            pass
        else:
            for place in np.flatnonzero(np.asarray(found) == 0.0).tolist():
                if _VANISHES.search(cells[place]):
                    found[place] = math.inf
            return found
    return array("d", [_number(cell, dialect) for cell in cells])


def _number(cell: str, dialect: Reading) -> float:
    """Return a cell as a number: NaN where it is missing, infinite where it is none.

    Python alone reads 1_000 and the digits of other scripts as numbers; 1e-400 is one, and is lost as a double.
    """
    text = cell.strip()
    if text.lower() in MISSING:
        return math.nan
    if dialect.thousands and dialect.thousands in text:
        sign, point = re.escape(dialect.thousands), re.escape(dialect.decimal or ".")
        if not re.fullmatch(rf"[+-]?\d{{1,3}}({sign}\d{{3}})+({point}\d*)?([eE][+-]?\d+)?", text):
            return math.inf
        text = text.replace(dialect.thousands, "")
    if dialect.decimal == ",":
        text = text.replace(".", "_").replace(",", ".")
    try:
        number = math.inf if "_" in text or not text.isascii() else float(text)
    except ValueError:
        return math.inf
    return number if number or not _VANISHES.search(text) else math.inf
