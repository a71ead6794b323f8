"""Output to stdout and stderr."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path
from threading import Timer
from typing import Any, TextIO

import typer

from symgraph.cli.streams import quoted, shown
from symgraph.data.documents import jsonable
from symgraph.pace import Pace

UsageError: Any = typer.BadParameter.__bases__[0]
"""Base of the errors that typer raises for a wrong option or argument: click's class, or that of the copy in newer versions."""

_PATIENCE = 1.0
"""Seconds that a build may last before it shows a bar."""


def nearer(path: Path) -> Path:
    """Return a path relative to the current folder, as a person would type it, where it lies below."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def note(text: str, *, quiet: bool = False) -> None:
    """Print a remark on stderr."""
    if not quiet:
        print(text, file=sys.stderr)


def note_next(*words: object, quiet: bool = False, **options: object) -> None:
    """Name the command that comes next, as the last line on stderr, with those of its options that have a value."""
    given = {f"-{name}" if len(name) == 1 else f"--{name}": value for name, value in options.items() if value is not None}
    note(f"next: symgraph {quoted(chain(words, *given.items()))}", quiet=quiet)


def json_text(result: object) -> str:
    """Return a result as JSON; numbers that are not finite become null."""
    return json.dumps(jsonable(result), indent=2, allow_nan=False)


def print_json(result: object) -> None:
    """Print a result as JSON on stdout; see `json_text`."""
    print(json_text(result))


def console(stream: TextIO) -> Any:
    """Return rich's console for a terminal, on which texts are shown as by `streams.shown`, and its own signs draw."""
    from rich.console import Console
    from rich.segment import Segment

    class Showing(Console):
        def render(self, renderable: Any, options: Any = None) -> Iterator[Any]:
            for one in super().render(renderable, options):
                yield one if one.control else Segment(shown(one.text), one.style)

    return Showing(file=getattr(stream, "plain", stream))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on stdout: ruled on a terminal, plain aligned columns elsewhere."""
    if sys.stdout.isatty():
        from rich.table import Table

        table = Table(*columns)
        for row in rows:
            table.add_row(*row)
        console(sys.stdout).print(table)
        return
    print("\n".join(table_lines(columns, rows)))


def table_lines(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table in plain aligned columns."""
    lines = [list(columns), *(list(row) for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


@contextmanager
def progress(total: int, label: str, *, quiet: bool) -> Iterator[Any]:
    """Show progress on stderr: a bar if that is a terminal, else a line now and then, the first after 5 seconds.

    Args:
        total: the number of steps.
        label: the name of the work.
        quiet: whether to show nothing.

    Returns:
        A function that advances it by one step and shows a remark.
    """
    if quiet or not sys.stderr.isatty():
        yield (lambda _remark="": None) if quiet else _told(total, label)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[remark]}"))
    bar = Progress(*columns, console=console(sys.stderr), transient=True)
    task = bar.add_task(label, total=total, remark="")
    bar.start()
    try:
        yield lambda remark="": bar.update(task, advance=1, remark=remark)
    finally:
        with suppress(OSError):  # the terminal is closed; the work goes on
            bar.stop()


def _told(total: int, label: str) -> Callable[..., None]:
    """Return a function that counts steps, and prints how many are done when the time has come."""
    pace, steps = Pace(), count(1)

    def advance(remark: str = "") -> None:
        done = next(steps)
        if pace.due():
            print(f"{label}: {done} of {total}{remark and f', {remark}'}", file=sys.stderr, flush=True)

    return advance


@contextmanager
def stage_bar(names: Sequence[str], *, quiet: bool) -> Iterator[Callable[[str, str], None] | None]:
    """Show on stderr, if that is a terminal, which stage of a build runs, as soon as the build has lasted a while.

    Args:
        names: the stages of one model in order.
        quiet: whether to show nothing.

    Returns:
        A function to call with a model's name and a stage's before the stage; None where nothing is shown.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=console(sys.stderr), transient=True)
    task = bar.add_task("", total=len(names))
    reached = 0

    def watch(model: str, name: str) -> None:
        nonlocal reached
        start = reached if name in names[reached:] else 0  # a stage that comes twice, or the next model
        reached = names.index(name, start) if name in names else reached
        bar.update(task, completed=reached, description=f"{model} {name}".strip())

    timer = Timer(_PATIENCE, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield watch
    finally:
        timer.cancel()
        timer.join()
        bar.stop()
