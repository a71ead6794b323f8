"""Recording: straight lines of NumPy are called once with values that write down each operation instead of computing it.

A value is uniform where it is the same in every row, by row where it is not, and a total where it follows from sums over
rows. Which it is follows from its operands. The lines must branch on no value and change none in place.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from symgraph.runtime.facts import DOUBLE, Array, RowSum


class Kind(IntEnum):
    """Variation of a value; an operation has the highest kind among its operands."""

    UNIFORM = 0
    TOTAL = 1
    ROW = 2


class Node(NamedTuple):
    """A recorded value.

    Attributes:
        function: computes it: a ufunc, np.where, COPY (in another dtype, or into a row) or DOT (a sum over rows);
            or it is an ARGUMENT or a NUMBER.
        args: positions of its operands.
        kind: how it varies.
        dtype: of the value.
        data: the name and index of an argument; the value of a number.
    """

    function: Any
    args: tuple[int, ...]
    kind: Kind
    dtype: np.dtype[Any]
    data: Any = None


ARGUMENT, NUMBER, COPY, DOT = "argument", "number", "copy", "dot"


class Recording(NamedTuple):
    """The operations of some lines in their order, and the positions of the results."""

    nodes: Sequence[Node]
    results: Sequence[int]


class Recorder:
    """Collects operations; an operation on the same operands is recorded once."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self.nodes: list[Node] = []
        self.watched: list[tuple[Any, Any, float]] = []  # see ``watch``
        self.known: dict[tuple[Any, ...], int] = {}

    def traced(self, node: Node) -> "Traced":
        """Give the value of a node, which is recorded unless it is there."""
        known = type(node.data), repr(node.data), *node[:4]
        position = self.known.setdefault(known, len(self.nodes))
        if position == len(self.nodes):
            self.nodes.append(node)
        return Traced(self, position)

    def argument(self, name: str, index: int, kind: Kind) -> "Traced":
        """Give an argument of the lines."""
        return self.traced(Node(ARGUMENT, (), kind, self.dtype, (name, index)))

    def operand(self, value: Any, dtype: np.dtype[Any]) -> "Traced":
        """Give a value as it is traced; a number of Python gets the dtype of what it meets, as in NumPy."""
        if isinstance(value, Traced):
            return value
        number = np.asarray(value, None if isinstance(value, np.generic | np.ndarray) else dtype)[()]
        return self.traced(Node(NUMBER, (), Kind.UNIFORM, number.dtype, number))

    def apply(self, function: Any, values: Sequence[Any]) -> "Traced":
        """Record an operation."""
        numbers = values[1:] if function is np.where else values
        dtypes = [value.dtype for value in numbers if isinstance(value, Traced | np.generic | np.ndarray)]
        dtype = np.result_type(*dtypes) if dtypes else DOUBLE
        operands = [self.operand(value, dtype) for value in numbers]
        if function is np.where:
            operands.insert(0, self.operand(values[0], np.dtype(np.bool_)))
        kinds = {operand.node.kind for operand in operands}
        if kinds >= {Kind.TOTAL, Kind.ROW}:
            raise TypeError(f"{function.__name__} takes a sum over rows together with values of the rows")
        truth = function is not np.where and not {"d->?", "dd->?"}.isdisjoint(function.types)
        result = np.dtype(np.bool_) if truth else dtype
        return self.traced(Node(function, tuple(operand.position for operand in operands), max(kinds), result))

    def row_of(self, value: Any) -> "Traced":
        """Give a value as a row of float64."""
        operand = self.operand(value, self.dtype)
        if operand.node.kind is Kind.ROW and operand.node.dtype == DOUBLE:
            return operand
        return self.traced(Node(COPY, (operand.position,), Kind.ROW, DOUBLE))

    def rowsum(self, rows: Any, others: Any = None, /) -> Any:
        """Record a sum over rows: a dot product of rows of float64, of one alone with ones."""
        one = self.operand(1.0, DOUBLE) if others is None else self.row_of(others)
        return self.traced(Node(DOT, (self.row_of(rows).position, one.position), Kind.TOTAL, DOUBLE))


def watch(*values: tuple[Any, ...]) -> None:
    """Watch values that lose digits where they are much smaller than what stands beside them, or as close to a third number.

    Lines call this, and nothing is computed by it. A recording notes it for bindings that compute such rows with pairs.
    """
    for one, beside, *ends in values:
        if isinstance(one, Traced):
            one.recorder.watched.append((one, beside, *(ends or (0.0,))))


class Traced(NDArrayOperatorsMixin):
    """A value that stands for a number, of which NumPy's functions and operators record what is done with it."""

    __slots__ = ("position", "recorder")

    def __init__(self, recorder: Recorder, position: int) -> None:
        self.recorder = recorder
        self.position = position

    @property
    def node(self) -> Node:
        """The operation that gives the value."""
        return self.recorder.nodes[self.position]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the value."""
        return self.node.dtype

    def __array_ufunc__(self, function: np.ufunc, method: str, *values: Any, **options: Any) -> "Traced":
        if method != "__call__" or options:
            raise TypeError(f"{function.__name__} is recorded without options, not as {method} with {sorted(options)}")
        return self.recorder.apply(function, values)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, values: Sequence[Any], options: Mapping[str, Any]
    ) -> "Traced":
        if function is not np.where or len(values) != 3 or options:
            raise TypeError(f"{function.__name__} is not recorded; the lines take ufuncs and np.where with three arguments")
        return self.recorder.apply(function, values)

    def __getitem__(self, key: tuple[()]) -> "Traced":
        if key != ():
            raise TypeError(f"a recorded value is one number, which has no entry {key!r}")
        return self

    def __bool__(self) -> bool:
        raise TypeError("a recorded value is neither true nor false yet; choose with select")

    def astype(self, dtype: np.dtype[Any]) -> "Traced":
        """Give the value in another dtype."""
        return self.recorder.traced(Node(COPY, (self.position,), self.node.kind, np.dtype(dtype)))


class Entries:
    """Entries in the place of the weights, or columns in the place of X, or of y with several targets.

    Args:
        entries: traced values, or other numbers than arrays.
        dtype: what lines take for their dtype.
    """

    def __init__(self, entries: Sequence[Any], dtype: Any) -> None:
        self.T = tuple(entries)
        self.dtype = dtype

    def __iter__(self) -> Iterator[Any]:
        return iter(self.T)

    def __getitem__(self, key: Any) -> Any:
        return Entries(self.T[key], self.dtype) if isinstance(key, slice) else self.T[key]


class Given(NamedTuple):
    """Arguments of straight lines: weights, columns or None, target or None, and the cotangent of each row's loss.

    Rows are weighted by the cotangent where each has its own; else weight is None.
    """

    w: Any
    X: Any
    y: Any
    cotangent: Any
    weight: Any
    rowsum: RowSum


def record(
    lines: Callable[[Given], Sequence[Array]],
    counts: tuple[int, int],
    dtype: np.dtype[Any],
    *,
    has_target: bool,
    by_row: bool,
    targets: int = 0,
) -> Recording:
    """Call straight lines once and record what they do.

    Args:
        lines: compute some values from what they are given.
        counts: how many weights and how many features there are.
        dtype: of the arguments.
        has_target: True where y is given.
        by_row: True where each row has a cotangent of its own.
        targets: how many there are where y has several columns, else 0.

    Raises:
        TypeError: the lines do something that is not recorded.
    """
    recorder = Recorder(dtype)
    w = Entries([recorder.argument("weight", index, Kind.UNIFORM) for index in range(counts[0])], dtype)
    columns = Entries([recorder.argument("feature", index, Kind.ROW) for index in range(counts[1])], dtype)
    y: Any = None
    if has_target:
        each = [recorder.argument("target", index, Kind.ROW) for index in range(max(1, targets))]
        y = Entries(each, dtype) if targets else each[0]
    cotangent = recorder.argument("cotangent", 0, Kind.ROW if by_row else Kind.UNIFORM)
    weight = cotangent if by_row else None
    results = lines(Given(w, columns if counts[1] else None, y, cotangent, weight, recorder.rowsum))
    return Recording(recorder.nodes, [recorder.operand(value, dtype).position for value in results])
