"""Output to stdout and stderr, and to files that the user names."""

import json
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path
from threading import Timer
from typing import Any, TextIO

import typer

from symgraph.cli.streams import quoted, shown
from symgraph.display.pace import Pace
from symgraph.errors import OptionError
from symgraph.io.documents import jsonable
from symgraph.io.files import is_stream, write_file

UsageError: Any = typer.BadParameter.__bases__[0]
"""Base of the errors that typer raises for a wrong option or argument: click's class, or that of the copy in newer versions."""

_PATIENCE = 1.0
"""Seconds that a build may last before it shows a bar."""


def check_writable(option: str, path: Path | None, *others: Path | None) -> None:
    """Refuse a file that cannot be written, before the work whose result it is to hold.

    Args:
        option: the option that names the file.
        path: the file, or a device or a pipe; None where the option is not given.
        others: files that it must not be.

    Raises:
        OptionError: its folder does not exist or is read-only, or it is write-protected, no file, or one of the others.
    """
    if path is None:
        return
    try:
        _check_target(option, path, Path(os.path.realpath(path)), others)
    except OSError as error:  # a folder on the way that may not be looked into
        raise OptionError(f"{option}: {path} cannot be written: {error.strerror}") from error


def check_plot(path: Path | None, *others: Path | None) -> None:
    """Refuse a file of --plot that cannot be written, as `check_writable` does, or that nothing can be drawn to."""
    from symgraph.plots.axes import check_plot_path

    check_writable("--plot", path, *others)
    if path is not None:
        check_plot_path(path)


def _check_target(option: str, path: Path, target: Path, others: Sequence[Path | None]) -> None:
    if is_stream(path):
        return
    if not target.parent.is_dir():
        raise OptionError(f"{option}: there is no folder {path.parent}; make it first")
    if target.is_dir():
        raise OptionError(f"{option}: {path} is a folder; name a file in it")
    if target.is_symlink() or (target.exists() and not target.is_file()):
        raise OptionError(f"{option}: {path} is a link to itself, a socket or a block device; name a file")
    if any(other is not None and Path(os.path.realpath(other)) == target for other in others):
        raise OptionError(f"{option}: {path} is the file of another option, which would be lost; name another")
    if target.exists() and not os.access(target, os.W_OK):
        raise OptionError(f"{option}: {path} is write-protected; name another, or allow writing to it")
    if not os.access(target.parent, os.W_OK):
        raise OptionError(f"{option}: the folder {path.parent} cannot be written; choose another")


def write_out(out: Path | None, text: Iterable[str]) -> None:
    """Write to the file of --out, or to stdout.

    Args:
        out: the file; None is stdout.
        text: in pieces, each written as it comes.

    Raises:
        OptionError: the file cannot be written.
    """
    if out is None:
        sys.stdout.writelines(text)
        return
    try:
        write_file(out, text)
    except OSError as error:
        raise OptionError(f"--out: {out} cannot be written: {error.strerror}") from error


def file_of(path: Path, name: str, names: Collection[str]) -> Path:
    """Return the file of one result: among several, with its name added; devices and pipes take one after the other."""
    safe = name.replace("/", "_").replace("\\", "_")
    return path if len(names) == 1 or is_stream(path) else path.with_name(f"{path.stem}-{safe}{path.suffix}")


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
