"""Files that hold no data that can be fitted: each ends with one line that says where, and nothing is written."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Project, Run, snapshot

GOOD = "time,y\n0,2\n1,1.2\n2,0.7\n3,0.4\n"


def npy(array: Any) -> bytes:
    """The bytes of an NPY file."""
    from io import BytesIO

    stream = BytesIO()
    np.save(stream, array, allow_pickle=array.dtype == object)
    return stream.getvalue()


class Evil:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("pwned"),))


TABLE = np.column_stack([np.arange(4.0), [2.0, 1.2, 0.7, 0.4]])
BAD: dict[str, tuple[str, bytes | str, str]] = {
    # the text of a CSV
    "empty": ("a.csv", "", "a.csv is empty; its first line must name the columns time, y"),
    "blank lines only": ("a.csv", "\n\n\n", "a.csv is empty; its first line must name"),
    "only names": ("a.csv", "time,y\n", "a.csv has column names but no rows"),
    "no names": ("a.csv", "0,2\n1,1.2\n", "a.csv has no column time, y; its first line names 0, 2"),
    "a missing column": ("a.csv", "time,z\n0,2\n", "a.csv has no column y; its first line names time, z"),
    "a name in capitals": ("a.csv", "Time,y\n0,2\n", "a.csv has no column time; its first line names Time, y"),
    "a name with its unit": ("a.csv", "time (s),y\n0,2\n", "a.csv has no column time; its first line names time (s), y"),
    "a doubled column": ("a.csv", "time,y,y\n0,2,3\n", "a.csv has the column y more than once (columns 2, 3)"),
    "a word": ("a.csv", "time,y\n0,2\n1,high\n", "a.csv: line 3, column y is 'high', not a finite number"),
    "a word among features": ("a.csv", "time,y\n0,2\nnoon,1\n", "a.csv: line 3, column time is 'noon'"),
    "an empty cell": ("a.csv", "time,y\n0,2\n1,\n", "a.csv: line 3, column y is empty"),
    "a blank cell": ("a.csv", "time,y\n0,2\n1,  \n", "a.csv: line 3, column y is empty"),
    "nan": ("a.csv", "time,y\n0,2\n1,nan\n", "a.csv: line 3, column y is 'nan', not a finite number"),
    "NA": ("a.csv", "time,y\n0,NA\n", "a.csv: line 2, column y is 'NA'"),
    "inf": ("a.csv", "time,y\n0,2\n1,-inf\n", "a.csv: line 3, column y is '-inf'"),
    "too large": ("a.csv", "time,y\n0,2\n1,1e999\n", "a.csv: line 3, column y is '1e999'"),
    "a thousands separator": ("a.csv", 'time,y\n0,"1,200"\n', "a.csv: line 2, column y is '1,200'"),
    "a decimal comma": ("a.csv", "time,y\n0,2\n1,1,2\n", "a.csv: line 3 has 3 cells, the first line names 2 columns"),
    "an underscore": ("a.csv", "time,y\n0,1_000\n", "a.csv: line 2, column y is '1_000'"),
    "a percentage": ("a.csv", "time,y\n0,12%\n", "a.csv: line 2, column y is '12%'"),
    "a currency": ("a.csv", "time,y\n0,$12\n", "a.csv: line 2, column y is '$12'"),
    "a date": ("a.csv", "time,y\n2024-01-02,1\n", "a.csv: line 2, column time is '2024-01-02'"),
    "a truth": ("a.csv", "time,y\n0,true\n", "a.csv: line 2, column y is 'true'"),
    "a hexadecimal": ("a.csv", "time,y\n0,0x10\n", "a.csv: line 2, column y is '0x10'"),
    "a complex number": ("a.csv", "time,y\n0,1+2j\n", "a.csv: line 2, column y is '1+2j'"),
    "several faults": ("a.csv", "time,y\n0,a\n1,b\n2,c\n", "a.csv: line 2, column y is 'a', not a finite number; 2 more such"),
    "a short row": ("a.csv", "time,y\n0,2\n1\n2,3\n", "a.csv: line 3 has 1 cells, the first line names 2 columns"),
    "a long row": ("a.csv", "time,y\n0,2,9\n", "a.csv: line 2 has 3 cells, the first line names 2 columns"),
    "a line that is blank": ("a.csv", "time,y\n0,2\n\n1,1\n", "a.csv: line 3 is blank, and more rows follow"),
    "semicolons and commas": ("a.csv", "time;y,z\n0;2,1\n", "a.csv has no column time, y; its first line names time;y, z"),
    "commas in a TSV": ("a.tsv", GOOD, "a.tsv has no column time, y; its first line names time,y"),
    "a quote that is not closed": ("a.csv", 'time,y\n0,"2\n1,3\n', "a.csv is no readable CSV: unexpected end of data"),
    "text behind a quote": ("a.csv", 'time,y\n0,"2"3\n', "a.csv is no readable CSV: ',' expected after"),
    "Latin-1": ("a.csv", "time,y,\xb5\n0,2,1\n".encode("latin-1"), "a.csv is not UTF-8 text in line 1; save it as UTF-8"),
    "UTF-16": ("a.csv", GOOD.encode("utf-16"), "a.csv is UTF-16 text; save it as UTF-8"),
    "bytes of another kind": ("a.csv", bytes(range(128, 256)), "a.csv is not UTF-8 text"),
    "a field without end": ("a.csv", f"time,y\n0,{'9' * 200_000}\n", "a.csv is no readable CSV: field larger than"),
    # other files
    "no suffix": ("rows", GOOD, "rows: a data file ends in .csv"),
    "a spreadsheet": ("a.xlsx", b"PK\x03\x04", "a.xlsx: a data file ends in .csv"),
    "an NPY that is none": ("a.npy", b"text", "a.npy is no readable NPY file"),
    "an NPY cut short": ("a.npy", npy(TABLE)[:-8], "a.npy is no readable NPY file: it claims an array of shape (4, 2)"),
    "an NPY of objects": ("a.npy", npy(np.array([[{}, {}]], object)), "a.npy is no readable NPY file"),
    "an NPY of texts": ("a.npy", npy(np.array([["0", "2"]])), "a.npy: column time is an array (1,) of"),
    "an NPY of one axis": ("a.npy", npy(np.arange(4.0)), "a.npy holds an array of shape (4,); it must have two axes"),
    "an NPY with columns too many": ("a.npy", npy(np.zeros((4, 5))), "a.npy holds an array of shape (4, 5)"),
    "an NPY of complex numbers": ("a.npy", npy(TABLE + 1j), "a.npy: column time is an array (4,) of complex128"),
    "an NPY with a NaN": (
        "a.npy",
        npy(np.where(TABLE == 3, np.nan, TABLE)),
        "a.npy: row 3 (counted from 0), column time is nan",
    ),
    "an NPY without rows": ("a.npy", npy(np.zeros((0, 2))), "a.npy has no rows"),
    "a pickle that would run code": ("a.pkl", pickle.dumps(Evil()), "a.pkl"),
    "a pickle of a text": ("a.pkl", pickle.dumps("text"), "a.pkl holds a str; data are a 2-D array"),
    "a pickle cut short": ("a.pkl", pickle.dumps(TABLE)[:20], "a.pkl"),
    "a pickle of ragged rows": (
        "a.pkl",
        pickle.dumps([[0.0, 1.0], [1.0]]),
        "a.pkl: item 1 of the list is no row of numbers as long",
    ),
    "a pickle of columns that differ": (
        "a.pkl",
        pickle.dumps({"time": [0.0, 1.0], "y": [1.0]}),
        "a.pkl has columns of different lengths: time 2, y 1",
    ),
    "a pickle without a column": ("a.pkl", pickle.dumps({"time": [0.0]}), "a.pkl has no column y; it has time"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_refused_in_one_line_that_says_where(command: Run, built: Project, tmp_path: Path, kind: str) -> None:
    name, content, said = BAD[kind]
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    before = snapshot(tmp_path)
    module = built.path("generated") / "decay.py"
    done = command("fit", module, "--data", name, "--save", "w.json", "--plot", "fit.svg")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {said}")
    assert done.err.count("\n") == 1
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    "kind", ["empty", "only names", "no names", "semicolons and commas", "Latin-1", "a spreadsheet", "an empty cell"]
)
def test_a_formula_refuses_a_bad_file_as_well(command: Run, tmp_path: Path, kind: str) -> None:
    name, content, _ = BAD[kind]
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    before = snapshot(tmp_path)
    done = command("fit", "y ~ a*exp(-k*time)", "--data", name, "-q", "--save", "w.json", "--plot", "fit.svg")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert snapshot(tmp_path) == before


def test_a_folder_and_a_file_that_is_not_there_are_refused(command: Run, built: Project) -> None:
    Path("folder.csv").mkdir()
    module = built.path("generated") / "decay.py"
    for name in ("folder.csv", "none.csv"):
        done = command("fit", module, "--data", name)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(f"error: {name} cannot be read: ")
        assert done.err.count("\n") == 1
