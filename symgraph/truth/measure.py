"""How well conditioned the results of a graph are: kappa_in over its inputs, kappa_graph over its operations.

For a result G at a point, kappa = sum over v of |v dG/dv| / |G|: by how many units G moves, to first order, if every v moves by
one (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed. 2002, section 1.6; over all operations it is from Bauer,
Computational graphs and rounding error, SIAM J. Numer. Anal. 11, 1974). Hence an error of at most u units in each operation
gives an error of at most u * kappa_graph units in G, to first order; units are relative to the value.

Values and local derivatives are computed in mpmath. Each sensitivity is kept relative to its node, v dG/dv / G, so that the
sweeps themselves are sums and products of doubles, for many points and all results at once.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

from symgraph.ir.graph import BOOLEAN_OPS, LEAVES, Graph, Node, reachable
from symgraph.ir.ops import OPS
from symgraph.truth.edges import decides, ratios_of
from symgraph.truth.evaluation import Evaluator, function_of
from symgraph.truth.scatter import INPUT_ULP, Scatter
from symgraph.truth.slopes import slopes_of
from symgraph.truth.wide import KINK, computed, is_number

Floats = NDArray[np.float64]

_INPUTS = frozenset({"feature", "weight", "target"})
_MOST = 1e300
"""Stands for condition numbers that are infinite or larger: with them no statement says anything."""
_EXPONENTIALS = frozenset({"exp", "expm1", "sinh", "cosh"})
_FAST = _EXPONENTIALS | {"gauss", "sech", "sigmoid", "log_sigmoid", "softplus", "erfc", "erfcx"}
"""What overflows or vanishes at arguments of ordinary size: exponentials, and what rewriting makes of formulas of them."""
_MARGIN = 64
_SHORT_BITS = 20
"""Constants of so few binary digits are the numbers that were meant; others are if the spec has them as floats."""


@dataclass(frozen=True, slots=True, eq=False)
class Sizes:
    """What the statement of a theorem about rounding needs, for n points and k results.

    Attributes:
        kappa_in: (n, k) over the inputs; NaN where the result is 0, inf where a condition number is out of reach.
        kappa_graph: (n, k) over operations that round and constants that were rounded.
        bound: (n, k) the same sum weighted by the figures of the operations, 1/2 for constants: to first order, an error in ulp
            is below; it is at most ``largest_ulp`` * kappa_graph.
        lowest: (n, k) the smallest binary exponent e (2**(e - 1) <= |v| < 2**e) of a value that the result is computed from.
        highest: (n, k) the largest.
        doubt: (n, k) the rounding unit at which first-order errors may decide a comparison, or reach the edge of a domain, the
            other way; inf if none does.
        undecided: (n, k) the same for errors of the inputs alone: below, the inputs do not say which way it goes.
        strayed: (n, k) whether a value on the way leaves the dtype's normal range other than through an exponential: one that
            does not move where the exponentials move that have left it.
    """

    kappa_in: Floats
    kappa_graph: Floats
    bound: Floats
    lowest: NDArray[np.int32]
    highest: NDArray[np.int32]
    doubt: Floats
    undecided: Floats
    strayed: NDArray[np.bool_]

    @staticmethod
    def stacked(parts: "Sequence[Sizes]") -> "Sizes":
        """Several batches as one."""
        names = ("kappa_in", "kappa_graph", "bound", "lowest", "highest", "doubt", "undecided", "strayed")
        return Sizes(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


class Measure:
    """The measure of one graph.

    Args:
        graph: of one row, as it is emitted.
        roots: the results by name, among the graph's roots.
        exact: floats that the spec itself contains, which are exact although they are long.
        dtype: what the module computes in; its constants are rounded to that.
    """

    def __init__(self, graph: Graph, roots: Sequence[str], exact: frozenset[float], dtype: Any = np.float64) -> None:
        self.roots = tuple(roots)
        self._at = [graph.roots[root] for root in roots]
        self._limits = np.finfo(dtype)
        self._order = sorted(reachable(graph.nodes, self._at))
        self._nodes = graph.nodes
        self._evaluate = Evaluator(graph, self._order, float(np.finfo(dtype).max))
        self._counted = {index for index in self._order if _rounds(graph, index, exact, dtype)}
        self._fixed = {index for index in self._order if _is_fixed(graph.nodes[index]) and index not in self._counted}
        reach = [reachable(graph.nodes, [root]) for root in self._at]
        self._reach = np.array([[index in below for index in self._order] for below in reach], bool)
        self._figures = {index: _figure(graph.nodes[index], dtype) for index in self._counted}
        self._ranged = self._counted | {index for index in self._order if _may_leave(graph.nodes[index])}
        inputs = [index for index in self._order if graph.nodes[index].op in _INPUTS]
        self.scatter = Scatter(self._evaluate, {**self._figures, **dict.fromkeys(inputs, INPUT_ULP)}, self._at, self._limits)
        """By how much the results scatter at a point where every operation rounds at random."""
        self.largest_ulp = max(self._figures.values(), default=0.5)
        """The largest figure among the operations that are counted."""

    @property
    def width(self) -> int:
        """How many nodes the results are computed from."""
        return len(self._order)

    def conditions(self, leaves: Mapping[str, Any], bits: int) -> "Conditions":
        """Evaluate the graph at one point in mpmath, and every operation's condition numbers.

        Args:
            leaves: a mpf for every input.
            bits: the precision.
        """
        with mpmath.workprec(bits):
            values = self._evaluate.values({**leaves, "cotangent": mpmath.mpf(1)})
            scales: dict[int, Any] = {}
            edges: list[float] = []
            doubts: list[float] = []
            for index in self._order:
                node = self._nodes[index]
                edges += self._edges(node, index, values, scales)
                places = decides(node.op)
                if places:
                    doubts += ratios_of(node.op, [values[arg] for arg in node.args], [scales[node.args[p]] for p in places])
        mags = [_mag(values[index]) if index in self._ranged else 0 for index in self._order]
        return Conditions(tuple(edges), tuple(doubts), tuple(mags), tuple(_is_zero(values[index]) for index in self._order))

    def sizes(self, points: Sequence["Conditions"]) -> Sizes:
        """Sweep over the graph for many points at once."""
        edges = np.array([point.edges for point in points], np.float64).reshape(len(points), -1).T
        mags = np.array([point.mags for point in points], np.int64)
        zero = np.array([point.zero for point in points], bool)
        kappa_in, kappa_graph, bound = self._backward(edges, zero)
        nothing = zero[:, [self._order.index(root) for root in self._at]]
        kappa_in[nothing] = kappa_graph[nothing] = bound[nothing] = np.nan
        low, high = [], []
        for below in self._reach:
            part = np.where(below, mags, 0)
            low.append(part.min(axis=1, initial=0))
            high.append(part.max(axis=1, initial=0))
        doubts = np.array([point.doubts for point in points], np.float64).reshape(len(points), -1).T
        return Sizes(
            kappa_in,
            kappa_graph,
            bound,
            np.array(low, np.int32).T,
            np.array(high, np.int32).T,
            self._doubt(edges, doubts, self._is_out(mags), zero),
            self._undecided(edges, doubts, self._is_out(mags), zero),
            self._strayed(edges, mags),
        )

    def exact_kappa_in(self, leaves: Mapping[str, Any], bits: int, column: int) -> float:
        """kappa_in of one result by a sweep in mpmath, for points where sums of doubles cancel too much.

        Args:
            leaves: a mpf for every input.
            bits: the precision.
            column: which of the results.

        Returns:
            kappa_in; inf where a slope is infinite.
        """
        total = mpmath.mpf(0)
        with mpmath.workprec(bits):
            values = self._evaluate.values({**leaves, "cotangent": mpmath.mpf(1)})
            pending: dict[int, Any] = {self._at[column]: mpmath.mpf(1)}
            for index in reversed(self._order):
                cotangent, node = pending.pop(index, 0), self._nodes[index]
                if node.op in _INPUTS:
                    total += abs(cotangent * values[index])
                for place, arg in enumerate(node.args if cotangent else ()):
                    slope = _slope(node, place, values, values[index])
                    if not is_number(slope):
                        return math.inf
                    pending[arg] = pending.get(arg, 0) + cotangent * slope
            return float(total / abs(values[self._at[column]]))

    def _edges(self, node: Node, index: int, values: Mapping[int, Any], scales: dict[int, Any]) -> list[float]:
        """The condition number of one operation by each operand; ``scales`` is completed by what the node is measured by."""
        value = values[index]
        if not node.args:
            scales[index] = value if is_number(value) and value != 0 else mpmath.mpf(1)
            return []
        known = not isinstance(value, bool) and is_number(value)
        if known and value != 0 and node.op in ("mul", "div"):  # most operations are these
            scales[index] = value
            return [1.0, 1.0 if node.op == "mul" else -1.0]
        moves = [
            _move(node, place, values, scales, value) if known and arg not in self._fixed else mpmath.mpf(0)
            for place, arg in enumerate(node.args)
        ]
        scale = value if known and value != 0 else max(map(abs, moves), default=mpmath.mpf(0)) or mpmath.mpf(1)
        scales[index] = scale
        return [_float(move / scale) for move in moves]

    def _backward(self, edges: Floats, zero: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
        """Relative sensitivities of all results, summed over inputs, over what rounds, and over that by its figures."""
        count = len(zero)
        pending: dict[int, Floats] = {}
        for column, root in enumerate(self._at):
            pending.setdefault(root, np.zeros((count, len(self._at))))[:, column] = 1.0
        kappa_in, kappa_graph, bound = (np.zeros((count, len(self._at))) for _ in range(3))
        place = len(edges)
        with np.errstate(all="ignore"):
            for row, index in reversed(list(enumerate(self._order))):
                node = self._nodes[index]
                place -= len(node.args)
                own = pending.pop(index, None)
                if own is None:
                    continue
                moves = np.where(zero[:, row, None], 0.0, np.abs(own))
                if node.op in _INPUTS:
                    kappa_in += moves
                if index in self._counted:
                    kappa_graph += moves
                    bound += self._figures[index] * moves
                for offset, arg in enumerate(node.args):
                    share = own * edges[place + offset][:, None]
                    pending[arg] = pending[arg] + share if arg in pending else share
        return _known(kappa_in), _known(kappa_graph), _known(bound)

    def _is_out(self, mags: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Where a value is so far outside the dtype's range that no error brings it back."""
        return (mags > self._limits.maxexp + _MARGIN) | (mags < self._limits.minexp - _MARGIN)

    def _strayed(self, edges: Floats, mags: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Where a value has left the normal range that does not move, to first order, with an exponential that has.

        "Moves" is by more than a rounding error: tanh(exp(1000)) does not, nor does 1 + exp(-1000), and what overflows after
        these has done so by itself.
        """
        # in the last binade a rounding error may make it infinite
        left = (mags >= self._limits.maxexp) | (mags <= self._limits.minexp)
        result = np.zeros((len(mags), len(self._at)), bool)
        moves: dict[int, Floats] = {}
        place = 0
        with np.errstate(all="ignore"):
            for row, index in enumerate(self._order):
                node = self._nodes[index]
                by = np.zeros(len(mags))
                for offset, arg in enumerate(node.args):
                    by += np.abs(edges[place + offset]) * moves[arg]
                place += len(node.args)
                if node.op in _FAST:
                    by = np.maximum(by, left[:, row])
                moves[index] = np.minimum(by, _MOST)
                result |= (left[:, row] & (by <= self._limits.eps))[:, None] & self._reach[:, row]
        return result

    def _doubt(self, edges: Floats, doubts: Floats, out: NDArray[np.bool_], zero: NDArray[np.bool_]) -> Floats:
        """The rounding unit at which each result's decisions come into doubt."""
        errors: dict[int, Floats] = {}
        count = len(out)
        result = np.full((count, len(self._at)), np.inf)
        place = at = 0
        with np.errstate(all="ignore"):
            for row, index in enumerate(self._order):
                node = self._nodes[index]
                error = np.where(zero[:, row], 0.0, self.largest_ulp if index in self._counted else 0.0)
                for offset, arg in enumerate(node.args):
                    error += np.abs(edges[place + offset]) * errors[arg]
                if node.op in _EXPONENTIALS:  # with an infinite error, too, it saturates what uses it
                    error = np.where(out[:, row], np.minimum(error, 0.125 / self._limits.eps), error)
                errors[index] = np.minimum(error, _MOST)
                places = decides(node.op)
                if places:
                    reached = sum(doubts[at + offset] * errors[node.args[operand]] for offset, operand in enumerate(places))
                    result = np.where(self._reach[:, row], np.minimum(result, (1.0 / reached)[:, None]), result)
                place, at = place + len(node.args), at + len(places)
        return result

    def _undecided(self, edges: Floats, doubts: Floats, out: NDArray[np.bool_], zero: NDArray[np.bool_]) -> Floats:
        """The unit of the inputs' errors at which each result's decisions come into doubt."""
        inputs = [index for index in self._order if self._nodes[index].op in _INPUTS]
        tangents: dict[int, Floats] = {}
        result = np.full((len(zero), len(self._at)), np.inf)
        place = at = 0
        with np.errstate(all="ignore"):
            for row, index in enumerate(self._order):
                node, offsets = self._nodes[index], range(len(self._nodes[index].args))
                tangent = np.zeros((len(zero), len(inputs)))
                if node.op in _INPUTS:
                    tangent[:, inputs.index(index)] = ~zero[:, row]
                for offset in offsets:
                    tangent += edges[place + offset][:, None] * tangents[node.args[offset]]
                # whatever the inputs are, an exponential that is far out saturates what uses it
                most = np.where(out[:, row, None] & (node.op in _EXPONENTIALS), 0.03125 / self._limits.eps, _MOST)
                tangents[index] = np.clip(tangent, -most, most)
                places = decides(node.op)
                if places:
                    moved = [doubts[at + i][:, None] * tangents[node.args[operand]] for i, operand in enumerate(places)]
                    reached = np.abs(np.array(moved)).sum(axis=(0, 2))
                    result = np.where(self._reach[:, row], np.minimum(result, (1.0 / reached)[:, None]), result)
                place, at = place + len(node.args), at + len(places)
        return result


@dataclass(frozen=True, slots=True)
class Conditions:
    """What was found at one point; see ``Measure``.

    Attributes:
        edges: the condition number of every operation by every operand.
        doubts: for operations that decide something, the size of an operand relative to its distance from the border.
        mags: the binary exponent of every value that may leave the range of its operands, 0 for others.
        zero: whether each value is 0, and so has no error of its own.
    """

    edges: tuple[float, ...]
    doubts: tuple[float, ...]
    mags: tuple[int, ...]
    zero: tuple[bool, ...]


def _move(node: Node, place: int, values: Mapping[int, Any], scales: Mapping[int, Any], value: Any) -> Any:
    """What the value moves by, to first order, if an operand moves by its own size."""
    slope = _slope(node, place, values, value)
    return slope * scales[node.args[place]] if is_number(slope) else mpmath.mpf(2) ** 1100


def _slope(node: Node, place: int, values: Mapping[int, Any], value: Any) -> Any:
    """The local partial of a node by one operand; ``NAN`` where it is infinite or unknown."""
    if node.op == "select":
        return mpmath.mpf(int(place == (1 if values[node.args[0]] is True else 2)))
    if isinstance(values[node.args[place]], bool):
        return mpmath.mpf(0)
    operands = [values[operand] for operand in node.args]
    slope = computed(slopes_of(node.op, len(operands), function_of(node.op))[place], [value, *operands])
    return mpmath.mpf(1) if slope is KINK else slope  # no partial of an op with kinks is larger than 1 there


def _known(kappa: Floats) -> Floats:
    """What has become infinity minus infinity on the way is out of reach."""
    return np.where(np.isnan(kappa), np.inf, kappa)


def _float(ratio: Any) -> float:
    return max(-_MOST, min(_MOST, float(ratio)))


def _mag(value: Any) -> int:
    if isinstance(value, bool) or not is_number(value) or value == 0:
        return 0
    return int(max(-1_000_000, min(1_000_000, mpmath.mag(value))))


def _is_zero(value: Any) -> bool:
    return not isinstance(value, bool) and is_number(value) and bool(value == 0)


def _is_real_op(node: Node) -> bool:
    return node.op not in LEAVES and node.op not in BOOLEAN_OPS and node.op != "const"


def _is_fixed(node: Node) -> bool:
    """Whether nobody asks what a node's error does: it has none, and it is no input."""
    return not node.args and node.op not in _INPUTS


def _rounds(graph: Graph, index: int, exact: frozenset[float], dtype: Any) -> bool:
    """Whether a node brings a rounding error of its own."""
    node = graph.nodes[index]
    if node.op == "const":
        return not _is_meant(node.data, exact, dtype)
    if not _may_leave(node):
        return False
    factors = [graph.nodes[arg] for arg in (node.args if node.op == "mul" else node.args[1:] if node.op == "div" else ())]
    return not any(_is_power_of_two(factor) for factor in factors)


def _may_leave(node: Node) -> bool:
    """Whether a node's value may leave the dtype's range where its operands do not; products with powers of 2 may."""
    return _is_real_op(node) and node.op != "rowsum" and OPS[node.op].ulp > 0


def _figure(node: Node, dtype: Any) -> float:
    """By how many ulp a node may be off, for exact operands."""
    if node.op == "const":
        return 0.5
    return OPS[node.op].ulp if dtype == np.float64 else OPS[node.op].ulp32


def _is_meant(value: Any, exact: frozenset[float], dtype: Any) -> bool:
    """Whether a constant is the number that the spec means and not one rounded to it."""
    number = float(value)
    if not np.isfinite(number) or float(dtype(number)) != number:
        return False
    numerator = abs(number.as_integer_ratio()[0])
    short = numerator.bit_length() - (numerator & -numerator).bit_length() < _SHORT_BITS
    return short or number in exact or (number.is_integer() and abs(number) < 2**53)


def _is_power_of_two(node: Node) -> bool:
    if not isinstance(node.data, float) or not np.isfinite(node.data) or node.data == 0:
        return False
    return abs(float(np.frexp(node.data)[0])) == 0.5
