"""The column of a data file that says of each row to which data set it belongs."""

import csv
from pathlib import Path

from symgraph.errors import DataError
from symgraph.io.data import column_names, read_data


def read_groups(path: str | Path, column: str) -> list[str]:
    """Read the texts of a column; numbers, where the file is no text, as Python writes them.

    Args:
        path: the file.
        column: the name of the column.

    Raises:
        DataError: the file cannot be read, has not one such column, or a cell of it is empty.
    """
    path = Path(path)
    if path.suffix.lower() not in (".csv", ".tsv"):
        numbers = read_data(path, (), column).y
        return [] if numbers is None else [f"{number:g}" for number in numbers.tolist()]
    header = column_names(path)
    if header.count(column) != 1:
        raise DataError(f"{path} has {header.count(column) or 'no'} column {column}; its first line names {', '.join(header)}")
    place, found = header.index(column), list[str]()
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", skipinitialspace=True)
        next((row for row in rows if row), None)
        for row in rows:
            if any(cell.strip() for cell in row):  # other faults of a row are found where its numbers are read
                found.append(row[place].strip() if place < len(row) else "")
                if not found[-1]:
                    raise DataError(f"{path}: line {rows.line_num}, column {column} is empty; name the row's data set")
    return found
