"""The column that names the data set of each row: texts beside the numbers, read with them."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symgraph.errors import DataError
from symgraph.io.data import Reading, read_data

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

COLUMNS: dict[str, Any] = {"x": [0.0, 1.0, 2.0, 3.0], "y": [2.0, None, 0.5, 0.25], "run": ["a", "b", " b", "1,5"]}


def text(path: Path, columns: dict[str, Any]) -> None:
    lines = [";".join("" if one is None else str(one) for one in row) for row in zip(*columns.values(), strict=True)]
    path.write_text("\n".join([";".join(columns), *lines]), encoding="utf-8")


def arrow(path: Path, columns: dict[str, Any]) -> None:
    table = pa.table(columns)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)


WRITERS: dict[str, Callable[[Path, dict[str, Any]], None]] = {
    "d.csv": text,
    "d.parquet": lambda path, columns: pq.write_table(pa.table(columns), path),
    "d.arrow": arrow,
}


@pytest.mark.parametrize("name", WRITERS)
def test_rows_that_are_left_out_take_their_labels_with_them(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name, COLUMNS)
    data = read_data(tmp_path / name, ("x",), "y", label="run", reading=Reading(drop_missing=True))
    assert data.labels == ("a", "b", "1,5")
    np.testing.assert_array_equal(data.X, [[0.0], [2.0], [3.0]])
    assert read_data(tmp_path / name, ("x",), None).labels == ()


@pytest.mark.parametrize("name", WRITERS)
def test_a_feature_may_be_the_label_too(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name, COLUMNS)
    data = read_data(tmp_path / name, ("x",), None, label="x")
    assert list(map(float, data.labels)) == COLUMNS["x"]
    np.testing.assert_array_equal(data.X, np.reshape(COLUMNS["x"], (-1, 1)))


@pytest.mark.parametrize(("name", "place"), [("d.csv", "line 4"), ("d.parquet", "row 2"), ("d.arrow", "row 2")])
def test_an_empty_label_is_named_with_its_row_after_cells_that_are_no_numbers(tmp_path: Path, name: str, place: str) -> None:
    WRITERS[name](tmp_path / name, COLUMNS | {"run": ["a", "a", None, ""]})
    with pytest.raises(DataError, match=f"^.*{name}: {place}.*, column run is empty; name the row's data set$"):
        read_data(tmp_path / name, ("x",), None, label="run")
    with pytest.raises(
        DataError, match=r"column y is empty, not a finite number; drop_missing=True, --drop-missing on .* out$"
    ):
        read_data(tmp_path / name, ("x",), "y", label="run")


def test_labels_of_arrays_are_numbers_as_texts(tmp_path: Path) -> None:
    (tmp_path / "d.pkl").write_bytes(pickle.dumps({"x": [0.0, 1.0, 2.0], "run": [3, 3, 0.1]}))
    assert read_data(tmp_path / "d.pkl", ("x",), None, label="run").labels == ("3", "3", "0.1")


@pytest.mark.parametrize("name", WRITERS)
def test_a_column_of_labels_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name, COLUMNS)
    with pytest.raises(DataError, match=r"has no column runs; .* x, y, run"):
        read_data(tmp_path / name, ("x",), "y", label="runs")
