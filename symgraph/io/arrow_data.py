"""Parquet and Arrow files, read in blocks by pyarrow."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from symgraph.errors import DataError
from symgraph.io.blocks import BLOCK_ROWS, Block, Table, numbered, positions, short
from symgraph.io.data_files import DataFile
from symgraph.io.extra import library

SUFFIXES = (".parquet", ".pq", ".arrow", ".arrows", ".feather", ".ipc")


def _texts(column: Any) -> list[str]:
    return ["" if value is None else str(value).strip() for value in column.to_pylist()]


def arrow_table(file: DataFile, names: Sequence[str], label: str = "") -> Table:
    """Look at the columns of a file, of which some are read as numbers and one may be read as labels.

    Raises:
        DataError: it is damaged, or lacks a column.
        OptionError: pyarrow is not installed.
    """
    wanted = (*names, label) if label else tuple(names)

    def blocks() -> Iterator[Block]:
        start = 0
        with _opened(file) as (_, batches, _rows):
            for batch in batches(wanted):
                for first in range(0, batch.num_rows, BLOCK_ROWS):
                    some = batch.slice(first, BLOCK_ROWS)
                    yield _block(file.name, some, names, start, _texts(some.column(label)) if label else None)
                    start += some.num_rows

    with _opened(file) as (header, _, rows):
        positions(file.name, header, wanted)
        return Table(blocks, rows, tuple(header))


def _block(name: str, rows: Any, names: Sequence[str], start: int, labels: Sequence[str] | None) -> Block:
    columns = [rows.column(one) for one in names]
    values = np.column_stack([_numbers(name, *one) for one in zip(names, columns, strict=True)])

    def cell(row: int, column: int) -> str:
        return str(values[row, column]) if columns[column][row].is_valid else "empty"

    return Block(values, numbered(start), cell, labels)


@contextmanager
def _opened(file: DataFile) -> Iterator[tuple[list[str], Any, int | None]]:
    """Open a file; give the names of its columns, a function that reads some of them in batches, and the number of rows."""
    pa = library("pyarrow", "data", f"{file.suffix} files", verb="need")
    with file.open() as stream:
        try:
            yield _parquet(stream) if file.suffix in (".parquet", ".pq") else _ipc(file, stream)
        except (pa.ArrowException, OSError, ValueError) as error:
            kind = "Parquet" if file.suffix in (".parquet", ".pq") else "Arrow"
            raise DataError(f"{file.name} is no readable {kind} file: {short(str(error).splitlines()[0])}") from error


def _parquet(stream: Any) -> tuple[list[str], Any, int | None]:
    from pyarrow.parquet import ParquetFile

    # column by column through a small buffer: a row group may be larger than memory
    opened = ParquetFile(stream, pre_buffer=False, buffer_size=1 << 16)

    def batches(names: Sequence[str]) -> Any:
        return opened.iter_batches(BLOCK_ROWS, columns=list(dict.fromkeys(names)), use_threads=False)

    return list(opened.schema_arrow.names), batches, opened.metadata.num_rows


def _ipc(file: DataFile, stream: Any) -> tuple[list[str], Any, int | None]:
    import pyarrow as pa

    in_blocks = stream.read(6) == b"ARROW1"
    stream.seek(0)
    source = stream if file.path is None else pa.memory_map(str(file.path))  # all rows may be one batch
    begin: Any = pa.ipc.open_file if in_blocks else pa.ipc.open_stream
    header: list[str] = begin(source).schema.names

    def batches(names: Sequence[str]) -> Any:
        source.seek(0)
        fields = [header.index(name) for name in dict.fromkeys(names)]
        opened = begin(source, options=pa.ipc.IpcReadOptions(included_fields=fields))
        return (opened.get_batch(i) for i in range(opened.num_record_batches)) if in_blocks else opened

    return header, batches, None


def _numbers(name: str, column: str, array: Any) -> Any:
    """Return a column as float64, NaN where it has no value."""
    import pyarrow as pa

    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    kind = array.type
    if pa.types.is_null(kind):
        return np.full(len(array), np.nan)
    known = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)
    if not any(is_one(kind) for is_one in known):
        raise DataError(f"{name}: column {column} holds {kind}, not numbers")
    return array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
