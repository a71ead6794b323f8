"""Several commands at once in one folder, and files that change while they are read."""

import gzip
import io
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import combinations_with_replacement
from pathlib import Path

from cases import Case, Outcome
from files_checks import is_refused, made
from forked import command, leave_by

WRITERS = {
    "build --force": "build --force --quiet",
    "build": "build --quiet",
    "train": "train decay --data rows.csv --epochs 3 --save w.json --quiet",
    "train --run": "train decay --data rows.csv --epochs 3 --run r --quiet",
    "fit": "fit decay --data rows.csv --save w.json --plot p.svg --quiet",
    "draw": "draw decay.py -o p.svg --quiet",
    "new": "new peak --quiet",
    "cache --clear": "cache --clear",
}
BUILT = ("generated/*",)
"""What a build may write anew."""


def cases(rng: random.Random) -> Iterator[Case]:
    """Each pair of commands that write, and each kind of file that another process changes meanwhile."""
    for one, other in combinations_with_replacement(WRITERS, 2):
        yield Case(f"{one} beside {other}", call=_beside(one, other), project=True, changes=BUILT, seconds=30.0, check=_whole)
    for name, content in {
        "other rows": b"t,y\n0,1\n1,2\n",
        "no text": b"\xff\0" * 99,
        "nothing": b"",
        "a line": b"t,y\n",
    }.items():
        for line in ("fit decay --data rows.csv", "train decay --data rows.csv --epochs 40", "predict decay --weights a=1,k=1"):
            words = [*line.split(), *(["--data", "rows.csv"] if "--data" not in line else [])]
            yield Case(f"{words[0]} on data that become {name}", words, project=True, changes=("rows.csv",),
                       setup=_changes("rows.csv", content, rng.random()))  # fmt: skip
    for kind in ("csv", "csv.gz", "arrow", "parquet"):
        for cut in (False, True):
            yield Case(f"stream of a .{kind} that is {'cut' if cut else 'written anew'} in the midst", project=True,
                       prepare=lambda folder, kind=kind: _rows(folder / f"in.{kind}"), changes=("in.*",), codes=(2,),
                       call=_changing(f"in.{kind}", cut=cut), check=is_refused(f"in.{kind} has changed"))  # fmt: skip
    for name in ("decay.py", "pyproject.toml", "generated/symgraph.lock.json", "generated/decay.py", "weights.json"):
        for what, content in {"cut": b"", "no text": b"\0\xff", "text": b"x = [\n", "a folder": None}.items():
            for line in ("build --quiet", "predict decay --data rows.csv --weights weights.json"):
                yield Case(f"{line.split()[0]} while {name} becomes {what}", line.split(), project=True, changes=("*",),
                           setup=_changes(name, content, rng.random()), check=_whole)  # fmt: skip


def _rows(path: Path, value: float = 1.5) -> None:
    """Write 100,000 rows into a file, in place."""

    def content() -> bytes:
        import pyarrow as pa
        from pyarrow import parquet

        text, file = b"t,y\n" + f"{value},1.5\n".encode() * 100_000, io.BytesIO()
        table = pa.table({"t": [value + row for row in range(100_000)], "y": [1.5] * 100_000})
        if path.suffix == ".parquet":
            parquet.write_table(table, file, row_group_size=5_000)
        elif path.suffix == ".arrow":
            with pa.ipc.new_file(file, table.schema) as writer:
                writer.write_table(table, max_chunksize=5_000)
        else:
            file.write(gzip.compress(text, 1) if path.suffix == ".gz" else text)
        return file.getvalue()

    path.write_bytes(made(content))


def _changing(name: str, *, cut: bool) -> Callable[[Path], None]:
    """Return what goes through a stream, whose file is another one after the second block."""

    def call(folder: Path) -> None:
        import symgraph

        module = symgraph.load(folder / "generated" / "decay.py", backend="numpy")
        for number, _ in enumerate(symgraph.stream(module, folder / name).blocks()):
            if number == 1:
                os.truncate(folder / name, 4_096) if cut else _rows(folder / name, 7.5)

    return call


def _beside(one: str, other: str) -> Callable[[Path], None]:
    """Return what runs two commands at once, twice each; none may end in anything but an answer."""

    def call(folder: Path) -> None:
        codes = []
        for turn in range(2):
            children = [_started(WRITERS[name], folder / f"log{turn}") for name in (one, other)]
            codes += [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        assert set(codes) <= {0, 1, 2}, codes
        for log in folder.glob("log*"):
            text = log.read_bytes()
            log.unlink()
            assert b"Traceback" not in text, text.decode(errors="replace")

    return call


def _started(line: str, log: Path) -> int:
    child = os.fork()
    if child == 0:
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        leave_by(lambda: command(line.split()))
    return child


def _changes(name: str, content: bytes | None, when: float) -> Callable[[], None]:
    """Return what lets another process change a file again and again, at first after a moment, until this process ends."""

    def setup() -> None:
        parent = os.getpid()
        if os.fork():
            return
        signal.alarm(20)
        path, old = Path(name), Path(name).read_bytes()
        time.sleep(0.05 * when)
        while os.getppid() == parent:
            with suppress(OSError):
                if content is None:
                    path.unlink()
                    path.mkdir()
                else:
                    path.write_bytes(content)
                time.sleep(0.004)
                if content is None:
                    path.rmdir()
                path.write_bytes(old)
            time.sleep(0.004)
        os._exit(0)

    return setup


def _whole(folder: Path, _outcome: Outcome) -> str:
    """Tell of files that are there in part."""
    ends = {"generated/decay.py": b"\n", "generated/decay.h": b"#endif\n", "w.json": b"}\n", "p.svg": b"</svg>\n"}
    broken = [
        name for name, end in ends.items() if (folder / name).is_file() and not (folder / name).read_bytes().endswith(end)
    ]
    return f"in part: {', '.join(broken)}" if broken else ""
