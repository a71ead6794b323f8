"""The data sets that ``symgraph fit`` was given: several files, or the groups of one; and standard deviations in columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from symgraph.cli.rows import inputs_of, read_rows
from symgraph.errors import OptionError

if TYPE_CHECKING:
    from symgraph.io.data import Reading
    from symgraph.io.data_files import DataFile as FoundFile
    from symgraph.io.module import GeneratedModule


@dataclass(frozen=True, slots=True)
class OfColumns:
    """A standard deviation that differs from row to row.

    Attributes:
        text: a formula of columns, such as "0.05*v".
        expr: what was read of it, over symbols of their names.
        names: of the columns that stand in it.
    """

    text: str
    expr: Any
    names: tuple[str, ...]

    def at(self, columns: Mapping[str, Any]) -> Any:
        """Return it at each row, (n,), of which the columns are given.

        Raises:
            OptionError: it calls a function that NumPy lacks.
        """
        import numpy as np
        from sympy import Symbol, lambdify

        symbols = [Symbol(name, real=True) for name in self.names]
        try:
            values = lambdify(symbols, self.expr, "numpy")(*(columns[name] for name in self.names))
        except (NameError, TypeError) as error:  # SymPy writes the name of another module's function, or one of single numbers
            raise OptionError(f"--sigma: {self.text} calls a function that NumPy lacks; write a column of it") from error
        return np.array(np.broadcast_to(values, len(next(iter(columns.values())))), np.float64)


Deviation = float | str | OfColumns | None
"""A standard deviation, the name of the column that has it, a formula of columns, or none."""


@dataclass(frozen=True, slots=True)
class Deviations:
    """Standard deviations of observations and features.

    Attributes:
        sigma: of the observations.
        sigma_x: of the features, one for all or some by name.
    """

    sigma: Deviation
    sigma_x: Deviation | Mapping[str, Deviation]

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the columns that have some."""
        of_x = self.sigma_x.values() if isinstance(self.sigma_x, Mapping) else (self.sigma_x,)
        of_y = self.sigma.names if isinstance(self.sigma, OfColumns) else (self.sigma,)
        return tuple(dict.fromkeys(one for one in (*of_y, *of_x) if isinstance(one, str)))

    def options(self, others: Any) -> dict[str, Any]:
        """Return them as `fit` takes them; ``others`` are the values of ``columns``, (n, columns)."""

        def values(one: Deviation) -> Any:
            if isinstance(one, OfColumns):
                return one.at({name: others[:, place] for place, name in enumerate(self.columns)})
            return others[:, self.columns.index(one)] if isinstance(one, str) else one

        of_x = self.sigma_x
        in_x = {name: values(one) for name, one in of_x.items()} if isinstance(of_x, Mapping) else values(of_x)
        return {"sigma": values(self.sigma), "sigma_x": in_x}


class DataSet(NamedTuple):
    """Rows of one data set, with the standard deviations of their targets."""

    X: Any
    y: Any
    sigma: Any


def read_sets(
    module: "GeneratedModule",
    files: "Sequence[Path | FoundFile]",
    columns: Mapping[str, str],
    group_by: str,
    deviations: Deviations,
    reading: "Reading",
    *,
    quiet: bool,
) -> dict[str, DataSet]:
    """Read data sets: several files by their names without suffix, or the groups of a file by the texts of a column.

    Args:
        module: says which columns are wanted.
        files: their files.
        columns: the names that features and target have in the files, by those in the model, where they differ.
        group_by: the column that names the data set of each row, or "".
        deviations: the standard deviations.
        reading: how the files are read.
        quiet: whether to say nothing.

    Raises:
        OptionError: two files have the same name, or there are groups of several files.
        DataError: a file cannot be used.
    """

    def read(file: "Path | FoundFile") -> tuple[DataSet, tuple[str, ...]]:
        rows = read_rows(module, file, others=deviations.columns, label=group_by, columns=columns, reading=reading, quiet=quiet)
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
