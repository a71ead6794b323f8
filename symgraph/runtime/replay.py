"""Replay: a program is computed block by block, each operation one bound NumPy call into a row of scratch memory."""

import os
from collections.abc import Callable, Sequence
from functools import cache, partial
from threading import local
from typing import Any, NamedTuple

import numpy as np

from symgraph.runtime.facts import Array, Inputs
from symgraph.runtime.planning import Program
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


class Plan(NamedTuple):
    """A program bound to scratch memory for some rows.

    Attributes:
        w, columns, target, cotangent: where the arguments go; columns is (d, rows).
        once: the calls that compute uniform values.
        calls: those that compute a block.
        sums: (sums, pieces), the sum of each piece of the rows.
        results: the arrays of the results, those by row and those that are uniform.
    """

    w: Array
    columns: Array
    target: Array
    cotangent: Array
    once: Sequence[Callable[[], Any]]
    calls: Sequence[Callable[[], Any]]
    sums: Array
    results: Sequence[Array]

    def start(self, inputs: Inputs, s: Array) -> None:
        """Take the weights, and what follows from them for all blocks."""
        self.w[:] = inputs.w
        if self.cotangent.ndim == 0:
            self.cotangent[...] = s
        for call in self.once:
            call()

    def run(self, inputs: Inputs, s: Array, start: int, stop: int) -> None:
        """Compute the block of some rows."""
        if inputs.X is not None:
            np.copyto(self.columns, inputs.X[start:stop].T)
        if inputs.y is not None:
            np.copyto(self.target, inputs.y[start:stop])
        if self.cotangent.ndim:
            np.copyto(self.cotangent, s[start:stop])
        for call in self.calls:
            call()


class Workspace:
    """Scratch memory and the plans bound to it, for one call at a time; nothing returned refers to it."""

    def __init__(self) -> None:
        self.rows: dict[Any, list[Array]] = {}
        self.tables: dict[Any, Array] = {}
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

    def scratch(self, name: Any, dtype: np.dtype[Any], index: int, count: int, value: float | None = None) -> Array:
        """Give so many entries of a row of scratch memory, which starts at a cache line; one with a value is filled."""
        size = scratch_size(count)
        rows = self.rows.setdefault((name, dtype, size, repr(value)), [])
        while len(rows) <= index:
            memory = np.empty(size + 64, dtype)
            start = -memory.__array_interface__["data"][0] % 64 // memory.itemsize
            row = memory[start : start + size]
            if value is not None:
                row[:] = value
            rows.append(row)
        return rows[index][:count]

    def table(self, dtype: np.dtype[Any], width: int, count: int) -> Array:
        """Give so many columns of so many rows, each contiguous."""
        size = scratch_size(count)
        if (dtype, size) not in self.tables:
            self.tables[dtype, size] = np.empty((width, size), dtype)
        return self.tables[dtype, size][:, :count]

    def bound(self, program: Program, count: int) -> Plan:
        """Bind the calls of a program to memory."""
        nodes = program.nodes
        dtype = nodes[0].dtype
        given = {node.data: node for node in nodes if node.function is ARGUMENT}
        by_row = given["cotangent", 0].kind is Kind.ROW
        features, weights = (sum(name == one for name, _ in given) for one in ("feature", "weight"))
        w = np.empty(weights, dtype)
        columns = self.table(dtype, features, count)
        target = self.scratch("target", dtype, 0, count)
        cotangent = self.scratch("cotangent", dtype, 0, count) if by_row else np.empty((), dtype)
        arguments: dict[str, Any] = {"weight": [w[i, ...] for i in range(weights)], "feature": columns}
        arguments |= {"target": [target], "cotangent": [cotangent]}
        sums = np.empty((len(program.sums), -(-count // program.block)))
        arrays: dict[int, Array] = {}
        for position, node in enumerate(nodes):
            if node.function is ARGUMENT:
                arrays[position] = arguments[node.data[0]][node.data[1]]
            elif node.function is NUMBER:
                arrays[position] = np.array(node.data)
        arrays |= {position: np.empty((), nodes[position].dtype) for position in program.once}
        arrays |= {p: self.scratch("rows", nodes[p].dtype, place, count) for p, place in program.places.items()}
        arrays |= {position: sums[index] for index, position in enumerate(program.sums)}

        def calls_of(position: int) -> list[Callable[[], Any]]:
            node = nodes[position]
            args = [arrays[arg] for arg in node.args]
            if node.function is DOT or (node.function in EXTREMES and node.kind is Kind.ROW):
                for index, arg in enumerate(node.args):
                    if nodes[arg].function is NUMBER:
                        args[index] = self.scratch("filled", nodes[arg].dtype, 0, count, nodes[arg].data)
            return calls(node.function, args, arrays[position])

        once = [call for position in program.once for call in calls_of(position)]
        steps = [call for position in program.steps for call in calls_of(position)]
        results = [arrays[position] for position in program.results if position in arrays]
        return Plan(w, columns, target, cotangent, once, steps, sums, results)


def scratch_size(count: int) -> int:
    """Give the length of the scratch memory for so many rows."""
    return next(size for size in SIZES if count <= size)


def calls(function: Any, args: Sequence[Array], out: Array) -> list[Callable[[], Any]]:
    """Bind one operation to its operands and its place."""
    if function is DOT:
        return dots(args[0], args[1], out)
    if function is COPY:
        return [partial(np.copyto, out, args[0])]
    if function is np.where:
        condition, chosen, other = args
        first = [] if other is out else [partial(np.copyto, out, other)]
        if condition.ndim and chosen.dtype == out.dtype:
            return [*first, partial(np.putmask, out, condition, chosen)]
        return [*first, partial(np.copyto, out, chosen, where=condition)]
    return [partial(function, *args, out=out) if function in EXTREMES else partial(function, *args, out)]


def dots(a: Array, b: Array, sums: Array) -> list[Callable[[], Any]]:
    """Bind the sums of products of the pieces of two rows."""
    if len(sums) == 1:
        return [partial(a.dot, b, sums[0, ...])]
    whole = len(a) // PIECE
    cut = whole * PIECE
    left, right = a[:cut].reshape(-1, 1, PIECE), b[:cut].reshape(-1, PIECE, 1)
    result: list[Callable[[], Any]] = [partial(np.matmul, left, right, sums[:whole].reshape(-1, 1, 1))]
    return [*result, partial(a[cut:].dot, b[cut:], sums[whole, ...])] if cut < len(a) else result


BUSY = local()
"""Knows in each thread whether it has handed out work."""


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
        rows, block = len(inputs.y if inputs.X is None else inputs.X), program.block
        parts = np.empty((len(program.sums), -(-rows // block)))

        def work(plan: Plan, start: int, stop: int) -> None:
            parts[:, start // block : -(-stop // block)] = plan.sums

        self.in_blocks(program, inputs, s, rows, threads, work)
        sums: Array = parts[:, 0] if rows <= block else added(parts, rows // block)
        return finished(program, inputs.w, s, sums) if program.tail else sums[program.order]

    def by_row(self, program: Program, inputs: Inputs, s: Array, threads: int) -> Array:
        """Compute an array whose columns are the results."""
        rows = len(inputs.y if inputs.X is None else inputs.X)
        result = np.empty((rows, len(program.results)), inputs.w.dtype)

        def work(plan: Plan, start: int, stop: int) -> None:
            for index, column in enumerate(plan.results):
                result[start:stop, index] = column

        self.in_blocks(program, inputs, s, rows, threads, work)
        return result

    def in_blocks(
        self,
        program: Program,
        inputs: Inputs,
        s: Array,
        rows: int,
        threads: int,
        work: Callable[[Plan, int, int], None],
    ) -> None:
        """Compute the rows block by block, in strips of blocks for threads, and do work on each."""
        block = program.block

        def run(start: int, stop: int, size: int) -> None:
            workspace = vars(self.idle).pop("workspace", None) or Workspace()
            try:
                before = None
                for at in range(start, stop, size):
                    end = min(at + size, stop)
                    plan = workspace.plan(program, end - at)
                    if plan is not before:
                        plan.start(inputs, s)
                    plan.run(inputs, s, at, end)
                    work(plan, at, end)
                    before = plan
            finally:
                self.idle.workspace = workspace

        nested = "shared" in vars(BUSY)  # handing out work then may wait for itself
        if threads == 1 or rows < 2 * STRIP or block < PIECE or nested:
            run(0, rows, block)
            return
        strips = -(-rows // (threads * STRIP)) * threads  # as many for each thread
        size = -(-rows // (strips * block)) * block

        def strip(start: int) -> None:
            with np.errstate(all="ignore"):  # which each thread has for itself
                run(start, min(start + size, rows), size)

        BUSY.shared = True
        try:
            list(pool(threads, os.getpid()).map(strip, range(0, rows, size)))
        finally:
            del BUSY.shared


def finished(program: Program, w: Array, s: Array, sums: Array) -> Array:
    """Compute results from the sums over all rows."""
    values: dict[int, Any] = dict(zip(program.sums, sums, strict=True))
    arguments: dict[str, Any] = {"weight": w, "cotangent": [s]}
    for position in program.tail:
        node = program.nodes[position]
        if node.function is ARGUMENT:
            values[position] = arguments[node.data[0]][node.data[1]]
        elif node.function is NUMBER:
            values[position] = node.data
        elif node.function is COPY:
            values[position] = values[node.args[0]].astype(node.dtype)
        else:
            values[position] = node.function(*(values[arg] for arg in node.args))
    return np.array([values[position] for position in program.results], np.float64)


@cache
def pool(threads: int, process: int) -> Any:
    """Give threads that are kept between calls of a process, with their scratch memory."""
    from concurrent.futures import ThreadPoolExecutor  # which takes a while

    del process  # a fork has none of the threads
    return ThreadPoolExecutor(threads)
