"""The data sets that ``symgraph fit`` was given: several files, or the groups of one; and standard deviations in columns."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from symgraph.cli.rows import Source, inputs_of
from symgraph.errors import OptionError

if TYPE_CHECKING:
    from symgraph.data.data_files import DataFile as FoundFile


class Deviation(NamedTuple):
    """A standard deviation.

    Attributes:
        columns: the names of the columns that it is made of; () of one that is the same in all rows.
        at: returns it, (n,) or one number, of the columns by name; None where there is none.
    """

    columns: tuple[str, ...]
    at: Callable[[Mapping[str, Any]], Any]


class Deviations(NamedTuple):
    """Standard deviations of observations and features.

    Attributes:
        sigma: of the observations.
        sigma_x: of the features, by name; of all by the name "".
    """

    sigma: Deviation
    sigma_x: Mapping[str, Deviation]

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the columns that have some."""
        return tuple(dict.fromkeys(name for one in (self.sigma, *self.sigma_x.values()) for name in one.columns))

    def options(self, others: Any) -> dict[str, Any]:
        """Return them as `fit` takes them; ``others`` are the values of ``columns``, (n, columns)."""
        cells = {name: others[:, place] for place, name in enumerate(self.columns)}
        of_x = {name: one.at(cells) for name, one in self.sigma_x.items()}
        return {"sigma": self.sigma.at(cells), "sigma_x": of_x.get("", of_x or None)}


class DataSet(NamedTuple):
    """Rows of one data set, with the standard deviations of their targets."""

    X: Any
    y: Any
    sigma: Any


def read_sets(source: Source, files: "Sequence[Path | FoundFile]", group_by: str, deviations: Deviations) -> dict[str, DataSet]:
    """Read data sets: several files by their names without suffix, or the groups of a file by the texts of a column.

    Args:
        source: the model, and how the files are read.
        files: the files.
        group_by: the column that names the data set of each row, or "".
        deviations: the standard deviations.

    Raises:
        OptionError: two files have the same name, or there are groups of several files.
        DataError: a file cannot be used.
    """

    def read(file: "Path | FoundFile") -> tuple[DataSet, tuple[str, ...]]:
        rows = source._replace(path=file).read(others=deviations.columns, label=group_by)
        others, labels = (None, ()) if rows is None else (rows.others, rows.labels)
        return DataSet(*inputs_of(rows), deviations.options(others)["sigma"]), labels

    if group_by:
        if len(files) != 1:
            raise OptionError("--group-by takes the rows of one file apart; give one --data")
        return _groups(*read(files[0]))
    labels = [Path(str(file)).stem for file in files]
    labels = labels if len(set(labels)) == len(labels) else list(map(str, files))
    twice = [label for number, label in enumerate(labels) if label in labels[:number]]
    if twice:
        raise OptionError(f"--data: {twice[0]} stands there twice")
    return {label: read(file)[0] for label, file in zip(labels, files, strict=True)}


def _groups(rows: DataSet, labels: Sequence[str]) -> dict[str, DataSet]:
    """Take rows apart by their labels."""
    import numpy as np

    found, of_rows = {}, np.array(labels)
    for label in dict.fromkeys(labels):
        chosen = of_rows == label
        found[label] = DataSet(*(part if part is None or np.ndim(part) == 0 else part[chosen] for part in rows))
    return found
