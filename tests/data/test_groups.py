"""The column that names the data set of each row: texts beside the numbers, read with them."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_files import stored, written

from symgraph.data.reading import Reading, read_data
from symgraph.errors import DataError

pa = pytest.importorskip("pyarrow")

COLUMNS: dict[str, Any] = {"x": [0.0, 1.0, 2.0, 3.0], "y": [2.0, None, 0.5, 0.25], "run": ["a", "b", " b", "1,5"]}


def file_of(path: Path, columns: dict[str, Any]) -> Path:
    if path.suffix != ".csv":
        return stored(path, pa.table(columns))
    lines = [";".join("" if one is None else str(one) for one in row) for row in zip(*columns.values(), strict=True)]
    return written(path, "\n".join([";".join(columns), *lines]))


@pytest.mark.parametrize("name", ["d.csv", "d.parquet", "d.arrow"])
def test_rows_that_are_left_out_take_their_labels_with_them(tmp_path: Path, name: str) -> None:
    path = file_of(tmp_path / name, COLUMNS)
    data = read_data(path, ("x",), "y", label="run", reading=Reading(drop_missing=True))
    assert data.labels == ("a", "b", "1,5")
    np.testing.assert_array_equal(data.X, [[0.0], [2.0], [3.0]])
    assert read_data(path, ("x",), None).labels == ()
    unnamed = file_of(tmp_path / f"unnamed {name}", COLUMNS | {"run": ["a", None, "b", "b"]})  # in the row that is left out
    assert read_data(unnamed, ("x",), "y", label="run", reading=Reading(drop_missing=True)).labels == ("a", "b", "b")
    data = read_data(path, ("x",), None, label="x")  # a feature may be the label too
    assert list(map(float, data.labels)) == COLUMNS["x"]
    np.testing.assert_array_equal(data.X, np.reshape(COLUMNS["x"], (-1, 1)))
    with pytest.raises(DataError, match=r"has no column runs; .* x, y, run"):
        read_data(path, ("x",), "y", label="runs")


@pytest.mark.parametrize(("name", "place"), [("d.csv", "line 4"), ("d.parquet", "row 2"), ("d.arrow", "row 2")])
def test_an_empty_label_is_named_with_its_row_after_cells_that_are_no_numbers(tmp_path: Path, name: str, place: str) -> None:
    path = file_of(tmp_path / name, COLUMNS | {"run": ["a", "a", None, ""]})
    with pytest.raises(DataError, match=f"^.*{name}: {place}.*, column run is empty; name the row's data set$"):
        read_data(path, ("x",), None, label="run")
    with pytest.raises(DataError, match=r"column y is empty, not a finite number; drop_missing=True"):
        read_data(path, ("x",), "y", label="run")


def test_labels_of_arrays_are_numbers_as_texts(tmp_path: Path) -> None:
    path = written(tmp_path / "d.pkl", pickle.dumps({"x": [0.0, 1.0, 2.0], "run": [3, 3, 0.1]}))
    assert read_data(path, ("x",), None, label="run").labels == ("3", "3", "0.1")
