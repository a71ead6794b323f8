"""A small table in files of any kind, and what is read of them."""

from pathlib import Path
from typing import Any

import numpy as np

from symgraph.data.reading import Dataset, Reading, read_data

FEATURES, TARGET = ("a", "b"), "y"
TABLE = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])


def read(path: Path, **how: Any) -> Dataset:
    return read_data(path, FEATURES, TARGET, reading=Reading(**how))


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def saved(path: Path, values: np.ndarray) -> Path:
    np.save(path, values, allow_pickle=True)
    return path


def stored(path: Path, table: Any, **how: Any) -> Path:
    """Write a table of Arrow in the format that the file's suffix says."""
    import pyarrow as pa
    from pyarrow import feather, parquet

    if path.suffix == ".parquet":
        parquet.write_table(table, path, **how)
    elif path.suffix == ".feather":
        feather.write_feather(table, path, **how)
    else:
        new = pa.ipc.new_stream if path.suffix == ".arrows" else pa.ipc.new_file
        with path.open("wb") as file, new(file, table.schema) as writer:
            writer.write_table(table, max_chunksize=how.get("max_chunksize", 2))
    return path


def assert_table(data: Dataset, table: np.ndarray = TABLE) -> None:
    np.testing.assert_array_equal(np.column_stack([data.X, data.y]), table, strict=True)
    assert len(data) == len(table)
