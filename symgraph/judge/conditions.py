"""Condition numbers of a graph's results: kappa_in over its inputs, kappa_graph over its operations.

For a result G at a point, kappa = sum over v of |v dG/dv| / |G|: by how many units G moves, to first order, if every v moves by
one (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed. 2002, section 1.6; over all operations it is from Bauer,
Computational graphs and rounding error, SIAM J. Numer. Anal. 11, 1974). Hence an error of at most u units in each operation
gives an error of at most u * kappa_graph units in G, to first order; units are relative to the value.

Values and condition numbers of single operations are computed in balls. Each sensitivity is kept relative to its node,
v dG/dv / G, so that the sweeps are sums and products of doubles, for many points and all results at once. What first order does
not show, the graph computed in balls of the dtype's own precision does: how far any honest result may be, and whether rounding
may decide.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from symgraph.compiler.ir.graph import BOOLEAN_OPS, Graph, Node, reachable
from symgraph.judge.balls import KINK, LEAST, MOST, ONE, UNDEFINED, UNKNOWN, ZERO, Missing, Value, exponent_of
from symgraph.judge.form import Form, slope_of, value_of
from symgraph.judge.forms import FORMS
from symgraph.judge.program import Step, forward
from symgraph.judge.reference import LEVELS
from symgraph.judge.rounding import INPUT_ULP, TAME, decided, figure_of, is_fast, may_leave, rounds
from symgraph.spec.ops.ops import OPS

Floats = NDArray[np.float64]

_INPUTS = frozenset({"feature", "weight", "constant", "target"})
_PLAIN: Mapping[str, tuple[float, ...]] = {"mul": (1.0, 1.0), "div": (1.0, -1.0), "neg": (1.0,), "rowsum": (1.0,)}
"""The condition numbers of operations that have the same ones everywhere but at 0."""
_SETTLED = 64
"""The bits that a value of the graph must be known to."""
_ENTRIES = 2_000_000
"""Numbers that the sweeps hold at once: some tens of MB."""
_FAR = 2**40
"""The binary exponent that stands for that of infinity."""
_HUGE, _MINUTE = arb((1, _FAR - 1)), arb((1, -_FAR - 1))
_NOTHING = arb((1, -(2**30)))
_SMALL, _LARGE = arb((1, -1100)), arb((1, 1100))


class Sizes(NamedTuple):
    """Condition numbers and ranges of values, for n points and k results.

    Attributes:
        kappa_in: (n, k) over the inputs; NaN where the result is 0, inf where a condition number is out of reach. Sums of
            doubles: where the paths from an input cancel, it may be off.
        kappa_graph: (n, k) over operations that round and constants that were rounded.
        sums: (n, k) over sums of rows, which do not round in a single one.
        bound: (n, k) the same sum weighted by the figures of the operations, 1/2 for constants: to first order, an error in ulp
            is below; it is at most ``largest_ulp`` * kappa_graph.
        lowest, highest: (n, k) the smallest and largest binary exponents e of values v that the result is computed from, each
            with 2**(e - 1) <= |v| < 2**e.
        scatter: (n, k) how far from the truth rounding, of inputs too, may bring a result, to any order; inf where it may
            decide a comparison, reach the end of a domain, or is as large as the scale on which a function changes.
        strayed: (n, k) whether a value on the way leaves the dtype's normal range other than through an exponential: one that
            does not move where the exponentials move that have left it.
    """

    kappa_in: Floats
    kappa_graph: Floats
    sums: Floats
    bound: Floats
    lowest: NDArray[np.int64]
    highest: NDArray[np.int64]
    scatter: Floats
    strayed: NDArray[np.bool_]


class Conditions(NamedTuple):
    """Conditioning at one point, of the graph's m nodes in the order of GraphConditioning.

    Attributes:
        exponents: (m,) binary exponents of the values, as in ``Sizes``; 0 for 0 and for what is no number.
        zero: (m,) whether the value is 0.
        edges: the condition number of every operation by every operand, in order.
        scatter: of each result.
    """

    exponents: NDArray[np.int64]
    zero: NDArray[np.bool_]
    edges: Floats
    scatter: Floats


class GraphConditioning:
    """The condition numbers of one graph at any points.

    Args:
        graph: of one row, as it is printed.
        roots: the results by name, among the graph's roots.
        exact: floats that the spec itself contains, which are exact although they are long.
        dtype: what the module computes in; its constants are rounded to that.
    """

    def __init__(self, graph: Graph, roots: Sequence[str], exact: frozenset[float], dtype: Any = np.float64) -> None:
        self.roots = tuple(roots)
        self._limits = np.finfo(dtype)
        needed = reachable(graph.nodes, [graph.roots[root] for root in roots])
        order = sorted(needed, key=lambda index: (not _leaf(graph.nodes[index]), index))  # leaves first
        row_of = {index: row for row, index in enumerate(order)}
        self._nodes = [graph.nodes[index] for index in order]
        self._at = [row_of[graph.roots[root]] for root in roots]
        self._steps = [_step(node, tuple([row_of[arg] for arg in node.args])) for node in self._nodes]
        self._starts = np.cumsum([0, *(len(step.args) for step in self._steps)]).tolist()
        self._figures = {
            row: figure_of(node, dtype) for row, node in enumerate(self._nodes) if rounds(graph, order[row], exact, dtype)
        }
        fixed = {row for row, node in enumerate(self._nodes) if not node.args and node.op not in _INPUTS}
        self._fixed = fixed - self._figures.keys()
        self._ranged = [row in self._figures or may_leave(node) for row, node in enumerate(self._nodes)]
        # condition numbers that are the same everywhere but at 0; exactly, also where exponents have many digits
        self._curved = [row for row, step in enumerate(self._steps) if step.args and step.name not in _PLAIN]
        edges = (zip(step.args, _PLAIN.get(step.name, (0.0,) * len(step.args)), strict=True) for step in self._steps)
        self._plain = np.array([0.0 if arg in self._fixed else edge for arg, edge in chain.from_iterable(edges)])
        reach = [reachable(graph.nodes, [graph.roots[root]]) for root in roots]
        self._reach = np.array([[index in below for index in order] for below in reach], bool)
        self._fast = self._exponentials()
        unit, least = float(self._limits.eps), arb((1, int(self._limits.minexp - self._limits.nmant)))
        figures, self._tiny = [self._figures.get(row) for row in range(len(order))], float(self._limits.tiny)
        self._noise = [None if figure is None else (arb(1, figure * unit), arb(0, 1) * figure * least) for figure in figures]
        self.counted = frozenset(order[row] for row in self._figures)
        """The positions of the nodes that round."""
        self.largest_ulp = max(self._figures.values(), default=0.5)
        """The largest figure among the operations that are counted."""

    def conditions(self, point: Mapping[str, float], bits: int = LEVELS[0]) -> Conditions:
        """Evaluate the graph and each operation's condition at a point, from some bits on; once more with rounding errors."""
        inputs = {**point, "cotangent": 1.0, "largest": float(self._limits.max)}
        numbers = [inputs[step.leaf] for step in self._steps if step.leaf]
        leaves = [arb(number) if math.isfinite(number) else UNDEFINED for number in numbers]
        for level in (level for level in LEVELS if level >= bits):
            with ctx.workprec(level):
                values = forward(self._steps, leaves, unbounded=True)
                doubted = [v for v in values if not (type(v) is arb and v.rel_accuracy_bits() >= _SETTLED)]
                if level == LEVELS[-1] or all(map(_is_settled, doubted)):
                    return self._found(values, leaves)
        raise AssertionError("the last level settles everything")

    def _found(self, values: Sequence[Value], leaves: Sequence[Value]) -> Conditions:
        """Compute the point's conditions."""
        numbers = np.array([float(value) if type(value) is arb else math.nan for value in values])
        exponents, scales = np.frexp(numbers)[1].astype(np.int64), list(values)
        known, zero = np.ones(len(numbers), bool), np.zeros(len(numbers), bool)
        for row in np.flatnonzero(~((np.abs(numbers) > LEAST) & (np.abs(numbers) < MOST))).tolist():
            size = _size(values[row])
            if size is None or size.is_zero():
                known[row], zero[row], exponents[row], scales[row] = size is not None, size is not None, 0, ONE
            else:
                exponents[row], scales[row] = max(-_FAR, min(_FAR, exponent_of(size))), size
        return Conditions(exponents, zero, self._edges(values, known, zero, scales), self._scatter(leaves))

    def _edges(self, values: Sequence[Value], known: NDArray[np.bool_], zero: NDArray[np.bool_], scales: list[Any]) -> Floats:
        """The condition number of every operation by every operand, given by what size each node is measured.

        A node that is 0 is measured by the largest of what it moves by.
        """
        edges, odd = self._plain.tolist(), {*np.flatnonzero(zero | ~known).tolist()}
        for row in sorted({*self._curved, *odd}):
            step, start = self._steps[row], self._starts[row]
            if known[row]:
                moves = self._moves(step, values[row], values, scales)
                if zero[row]:
                    largest = max((abs(move.mid()) for move in moves if move is not None and move.is_finite()), default=ZERO)
                    scales[row] = ONE if largest.is_zero() else largest
                edges[start : start + len(moves)] = [math.inf if move is None else float(move / scales[row]) for move in moves]
            else:
                edges[start : start + len(step.args)] = [0.0] * len(step.args)
        return np.array(edges, np.float64)

    def _moves(self, step: Step, value: Value, values: Sequence[Value], scales: Sequence[Any]) -> list[arb | None]:
        """By how much an operation moves if one of its operands moves by its size; None where that is not known."""
        if step.name in ("add", "sub"):
            sizes = [ZERO if arg in self._fixed else scales[arg] for arg in step.args]
            return sizes if step.name == "add" else [sizes[0], -sizes[1]]
        operands, moves = [values[arg] for arg in step.args], list[arb | None]()
        for place, arg in enumerate(step.args):
            size = ZERO if arg in self._fixed else _size(_slope(step, place, value, operands))
            moves.append(None if size is None else size * scales[arg])
        return moves

    def _scatter(self, leaves: Sequence[Value]) -> Floats:
        """Compute the radius of each result in balls as wide as the errors of inputs and operations."""
        with ctx.workprec(self._limits.nmant + 1):
            off = arb(1, INPUT_ULP * float(self._limits.eps))
            moved = [x * off if isinstance(x, arb) and row not in self._fixed else x for row, x in enumerate(leaves)]
            values = forward(self._steps, moved, self._rounded, unbounded=True)
            found = [values[root] for root in self._at]
            return np.array([float(v.rad()) if isinstance(v, arb) and v.is_finite() else math.inf for v in found], np.float64)

    def _rounded(self, row: int, value: Value, values: Sequence[Value]) -> Value:
        """A value with the error of its operation; unknown where its operands' errors decide what it is."""
        if type(value) is not arb:
            return value
        noise, step = self._noise[row], self._steps[row]
        if noise is not None:
            value = value * noise[0]
            if -self._tiny < float(value) < self._tiny and not value.is_zero():
                # below the normal numbers, units are those of the smallest of these
                value = value + noise[1]
        return value if step.name in TAME else decided(step.name, value, [values[arg] for arg in step.args], self._limits)

    def sizes(self, points: Iterable[Conditions]) -> Sizes:
        """Sweep over the graph for many points at once; as many as memory holds."""
        many = max(1, min(512, _ENTRIES // max(1, len(self._at) * len(self._nodes))))
        left, parts = iter(points), list[Sizes]()
        while batch := [*islice(left, many)]:
            parts.append(self._sizes(*map(np.array, zip(*batch, strict=True))))
        return Sizes(*map(np.concatenate, zip(*parts, strict=True)))

    def _sizes(self, exponents: NDArray[np.int64], zero: NDArray[np.bool_], edges: Floats, scatter: Floats) -> Sizes:
        mags, edges = np.where(self._ranged, exponents, 0), _clipped(edges)
        kappa_in, kappa_graph, sums, bound = (np.zeros((len(mags), len(self._at))) for _ in range(4))
        with np.errstate(all="ignore"):
            for row, moves in self._sweep(edges, zero):
                op = self._nodes[row].op
                if op in _INPUTS:
                    kappa_in += moves
                elif op == "rowsum":
                    sums += moves
                if row in self._figures:
                    kappa_graph += moves
                    bound += self._figures[row] * moves
        for kappa in (kappa_in, kappa_graph, sums, bound):
            kappa[np.isnan(kappa)] = np.inf  # what has become infinity minus infinity on the way is out of reach
            kappa[zero[:, self._at]] = np.nan
        low = np.stack([np.where(below, mags, 0).min(axis=1, initial=0) for below in self._reach], axis=1)
        high = np.stack([np.where(below, mags, 0).max(axis=1, initial=0) for below in self._reach], axis=1)
        return Sizes(kappa_in, kappa_graph, sums, bound, low, high, scatter, self._strayed(edges, mags))

    def enlarged_node(self, point: Mapping[str, float], bits: int, column: int) -> str:
        """The user's node, or the loss, whose rounding errors a column's result enlarges the most: of several, the last."""
        found = self.conditions(point, bits)
        sweep = self._sweep(_clipped(found.edges[None]), found.zero[None])
        shares = {row: float(moves[0, column]) for row, moves in sweep if row in self._figures}
        largest = max(shares.values(), default=0.0)
        for row in sorted((row for row, share in shares.items() if share >= largest / 2), reverse=True):
            origin = self._nodes[row].origin.partition(": ")[0]
            where = origin.rpartition(" in ")[2] if origin.startswith("adjoint of ") else origin
            if where and not where.startswith("adjoint of "):
                return f"node {where}" if where != "loss" else where
        return self.roots[column]

    def _sweep(self, edges: Floats, zero: NDArray[np.bool_]) -> Iterator[tuple[int, Floats]]:
        """Yield for each node, the last one first, by how many units each result moves if it moves by one: (n, k)."""
        pending: dict[int, Floats] = {}
        for column, root in enumerate(self._at):
            pending.setdefault(root, np.zeros((len(zero), len(self._at))))[:, column] = 1.0
        with np.errstate(all="ignore"):
            for row in reversed(range(len(self._nodes))):
                own = pending.pop(row, None)
                if own is None:
                    continue
                yield row, np.where(zero[:, row, None], 0.0, np.abs(own))
                for edge, arg in enumerate(self._steps[row].args, self._starts[row]):
                    if arg not in self._fixed:
                        share = own * edges[:, edge, None]
                        pending[arg] = pending[arg] + share if arg in pending else share

    def _strayed(self, edges: Floats, mags: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Where a value has left the normal range that does not move, to first order, with an exponential that has.

        "Moves" is by more than a rounding error: tanh(exp(1000)) does not, nor does 1 + exp(-1000), and what overflows after
        these has done so by itself.
        """
        # in the last binade a rounding error may make it infinite
        left = (mags >= self._limits.maxexp) | (mags <= self._limits.minexp)
        result = np.zeros((len(mags), len(self._at)), bool)
        if not left.any():
            return result
        moves: list[Floats] = []
        with np.errstate(all="ignore"):
            for row, step in enumerate(self._steps):
                by = np.zeros(len(mags))
                for edge, arg in enumerate(step.args, self._starts[row]):
                    by += np.abs(edges[:, edge]) * moves[arg]
                if row in self._fast:
                    by = np.maximum(by, left[:, row])
                moves.append(np.minimum(by, MOST))
                result |= (left[:, row] & (by <= self._limits.eps))[:, None] & self._reach[:, row]
        return result

    def _exponentials(self) -> frozenset[int]:
        """The rows that may leave the range: exponentials, and the infinities that are written where they overflow."""
        infinities = (math.inf, -math.inf)
        found = {row for row, node in enumerate(self._nodes) if is_fast(node.op) or node.data in infinities}
        infinite = {row for row in found if self._nodes[row].op == "const"}
        for row, step in enumerate(self._steps):
            if step.name in ("mul", "select") and not infinite.isdisjoint(step.args):
                found.add(row)
                infinite |= {row} if step.name == "mul" else set()
        return frozenset(found)


def _leaf(node: Node) -> str:
    """The name of the input that a node is; "" for others."""
    return node.data if isinstance(node.data, str) else ""


def _step(node: Node, args: tuple[int, ...]) -> Step:
    if _leaf(node):
        return Step(leaf=_leaf(node), varies=True)
    if node.op == "const":
        value = UNDEFINED if math.isnan(float(node.data or 0.0)) else arb(float(node.data or 0.0))
        return Step(constant=lambda: value)
    form = FORMS[node.op]
    return Step(node.op, args, _as_floats(form) if node.op in BOOLEAN_OPS else form, varies=True)


def _as_floats(form: Form) -> Form:
    """A comparison that is false where there is no number, as floats compare NaN."""

    def value(*operands: Value) -> Value:
        return False if UNDEFINED in operands else value_of(form, operands)

    return Form(value, lazy=True)


def _slope(step: Step, place: int, value: Value, operands: Sequence[Any]) -> Value:
    """The partial of an operation by one operand."""
    assert step.form is not None
    if not isinstance(value, arb):
        return ZERO
    if step.name == "select":
        taken = 1 if operands[0] is True else 2 if operands[0] is False else 0
        return ONE if place == taken else ZERO
    missing = next((operand for operand in operands if isinstance(operand, Missing)), None)
    slope = missing if missing is not None else slope_of(step.form, place, value, operands) if step.form.slopes else ZERO
    # no partial of an operation with kinks is larger than 1 there
    row = OPS[step.name]
    kinked = row.kinks and row.bounded_slope and all(row.partials)
    return ONE if slope is KINK or (slope is UNKNOWN and kinked) else slope


def _size(value: Value) -> arb | None:
    """A number of which its size is known: itself, 0 as far as any precision shows, or what stands for an infinite one."""
    if type(value) is arb and LEAST < abs(float(value)) < MOST:
        return value
    if not isinstance(value, arb) or value.is_nan():
        return None
    if not value.is_finite():
        return _HUGE if value > 0 else -_HUGE if value < 0 else None
    if value.contains(ZERO) and not value.is_zero():  # what an exponential has come to that has no digits is minute
        return _MINUTE if abs(value) < _NOTHING else ZERO
    return value


def _clipped(edges: Floats) -> Floats:
    """Condition numbers of which the largest stands for infinite ones, too: with them no statement says anything."""
    return np.clip(np.nan_to_num(edges, nan=MOST, posinf=MOST, neginf=-MOST), -MOST, MOST)


def _is_settled(value: Value) -> bool:
    if not isinstance(value, arb):
        return value is not UNKNOWN
    if value.rel_accuracy_bits() >= _SETTLED:
        return True
    return bool(value.is_zero() or not value.is_finite() or abs(value) < _SMALL or abs(value) > _LARGE)
