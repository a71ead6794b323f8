"""Parquet and Arrow files: columns by name, of any type of numbers, whatever their row groups and batches."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symgraph.errors import DataError, OptionError
from symgraph.io.data import Dataset, Reading, column_names, read_data

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
feather = pytest.importorskip("pyarrow.feather")

TABLE = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])


def write(folder: Path, table: Any, name: str, **how: Any) -> Path:
    path = folder / name
    if name.endswith(".parquet"):
        pq.write_table(table, path, **how)
    elif name.endswith(".feather"):
        feather.write_feather(table, path, **how)
    else:
        new = pa.ipc.new_stream if name.endswith(".arrows") else pa.ipc.new_file
        with path.open("wb") as file, new(file, table.schema) as writer:
            writer.write_table(table, max_chunksize=how.get("max_chunksize", 2))
    return path


def read(path: Path, **how: Any) -> Dataset:
    return read_data(path, ("a", "b"), "y", reading=Reading(**how))


def assert_table(data: Dataset, table: np.ndarray = TABLE) -> None:
    assert data.X is not None
    assert data.y is not None
    np.testing.assert_array_equal(np.column_stack([data.X, data.y]), table, strict=True)


@pytest.mark.parametrize("name", ["d.parquet", "d.feather", "d.arrow", "d.arrows"])
def test_columns_are_taken_by_name(tmp_path: Path, name: str) -> None:
    table = pa.table({"y": TABLE[:, 2], "note": ["u", None, "w"], "b": TABLE[:, 1], "a": TABLE[:, 0]})
    path = write(tmp_path, table, name)
    assert_table(read(path))
    assert column_names(path) == ("y", "note", "b", "a")


TYPES = {
    "int8": pa.int8(), "uint64": pa.uint64(), "half": pa.float16(), "float": pa.float32(), "decimal": pa.decimal128(20, 3),
}  # fmt: skip


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", ["d.parquet", "d.arrow"])
def test_numbers_of_any_type_are_read_as_float64(tmp_path: Path, kind: str, name: str) -> None:
    values = [Decimal(v) if kind == "decimal" else v for v in (1, 4, 7)]
    values = [np.float16(v) for v in values] if kind == "half" else values
    table = pa.table({"a": pa.array(values, TYPES[kind]), "b": TABLE[:, 1], "y": TABLE[:, 2]})
    assert_table(read(write(tmp_path, table, name)))


def test_categories_of_numbers_and_truth_values_are_numbers(tmp_path: Path) -> None:
    table = pa.table({"a": pa.array([1, 4, 7]).dictionary_encode(), "b": [True, False, True], "y": TABLE[:, 2]})
    for name in ("d.parquet", "d.arrow"):
        data = read(write(tmp_path, table, name))
        assert data.X is not None
        np.testing.assert_array_equal(data.X, [[1, 1], [4, 0], [7, 1]])


def test_nulls_are_named_with_row_and_column_or_left_out(tmp_path: Path) -> None:
    rows = 40_000  # several blocks
    a = [None if i == 33_333 else float(i) for i in range(rows)]
    b = np.where(np.arange(rows) == 17, np.nan, 1.0)
    path = write(tmp_path, pa.table({"a": a, "b": b, "y": np.ones(rows)}), "d.parquet", row_group_size=7_000)
    with pytest.raises(DataError, match=r"row 17 \(counted from 0\), column b is nan, not a finite number; 1 more such"):
        read(path)
    data = read(path, drop_missing=True)
    assert data.dropped == 2
    assert data.X is not None
    np.testing.assert_array_equal(data.X[:, 0], np.delete(np.arange(rows, dtype=float), [17, 33_333]))
    path = write(tmp_path, pa.table({"a": a, "b": np.ones(rows), "y": np.ones(rows)}), "d.parquet")
    with pytest.raises(
        DataError, match=r"row 33333 \(counted from 0\), column a is empty, not a finite number; drop_missing.* out$"
    ):
        read(path)


def test_doubled_columns_are_refused(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1.0])] * 4, names=["a", "a", "b", "y"])
    for name in ("d.parquet", "d.arrow"):
        with pytest.raises(DataError, match=r"has the column a more than once \(columns 1, 2\)"):
            read(write(tmp_path, table, name))


def test_row_groups_change_no_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    table = pa.table({name: rng.normal(size=50_001) for name in ("a", "b", "y")})
    wanted = np.column_stack([table[name].to_numpy() for name in ("a", "b", "y")])
    for how in ({"row_group_size": 100}, {"row_group_size": 49_999}, {"compression": "zstd"}, {"use_dictionary": True}):
        assert_table(read(write(tmp_path, table, "d.parquet", **how)), wanted)
    for size in (333, 60_000):
        assert_table(read(write(tmp_path, table, "d.arrow", max_chunksize=size)), wanted)


def test_without_pyarrow_one_error_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "d.parquet").touch()
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(OptionError, match=r"\.parquet files need pyarrow.*pip install 'symgraph-codegen\[data\]'"):
        read(tmp_path / "d.parquet")
