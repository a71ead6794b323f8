"""Replay: a program is computed block by block, each operation one bound NumPy call into a row of scratch memory."""

import os
from collections.abc import Callable, Sequence
from functools import cache, partial
from threading import Condition, RLock, local
from typing import Any, Generic, NamedTuple

import numpy as np

from symgraph.runtime.called import Called, locked
from symgraph.runtime.facts import Array, Inputs
from symgraph.runtime.lines import V
from symgraph.runtime.planning import MOST_NUMBERS, Operation, Program
from symgraph.runtime.recording import ARGUMENT, COPY, DOT, NUMBER, Kind
from symgraph.runtime.sums import PIECE, added

STRIP = 6 * PIECE
"""Rows that one of several threads takes at a time: of shorter calls it would wait for the other threads."""

SIZES = (1000, PIECE, STRIP)
"""Rows of scratch memory are of one of these lengths."""

MOST_PLANS = 16
"""Plans that a thread keeps, for as many functions and numbers of rows."""

EXTREMES = frozenset({np.maximum, np.minimum})
"""Of these NumPy has deprecated the positional out, and is twice as fast with a row of a constant as with the constant."""


class Batch(NamedTuple):
    """Checked arguments of many rows, with the values of a program that are the same in all of them."""

    inputs: Inputs
    s: Array
    values: list[Any]

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.inputs.y if self.inputs.X is None else self.inputs.X)


class Plan(NamedTuple):
    """A program bound to scratch memory for some rows.

    Attributes:
        w, columns, target, cotangent: where the arguments go; columns is (d, rows),
            target (p, rows) with a row for one.
        uniform: where computed values go that are the same in every row, with their positions.
        calls: what computes a block.
        sums: (sums, pieces), the sum of each piece of the rows.
        results: the arrays of the results, those by row and those that are uniform.
    """

    w: Array
    columns: Array
    target: Array
    cotangent: Array
    uniform: Sequence[tuple[Array, int]]
    calls: Sequence[Callable[[], Any]]
    sums: Array
    results: Sequence[Array]

    def start(self, batch: Batch) -> None:
        """Take what is the same in every row."""
        self.w[:] = batch.inputs.w
        if self.cotangent.ndim == 0:
            self.cotangent[...] = batch.s
        for array, position in self.uniform:
            array[...] = batch.values[position]

    def run(self, batch: Batch, start: int, stop: int) -> None:
        """Compute the block of some rows."""
        (_, X, y), s, _ = batch
        if X is not None:
            np.copyto(self.columns, X[start:stop].T)
        if y is not None:
            np.copyto(self.target, y[start:stop].T)
        if self.cotangent.ndim:
            np.copyto(self.cotangent, s[start:stop])
        for call in self.calls:
            call()


class Workspace:
    """Scratch memory and the plans bound to it, for one call at a time; nothing returned refers to it."""

    def __init__(self) -> None:
        self.tables: dict[tuple[str, np.dtype[Any], int], Array] = {}
        self.plans: dict[tuple[Program, int], Plan] = {}

    def plan(self, program: Program, count: int) -> Plan:
        """Give the plan of a program for so many rows."""
        found = self.plans.get((program, count))
        if found is None:
            found = self.bound(program, count)
            if len(self.plans) >= MOST_PLANS:
                self.plans.clear()
            self.plans[program, count] = found
        return found

    def scratch(self, name: str, dtype: np.dtype[Any], width: int, count: int) -> Array:
        """Give scratch memory, (width, count), that starts at a cache line."""
        size = next(size for size in SIZES if count <= size)
        known = self.tables.get((name, dtype, size))
        if known is None or len(known) < width:
            known = self.tables[name, dtype, size] = aligned(width * size, dtype).reshape(width, size)
        return known[:width, :count]

    def bound(self, program: Program, count: int) -> Plan:
        """Bind the calls of a program to memory."""
        nodes, dtype = program.nodes, program.nodes[0].dtype
        given = {node.data: position for position, node in enumerate(nodes) if node.function is ARGUMENT}
        weights, features, targets = (sum(name == one for name, _ in given) for one in ("weight", "feature", "target"))
        w = np.empty(weights, dtype)
        columns = self.scratch("columns", dtype, features, count)
        target = self.scratch("target", dtype, max(1, targets), count)
        by_row = nodes[given["cotangent", 0]].kind is Kind.ROW
        cotangent = self.scratch("cotangent", dtype, 1, count)[0] if by_row else np.empty((), dtype)
        sums = np.empty((len(program.sums), -(-count // program.block)))
        arguments = {"weight": [w[i, ...] for i in range(weights)], "feature": [*columns], "target": [*target]}
        arguments["cotangent"] = [cotangent]
        arrays = {position: arguments[name][index] for (name, index), position in given.items()}
        arrays |= {p: np.array(node.data) for p, node in enumerate(nodes) if node.function is NUMBER}
        arrays |= {position: np.empty((), nodes[position].dtype) for _, _, position in program.once}
        rows = {kind: [*self.scratch("rows", kind, width, count)] for kind, width in program.widths.items()}
        arrays |= {position: rows[nodes[position].dtype][place] for position, place in program.places.items()}
        arrays |= dict(zip(program.sums, sums, strict=True))
        filled: dict[int, Array] = {}
        calls: list[Callable[[], Any]] = []
        for position in program.steps:
            function, args = nodes[position].function, nodes[position].args
            full = [arg for arg in args if nodes[arg].function is NUMBER and (function is DOT or function in EXTREMES)]
            for arg in full:
                if arg not in filled:
                    filled[arg] = aligned(count, nodes[arg].dtype)
                    filled[arg][:] = nodes[arg].data
            calls += bound_calls(function, [filled[arg] if arg in full else arrays[arg] for arg in args], arrays[position])
        uniform = [(arrays[position], position) for _, _, position in program.once]
        results = [arrays[position] for position in program.results if position in arrays]
        return Plan(w, columns, target, cotangent, uniform, calls, sums, results)


def aligned(size: int, dtype: np.dtype[Any]) -> Array:
    """Give new memory that starts at a cache line."""
    memory = np.empty(size + 64, dtype)
    start = -memory.__array_interface__["data"][0] % 64 // memory.itemsize
    return memory[start : start + size]


def bound_calls(function: Any, args: Sequence[Array], out: Array) -> list[Callable[[], Any]]:
    """Bind one operation on rows to its operands and its place."""
    if isinstance(function, Called):
        return [partial(function.into, out, [locked(arg) for arg in args])]
    if function is DOT:
        return bound_dots(args[0], args[1], out)
    if function is COPY:
        return [partial(np.copyto, out, args[0])]
    if function is np.where:
        condition, chosen, other = args
        first = [] if other is out else [partial(np.copyto, out, other)]
        if condition.ndim and chosen.dtype == out.dtype:
            return [*first, partial(np.putmask, out, condition, chosen)]
        return [*first, partial(np.copyto, out, chosen, where=condition)]
    return [partial(function, *args, out=out) if function in EXTREMES else partial(function, *args, out)]


def bound_dots(a: Array, b: Array, sums: Array) -> list[Callable[[], Any]]:
    """Bind the sums of products of the pieces of two rows."""
    if len(sums) == 1:
        return [partial(a.dot, b, sums[0, ...])]
    whole = len(a) // PIECE
    cut = whole * PIECE
    left, right = a[:cut].reshape(-1, 1, PIECE), b[:cut].reshape(-1, PIECE, 1)
    result: list[Callable[[], Any]] = [partial(np.matmul, left, right, sums[:whole].reshape(-1, 1, 1))]
    return [*result, partial(a[cut:].dot, b[cut:], sums[whole, ...])] if cut < len(a) else result


class Replay:
    """The workspaces of one module, one for each thread; while it is in use it is not here.

    So a call that comes between, as a signal's handler makes one, gets other memory.
    """

    def __init__(self) -> None:
        self.idle = local()

    def totals(self, program: Program, inputs: Inputs, s: Array, threads: int) -> Array:
        """Compute results that follow from sums over all rows, in float64.

        Args:
            program: what is computed.
            inputs: a batch.
            s: the cotangent of each row, or one for all.
            threads: how many work at once.
        """
        batch, block = Batch(inputs, s, uniform_values(program, inputs.w, s)), program.block
        rows = batch.rows
        parts = np.empty((len(program.sums), -(-rows // block)))

        def work(plan: Plan, start: int, stop: int) -> None:
            parts[:, start // block : -(-stop // block)] = plan.sums

        self.in_blocks(program, batch, threads, work)
        sums: Array = parts[:, 0] if rows <= block else added(parts, rows // block)
        if program.order is not None:
            return sums.take(program.order)
        for position, value in zip(program.sums, sums, strict=True):
            batch.values[position] = value
        evaluate(program.tail, batch.values)
        results = [batch.values[position] for position in program.results]
        if any(value is None for value in results):
            raise TypeError("a cotangent of the weights varies by row; the lines must sum it")
        return np.array(results, np.float64)

    def by_row(self, program: Program, inputs: Inputs, s: Array, threads: int) -> Array:
        """Compute an array whose columns are the results."""
        batch = Batch(inputs, s, uniform_values(program, inputs.w, s))
        result = np.empty((batch.rows, len(program.results)), inputs.w.dtype)

        def work(plan: Plan, start: int, stop: int) -> None:
            for index, column in enumerate(plan.results):
                result[start:stop, index] = column

        self.in_blocks(program, batch, threads, work)
        return result

    def in_blocks(self, program: Program, batch: Batch, threads: int, work: Callable[[Plan, int, int], None]) -> None:
        """Compute the rows block by block, in strips of blocks for threads, and do work on each."""
        rows, block = batch.rows, program.block
        if threads == 1 or rows < 2 * STRIP or sum(program.widths.values()) * STRIP > MOST_NUMBERS:
            self.in_turn(program, batch, range(0, rows, block), rows, work)
            return
        strips = -(-rows // (threads * STRIP)) * threads  # as many for each thread
        size = -(-rows // (strips * block)) * block

        handling: Any = {**np.geterr(), "call": np.geterrcall()}

        def strip(start: int) -> None:
            with np.errstate(**handling):  # which each thread has for itself
                self.in_turn(program, batch, range(start, start + size, size), rows, work)

        shared(strip, range(0, rows, size), threads)

    def in_turn(self, program: Program, batch: Batch, starts: range, rows: int, work: Callable[[Plan, int, int], None]) -> None:
        """Compute some blocks, one after the other, and do work on each."""
        workspace = vars(self.idle).pop("workspace", None) or Workspace()
        try:
            started = None
            for start in starts:
                stop = min(start + starts.step, rows)
                plan = workspace.plan(program, stop - start)
                if plan is not started:
                    plan.start(batch)
                    started = plan
                plan.run(batch, start, stop)
                work(plan, start, stop)
        finally:
            self.idle.workspace = workspace


def uniform_values(program: Program, w: Array, s: Array) -> list[Any]:
    """Compute what is the same in every row; the values by position, None for others."""
    values = [*program.numbers]
    for position in program.weights:
        values[position] = w[position]
    if s.ndim == 0:
        values[program.cotangent] = s
    evaluate(program.once, values)
    return values


def evaluate(operations: Sequence[Operation], values: list[Any]) -> None:
    """Compute operations on numbers."""
    for function, args, position in operations:
        values[position] = function(*[values[arg] for arg in args])


@cache
def importing() -> Any:
    """Give a lock that forks wait for: a child waits for ever for an import that another thread had begun."""
    lock = RLock()
    if hasattr(os, "register_at_fork"):  # Windows has no forks
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
    return lock


@cache
def pool(threads: int, process: int) -> Any:
    """Give threads that are kept between calls of a process, with their scratch memory."""
    with importing():
        from concurrent.futures import ThreadPoolExecutor  # which takes a while

    del process  # a fork has none of the threads
    return ThreadPoolExecutor(threads)


BUSY = local()
"""Knows in each thread whether it has handed out work."""


def shared(work: Callable[[int], V], starts: range, threads: int) -> list[V]:
    """Call work for each start and give the results in order; threads share it, unless one of them asks within its own.

    Handing out work then, as a signal's handler would, may wait for itself. After an error, of the work or of such a handler,
    no thread works on when it is raised: the arrays that it reads and writes are let go then.
    """
    if threads == 1 or len(starts) == 1 or "shared" in vars(BUSY):
        return [work(start) for start in starts]
    BUSY.shared = True
    crew = Crew(work)
    try:
        return list(pool(threads, os.getpid()).map(crew.one, starts))
    finally:
        crew.end()
        del BUSY.shared


class Crew(Generic[V]):
    """Threads at the pieces of one work: no piece begins after its end, which waits for those that have begun."""

    def __init__(self, work: Callable[[int], V]) -> None:
        self.work = work
        self.changed = Condition()
        self.working, self.ended = 0, False

    def one(self, start: int) -> V:
        """Work on one piece."""
        with self.changed:
            if self.ended:
                raise RuntimeError("the call that asked for this has ended")
            self.working += 1
        try:
            return self.work(start)
        finally:
            with self.changed:
                self.working -= 1
                self.changed.notify_all()

    def end(self) -> None:
        """Wait until no thread works on, also where a signal comes meanwhile whose handler raises."""
        try:
            with self.changed:
                self.ended = True
                while self.working:
                    self.changed.wait(0.1)
        finally:
            if self.working:
                self.end()
