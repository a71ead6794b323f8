"""Bad data files of many kinds: commands end with 2 and one line that says what is wrong and where, and write nothing."""

import bz2
import gzip
import io
import lzma
import os
import pickle
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Project, Run, refused

from symgraph.data import documents

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

GOOD = "time,y\n0,2\n1,1.2\n2,0.7\n3,0.4\n"
MANY = "time,y\n" + "".join(f"{i},{1 / (i + 1)!r}\n" for i in range(2000))
TABLE = np.column_stack([np.arange(4.0), [2.0, 1.2, 0.7, 0.4]])


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def parquet(**columns: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def arrow(**columns: Any) -> bytes:
    file, table = io.BytesIO(), pa.table(columns)
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    return file.getvalue()


def altered(content: bytes, place: int) -> bytes:
    changed = bytearray(content)
    changed[place] ^= 0xFF
    return bytes(changed)


class Evil:
    """An object that leaves a file behind when it is unpickled."""

    def __reduce__(self) -> Any:
        return (Path.touch, (Path("pwned"),))


PACKED = gzip.compress(MANY.encode())
PARQUET = parquet(time=[0.0, 1.0], y=[1.0, 2.0])

UNREADABLE = " is no readable CSV: the row that begins in line 2"
# The file's name, its content, how the message goes on behind the name, and what else it has.
CONTENTS: dict[str, tuple[str, str | bytes, str, *tuple[str, ...]]] = {
    # the text of a CSV
    "empty": ("d.csv", "", " is empty; its first line must name the columns time, y"),
    "blank lines only": ("d.csv", "\n\n\n", " is empty; its first line must name"),
    "only names": ("d.csv", "time,y\n", " has column names but no rows"),
    "no names": ("d.csv", "0,2\n1,1.2\n", " has no column time, y; its first line names 0, 2"),
    "a missing column": ("d.csv", "time,z\n0,2\n", " has no column y; its first line names time, z"),
    "a name in capitals": ("d.csv", "Time,y\n0,2\n", " has no column time; its first line names Time, y"),
    "a doubled column": ("d.csv", "time,y,y\n0,2,3\n", " has the column y more than once (columns 2, 3)"),
    "a word": ("d.csv", "time,y\n0,2\n1,high\n", ": line 3, column y is 'high', not a finite number"),
    "a word among features": ("d.csv", "time,y\n0,2\nnoon,1\n", ": line 3, column time is 'noon'"),
    "an empty cell": ("d.csv", "time,y\n0,2\n1,\n", ": line 3, column y is empty"),
    "a blank cell": ("d.csv", "time,y\n0,2\n1,  \n", ": line 3, column y is empty"),
    "nan": ("d.csv", "time,y\n0,2\n1,nan\n", ": line 3, column y is 'nan', not a finite number"),
    "NA": ("d.csv", "time,y\n0,NA\n", ": line 2, column y is 'NA'"),
    "inf": ("d.csv", "time,y\n0,2\n1,-inf\n", ": line 3, column y is '-inf'"),
    "too large": ("d.csv", "time,y\n0,2\n1,1e999\n", ": line 3, column y is '1e999'"),
    "a thousands separator": ("d.csv", 'time,y\n0,"1,200"\n', ": line 2, column y is '1,200'"),
    "a decimal comma": ("d.csv", "time,y\n0,2\n1,1,2\n", ": line 3 has 3 cells, the first line names 2 columns"),
    "an underscore": ("d.csv", "time,y\n0,1_000\n", ": line 2, column y is '1_000'"),
    "several faults": ("d.csv", "time,y\n0,a\n1,b\n2,c\n", ": line 2, column y is 'a', not a finite number; 2 more such"),
    "a short row": ("d.csv", "time,y\n0,2\n1\n2,3\n", ": line 3 has 1 cells, the first line names 2 columns"),
    "a line that is blank": ("d.csv", "time,y\n0,2\n\n1,1\n", ": line 3 is blank, and more rows follow"),
    "semicolons and commas": ("d.csv", "time;y,z\n0;2,1\n", " has no column time, y; its first line names time;y, z"),
    "commas in a TSV": ("d.tsv", GOOD, " has no column time, y; its first line names time,y"),
    "a quote that is not closed": ("d.csv", 'time,y\n0,"2\n1,3\n', f"{UNREADABLE}: unexpected end of data"),
    "text behind a quote": ("d.csv", 'time,y\n0,"2"3\n', f"{UNREADABLE}: ',' expected after"),
    "Latin-1": ("d.csv", "time,y,\xb5\n0,2,1\n".encode("latin-1"), " is not UTF-8 text in line 1; save it as UTF-8"),
    "UTF-16": ("d.csv", GOOD.encode("utf-16"), " is UTF-16 text; save it as UTF-8"),
    "bytes of another kind": ("d.csv", bytes(range(128, 256)), " is not UTF-8 text"),
    "a field without end": ("d.csv", f"time,y\n0,{'9' * 200_000}\n", f"{UNREADABLE}: field larger than"),
    "points and commas": ("d.csv", "time;y\n1;1,5\n2;1.5\n", ": line 3, column y is '1.5'", "decimal commas"),
    "Latin-1 far below": ("d.csv", MANY.encode() + b"caf\xe9,1\n", " is not UTF-8 text in line 2002"),
    "binary": ("d.csv", bytes(range(256)) * 20, " is binary, no text"),
    "control characters": ("d.csv", "time,y\n1,\x1b[2J\n", ": line 2, column y is"),
    # compressed text
    "Parquet by another name": ("d.csv", PARQUET, " is no text", ".parquet"),
    "gzip by another name": ("d.csv", PACKED, " is no text", ".gz"),
    "text by the name of gzip": ("d.csv.gz", MANY, " is damaged or no .gz file"),
    "gzip with a wrong sum": ("d.csv.gz", altered(PACKED, -5), " is damaged", "CRC"),
    "gzip cut short": ("d.csv.gz", PACKED[:-300], " is damaged"),
    "gzip with damage within": ("d.csv.gz", altered(PACKED, len(PACKED) // 2), " is damaged"),
    "bzip2 cut short": ("d.csv.bz2", bz2.compress(MANY.encode())[:-50], " is damaged"),
    "bzip2 that is none": ("d.csv.bz2", MANY, " is damaged or no .bz2 file"),
    "xz with damage within": ("d.csv.xz", altered(lzma.compress(MANY.encode()), 300), " is damaged"),
    "zstd that is none": ("d.csv.zst", MANY, " is damaged or no .zst file"),
    "compressed in another format": ("d.npy.gz", PACKED, ": a data file ends in .csv", ".npy.gz"),
    # Parquet and Arrow
    "Parquet cut short": ("d.parquet", PARQUET[:-20], " is no readable Parquet file"),
    "Parquet that is none": ("d.parquet", "time,y\n1,2\n", " is no readable Parquet file"),
    "Parquet with damage within": ("d.parquet", altered(PARQUET, len(PARQUET) // 2), ""),
    "empty Parquet": ("d.parquet", "", " is no readable Parquet file"),
    "Parquet without rows": ("d.parquet", parquet(time=pa.array([], "f8"), y=pa.array([], "f8")), " has no rows"),
    "Parquet without the column": ("d.parquet", parquet(time=[1.0]), " has no column y", "it has time"),
    "Parquet with text": ("d.parquet", parquet(time=["1"], y=[1.0]), ": column time holds string, not numbers"),
    "Parquet with times": ("d.parquet", parquet(time=pa.array([0], "date32"), y=[1.0]), ": column time holds date32"),
    "null in Parquet": ("d.parquet", parquet(time=[0.0, 1.0], y=[None, 1.0]), ": row 0 (counted from 0), column y is empty"),
    "NaN in Parquet": ("d.parquet", parquet(time=[0.0, np.nan], y=[1.0, 2.0]), ": row 1", "column time is nan"),
    "infinity in Parquet": ("d.parquet", parquet(time=[0.0], y=[np.inf]), ": row 0", "column y is inf"),
    "Arrow cut short": ("d.arrow", arrow(time=[1.0], y=[2.0])[:-30], " is no readable Arrow file"),
    "Arrow that is none": ("d.feather", "time,y\n1,2\n", " is no readable Arrow file"),
    "null in Arrow": ("d.arrow", arrow(time=[0, None], y=[1.0, 2.0]), ": row 1 (counted from 0), column time is empty"),
    # other files
    "no suffix": ("d", GOOD, ": a data file ends in .csv", "no suffix"),
    "a spreadsheet": ("d.xlsx", b"PK\x03\x04", ": a data file ends in .csv", "'.xlsx'"),
    "an NPY cut short": ("d.npy", npy(TABLE)[:-8], " is no readable NPY file: it claims an array of shape (4, 2)"),
    "an NPY of texts": ("d.npy", npy(np.array([["0", "2"]])), ": column time is an array (1,) of"),
    "an NPY of one axis": ("d.npy", npy(np.arange(4.0)), " holds an array of shape (4,); it must have two axes"),
    "an NPY with columns too many": ("d.npy", npy(np.zeros((4, 5))), " holds an array of shape (4, 5)"),
    "an NPY of complex numbers": ("d.npy", npy(TABLE + 1j), ": column time is an array (4,) of complex128"),
    "an NPY with a NaN": ("d.npy", npy(np.where(TABLE == 3, np.nan, TABLE)), ": row 3 (counted from 0), column time is nan"),
    "an NPY without rows": ("d.npy", npy(np.zeros((0, 2))), " has no rows"),
    "a pickle that would run code": ("d.pkl", pickle.dumps(Evil()), "", "refused", "nothing of it was run"),
    "a pickle of a program": ("d.pkl", b"cos\nsystem\n(S'touch pwned'\ntR.", "", "refused", "os.system", "nothing of it"),
    "a call among arrays": ("d.pkl", pickle.dumps({"time": TABLE[0], "y": TABLE[1], "more": [Evil()]}), "", "nothing of it"),
    "a pickle cut short": ("d.pkl", pickle.dumps(TABLE)[:20], ""),
    "a pickle that is none": ("d.pkl", "time,y\n1,2\n", ""),
}  # fmt: skip


def link(here: Path, target: str | Path) -> None:
    (here / "d.csv").symlink_to(target)


def loop(here: Path) -> None:
    link(here, here / "other.csv")
    (here / "other.csv").symlink_to(here / "d.csv")


def bound_socket(_here: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("d.csv")  # a short name, which the current folder has


PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing there": (lambda _here: None, "cannot be read: No such file or directory"),
    "links in a circle": (loop, "cannot be read: Too many levels of symbolic links"),
    "link to nothing": (lambda here: link(here, here / "gone.csv"), "cannot be read: No such file or directory"),
    "folder": (lambda here: (here / "d.csv").mkdir(), "cannot be read: it is a folder, no file"),
    "pipe without a writer": (lambda here: os.mkfifo(here / "d.csv"), "cannot be read: it is a pipe into which nobody writes"),
    "device": (lambda here: link(here, "/dev/zero"), "cannot be read: it is a device or a socket, no file"),
    "socket": (bound_socket, "cannot be read: it is a device or a socket, no file"),
}


def state(folder: Path) -> dict[str, tuple[bytes | None, int]]:
    """Files of a folder, links as they are, with bytes and times."""
    return {
        one.name: (one.read_bytes() if one.is_file() and not one.is_symlink() else None, one.lstat().st_mtime_ns)
        for one in folder.iterdir()
    }


def write(case: str) -> tuple[str, str, list[str]]:
    """Write a file; return its name, how the message goes on behind it, and what else that has."""
    name, content, begin, *parts = CONTENTS[case]
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name, begin, parts


def check_refusal(command: Run, line: str, begin: str, *parts: str) -> None:
    before = state(Path())
    message = refused(command(f"{line} --save w.json"), *parts)
    assert message.startswith(f"error: {begin}"), message
    assert message.isprintable()
    assert state(Path()) == before


def check_training(command: Run, built: Project, data: Any, begin: str, *parts: str) -> None:
    for way in ("--plot p.svg", "--batch-size all --stream"):
        check_refusal(command, f"train {built.module} --data {data} {way}", begin, *parts)


@pytest.mark.parametrize("case", CONTENTS)
def test_training_refuses_a_bad_file_by_one_line_whole_and_in_blocks(command: Run, built: Project, case: str) -> None:
    name, begin, parts = write(case)
    check_training(command, built, name, f"{name}{begin}", *parts)


@pytest.mark.parametrize(
    "case", ["empty", "only names", "no names", "semicolons and commas", "Latin-1", "a spreadsheet", "an empty cell"]
)
def test_a_fit_of_a_model_or_of_a_formula_refuses_a_bad_file_as_well(command: Run, built: Project, case: str) -> None:
    name, begin, parts = write(case)
    check_refusal(command, f"fit {built.module} --data {name} --plot p.svg", f"{name}{begin}", *parts)
    check_refusal(command, f"fit 'y ~ a*exp(-k*time)' --data {name} -q --plot p.svg", "")


@pytest.mark.parametrize("case", [name for name, (file, *_) in CONTENTS.items() if file.startswith("d.csv")])
def test_predictions_of_a_bad_file_are_not_written(command: Run, built: Project, case: str) -> None:
    name, *_ = write(case)
    for more in ("", "--stream"):
        done = command(f"predict {built.module} --weights {built.weights} --out y.csv --data {name} {more}")
        assert (done.code, done.out) in ((0, ""), (2, ""))  # a fault of the target alone is none here
        assert Path("y.csv").exists() == (done.code == 0)


@pytest.mark.parametrize("case", PLACES)
def test_what_is_no_file_is_refused_by_one_line(
    command: Run, built: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    monkeypatch.setattr(documents, "_PATIENCE", 0.1)
    make, said = PLACES[case]
    make(tmp_path)
    check_training(command, built, tmp_path / "d.csv", f"{tmp_path / 'd.csv'} {said}")


def test_a_file_without_permission_is_refused(command: Run, built: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("d.csv").write_text(GOOD, encoding="utf-8")
    opened = Path.open

    def denied(path: Path, *how: Any, **options: Any) -> Any:  # as a file of mode 000 is for anybody but root
        if path.name == "d.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *how, **options)

    monkeypatch.setattr(Path, "open", denied)
    refused(command(f"train {built.module} --data d.csv --save w.json"), "error: d.csv cannot be read: Permission denied")
    assert not Path("w.json").exists()
