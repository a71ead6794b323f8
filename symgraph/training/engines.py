"""Engines that run the epochs of a training: arrays, or loops over rows on Python floats or compiled by numba."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from symgraph.io.module import GeneratedModule, ScalarModule
from symgraph.training.arrays import Array
from symgraph.training.clipping import Clip, FloatClip, on_floats
from symgraph.training.epoch import Epoch, bad_row, run_epoch
from symgraph.training.history import Backend
from symgraph.training.loops import Loop, Losses, numba_loop, numba_losses, python_loop
from symgraph.training.optimizers import Optimizer, OptimizerState, int64
from symgraph.training.row_loop import Sizes
from symgraph.training.row_module import OUT_OF_DOMAIN, RowModule
from symgraph.training.rows import Rows, batches
from symgraph.training.tracing import NotInlined, trace

_PIECE = 16_384
"""Rows converted to Python floats at a time: half a megabyte of them for each column."""

UPDATES_AT_ONCE = 16_384
"""Most updates in one call where no callback needs each epoch: Ctrl-C loses no more than these."""

_KEPT = 2**20
"""Most numbers that are kept as Python floats from epoch to epoch, 32 MB of them; more are converted again in each."""


class Several(NamedTuple):
    """Result of several epochs: the last one's outcome, and the loss after each."""

    epoch: Epoch
    losses: list[float]


class Engine(Protocol):
    """Interface of the engines that run the epochs of a training."""

    @property
    def backend(self) -> Backend:
        """Name the backend that runs the updates."""

    @property
    def fallback(self) -> str | None:
        """Say why the backend is not the one asked for, or slower than it could be; None where there is no reason to."""

    def epoch(self, w: Array, state: OptimizerState, order: NDArray[np.int64] | None) -> Epoch:
        """Go through the rows once, in the order given; None is the order of the file."""

    @property
    def at_once(self) -> int:
        """Return the most epochs that `several` may be asked for; 1 where it must not be called."""

    def several(self, w: Array, state: OptimizerState, count: int) -> "Several | None":
        """Run some epochs in the order of the file, as `epoch` and `loss` would one by one; None if a value is not finite."""

    def loss(self, w: Array) -> float:
        """Return the mean loss over all rows."""

    def bad_row(self, w: Array) -> int | None:
        """Return the first row whose loss or gradient is not finite."""


@dataclass(frozen=True, slots=True)
class ArrayEngine:
    """Engine that runs `run_epoch` on a module of the numpy backend, or on one with the same functions.

    Attributes:
        module: the module.
        rows: all rows.
        optimizer: the optimizer of the updates.
        clip: changes each gradient, or None.
        batch_size: rows per update.
        fallback: see `Engine`.
    """

    module: GeneratedModule
    rows: Rows
    optimizer: Optimizer
    clip: Clip | None
    batch_size: int
    fallback: str | None = None

    @property
    def backend(self) -> Backend:
        """See `Engine`."""
        return "numpy"

    def epoch(self, w: Array, state: OptimizerState, order: NDArray[np.int64] | None) -> Epoch:
        """See `Engine`."""
        parts = batches(self.rows.n, self.batch_size, order)
        return run_epoch(self.module, self.rows, w, state, optimizer=self.optimizer, batches=parts, clip=self.clip)

    @property
    def at_once(self) -> int:
        """See `Engine`."""
        return 1

    def several(self, w: Array, state: OptimizerState, count: int) -> Several | None:
        """See `Engine`."""
        return None

    def loss(self, w: Array) -> float:
        """See `Engine`."""
        return self.module.loss(w, self.rows.X, self.rows.y)

    def bad_row(self, w: Array) -> int | None:
        """See `Engine`."""
        return bad_row(self.module, self.rows, w, slice(None))


class _LoopCall(NamedTuple):
    """Loop with its arguments that stay the same in every epoch; with the losses of rows if it is compiled and not too long."""

    function: Loop
    constants: Any
    gradient: NDArray[np.float64]
    limit: float
    compiled: bool
    losses: Losses | None


@dataclass(frozen=True)
class RowEngine:
    """Engine that runs a loop over the rows; `run_epoch` repeats an epoch with a value that is not finite, to find where.

    That is cheaper than a check of every row: such a value stays not finite to the end of the epoch. Where there is no loop,
    `run_epoch` runs all epochs, with gradients from the scalar module.

    Attributes:
        slow: the engine that runs epochs row by row, with the same arithmetic.
        loop: the loop, or None.
        fallback: see `Engine`.
    """

    slow: ArrayEngine
    loop: _LoopCall | None
    fallback: str | None

    @property
    def backend(self) -> Backend:
        """See `Engine`."""
        return "numba" if self.loop is not None and self.loop.compiled else "scalar"

    def epoch(self, w: Array, state: OptimizerState, order: NDArray[np.int64] | None) -> Epoch:
        """See `Engine`."""
        done = None if self.loop is None else self._looped(self.loop, w, state, order)
        return self.slow.epoch(w, state, order) if done is None else done

    @property
    def at_once(self) -> int:
        """See `Engine`; more than 1 for compiled loops over few rows, where recording each epoch takes a third of the time."""
        return UPDATES_AT_ONCE // self.slow.rows.n if self.backend == "numba" else 1

    def several(self, w: Array, state: OptimizerState, count: int) -> Several | None:
        """See `Engine`."""
        loop = self.loop
        if loop is None or self._all is None:
            return None
        first, step, k = int(state.epoch), int(state.step), len(w)
        numbers, total, losses = np.concatenate((w, *state.slots)), 0.0, []
        weights, slots = numbers[:k], numbers[k:]
        for epoch in range(first, first + count):
            rate = self.slow.optimizer.rate_at(epoch)
            total += loop.function(weights, slots, self._all, step, rate, loop.constants, loop.gradient, loop.limit)
            step += len(self._all)
            losses.append(self.loss(weights))
            if not math.isfinite(total + losses[-1]):  # the schedule is not asked for the rate of an epoch that will not be run
                return None
        if not np.isfinite(numbers).all():
            return None
        return Several(_finished(numbers, k, step, first + count), losses)

    def loss(self, w: Array) -> float:
        """See `Engine`; the compiled loss agrees to rounding with the numpy module's, which decides where it is not finite."""
        losses = None if self.loop is None else self.loop.losses
        if losses is None or self._columns is None:
            return self.slow.loss(w)
        mean = losses(w, self._columns, self._terms) / len(self._terms)
        return mean if math.isfinite(mean) else self.slow.loss(w)

    def bad_row(self, w: Array) -> int | None:
        """See `Engine`."""
        return self.slow.bad_row(w)

    def _looped(self, loop: _LoopCall, w: Array, state: OptimizerState, order: NDArray[np.int64] | None) -> Epoch | None:
        """Run an epoch by the loop; None if any value in it was not finite."""
        optimizer, k, epoch = self.slow.optimizer, len(w), int(state.epoch)
        rate, step, total = optimizer.rate_at(epoch), int(state.step), 0.0
        numbers = np.concatenate((w, *state.slots))
        vectors: list[Any] = [numbers[:k], numbers[k:], loop.gradient]
        weights, slots, gradient = vectors if loop.compiled else [vector.tolist() for vector in vectors]
        try:
            for piece in self._pieces(order):
                total += loop.function(weights, slots, piece, step, rate, loop.constants, gradient, loop.limit)
                step += len(piece)
        except OUT_OF_DOMAIN:  # raised by math, at a row that `run_epoch` will find
            return None
        if not loop.compiled:
            numbers = np.array(weights + slots)
        if not (math.isfinite(total) and np.logical_and.reduce(np.isfinite(numbers))):
            return None
        return _finished(numbers, k, step, epoch + 1)

    def _pieces(self, order: NDArray[np.int64] | None) -> Iterator[Any]:
        """Yield the rows in order, in pieces: features and target of each row."""
        rows, python = self.slow.rows, self.loop is not None and not self.loop.compiled
        if self._all is not None:
            if order is None:
                yield self._all
            else:
                yield [self._all[row] for row in order.tolist()] if python else self._all[order]
            return
        for start in range(0, rows.n, _PIECE):
            stop = min(start + _PIECE, rows.n)
            piece = _table(rows, slice(start, stop) if order is None else order[start:stop])
            yield piece.tolist() if python else piece

    @cached_property
    def _columns(self) -> NDArray[np.float64] | None:
        """Return all rows as columns, (columns, n), if they are few enough to be kept."""
        return None if self._all is None else np.ascontiguousarray(self._all.T)

    @cached_property
    def _terms(self) -> NDArray[np.float64]:
        """Return an uninitialized array of a number for each row."""
        return np.empty(self.slow.rows.n)

    @cached_property
    def _all(self) -> Any:
        """Return all rows, if they are few enough to be kept."""
        rows, python = self.slow.rows, self.loop is not None and not self.loop.compiled
        columns = 1 if rows.X is None else rows.X[:1].size + 1
        if rows.n * columns > _KEPT:
            return None
        return _table(rows, slice(None)).tolist() if python else _table(rows, slice(None))


def _finished(numbers: NDArray[np.float64], k: int, step: int, epoch: int) -> Epoch:
    """Return the outcome of an epoch from its final weights and the slots behind them."""
    kept = tuple([numbers[start : start + k] for start in range(k, len(numbers), k)])
    return Epoch(numbers[:k], OptimizerState(int64(step), int64(epoch), kept), None)


def _table(rows: Rows, index: Any) -> NDArray[np.float64]:
    """Return features and target of some rows, (m, columns)."""
    X, y = rows.take(index)
    columns = [part if part.ndim == 2 else part[:, None] for part in (X, y) if part is not None]
    return np.ascontiguousarray(np.hstack(columns), np.float64) if columns else np.zeros((rows.n, 0))


class RowByRow(NamedTuple):
    """Parts of an engine for single rows.

    Attributes:
        scalar: the scalar module.
        arrays: the numpy module of the same model, or None.
        rows: all rows, float64.
        optimizer: the optimizer of the updates.
        clip: changes each gradient, or None.
    """

    scalar: ScalarModule
    arrays: GeneratedModule | None
    rows: Rows
    optimizer: Optimizer
    clip: Clip | None


def row_engine(parts: RowByRow, *, compiled: bool) -> RowEngine:
    """Make the fastest engine there is for updates by single rows.

    Args:
        parts: the parts of the engine.
        compiled: whether numba is to compile the loop.

    Raises:
        OptionError: numba is to compile the loop, and is not installed.
    """
    clip = None if parts.clip is None else on_floats(parts.clip)
    careful: Any = RowModule(parts.scalar, parts.arrays)
    slow = ArrayEngine(careful, parts.rows, parts.optimizer, None if clip is None else _on_arrays(clip), 1)
    reasons: list[str] = []
    for with_numba in [True, False] if compiled else [False]:
        try:
            return RowEngine(slow, _loop(parts, clip, compiled=with_numba), reasons[0] if reasons else None)
        except NotInlined as reason:
            reasons.append(str(reason))
    return RowEngine(slow, None, reasons[0])


def _loop(parts: RowByRow, clip: FloatClip | None, *, compiled: bool) -> _LoopCall:
    scalar = parts.scalar
    if compiled and clip is not None and not clip.compilable:
        raise NotInlined("numba cannot compile a clip of your own")
    program, constants = trace(parts.optimizer)
    if not program.shows_infinities():
        raise NotInlined(f"the rule of {parts.optimizer.name} may hide that a gradient is not finite")
    sizes = Sizes(len(scalar.WEIGHTS), len(scalar.FEATURES), scalar.TARGET is not None)
    clipped, limit = (None, 0.0) if clip is None else (clip.function, clip.limit)
    room = np.zeros(sizes.weights)
    if not compiled:
        return _LoopCall(python_loop(scalar.row, program, sizes, clipped), constants, room, limit, False, None)
    loop = numba_loop(scalar.row, program, sizes, clipped)
    return _LoopCall(loop, np.array(constants), room, limit, True, numba_losses(scalar.row, sizes))


def _on_arrays(clip: FloatClip) -> Clip:
    """Adapt a loop's clip to arrays, for `run_epoch`: the results have the same bits."""

    def clipped(grad: Array) -> Array:
        floats = grad.tolist()
        clip.function(floats, clip.limit)
        return np.array(floats)

    return clipped
