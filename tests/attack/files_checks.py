"""What the cases of files share: calls that read a file and say its numbers, and checks of what came of it."""

import csv
import io
import json
import math
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from cases import Outcome

Rows = Sequence[tuple[float, float]]
"""Numbers of the columns t and y, which all files of data have."""
Check = Callable[[Path, Outcome], str]
Call = Callable[[Path], object]
Prepare = Callable[[Path], object]
MOST = 20_000
"""Rows of which a call says the numbers; of more it says only how many there are."""
SHOWN = 60


def written(files: dict[str, bytes]) -> Prepare:
    """Return what writes files into the folder."""

    def prepare(folder: Path) -> None:
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)

    return prepare


def reading(name: str, label: str = "", features: Sequence[str] = ("t",)) -> Call:
    """Return a call of read_data, which says the numbers that it has read."""

    def call(folder: Path) -> None:
        from symgraph.data.reading import read_data

        say(*_columns(read_data(folder / name, features, "y", label=label)))

    return call


def _columns(rows: object) -> tuple[object, object]:
    return rows.X, rows.y  # type: ignore[attr-defined]  # it is a Dataset


def streaming(name: str, **how: object) -> Call:
    """Return a call of symgraph.stream in the copied project, which says the numbers of all blocks."""

    def call(folder: Path) -> None:
        import numpy as np

        import symgraph

        module = symgraph.load(folder / "generated" / "decay.py", backend="numpy")
        blocks = list(symgraph.stream(module, folder / name, **how).blocks())  # type: ignore[arg-type]
        say(np.concatenate([X for X, _ in blocks]), np.concatenate([y for _, y in blocks]))

    return call


def say(X: object, y: object) -> None:
    """Print numbers, each with all its bits."""
    rows = len(y)  # type: ignore[arg-type]
    if rows > MOST:
        print(json.dumps({"rows": rows}))
        return
    flat = [float(one).hex() for one in X.ravel()]  # type: ignore[attr-defined]
    print(json.dumps({"X": flat, "y": [float(one).hex() for one in y]}))  # type: ignore[attr-defined]


def said(outcome: Outcome) -> tuple[list[float], list[float]] | None:
    """Return the numbers that a call has said."""
    found = json.loads(outcome.out)
    return None if "rows" in found else tuple([float.fromhex(one) for one in found[name]] for name in ("X", "y"))  # type: ignore[return-value]


def is_read(rows: Rows) -> Check:
    """Check that a call of ``reading`` has these numbers, to the bit."""

    def check(folder: Path, outcome: Outcome) -> str:
        del folder
        return ended(outcome, 0) or differing(said(outcome), rows)

    return check


def differing(found: tuple[list[float], list[float]] | None, rows: Rows) -> str:
    """Tell how numbers differ from those that are right."""
    if found is None:
        return "too many rows" if len(rows) <= MOST else ""
    right = [float(t).hex() for t, _ in rows], [float(y).hex() for _, y in rows]
    for name, one, other in zip("ty", found, right, strict=True):
        if [value.hex() for value in one] != other:
            shown = [float.fromhex(value) for value in other[:5]]
            return f"{name} is {one[:5]} of {len(one)}, right is {shown} of {len(other)}"
    return ""


def is_predicted(rows: Rows) -> Check:
    """Check that ``predict`` with the weights a=1, k=1 writes exp(-t) for each row."""

    def check(folder: Path, outcome: Outcome) -> str:
        del folder
        if told := ended(outcome, 0):
            return told
        lines = list(csv.reader(io.StringIO(outcome.out.decode())))
        found = [float(line[0]) if line else math.nan for line in lines[1:]]
        right = [math.exp(-t) for t, _ in rows]
        if lines[0] != ["level"] or len(found) != len(right):
            return f"{len(found)} rows, right are {len(right)}"
        wrong = [(a, b) for a, b in zip(found, right, strict=True) if not math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-320)]
        return f"{wrong[0][0]}, right is {wrong[0][1]}" if wrong else ""

    return check


PREDICT = ("predict", "decay", "--weights", "a=1,k=1", "--data")
"""The words before the name of a file, of a command that writes exp(-t)."""


def is_refused(*words: str) -> Check:
    """Check that one line says what is wrong, in which these words occur, such as the name of the file."""

    def check(folder: Path, outcome: Outcome) -> str:
        del folder
        return ended(outcome, 2) or unclear(outcome, words)

    return check


def read_or_refused(rows: Rows, *words: str) -> Check:
    """Check that the numbers are right, or that they are refused."""
    right, wrong = is_read(rows), is_refused(*words)
    return lambda folder, outcome: (wrong if outcome.code == 2 else right)(folder, outcome)


def clear_or_done(*words: str) -> Check:
    """Check that a refusal is clear; anything else is right."""
    return lambda folder, outcome: unclear(outcome, words) if outcome.code == 2 else ""


def as_by(other: Callable[[Path], Rows], *words: str) -> Check:
    """Check that a file is refused, or has the numbers that an independent reader finds, which a process of its own runs."""

    def check(folder: Path, outcome: Outcome) -> str:
        if outcome.code != 0:
            return unclear(outcome, words) if outcome.code == 2 else ""
        found, right = said(outcome), apart(lambda: json.dumps([[float(t), float(y)] for t, y in other(folder)]).encode())
        if found is None:
            return ""
        if right is None:
            return f"read as {found[0][:4]}, {found[1][:4]}, of {len(found[1])} rows; another reader refuses it"
        return differing(found, json.loads(right))

    return check


def ended(outcome: Outcome, code: int) -> str:
    """Tell if the exit status is another one."""
    return "" if outcome.code == code else f"exit status {outcome.code}, right is {code}"


def unclear(outcome: Outcome, words: Iterable[str]) -> str:
    """Tell what a refusal lacks: one line that begins with ``error:`` and has some words."""
    lines = outcome.err.decode(errors="replace").splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    if len(errors) != 1:
        return f"{len(errors)} lines of error"
    missing = [word for word in words if word not in errors[0]]
    return f"{missing[0]!r} is not named" if missing else ""


def apart(function: Callable[[], bytes]) -> bytes | None:
    """Return the bytes that a function makes in a process of its own, or None if it ends in an error or a signal."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(reader)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            with os.fdopen(writer, "wb") as told:
                told.write(function())
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, "rb") as told:
        content = told.read()
    _, status = os.waitpid(pid, 0)
    return content if status == 0 else None


def made(function: Callable[[], bytes]) -> bytes:
    """Return bytes that a process of its own makes, so that libraries and their threads do not stay in this one."""
    content = apart(function)
    assert content is not None, f"{function} has made nothing"
    return content
