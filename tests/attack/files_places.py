"""What stands where a file is expected: folders, devices, FIFOs, sockets, links in circles; and names of files that are odd."""

import gzip
import os
import random
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from cases import MIB, Case, Outcome
from files_checks import PREDICT, Rows, clear_or_done, is_predicted, is_refused, unclear, written

ROWS: Rows = [(t / 4, 0.0) for t in range(12)]
PLACES: dict[str, tuple[str, str]] = {
    "data": ("in.csv", "predict decay --weights a=1,k=1 --data in.csv"),
    "data, .npy": ("in.npy", "fit decay --data in.npy"),
    "data, .pkl": ("in.pkl", "fit decay --data in.pkl"),
    "data, .parquet": ("in.parquet", "fit decay --data in.parquet"),
    "data, .csv.gz": ("in.csv.gz", "fit decay --data in.csv.gz"),
    "weights": ("in.json", "predict decay --data rows.csv --weights in.json"),
    "init": ("in.json", "train decay --data rows.csv --epochs 1 --init in.json"),
    "config": ("in.toml", "predict decay --weights a=1,k=1 --data rows.csv --config in.toml"),
    "settings": ("pyproject.toml", "predict decay --weights a=1,k=1 --data rows.csv"),
    "manifest": ("generated/symgraph.lock.json", "predict decay --weights a=1,k=1 --data rows.csv"),
    "module": ("generated/in.py", "predict generated/in.py --weights a=1,k=1 --data rows.csv"),
    "C file": ("generated/decay.c", "predict decay --weights a=1,k=1 --data rows.csv"),
    "spec": ("in.py", "show in.py"),
    "source": ("decay.py", "predict decay --weights a=1,k=1 --data rows.csv"),
    "explained": ("in.py", "explain in.py:1"),
    "student": ("in.py", "grade in.py --model decay.py"),
    "worksheet's data": ("in.csv", "worksheet decay.py -o week --data in.csv"),
}


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)
    socket.socket(socket.AF_UNIX).bind(path.name)
    os.chdir(here)


THINGS: dict[str, Callable[[Path], object]] = {
    "a folder": lambda path: path.mkdir(),
    "a FIFO": os.mkfifo,
    "a socket": _socket,
    "an empty file": lambda path: path.touch(),
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to /dev/null": lambda path: path.symlink_to("/dev/null"),
    "a link to /dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "a link to its memory": lambda path: path.symlink_to("/proc/self/mem"),
    "64 MiB of nothing": lambda path: (path.touch(), os.truncate(path, 2**26)),
}
LEGAL = ("settings", "manifest", "C file", "source")
"""Places of files that a command need not have."""
NAMES = (
    "a b.csv",
    "-x.csv",
    "ü.csv",
    "\x1b[31m.csv",
    "a\n\nerror: none\n\n\n.csv",
    "\u202e.csv",
    "\udcff.csv",
    "n" * 240 + ".csv",
    "'.csv",
    '";.csv',
    "$(touch ATTACKED).csv",
    "`touch ATTACKED`.csv",
    "*.csv",
    "~.csv",
    "%s.csv",
    "{0}.csv",
    "con.csv",
    "A.CSV",
    ".csv",
    "a.csv.",
    "a,b.csv",
    "a=1.csv",
)


def cases(rng: random.Random) -> Iterator[Case]:
    """Each thing in each place; and each name for the data and the weights."""
    del rng
    for place, (name, line) in PLACES.items():
        for thing, make in THINGS.items():
            if place == "student" and "link" in thing and "zero" not in thing:
                continue

            def prepare(folder: Path, name: str = name, make: Callable[[Path], object] = make) -> None:
                (folder / name).unlink(missing_ok=True)
                make(folder / name)

            unsure = place == "student" or thing in ("an empty file", "a link to /dev/null")
            check = _fine if place in LEGAL else clear_or_done() if unsure else is_refused()
            given = {"project": True, "prepare": prepare, "check": check, "changes": ("generated/*",)}
            yield Case(
                f"place: {place} is {thing}",
                line.split(),
                **given,
                seconds=4 if place == "student" else 2 if "64" in thing else 1,
            )
    for number, name in enumerate(NAMES):
        words = (*PREDICT[:-1], f"--data={name}")
        copied = written({name: ("t,y\n" + "".join(f"{t!r},{y!r}\n" for t, y in ROWS)).encode()})
        yield Case(f"place: data named {number} {ascii(name)[:20]}", words, project=True, prepare=copied, check=_fine)
        if number % 3:
            continue
        words = (*PREDICT, f"missing/{name}")
        yield Case(f"place: missing data named {number} {ascii(name)[:20]}", words, project=True, check=is_refused())
    for name in (
        "",
        ".",
        "/",
        "..",
        "a/" * 2_500 + "a.csv",
        "x" * 100_000,
        "nowhere.csv",
        "rows.csv/a.csv",
        "https://example.invalid/a.csv",
        "file:///etc/passwd",
    ):
        yield Case(f"place: data at {name[:24]!r}", (*PREDICT, name), project=True, check=is_refused())
        yield Case(
            f"place: weights at {name[:24]!r}",
            ("predict", "decay", "--data", "rows.csv", "--weights", name),
            project=True,
            check=is_refused(),
        )
    yield from _pipes()
    yield Case("place: stdin without an end", (*PREDICT, "-"), project=True, memory=1_400 * MIB, check=is_refused("stdin"),
               setup=lambda: os.dup2(os.open("/dev/zero", os.O_RDONLY), 0))  # fmt: skip


def _fine(folder: Path, outcome: Outcome) -> str:
    """Right numbers, or one error."""
    return unclear(outcome, ()) if outcome.code == 2 else is_predicted(ROWS)(folder, outcome)


def _pipes() -> Iterator[Case]:
    """FIFOs into which somebody writes what is right, in pieces: they are files like others."""
    text = ("t,y\n" + "".join(f"{t!r},{y!r}\n" for t, y in ROWS)).encode()
    for name, content in {"in.csv": text, "in.csv.gz": gzip.compress(text)}.items():

        def prepare(folder: Path, name: str = name) -> None:
            os.mkfifo(folder / name)

        def setup(name: str = name, content: bytes = content) -> None:
            if os.fork() == 0:
                with Path(name).open("wb", buffering=0) as pipe:
                    pipe.writelines(content[i : i + 5] for i in range(0, len(content), 5))
                os._exit(0)

        given = {"project": True, "prepare": prepare, "setup": setup, "codes": (0,), "check": is_predicted(ROWS)}
        yield Case(f"place: a FIFO of {name}", (*PREDICT, name), **given)
