"""Parquet and Arrow files, read in blocks by pyarrow."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from symgraph.data.blocks import BLOCK_ROWS, LONGEST_LABEL, Block, Table, numbered, positions, short
from symgraph.data.data_files import DataFile
from symgraph.data.extra import library
from symgraph.errors import DataError

SUFFIXES = (".parquet", ".pq", ".arrow", ".arrows", ".feather", ".ipc")


_AT_ONCE = 64
"""Labels that become texts at a time: many may share the bytes of one that is long."""


_LARGE_BATCH = 1 << 28
"""Bytes of a batch above which it is not read whole."""


def _texts(name: str, label: str, column: Any, first: int) -> list[str]:
    """Return the labels of rows, of which `first` is the number of the first."""
    texts: list[str] = []
    for start in range(0, len(column), _AT_ONCE):
        texts += ["" if value is None else str(value).strip() for value in column.slice(start, _AT_ONCE).to_pylist()]
        if max(map(len, texts[start:])) > LONGEST_LABEL:
            where = next(row for row, text in enumerate(texts) if len(text) > LONGEST_LABEL)
            raise DataError(
                f"{name}: {numbered(first)(where)}, column {label} has {len(texts[where]):,} characters; a label has at most "
                f"{LONGEST_LABEL:,}"
            )
    return texts


def arrow_table(file: DataFile, names: Sequence[str], label: str = "") -> Table:
    """Look at the columns of a file, of which some are read as numbers and one may be read as labels.

    Raises:
        DataError: it is damaged, or lacks a column.
        OptionError: pyarrow is not installed.
    """
    wanted = (*names, label) if label else tuple(names)

    def blocks() -> Iterator[Block]:
        start = 0
        with _opened(file, label) as (_, batches, _rows):
            for batch in batches(wanted):
                batch.validate(full=True)  # offsets and lengths that lie would lead beyond the memory of the batch
                for first in range(0, batch.num_rows, BLOCK_ROWS):
                    some = batch.slice(first, BLOCK_ROWS)
                    yield _block(
                        file.name, some, names, start, _texts(file.name, label, some.column(label), start) if label else None
                    )
                    start += some.num_rows

    with _opened(file, label) as (header, _, rows):
        positions(file.name, header, wanted)
        return Table(blocks, rows, tuple(header))


def _block(name: str, rows: Any, names: Sequence[str], start: int, labels: Sequence[str] | None) -> Block:
    columns = [rows.column(one) for one in names]
    values = np.column_stack([_numbers(name, *one) for one in zip(names, columns, strict=True)])

    def cell(row: int, column: int) -> str:
        return str(values[row, column]) if columns[column][row].is_valid else "empty"

    return Block(values, numbered(start), cell, labels)


@contextmanager
def _opened(file: DataFile, label: str) -> Iterator[tuple[list[str], Any, int | None]]:
    """Open a file; give the names of its columns, a function that reads some of them in batches, and the number of rows."""
    pa = library("pyarrow", "data", f"{file.suffix} files", verb="need")
    with file.open() as stream:
        try:
            yield _parquet(stream, label) if file.suffix in (".parquet", ".pq") else _ipc(file, stream)
        except (pa.ArrowException, OSError, ValueError) as error:
            kind = "Parquet" if file.suffix in (".parquet", ".pq") else "Arrow"
            raise DataError(f"{file.name} is no readable {kind} file: {short(str(error).splitlines()[0])}") from error


def _parquet(stream: Any, label: str) -> tuple[list[str], Any, int | None]:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile, read_schema

    texts = {one.name for one in read_schema(stream) if pa.types.is_string(one.type) or pa.types.is_large_string(one.type)}
    stream.seek(0)
    # column by column through a small buffer: a row group may be larger than memory, and so may a label for each row
    opened = ParquetFile(stream, pre_buffer=False, buffer_size=1 << 16, read_dictionary=[label] if label in texts else None)

    def batches(names: Sequence[str]) -> Any:
        return opened.iter_batches(BLOCK_ROWS, columns=list(dict.fromkeys(names)), use_threads=False)

    return list(opened.schema_arrow.names), batches, opened.metadata.num_rows


def _ipc(file: DataFile, stream: Any) -> tuple[list[str], Any, int | None]:
    import pyarrow as pa

    in_blocks = stream.read(6) == b"ARROW1"
    stream.seek(0)
    begin: Any = pa.ipc.open_file if in_blocks else pa.ipc.open_stream
    first = begin(stream)
    header: list[str] = first.schema.names
    least = max(1, first.num_record_batches) if in_blocks else 1
    # a map is no place to be where others shorten the file, but the only one for a batch that is larger than memory
    source = stream if file.path is None or file.size <= least * _LARGE_BATCH else pa.memory_map(str(file.path))

    def batches(names: Sequence[str]) -> Any:
        source.seek(0)
        fields = [header.index(name) for name in dict.fromkeys(names)]
        opened = begin(source, options=pa.ipc.IpcReadOptions(included_fields=fields))
        return (opened.get_batch(i) for i in range(opened.num_record_batches)) if in_blocks else opened

    return header, batches, None


def _numbers(name: str, column: str, array: Any) -> Any:
    """Return a column as float64, NaN where it has no value."""
    import pyarrow as pa

    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    if pa.types.is_null(kind):
        return np.full(len(array), np.nan)
    known = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)
    if not any(is_one(kind) for is_one in known):
        raise DataError(f"{name}: column {column} holds {kind}, not numbers")
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    return array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
