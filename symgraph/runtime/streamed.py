"""Rows that are read while a binding goes through them: its sums have the bits of rows in memory, since it cuts them alike."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from symgraph.runtime.contract import check_reduction, checked_inputs, weighted_rows
from symgraph.runtime.facts import Array, Inputs


class Window:
    """The rows of a table that is read from its beginning, as often as somebody goes back; only some are in memory.

    Args:
        read: begins to read, and gives tables (rows, columns) one after the other.
        count: the number of all rows.
        lost: gives the error for a table that has fewer rows than it had.
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
        if stop == self.count:
            self._tables = iter(())  # which closes the file
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


def streamed_inputs(binding: Any, w: Any, window: Window, features: int, targets: int) -> Inputs:
    """Check weights against a binding and rows that are read, more than one; give inputs whose rows are read.

    Args:
        binding: of a module with features or a target.
        w: (k,) weights.
        window: has the features and behind them the targets, if these are read.
        features: the number of columns of X.
        targets: the number of columns of y, 0 without y.

    Raises:
        ValueError, TypeError: as for arrays.
    """
    one_target: Any = features if not binding.facts.targets else slice(features, features + targets)
    head = window.rows(0, 2)
    X, y = (head[:, :features] if features else None), (head[:, one_target] if targets else None)
    checked = checked_inputs(binding.facts, w, X, y)
    return Inputs(
        checked.w,
        None if checked.X is None else ReadRows(window, slice(0, features), (features,)),
        None if y is None else ReadRows(window, one_target, y.shape[1:]),
    )


def streamed_sums(binding: Any, inputs: Inputs, reduction: str, *, with_gradient: bool) -> tuple[float, Any]:
    """Compute what value_and_grad gives, or the loss alone and None.

    Args:
        binding: computes in blocks.
        inputs: of ``streamed_inputs``, more rows than one.
        reduction: "mean" or "sum".
        with_gradient: whether the gradient is wanted.
    """
    check_reduction(reduction)
    inputs, one, total = weighted_rows(inputs, None, reduction, binding._total)
    value, gradient = (
        binding._mean_and_gradient(inputs, one, total, 1) if with_gradient else (binding._mean(inputs, one, total, 1), None)
    )
    if binding._penalty_lines is None:
        return value, gradient
    with np.errstate(all="ignore"):
        (extra, slopes), share = binding._penalty(inputs.w), binding._share(inputs, None, reduction)
        return value + share * extra, None if gradient is None else gradient + share * slopes
