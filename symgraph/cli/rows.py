"""Rows of a data file for a command: options that say how it is read, and in memory or in blocks."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from symgraph.cli.terminal import note
from symgraph.errors import OptionError

if TYPE_CHECKING:
    from symgraph.io.data import Dataset, Reading
    from symgraph.io.data_files import DataFile as FoundFile
    from symgraph.io.module import GeneratedModule
    from symgraph.io.stream import Stream

SAME: Mapping[str, str] = MappingProxyType({})
"""Columns of a file that are called as in the model."""

LARGE = 1 << 30
"""Bytes of a file above which rows are read in blocks without being asked to."""


def reading_of(drop_missing: bool, delimiter: str | None, decimal: str | None, thousands: str | None) -> "Reading":
    """Return how a file is read."""
    from symgraph.io.data import Reading

    return Reading(drop_missing, delimiter, decimal, thousands)


def read_rows(
    module: "GeneratedModule",
    path: "Path | FoundFile | None",
    *,
    need_target: bool = True,
    others: Sequence[str] = (),
    label: str = "",
    columns: Mapping[str, str] = SAME,
    reading: "Reading | None" = None,
    quiet: bool = True,
) -> "Dataset | None":
    """Read the rows a model needs, and further columns; None for a model that needs none.

    How they were read is said on stderr where that is not plain.

    Args:
        module: the model's module.
        path: the file.
        need_target: whether the target is read.
        others: further columns.
        label: the column that names the data set of each row, or "".
        columns: the names that features and targets have in the file, by those in the model, where they differ.
        reading: how the file is read.
        quiet: whether to say nothing.

    Raises:
        OptionError: the model needs data and no file is given, or has no use for the one that is.
        DataError: the file cannot be used.
    """
    import numpy as np

    from symgraph.io.data import PLAIN, read_data
    from symgraph.io.module import targets_of
    from symgraph.io.targets import check_labels

    if not _needed(module, path, need_target, columns):
        return None
    assert path is not None  # which a model that needs rows is refused without
    features, names = (tuple(columns.get(name, name) for name in some) for some in (module.FEATURES, targets_of(module)))
    targets = names[0] if module.TARGET else names
    how = reading or PLAIN
    rows = read_data(path, features, targets, need_target=need_target, others=others, label=label, reading=how)
    check_labels(module, rows.X, rows.y, str(path), None if rows.kept is None else np.flatnonzero(rows.kept))
    _tell(path, rows, quiet)
    return rows


def inputs_of(rows: "Dataset | None") -> tuple[Any, Any]:
    """Return X and y as a module's functions take them: None where the model has no features or no target."""
    return (None, None) if rows is None else (rows.X, rows.y)


class Given(NamedTuple):
    """Rows as functions of models take them.

    Attributes:
        inputs: a module, X and y, or a stream: the first arguments of such a function.
        n: the number of rows.
        others: (n, columns) further columns, or None.
    """

    inputs: tuple[Any, ...]
    n: int
    others: Any


@contextmanager
def given_rows(
    module: "GeneratedModule",
    path: "Path | FoundFile | None",
    reading: "Reading",
    *,
    stream: bool,
    against: str,
    others: Sequence[str] = (),
    columns: Mapping[str, str] = SAME,
    quiet: bool,
) -> Iterator[Given]:
    """Give the rows of a file, in memory or as a stream.

    Args:
        module: the model's module.
        path: the file, or what it was found to be: a pipe can be read once.
        reading: how it is read.
        stream: whether --stream was given.
        against: why the rows cannot be a stream, or "".
        others: further columns, of rows in memory.
        columns: as for `read_rows`, of rows in memory.
        quiet: whether to show and to say nothing.
    """
    if in_blocks(path, stream, against):
        assert path is not None  # else there is nothing to read
        with streamed_rows(module, path, reading, quiet=quiet) as opened:
            yield Given((opened,), len(opened), None)
        return
    rows = read_rows(module, path, others=others, columns=columns, reading=reading, quiet=quiet)
    yield Given((module, *inputs_of(rows)), 1 if rows is None else len(rows), None if rows is None else rows.others)


def in_blocks(path: "Path | FoundFile | None", asked: bool, against: str) -> bool:
    """Tell if rows are read in blocks: where that was asked for, or the file is large and nothing speaks against it.

    Args:
        path: the file.
        asked: whether --stream was given.
        against: why it cannot be, or "".

    Raises:
        OptionError: it was asked for and cannot be.
    """
    if asked and (against or path is None):
        raise OptionError(f"--stream: {against or 'there is no --data to read'}")
    file = path if path is None or isinstance(path, Path) else path.path
    return asked or (file is not None and not against and file.is_file() and file.stat().st_size > LARGE)


@contextmanager
def streamed_rows(
    module: "GeneratedModule",
    path: "Path | FoundFile",
    reading: "Reading",
    *,
    need_target: bool = True,
    quiet: bool,
) -> "Iterator[Stream]":
    """Open the rows of a file that are read in blocks; a bar shows them on stderr if that is a terminal.

    Args:
        module: the model's module.
        path: the file.
        reading: how it is read.
        need_target: whether the target is read.
        quiet: whether to show and to say nothing.
    """
    from symgraph.io.stream import stream

    _needed(module, path, need_target)
    with _bar(path, quiet) as watch:
        rows = stream(module, path, target=need_target, watch=watch, **asdict(reading))
        _tell(path, rows, quiet)
        yield rows


def _needed(
    module: "GeneratedModule", path: "Path | FoundFile | None", need_target: bool, columns: Mapping[str, str] = SAME
) -> bool:
    """Tell if a model needs rows; refuse a file that it does not need, or none."""
    from symgraph.io.module import targets_of

    targets = targets_of(module)
    if not module.FEATURES and not (targets and need_target):
        if path is not None:
            lacking = "features" if targets else "features and no target"
            raise OptionError(f"--data: {module.MODEL} has no {lacking}; leave the option out")
        return False
    if path is None:
        needed = [*module.FEATURES, *(targets if need_target else ())]
        names = ", ".join(columns.get(name, name) for name in needed)
        raise OptionError(f"--data is missing; {module.MODEL} needs the columns {names}")
    return True


def _tell(path: "Path | FoundFile", rows: "Dataset | Stream", quiet: bool) -> None:
    if rows.dialect:
        note(f"{path}: {rows.dialect}", quiet=quiet)
    if rows.dropped:
        note(f"{path}: {rows.dropped:,} of {rows.dropped + len(rows):,} rows left out, since a cell is missing", quiet=quiet)


@contextmanager
def _bar(path: "Path | FoundFile", quiet: bool) -> Iterator[Any]:
    """Show a bar of rows; yield a function that takes those read and those there are."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f} rows"), TimeElapsedColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task(Path(str(path)).name, total=None)
    bar.start()
    try:
        yield lambda done, total: bar.update(task, completed=done, total=total)
    finally:
        with suppress(OSError):  # the terminal is closed; the work goes on
            bar.stop()
