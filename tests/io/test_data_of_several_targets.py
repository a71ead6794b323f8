"""Data files with several targets: columns by name or by position, in the model's order."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from symgraph.errors import DataError
from symgraph.io.data import read_data

TABLE = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])


def _text(folder: Path, content: str) -> Path:
    path = folder / "data.csv"
    path.write_text(content, encoding="utf-8")
    return path


def _several(folder: Path) -> dict[str, Path]:
    """Files of the table, whose columns are the feature a and the targets b and y."""
    columns = dict(zip(("a", "b", "y"), TABLE.T, strict=True))
    np.save(folder / "data.npy", TABLE)
    (folder / "data.pkl").write_bytes(pickle.dumps(columns))
    text = _text(folder, "y,a,b\n" + "".join(f"{y:g},{a:g},{b:g}\n" for a, b, y in TABLE))
    return {"csv": text, "npy": folder / "data.npy", "pickle": folder / "data.pkl"}


@pytest.mark.parametrize("kind", ["csv", "npy", "pickle"])
def test_several_targets_are_columns_in_their_order(tmp_path: Path, kind: str) -> None:
    data = read_data(_several(tmp_path)[kind], ("a",), ("b", "y"))
    assert data.X is not None
    assert data.y is not None
    np.testing.assert_array_equal(data.X, TABLE[:, :1], strict=True)
    np.testing.assert_array_equal(data.y, TABLE[:, 1:], strict=True)
    assert data.y.flags.c_contiguous
    assert read_data(_several(tmp_path)[kind], ("a",), ("b", "y"), need_target=False).y is None


def test_a_model_without_features_reads_its_targets_alone(tmp_path: Path) -> None:
    data = read_data(_text(tmp_path, "b,y\n1,2\n3,4\n"), (), ["b", "y"])
    assert data.X is None
    assert data.y is not None
    assert (data.y.tolist(), len(data)) == ([[1.0, 2.0], [3.0, 4.0]], 2)


def test_the_target_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no column y; its first line names a, b"):
        read_data(_text(tmp_path, "a,b\n1,2\n"), ("a",), ("b", "y"))
