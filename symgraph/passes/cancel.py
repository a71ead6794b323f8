"""Reassociating: m - m*u/q becomes m*(r/q) where q = u + r, so that nothing cancels where u is much larger than r.

The quotient rule leaves such differences: the derivative of u/(1 + u) arrives as 1/q - u/q**2, which has no digit from u = 1e16
on, and is 1/q**2. They are found wherever two terms of a sum are one of them, whatever products, sums over rows and roots of q
stand between: a sum is written out as monomials, each of which remembers where in the graph it stands.

No error grows: r is a sum of some of the terms of q, so that rounding it errs by no more than rounding q does.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from symgraph.ir.graph import Graph, GraphBuilder, Node, rebuild
from symgraph.ir.uses import read_once
from symgraph.passes.rules.forms import Number, size

MOST = 16
"""A sum of more terms, or a product of more factors, is not looked into: the work for each node has a bound."""

_DEEPEST = 64
"""Nor is what is nested deeper, since what walks through it recurses."""

_LARGEST = 2**900
"""Nor are constants beyond this, or below its inverse."""

Monomial = frozenset[tuple[int, Number]]
"""Nodes with their exponents; a node stands there once. ``ROWS`` marks a sum over rows, ``~x`` is abs(x)."""

ROWS = -(2**62)


class _Term(NamedTuple):
    """A coefficient times a monomial."""

    coefficient: Number
    monomial: Monomial


class _Sum(NamedTuple):
    """A node written out.

    Attributes:
        terms: what adds up to the node; one that is not looked into is one term.
        whole: the node as one product, in which sums stay as they are.
        depth: how deep the node was looked into.
    """

    terms: tuple[_Term, ...]
    whole: _Term
    depth: int


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
            readings.extend(_Reading(builder, deep=deep) for deep in (False, True))
        position = builder.add(node.op, *args)
        return _joined(readings, position)

    return rebuild(graph, join, {"add", "sub"}, at)


def _sums_of_quotients(graph: Graph) -> list[int]:
    """The sums that may have a quotient by a sum among their terms, those apart that are part of a longer sum alone."""
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


_SUMS = frozenset({"add", "sub"})
_SEEN_THROUGH = frozenset({"add", "sub", "neg", "mul", "div", "rowsum", "select"})
_READ = frozenset({*_SEEN_THROUGH, "const", "sqrt", "pow", "abs", "sign"})
_DIVISIONS = frozenset({"div", "pow"})
_DIVISORS = frozenset({"add", "sub", "neg", "mul", "sqrt", "pow", "hypot", "select"})
_ONE: Monomial = frozenset()


def _joined(readings: "Sequence[_Reading]", total: int) -> int:
    """A sum with the terms that cancel joined."""
    for _ in range(MOST):
        reading, pair = readings[0], readings[0].pair(total)
        if pair is None and reading.shares_divisors(total):
            reading, pair = readings[1], readings[1].pair(total)
        if pair is None:
            break
        other = reading.terms(total)[pair.other]
        rest = reading.without(total, pair.m)
        rest = None if rest is None else reading.without(rest, reading.terms(rest).index(other))
        product = None if pair.divisor < 0 else reading.product(total, pair)
        both = _sum(reading.builder, "add", rest, product)
        total = reading.builder.const(0.0) if both is None else both
    return total


def _sum(builder: GraphBuilder, op: str, left: int | None, right: int | None) -> int | None:
    """What is there of a sum or difference."""
    if left is not None and right is not None:
        return builder.add(op, left, right)
    return builder.add("neg", right) if right is not None and op == "sub" else left if right is None else right


class _Reading:
    """Reads the nodes of one builder as sums of monomials.

    Args:
        builder: the nodes; what is joined is added to them.
        deep: whether products of sums are written out: (x - a)**2/q**3 is one monomial, or several.
    """

    def __init__(self, builder: GraphBuilder, *, deep: bool) -> None:
        self.builder = builder
        self.deep = deep
        self._sums: dict[int, _Sum] = {}

    def product(self, total: int, pair: _Pair) -> int:
        """m*(r/q)."""
        builder, divisor = self.builder, pair.divisor
        product = self.only(total, pair.m, inside=True)
        if builder.nodes[divisor].op == "hypot":
            ratio = builder.add("div", self.without_square(divisor, pair.place), divisor)
            product = builder.add("mul", builder.add("mul", product, ratio), ratio)
        else:
            above = self.without(divisor, pair.place)
            if above is None:
                raise AssertionError("a divisor with terms that cancel has other terms")
            if builder.nodes[above].data == 1.0:
                product = builder.add("div", product, divisor)
            else:
                product = builder.add("mul", product, builder.add("div", above, divisor))
        return builder.add("rowsum", product) if _by_row(self.terms(total)[pair.m]) else product

    # finding

    def pair(self, total: int) -> _Pair | None:
        """Two terms of a sum that cancel."""
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
        """Whether two terms of a sum have a divisor in common, so that it may pay to write out the products in them."""
        below = [atom for _, monomial in self.terms(total) for atom, exponent in monomial if exponent < 0 <= atom]
        return len(set(below)) < len(below)

    def wanted(self, monomial: Monomial) -> Iterator[tuple[int, int, Monomial, Number]]:
        """For each u/q in a monomial: q, the place of u among its terms, the monomial without u/q, and the coefficient of u."""
        for divisor, exponent in sorted(monomial):
            if exponent >= 0 or divisor < 0:
                continue
            op = self.builder.nodes[divisor].op
            if op in _SUMS:
                terms, degree = self.terms(divisor), 1
            elif op == "hypot" and exponent <= -2:
                terms, degree = self.squares(divisor), 2
            else:
                continue
            for place, (scale, part) in enumerate(terms if len(terms) > 1 else ()):
                yield divisor, place, _product(monomial, _power(part, -1), frozenset({(divisor, degree)})), scale

    # writing out

    def terms(self, position: int) -> tuple[_Term, ...]:
        """The terms of a node."""
        nodes, sums, stack = self.builder.nodes, self._sums, [position]
        while stack:
            node = nodes[stack[-1]]
            waiting = [arg for arg in node.args if arg not in sums] if node.op in _READ else []
            if waiting:
                stack.extend(waiting)
                continue
            top = stack.pop()
            if top not in sums:
                sums[top] = self._written_out(top, node)
        return sums[position].terms

    def whole(self, position: int) -> _Term:
        """A node as one product."""
        self.terms(position)
        return self._sums[position].whole

    def factors(self, position: int) -> tuple[_Term, ...]:
        """The terms of a factor over which a product is distributed, or the factor as a whole."""
        found = self._sums[position]
        return found.terms if self.deep or _by_row(found.terms[0]) else (found.whole,)

    def _written_out(self, position: int, node: Node) -> _Sum:
        itself = _atom(position)
        if node.op not in _READ:
            return _Sum((itself,), itself, 0)
        parts = [self._sums[arg] for arg in node.args]
        whole = self._as_product(node, [part.whole for part in parts]) or itself
        terms = self._as_sum(node, [part.terms for part in parts]) or (whole,)
        depth = 1 + max([part.depth for part in parts], default=0)
        new = (whole,) if node.op in _SUMS else (whole, *terms)
        if len(terms) > MOST or depth > _DEEPEST or not all(map(_is_tame, new)):
            return _Sum((itself,), itself, 0)
        return _Sum(terms, whole, depth)

    def _as_sum(self, node: Node, parts: list[tuple[_Term, ...]]) -> tuple[_Term, ...] | None:
        """The terms of an operation on nodes that are written out, or None where it is one."""
        match node.op:
            case "add":
                return parts[0] + parts[1]
            case "sub":
                return parts[0] + _negative(parts[1])
            case "neg":
                return _negative(parts[0])
            case "mul":
                return tuple(_times(left, right) for left in self.factors(node.args[0]) for right in self.factors(node.args[1]))
            case "div":
                below = _raised(self._sums[node.args[1]].whole, -1)
                return tuple(_times(above, below) for above in self.factors(node.args[0]))
            case "rowsum":
                return self._over_rows(parts[0])
            case "select" if self._guards(node):
                return parts[2]
        return None

    def _as_product(self, node: Node, parts: list[_Term]) -> _Term | None:
        """An operation as a product of powers, or None where it is none."""
        match node.op:
            case "const":
                return _constant(node.data)
            case "neg":
                return _times(_Term(-1, _ONE), parts[0])
            case "mul":
                return _times(*parts)
            case "div":
                return _times(parts[0], _raised(parts[1], -1))
            case "sqrt":
                return _power_of(node.args[0], parts[0], Fraction(1, 2))
            case "pow":
                exponent = self.builder.nodes[node.args[1]].data
                return _power_of(node.args[0], parts[0], _near(exponent)) if isinstance(exponent, float) else None
            case "abs":
                return _Term(1, frozenset({(~node.args[0], 1)}))
            case "sign":
                return _times(_Term(1, frozenset({(~node.args[0], 1)})), _raised(parts[0], -1))
            case "select" if self._guards(node):
                return parts[2]
        return None

    def _over_rows(self, inner: tuple[_Term, ...]) -> tuple[_Term, ...] | None:
        """The terms of a sum over rows, each of which varies by row."""
        nodes = self.builder.nodes
        if not all(any(atom != ROWS and nodes[max(atom, ~atom)].varying for atom, _ in term.monomial) for term in inner):
            return None
        return tuple(_times(term, _Term(1, frozenset({(ROWS, 1)}))) for term in inner)

    def _guards(self, node: Node) -> bool:
        """Whether a selection is of 1 where a divisor is 0, else of a power of the divisor."""
        nodes = self.builder.nodes
        condition, one = (nodes[arg] for arg in node.args[:2])
        if condition.op != "eq" or nodes[condition.args[1]].data != 0.0 or one.data != 1.0:
            return False
        return {atom for atom, _ in self._sums[node.args[2]].whole.monomial} == {condition.args[0]}

    # taking apart

    def only(self, position: int, place: int, *, inside: bool = False) -> int:
        """The term of a node at a place, computed as the node computes it; ``inside`` leaves a sum over rows away."""
        if len(self.terms(position)) == 1 and not (inside and _by_row(self.terms(position)[place])):
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
        """A node without its term at a place; None where it has no other."""
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
                most = self.without(left, i) if len(self.factors(left)) > 1 else None
                rest = self.without(right, j) if len(self.factors(right)) > 1 else None
                first = None if most is None else builder.add("mul", most, right)
                second = None if rest is None else builder.add("mul", self.only_factor(left, i), rest)
                return _sum(builder, "add", first, second)
            case "neg" | "rowsum" | "div":
                rest = self.without(node.args[0], place)
                if rest is None:
                    raise AssertionError("what has several terms has another one")
                return builder.add(node.op, rest, *node.args[1:])
        raise AssertionError(f"{node.op} has one term")

    def only_factor(self, position: int, place: int, *, inside: bool = False) -> int:
        """The term of a factor at a place; all of it where the product is not distributed over it."""
        opened = self.factors(position) == self.terms(position)
        return self.only(position, place, inside=inside) if opened else position

    def side(self, node: Node, place: int) -> tuple[int, int]:
        """On which side of a sum a term stands, and its place there."""
        count = len(self.terms(node.args[0]))
        return (0, place) if place < count else (1, place - count)

    def squares(self, position: int) -> tuple[_Term, ...]:
        """The terms of the square of a nest of ``hypot``."""
        node = self.builder.nodes[position]
        if node.op == "hypot":
            return (self.squares(node.args[0]) + self.squares(node.args[1]))[: MOST + 1]
        return (_raised(self.whole(position), 2),)

    def without_square(self, position: int, place: int) -> int:
        """A nest of ``hypot`` without the operand at a place."""
        left, right = self.builder.nodes[position].args
        count = len(self.squares(left))
        kept, other, within = (right, left, place) if place < count else (left, right, place - count)
        if self.builder.nodes[other].op != "hypot":
            return kept
        rest = self.without_square(other, within)
        return self.builder.add("hypot", *((rest, kept) if place < count else (kept, rest)))


def _by_row(term: _Term) -> bool:
    """Whether a term is a sum over rows."""
    return (ROWS, 1) in term.monomial


def _atom(position: int) -> _Term:
    return _Term(1, frozenset({(position, 1)}))


def _constant(value: object) -> _Term | None:
    if not isinstance(value, float) or not 1 / _LARGEST < abs(value) < _LARGEST:
        return None
    exact: Number = int(value) if value.is_integer() else Fraction(value)
    return _Term(exact, _ONE)


def _power_of(base: int, product: _Term, exponent: Number) -> _Term | None:
    """A power; of a product only where it is a whole one, since the factors of a positive product may be negative."""
    if not exponent or size(exponent) > MOST:
        return None
    if product == _atom(base):
        return _Term(1, frozenset({(base, exponent)}))
    return _raised(product, exponent) if isinstance(exponent, int) else None


def _near(exponent: float) -> Number:
    """The number that an exponent stands for: 1/3 and 1/3 - 1 differ by 1, rounded or not."""
    simple = Fraction(exponent).limit_denominator(1000)
    found = simple if abs(float(simple) - exponent) <= 2.0**-52 * max(1.0, abs(exponent)) else Fraction(exponent)
    return int(found) if found.denominator == 1 else found


def _negative(terms: tuple[_Term, ...]) -> tuple[_Term, ...]:
    return tuple(_Term(-coefficient, monomial) for coefficient, monomial in terms)


def _times(left: _Term, right: _Term) -> _Term:
    return _Term(left.coefficient * right.coefficient, _product(left.monomial, right.monomial))


def _product(*monomials: Monomial) -> Monomial:
    first, *others = monomials
    exponents = dict(first)
    for other in others:
        for atom, exponent in other:
            exponents[atom] = exponents.get(atom, 0) + exponent
    return frozenset((atom, exponent) for atom, exponent in exponents.items() if exponent)


def _power(monomial: Monomial, exponent: Number) -> Monomial:
    return frozenset((atom, e * exponent) for atom, e in monomial)


def _raised(term: _Term, exponent: int) -> _Term:
    coefficient, monomial = term
    raised = coefficient if coefficient == 1 else Fraction(coefficient) ** exponent
    return _Term(int(raised) if raised.denominator == 1 else raised, _power(monomial, exponent))


def _is_tame(term: _Term) -> bool:
    """Whether a term is short, with a coefficient of ordinary size, and under one sum over rows at most."""
    coefficient, monomial = term
    rows = [exponent for atom, exponent in monomial if atom == ROWS]
    return len(monomial) <= MOST and 1 < size(coefficient) * _LARGEST < _LARGEST**2 and rows in ([], [1])
