"""Parquet and Arrow files: right in many forms, with columns that cannot be used, mutated, and made to lie."""

import io
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
from cases import MIB, Case
from files_arrow_lies import BOMBS, lies
from files_checks import (
    PREDICT,
    Check,
    Rows,
    as_by,
    clear_or_done,
    is_predicted,
    is_read,
    is_refused,
    made,
    read_or_refused,
    reading,
    streaming,
    written,
)
from files_mutations import BINARY, mutated, patched

ROWS: Rows = [(i / 40, 2 * 0.7 ** (i / 40)) for i in range(199)]
WHOLE: Rows = [(float(i), float(2 * i % 7)) for i in range(199)]


def _table(rows: Rows = ROWS, **types: pa.DataType) -> pa.Table:
    columns = {
        "s": pa.array([f"label {i % 3}" for i in range(len(rows))]),
        "y": [y for _, y in rows],
        "t": [t for t, _ in rows],
    }
    return pa.table({name: pa.array(column).cast(types.get(name) or pa.array(column).type) for name, column in columns.items()})


def _parquet(table: pa.Table, **how: object) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, **how)
    return file.getvalue()


def _feather(table: pa.Table, **how: object) -> bytes:
    file = io.BytesIO()
    pa.feather.write_feather(table, file, **how)
    return file.getvalue()


def _ipc(table: pa.Table, stream: bool = False, codec: str | None = None, rows: int | None = None) -> bytes:
    sink = pa.BufferOutputStream()
    new = pa.ipc.new_stream if stream else pa.ipc.new_file
    with new(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as writer:
        writer.write_table(table, max_chunksize=rows)
    return sink.getvalue().to_pybytes()


def _polars() -> bytes:
    import polars as pl

    file = io.BytesIO()
    pl.DataFrame({"t": [t for t, _ in ROWS], "y": [y for _, y in ROWS], "s": ["x"] * len(ROWS)}).write_parquet(
        file, row_group_size=50
    )
    return file.getvalue()


V2 = {"compression": "gzip", "data_page_version": "2.0"}
SPLIT = {"use_byte_stream_split": ["t", "y"], "use_dictionary": False, "write_page_checksum": True}
IN_WORDS = pa.array([t for t, _ in WHOLE]).dictionary_encode()
RUNS = pa.RunEndEncodedArray.from_arrays([2], [1.0])
LARGEST = pa.array([2**64 - 1], pa.uint64())
RIGHT: dict[str, tuple[str, Rows, Callable[[], bytes]]] = {
    "parquet": ("a.parquet", ROWS, lambda: _parquet(_table())),
    "parquet, groups of 7 rows": ("a.pq", ROWS, lambda: _parquet(_table(), row_group_size=7)),
    "parquet, zstd, no dictionary": ("a.parquet", ROWS, lambda: _parquet(_table(), compression="zstd", use_dictionary=False)),
    "parquet, gzip, pages of version 2": ("a.parquet", ROWS, lambda: _parquet(_table(), **V2)),
    "parquet, split bytes, sums": ("a.parquet", ROWS, lambda: _parquet(_table(), **SPLIT)),
    "parquet of version 1.0": ("a.parquet", ROWS, lambda: _parquet(_table(), version="1.0")),
    "parquet of Polars": ("a.parquet", ROWS, _polars),
    "parquet of small integers": ("a.parquet", WHOLE, lambda: _parquet(_table(WHOLE, t=pa.uint8(), y=pa.int16()))),
    "feather": ("a.feather", ROWS, lambda: _feather(_table())),
    "feather, zstd": ("a.feather", ROWS, lambda: _feather(_table(), compression="zstd")),
    "feather, plain, pieces": ("a.arrow", ROWS, lambda: _feather(_table(), compression="uncompressed", chunksize=13)),
    "arrow file": ("a.arrow", ROWS, lambda: _ipc(_table(), rows=50)),
    "arrow file named .ipc": ("a.ipc", ROWS, lambda: _ipc(_table(), codec="lz4")),
    "arrow stream": ("a.arrows", ROWS, lambda: _ipc(_table(), stream=True, rows=50)),
    "arrow stream named .arrow": ("a.arrow", ROWS, lambda: _ipc(_table(), stream=True, codec="zstd")),
    "arrow of float32": ("a.arrow", WHOLE, lambda: _ipc(_table(WHOLE, t=pa.float32(), y=pa.float32()))),
}
UNUSUAL: dict[str, tuple[str, Rows, Callable[[], bytes]]] = {
    "half precision": ("a.arrow", WHOLE, lambda: _ipc(_table(WHOLE, t=pa.float16()))),
    "decimals": ("a.parquet", WHOLE, lambda: _parquet(_table(WHOLE, t=pa.decimal128(9, 2)))),
    "truths": ("a.parquet", [(0.0, 1.0), (1.0, 0.0)], lambda: _parquet(pa.table({"t": [False, True], "y": [True, False]}))),
    "a dictionary of numbers": ("a.parquet", WHOLE, lambda: _parquet(pa.table({"t": IN_WORDS, "y": [y for _, y in WHOLE]}))),
    "runs": ("a.arrow", [(1.0, 2.0), (1.0, 3.0)], lambda: _ipc(pa.table({"t": RUNS, "y": [2.0, 3.0]}))),
    "integers beyond 2^53": ("a.parquet", [(2.0**53, 1.0)], lambda: _parquet(pa.table({"t": [2**53 + 1], "y": [1]}))),
    "the largest unsigned": ("a.arrow", [(2.0**64, 1.0)], lambda: _ipc(pa.table({"t": LARGEST, "y": [1]}))),
    "two streams in one file": ("a.arrows", ROWS, lambda: _ipc(_table(), stream=True) + _ipc(_table(), stream=True)),
    "a stream without its end": ("a.arrows", ROWS, lambda: _ipc(_table(), stream=True)[:-8]),
    "parquet named .arrow": ("a.arrow", ROWS, lambda: _parquet(_table())),
    "arrow named .parquet": ("a.parquet", ROWS, lambda: _ipc(_table())),
}


def _unfit() -> dict[str, tuple[str, Callable[[], bytes], tuple[str, ...]]]:
    """Columns that cannot be used; with the words that the refusal must have."""
    y = [1.0, 2.0, 3.0]
    columns = {
        "null": (pa.array([0.0, None, 1.0]), ("row 1", "t")),
        "nan": (pa.array([0.0, float("nan"), 1.0]), ("row 1", "t")),
        "inf": (pa.array([0.0, 1.0, float("-inf")]), ("row 2", "t")),
        "only null": (pa.nulls(3), ("t",)),
        "text": (pa.array(["0", "1", "2"]), ("t",)),
        "dates": (pa.array([0, 1, 2], pa.date32()), ("t",)),
        "times": (pa.array([0, 1, 2], pa.timestamp("ns", "UTC")), ("t",)),
        "durations": (pa.array([0, 1, 2], pa.duration("us")), ("t",)),
        "bytes": (pa.array([b"0", b"\x1b", b"\xff"]), ("t",)),
        "lists": (pa.array([[0.0], [1.0], [2.0]]), ("t",)),
        "structs": (pa.array([{"t": 0.0}] * 3), ("t",)),
        "fixed lists": (pa.array([[0.0, 1.0]] * 3, pa.list_(pa.float64(), 2)), ("t",)),
        "maps": (pa.array([[("t", 0.0)]] * 3, pa.map_(pa.string(), pa.float64())), ("t",)),
        "a dictionary of text": (pa.array(["a", "b", "a"]).dictionary_encode(), ("t",)),
        "no rows": (pa.array([], pa.float64()), ()),
    }
    found: dict[str, tuple[str, Callable[[], bytes], tuple[str, ...]]] = {}
    for name, (column, words) in columns.items():
        table = pa.table({"t": column, "y": y[: len(column)]})
        found[f"parquet of {name}"] = "a.parquet", lambda table=table: _parquet(table), words
        if name not in ("dates", "maps", "only null"):
            found[f"arrow of {name}"] = "a.arrow", lambda table=table: _ipc(table), words
    twice = pa.Table.from_arrays([pa.array(y)] * 3, names=["t", "t", "y"])
    found["parquet, a column twice"] = "a.parquet", lambda: _parquet(twice), ("t",)
    found["arrow, a column twice"] = "a.arrow", lambda: _ipc(twice), ("t",)
    for name in ("\x1b[31mt", "t\n\nerror: none", "\u202et\u2066", "n" * 1_000_000, "t\x00"):
        short = name[:6].encode("unicode_escape").decode()
        table = pa.Table.from_arrays([pa.array(y)] * 2, names=[name, "y"])
        found[f"parquet, the name {short}"] = "a.parquet", lambda table=table: _parquet(table), ("t",)
        found[f"arrow, the name {short}"] = "a.arrow", lambda table=table: _ipc(table), ("t",)
    wide = pa.table({f"c{i}": [1.0] for i in range(20_000)})
    found["arrow, 20,000 other columns"] = "a.arrow", lambda: _ipc(wide), ("t",)
    return found


@cache
def _right(name: str) -> bytes:
    return made(RIGHT[name][2])


def cases(rng: random.Random) -> Iterator[Case]:
    """Cases of Parquet and Arrow, by the interface, blocks and the command line."""
    for number, (name, (file, rows, make)) in enumerate(RIGHT.items()):
        given = {"prepare": _making(file, make), "codes": (0,)}
        yield Case(name, call=reading(file), check=is_read(rows), **given)
        yield Case(f"{name}, by stream", call=streaming(file, rows=9), project=True, check=is_read(rows), **given)
        if number % 3 == 0:
            yield Case(f"{name}, predict", (*PREDICT, file), project=True, check=is_predicted(rows), **given)
            yield Case(
                f"{name}, with labels", call=reading(file, "s"), check=_read_or_no_labels(rows), prepare=_making(file, make)
            )
    for name in ("parquet", "feather", "arrow stream"):
        words = (*PREDICT, "-")
        yield Case(f"{name}, stdin", words, project=True, stdin=_right(name), codes=(0,), check=is_predicted(ROWS))
    for name, (file, rows, make) in UNUSUAL.items():
        yield Case(f"arrow: {name}", call=reading(file), prepare=_making(file, make), check=read_or_refused(rows, file))
    for number, (name, (file, make, words)) in enumerate(_unfit().items()):
        given = {"prepare": _making(file, make), "check": is_refused(file, *words), "seconds": 6}
        yield Case(name, call=reading(file), **given)
        if number % 4 == 0:
            yield Case(f"{name}, fit", ("fit", "decay", "--data", file), project=True, **given)
            yield Case(f"{name}, by stream", call=streaming(file), project=True, **given)
    yield from _mutations(rng)
    for name, (file, make, label) in lies().items():
        given = {"prepare": _making(file, make), "check": clear_or_done(file), "seconds": 6}
        yield Case(f"lie: {name}", call=reading(file, label), **given)
        yield Case(f"lie: {name}, by stream", call=streaming(file), project=True, **given)
        if label:
            words = ("fit", "decay", "--data", file, "--group-by", label, "--share", "k", "--starts", "1")
            yield Case(f"lie: {name}, fit", words, project=True, **given)
    for name, (file, make) in BOMBS.items():
        given = {"prepare": _making(file, make), "check": clear_or_done(file), "seconds": 10, "memory": 500 * MIB}
        yield Case(f"bomb: {name}", call=reading(file), **given)


def _making(file: str, make: Callable[[], bytes]) -> Callable[[Path], None]:
    def prepare(folder: Path) -> None:
        (folder / file).write_bytes(made(make))

    return prepare


def _read_or_no_labels(rows: Rows) -> Check:
    """A file whose column of labels is missing is refused; else the numbers are right."""
    return read_or_refused(rows, "s")


def _mutations(rng: random.Random) -> Iterator[Case]:
    for name, times in (
        ("parquet", 33),
        ("parquet, gzip, pages of version 2", 22),
        ("feather", 22),
        ("arrow file", 33),
        ("arrow stream", 33),
    ):
        file = RIGHT[name][0]
        whole = _right(name)
        for number, (kind, content) in enumerate(mutated(whole, rng, times, BINARY)):
            prepared = {"prepare": written({file: content}), "codes": (0, 2)}
            check = as_by(lambda folder, file=file: _by_pyarrow(folder / file), file)
            if number % 4 == 3:
                yield Case(f"{name}, {kind}, by stream", call=streaming(file), project=True, check=check, **prepared)
            else:
                yield Case(f"{name}, {kind}", call=reading(file, "s" if number % 2 else ""), check=check, **prepared)
        for old in (199, 50) if "arrow" in name else (199,):
            for new in (2**40, -1, 0, 198, 2**63 - 1, 200):
                if old.to_bytes(8, "little") in whole:
                    content = patched(whole, old, new)
                    check = as_by(lambda folder, file=file: _by_pyarrow(folder / file), file)
                    yield Case(
                        f"{name}, {old} becomes {new}", call=reading(file, "s"), prepare=written({file: content}), check=check
                    )


def _by_pyarrow(path: Path) -> Rows:
    """Read a file by pyarrow, which must find it whole."""
    if path.suffix in (".parquet", ".pq"):
        table = pq.read_table(path, columns=["t", "y"])
    else:
        with pa.OSFile(str(path)) as file:
            whole = path.read_bytes()[:6] == b"ARROW1"
            table = (pa.ipc.open_file(file) if whole else pa.ipc.open_stream(file)).read_all().select(["t", "y"])
    table.validate(full=True)
    assert table.column("t").null_count == table.column("y").null_count == 0
    return list(zip(table.column("t").to_pylist(), table.column("y").to_pylist(), strict=True))
