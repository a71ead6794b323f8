"""Interval arithmetic: two numbers between which each node of a graph lies, for all values of the leaves within their domains.

Endpoints are mpmath numbers, rounded outward, whose exponents go far beyond those of doubles: exp(1e300) is a number here.
An interval bounds the exact value of a node, before any rounding to double, at all points where that value is real. An infinite
endpoint means that the node is unbounded; an interval whose two endpoints are the same infinity stands for the value inf of
floating-point arithmetic, which a caller may assign to a node to see the consequences of an overflow.

Moore, Kearfott, Cloud, Introduction to Interval Analysis (SIAM, 2009), chapters 2 to 5.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import mpmath

from symgraph.ir.evaluate import erfcx, ierfcx
from symgraph.ir.graph import Graph, Node, reachable

_PRECISION = 80
_SLACK = mpmath.mpf(2) ** -70
"""Bound of the relative error of mpmath's functions at 80 bits; every result is widened by it."""
_HUGE = mpmath.ldexp(1, 1 << 12)
"""Largest argument of exp that is followed; the exponential of a larger one counts as infinite."""
_LIMIT = mpmath.exp(_HUGE)
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
    return Interval(mpmath.mpf(value), mpmath.mpf(value))


def between(low: float, high: float) -> Interval:
    """Return the interval between two numbers."""
    return Interval(mpmath.mpf(low), mpmath.mpf(high))


def intervals(
    graph: Graph,
    *,
    largest: float = sys.float_info.max,
    fixed: Mapping[int, Interval] | None = None,
    only: Iterable[int] | None = None,
) -> list[Interval]:
    """Bound every node of a graph.

    Args:
        graph: the graph; its domains bound its leaves.
        largest: magnitude that bounds leaves without a domain.
        fixed: nodes whose interval is given.
        only: nodes whose intervals are wanted; nodes on which these do not depend are left unbounded. All by default.

    Returns:
        An interval for every node, in the order of the graph's nodes. A node of an op that has no rule is unbounded.
    """
    result, rules = [WHOLE] * len(graph.nodes), _Rules(graph, largest)
    with mpmath.workprec(_PRECISION):
        for position in range(len(graph.nodes)) if only is None else sorted(reachable(graph.nodes, only)):
            node, given = graph.nodes[position], fixed.get(position) if fixed else None
            result[position] = rules.interval(node, [result[arg] for arg in node.args]) if given is None else given
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

    def __init__(self, graph: Graph, largest: float) -> None:
        self.domains = graph.domains
        self.largest = largest
        self.memo: dict[tuple[object, ...], Interval] = {}
        self.distinct: dict[tuple[object, ...], Interval] = {}

    def interval(self, node: Node, operands: list[Interval]) -> Interval:
        """Return the interval of one node."""
        same = len(node.args) == 2 and node.args[0] == node.args[1]
        if node.data is None:
            key: tuple[object, ...] = (node.op, same, *map(id, operands))
        else:
            key = (self.domains.get(node.data) if isinstance(node.data, str) else repr(node.data), node.op == "largest")
        found = self.memo.get(key)
        if found is None:
            new = self._computed(node, operands, same)
            # equal intervals become one, and all are kept, so that no other one takes their identity
            found = self.memo[key] = self.distinct.setdefault(tuple(getattr(end, "_mpf_", end) for end in new), new)
        return found

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


def _div(x: Interval, y: Interval) -> Interval:
    return WHOLE if _infinite(x) and _infinite(y) else _mul(x, _reciprocal(y))


def _abs(x: Interval) -> Interval:
    if 0 in x:
        return Interval(mpmath.mpf(0), max(-x.low, x.high))
    return x if x.low > 0 else _neg(x)


def _exp(value: Any) -> Any:
    """Return exp of an endpoint; arguments beyond the range that is followed are cut off."""
    if not mpmath.isfinite(value):
        return mpmath.exp(value)
    return mpmath.exp(max(-2 * _HUGE, min(2 * _HUGE, value)))


def _rising(function: Callable[[Any], Any], low: Any = -_INF, high: Any = _INF) -> Callable[[Interval], Interval]:
    """Make the rule of a function that never falls between two ends of its domain."""

    def rule(x: Interval) -> Interval:
        inside = Interval(max(x.low, low), min(x.high, high))
        if not inside.low <= inside.high:
            return WHOLE
        return _outward(function(inside.low), function(inside.high))

    return rule


def _falling(function: Callable[[Any], Any], low: Any = -_INF, high: Any = _INF) -> Callable[[Interval], Interval]:
    rising = _rising(lambda value: -function(value), low, high)

    def rule(x: Interval) -> Interval:
        found = rising(x)
        return found if found == WHOLE else _neg(found)

    return rule


def _log(value: Any) -> Any:
    return -_INF if value == 0 else mpmath.log(value)


def _log1p(value: Any) -> Any:
    return -_INF if value == -1 else _log(1 + value) if abs(value) > 1 else mpmath.log1p(value)


def _atanh(value: Any) -> Any:
    return value * _INF if abs(value) == 1 else mpmath.atanh(value)


def _sinh(value: Any) -> Any:
    return mpmath.sinh(value) if abs(value) < 1 else (_exp(value) - _exp(-value)) / 2


def _cosh(x: Interval) -> Interval:
    size = _abs(x)
    return _outward(*((_exp(end) + _exp(-end)) / 2 for end in size))


def _expm1(value: Any) -> Any:
    return mpmath.expm1(value) if abs(value) < 1 else _exp(value) - 1


def _tanh(value: Any) -> Any:
    return mpmath.tanh(value) if abs(value) < 1000 else mpmath.sign(value)


def _erfc(x: Interval) -> Interval:
    """Bound erfc; for large arguments by 0 < erfc(x) < exp(-x*x) (NIST DLMF 7.8.3)."""
    low = mpmath.mpf(0) if x.high > 1000 else mpmath.erfc(max(x.high, mpmath.mpf(-1000)))
    high = _exp(-x.low * x.low) if x.low > 1000 else mpmath.mpf(2) if x.low < -1000 else mpmath.erfc(x.low)
    return _outward(low, high)


def _erfcx(value: Any) -> Any:
    """Return erfcx of an endpoint; far below 0, exp(x*x) * (2 - erfc(-x)) is twice the exponential."""
    return 2 * _exp(value * value) if value < -1000 else erfcx(value)


def _ierfcx(value: Any) -> Any:
    return -2 * value * _exp(value * value) if value < -1000 else ierfcx(value)


def _log_erfc(value: Any) -> Any:
    if value > 1:
        return -_INF if value == _INF else mpmath.log(erfcx(value)) - value * value
    return mpmath.log1p(-mpmath.erf(max(value, mpmath.mpf(-1000))))


def _log_half_erfc(value: Any) -> Any:
    if value < 0:
        return mpmath.log1p(-mpmath.erfc(-value) / 2) if value > -1000 else mpmath.mpf(0)
    return _log_erfc(value) - mpmath.log(2)


def _gauss(x: Interval) -> Interval:
    size = _abs(x)
    return _outward(*(_exp(-_times(end, end)) for end in (size.high, size.low)))


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
    logarithm = _rising(_log)(x)
    return _rising(_exp)(_mul(logarithm, y))


def _hypot(x: Interval, y: Interval) -> Interval:
    return _rising(mpmath.sqrt)(_sum(_square(x), _square(y)))


def _sign(x: Interval) -> Interval:
    return Interval(mpmath.sign(x.low), mpmath.sign(x.high))


def _heaviside(x: Interval, at_zero: Interval) -> Interval:
    if 0 not in x:
        return _YES if x.low > 0 else _NO
    return Interval(
        min(at_zero.low, x.low if x.low == 0 else mpmath.mpf(0)), max(at_zero.high, mpmath.mpf(1) if x.high > 0 else 0)
    )


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

RULES: Mapping[str, Callable[..., Interval]] = {
    "add": _sum, "sub": lambda x, y: _sum(x, _neg(y)), "mul": _mul, "div": _div, "neg": _neg, "abs": _abs,
    "sqrt": _rising(mpmath.sqrt, mpmath.mpf(0)), "cbrt": _rising(lambda a: mpmath.sign(a) * mpmath.cbrt(abs(a))),
    "hypot": _hypot, "pow": _power,
    "exp": _rising(_exp), "expm1": _rising(_expm1),
    "log": _rising(_log, mpmath.mpf(0)), "log1p": _rising(_log1p, mpmath.mpf(-1)),
    "sin": lambda x: _wave(x, 1), "cos": lambda x: _wave(x, 0), "tan": _tan,
    "asin": _rising(mpmath.asin, mpmath.mpf(-1), mpmath.mpf(1)), "acos": _falling(mpmath.acos, mpmath.mpf(-1), mpmath.mpf(1)),
    "atan": _rising(mpmath.atan), "atan2": lambda x, y: between(-3.15, 3.15),
    "sinh": _rising(_sinh), "cosh": _cosh, "tanh": _rising(_tanh), "asinh": _rising(mpmath.asinh),
    "acosh": _rising(mpmath.acosh, mpmath.mpf(1)), "atanh": _rising(_atanh, mpmath.mpf(-1), mpmath.mpf(1)),
    "erf": lambda x: _sum(_YES, _neg(_erfc(x))), "erfc": _erfc, "gauss": _gauss,
    "erfcx": _falling(_erfcx), "ierfcx": _falling(_ierfcx), "log_erfc": _falling(_log_erfc),
    "log_half_erfc": _falling(_log_half_erfc),
    "sigmoid": lambda x: _UNDECIDED, "sech": lambda x: _UNDECIDED, "softplus": lambda x: Interval(mpmath.mpf(0), _INF),
    "log_sigmoid": lambda x: Interval(-_INF, mpmath.mpf(0)), "sinc": lambda x: between(-0.25, 1),
    "logaddexp": lambda x, y: _sum(RULES["max"](x, y), between(0, 0.7)), "xlogx": lambda x: Interval(mpmath.mpf(-0.375), _INF),
    "sign": _sign, "heaviside": _heaviside, "relu": lambda x: RULES["max"](x, _NO),
    "max": lambda x, y: Interval(max(x.low, y.low), max(x.high, y.high)),
    "min": lambda x, y: Interval(min(x.low, y.low), min(x.high, y.high)),
    "select": _select, "rowsum": _rowsum,
    "lt": _less, "le": _less_equal, "gt": lambda x, y: _less(y, x), "ge": lambda x, y: _less_equal(y, x),
    "eq": _equal, "ne": lambda x, y: _not(_equal(x, y)),
    "and": lambda x, y: Interval(min(x.low, y.low), min(x.high, y.high)),
    "or": lambda x, y: Interval(max(x.low, y.low), max(x.high, y.high)), "not": _not,
}  # fmt: skip
"""Rule of each op: its interval from those of its operands; an op without a rule is unbounded."""
