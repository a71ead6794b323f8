"""What follows where an exponential overflows: which products become inf * 0 there, and what is true of them.

exp, sinh, cosh and expm1 overflow at arguments of ordinary size, which is why these are looked at and others are not. Those of
one argument overflow together and make a group. Evaluated with the group at infinity, a graph shows its products of inf and 0;
evaluated by mpmath, whose exponents have no end, with the group far beyond the largest double, it shows their limits.
"""

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import mpmath

from symgraph.ir.evaluate import MPMATH
from symgraph.ir.falling import falls
from symgraph.ir.graph import Graph
from symgraph.ir.intervals import Interval, intervals, point

FAST = frozenset({"exp", "sinh", "cosh", "expm1"})
_EVEN = frozenset({"cosh"})
_TWO_SIDED = frozenset({"sinh", "cosh"})
FLOAT32_MAX = float.fromhex("0x1.fffffep+127")
_FAR = (2_000.0, 20_000.0)
"""Arguments far beyond 709, where exp overflows, at which limits are read off."""
_ABSURD = mpmath.ldexp(1, 50_000)
_STEEP = frozenset({"exp", "expm1", "sinh", "cosh", "tanh", "sin", "cos", "tan", "erf", "erfc", "erfcx", "ierfcx"})
"""Functions that take as many digits as the logarithm of their argument has; beyond _ABSURD mpmath is not asked."""
_SQUARING = frozenset({"erfcx", "ierfcx"})
_LONG_SQUARE = mpmath.ldexp(1, 1_000)
"""Below minus this a function that grows like exp(x*x) takes seconds and more; what it would be then is left open."""
_LONG_POWER = mpmath.ldexp(1, 64)
"""mpmath raises to an integer exponent bit by bit; for exponents above this, by exp and log."""
_BOUND = mpmath.exp(1e6)
"""What the largest number is here: finite, and beyond all sizes that limits are read off from."""
_RANDOM_SAMPLES, _ZERO_SAMPLES = 6, 24
_BUDGET = 400_000
"""How many operations of mpmath the analysis of a graph may take, some seconds; groups that are left over stay as they are."""

Value = Any


@dataclass(frozen=True, slots=True)
class Overflow:
    """One group far out on one side.

    Attributes:
        argument: the node that the group's functions are of.
        values: the member -> its sign at infinity.
        products: the products that become inf * 0 and whose true limit is 0 -> the operand that is infinite.
        survived: whether the loss, or where there is none the output, stays finite at one of the random points at least.
    """

    argument: int
    values: Mapping[int, int]
    products: Mapping[int, int]
    survived: bool


@dataclass(frozen=True, slots=True)
class _Sample:
    """A point at which limits are read off: all nodes' values, which may overflow there, and whether no leaf is set to 0."""

    values: list[Value]
    fast: frozenset[int]
    usual: bool


def overflows(graph: Graph) -> tuple[Overflow, ...]:
    """Find the groups of a graph that may overflow, and what follows; of primitive ops only."""
    fast = [position for position, node in enumerate(graph.nodes) if node.op in FAST and not falls(graph, position)]
    groups = _groups(graph, _overflowing(graph, intervals(graph, only=fast))) if fast else {}
    if not groups:
        return ()
    bounds = intervals(graph)
    found: list[Overflow] = []
    with mpmath.workdps(30):
        samples = tuple(_samples(graph, bounds))
        left = _BUDGET - len(samples) * len(graph.nodes)
        for argument, members in groups.items():
            later = _downstream(graph, members)
            for side in (1, -1) if any(graph.nodes[p].op in _TWO_SIDED for p in members) else (1,):
                signs = _signs(graph, members, side)
                left -= 3 * len(samples) * len(later)
                if left >= 0:
                    there = [sample for sample in samples if sample.fast & signs.keys()]
                    found.append(_judged(graph, argument, signs, later, there))
    return tuple(found)


def _overflowing(graph: Graph, bounds: list[Interval]) -> list[int]:
    """The exponentials that exceed the largest float32 somewhere within their bounds."""
    found = [p for p, node in enumerate(graph.nodes) if node.op in FAST and not falls(graph, p)]
    return [p for p in found if max(-bounds[p].low, bounds[p].high) > FLOAT32_MAX]


def _groups(graph: Graph, members: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """The members of every group, by argument."""
    groups: dict[int, tuple[int, ...]] = {}
    for position in members:
        argument = graph.nodes[position].args[0]
        groups[argument] = (*groups.get(argument, ()), position)
    return groups


def _samples(graph: Graph, bounds: list[Interval]) -> Iterator[_Sample]:
    """Random points of ordinary size within the domains, and points where one leaf, or every one, is 0.

    Where a feature is 0, exp(w * feature) does not overflow, however large w is.
    """
    leaves = {
        str(node.data): p for p, node in enumerate(graph.nodes) if node.op in ("feature", "weight", "target", "cotangent")
    }
    rng = random.Random(0)
    drawn = [{name: mpmath.mpf(_draw(rng, graph.domains.get(name))) for name in leaves} for _ in range(_RANDOM_SAMPLES)]
    everywhere = frozenset(_overflowing(graph, bounds))
    for point_ in drawn:
        yield _Sample(_values(graph, point_), everywhere, True)
    zeros = [name for name in leaves if _holds_zero(graph.domains.get(name)) and name != "cotangent"]
    for index, names in enumerate([*([name] for name in zeros[:_ZERO_SAMPLES]), zeros]):
        there = intervals(graph, fixed={leaves[name]: point(0.0) for name in names}, known=bounds)
        values = _values(graph, drawn[index % len(drawn)] | {name: mpmath.mpf(0) for name in names})
        yield _Sample(values, frozenset(_overflowing(graph, there)), False)


def _draw(rng: random.Random, domain: tuple[float, float] | None) -> float:
    low, high = (-2.0, 2.0) if domain is None else domain
    low, high = max(low, min(high, 0.0) - 100.0), min(high, max(low, 0.0) + 100.0)
    return rng.uniform(low, high)


def _holds_zero(domain: tuple[float, float] | None) -> bool:
    return domain is None or domain[0] <= 0 <= domain[1]


def _signs(graph: Graph, members: Iterable[int], side: int) -> dict[int, int]:
    """Which members are infinite on one side, and with which sign."""
    signs = {p: 1 if graph.nodes[p].op in _EVEN else side for p in members}
    return {p: sign for p, sign in signs.items() if sign > 0 or graph.nodes[p].op in _TWO_SIDED}


def _downstream(graph: Graph, members: Iterable[int]) -> tuple[int, ...]:
    """The nodes that depend on a member, members left out, in order."""
    reached = set(members)
    later: list[int] = []
    for position, node in enumerate(graph.nodes):
        if position not in reached and any(arg in reached for arg in node.args):
            reached.add(position)
            later.append(position)
    return tuple(later)


def _values(graph: Graph, leaves: Mapping[str, Any]) -> list[Value]:
    values: list[Value] = []
    for node in graph.nodes:
        if node.op == "largest":
            values.append(_BOUND)
        elif node.data is not None:
            values.append(mpmath.mpf(node.data) if isinstance(node.data, float) else leaves[str(node.data)])
        else:
            values.append(_operation(node.op, [values[arg] for arg in node.args]))
    return values


def _operation(op: str, operands: list[Value]) -> Value:
    """One operation of real numbers; NaN where it has no real value."""
    if op == "select":
        return None if operands[0] is None else operands[1] if operands[0] else operands[2]
    if any(operand is None for operand in operands):
        return None
    if op == "pow" and abs(operands[1]) > _LONG_POWER:
        if operands[0] <= 0:
            return None
        op, operands = "exp", [operands[1] * mpmath.log(operands[0])]
    if op in _SQUARING and operands[0] < -_LONG_SQUARE:
        return None
    try:
        value = _far_out(op, operands[0]) if op in _STEEP and _absurd(operands[0]) else MPMATH[op](*operands)
    except (ZeroDivisionError, ValueError, OverflowError):
        return None
    if value is None:
        return None
    return value if isinstance(value, bool) or mpmath.im(value) == 0 else None


def _absurd(value: Value) -> bool:
    return bool(_ABSURD < abs(value) < mpmath.inf)


def _far_out(op: str, operand: Value) -> Value:
    """A steep function of an operand of absurd size, where it tends to a number there."""
    if op in ("tanh", "erf"):
        return mpmath.sign(operand)
    if op == "erfc":
        return 1 - mpmath.sign(operand)
    tends = {"exp": -1, "erfcx": 1, "ierfcx": 1}
    return mpmath.mpf(0) if mpmath.sign(operand) == tends.get(op) else None


def _moved(graph: Graph, later: tuple[int, ...], base: list[Value], members: Mapping[int, Value]) -> list[Value]:
    """The values where the members have others."""
    values = list(base)
    for position, value in members.items():
        values[position] = value
    for position in later:
        node = graph.nodes[position]
        values[position] = _operation(node.op, [values[arg] for arg in node.args])
    return values


def _judged(graph: Graph, argument: int, signs: dict[int, int], later: tuple[int, ...], samples: list[_Sample]) -> Overflow:
    verdicts: dict[int, bool] = {}
    operands: dict[int, int] = {}
    survived = False
    for sample in samples:
        base = sample.values
        there = _moved(graph, later, base, {p: sign * mpmath.inf for p, sign in signs.items()})
        far = [_moved(graph, later, base, {p: sign * mpmath.exp(size) for p, sign in signs.items()}) for size in _FAR]
        for position in later:
            infinite = _infinite_operand(graph, position, there)
            if infinite is not None:
                operands[position] = infinite
                vanishes = all(_small(values[position], size) for values, size in zip(far, _FAR, strict=True))
                verdicts[position] = verdicts.get(position, True) and vanishes
        survived = survived or (sample.usual and _finite_result(graph, far[-1]))
    return Overflow(argument, signs, {p: operands[p] for p, zero in verdicts.items() if zero}, survived)


def _infinite_operand(graph: Graph, position: int, values: list[Value]) -> int | None:
    """The infinite operand of a product with 0, None for any other operation."""
    node = graph.nodes[position]
    if node.op != "mul" or any(values[arg] is None for arg in node.args):
        return None
    for arg, other in (node.args, node.args[::-1]):
        if mpmath.isinf(values[arg]) and values[other] == 0:
            return arg
    return None


def _small(value: Value, size: float) -> bool:
    """Whether a value is of the order of a negative power of exp(size)."""
    return value is not None and bool(abs(value) <= mpmath.exp(-size / 8))


def _finite_result(graph: Graph, values: list[Value]) -> bool:
    root = graph.roots.get("loss", graph.roots.get("output"))
    return root is not None and values[root] is not None and bool(abs(values[root]) < 1e300)


def certainly_zero(graph: Graph, overflow: Overflow, product: int) -> bool:
    """Whether interval reasoning proves that a product may use the largest number in place of inf.

    That is so if, in float64 and float32 alike, the factor of the infinite operand is exactly 0 wherever the group is infinite,
    and the true product rounds to 0 wherever the group exceeds the largest number.
    """
    infinite = overflow.products[product]
    other = next(arg for arg in graph.nodes[product].args if arg != infinite)
    for largest, least, start in _DTYPES:
        base = intervals(graph, largest=largest)
        at_infinity = {p: point(sign * float("inf")) for p, sign in overflow.values.items()}
        there = intervals(graph, largest=largest, fixed=at_infinity, known=base)
        if there[other] != point(0.0) or not mpmath.isinf(there[infinite].low) or there[infinite].low != there[infinite].high:
            return False
        for low, high in ((start, mpmath.mpf(1e6)), (mpmath.mpf(1e6), mpmath.mpf(largest) ** 2 * 4)):
            piece = Interval(mpmath.exp(low), mpmath.exp(high))
            beyond = {p: piece if sign > 0 else Interval(-piece.high, -piece.low) for p, sign in overflow.values.items()}
            bound = intervals(graph, largest=largest, fixed=beyond, known=base)[product]
            if not -least < bound.low <= bound.high < least:
                return False
    return True


def _next_argument(largest: float, digits: int) -> Any:
    """The smallest argument of so many binary digits at which exp exceeds the largest number."""
    with mpmath.workprec(120):
        exact = mpmath.log(mpmath.mpf(largest))
        scale = mpmath.ldexp(1, digits - 1 - int(mpmath.floor(mpmath.log(exact, 2))))
        return (mpmath.floor(exact * scale) + 1) / scale


_DTYPES = (
    (
        float.fromhex("0x1.fffffffffffffp+1023"),
        mpmath.ldexp(1, -1075),
        _next_argument(float.fromhex("0x1.fffffffffffffp+1023"), 53),
    ),
    (FLOAT32_MAX, mpmath.ldexp(1, -150), _next_argument(FLOAT32_MAX, 24)),
)
"""For float64 and float32: the largest number, what rounds to 0, and the first argument at which exp overflows."""
