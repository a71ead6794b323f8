"""Arrow and Parquet files that are well formed and lie about what they hold, or hold far more than their size."""

import io
from collections.abc import Callable, Sequence
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
from cases import PAYLOAD

ROWS = 8
NUMBERS = pa.array([i / 2 for i in range(ROWS)])


def _written(columns: dict[str, pa.Array], metadata: dict[str, str] | None = None) -> bytes:
    """Write columns as an Arrow file."""
    batch = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
    if metadata is not None:
        batch = batch.replace_schema_metadata(metadata)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


Lie = tuple[str, Callable[[], bytes], str]
"""The name of a file, what makes its bytes, and the column of labels to read."""


def _bytes(numbers: Sequence[int], size: int = 4) -> bytes:
    return b"".join(one.to_bytes(size, "little", signed=True) for one in numbers)


def _patched(column: pa.Array, old: bytes, new: bytes, name: str = "s") -> Lie:
    """Write a column that is right, and put other bytes in the place of some of its own: pyarrow would not write them."""

    def make() -> bytes:
        content = _written({"t": NUMBERS, "y": NUMBERS} | {name: column})
        assert old in content
        return content.replace(old, new)

    return "a.arrow", make, "s" if name == "s" else ""


OFFSETS = list(range(ROWS + 1))
ENDS = [5, ROWS]
PLACES = [0, 1, 1, 0, 1, 0, 0, 1]


def _text(offsets: Sequence[int], data: bytes = b"abcdefgh", size: int = 4) -> Lie:
    """Texts with any offsets and any bytes."""
    column = pa.array(list("abcdefgh"), pa.string() if size == 4 else pa.large_string())
    file, make, label = _patched(column, _bytes(OFFSETS, size), _bytes(offsets, size))
    return file, lambda: make().replace(b"abcdefgh", data), label


def _words(places: Sequence[int]) -> Lie:
    """Texts by their places in a dictionary, which need not exist."""
    column = pa.DictionaryArray.from_arrays(pa.array(PLACES, pa.int32()), pa.array(["a", "b"]))
    return _patched(column, _bytes(PLACES), _bytes(places))


def _view(length: int, place: int) -> Lie:
    """Texts as views into a buffer, at any place of it."""
    column = pa.array(["abcd" + "e" * 96] * ROWS, pa.string_view())
    one = _bytes([100]) + b"abcd" + _bytes([0])
    return _patched(column, one, _bytes([length]) + b"abcd" + _bytes([place]))


def _runs(ends: Sequence[int]) -> Lie:
    """Numbers in runs, of which only the ends are kept."""
    column = pa.RunEndEncodedArray.from_arrays(pa.array(ENDS, pa.int32()), pa.array([0.5, 1.5]))
    return _patched(column, _bytes(ENDS), _bytes(ends), "t")


def _list(offsets: Sequence[int]) -> Lie:
    column = pa.array([[i / 2] for i in range(ROWS)])
    return _patched(column, _bytes(OFFSETS), _bytes(offsets), "ignored")


def _numbers(places: Sequence[int]) -> Lie:
    column = pa.DictionaryArray.from_arrays(pa.array(PLACES, pa.int32()), pa.array([0.5, 1.5]))
    return _patched(column, _bytes(PLACES), _bytes(places), "t")


def lies() -> dict[str, Lie]:
    """Files, by what they lie about."""
    found: dict[str, Lie] = {
        "texts, offsets beyond the data": _text([i * 1_000_000 for i in OFFSETS]),
        "texts, the last offset is 2^31 - 1": _text([*OFFSETS[:-1], 2**31 - 1]),
        "texts, negative offsets": _text([-i for i in OFFSETS]),
        "texts, the first offset is -2^31": _text([-(2**31), *OFFSETS[1:]]),
        "texts, offsets that go back": _text([8, 0, 8, 0, 8, 0, 8, 0, 8]),
        "texts, large offsets of 2^62": _text([i * 2**59 for i in OFFSETS], size=8),
        "texts, no UTF-8": _text(OFFSETS, b"\xff\xfe\x80\xed\xa0\x80\xc0\xaf"),
        "texts, ESC": _text(OFFSETS, b"\x1b[31m\x07\x00\x7f"),
        "words, places beyond the dictionary": _words([0, 1, 2, 1_000_000, 2**31 - 1, 0, 1, 0]),
        "words, negative places": _words([0, 1, -1, -(2**31), 0, 0, 1, 0]),
        "views of longer texts": _view(2**31 - 1, 0),
        "views of negative length": _view(-5, 0),
        "views of no buffer": _view(100, 77),
        "views of buffer -1": _view(100, -1),
        "lists, offsets beyond": _list([i * 100_000 for i in OFFSETS]),
        "lists, negative offsets": _list([-i for i in OFFSETS]),
        "runs that end late": _runs([2, 1_000_000]),
        "runs that end early": _runs([2, 4]),
        "runs that go back": _runs([8, 2]),
        "runs of negative length": _runs([-1, -5]),
        "numbers by places beyond the dictionary": _numbers([0, 9, 10**6, 0, 0, 0, 2**31 - 1, 0]),
        "numbers by negative places": _numbers([0, -9, -(10**6), 0, 0, 0, -(2**31), 0]),
    }
    pickled = b"\x80\x04\x8c\x08builtins\x8c\x04exec\x93\x8c" + bytes([len(PAYLOAD)]) + PAYLOAD.encode() + b"\x85R."
    for name in ("arrow.py_extension_type", "arrow.extension", "pandas.period"):
        field = pa.field("t", pa.float64(), metadata={"ARROW:extension:name": name, "ARROW:extension:metadata": pickled})
        found[f"code as the type {name}"] = "a.arrow", partial(_typed, field), ""
    odd = {"code": PAYLOAD, "deep": "[" * 100_000, "ESC": "\x1b[31m", "lies": '{"index_columns": ["t"], "columns": 5}'}
    for name, text in odd.items():
        metadata = {"pandas": text, "ARROW:schema": text}
        plain = {"t": NUMBERS, "y": NUMBERS}
        found[f"metadata of pandas, {name}"] = "a.arrow", partial(_written, plain, metadata), ""
        found[f"metadata of Parquet, {name}"] = "a.parquet", partial(_parquet, metadata), ""
    for depth in (60, 3_000):
        found[f"lists of lists, {depth} deep"] = "a.arrows", partial(_deep, depth), ""
    found["dictionaries that grow"] = "a.arrows", _deltas, "s"
    return found


def _typed(field: pa.Field) -> bytes:
    schema = pa.schema([field, pa.field("y", pa.float64())])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, schema) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays([NUMBERS, NUMBERS], schema=schema))
    return sink.getvalue().to_pybytes()


def _parquet(metadata: dict[str, str]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"t": NUMBERS, "y": NUMBERS}).replace_schema_metadata(metadata), file, store_schema=False)
    return file.getvalue()


def _deep(depth: int) -> bytes:
    """A schema of lists in lists, of which there are no rows."""
    kind: pa.DataType = pa.float64()
    for _ in range(depth):
        kind = pa.list_(kind)
    schema = pa.schema([pa.field("t", pa.float64()), pa.field("y", pa.float64()), pa.field("s", kind)])
    return schema.serialize().to_pybytes() + b"\xff\xff\xff\xff\x00\x00\x00\x00"


def _deltas() -> bytes:
    """A stream whose dictionary grows from batch to batch, a hundred times."""
    sink = pa.BufferOutputStream()
    schema = pa.schema([("t", pa.float64()), ("y", pa.float64()), ("s", pa.dictionary(pa.int32(), pa.string()))])
    with pa.ipc.new_stream(sink, schema, options=pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)) as writer:
        for size in range(1, 100):
            words = pa.DictionaryArray.from_arrays(
                pa.array([size - 1] * ROWS, pa.int32()), pa.array([f"w{i}" for i in range(size)])
            )
            writer.write_batch(pa.RecordBatch.from_arrays([NUMBERS, NUMBERS, words], schema=schema))
    return sink.getvalue().to_pybytes()


def _groups(rows: int, times: int) -> bytes:
    """Parquet of the same rows, group by group: ``rows`` times ``times`` numbers of 8 bytes, in two columns."""
    zeros = pa.array([0.0]).take(pa.array([0] * 1000)).to_numpy().repeat(rows // 1000)
    table = pa.table({"t": zeros, "y": zeros})
    file = io.BytesIO()
    with pq.ParquetWriter(file, table.schema, compression="zstd") as writer:
        for _ in range(times):
            writer.write_table(table, row_group_size=rows)
    return file.getvalue()


def _batches(rows: int, times: int) -> bytes:
    """An Arrow file of the same rows, batch by batch."""
    zeros = pa.array([0.0]).take(pa.array([0] * 1000)).to_numpy().repeat(rows // 1000)
    batch = pa.RecordBatch.from_pydict({"t": zeros, "y": zeros})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        for _ in range(times):
            writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


def _wide(columns: int) -> bytes:
    sink = pa.BufferOutputStream()
    one = pa.array([1.0])
    batch = pa.RecordBatch.from_arrays([one] * columns, names=["t", "y", *(f"c{i}" for i in range(columns - 2))])
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


def _long_text() -> bytes:
    """Parquet whose 4,000 labels are one text of 1 MB, kept once."""
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 4000, pa.int32()), pa.array(["x" * 1_000_000]))
    file = io.BytesIO()
    numbers = [0.0] * 4000
    pq.write_table(pa.table({"t": numbers, "y": numbers, "s": text}), file, compression="zstd", store_schema=False)
    return file.getvalue()


BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "parquet, 70 groups of a million zeros": ("a.parquet", lambda: _groups(1_000_000, 70)),
    "arrow, 70 batches of a million zeros": ("a.arrow", lambda: _batches(1_000_000, 70)),
    "arrow, 20,000 columns": ("a.arrow", lambda: _wide(20_000)),
    "parquet, one label of 1 MB for 4,000 rows": ("a.parquet", _long_text),
}
