"""Guards that keep a branch of a Piecewise from overflowing or leaving its domain where it is not taken.

An untaken branch contributes nothing to the value, but its local partials are multiplied by a cotangent of 0, and 0 * inf is
NaN. So the symbols under operations that can become infinite are replaced, while the branch is not taken, by fixed numbers at
which the branch and its partials are finite.
"""

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import sympy
from sympy import default_sort_key
from sympy.functions.elementary.piecewise import ExprCondPair

from symgraph.errors import SpecError
from symgraph.ir.ops import OPS
from symgraph.spec.canonical import postorder, symbols_of

_BOUNDED_SLOPE = tuple(row.function for row in OPS.values() if row.bounded_slope)
"""Functions whose value is finite and whose slope is bounded at every finite argument."""

_DIGITS = 40
_STEP = sympy.Rational(1, 10**14)  # short enough that the slope of a square root's edge shows as huge
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
    branch: Any, symbols: set[Any], domains: Mapping[Any, tuple[float, float] | None], where: str
) -> dict[Any, float]:
    """Find values for the symbols at which the branch, its parts and its partials are finite, and of ordinary size if possible.

    Args:
        branch: a SymPy expression.
        symbols: the symbols to find values for.
        domains: the declared domain of each symbol, or None.
        where: model and node, for the message.

    Raises:
        SpecError: no such point was found.
    """
    ordered = sorted(symbols_of(branch), key=default_sort_key)
    numbers = sorted({float(part) for part in postorder([branch]) if part.is_Number and part.is_finite})
    smallest, best = _HUGE, None
    for values in _candidates(len(ordered), [domains.get(symbol) for symbol in ordered], numbers):
        point = dict(zip(ordered, values, strict=True))
        size = _size(branch, point, symbols, smallest)
        if size < smallest:
            smallest, best = size, {symbol: value for symbol, value in point.items() if symbol in symbols}
        if size <= _LARGEST:
            break
    if best is not None:
        return best
    raise SpecError(
        f"{where}: found no point at which the branch {branch} of a Piecewise is finite; declare a domain for "
        f"{', '.join(symbol.name for symbol in ordered)}"
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


def _size(branch: Any, point: Mapping[Any, float], symbols: set[Any], limit: float) -> float:
    """Return the largest magnitude in the branch and among its slopes; infinity if one is not real or not below the limit."""
    centre = _evaluated(branch, point)
    if centre is None or any(abs(value) >= limit for value in centre):
        return math.inf
    largest = max((abs(value) for value in centre), default=0)
    for symbol in symbols:
        for step in (_STEP, -_STEP):
            moved = _evaluated(branch, {**point, symbol: sympy.Rational(point[symbol]) + step})
            if moved is None:
                return math.inf
            slopes = (abs(after - before) / _STEP for before, after in zip(centre, moved, strict=True))
            largest = max(largest, *slopes)
            if largest >= limit:
                return math.inf
    return float(largest)


def _evaluated(branch: Any, point: Mapping[Any, Any]) -> list[Any] | None:
    """Return the values of a branch's parts, those in nested Piecewise left out, or None where one is not real and finite."""
    values: dict[Any, Any] = {symbol: sympy.Float(value, _DIGITS) for symbol, value in point.items()}
    numbers: list[Any] = []
    try:
        for part in _parts(branch):
            if part not in values:
                values[part] = _value(part, values, point)
            if isinstance(values[part], sympy.Expr):
                numbers.append(_real(values[part]))
    except (ArithmeticError, TypeError, ValueError):  # how SymPy and we report poles, complex and undecided values
        return None
    return numbers


def _value(part: Any, values: Mapping[Any, Any], point: Mapping[Any, Any]) -> Any:
    """Evaluate one part from the values of its operands; of a nested Piecewise the branch that is taken."""
    if isinstance(part, sympy.Piecewise):
        for value, condition in part.args:
            if condition == sympy.true or _whole(condition, point) == sympy.true:
                return _whole(value, point)
        raise ValueError("no branch is taken")
    result = part.func(*(values[arg] for arg in part.args)) if part.args else part
    return result.evalf(_DIGITS) if isinstance(result, sympy.Expr) else result


def _whole(part: Any, point: Mapping[Any, Any]) -> Any:
    values: dict[Any, Any] = {symbol: sympy.Float(value, _DIGITS) for symbol, value in point.items()}
    for inner in _parts(part):
        if inner not in values:
            values[inner] = _value(inner, values, point)
    return values[part]


def _parts(branch: Any) -> Iterator[Any]:
    """Yield the subexpressions in order, those inside a nested Piecewise left out, which has guards of its own."""
    done: set[Any] = set()
    stack = [(branch, False)]
    while stack:
        part, ready = stack.pop()
        if part in done:
            continue
        if ready or not part.args or isinstance(part, sympy.Piecewise):
            done.add(part)
            yield part
        else:
            stack.append((part, True))
            stack.extend((arg, False) for arg in reversed(part.args))


def _real(value: Any) -> Any:
    if not value.is_Number or value.is_finite is not True:
        raise ValueError(f"{value} is not a finite real number")
    return value
