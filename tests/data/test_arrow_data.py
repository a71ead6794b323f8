"""Parquet and Arrow files: columns by name, of any type of numbers, whatever their row groups and batches."""

import gzip
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from data_files import TABLE, assert_table, read, stored

from symgraph.data import reading as data
from symgraph.data.reading import column_names, read_data
from symgraph.errors import DataError, OptionError

pa = pytest.importorskip("pyarrow")


@pytest.mark.parametrize("name", ["d.parquet", "d.feather", "d.arrow", "d.arrows"])
def test_columns_are_taken_by_name(tmp_path: Path, name: str) -> None:
    path = stored(tmp_path / name, pa.table({"y": TABLE[:, 2], "note": ["u", None, "w"], "b": TABLE[:, 1], "a": TABLE[:, 0]}))
    assert_table(read(path))
    assert column_names(path) == ("y", "note", "b", "a")


COLUMNS = {
    **{kind: pa.array([1, 4, 7], kind) for kind in ("int8", "uint64", "float")},
    "half": pa.array(np.float16([1, 4, 7])),
    "decimal": pa.array(map(Decimal, (1, 4, 7)), pa.decimal128(20, 3)),
    "categories": pa.array([1, 4, 7]).dictionary_encode(),
    "truth values": pa.array([True, False, True]),
}


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("name", ["d.parquet", "d.arrow"])
def test_numbers_of_any_type_are_read_as_float64(tmp_path: Path, kind: str, name: str) -> None:
    table = pa.table({"a": COLUMNS[kind], "b": TABLE[:, 1], "y": TABLE[:, 2]})
    first = [1.0, 0.0, 1.0] if kind == "truth values" else TABLE[:, 0]
    assert_table(read(stored(tmp_path / name, table)), np.column_stack([first, TABLE[:, 1:]]))


def test_nulls_are_named_with_row_and_column_or_left_out(tmp_path: Path) -> None:
    rows, path = 20_000, tmp_path / "d.parquet"  # several blocks
    a = [None if i == 18_333 else float(i) for i in range(rows)]
    b = np.where(np.arange(rows) == 17, np.nan, 1.0)
    stored(path, pa.table({"a": a, "b": b, "y": np.ones(rows)}), row_group_size=7_000)
    with pytest.raises(DataError, match=r"row 17 \(counted from 0\), column b is nan, not a finite number; 1 more such"):
        read(path)
    data = read(path, drop_missing=True)
    assert data.dropped == 2
    np.testing.assert_array_equal(data.X[:, 0], np.delete(np.arange(rows, dtype=float), [17, 18_333]))
    stored(path, pa.table({"a": a, "b": np.ones(rows), "y": np.ones(rows)}))
    with pytest.raises(DataError, match=r"row 18333 .*, column a is empty, not a finite number; drop_missing.* out$"):
        read(path)


def test_doubled_columns_are_refused(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1.0])] * 4, names=["a", "a", "b", "y"])
    for name in ("d.parquet", "d.arrow"):
        with pytest.raises(DataError, match=r"has the column a more than once \(columns 1, 2\)"):
            read(stored(tmp_path / name, table))


def test_row_groups_change_no_bit(tmp_path: Path) -> None:
    wanted = np.random.default_rng(5).normal(size=(20_001, 3))
    table = pa.table(dict(zip(("a", "b", "y"), wanted.T, strict=True)))
    for how in ({"row_group_size": 100}, {"row_group_size": 19_999}, {"compression": "zstd"}, {"use_dictionary": True}):
        assert_table(read(stored(tmp_path / "d.parquet", table, **how)), wanted)
    for size in (333, 60_000):
        assert_table(read(stored(tmp_path / "d.arrow", table, max_chunksize=size)), wanted)


LONG, TABLE_NAMES = "x" * 20_000, ("a", "b", "y")
TRUE, FALSE = np.int32([0, 4, 8, 12]).tobytes(), np.int32([0, 4, 2**30, 2**30 + 9]).tobytes()
LABELS = {
    "offsets beyond the bytes": (pa.array(["aaaa", "bbbb", "cccc"]), "no readable Arrow file"),
    "one text of many": (pa.DictionaryArray.from_arrays(pa.array([0] * 3, pa.int32()), [LONG]), "has 20,000 characters"),
    "views of one text": (pa.array([LONG] * 3, pa.string_view()), "row 0 .* has 20,000 characters"),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_that_lie_or_are_no_labels_are_refused(tmp_path: Path, kind: str) -> None:
    labels, said = LABELS[kind]
    table = pa.table({"a": TABLE[:, 0], "b": TABLE[:, 1], "y": TABLE[:, 2], "run": labels})
    path = stored(tmp_path / "d.arrow", table, max_chunksize=3)
    content = path.read_bytes()
    assert content.count(TRUE) == (kind == "offsets beyond the bytes")
    path.write_bytes(content.replace(TRUE, FALSE))
    with pytest.raises(DataError, match=said):
        read_data(path, ["a", "b"], "y", label="run")


def test_a_small_file_that_holds_much_is_read_in_blocks_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "_ANY_FILE", 10_000)
    paths = [stored(tmp_path / "d.parquet", pa.table({name: np.ones(20_000) for name in TABLE_NAMES})), tmp_path / "d.csv.gz"]
    paths[1].write_bytes(gzip.compress(b"a,b,y\n" + b"1,1,1\n" * 20_000))
    for path in paths:
        with pytest.raises(DataError, match=r"bytes, which hold more than [\d,]+ bytes of numbers; read it in blocks, with"):
            read(path)
        _, table = data.opened_table(path, TABLE_NAMES, TABLE_NAMES, data.PLAIN)
        assert sum(len(block.values) for block in table.blocks()) == 20_000


def test_without_pyarrow_one_error_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "d.parquet").touch()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(OptionError, match=r"\.parquet files need pyarrow.*pip install 'symgraph-codegen\[data\]'"):
        read(tmp_path / "d.parquet")
