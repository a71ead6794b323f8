"""Results as JSON and as text: what all benchmarks of speed share."""

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]
"""A title, the heads of the columns, and the lines."""


def options_of(name: str, about: str | None, quick: str) -> argparse.ArgumentParser:
    """The options that all benchmarks of speed have.

    Args:
        name: the benchmark's.
        about: the docstring of its script, whose first paragraph says what it measures.
        quick: what ``--quick`` leaves out.
    """
    parser = argparse.ArgumentParser(description=(about or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--peers", help="names separated by semicolons; all if left out")
    parser.add_argument("--out", type=Path, help=f"write {name}.json into this folder")
    parser.add_argument("--worker", type=Path, nargs=2, help=argparse.SUPPRESS)
    return parser


def answered(options: argparse.Namespace, worker: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> bool:
    """Tell if this is a process of ``own_process``, whose task the worker has then done."""
    if not options.worker:
        return False
    task, result = options.worker
    result.write_text(json.dumps(worker(json.loads(task.read_text(encoding="utf-8")))), encoding="utf-8")
    return True


def own_process(script: str, task: Mapping[str, Any], *, limit: float | None = None) -> dict[str, Any]:
    """Run a benchmark's worker in a process of its own and read what it found.

    A process of its own, since libraries read how many threads they may use once, and what one leaves in memory slows down
    another. The worker is the script, called with ``--worker TASK RESULT``, two files of JSON.

    Args:
        script: its file name in this folder.
        task: what to do.
        limit: seconds after which the process is ended; None waits.

    Raises:
        TimeoutError: the limit was reached.
        ChildProcessError: the worker failed; what it wrote to stderr is the message.
    """
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder) / "task.json", Path(folder) / "result.json"
        question.write_text(json.dumps(task), encoding="utf-8")
        command = [sys.executable, str(Path(__file__).parent / script), "--worker", str(question), str(answer)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"more than {limit:g} s") from error
        if done.returncode:
            raise ChildProcessError(last_line(done.stderr) or f"exit code {done.returncode}")
        found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        return found


def last_line(text: str) -> str:
    """The last line of an output: of a traceback, what went wrong."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""


def save(name: str, result: Mapping[str, Any], folder: Path) -> None:
    """Write a result as JSON into a folder, for other programs; what people read are the pages."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def text_table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Aligned columns: the first to the left, the others to the right."""
    widths = [max(len(line[column]) for line in (head, *lines)) for column in range(len(head))]

    def one(line: Sequence[str]) -> str:
        cells = [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        return "  ".join(cells).rstrip()

    return "\n".join(one(line) for line in (head, *lines)) + "\n"


def markdown_table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """The same for a page."""
    rule = ["---", *("---:" for _ in head[1:])]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, rule, *lines))


def number(value: float | None, digits: int = 3) -> str:
    """A number with some significant digits and no exponent where that is readable; a dash for none."""
    if value is None or math.isnan(value):
        return "-"
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        decimals = max(0, digits - 1 - math.floor(math.log10(abs(value)))) if value else 0
        return f"{value:.{decimals}f}"
    return f"{value:.{digits - 1}e}"


def duration(seconds: float | None) -> str:
    """A time with its unit."""
    if seconds is None or math.isnan(seconds):
        return "-"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{number(seconds / size)} {unit}"
    return f"{number(seconds * 1e9)} ns"


def names_of(text: str | None) -> list[str] | None:
    """The peers that ``--peers`` asks for; None for all."""
    return None if text is None else [name.strip() for name in text.split(";")]


def report(name: str, result: Mapping[str, Any], tables: Iterable[Table], remarks: Sequence[str], folder: Path | None) -> None:
    """Print the tables of a result and what is to be said of it, and save it where a folder is given."""
    for title, head, lines in tables:
        print(f"{title}\n\n{text_table(head, lines)}")
    print("\n".join(remarks))
    if folder is not None:
        save(name, result, folder)
