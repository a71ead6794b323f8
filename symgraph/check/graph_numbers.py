"""A printed graph evaluated at many points at once, in doubles and in pairs of doubles: what its module loses there."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.backends.numpy.called import functions_called
from symgraph.backends.numpy.runtime_source import runtime_library
from symgraph.ir.evaluate import Arithmetic, evaluate
from symgraph.ir.graph import Graph
from symgraph.ir.ops import OPS
from symgraph.ir.user_functions import UserOp
from symgraph.runtime.pairs import PairArithmetic

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

_OPERANDS = "x0", "x1", "x2"
_UNIT = 2.0**-53
_MOVED = 2.0**-44
"""By how much inputs are moved, of their size: far more than pairs round, and so little that results move in proportion."""
_NORMAL = 1e-200, 1e200
"""Sizes of results that are asked for."""


class GraphNumbers:
    """Evaluates a graph in two arithmetics, if ``is_of_the_table`` says that it can.

    Constants are the floats that stand in the graph, for both. A function that pairs lack has the digits of a double.

    Args:
        graph: of ops of the table.
        roots: the results that are asked for, names of the graph's roots.
    """

    def __init__(self, graph: Graph, roots: Sequence[str]) -> None:
        self._graph, self._roots = graph, [graph.roots[name] for name in roots]
        self.operations = len(graph.nodes)
        self._pairs = PairArithmetic(_of_runtime(functions_called([graph], "pairs")), {})
        texts = {op: _text(op) for op in sorted({node.op for node in graph.nodes}) if op in OPS}
        called = {name: name for name in (text.partition("(")[0].partition(".")[0] for text in texts.values() if "(" in text)}
        plain = {"np": np, **_of_runtime({name: home for name, home in called.items() if name != "np"}), "rowsum": _same}
        self._of_doubles: Arithmetic = {op: _function(op, text, plain) for op, text in texts.items()}
        exact = {**self._pairs.names, "rowsum": _same}
        self._of_pairs: Arithmetic = {
            op: self._rounding(op) if OPS[op].pairs is None else _function(op, text, exact) for op, text in texts.items()
        }

    def _rounding(self, op: str) -> Callable[..., Any]:
        """Make a function of pairs that computes in doubles."""
        plain, pairs = self._of_doubles[op], self._pairs
        return lambda *given: pairs.given(plain(*(pairs.rounded(one, pairs.numbers.dtype) for one in given)))

    @np.errstate(all="ignore")
    def in_doubles(self, leaves: Mapping[str, Floats]) -> list[Floats]:
        """Compute the results at n points; leaves are arrays of (n,), and so are results."""
        values = evaluate(self._graph, leaves, self._of_doubles)
        return [np.asarray(values[root], np.float64) for root in self._roots]

    @np.errstate(all="ignore")
    def in_pairs(self, leaves: Mapping[str, Floats], moved: Mapping[str, Floats] | None = None) -> list[Any]:
        """Compute the results in pairs, at leaves that are moved by what is given; ``rounded`` makes doubles of them."""
        numbers = {name: self._pairs.given(value) for name, value in leaves.items()}
        numbers |= {name: numbers[name] + self._pairs.given(by) for name, by in (moved or {}).items()}
        values = evaluate(
            self._graph, {"largest": self._pairs.given(np.inf), **numbers}, self._of_pairs, self._pairs.numbers.of
        )
        return [values[root] for root in self._roots]

    @np.errstate(all="ignore")
    def distance(self, value: Any, other: Any) -> Floats:
        """Compute how far a result in pairs is from another one, in pairs or in doubles."""
        other = other if isinstance(other, self._pairs.numbers) else self._pairs.given(other)
        return np.abs(self.rounded(value - other))

    def rounded(self, value: Any) -> Floats:
        """Round a result in pairs to doubles."""
        return np.asarray(self._pairs.rounded(value, self._pairs.numbers.dtype), np.float64)


def losses(names: Sequence[str], numbers: GraphNumbers, rows: Floats, asked: int) -> Floats:
    """Compute by how much results are wrong beyond what the inputs leave open, (n, results).

    That is the error of doubles in units of 2**-53, over one more than the units by which a result moves if inputs do by one.

    Args:
        names: the inputs.
        numbers: the graph in two arithmetics.
        rows: (n, inputs) the points.
        asked: for how many points, those with the largest errors, it is computed; it is 0 for others, and where it is unknown.
    """
    exact = numbers.in_pairs(_leaves(names, rows))
    errors, sizes = _errors(names, numbers, rows, exact)
    found = np.zeros_like(errors)
    suspects = np.argsort(-errors.max(axis=1), kind="stable")[:asked]
    condition = _condition(names, numbers, rows, suspects, exact)
    with np.errstate(all="ignore"):
        known = (sizes[suspects] > _NORMAL[0]) & (sizes[suspects] < _NORMAL[1]) & np.isfinite(condition)
        found[suspects] = np.where(known, errors[suspects] / (1.0 + condition), 0.0)
    return np.nan_to_num(found)


def _errors(names: Sequence[str], numbers: GraphNumbers, rows: Floats, exact: Sequence[Any]) -> tuple[Floats, Floats]:
    """Compute errors in units of 2**-53, 2**53 at most, 0 where either is no number, and the sizes of results."""
    plain = numbers.in_doubles(_leaves(names, rows))
    with np.errstate(all="ignore"):
        sizes = _columns([np.abs(numbers.rounded(one)) for one in exact], len(rows))
        errors = _columns([numbers.distance(one, other) for one, other in zip(exact, plain, strict=True)], len(rows))
        known = np.isfinite(errors) & np.isfinite(sizes)
        return np.where(known, np.minimum(errors / (_UNIT * sizes), 1.0 / _UNIT), 0.0), sizes


def _condition(names: Sequence[str], numbers: GraphNumbers, rows: Floats, places: Places, exact: Sequence[Any]) -> Floats:
    """Compute by how many units results move if each input does by one, (len(places), results), from differences of pairs."""
    repeated = np.repeat(places, len(names))
    moves = np.tile(np.eye(len(names)) * _MOVED, (len(places), 1)) * rows[repeated]
    there = numbers.in_pairs(_leaves(names, rows[repeated]), dict(zip(names, moves.T, strict=True)))
    here = [one[repeated] if np.ndim(one.hi) else one for one in exact]
    with np.errstate(all="ignore"):
        shifts = [
            numbers.distance(one, other) / (_MOVED * np.abs(numbers.rounded(one)))
            for one, other in zip(here, there, strict=True)
        ]
    result: Floats = _columns(shifts, len(repeated)).reshape(len(places), len(names), -1).sum(axis=1)
    return result


def _leaves(names: Sequence[str], rows: Floats) -> Mapping[str, Floats]:
    return {**dict(zip(names, rows.T, strict=True)), "cotangent": np.ones(len(rows))}


def _columns(found: Sequence[Floats], rows: int) -> Floats:
    """Put results side by side; one that is the same at all points is a single number."""
    return np.stack([np.broadcast_to(one, rows) for one in found], axis=1)


def is_of_the_table(graph: Graph) -> bool:
    """Tell if a graph has only operations of the op table, and no functions of users."""
    return not any(isinstance(node.op, UserOp) for node in graph.nodes)


def has_pairs(graph: Graph) -> bool:
    """Tell if pairs have all functions of a graph."""
    return is_of_the_table(graph) and all(OPS[node.op].pairs is not None for node in graph.nodes if node.op in OPS)


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
