"""The column of a data file that says of each row to which data set it belongs."""

from pathlib import Path

from symgraph.errors import DataError
from symgraph.io.data import PLAIN, Reading, opened_table
from symgraph.io.data_files import DataFile


def read_groups(path: str | Path | DataFile, column: str, reading: Reading = PLAIN) -> list[str]:
    """Read the texts of a column; numbers of an array as Python writes them, whole ones without a decimal point.

    Args:
        path: the file, as for `read_data`.
        column: the name of the column.
        reading: how the file is read.

    Raises:
        DataError: the file cannot be read, has not one such column, or a cell of it is empty.
    """
    name, table = opened_table(path, (column,), (column,), reading)
    found: list[str] = []
    for texts, where in table.texts():
        if "" in texts:
            raise DataError(f"{name}: {where(texts.index(''))}, column {column} is empty; name the row's data set")
        found += texts
    return found
