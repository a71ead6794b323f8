"""A printed graph evaluated at many points at once, in doubles and in pairs of doubles: what its module loses there."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.compiler.backends.numpy.called import functions_called
from symgraph.compiler.backends.numpy.runtime_source import runtime_library
from symgraph.compiler.ir.evaluate import evaluate
from symgraph.compiler.ir.graph import Graph
from symgraph.runtime.pairs import PairArithmetic
from symgraph.spec.ops.ops import OPS
from symgraph.spec.ops.user_functions import UserOp

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

_OPERANDS = "x0", "x1", "x2"
_UNIT = 2.0**-53
_CORRECT = 0.5
"""Largest error, in ulp, of operations that IEEE 754 rounds correctly, on every machine."""
_MOVED = 2.0**-44
"""By how much inputs are moved, of their size: far more than pairs round, and so little that results move in proportion."""
_NORMAL = 1e-200, 1e200
"""Sizes of results that are asked for."""


class GraphNumbers:
    """Evaluates a graph in two arithmetics, if ``is_of_the_table`` says that it can.

    Constants are the floats that stand in the graph, for both. A function that pairs lack has the digits of a double. In
    doubles, functions are those of pairs, rounded: NumPy's own differ in their last bits from machine to machine, and what is
    found here decides what a build writes.

    Args:
        graph: of ops of the table.
        inputs: the names of its inputs; points are rows (n, inputs).
        roots: the results that are asked for, names of the graph's roots.

    Attributes:
        operations: how many nodes the graph has.
        has_pairs: whether pairs have all of its functions.
    """

    def __init__(self, graph: Graph, inputs: Sequence[str], roots: Sequence[str]) -> None:
        self._graph, self._inputs, self._roots = graph, inputs, [graph.roots[name] for name in roots]
        self.operations = len(graph.nodes)
        self.has_pairs = all(OPS[node.op].pairs is not None for node in graph.nodes if node.op in OPS)
        self._pairs = PairArithmetic(_of_runtime(functions_called([graph], "pairs")), {})
        texts = {op: _text(op) for op in sorted({node.op for node in graph.nodes}) if op in OPS}
        called = {text.partition("(")[0].partition(".")[0] for text in texts.values() if "(" in text} - {"np"}
        plain = {"np": np, **_of_runtime({name: name for name in called}), "rowsum": _same}
        exact = {**self._pairs.names, "rowsum": _same}
        self._of_doubles: dict[str, Callable[..., Any]] = {}
        self._of_pairs: dict[str, Callable[..., Any]] = {}
        for op, text in texts.items():
            self._of_doubles[op] = doubles = _function(op, text, plain)
            if OPS[op].pairs is None:
                self._of_pairs[op] = self._between(self._rounded, doubles, self._pairs.given)
                continue
            self._of_pairs[op] = pairs = _function(op, text, exact)
            if _CORRECT < OPS[op].ulp < np.inf:
                self._of_doubles[op] = self._between(self._pairs.given, pairs, self._rounded)

    @staticmethod
    def _between(before: Callable[[Any], Any], function: Callable[..., Any], after: Callable[[Any], Any]) -> Callable[..., Any]:
        """Make a function that takes numbers of one arithmetic of a function of another, by converting before and after."""
        return lambda *given: after(function(*map(before, given)))

    @np.errstate(all="ignore")
    def in_doubles(self, rows: Floats) -> Floats:
        """Compute the results in doubles, (n, results)."""
        values = evaluate(self._graph, dict(zip(self._inputs, rows.T, strict=True)) | {"cotangent": 1.0}, self._of_doubles)
        return _columns([np.asarray(values[root], np.float64) for root in self._roots], len(rows))

    def losses(self, rows: Floats, asked: int) -> Floats:
        """Compute by how much results are wrong beyond what the inputs leave open, (n, results).

        That is the error of doubles in units of 2**-53, over one more than the units by which a result moves if inputs do.

        Args:
            rows: (n, inputs) the points.
            asked: for how many points, those with the largest errors, it is computed; it is 0 for others, and where unknown.
        """
        exact = self._in_pairs(rows)
        errors, sizes = self._errors(rows, exact)
        found = np.zeros_like(errors)
        suspects = np.argsort(-errors.max(axis=1), kind="stable")[:asked]
        with np.errstate(all="ignore"):
            condition = self._condition(rows, suspects, exact)
            known = (sizes[suspects] > _NORMAL[0]) & (sizes[suspects] < _NORMAL[1]) & np.isfinite(condition)
            found[suspects] = np.where(known, errors[suspects] / (1.0 + condition), 0.0)
        return np.nan_to_num(found)

    @np.errstate(all="ignore")
    def _in_pairs(self, rows: Floats, moves: Floats | None = None) -> list[Any]:
        """Compute the results in pairs, at points that are moved by what is given."""
        given = self._pairs.given
        numbers = {name: given(column) for name, column in zip(self._inputs, rows.T, strict=True)}
        if moves is not None:
            numbers = {name: numbers[name] + given(by) for name, by in zip(self._inputs, moves.T, strict=True)}
        leaves = {"largest": given(np.inf), "cotangent": given(1.0), **numbers}
        values = evaluate(self._graph, leaves, self._of_pairs, self._pairs.numbers.of)
        return [values[root] for root in self._roots]

    @np.errstate(all="ignore")
    def _errors(self, rows: Floats, exact: Sequence[Any]) -> tuple[Floats, Floats]:
        """Compute errors in units of 2**-53, 2**53 at most, 0 where either is no number, and the sizes of results."""
        sizes = _columns([np.abs(self._rounded(one)) for one in exact], len(rows))
        plain = [self._pairs.given(column) for column in self.in_doubles(rows).T]
        errors = _columns([np.abs(self._rounded(one - other)) for one, other in zip(exact, plain, strict=True)], len(rows))
        known = np.isfinite(errors) & np.isfinite(sizes)
        return np.where(known, np.minimum(errors / (_UNIT * sizes), 1.0 / _UNIT), 0.0), sizes

    def _condition(self, rows: Floats, places: Places, exact: Sequence[Any]) -> Floats:
        """Compute by how many units results move if each input does by one, (len(places), results), by differences of pairs."""
        count = len(self._inputs)
        repeated = np.repeat(places, count)
        moves = np.tile(np.eye(count) * _MOVED, (len(places), 1)) * rows[repeated]
        moved = self._in_pairs(rows[repeated], moves)
        still = [one[repeated] if np.ndim(one.hi) else one for one in exact]
        shifts = [
            np.abs(self._rounded(one - other)) / (_MOVED * np.abs(self._rounded(one)))
            for one, other in zip(still, moved, strict=True)
        ]
        result: Floats = _columns(shifts, len(repeated)).reshape(len(places), count, -1).sum(axis=1)
        return result

    def _rounded(self, value: Any) -> Floats:
        """Round a number in pairs to doubles."""
        return np.asarray(self._pairs.rounded(value, self._pairs.numbers.dtype), np.float64)


def _columns(found: Sequence[Floats], rows: int) -> Floats:
    """Put results side by side; one that is the same at all points is a single number."""
    return np.stack([np.broadcast_to(one, rows) for one in found], axis=1)


def is_of_the_table(graph: Graph) -> bool:
    """Tell if a graph has only operations of the op table, and no functions of users."""
    return not any(isinstance(node.op, UserOp) for node in graph.nodes)


def _text(op: str) -> str:
    text = OPS[op].text("numpy")
    assert text is not None  # only operations of the reference alone have none
    return text.format


def _same(value: Any) -> Any:
    """Return the sum over the rows of one row."""
    return value


def _of_runtime(names: Mapping[str, str]) -> Mapping[str, Any]:
    """Find functions of the runtime; what the lines call by the name of their key."""
    homes = runtime_library().homes
    return {called: getattr(import_module(homes[name]), name) for called, name in names.items()}


def _function(op: str, text: str, names: Mapping[str, Any]) -> Callable[..., Any]:
    """Make a function of the text that modules have for an op."""
    operands = _OPERANDS[: OPS[op].arity]
    source = f"lambda {', '.join(operands)}: {text.format(*operands)}"
    function: Callable[..., Any] = eval(source, dict(names))  # noqa: S307  it is of our own table
    return function
