"""The data sets that ``symgraph fit`` was given: one file, several, or the groups of one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from symgraph.cli.terminal import inputs_of, read_rows

if TYPE_CHECKING:
    from symgraph.io.module import GeneratedModule


class DataSet(NamedTuple):
    """Rows of one data set, with the standard deviations of their targets."""

    X: Any
    y: Any
    sigma: Any


def read_sets(
    module: "GeneratedModule", files: Sequence[Path], columns: Mapping[str, str], group_by: str, sigma: str
) -> dict[str, DataSet]:
    """Read data sets: several files by their names without suffix, the groups of a file by the texts of a column.

    Args:
        module: says which columns are wanted.
        files: none where the model needs no data.
        columns: the names that features and target have in the files, by those in the model, where they differ.
        group_by: the column that names the data set of each row, or "".
        sigma: a number, or the name of a column, or "".

    Raises:
        OptionError: two files have the same name, or there are groups of several files.
        DataError: a file cannot be used.
    """
    from symgraph.errors import OptionError

    if group_by:
        if len(files) != 1:
            raise OptionError("--group-by takes the rows of one file apart; give one --data")
        return _groups(files[0], group_by, _read(module, files[0], columns, sigma))
    if len(files) < 2:
        file = files[0] if files else None
        return {"": _read(module, file, columns, sigma)}
    labels = [file.stem for file in files]
    labels = labels if len(set(labels)) == len(labels) else list(map(str, files))
    twice = [label for number, label in enumerate(labels) if label in labels[:number]]
    if twice:
        raise OptionError(f"--data: {twice[0]} stands there twice")
    return {label: _read(module, file, columns, sigma) for label, file in zip(labels, files, strict=True)}


def _groups(file: Path, column: str, rows: DataSet) -> dict[str, DataSet]:
    import numpy as np

    from symgraph.errors import DataError
    from symgraph.io.groups import read_groups

    labels = np.array(read_groups(file, column))
    if len(labels) != len(rows.y if rows.X is None else rows.X):
        raise DataError(f"{file}: the column {column} has {len(labels)} cells, and not one for each row")
    found = {}
    for label in dict.fromkeys(labels.tolist()):
        chosen = labels == label
        found[label] = DataSet(*(part if part is None or np.ndim(part) == 0 else part[chosen] for part in rows))
    return found


def _read(module: "GeneratedModule", file: Path | None, columns: Mapping[str, str], sigma: str) -> DataSet:
    return DataSet(*inputs_of(read_rows(module, file, columns=columns)), _sigma(sigma, file))


def _sigma(text: str, file: Path | None) -> Any:
    """Return the standard deviations: a number, or a column of the file."""
    from symgraph.errors import OptionError
    from symgraph.io.data import read_data

    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        pass
    if file is None:
        raise OptionError(f"--sigma: {text!r} is no number, and there is no file with such a column")
    return read_data(file, (), text).y
