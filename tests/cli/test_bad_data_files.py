"""Bad data files of many kinds: commands end with 2 and one line that says what is wrong and where, and write nothing."""

import bz2
import gzip
import io
import lzma
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Project, Run

from symgraph.io import data_files

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

ROWS = "time,y\n" + "".join(f"{i},{1 / (i + 1)!r}\n" for i in range(2000))


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


GOOD = parquet(time=[0.0, 1.0], y=[1.0, 2.0])
PACKED = gzip.compress(ROWS.encode())

# The file's name, its content, and what the message must name beside it.
CONTENTS: dict[str, tuple[str, str | bytes, tuple[str, ...]]] = {
    "empty": ("d.csv", "", ("is empty", "time, y")),
    "blank lines only": ("d.csv", "\n\n\n", ("is empty",)),
    "header only": ("d.csv", "time,y\n", ("no rows",)),
    "missing column": ("d.csv", "time,z\n1,2\n", ("no column y", "time, z")),
    "no header": ("d.csv", "1,2\n3,4\n", ("no column time, y", "names 1, 2")),
    "doubled column": ("d.csv", "time,y,time\n1,2,3\n", ("column time more than once", "columns 1, 3")),
    "ragged row": ("d.csv", "time,y\n1,2\n3\n", ("line 3 has 1 cells", "2 columns")),
    "row with a cell too many": ("d.csv", "time,y\n1,2\n3,4,5\n", ("line 3 has 3 cells",)),
    "blank line between": ("d.csv", "time,y\n1,2\n\n3,4\n", ("line 3 is blank",)),
    "text among numbers": ("d.csv", "time,y\n1,2\n3,four\n", ("line 3, column y is 'four'",)),
    "unit behind a number": ("d.csv", "time,y\n1 s,2\n", ("line 2, column time is '1 s'",)),
    "empty cell": ("d.csv", "time,y\n1,2\n,4\n", ("line 3, column time is empty",)),
    "NaN": ("d.csv", "time,y\n1,nan\n", ("line 2, column y is 'nan'",)),
    "NA": ("d.csv", "time,y\nNA,2\n", ("line 2, column time is 'NA'",)),
    "infinity": ("d.csv", "time,y\n1,2\n-inf,2\n", ("line 3, column time is '-inf'",)),
    "beyond the range of floats": ("d.csv", "time,y\n1,1e400\n", ("line 2, column y is '1e400'",)),
    "thousands": ("d.csv", 'time,y\n1,"1,000"\n', ("line 2, column y is '1,000'",)),
    "points and commas": ("d.csv", "time;y\n1;1,5\n2;1.5\n", ("line 3, column y is '1.5'", "decimal commas")),
    "quote that does not end": ("d.csv", 'time,y\n1,2\n3,"4\n5,6\n', ("no readable CSV",)),
    "huge field": ("d.csv", "time,y\n1," + "9" * 200_000 + "\n", ("no readable CSV", "field larger")),
    "another delimiter": ("d.csv", "time/y\n1/2\n", ("no column time, y", "time/y")),
    "Latin-1": ("d.csv", "time,y,müde\n1,2,3\n".encode("latin-1"), ("not UTF-8 text in line 1",)),
    "Latin-1 far below": ("d.csv", ROWS.encode() + b"caf\xe9,1\n", ("UTF-8 text in line 2002",)),
    "UTF-16": ("d.csv", "time,y\n1,2\n".encode("utf-16"), ("UTF-16", "save it as UTF-8")),
    "binary": ("d.csv", bytes(range(256)) * 20, ("binary, no text",)),
    "control characters": ("d.csv", "time,y\n1,\x1b[2J\n", ("line 2, column y is",)),
    "Parquet by another name": ("d.csv", GOOD, ("no text", ".parquet")),
    "gzip by another name": ("d.csv", PACKED, ("no text", ".gz")),
    "text by the name of gzip": ("d.csv.gz", ROWS, ("damaged or no .gz file",)),
    "gzip with a wrong sum": ("d.csv.gz", altered(PACKED, -5), ("damaged", "CRC")),
    "gzip cut short": ("d.csv.gz", PACKED[:-300], ("damaged",)),
    "gzip with damage within": ("d.csv.gz", altered(PACKED, len(PACKED) // 2), ("damaged",)),
    "bzip2 cut short": ("d.csv.bz2", bz2.compress(ROWS.encode())[:-50], ("damaged",)),
    "bzip2 that is none": ("d.csv.bz2", ROWS, ("damaged or no .bz2 file",)),
    "xz with damage within": ("d.csv.xz", altered(lzma.compress(ROWS.encode()), 300), ("damaged",)),
    "zstd that is none": ("d.csv.zst", ROWS, ("damaged or no .zst file",)),
    "compressed in another format": ("d.npy.gz", PACKED, ("ends in .csv", ".npy.gz")),
    "unknown format": ("d.xlsx", "", (".csv", "'.xlsx'")),
    "no suffix": ("d", ROWS, (".csv", "no suffix")),
    "Parquet cut short": ("d.parquet", GOOD[:-20], ("no readable Parquet file",)),
    "Parquet that is none": ("d.parquet", "time,y\n1,2\n", ("no readable Parquet file",)),
    "Parquet with damage within": ("d.parquet", altered(GOOD, len(GOOD) // 2), ("d.parquet",)),
    "empty Parquet": ("d.parquet", "", ("no readable Parquet file",)),
    "Parquet without rows": ("d.parquet", parquet(time=pa.array([], "f8"), y=pa.array([], "f8")), ("no rows",)),
    "Parquet without the column": ("d.parquet", parquet(time=[1.0]), ("no column y", "it has time")),
    "Parquet with text": ("d.parquet", parquet(time=["1"], y=[1.0]), ("column time holds string, not numbers",)),
    "Parquet with times": ("d.parquet", parquet(time=pa.array([0], "date32"), y=[1.0]), ("column time holds date32",)),
    "Parquet with lists": ("d.parquet", parquet(time=[[1.0]], y=[1.0]), ("column time holds list",)),
    "null in Parquet": ("d.parquet", parquet(time=[0.0, 1.0], y=[None, 1.0]), ("row 0 (counted from 0), column y is empty",)),
    "NaN in Parquet": ("d.parquet", parquet(time=[0.0, np.nan], y=[1.0, 2.0]), ("row 1", "column time is nan")),
    "infinity in Parquet": ("d.parquet", parquet(time=[0.0], y=[np.inf]), ("row 0", "column y is inf")),
    "Arrow cut short": ("d.arrow", arrow(time=[1.0], y=[2.0])[:-30], ("no readable Arrow file",)),
    "Arrow that is none": ("d.feather", "time,y\n1,2\n", ("no readable Arrow file",)),
    "null in Arrow": ("d.arrow", arrow(time=[0, None], y=[1.0, 2.0]), ("row 1 (counted from 0), column time is empty",)),
    "NPY that is none": ("d.npy", "time,y\n1,2\n", ("no readable NPY file",)),
    "pickle that is none": ("d.pkl", "time,y\n1,2\n", ("d.pkl",)),
}  # fmt: skip

assert len(CONTENTS) >= 40


def closed_folder(here: Path) -> Path:
    (here / "closed").mkdir()
    return here / "closed" / "d.csv"


def loop(here: Path) -> Path:
    (here / "d.csv").symlink_to(here / "other.csv")
    (here / "other.csv").symlink_to(here / "d.csv")
    return here / "d.csv"


def link_to_nothing(here: Path) -> Path:
    (here / "d.csv").symlink_to(here / "gone.csv")
    return here / "d.csv"


def folder(here: Path) -> Path:
    (here / "d.parquet").mkdir()
    return here / "d.parquet"


def pipe(here: Path) -> Path:
    os.mkfifo(here / "d.csv")
    return here / "d.csv"


def device(here: Path) -> Path:
    (here / "d.csv").symlink_to("/dev/zero")
    return here / "d.csv"


def bound_socket(here: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("d.csv")  # a short name, which the current folder has
    return here / "d.csv"


PLACES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "nothing there": (lambda here: here / "gone.csv", "cannot be read: No such file or directory"),
    "nothing there in a folder": (closed_folder, "cannot be read: No such file or directory"),
    "links in a circle": (loop, "cannot be read: Too many levels of symbolic links"),
    "link to nothing": (link_to_nothing, "cannot be read: No such file or directory"),
    "folder": (folder, "cannot be read: it is a folder, no file"),
    "pipe without a writer": (pipe, "is a pipe into which nobody writes"),
    "device": (device, "cannot be read: it is a device or a socket, no file"),
    "socket": (bound_socket, "cannot be read: it is a device or a socket, no file"),
}


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """What stands in a folder, links as they are, with sizes and times."""
    return {one.name: (one.lstat().st_size, one.lstat().st_mtime_ns) for one in folder.iterdir()}


def check_refusal(command: Run, here: Path, line: list[Any], name: str, parts: tuple[str, ...]) -> None:
    before = state(here)
    done = command(*line)
    assert (done.code, done.out) == (2, ""), done
    assert done.err.startswith("error: ")
    assert done.err.endswith("\n")
    assert len(done.err[:-1].splitlines()) == 1, done.err
    assert all(part in done.err for part in (name, *parts)), done.err
    assert done.err[:-1].isprintable()
    assert state(here) == before


def lines_of(built: Project, data: Any) -> dict[str, list[Any]]:
    module = built.path("generated") / "decay.py"
    return {
        "train": ["train", module, "--data", data, "--save", "w.json", "--plot", "p.svg"],
        "train in blocks": ["train", module, "--data", data, "--batch-size", "all", "--stream", "--save", "w.json"],
        "fit": ["fit", module, "--data", data, "--save", "w.json"],
    }


@pytest.mark.parametrize("way", ["train", "train in blocks", "fit"])
@pytest.mark.parametrize("case", CONTENTS)
def test_a_bad_file_is_refused_by_one_line_and_nothing_is_written(
    command: Run, built: Project, tmp_path: Path, case: str, way: str
) -> None:
    name, content, parts = CONTENTS[case]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    check_refusal(command, tmp_path, lines_of(built, name)[way], name, parts)


@pytest.mark.parametrize("case", PLACES)
def test_what_is_no_file_is_refused_by_one_line(
    command: Run, built: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    monkeypatch.setattr(data_files, "_PATIENCE", 0.1)
    make, part = PLACES[case]
    path = make(tmp_path)
    check_refusal(command, tmp_path, lines_of(built, path)["train"], path.name, (part,))


def test_a_file_without_permission_is_refused(
    command: Run, built: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "d.csv").write_text(ROWS, encoding="utf-8")

    opened = Path.open

    def denied(path: Path, *how: Any, **options: Any) -> Any:  # as a file of mode 000 is for anybody but root
        if path.name == "d.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *how, **options)

    monkeypatch.setattr(Path, "open", denied)
    done = command("train", built.path("generated") / "decay.py", "--data", "d.csv", "--save", "w.json")
    assert (done.code, done.err) == (2, "error: d.csv cannot be read: Permission denied\n")
    assert [path.name for path in tmp_path.iterdir()] == ["d.csv"]


@pytest.mark.parametrize(
    "case", [name for name, (file, _, _) in CONTENTS.items() if file.startswith("d.csv") and name != "missing column"]
)
def test_predictions_of_a_bad_file_are_not_written(command: Run, built: Project, tmp_path: Path, case: str) -> None:
    name, content, _ = CONTENTS[case]
    raw = content if isinstance(content, bytes) else content.encode()
    (tmp_path / name).write_bytes(raw)
    line = ["predict", built.path("generated") / "decay.py", "--weights", built.path("weights.json"), "--out", "y.csv"]
    for more in ([], ["--stream"]):
        done = command(*line, "--data", name, *more)
        assert (done.code, done.out) in ((0, ""), (2, ""))  # a fault of the target alone is none here
        assert (tmp_path / "y.csv").exists() == (done.code == 0)
