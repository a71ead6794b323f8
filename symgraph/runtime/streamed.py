"""Rows that are read while a binding goes through them: its sums have the bits of rows in memory, since it cuts them alike."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from symgraph.runtime.binding import Kept
from symgraph.runtime.constants import copied
from symgraph.runtime.contract import checked_inputs
from symgraph.runtime.facts import Array, Facts, Inputs


class Window:
    """The rows of a table that is read from its beginning, as often as somebody goes back; only some are in memory.

    Args:
        read: begins to read, and gives tables (rows, columns) one after the other.
        count: the number of all rows.
        lost: gives the error for a table that has fewer or more rows than it had.
    """

    def __init__(self, read: Callable[[], Iterator[Array]], count: int, lost: Callable[[], Exception]) -> None:
        self.count = count
        self._read = read
        self._lost = lost
        self._tables: Iterator[Array] = iter(())
        self._first, self._table = 0, np.empty((0, 0))

    def rows(self, start: int, stop: int) -> Array:
        """Give some rows, (stop - start, columns), which are not to be written to."""
        if not len(self._table) or start < self._first:
            self._tables, self._first, self._table = self._read(), 0, self._table[:0]  # nothing is left if reading fails
            self._table = next(self._tables, self._table[:0])
        while self._first + len(self._table) < stop:
            passed = min(start - self._first, len(self._table))
            more = next(self._tables, None)
            if more is None:
                raise self._lost()
            self._table = np.concatenate([self._table[passed:], more]) if passed < len(self._table) else more
            self._first += passed
        if stop == self.count and any(map(len, self._tables)):  # at its end a file is closed, and tells if it has changed
            raise self._lost()
        return self._table[start - self._first : stop - self._first]


class ReadRows:
    """Some columns of a window, in the place of an array of all rows: of a known shape, and cut by slices in order."""

    def __init__(self, window: Window, columns: Any, width: tuple[int, ...]) -> None:
        self.shape = (window.count, *width)
        self.ndim = len(self.shape)
        self._window, self._columns = window, columns

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> Array:
        start, stop, _ = rows.indices(len(self))
        return self._window.rows(start, stop)[:, self._columns]


def streaming(binding: Kept, window: Window, features: int, targets: int) -> Any:
    """Copy a binding; its functions check the weights, and compute of the rows of a window, whatever they get as X and y.

    Args:
        binding: of a module with features or a target, that computes in blocks.
        window: has the features and behind them the targets, if these are read.
        features: the number of columns of X.
        targets: the number of columns of y, 0 without y.
    """

    def checked(facts: Facts, w: Any, *_: Any) -> Inputs:
        one_target: Any = slice(features, features + targets) if facts.targets else features
        head = window.rows(0, min(2, window.count))
        X, y = (head[:, :features] if features else None), (head[:, one_target] if targets else None)
        inputs = checked_inputs(facts, w, X, y)
        if window.count == 1:
            return inputs
        return Inputs(
            inputs.w,
            None if inputs.X is None else ReadRows(window, slice(0, features), (features,)),
            None if y is None else ReadRows(window, one_target, y.shape[1:]),
        )

    other: Any = copied(binding)
    other._checked, other._rules = checked, ()  # whoever opened the stream has looked at all targets
    return other
