"""Streams: a module's functions over rows that are read in blocks, from a file larger than memory."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.data.array_data import table_of_arrays
from symgraph.data.blocks import BLOCK_ROWS, Reading, Rows, Table, complete
from symgraph.data.data_files import DataFile
from symgraph.data.reading import opened_table
from symgraph.data.residuals import SLOPES, slopes_of_residuals
from symgraph.data.targets import check_labels
from symgraph.errors import DataError, ModuleError, OptionError
from symgraph.runtime.facts import Reduction
from symgraph.runtime.generated_module import targets_of
from symgraph.runtime.labels import array_of
from symgraph.runtime.streamed import Window, streaming

Array = NDArray[np.float64]
Watch = Callable[[int, "int | None"], None]


class Stream:
    """A module and rows that are read in blocks whenever something is computed of them, always in float64.

    What a module adds up over rows has the bits that it has of the same rows in memory: they are cut at the same places. A
    stream is for one thread at a time.

    Attributes:
        module: the generated module.
        name: of the data, for messages.
        n: the number of rows, without those that were left out.
        dropped: the number of rows that were left out since a cell of them is missing.
        rows: the number of rows of a block, of ``blocks``, ``predict`` and ``r_factor``.
        has_target: whether the target is read.
        dialect: how text is read, in words; "" for commas and decimal points.
    """

    def __init__(self, module: Any, name: str, table: Table, reading: Reading, rows: int, watch: Watch | None, target: bool):
        self.module, self.name, self.rows, self.has_target = module, name, rows, target
        self.dialect = table.dialect_in_words
        self._table, self._reading, self.watch = table, reading, watch
        self._features, self._targets = len(module.FEATURES), len(targets_of(module)) if target else 0
        self._columns = (*module.FEATURES, *(targets_of(module) if target else ()))
        binding = _binding_of(module)
        self._total = table.rows
        self.n, self.dropped = self._counted()
        self._total = self.n + self.dropped
        self._binding = streaming(binding, self._new_window(), self._features, self._targets)

    def __len__(self) -> int:
        return self.n

    def __repr__(self) -> str:
        return f"<Stream of {self.module.MODEL}: {self.n:,} rows of {self.name}>"

    def value_and_grad(self, w: Any, *, reduction: Reduction = "mean") -> tuple[float, Array]:
        """Compute the reduced loss and its gradient over all rows; see the module's function, whose bits it has.

        Args:
            w: (k,) weights.
            reduction: "mean" or "sum".

        Raises:
            ValueError, TypeError: w does not fit the model, or the reduction is unknown.
            DataError: the file has changed.
        """
        found: tuple[float, Array] = self._loss_functions().value_and_grad(w, None, None, reduction=reduction)
        return found

    def loss(self, w: Any, *, reduction: Reduction = "mean") -> float:
        """Compute the reduced loss over all rows; arguments as for ``value_and_grad``."""
        return float(self._loss_functions().loss(w, None, None, reduction=reduction))

    def grad(self, w: Any, *, reduction: Reduction = "mean") -> Array:
        """Compute the gradient of the reduced loss over all rows; arguments as for ``value_and_grad``."""
        return self.value_and_grad(w, reduction=reduction)[1]

    def predict(self, w: Any) -> Iterator[Array]:
        """Yield the output of the rows of each block, (rows,) or (rows, m) of m outputs."""
        return (self.module.predict(w, X) for X, _ in self.blocks())

    def predictions(self, w: Any) -> Iterator[tuple[Array, NDArray[np.bool_] | None]]:
        """Yield the output of the rows of each part of the file, and which rows of the part they are; None for all."""
        for part in self._blocks():
            rows = len(part.values)
            yield self.module.predict(w, self._apart(part.values)[0]) if rows else np.empty(0), part.kept

    def r_factor(self, w: Any) -> Array:
        """Compute the triangular factor of [J r] by QR of one block after the other: J'J would square the condition.

        J are the derivatives of the module's residuals r, of all rows. R'R is [J r]'[J r], so that the least squares step
        is ``numpy.linalg.solve(R[:k, :k], -R[:k, k])`` and the sum of squares beside the columns of J is R[k, k]**2. Blocks are
        joined as in J. Demmel, L. Grigori, M. Hoemmen, J. Langou, SIAM Journal on Scientific Computing 34 (2012).

        Args:
            w: (k,) weights.

        Returns:
            (k + 1, k + 1), upper triangular, with a diagonal that is not negative.

        Raises:
            OptionError: the model has no residual.
        """
        if not hasattr(self.module, SLOPES):
            raise OptionError(f"{self.module.MODEL} has no residual, so there is no factor of its derivatives")
        return triangle(
            np.column_stack([slopes_of_residuals(self.module, w, X, y), np.reshape(self.module.residual(w, X, y), -1)])
            for X, y in self.blocks()
        )

    def blocks(self) -> Iterator[tuple[Any, Any]]:
        """Read the rows in blocks: X (rows, d) and y (rows,) or (rows, p), None where the model has none or it is not read."""
        window = self._new_window()
        for start in range(0, self.n, self.rows):
            yield self._apart(window.rows(start, min(start + self.rows, self.n)))

    def _apart(self, table: Array) -> tuple[Any, Any]:
        d, several = self._features, len(targets_of(self.module)) > 1
        X = np.ascontiguousarray(table[:, :d]) if d else None
        return X, np.ascontiguousarray(table[:, d:] if several else table[:, d]) if self._targets else None

    def _loss_functions(self) -> Any:
        """Return a binding whose functions compute of all rows, if they have the target."""
        if not self.has_target and targets_of(self.module):
            raise OptionError(f"the stream of {self.name} was opened without the target, so it has no loss")
        return self._binding

    def _counted(self) -> tuple[int, int]:
        """Go through all rows, so that a fault is told before anything is computed; count those that are kept and left out."""
        count, read = 0, 0
        for block in self._blocks():
            numbers = read + (np.arange(block.read) if block.kept is None else np.flatnonzero(block.kept))
            if len(numbers):
                check_labels(self.module, *self._apart(block.values), self.name, numbers)
            count, read = count + len(block.values), read + block.read
        if not count:
            raise DataError(f"{self.name} has a missing cell in every row")
        return count, read - count

    def _new_window(self) -> Window:
        def tables() -> Iterator[Array]:
            return (block.values for block in self._blocks())

        return Window(tables, self.n, lambda: DataError(f"{self.name} has changed since it was first read"))

    def _blocks(self) -> Iterator[Rows]:
        done = 0
        for block in complete(self.name, self._table.blocks(), self._columns, drop_missing=self._reading.drop_missing):
            done += block.read
            if self.watch is not None:
                self.watch(done, self._total)
            yield block


def stream(
    module: Any,
    source: Any,
    y: Any = None,
    *,
    rows: int = BLOCK_ROWS,
    target: bool = True,
    drop_missing: bool = False,
    delimiter: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    watch: Watch | None = None,
) -> Stream:
    """Open data for reading in blocks, and read it once to check and count the rows.

    Args:
        module: a generated module, of the numpy backend, native or compiled.
        source: the path of a file, as for `symgraph.data.reading.read_data`; or data in memory: a frame, mapping or array.
        y: the target, beside an array in memory.
        rows: the number of rows of a block; sums do not depend on it, the last bits of ``r_factor`` do.
        target: read the target; without it only predictions are possible.
        drop_missing: leave out rows with a missing cell instead of refusing them.
        delimiter: between the cells of text; None to find it in the first line.
        decimal: the decimal sign of text; None to find it in the first rows.
        thousands: the sign between groups of three digits of text.
        watch: called with the number of rows read so far, and with the number of all rows if it is known, as a file is read.

    Raises:
        DataError: the data cannot be used; the message names the file, and row and column where there are some.
        OptionError: an option is invalid, the model has no rows, or the package that reads the file is not installed.
        ModuleError: the module cannot compute in blocks.
    """
    if isinstance(rows, bool) or not isinstance(rows, int | np.integer) or rows < 1:
        raise OptionError(f"rows must be a whole number, 1 or more, not {rows!r}")
    if not hasattr(module, "WEIGHTS"):
        raise OptionError(f"stream needs a generated module, such as symgraph.compile(model) gives, not {module!r:.80}")
    targets = targets_of(module)
    possible = (*module.FEATURES, *targets)
    names = possible if target else tuple(module.FEATURES)
    if not names:
        raise OptionError(f"{module.MODEL} has no columns to read, so there is nothing to stream")
    reading = Reading(drop_missing, delimiter, decimal, thousands)
    if isinstance(source, str | Path | DataFile):
        if y is not None:
            raise OptionError("y belongs to rows in memory; a file has the target among its columns")
        name, table = opened_table(source, names, possible, reading)
    else:
        name, table = "X", _in_memory(module, source, y, target)
    return Stream(module, name, table, reading, int(rows), watch, target)


def triangle(tables: Iterable[Array]) -> Array:
    """Return the triangular factor of tables that lie below one another, (m, m), its diagonal not negative."""
    R: Any = None
    for table in tables:
        R = np.linalg.qr(table if R is None else np.vstack([R, table]), mode="r")
    full = np.zeros((R.shape[1],) * 2)
    full[: len(R)] = R
    return full * np.where(np.diag(full) < 0, -1.0, 1.0)[:, np.newaxis]


def _in_memory(module: Any, X: Any, y: Any, target: bool) -> Table:
    """Return rows in memory as a table; NaN and infinities in them are found like those of a file."""
    parts, names = [], targets_of(module)
    try:
        if module.FEATURES:
            parts.append(array_of(X, module.FEATURES, "X", len(module.FEATURES) == 1))
        if names and target:
            given = X if y is None else y
            if given is X and module.FEATURES and isinstance(X, np.ndarray) and X.dtype.names is None:
                raise DataError(f"y is missing; {module.MODEL} needs its target {', '.join(names)}")
            parts.append(array_of(given, names, "y", len(names) == 1))
        columns = [np.asarray(part, np.float64).reshape(len(part), -1) for part in parts]
        if len({len(part) for part in columns}) > 1:
            raise DataError(f"X has {len(columns[0])} rows and y has {len(columns[1])}; give one target a row")
        values = np.concatenate(columns, axis=1)
    except (ValueError, TypeError) as error:
        raise DataError(str(error)) from error
    wanted = len(module.FEATURES) + (len(names) if target else 0)
    if values.shape[1] != wanted:
        raise DataError(f"the rows have {values.shape[1]} columns in all, {module.MODEL} needs {wanted}")
    return table_of_arrays(values)


def _binding_of(module: Any) -> Any:
    """Return what computes a module's functions in blocks."""
    binding = getattr(module, "_binding", None) or vars(module).get("_model")
    if not hasattr(binding, "_replay") and not hasattr(binding, "functions"):
        raise ModuleError(f"the module of {module.MODEL} computes all rows at once; stream its numpy or its native module")
    return binding
