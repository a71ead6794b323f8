"""How well conditioned the results of a graph are: kappa_in over its inputs, kappa_graph over its operations.

For a result G at a point, kappa = sum over v of |v dG/dv| / |G|: by how many units G moves, to first order, if every v moves by
one (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed. 2002, section 1.6; over all operations it is from Bauer,
Computational graphs and rounding error, SIAM J. Numer. Anal. 11, 1974). Hence an error of at most u units in each operation
gives an error of at most u * kappa_graph units in G, to first order; units are relative to the value.

Values and local derivatives are computed in balls. Each sensitivity is kept relative to its node, v dG/dv / G, so that the
sweeps themselves are sums and products of doubles, for many points and all results at once. What first order does not show, the
graph computed in balls of the dtype's own precision does: how far any honest result may be, and whether rounding may decide.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from symgraph.check.balls import KINK, ONE, UNDEFINED, UNKNOWN, ZERO, Missing, Value
from symgraph.check.exponents import LINEAR, PLAIN, linear, measure_by_moves, normal, wide
from symgraph.check.forms import FORMS, Form, slope_of, value_of
from symgraph.check.reference import LEVELS
from symgraph.check.rounding import INPUT_ULP, TAME, decided, figure_of, may_leave, rounds
from symgraph.ir.graph import BOOLEAN_OPS, Graph, Node, reachable

Floats = NDArray[np.float64]

_INPUTS = frozenset({"feature", "weight", "target"})
_MOST = 1e300
"""Stands for condition numbers that are infinite or larger: with them no statement says anything."""
_FAST = frozenset({"exp", "expm1", "sinh", "cosh", "gauss", "sech", "sigmoid", "log_sigmoid", "softplus", "erfc", "erfcx"})
"""What overflows or vanishes at arguments of ordinary size: exponentials, and what rewriting makes of formulas of them."""
_FEW = frozenset({"mul", "add", "sub"})
_KINKED = frozenset({"abs", "max", "min"})
_SETTLED = 64
"""The bits that a value of the graph must be known to."""


@dataclass(frozen=True, slots=True, eq=False)
class Sizes:
    """What statements about rounding errors need, for n points and k results.

    Attributes:
        kappa_in: (n, k) over the inputs; NaN where the result is 0, inf where a condition number is out of reach. Sums of
            doubles: where the paths from an input cancel, it may be off.
        kappa_graph: (n, k) over operations that round and constants that were rounded.
        sums: (n, k) over sums of rows, which do not round in a single one.
        bound: (n, k) the same sum weighted by the figures of the operations, 1/2 for constants: to first order, an error in ulp
            is below; it is at most ``largest_ulp`` * kappa_graph.
        lowest: (n, k) the smallest binary exponent e (2**(e - 1) <= |v| < 2**e) of a value that the result is computed from.
        highest: (n, k) the largest.
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

    @staticmethod
    def stacked(parts: "Sequence[Sizes]") -> "Sizes":
        """Several batches as one."""
        names = ("kappa_in", "kappa_graph", "sums", "bound", "lowest", "highest", "scatter", "strayed")
        return Sizes(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


class _Line(NamedTuple):
    """One node of the graph, prepared: ``form`` is None for leaves and constants, whose ``data`` say what they are."""

    node: int
    op: str
    form: Form | None
    args: tuple[int, ...]
    data: Any


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is found at one point; numbers are pairs of a mantissa and a binary exponent, since they need not be doubles.

    Attributes:
        values: of each node, in order; (nan, 0) for truth values and what has no number.
        slopes: the partials of operations other than sums, products and quotients; (nan, 0) where there is none.
        scatter: of each result.
    """

    values: Sequence[tuple[float, int]]
    slopes: Sequence[tuple[float, int]]
    scatter: Sequence[float]


class Measure:
    """The measure of one graph.

    Args:
        graph: of one row, as it is printed.
        roots: the results by name, among the graph's roots.
        exact: floats that the spec itself contains, which are exact although they are long.
        dtype: what the module computes in; its constants are rounded to that.
    """

    def __init__(self, graph: Graph, roots: Sequence[str], exact: frozenset[float], dtype: Any = np.float64) -> None:
        self.roots = tuple(roots)
        self._at = [graph.roots[root] for root in roots]
        self._limits = np.finfo(dtype)
        self._tiny = float(self._limits.tiny)
        self._order = sorted(reachable(graph.nodes, self._at))
        self._row = {index: row for row, index in enumerate(self._order)}
        self._nodes = graph.nodes
        self._lines = [_line(index, graph.nodes[index], float(self._limits.max)) for index in self._order]
        self._curved = [line for line in self._lines if line.form is not None and line.op not in LINEAR]
        self._figures = {i: figure_of(graph.nodes[i], dtype) for i in self._order if rounds(graph, i, exact, dtype)}
        self._fixed = {i for i in self._order if not graph.nodes[i].args and graph.nodes[i].op not in _INPUTS}
        self._fixed -= self._figures.keys()
        self._ranged = [i in self._figures or may_leave(graph.nodes[i]) for i in self._order]
        reach = [reachable(graph.nodes, [root]) for root in self._at]
        self._reach = np.array([[index in below for index in self._order] for below in reach], bool)
        self._fast = self._exponentials()
        unit = float(self._limits.eps)
        self._noise = {i: arb(1, figure * unit) for i, figure in self._figures.items()}
        least = arb((1, int(self._limits.minexp - self._limits.nmant)))
        self._below = {i: arb(0, 1) * figure * least for i, figure in self._figures.items()}
        self.largest_ulp = max(self._figures.values(), default=0.5)
        """The largest figure among the operations that are counted."""

    @property
    def width(self) -> int:
        """How many nodes the results are computed from."""
        return len(self._order)

    @property
    def counted(self) -> frozenset[int]:
        """The positions of the nodes that round."""
        return frozenset(self._figures)

    def conditions(self, point: Mapping[str, float], bits: int = LEVELS[0]) -> Conditions:
        """Evaluate the graph at one point, and every operation's partials; once more with rounding errors.

        Args:
            point: a float for every input.
            bits: the precision to begin with.
        """
        leaves = {**{name: arb(x) if math.isfinite(x) else UNDEFINED for name, x in point.items()}, "cotangent": ONE}
        for level in (level for level in LEVELS if level >= bits):
            with ctx.workprec(level):
                values = self._values(leaves)
                known = [values[index] for index in self._order]
                if level < LEVELS[-1] and not all(map(_is_settled, known)):
                    continue
                slopes = [self._slope(line, place, values) for line in self._curved for place in range(len(line.args))]
                return Conditions(wide(known), wide(slopes), self._scatter(leaves))
        raise AssertionError("the last level settles everything")

    def _values(
        self, leaves: Mapping[str, Value], moved: Callable[[_Line, Value, Sequence[Value]], Value] | None = None
    ) -> list[Value]:
        values: list[Value] = [UNKNOWN] * (self._order[-1] + 1 if self._order else 0)
        for line in self._lines:
            if line.form is None:
                value = leaves[line.data] if isinstance(line.data, str) else line.data
            elif line.op in _FEW and isinstance(a := values[line.args[0]], arb) and isinstance(b := values[line.args[1]], arb):
                # most operations are these
                value = a * b if line.op == "mul" else a + b if line.op == "add" else a - b
                if value.is_nan():
                    value = UNKNOWN
            elif line.op in BOOLEAN_OPS and any(values[arg] is UNDEFINED for arg in line.args):
                value = False  # as floats compare NaN
            else:
                value = value_of(line.form, [values[arg] for arg in line.args])
            values[line.node] = value if moved is None else moved(line, value, values)
        return values

    def _slope(self, line: _Line, place: int, values: Sequence[Value]) -> Value:
        arg, value = line.args[place], values[line.node]
        if not isinstance(value, arb) or arg in self._fixed:
            return ZERO
        operands = [values[other] for other in line.args]
        if line.op == "select":
            taken = 1 if operands[0] is True else 2 if operands[0] is False else 0
            return ONE if place == taken else ZERO
        missing = next((operand for operand in operands if isinstance(operand, Missing)), None)
        assert line.form is not None
        slope = missing if missing is not None else slope_of(line.form, place, value, operands) if line.form.slopes else ZERO
        # no partial of an operation with kinks is larger than 1 there
        return ONE if slope is KINK or (slope is UNKNOWN and line.op in _KINKED) else slope

    def _scatter(self, leaves: Mapping[str, Value]) -> list[float]:
        """How far the results are scattered: computed in balls as wide as the errors of inputs and operations."""
        unit = float(self._limits.eps)
        with ctx.workprec(self._limits.nmant + 1):
            moved = {
                name: leaf * arb(1, INPUT_ULP * unit) if isinstance(leaf, arb) and name != "cotangent" else leaf
                for name, leaf in leaves.items()
            }
            values = self._values(moved, self._rounded)
            return [_radius(values[root]) for root in self._at]

    def _rounded(self, line: _Line, value: Value, values: Sequence[Value]) -> Value:
        """A value with the error of its operation; unknown where its operands' errors decide what it is."""
        if not isinstance(value, arb) or line.form is None:
            return value
        noise = self._noise.get(line.node)
        if noise is not None:
            value = value * noise
            if abs(float(value)) < self._tiny and not value.is_zero():
                # below the normal numbers, units are those of the smallest of these
                value = value + self._below[line.node]
        return value if line.op in TAME else decided(line.op, value, [values[arg] for arg in line.args], self._limits)

    def sizes(self, points: "Sequence[Conditions]") -> Sizes:
        """Sweep over the graph for many points at once."""
        mantissas, exponents = np.moveaxis(np.array([point.values for point in points], np.float64), 2, 0)
        mantissas, exponents = normal(mantissas, exponents)
        zero = mantissas == 0
        edges = self._edges(mantissas, exponents, points)
        mags = np.where(np.isfinite(mantissas) & ~zero & self._ranged, exponents, 0)
        kappas = self._backward(edges, zero)
        nothing = zero[:, [self._row[root] for root in self._at]]
        for kappa in kappas:
            kappa[nothing] = np.nan
        low = [np.where(below, mags, 0).min(axis=1, initial=0) for below in self._reach]
        high = [np.where(below, mags, 0).max(axis=1, initial=0) for below in self._reach]
        scatter = np.array([point.scatter for point in points], np.float64)
        kappa_in, kappa_graph, sums, bound = kappas
        return Sizes(kappa_in, kappa_graph, sums, bound, np.array(low).T, np.array(high).T, scatter, self._strayed(edges, mags))

    def shares(self, point: Conditions, column: int) -> dict[int, float]:
        """The part of each node that rounds in the kappa_graph of one result, by its position."""
        mantissas, exponents = normal(*np.moveaxis(np.array([point.values], np.float64), 2, 0))
        edges, found = self._edges(mantissas, exponents, [point]), {}
        for row, own in self._sweep(edges, mantissas == 0):
            index = self._order[row]
            if index in self._figures:
                found[index] = float(own[0, column])
        return found

    def enlarged_node(self, point: Mapping[str, float], bits: int, column: int) -> str:
        """The user's node, or the loss, whose rounding errors a result enlarges the most: of several, the last.

        Args:
            point: where.
            bits: the precision to begin with.
            column: the result.
        """
        shares = self.shares(self.conditions(point, bits), column)
        largest = max(shares.values(), default=0.0)
        for index in sorted((index for index, share in shares.items() if share >= largest / 2), reverse=True):
            origin = self._nodes[index].origin.partition(": ")[0]
            where = origin.rpartition(" in ")[2] if origin.startswith("adjoint of ") else origin
            if where and not where.startswith("adjoint of "):
                return f"node {where}" if where != "loss" else where
        return self.roots[column]

    def _edges(self, m: Floats, e: NDArray[np.int64], points: Sequence[Conditions]) -> dict[tuple[int, int], Floats]:
        """The condition number of every operation by every operand, for all points."""
        slopes = np.array([point.slopes for point in points], np.float64).reshape(len(points), -1, 2)
        slope_m, slope_e = normal(slopes[:, :, 0], slopes[:, :, 1])
        known = ~np.isnan(m)
        # what each node is measured by: its value, or what it moves by where that is 0
        scale_m, scale_e = np.where(known & (m != 0), m, 1.0), np.where(known & (m != 0), e, 0)
        edges: dict[tuple[int, int], Floats] = {}
        at = 0
        with np.errstate(all="ignore"):
            for row, line in enumerate(self._lines):
                rows = [self._row[arg] for arg in line.args]
                plain = PLAIN.get(line.op)
                if plain is not None and (known[:, row] & (m[:, row] != 0)).all():
                    for place, arg in enumerate(line.args):
                        edges[row, place] = np.full(len(m), 0.0 if arg in self._fixed else plain[place])
                    continue
                moves: list[tuple[Floats, NDArray[np.int64]]] = []
                for place, arg in enumerate(rows):
                    if line.op in LINEAR:
                        part_m, part_e = linear(line.op, place, rows, (row, m, e))
                    else:
                        part_m, part_e = slope_m[:, at], slope_e[:, at]
                        at += 1
                    if line.args[place] in self._fixed:
                        part_m = np.zeros(len(m))
                    moves.append(normal(part_m * scale_m[:, arg], part_e + scale_e[:, arg]))
                vanishing = known[:, row] & (m[:, row] == 0)
                if moves and vanishing.any():
                    measure_by_moves(vanishing, moves, scale_m[:, row], scale_e[:, row])
                for place, (move_m, move_e) in enumerate(moves):
                    edge = np.ldexp(move_m / scale_m[:, row], np.clip(move_e - scale_e[:, row], -3000, 3000).astype(np.int32))
                    edge = np.clip(np.where(np.isnan(edge), _MOST, edge), -_MOST, _MOST)
                    if plain is not None and line.args[place] not in self._fixed:
                        # exactly, also where exponents have more digits than are kept of them
                        edge = np.where(m[:, row] != 0, plain[place], edge)
                    edges[row, place] = np.where(known[:, row], edge, 0.0)
        return edges

    def _sweep(self, edges: Mapping[tuple[int, int], Floats], zero: NDArray[np.bool_]) -> Any:
        """Yield for each node, the last one first, by how many units each result moves if it moves by one: (n, k)."""
        pending: dict[int, Floats] = {}
        for column, root in enumerate(self._at):
            pending.setdefault(self._row[root], np.zeros((len(zero), len(self._at))))[:, column] = 1.0
        with np.errstate(all="ignore"):
            for row in reversed(range(len(self._order))):
                own = pending.pop(row, None)
                if own is None:
                    continue
                yield row, np.where(zero[:, row, None], 0.0, np.abs(own))
                for place, arg in enumerate(self._lines[row].args):
                    if arg in self._fixed:
                        continue
                    share = own * edges[row, place][:, None]
                    below = self._row[arg]
                    pending[below] = pending[below] + share if below in pending else share

    def _backward(self, edges: Mapping[tuple[int, int], Floats], zero: NDArray[np.bool_]) -> tuple[Floats, ...]:
        """Relative sensitivities of all results, summed over inputs, what rounds, sums over rows, and by figures."""
        kappa_in, kappa_graph, sums, bound = (np.zeros((len(zero), len(self._at))) for _ in range(4))
        with np.errstate(all="ignore"):
            for row, moves in self._sweep(edges, zero):
                index = self._order[row]
                if self._nodes[index].op in _INPUTS:
                    kappa_in += moves
                elif self._nodes[index].op == "rowsum":
                    sums += moves
                if index in self._figures:
                    kappa_graph += moves
                    bound += self._figures[index] * moves
        return tuple(map(_known, (kappa_in, kappa_graph, sums, bound)))

    def _strayed(self, edges: Mapping[tuple[int, int], Floats], mags: NDArray[np.int64]) -> NDArray[np.bool_]:
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
            for row, line in enumerate(self._lines):
                by = np.zeros(len(mags))
                for place, arg in enumerate(line.args):
                    by += np.abs(edges[row, place]) * moves[self._row[arg]]
                if line.node in self._fast:
                    by = np.maximum(by, left[:, row])
                moves.append(np.minimum(by, _MOST))
                result |= (left[:, row] & (by <= self._limits.eps))[:, None] & self._reach[:, row]
        return result

    def _exponentials(self) -> frozenset[int]:
        """The nodes that may leave the range: exponentials, and the infinities that are written where they overflow."""
        found = {i for i in self._order if self._nodes[i].op in _FAST or self._nodes[i].data in (math.inf, -math.inf)}
        infinite = {i for i in found if self._nodes[i].op == "const"}
        for index in self._order:
            node = self._nodes[index]
            if node.op in ("mul", "select") and not infinite.isdisjoint(node.args):
                found.add(index)
                infinite |= {index} if node.op == "mul" else set()
        return frozenset(found)


def _line(index: int, node: Node, largest: float) -> _Line:
    if node.op in ("const", "largest"):
        number = largest if node.op == "largest" else float(node.data or 0.0)
        return _Line(index, node.op, None, (), UNDEFINED if math.isnan(number) else arb(number))
    return _Line(index, node.op, None if isinstance(node.data, str) else FORMS[node.op], node.args, node.data)


def _is_settled(value: Value) -> bool:
    if not isinstance(value, arb):
        return value is not UNKNOWN
    if value.rel_accuracy_bits() >= _SETTLED:
        return True
    return bool(value.is_zero() or not value.is_finite() or abs(value) < _SMALL or abs(value) > _LARGE)


_SMALL, _LARGE = arb((1, -1100)), arb((1, 1100))


def _radius(value: Value) -> float:
    return float(value.rad()) if isinstance(value, arb) and value.is_finite() else math.inf


def _known(kappa: Floats) -> Floats:
    """What has become infinity minus infinity on the way is out of reach."""
    return np.where(np.isnan(kappa), np.inf, kappa)
