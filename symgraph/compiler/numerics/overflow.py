"""Consequences of the overflow of an exponential: the products that become inf * 0 there, and their true limits.

exp, sinh, cosh, expm1 and gamma overflow at arguments of ordinary size, which is why no other ops are looked at. Those of
one argument overflow together and make a group. Evaluated with the group at infinity, a graph shows its products of inf and 0;
evaluated by mpmath, whose exponents have no end, with the group far beyond the largest double, it shows their limits.
"""

import random
import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import mpmath

from symgraph.compiler.ir.graph import Graph, Node, reachable, values_of
from symgraph.compiler.numerics.exponentials import falls
from symgraph.compiler.numerics.intervals import Interval, intervals, point, renewed
from symgraph.compiler.numerics.spread import Spread, Value, Values, values_at
from symgraph.compiler.numerics.zeros import follows_first
from symgraph.spec.ops.ops import EVEN, OPS

FAST = frozenset(name for name, row in OPS.items() if row.steep and not row.bounded_slope and row.limit(1) == float("inf"))
_TWO_SIDED = frozenset(name for name in FAST if abs(OPS[name].limit(-1) or 0.0) == float("inf"))
FLOAT32_MAX = float.fromhex("0x1.fffffep+127")
_FAR = (2_000.0, 20_000.0)
"""Arguments far beyond 709, where exp overflows, at which limits are estimated."""
_RANDOM_SAMPLES = 6
_ZERO_SAMPLES = 3
"""Number of random points at which each leaf in turn is set to 0; at one of them inf - inf may hide the consequences."""
_BUDGET = 400
"""Operations of mpmath allowed per node on average; groups that are left when they are used up stay as they are."""
_INPUTS = frozenset({"feature", "weight", "constant", "target", "cotangent"})


@dataclass(frozen=True, slots=True)
class Overflow:
    """Consequences where one group overflows on one side.

    Attributes:
        argument: the node that is the argument of the group's functions.
        values: the members -> their signs at infinity.
        products: the products that become inf * 0 and whose true limit is 0 -> the operand that is infinite.
        survived: whether the loss, or where there is none the output, stays finite at one of the random points at least.
        reached: the nodes whose values change there, as far as that is followed, in order; members included.
    """

    argument: int
    values: Mapping[int, int]
    products: Mapping[int, int]
    survived: bool
    reached: tuple[int, ...]


def overflows(graph: Graph, among: Collection[int] | None = None) -> tuple[Overflow, ...]:
    """Find the groups of a graph of primitive ops that may overflow, and the consequences.

    Args:
        graph: the graph.
        among: the arguments of the groups to look at; all by default.
    """
    fast = [position for position, node in enumerate(graph.nodes) if node.op in FAST and not falls(graph, position)]
    if among is not None:
        fast = [position for position in fast if graph.nodes[position].args[0] in among]
    bounds = intervals(graph, only=fast) if fast else []
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for position in fast:
        if _may_overflow(bounds[position]):
            groups[graph.nodes[position].args[0]].append(position)
    if not groups:
        return ()
    with mpmath.workdps(30):
        search = _Search(graph, bounds)
        return tuple(found for argument, members in groups.items() for found in search.of_group(argument, members))


def _may_overflow(bound: Interval) -> bool:
    """Tell if an exponential exceeds the largest float32 somewhere within its bounds."""
    return bool(max(-bound.low, bound.high) > FLOAT32_MAX)


def _signs(graph: Graph, members: Iterable[int], side: int) -> dict[int, int]:
    """Return the members that are infinite on one side, with the sign of each infinity."""
    signs = {p: 1 if graph.nodes[p].op in EVEN else side for p in members}
    return {p: sign for p, sign in signs.items() if sign > 0 or graph.nodes[p].op in _TWO_SIDED}


@dataclass(slots=True)
class _Findings:
    """Consequences of a group's overflow at the points looked at so far.

    Attributes:
        operands: the products of inf and 0 -> the operand that is infinite.
        vanishes: whether each of them tends to 0 at every point.
        reached: the nodes whose values change at one of the points.
        survived: whether the loss stays finite at one of the usual points.
    """

    operands: dict[int, int] = field(default_factory=dict)
    vanishes: dict[int, bool] = field(default_factory=dict)
    reached: set[int] = field(default_factory=set)
    survived: bool = False


class _Search:
    """Search for the consequences of overflows by evaluation at some points.

    The usual points are random ones of ordinary size within the domains. Beside these, each leaf that is a factor of a product
    near the group is set to 0 in turn: where a feature is 0, exp(w * feature) does not overflow, however large w is, and
    where a weight is 0, its product with an infinity is inf * 0. At one more point all leaves are 0 that may be.
    """

    def __init__(self, graph: Graph, bounds: list[Interval]) -> None:
        self.graph = graph
        self.bounds = bounds
        leaves = {str(node.data): position for position, node in enumerate(graph.nodes) if node.op in _INPUTS}
        rng = random.Random(0)
        drawn = [{name: mpmath.mpf(_draw(rng, graph.domains.get(name))) for name in leaves} for _ in range(_RANDOM_SAMPLES)]
        zeros = [name for name in leaves if name != "cotangent" and _holds_zero(graph.domains.get(name))]
        self.zeros = frozenset(leaves[name] for name in zeros)
        self.usual = [values_at(graph, point_) for point_ in drawn]
        self.nothing = values_at(graph, drawn[-1] | dict.fromkeys(zeros, mpmath.mpf(0)))
        self.factors = _factors(graph.nodes, self.zeros)
        self.spread = Spread(graph, _BUDGET * len(graph.nodes))

    def of_group(self, argument: int, members: Iterable[int]) -> Iterator[Overflow]:
        """Yield the consequences where a group is infinite, for each side on which it may be."""
        for side in (1, -1) if any(self.graph.nodes[p].op in _TWO_SIDED for p in members) else (1,):
            signs = _signs(self.graph, members, side)
            found = self.findings(signs)
            if self.spread.left >= 0:
                products = {p: found.operands[p] for p, zero in sorted(found.vanishes.items()) if zero}
                yield Overflow(argument, signs, products, found.survived, tuple(sorted(found.reached)))

    def findings(self, signs: Mapping[int, int]) -> _Findings:
        """Collect the consequences at all points."""
        found = _Findings()
        start = {p: (sign * mpmath.inf, *(sign * mpmath.exp(size) for size in _FAR)) for p, sign in signs.items()}
        worlds = []
        for values in self.usual:
            world = self.spread.changed(start, _values(values))
            worlds.append(world)
            self.judge(found, world, _values(values, world))
            found.survived = found.survived or _finite_result(self.graph, world, values)
        found.reached = {position for world in worlds for position in world}
        if self.still_overflows(signs, self.zeros):
            world = self.spread.changed(start, _values(self.nothing))
            self.judge(found, world, _values(self.nothing, world))
        zero = (mpmath.mpf(0),) * (1 + len(_FAR))
        within = found.reached.union(*(self.graph.nodes[position].args for position in found.reached)) - signs.keys()
        for place, (leaf, operands) in enumerate(sorted(self.zeros_near(found.reached).items())):
            turns = range(place, place + _ZERO_SAMPLES) if self.still_overflows(signs, frozenset([leaf])) else ()
            for turn in turns:
                values, world = self.usual[turn % len(worlds)], worlds[turn % len(worlds)]
                changed = self.spread.changed(dict.fromkeys(operands, zero), _values(values, world), within)
                self.judge(found, changed, _values(values, changed, world))
        return found

    def zeros_near(self, reached: Collection[int]) -> dict[int, set[int]]:
        """Return the leaves that make a product among some nodes 0, each with the outside operands through which it does."""
        near: dict[int, set[int]] = {}
        for position in reached:
            node = self.graph.nodes[position]
            for arg in node.args if node.op in ("mul", "div") else ():
                for leaf in self.factors[arg] if arg not in reached else ():
                    near.setdefault(leaf, set()).add(arg)
        return near

    def still_overflows(self, signs: Mapping[int, int], zeros: frozenset[int]) -> bool:
        """Tell if a member of the group may still overflow where some leaves are 0."""
        above = sorted(reachable(self.graph.nodes, signs))
        fixed = dict.fromkeys(zeros.intersection(above), point(0.0))
        there = renewed(self.graph, self.bounds, fixed, above, sys.float_info.max)
        return any(_may_overflow(there.get(member, self.bounds[member])) for member in signs)

    def judge(self, found: _Findings, positions: Iterable[int], values: Callable[[int], Values]) -> None:
        """Record which products among some nodes are inf * 0, and whether they tend to 0."""
        for position in positions:
            infinite = _infinite_operand(self.graph.nodes[position], values)
            if infinite is not None:
                found.operands[position] = infinite
                tiny = all(_small(value, size) for value, size in zip(values(position)[1:], _FAR, strict=True))
                found.vanishes[position] = found.vanishes.get(position, True) and tiny


def _values(point_: Sequence[Value], *worlds: Mapping[int, Values]) -> Callable[[int], Values]:
    """Make a look-up of a node's values: in the first world that changes them, else at the point."""

    def values(position: int) -> Values:
        for world in worlds:
            if position in world:
                return world[position]
        return (point_[position],) * (1 + len(_FAR))

    return values


def _factors(nodes: Sequence[Node], zeros: Collection[int]) -> list[frozenset[int]]:
    """Return for each node the leaves that make it 0 when they are 0, as far as a few operations show it."""
    found: list[frozenset[int]] = []
    for position, node in enumerate(nodes):
        args = [found[arg] for arg in node.args]
        if node.op == "mul":
            found.append(args[0] | args[1])
        elif follows_first(nodes, node):
            found.append(args[0])
        elif node.op in ("add", "sub", "max", "min", "select"):
            found.append(args[-2] & args[-1])
        else:
            found.append(frozenset([position] if position in zeros else ()))
    return found


def _draw(rng: random.Random, domain: tuple[float, float] | None) -> float:
    low, high = (-2.0, 2.0) if domain is None else domain
    low, high = max(low, min(high, 0.0) - 100.0), min(high, max(low, 0.0) + 100.0)
    return rng.uniform(low, high)


def _holds_zero(domain: tuple[float, float] | None) -> bool:
    return domain is None or domain[0] <= 0 <= domain[1]


def _infinite_operand(node: Node, values: Callable[[int], Values]) -> int | None:
    """Return the infinite operand of a product with 0, None for any other operation."""
    if node.op != "mul":
        return None
    for arg, other in (node.args, node.args[::-1]):
        one, another = values(arg)[0], values(other)[0]
        if one is not None and another is not None and mpmath.isinf(one) and another == 0:
            return arg
    return None


def _small(value: Value, size: float) -> bool:
    """Tell if a value is of the order of a negative power of exp(size)."""
    return value is not None and bool(abs(value) <= mpmath.exp(-size / 8))


def _finite_result(graph: Graph, world: Mapping[int, Values], values: Sequence[Value]) -> bool:
    roots = ["loss"] if "loss" in graph.roots else values_of(graph, "output")
    found = [world[root][-1] if root in world else values[root] for root in (graph.roots[name] for name in roots)]
    return bool(found) and all(value is not None and bool(abs(value) < 1e300) for value in found)


def certainly_zero(graph: Graph, overflow: Overflow) -> set[int]:
    """Return the products that may use the largest number in place of inf, as interval arithmetic proves.

    That is so if, in float64 and float32 alike, the factor of the infinite operand is exactly 0 wherever the group is infinite,
    and the true product rounds to 0 wherever the group exceeds the largest number.
    """
    proven = dict(overflow.products)
    for largest, least, first in _DTYPES:
        key = f"intervals up to {largest}"
        known = graph.facts.get(key) or graph.facts.setdefault(key, intervals(graph, largest=largest))

        def where(size: Interval, known: Sequence[Interval] = known, largest: float = largest) -> Mapping[int, Interval]:
            """Return the bounds of the nodes that the overflow reaches where the group has a size."""
            fixed = {p: size if sign > 0 else Interval(-size.high, -size.low) for p, sign in overflow.values.items()}
            return renewed(graph, known, fixed, overflow.reached, largest)

        there = where(point(float("inf")))
        ends = [mpmath.exp(argument) for argument in (first, 1e6, mpmath.mpf(largest) ** 2 * 4)]
        pieces = [where(Interval(*piece)) for piece in pairwise(ends)]
        for product, infinite in [*proven.items()]:
            other = next(arg for arg in graph.nodes[product].args if arg != infinite)
            vanishes = there.get(other) == point(0.0) and there.get(infinite) in (point(float("inf")), point(-float("inf")))
            if not vanishes or not all(-least < piece[product].low <= piece[product].high < least for piece in pieces):
                del proven[product]
    return set(proven)


_DTYPES = (
    (sys.float_info.max, mpmath.ldexp(1, -1075), mpmath.mpf(709.7827128933841)),
    (FLOAT32_MAX, mpmath.ldexp(1, -150), mpmath.mpf(88.72283935546875)),
)
"""For float64 and float32: the largest number, the magnitude that rounds to 0, and the first argument at which exp is inf."""
