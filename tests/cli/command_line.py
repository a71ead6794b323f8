"""The command line as a user meets it: processes in a project of their own."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import command_server

# Two models in one file, of which one has a single feature and the other none.
SPEC = """
from sympy import exp

from symgraph import Model, Normal

decay = Model("decay", doc="An exponential decay.")
time = decay.feature("time", domain=(0, 5))
y = decay.target("y")
top, rate = decay.weights("top rate", init=Normal(1, 0.1))
y_hat = decay.output("y_hat", top * exp(-rate * time))
decay.loss("squared_error")

valley = Model("valley")
a, b = valley.weights("a b", init=[-1.2, 1.0])
valley.loss((1 - a) ** 2 + 100 * (b - a**2) ** 2)
"""

LINE = """
from symgraph import Model

model = Model("line")
x = model.feature("x")
a, b = model.weights("a b")
model.output("y_hat", a * x + b)
"""

# y is 2 * exp(-time / 2) to six digits: a fit has an end to reach.
ROWS = "time,y\n0,2\n1,1.213061\n2,0.735759\n3,0.446260\n4,0.270671\n5,0.164170\n"


@dataclass(frozen=True)
class Outcome:
    """Exit code of a command, and what it wrote to stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def notes(self) -> str:
        """Lines on stderr, without the last one if that names the next command."""
        *notes, last = self.err.splitlines(keepends=True) or [""]
        return "".join(notes) if last.startswith("next: symgraph ") else self.err


Run = Callable[..., Outcome]
"""Runs a command in this process; the fixture ``command`` is one."""


def refused(done: Outcome, *parts: str) -> str:
    """The error that ends a command, which has all parts; nothing else is printed but how far a build has come."""
    assert (done.code, done.out) == (2, ""), done
    *progress, message = done.err.splitlines()
    assert message.startswith("error: ")
    assert all(re.match("(reading|generating|verifying) ", line) for line in progress), progress
    assert not [part for part in parts if part not in message], message
    return message


def words_of(*arguments: object) -> list[str]:
    """The words of a command line, of which the first argument may have several."""
    first, *rest = map(str, arguments or [""])
    return [*shlex.split(first), *rest]


def environment(**changes: str) -> dict[str, str]:
    """This process's environment without what a terminal or a user may have set, and with some changes."""
    return {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")} | changes


def run_command(folder: Path, *arguments: str | Path, env: Mapping[str, str] | None = None) -> Outcome:
    """Run ``python -m symgraph`` in a folder; in an environment of its own it is a Python of its own that starts."""
    if env is None:
        return Outcome(*command_server.run(words_of(*arguments), folder, environment()))
    command = [sys.executable, "-m", "symgraph", *words_of(*arguments)]
    done = subprocess.run(command, cwd=folder, env=dict(env), capture_output=True, text=True, check=False)
    return Outcome(done.returncode, done.stdout, done.stderr)


def snapshot(folder: Path) -> dict[str, tuple[bytes | None, int]]:
    """Every file and folder below, with its bytes and its time of change."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes() if path.is_file() else None, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }


def files_of_run(folder: Path) -> dict[str, bytes]:
    """All that a run has left but its record, which has the folder's own paths."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "run.json"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@contextmanager
def open_pipe(name: str) -> Iterator[Callable[[], str]]:
    """Make a named pipe that keeps what is written until it is read by the function that is handed out."""
    os.mkfifo(name)
    end = os.open(name, os.O_RDWR | os.O_NONBLOCK)
    yield lambda: os.read(end, 65536).decode()
    os.close(end)
    assert Path(name).is_fifo()


@dataclass(frozen=True)
class Project:
    """A folder with specs, data and, once it is built, modules."""

    root: Path

    def run(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> Outcome:
        return run_command(self.root, *arguments, env=env)

    def path(self, name: str) -> Path:
        return self.root / name

    def write(self, name: str, text: str) -> None:
        self.path(name).write_text(text, encoding="utf-8")

    def text(self, name: str) -> str:
        return self.path(name).read_text(encoding="utf-8")

    @property
    def module(self) -> Path:
        """The NumPy module of the decay."""
        return self.path("generated/decay.py")

    @property
    def rows(self) -> Path:
        return self.path("rows.csv")

    @property
    def weights(self) -> Path:
        return self.path("weights.json")


def make_project(root: Path) -> Project:
    (root / "models.py").write_text(SPEC, encoding="utf-8")
    (root / "rows.csv").write_text(ROWS, encoding="utf-8")
    return Project(root)
