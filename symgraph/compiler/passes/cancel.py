"""Reassociating: m - m*u/q becomes m*(r/q) where q = u + r, so that nothing cancels where u is much larger than r.

The quotient rule leaves such differences: the derivative of u/(1 + u) arrives as 1/q - u/q**2, which has no digit from u = 1e16
on, and is 1/q**2. They are found wherever two terms of a sum are one of them, whatever products, sums over rows and roots of q
stand between: a sum is written out as monomials, each with its place in the graph.

No error grows: r is a sum of some of the terms of q, so that rounding it errs by no more than rounding q does.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from symgraph.compiler.ir.graph import Graph, GraphBuilder, Node, rebuild
from symgraph.compiler.numerics.monomials import MOST, Monomial, Number, Reading, Term, by_row, power, product, raised
from symgraph.compiler.numerics.uses import read_once


class _Pair(NamedTuple):
    """Two terms of a sum that are m and -m*u/q.

    Attributes:
        m, other: their places.
        divisor: the node q, or the nest of ``hypot`` of which q is the square; -1 where the terms are m and -m.
        place: the place of u among the terms of q.
    """

    m: int
    other: int
    divisor: int = -1
    place: int = -1


def cancel(graph: Graph) -> Graph:
    """Join the terms of sums that cancel, operands first."""
    at = _sums_of_quotients(graph)
    if not at:
        return graph
    readings: list[_Reading] = []

    def join(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        if not readings:
            readings.extend(_Reading(builder, levels=levels) for levels in _LEVELS)
        position = builder.add(node.op, *args)
        return _joined(readings, position)

    return rebuild(graph, join, {"add", "sub"}, at)


def _sums_of_quotients(graph: Graph) -> list[int]:
    """Return the sums that may have a quotient by a sum among their terms, without those that only a longer sum reads."""
    nodes, once = graph.nodes, read_once(graph)
    divided = bytearray(len(nodes))
    found: list[int] = []
    inner: set[int] = set()
    for position, node in enumerate(nodes):
        op, args = node.op, node.args
        if op in _SEEN_THROUGH:
            divided[position] = any(map(divided.__getitem__, args))
        if op in _DIVISIONS and not divided[position]:
            divided[position] = nodes[args[-1 if op == "div" else 0]].op in _DIVISORS
        if op in _SUMS and divided[position]:
            inner.update(once.intersection(args))
            found.append(position)
    return [position for position in found if position not in inner]


_LEVELS = 0, 1, math.inf
"""Levels of products that are written out, one after the other: what need not be is not, since a difference that is
distributed, such as (x - a)*k, cancels in its turn."""

_SUMS = frozenset({"add", "sub"})
_DIVISIONS = frozenset({"div", "pow"})
_DIVISORS = frozenset({"add", "sub", "neg", "mul", "sqrt", "pow", "hypot", "select"})
_SEEN_THROUGH = frozenset({"add", "sub", "neg", "mul", "div", "rowsum", "select"})


def _joined(readings: "Sequence[_Reading]", total: int) -> int:
    """Return a sum with the terms that cancel joined."""
    for _ in range(MOST):
        reading, *deeper = readings
        pair = reading.pair(total)
        if pair is None and reading.shares_divisors(total):
            found = ((one, one.pair(total)) for one in deeper)
            reading, pair = next((both for both in found if both[1] is not None), (reading, None))
        if pair is None:
            break
        other = reading.terms(total)[pair.other]
        rest = reading.without(total, pair.m)
        if rest is None or other not in reading.terms(rest):  # the rest is too deep to be written out
            break
        rest = reading.without(rest, reading.terms(rest).index(other))
        product = None if pair.divisor < 0 else reading.joined(total, pair)
        both = _sum(reading.builder, "add", rest, product)
        total = reading.builder.const(0.0) if both is None else both
    return total


def _sum(builder: GraphBuilder, op: str, left: int | None, right: int | None) -> int | None:
    """Add a sum or difference, of which one side may be missing."""
    if left is not None and right is not None:
        return builder.add(op, left, right)
    return builder.add("neg", right) if right is not None and op == "sub" else left if right is None else right


class _Reading(Reading):
    """Reader of sums that finds terms that cancel, and takes sums apart."""

    def joined(self, total: int, pair: _Pair) -> int:
        """Add m*(r/q), under the sum over rows of m."""
        builder, divisor = self.builder, pair.divisor
        product = self.only(total, pair.m, inside=True)
        if builder.nodes[divisor].op == "hypot":
            ratio = builder.add("div", self.without_square(divisor, pair.place), divisor)
            product = builder.add("mul", builder.add("mul", product, ratio), ratio)
        else:
            above = (self.inner or self).without(divisor, pair.place)
            if above is None:
                raise AssertionError("a divisor with terms that cancel has other terms")
            if builder.nodes[above].data == 1.0:
                product = builder.add("div", product, divisor)
            else:
                product = builder.add("mul", product, builder.add("div", above, divisor))
        return builder.add("rowsum", product) if by_row(self.terms(total)[pair.m]) else product

    def pair(self, total: int) -> _Pair | None:
        """Find two terms of a sum that cancel."""
        terms = self.terms(total)
        places = {monomial: place for place, (_, monomial) in enumerate(terms)}
        for place, (coefficient, monomial) in enumerate(terms):
            match = places[monomial]
            if terms[match].coefficient == -coefficient:
                return _Pair(place, match)
            for divisor, at, wanted, scale in self.wanted(monomial):
                match = places.get(wanted, -1)
                if match >= 0 and terms[match].coefficient * scale == -coefficient:
                    return _Pair(match, place, divisor, at)
        return None

    def shares_divisors(self, total: int) -> bool:
        """Tell if two terms of a sum have a divisor in common: then it may pay to write out the products in them."""
        below = [atom for _, monomial in self.terms(total) for atom, exponent in monomial if exponent < 0 <= atom]
        return len(set(below)) < len(below)

    def wanted(self, monomial: Monomial) -> Iterator[tuple[int, int, Monomial, Number]]:
        """Yield for each u/q in a monomial: q, the place of u among its terms, the monomial without u/q, u's coefficient."""
        for divisor, exponent in monomial:
            if exponent >= 0 or divisor < 0:
                continue
            op = self.builder.nodes[divisor].op
            if op in _SUMS:
                terms, degree = (self.inner or self).terms(divisor), 1
            elif op == "hypot" and exponent <= -2:
                terms, degree = self.squares(divisor), 2
            else:
                continue
            for place, (scale, part) in enumerate(terms if len(terms) > 1 else ()):
                yield divisor, place, product(monomial, power(part, -1), ((divisor, degree),)), scale

    def only(self, position: int, place: int, *, inside: bool = False) -> int:
        """Return the term of a node at a place, computed as the node computes it; ``inside`` leaves a sum over rows away."""
        if len(self.terms(position)) == 1 and not (inside and by_row(self.terms(position)[place])):
            return position
        builder, node = self.builder, self.builder.nodes[position]
        match node.op:
            case "add" | "sub":
                side, within = self.side(node, place)
                part = self.only(node.args[side], within, inside=inside)
                return builder.add("neg", part) if node.op == "sub" and side else part
            case "mul":
                count = len(self.factors(node.args[1]))
                parts = zip(node.args, divmod(place, count), strict=True)
                return builder.add("mul", *[self.only_factor(arg, within, inside=inside) for arg, within in parts])
            case "neg":
                return builder.add("neg", self.only(node.args[0], place, inside=inside))
            case "div":
                return builder.add("div", self.only_factor(node.args[0], place, inside=inside), node.args[1])
            case "rowsum":
                part = self.only(node.args[0], place)
                return part if inside else builder.add("rowsum", part)
        raise AssertionError(f"{node.op} has one term")

    def without(self, position: int, place: int) -> int | None:
        """Return a node without its term at a place; None where it has no other term."""
        if len(self.terms(position)) == 1:
            return None
        builder, node = self.builder, self.builder.nodes[position]
        match node.op:
            case "add" | "sub":
                side, within = self.side(node, place)
                args: list[int | None] = list(node.args)
                args[side] = self.without(node.args[side], within)
                return _sum(builder, node.op, *args)
            case "mul":
                left, right = node.args
                i, j = divmod(place, len(self.factors(right)))
                most, rest = self._factor_without(left, i), self._factor_without(right, j)
                first = None if most is None else builder.add("mul", most, right)
                second = None if rest is None else builder.add("mul", self.only_factor(left, i), rest)
                return _sum(builder, "add", first, second)
            case "neg" | "rowsum" | "div":
                rest = (self._factor_without if node.op == "div" else self.without)(node.args[0], place)
                if rest is None:
                    raise AssertionError("what has several terms has another one")
                return builder.add(node.op, rest, *node.args[1:])
        raise AssertionError(f"{node.op} has one term")

    def only_factor(self, position: int, place: int, *, inside: bool = False) -> int:
        """Return the term of a factor at a place, or the whole factor where the product is not distributed over it."""
        reader = self.of_factor(position)
        return position if reader is None else reader.only(position, place, inside=inside)

    def _factor_without(self, position: int, place: int) -> int | None:
        """Return a factor over which a product is distributed without its term at a place; None where it has no other."""
        reader = self.of_factor(position)
        return None if reader is None else reader.without(position, place)

    def side(self, node: Node, place: int) -> tuple[int, int]:
        """Return the side of a sum, 0 or 1, to which a term belongs, and its place there."""
        count = len(self.terms(node.args[0]))
        return (0, place) if place < count else (1, place - count)

    def squares(self, position: int) -> tuple[Term, ...]:
        """Return the terms of the square of a nest of ``hypot``."""
        node = self.builder.nodes[position]
        if node.op == "hypot":
            return (self.squares(node.args[0]) + self.squares(node.args[1]))[: MOST + 1]
        return (raised(self.whole(position), 2),)

    def without_square(self, position: int, place: int) -> int:
        """Return a nest of ``hypot`` without the operand at a place."""
        left, right = self.builder.nodes[position].args
        count = len(self.squares(left))
        kept, other, within = (right, left, place) if place < count else (left, right, place - count)
        if self.builder.nodes[other].op != "hypot":
            return kept
        rest = self.without_square(other, within)
        return self.builder.add("hypot", *((rest, kept) if place < count else (kept, rest)))
