"""Rows of a data file for a command, in memory or in blocks."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from symgraph.cli.terminal import console, note
from symgraph.errors import OptionError, SymgraphError

if TYPE_CHECKING:
    from symgraph.data.data_files import DataFile as FoundFile
    from symgraph.data.reading import Dataset, Reading
    from symgraph.data.stream import Stream

SAME: Mapping[str, str] = MappingProxyType({})
"""Columns of a file that are called as in the model."""

LARGE = 1 << 30
"""Bytes of a file above which rows are read in blocks without being asked to."""


def reading_of(drop_missing: bool, delimiter: str | None, decimal: str | None, thousands: str | None) -> "Reading":
    """Return how a file is read."""
    from symgraph.data.reading import Reading

    return Reading(drop_missing, delimiter, decimal, thousands)


def inputs_of(rows: "Dataset | None") -> tuple[Any, Any]:
    """Return X and y as a module's functions take them: None where the model has no features or no target."""
    return (None, None) if rows is None else (rows.X, rows.y)


def shown_row(n: int) -> int:
    """Return which of n rows a picture shows: the middle one, for at the ends of data, such as a time of 0, slopes may be 0."""
    return n // 2


class Given(NamedTuple):
    """Rows as functions of models take them.

    Attributes:
        inputs: a module, X and y, or a stream: the first arguments of such a function.
        n: the number of rows.
        others: (n, columns) further columns, or None.
        kept: which of the rows of the file they are; None where they are all.
    """

    inputs: tuple[Any, ...]
    n: int
    others: Any = None
    kept: Any = None

    def of_file(self, row: int) -> int:
        """Return the number that a row has in the file, where others may have been left out."""
        return row if self.kept is None else int(self.kept.nonzero()[0][row])


class Source(NamedTuple):
    """File of rows for a model, and how it is read, which is said on stderr where that is not plain.

    Attributes:
        module: the model's module, or facts of it.
        path: the file, or what it was found to be, since a pipe can be read once; None if none was given.
        reading: how it is read; None is plainly.
        quiet: whether to show and to say nothing.
        columns: the names that features and targets have in the file, by those in the model, where they differ.
    """

    module: Any
    path: "Path | FoundFile | None"
    reading: "Reading | None" = None
    quiet: bool = True
    columns: Mapping[str, str] = SAME

    def read(self, *, need_target: bool = True, others: Sequence[str] = (), label: str = "") -> "Dataset | None":
        """Read the rows a model needs, and further columns; None for a model that needs none.

        Args:
            need_target: whether the target is read.
            others: further columns.
            label: the column that names the data set of each row, or "".

        Raises:
            OptionError: the model needs data and no file is given, or has no use for the one that is.
            DataError: the file cannot be used.
        """
        import numpy as np

        from symgraph.data.reading import PLAIN, read_data
        from symgraph.data.targets import check_labels
        from symgraph.runtime.generated_module import targets_of

        module, path = self.module, self.path
        if not self._is_needed(need_target):
            return None
        assert path is not None  # which a model that needs rows is refused without
        features, names = (tuple(self.columns.get(one, one) for one in some) for some in (module.FEATURES, targets_of(module)))
        targets, how = names[0] if module.TARGET else names, self.reading or PLAIN
        rows = read_data(path, features, targets, need_target=need_target, others=others, label=label, reading=how)
        check_labels(module, rows.X, rows.y, str(path), None if rows.kept is None else np.flatnonzero(rows.kept))
        self._tell(rows)
        return rows

    @contextmanager
    def given(self, *, stream: bool, against: str, others: Sequence[str] = ()) -> Iterator[Given]:
        """Give the rows, in memory or as a stream.

        Args:
            stream: whether --stream was given.
            against: why the rows cannot be a stream, or "".
            others: further columns, of rows in memory.
        """
        if self.in_blocks(stream, against):
            with self.streamed() as opened:
                yield Given((opened,), len(opened))
            return
        rows = self.read(others=others)
        inputs = (self.module, *inputs_of(rows))
        given = Given(inputs, 1) if rows is None else Given(inputs, len(rows), rows.others, rows.kept)
        try:
            yield given
        except SymgraphError as error:
            if rows is None or rows.kept is None or error.row is None:
                raise
            text = str(error).replace(f"row {error.row}", f"row {given.of_file(error.row)} of {self.path}", 1)
            raise type(error)(text) from error

    def in_blocks(self, asked: bool, against: str) -> bool:
        """Tell if rows are read in blocks: where that was asked for, or the file is large and nothing speaks against it.

        Args:
            asked: whether --stream was given.
            against: why it cannot be, or "".

        Raises:
            OptionError: it was asked for and cannot be.
        """
        if asked and (against or self.path is None):
            raise OptionError(f"--stream: {against or 'there is no --data to read'}")
        file = self.path if self.path is None or isinstance(self.path, Path) else self.path.path
        return asked or (file is not None and not against and file.is_file() and file.stat().st_size > LARGE)

    @contextmanager
    def streamed(self, *, need_target: bool = True) -> "Iterator[Stream]":
        """Open the rows of the file, which are read in blocks; a bar shows them on stderr if that is a terminal."""
        from symgraph.data.reading import PLAIN
        from symgraph.data.stream import stream

        self._is_needed(need_target)
        assert self.path is not None  # else there is nothing to read
        with self._bar() as watch:
            rows = stream(self.module, self.path, target=need_target, watch=watch, **asdict(self.reading or PLAIN))
            self._tell(rows)
            yield rows

    def _is_needed(self, need_target: bool) -> bool:
        """Tell if a model needs rows; refuse a file that it does not need, or none."""
        from symgraph.runtime.generated_module import targets_of

        module, targets = self.module, targets_of(self.module)
        if not module.FEATURES and not (targets and need_target):
            if self.path is not None:
                lacking = "features" if targets else "features and no target"
                raise OptionError(f"--data: {module.MODEL} has no {lacking}; leave the option out")
            return False
        if self.path is None:
            needed = [*module.FEATURES, *(targets if need_target else ())]
            names = ", ".join(self.columns.get(name, name) for name in needed)
            raise OptionError(f"--data is missing; {module.MODEL} needs the columns {names}")
        return True

    def _tell(self, rows: "Dataset | Stream") -> None:
        if rows.dialect:
            note(f"{self.path}: {rows.dialect}", quiet=self.quiet)
        if rows.dropped:
            left_out = f"{rows.dropped:,} of {rows.dropped + len(rows):,} rows left out, since a cell is missing"
            note(f"{self.path}: {left_out}", quiet=self.quiet)

    @contextmanager
    def _bar(self) -> Iterator[Any]:
        """Show a bar of rows; yield a function that takes those read and those there are."""
        if self.quiet or not sys.stderr.isatty():
            yield None
            return
        from rich.progress import BarColumn, Progress, TimeElapsedColumn

        columns = ("{task.description}", BarColumn(), "{task.completed:,.0f} rows", TimeElapsedColumn())
        bar = Progress(*columns, console=console(sys.stderr), transient=True)
        task = bar.add_task(Path(str(self.path)).name, total=None)
        bar.start()
        try:
            yield lambda done, total: bar.update(task, completed=done, total=total)
        finally:
            with suppress(OSError):  # the terminal is closed; the work goes on
                bar.stop()
