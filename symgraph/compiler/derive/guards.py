"""Guards that keep a branch of a Piecewise from overflowing or leaving its domain where it is not taken.

An untaken branch contributes nothing to the value, but its local partials are multiplied by a cotangent of 0, and 0 * inf is
NaN. So the symbols under operations that can become infinite are replaced, while the branch is not taken, by fixed numbers at
which the branch and its partials are finite.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import mpmath
import sympy
from sympy import default_sort_key
from sympy.functions.elementary.piecewise import ExprCondPair

from symgraph.compiler.ir.graph import Graph
from symgraph.compiler.numerics.spread import values_at
from symgraph.errors import SpecError
from symgraph.spec.canonical import postorder, symbols_of
from symgraph.spec.ops.ops import OPS

_BOUNDED_SLOPE = tuple(row.function for row in OPS.values() if row.bounded_slope)
"""Functions whose value is finite and whose slope is bounded at every finite argument."""

_DIGITS = 40
_STEP = mpmath.mpf(10) ** -14  # short enough that the slope of a square root's edge shows as huge
_LARGEST = 1e6
"""Size of a branch and its partials at a point that is good enough: no product of a few such numbers overflows."""

_HUGE = 1e100
"""Largest size that is accepted at all, for branches that are large at every point tried."""


def guarded_symbols(branch: Any) -> set[Any]:
    """Return the symbols of the branch that must be held at a safe point while it is not taken.

    Sums, products of two symbols and functions of bounded slope are finite with finite partials at every argument of ordinary
    size; all symbols below any other operation are guarded.
    """
    degree: dict[Any, int] = {}
    below: dict[Any, frozenset[Any]] = {}
    guarded: set[Any] = set()
    for part in postorder([branch]):
        below[part] = frozenset([part]) if part.is_Symbol else frozenset().union(*(below[arg] for arg in part.args))
        degree[part] = _degree(part, degree)
        if degree[part] > 2:
            guarded |= below[part]
            degree[part] = 1
    return guarded


def _degree(part: Any, degree: Mapping[Any, int]) -> int:
    """Return 0 for constants, 1 for parts that grow linearly, 2 for products of two such, 3 for all that must be guarded."""
    args = [degree[arg] for arg in part.args]
    if part.is_Symbol:
        return 1
    if max(args, default=0) == 0:
        return 0
    if isinstance(part, sympy.Add | sympy.Piecewise | ExprCondPair | sympy.logic.boolalg.Boolean):
        return max(args)
    if isinstance(part, sympy.Mul):
        return sum(args)
    if isinstance(part, sympy.Pow) and part.exp == 2:
        return 2 * args[0]
    if isinstance(part, _BOUNDED_SLOPE) and max(args) == 1:
        return 1
    return 3


def safe_point(
    branch: Any,
    symbols: set[Any],
    domains: Mapping[Any, tuple[float, float] | None],
    where: str,
    lower: Callable[[Any, Sequence[Any]], Graph],
) -> dict[Any, float]:
    """Find values for the symbols at which the branch, its parts and its partials are finite, and of ordinary size if possible.

    Args:
        branch: a SymPy expression.
        symbols: the symbols to find values for.
        domains: the declared domain of each symbol, or None.
        where: model and node, for the message.
        lower: gives the graph of the branch, its last node the value, with inputs x0, x1, ... for the symbols in some order.

    Raises:
        SpecError: no such point was found.
    """
    inputs = sorted(symbols_of(branch), key=default_sort_key)
    graph, guarded = lower(branch, inputs), [place for place, symbol in enumerate(inputs) if symbol in symbols]
    numbers = sorted({float(part) for part in postorder([branch]) if part.is_Number and part.is_finite})
    smallest, best = _HUGE, None
    with mpmath.workdps(_DIGITS):
        for values in _candidates(len(inputs), [domains.get(symbol) for symbol in inputs], numbers):
            size = _size(graph, values, guarded, smallest)
            if size < smallest:
                smallest, best = size, {inputs[place]: values[place] for place in guarded}
            if size <= _LARGEST:
                break
    if best is not None:
        return best
    raise SpecError(
        f"{where}: found no point at which the branch {branch} of a Piecewise is finite; declare a domain for "
        f"{', '.join(symbol.name for symbol in inputs)}"
    )


def _candidates(count: int, domains: list[tuple[float, float] | None], numbers: list[float]) -> Iterator[list[float]]:
    """Yield fixed points first (inside the declared domains), then points near the branch's own numbers, then anywhere.

    The last is a low-discrepancy sequence over several magnitudes.
    """
    fixed = (1.0, 0.5, 2.0, 0.25, -0.5, -1.0, -2.0, 0.75, 4.0, 16.0, 256.0, -16.0)
    thresholds = [value for number in numbers for value in (number + 2, number - 2, 2 * number, -number - 2, -number + 2)]
    for value in (*fixed, *thresholds):
        yield [_inside(value, domain) for domain in domains]
    mixed = itertools.product((1.0, -0.5, *thresholds), repeat=count) if thresholds else iter(())
    for values in itertools.islice(mixed, 1000):
        yield [_inside(value, domain) for value, domain in zip(values, domains, strict=True)]
    for index in range(1, 400):
        scale = 10.0 ** (index % 5 - 1)
        # the golden ratio's multiples modulo 1 spread evenly; a different irrational step for each symbol keeps them apart
        units = [math.fmod(index * math.sqrt(2 + place) * 0.6180339887498949, 1.0) for place in range(count)]
        yield [_inside(round((2 * unit - 1) * scale, 3), domain) for unit, domain in zip(units, domains, strict=True)]


def _inside(value: float, domain: tuple[float, float] | None) -> float:
    if domain is None or domain[0] < value < domain[1]:
        return value
    low, high = (max(domain[0], -1e3), min(domain[1], 1e3))
    return 0.5 * (low + high) if low < high else (domain[0] if math.isfinite(domain[0]) else domain[1])


def _size(graph: Graph, point: Sequence[float], guarded: Sequence[int], limit: float) -> float:
    """Return the largest magnitude in the branch and among its slopes; infinity if one is not real or not below the limit."""
    leaves = {f"x{place}": mpmath.mpf(value) for place, value in enumerate(point)}
    centre = _values(graph, leaves)
    largest = math.inf if centre is None else max(map(abs, centre.values()), default=0)
    for place in guarded:
        for step in (_STEP, -_STEP):
            moved = _values(graph, {**leaves, f"x{place}": leaves[f"x{place}"] + step}) if largest < limit else None
            if centre is None or moved is None:
                return math.inf
            largest = max(largest, *(abs(moved[at] - centre[at]) / _STEP for at in centre.keys() & moved.keys()))
    return float(largest) if largest < limit else math.inf


def _values(graph: Graph, leaves: Mapping[str, Any]) -> dict[int, Any] | None:
    """Return the numbers in a branch, those behind choices that are not taken left out; None where one is not finite."""
    values, numbers = values_at(graph, leaves), dict[int, Any]()
    todo, seen = [len(graph.nodes) - 1], set[int]()
    while todo:
        position = todo.pop()
        seen.add(position)
        node, value = graph.nodes[position], values[position]
        if value is None or not mpmath.isfinite(value):
            return None
        if not node.boolean:
            numbers[position] = value
        chosen = values[node.args[0]] if node.op == "select" else None
        args = node.args if node.op != "select" else (node.args[0], node.args[1 if chosen else 2])
        todo += [arg for arg in args if arg not in seen]
    return numbers
