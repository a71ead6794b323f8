"""Nodes written out as sums of monomials: each term is a coefficient times powers of other nodes.

The sum equals the node where no divisor is 0 and nothing overflows; passes use it to see which terms are alike.
"""

import math
from collections import Counter
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple, Self, TypeAlias

from symgraph.compiler.ir.graph import GraphBuilder, Node
from symgraph.compiler.numerics.uses import operands_first

Number: TypeAlias = int | Fraction
"""Coefficient or exponent. Integers stay integers, whose arithmetic is fast; a quotient of two is made a Fraction first."""

MOST = 16
"""Most terms of a sum, and most factors of a product, that are written out: the work for each node has a bound."""

_DEEPEST = 64
"""Deepest nesting that is written out, since walks through the result recurse."""

_LARGEST = 2**900
"""Largest coefficient that is combined with others, since it could overflow; its inverse is the smallest."""

Monomial = tuple[tuple[int, Number], ...]
"""Nodes with their exponents, in the order of positions; empty for 1. ``ROWS`` marks a sum over rows, ``~x`` is abs(x)."""

ROWS = -(2**62)


class Term(NamedTuple):
    """Coefficient times a monomial."""

    coefficient: Number
    monomial: Monomial


class _Sum(NamedTuple):
    """Node written out.

    Attributes:
        terms: the terms that add up to the node; a node that is not written out is one term.
        whole: the node as one product, in which sums stay as they are.
        depth: the depth to which the node was written out.
    """

    terms: tuple[Term, ...]
    whole: Term
    depth: int


_SUMS = frozenset({"add", "sub"})
_READ = frozenset({*_SUMS, "const", "neg", "mul", "div", "rowsum", "sqrt", "pow", "abs", "sign", "select"})
ONE: Monomial = ()


class Reading:
    """Reader of one builder's nodes as sums of monomials.

    Args:
        builder: the nodes.
        levels: how many levels of products of sums are written out: (x - a)**2/q**3 is one monomial at level 0, or several, and
            if a is a product of sums, it stays whole at level 1.
    """

    def __init__(self, builder: GraphBuilder, *, levels: float = math.inf) -> None:
        self.builder = builder
        self._levels = levels
        self._sums: dict[int, _Sum] = {}
        self._first: dict[frozenset[tuple[Term, int]], int] = {}

    @cached_property
    def inner(self) -> Self | None:
        """The reader of sums that are factors; None where they stay whole."""
        if self._levels == math.inf:
            return self
        return type(self)(self.builder, levels=self._levels - 1) if self._levels else None

    def terms(self, position: int) -> tuple[Term, ...]:
        """Return the terms of a node."""
        nodes, sums = self.builder.nodes, self._sums
        for top in operands_first(nodes, position, sums, lambda node: node.args if node.op in _READ else ()):
            sums[top] = self._written_out(top, nodes[top])
        return sums[position].terms

    def whole(self, position: int) -> Term:
        """Return a node as one product."""
        self.terms(position)
        return self._sums[position].whole

    def of_factor(self, position: int) -> Self | None:
        """Return the reader of a factor over whose terms a product is distributed; None where it stays whole."""
        is_sum = self.builder.nodes[position].op in _SUMS and not any(map(by_row, self._sums[position].terms))
        return self.inner if is_sum else self

    def factors(self, position: int) -> tuple[Term, ...]:
        """Return the terms of a factor over which a product is distributed, or the factor as a whole."""
        reader = self.of_factor(position)
        return (self._sums[position].whole,) if reader is None else reader.terms(position)

    def _written_out(self, position: int, node: Node) -> _Sum:
        own = itself(position)
        if node.op not in _READ:
            return _Sum((own,), own, 0)
        parts = [self._sums[arg] for arg in node.args]
        terms = self._as_sum(node, [part.terms for part in parts])
        whole = self._as_product(node, [part.whole for part in parts])
        if node.op in _SUMS and terms is not None:
            whole = self._same_sum(position, terms)
        whole = whole or own
        terms = terms or (whole,)
        depth = 1 + max([part.depth for part in parts], default=0)
        new = (whole,) if node.op in _SUMS else (whole, *terms)
        if len(terms) > MOST or depth > _DEEPEST or not all(map(_is_tame, new)):
            return _Sum((own,), own, 0)
        return _Sum(terms, whole, depth)

    def _same_sum(self, position: int, terms: tuple[Term, ...]) -> Term:
        """Return the first node that was met with the same terms as a sum, negated if it had the negated terms."""
        opposite = self._first.get(_counted(_negative(terms)))
        return (
            itself(self._first.setdefault(_counted(terms), position))
            if opposite is None
            else Term(-1, itself(opposite).monomial)
        )

    def _as_sum(self, node: Node, parts: list[tuple[Term, ...]]) -> tuple[Term, ...] | None:
        """Return the terms of an operation on written-out nodes, or None where it is one term."""
        match node.op:
            case "add":
                return parts[0] + parts[1]
            case "sub":
                return parts[0] + _negative(parts[1])
            case "neg":
                return _negative(parts[0])
            case "mul":
                return tuple(times(left, right) for left in self.factors(node.args[0]) for right in self.factors(node.args[1]))
            case "div":
                below = raised(self._sums[node.args[1]].whole, -1)
                return tuple(times(above, below) for above in self.factors(node.args[0]))
            case "rowsum":
                return self._over_rows(parts[0])
        return None

    def _as_product(self, node: Node, parts: list[Term]) -> Term | None:
        """Return an operation as a product of powers, or None where it is none."""
        match node.op:
            case "const":
                number = exact(node.data)
                return None if number is None else Term(number, ONE)
            case "neg":
                return times(Term(-1, ONE), parts[0])
            case "mul":
                return times(*parts)
            case "div":
                return times(parts[0], raised(parts[1], -1))
            case "sqrt":
                return self._scaled_length(node.args[0]) or _power_of(parts[0], Fraction(1, 2))
            case "pow":
                exponent = self.builder.nodes[node.args[1]].data
                return _power_of(parts[0], _near(exponent)) if isinstance(exponent, float) else None
            case "abs":
                return _length(node.args[0], parts[0])
            case "sign":
                return times(_length(node.args[0], parts[0]), raised(parts[0], -1))
            case "select" if self._guards(node):
                return parts[2]
        return None

    def _over_rows(self, inner: tuple[Term, ...]) -> tuple[Term, ...] | None:
        """Return the terms of a sum over rows, or None if one of them does not vary by row."""
        nodes = self.builder.nodes
        if not all(any(atom != ROWS and nodes[max(atom, ~atom)].varying for atom, _ in term.monomial) for term in inner):
            return None
        return tuple(times(term, Term(1, ((ROWS, 1),))) for term in inner)

    def _scaled_length(self, position: int) -> Term | None:
        """Return hypot(x, y)/g for the root of max((x/g)**2 + (y/g)**2, 1), as the partials of hypot have it, else None."""
        nodes = self.builder.nodes
        top = nodes[position]
        total = nodes[top.args[0]] if top.op == "max" else top
        squares = [nodes[arg] for arg in total.args] if total.op == "add" else []
        quotients = [nodes[square.args[0]] for square in squares if square.op == "mul" and square.args[0] == square.args[1]]
        if [quotient.op for quotient in quotients] != ["div", "div"] or quotients[0].args[1] != quotients[1].args[1]:
            return None
        length = self.builder.find("hypot", *[quotient.args[0] for quotient in quotients])
        scale = quotients[0].args[1]
        if length is None:
            return None
        self.terms(scale)
        return times(itself(length), raised(self._sums[scale].whole, -1))

    def _guards(self, node: Node) -> bool:
        """Tell if a node selects 1 where a divisor is 0, else a power of the divisor."""
        nodes = self.builder.nodes
        condition, one = (nodes[arg] for arg in node.args[:2])
        if condition.op != "eq" or nodes[condition.args[1]].data != 0.0 or one.data != 1.0:
            return False
        return {atom for atom, _ in self._sums[node.args[2]].whole.monomial} == {condition.args[0]}


def by_row(term: Term) -> bool:
    """Tell if a term is a sum over rows."""
    return (ROWS, 1) in term.monomial


def itself(position: int) -> Term:
    """Return the term that stands for a node as it is."""
    return Term(1, ((position, 1),))


def exact(value: object) -> Number | None:
    """Return a finite float as a number, None for anything else."""
    if not isinstance(value, float) or not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else Fraction(value)


def _power_of(product: Term, exponent: Number) -> Term | None:
    """Return a power; of a product only an integer one, since the factors of a positive product may be negative."""
    if not exponent or not -MOST <= exponent <= MOST:
        return None
    if product.coefficient == 1 and [e for _, e in product.monomial] == [1]:
        return Term(1, power(product.monomial, exponent))
    return raised(product, exponent) if isinstance(exponent, int) else None


def _length(position: int, product: Term) -> Term:
    """Return the absolute value of a node, the same for a node and its negative."""
    single = product.coefficient in (1, -1) and [e for _, e in product.monomial] == [1]
    ((atom, _),) = product.monomial if single else [(position, 1)]
    return Term(1, ((~atom if atom >= 0 else atom, 1),))


def _counted(terms: tuple[Term, ...]) -> frozenset[tuple[Term, int]]:
    """Make a key of terms that does not depend on their order."""
    return frozenset(Counter(terms).items())


def _near(exponent: float) -> Number:
    """Return the simple fraction that an exponent stands for: 1/3 and 1/3 - 1 differ by 1, rounded or not."""
    simple = Fraction(exponent).limit_denominator(1000)
    found = simple if abs(float(simple) - exponent) <= 2.0**-52 * max(1.0, abs(exponent)) else Fraction(exponent)
    return int(found) if found.denominator == 1 else found


def _negative(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    return tuple(Term(-coefficient, monomial) for coefficient, monomial in terms)


def size(value: Number) -> Number:
    """Return the magnitude of a number."""
    return -value if value < 0 else value


def times(left: Term, right: Term) -> Term:
    """Multiply two terms."""
    return Term(left.coefficient * right.coefficient, product(left.monomial, right.monomial))


def product(*monomials: Monomial) -> Monomial:
    """Multiply monomials."""
    first, *others = monomials
    exponents = dict(first)
    for other in others:
        for atom, exponent in other:
            exponents[atom] = exponents.get(atom, 0) + exponent
    return tuple(sorted([(atom, exponent) for atom, exponent in exponents.items() if exponent]))


def power(monomial: Monomial, exponent: Number) -> Monomial:
    """Raise a monomial to a power."""
    return tuple([(atom, e * exponent) for atom, e in monomial])


def raised(term: Term, exponent: int) -> Term:
    """Raise a term to an integer power."""
    coefficient, monomial = term
    number = coefficient if coefficient == 1 else Fraction(coefficient) ** exponent
    return Term(int(number) if number.denominator == 1 else number, power(monomial, exponent))


def _is_tame(term: Term) -> bool:
    """Tell if a term is of ordinary size, and under one sum over rows at most."""
    rows = [exponent for atom, exponent in term.monomial if atom == ROWS]
    return is_ordinary(*term) and rows in ([], [1])


def is_ordinary(coefficient: Number, monomial: Monomial) -> bool:
    """Tell if a monomial is short, and its coefficient a double that is neither 0 nor huge nor tiny."""
    return len(monomial) <= MOST and (coefficient in (1, -1) or 1 < size(coefficient) * _LARGEST < _LARGEST * _LARGEST)
