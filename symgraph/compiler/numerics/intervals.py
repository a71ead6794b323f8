"""Interval arithmetic: two numbers between which each node of a graph lies, for all values of the leaves within their domains.

Endpoints are mpmath numbers, rounded outward, whose exponents go far beyond those of doubles: exp(1e300) is a number here.
An interval bounds the exact value of a node, before any rounding to double, at all points where that value is real. An infinite
endpoint means that the node is unbounded; an interval whose two endpoints are the same infinity stands for the value inf of
floating-point arithmetic, which a caller may assign to a node to see the consequences of an overflow.

Moore, Kearfott, Cloud, Introduction to Interval Analysis (SIAM, 2009), chapters 2 to 5.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import mpmath

from symgraph.compiler.ir.evaluate import MPMATH
from symgraph.compiler.ir.graph import Graph, GraphBuilder, Node, reachable
from symgraph.spec.ops.op import HILL, REALS, VALLEY, Op
from symgraph.spec.ops.ops import OPS

_PRECISION = 80
_SLACK = mpmath.mpf(2) ** -70
"""Bound of the relative error of mpmath's functions at 80 bits; every result is widened by it."""
_LIMIT = mpmath.exp(mpmath.ldexp(1, 1 << 12))
"""The exponential of the largest argument that is followed; larger numbers count as infinite."""
_HUGE, _FAR = mpmath.ldexp(1, 4097), mpmath.ldexp(1, 13)
"""Arguments at which mpmath computes exponentials, and every function."""
_TINY = 1 / _LIMIT
_INF = mpmath.inf


class Interval(NamedTuple):
    """Closed interval from low to high; truth values are 0 and 1."""

    low: Any
    high: Any

    def __contains__(self, value: object) -> bool:
        return bool(self.low <= value <= self.high)


WHOLE = Interval(-_INF, _INF)
_UNDECIDED = Interval(mpmath.mpf(0), mpmath.mpf(1))
_YES, _NO = Interval(mpmath.mpf(1), mpmath.mpf(1)), Interval(mpmath.mpf(0), mpmath.mpf(0))


def point(value: float) -> Interval:
    """Return the interval that holds one number."""
    return between(value, value)


def between(low: float, high: float) -> Interval:
    """Return the interval between two numbers."""
    return Interval(mpmath.mpf(low), mpmath.mpf(high))


def intervals(
    graph: Graph | GraphBuilder,
    *,
    largest: float = sys.float_info.max,
    only: Iterable[int] | None = None,
) -> list[Interval]:
    """Bound every node of a graph.

    Args:
        graph: the graph; its domains bound its leaves.
        largest: magnitude that bounds leaves without a domain.
        only: nodes whose intervals are wanted; nodes on which these do not depend are left unbounded. All by default.

    Returns:
        An interval for every node, in the order of the graph's nodes. A node of an op that has no rule is unbounded.
    """
    result, rules = [WHOLE] * len(graph.nodes), _Rules(graph, largest)
    with mpmath.workprec(_PRECISION):
        for position in range(len(graph.nodes)) if only is None else sorted(reachable(graph.nodes, only)):
            node = graph.nodes[position]
            result[position] = rules.interval(node, [result[arg] for arg in node.args])
    return result


def renewed(
    graph: Graph, known: Sequence[Interval], fixed: Mapping[int, Interval], within: Iterable[int], largest: float
) -> dict[int, Interval]:
    """Bound again those of the nodes ``within``, given in order, that depend on a node whose interval is ``fixed``.

    All others keep the interval in ``known``, found with the same ``largest``; the result has the new ones and the fixed.
    """
    result, rules = dict(fixed), _Rules(graph, largest)
    with mpmath.workprec(_PRECISION):
        for position in within:
            node = graph.nodes[position]
            if position not in fixed and any(arg in result for arg in node.args):
                result[position] = rules.interval(node, [result[arg] if arg in result else known[arg] for arg in node.args])
    return result


class _Rules:
    """Rules for one graph; an operation on equal intervals is computed once, since layers of alike units repeat it."""

    def __init__(self, graph: Graph | GraphBuilder, largest: float) -> None:
        self.domains = graph.domains
        self.nodes = graph.nodes
        self.largest = largest
        self.memo: dict[tuple[object, ...], Interval] = {}
        self.distinct: dict[tuple[object, ...], Interval] = {}

    def interval(self, node: Node, operands: list[Interval]) -> Interval:
        """Return the interval of one node."""
        if node.op == "select":
            operands = self._branches(node, operands)
        same = len(node.args) == 2 and node.args[0] == node.args[1]
        if node.data is None:
            key: tuple[object, ...] = (node.op, same, *map(id, operands))
        else:
            key = (self.domains.get(node.data) if isinstance(node.data, str) else repr(node.data), node.op == "largest")
        found = self.memo.get(key)
        if found is None:
            found = self.memo[key] = self._kept(self._computed(node, operands, same))
        return found

    def _kept(self, new: Interval) -> Interval:
        """Return the interval that equals a new one; all are kept, so that no other one takes their identity."""
        return self.distinct.setdefault(tuple(getattr(end, "_mpf_", end) for end in new), new)

    def _branches(self, node: Node, operands: list[Interval]) -> list[Interval]:
        """Bound the branches of a selection where each is taken; a branch that nowhere is has the interval of the other one."""
        condition, *branches = operands
        for place, taken in enumerate((True, False)):
            low, high = branches[place]
            for bound in _implied(self.nodes, node.args[0], node.args[1 + place], taken):
                low, high = max(low, bound.low), min(high, bound.high)
            branches[place] = self._kept(Interval(low, high))
        one, other = branches
        if one.low > one.high or other.low > other.high:
            one, other = (other, other) if one.low > one.high else (one, one)
        return [condition, one, other] if one.low <= one.high else operands

    def _computed(self, node: Node, operands: list[Interval], same: bool) -> Interval:
        if isinstance(node.data, float):
            return point(node.data) if node.data == node.data else WHOLE
        if node.op == "largest":
            return point(self.largest)
        if isinstance(node.data, str):
            return between(*self.domains.get(node.data, (-self.largest, self.largest)))
        if same and node.op in _SAME:
            return _SAME[node.op](operands[0])
        rule = RULES.get(node.op)
        return WHOLE if rule is None else rule(*operands)


def _outward(low: Any, high: Any) -> Interval:
    """Widen two computed endpoints beyond their error, and give up on those of absurd size."""
    if mpmath.isnan(low) or mpmath.isnan(high):
        return WHOLE
    return Interval(-_raised(-low), _raised(high))


def _raised(high: Any) -> Any:
    """Move an upper endpoint up by the slack, and out of the ranges of absurdly large or small numbers."""
    if not mpmath.isfinite(high):
        return high
    high += abs(high) * _SLACK
    if high > _LIMIT:
        return _INF
    if high < -_LIMIT:
        return -_LIMIT
    return mpmath.mpf(0) if -_TINY < high < 0 else _TINY if 0 < high < _TINY else high


def _infinite(x: Interval) -> bool:
    """Tell if an interval stands for inf or -inf itself."""
    return bool(x.low == x.high and mpmath.isinf(x.low))


def _sum(x: Interval, y: Interval) -> Interval:
    return _outward(x.low + y.low, x.high + y.high)


def _neg(x: Interval) -> Interval:
    return Interval(-x.high, -x.low)


def _times(a: Any, b: Any) -> Any:
    """Multiply two endpoints, where 0 times infinity is 0."""
    return mpmath.mpf(0) if not a or not b else a * b


def _mul(x: Interval, y: Interval) -> Interval:
    if (_infinite(x) and 0 in y) or (_infinite(y) and 0 in x):
        return WHOLE
    products = [_times(a, b) for a in x for b in y]
    return _outward(min(products), max(products))


def _square(x: Interval) -> Interval:
    size = _abs(x)
    return _outward(_times(size.low, size.low), _times(size.high, size.high))


def _reciprocal(x: Interval) -> Interval:
    if x.low < 0 < x.high:
        return WHOLE
    ends = [(-_INF if x.high == 0 else _INF) if end == 0 else 1 / end for end in (x.high, x.low)]
    return _outward(min(ends), max(ends))


def _abs(x: Interval) -> Interval:
    if 0 in x:
        return Interval(mpmath.mpf(0), max(-x.low, x.high))
    return x if x.low > 0 else _neg(x)


def _by_trend(row: Op) -> Callable[[Interval], Interval]:
    """Make the rule of a function that rises, falls or turns once in a part of its domain; elsewhere its range holds."""
    evaluated, part, whole = MPMATH[row.name], row.trend_on or row.domain[0], row.trend_on is None
    slow = row.steep or callable(row.mpmath)  # a formula over functions some of which are

    def end(value: Any, side: int) -> list[Any]:
        """Return numbers between which the function lies at an end; beyond what mpmath computes, its limit is one of them."""
        if slow and abs(value) > _HUGE:
            limit = mpmath.mpf(row.limit(side))
            return [limit] if mpmath.isinf(value) else [*end(side * _HUGE, side), limit]
        try:
            found = evaluated(value)
            # at the double next to an end that is no double, such as -1/e, the function may not be real
            return [mpmath.mpf(row.limit(side)) if isinstance(found, mpmath.mpc) else found]
        except (ValueError, ZeroDivisionError):  # a pole
            return [mpmath.mpf(row.limit(side))]
        except OverflowError:
            return [evaluated(side * _FAR), mpmath.mpf(row.limit(side))]

    def rule(x: Interval) -> Interval:
        if not whole and x.low < part.low:
            return between(*row.range[:2])
        low, high = max(x.low, part.low), min(x.high, part.high)
        if not low <= high:
            return WHOLE
        found = end(low, 1 if low > 0 else -1) + end(high, 1 if high > 0 else -1)
        if row.trend in (VALLEY, HILL) and low < row.turn < high:
            found.append(evaluated(mpmath.mpf(row.turn)))
        return _outward(min(found), max(found))

    return rule


def _wave(x: Interval, peak: int) -> Interval:
    """Bound sin or cos: the function whose maxima lie at (2*k + peak/2) * pi."""
    if not (mpmath.isfinite(x.low) and mpmath.isfinite(x.high)) or x.high - x.low >= 7 or max(-x.low, x.high) > 1e15:
        return between(-1, 1)
    function = mpmath.sin if peak else mpmath.cos
    offset = mpmath.mpf(peak) / 2
    # in units of pi, slightly widened so that rounding never hides an extremum
    low, high = x.low / mpmath.pi - offset - 1e-6, x.high / mpmath.pi - offset + 1e-6
    top = mpmath.floor(high / 2) * 2 >= low
    bottom = mpmath.floor((high - 1) / 2) * 2 + 1 >= low
    ends = [function(end) for end in x]
    found = _outward(min(ends), max(ends))
    return Interval(
        mpmath.mpf(-1) if bottom else max(found.low, mpmath.mpf(-1)), mpmath.mpf(1) if top else min(found.high, mpmath.mpf(1))
    )


def _tan(x: Interval) -> Interval:
    cosine = _wave(x, 0)
    return WHOLE if 0 in cosine else _outward(mpmath.tan(x.low), mpmath.tan(x.high))


def _power(x: Interval, y: Interval) -> Interval:
    """Bound x**y where x is not negative or y an even number; other powers of negative numbers are left unbounded."""
    if x.low < 0:
        even = y.low == y.high and y.low % 2 == 0
        return _power(_abs(x), y) if even else WHOLE
    return RULES["exp"](_mul(RULES["log"](x), y))


def _floor(x: Interval) -> Interval:
    return Interval(*(end if mpmath.isinf(end) else mpmath.floor(end) for end in x))


def _mod(x: Interval, y: Interval) -> Interval:
    """Bound a remainder, which lies between 0 and the divisor."""
    if _infinite(x) or _infinite(y) or y.low <= 0 <= y.high:
        return WHOLE
    return Interval(min(y.low, _NO.low), max(y.high, _NO.high))


def _heaviside(x: Interval, at_zero: Interval) -> Interval:
    if 0 not in x:
        return _YES if x.low > 0 else _NO
    return Interval(min(at_zero.low, mpmath.mpf(x.low == 0)), max(at_zero.high, mpmath.mpf(x.high > 0)))


def _implied(nodes: Sequence[Node], condition: int, value: int, holds: bool) -> Iterator[Interval]:
    """Yield bounds of a value that follow from a condition, or from its opposite, if it compares the value with numbers."""
    node = nodes[condition]
    if node.op == "not" or node.op == ("and" if holds else "or"):
        for arg in node.args:
            yield from _implied(nodes, arg, value, holds is not (node.op == "not"))
    elif node.op in ("lt", "le", "gt", "ge"):
        below = (node.op[0] == "l") is holds
        for place, arg in enumerate(node.args):
            limit, is_below = nodes[node.args[1 - place]].data, below is (place == 0)
            if isinstance(limit, float) and limit == limit:
                if arg == value:
                    yield Interval(-_INF, mpmath.mpf(limit)) if is_below else Interval(mpmath.mpf(limit), _INF)
                elif nodes[arg].op == "abs" and nodes[arg].args[0] == value and is_below:
                    yield between(-limit, limit)


def _select(condition: Interval, chosen: Interval, other: Interval) -> Interval:
    if condition.low == condition.high:
        return chosen if condition.low else other
    return Interval(min(chosen.low, other.low), max(chosen.high, other.high))


def _less(x: Interval, y: Interval) -> Interval:
    return _YES if x.high < y.low else _NO if x.low >= y.high else _UNDECIDED


def _not(x: Interval) -> Interval:
    return Interval(1 - x.high, 1 - x.low)


def _less_equal(x: Interval, y: Interval) -> Interval:
    return _not(_less(y, x))


def _equal(x: Interval, y: Interval) -> Interval:
    if x.low == x.high == y.low == y.high:
        return _YES
    return _NO if x.high < y.low or y.high < x.low else _UNDECIDED


def _rowsum(x: Interval) -> Interval:
    """Bound a sum over at least one row and any number of rows."""
    return Interval(x.low if x.low >= 0 else -_INF, x.high if x.high <= 0 else _INF)


_SAME: Mapping[str, Callable[[Interval], Interval]] = {
    "mul": _square,
    "sub": lambda x: WHOLE if _infinite(x) else _NO,
    "div": lambda x: WHOLE if _infinite(x) else _YES,
}
"""Rules of ops that give closer bounds where both operands are the same node."""


def _rule(row: Op) -> Callable[..., Interval] | None:
    """Return the rule of a function that follows from its row: by its trend or, where it has none, by its range."""
    if row.trend is not None and row.name in MPMATH:
        return _by_trend(row)
    within = None if row.range in (None, REALS) else between(*row.range[:2])
    return None if within is None else lambda *_: within


RULES: Mapping[str, Callable[..., Interval]] = {
    **{name: rule for name, row in OPS.items() if (rule := _rule(row)) is not None},
    "add": _sum, "sub": lambda x, y: _sum(x, _neg(y)), "mul": _mul, "neg": _neg, "abs": _abs,
    "div": lambda x, y: WHOLE if _infinite(x) and _infinite(y) else _mul(x, _reciprocal(y)),
    "hypot": lambda x, y: RULES["sqrt"](_sum(_square(x), _square(y))),
    "pow": _power, "sin": lambda x: _wave(x, 1), "cos": lambda x: _wave(x, 0), "tan": _tan,
    "logaddexp": lambda x, y: _sum(RULES["max"](x, y), between(0, 0.7)),
    "floor": _floor, "mod": _mod, "heaviside": _heaviside, "relu": lambda x: RULES["max"](x, _NO),
    "sign": lambda x: Interval(mpmath.sign(x.low), mpmath.sign(x.high)),
    "max": lambda x, y: Interval(max(x.low, y.low), max(x.high, y.high)),
    "min": lambda x, y: Interval(min(x.low, y.low), min(x.high, y.high)),
    "select": _select, "rowsum": _rowsum,
    "lt": _less, "le": _less_equal, "gt": lambda x, y: _less(y, x), "ge": lambda x, y: _less_equal(y, x),
    "eq": _equal, "ne": lambda x, y: _not(_equal(x, y)),
    "and": lambda x, y: Interval(min(x.low, y.low), min(x.high, y.high)),
    "or": lambda x, y: Interval(max(x.low, y.low), max(x.high, y.high)), "not": _not,
}  # fmt: skip
"""Rule of each op: its interval from those of its operands; an op without a rule is unbounded."""
