"""Linear forms: a node as a sum of rational multiples of products, the same however a user orders them."""

import math
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

from symgraph.ir.graph import GraphBuilder

Monomial = tuple[tuple[int, int], ...]
"""Positions of nodes with their exponents, in the order of positions; empty for the constant 1."""

Number: TypeAlias = int | Fraction
"""Coefficient of a monomial. Integers stay integers, whose arithmetic is fast; a quotient of two is made a Fraction first."""

Form = dict[Monomial, Number]
"""Coefficient of each monomial; an empty form is 0."""

MOST = 16
"""Most parts of a sum or product that is written out: the work for each node has a bound, and so long a sum is no pattern."""

PLAIN_BITS = 40
"""Most bits of a constant that counts as exact: 0.1 or pi was rounded. Folding such a constant with others is left to the pass
``fold_constants``, whose errors an error bound can follow."""

ONE: Monomial = ()
_LARGEST = 2**900
"""Bound of the coefficients that are combined with others (its inverse: the lower one): beyond it they could overflow."""


@dataclass(slots=True)
class Forms:
    """Forms of a builder's nodes.

    Attributes:
        builder: the nodes.
        named: positions that have a name.
    """

    builder: GraphBuilder
    named: Set[int]
    _inner: dict[int, Form] = field(default_factory=dict)
    _outer: dict[int, Form] = field(default_factory=dict)
    _known: dict[frozenset[tuple[Monomial, Number]], int] = field(default_factory=dict)

    def inner(self, position: int) -> Form:
        """Return the form of a node, named nodes in it written out."""
        return self._form(position, self._inner, lambda _: False)

    def outer(self, position: int) -> Form:
        """Return the form of a node in which named nodes, itself apart, stay whole."""
        return self._form(position, self._outer, self.named.__contains__)

    def whole(self, position: int) -> Form:
        """Return a node of several terms as a single term, and a node of one term as that term."""
        form = self.inner(position)
        return form if len(form) <= 1 else atom(position)

    def find(self, form: Form) -> int | None:
        """Return the first node that was met with this form, or None."""
        return self._known.get(frozenset(form.items()))

    def note(self, form: Form, position: int) -> None:
        """Record a node of a form."""
        self._known.setdefault(frozenset(form.items()), position)

    def _form(self, position: int, cache: dict[int, Form], opaque: Callable[[int], bool]) -> Form:
        stack = [position]
        while stack:
            top = stack[-1]
            node = self.builder.nodes[top]
            parts = node.args if node.op in LOOKED_INTO else ()
            waiting = [arg for arg in parts if arg not in cache and not opaque(arg)]
            if waiting and top not in cache:
                stack.extend(waiting)
                continue
            stack.pop()
            if top not in cache:
                operands = [atom(arg) if opaque(arg) else cache[arg] for arg in parts]
                form = self._combined(top, operands)
                cache[top] = form if form is not None and _is_tame(form) else atom(top)
                self.note(cache[top], top)
        return cache[position]

    def _combined(self, position: int, operands: list[Form]) -> Form | None:
        node = self.builder.nodes[position]
        if isinstance(node.data, float):
            return self._constant(node.data)
        if node.op in ("add", "sub"):
            return plus(operands[0], operands[1], 1 if node.op == "add" else -1)
        if node.op == "neg":
            return scaled(operands[0], -1)
        if node.op in ("mul", "div"):
            parts = [form if len(form) == 1 else atom(arg) for form, arg in zip(operands, node.args, strict=True)]
            return times(parts[0], parts[1] if node.op == "mul" else power(parts[1], -1))
        if node.op == "pow":
            return self._power(operands, node.args)
        return None

    def _constant(self, value: float) -> Form | None:
        """Return the form of a constant: its number if it has few bits, else a node of its own, since it was rounded."""
        if not math.isfinite(value):
            return None
        if not value:
            return {}
        exact = int(value) if value.is_integer() else Fraction(value)
        if _bits(exact) <= PLAIN_BITS:
            return {ONE: exact}
        return scaled(atom(self.builder.const(abs(value))), 1 if value > 0 else -1)

    def split(self, monomial: Monomial) -> tuple[Monomial, Monomial]:
        """Split a product into its constants and its other factors."""
        nodes = self.builder.nodes
        constants = tuple(factor for factor in monomial if nodes[factor[0]].op == "const")
        return constants, tuple(factor for factor in monomial if factor not in constants) if constants else monomial

    def _power(self, operands: list[Form], args: tuple[int, ...]) -> Form | None:
        exponent = self.builder.nodes[args[1]].data
        if not isinstance(exponent, float) or exponent != round(exponent) or not 0 < abs(exponent) <= MOST:
            return None
        return power(operands[0] if len(operands[0]) == 1 else atom(args[0]), int(exponent))


LOOKED_INTO = frozenset({"add", "sub", "neg", "mul", "div", "pow"})
"""Ops that forms write out."""


def atom(position: int) -> Form:
    """Return the form of a node as a single term."""
    return {((position, 1),): 1}


def size(value: Number) -> Number:
    """Return the magnitude of a number."""
    return -value if value < 0 else value


def scaled(form: Form, scale: Number) -> Form:
    """Multiply a form by a number."""
    return {monomial: scale * coefficient for monomial, coefficient in form.items()} if scale else {}


def plus(left: Form, right: Form, scale: Number) -> Form:
    """Return left + scale * right, without terms that cancel."""
    result = dict(left)
    for monomial, coefficient in right.items():
        total = result.get(monomial, 0) + scale * coefficient
        if total:
            result[monomial] = total
        else:
            del result[monomial]
    return result


def quotient(above: Number, below: Number) -> Number:
    """Return above / below, exactly."""
    if below == 1:
        return above
    return -above if below == -1 else Fraction(above) / below


def times(left: Form, right: Form) -> Form:
    """Multiply two forms of one term."""
    (m, c), (n, d) = *left.items(), *right.items()
    return {product(m, n): c * d}


def inverse(monomial: Monomial, exponent: int = 1) -> Monomial:
    """Return 1 / monomial**exponent."""
    return tuple((node, -e * exponent) for node, e in monomial)


def power(form: Form, exponent: int) -> Form:
    """Raise a form of one term to a power."""
    ((monomial, coefficient),) = form.items()
    raised: Number = coefficient**exponent if exponent >= 0 else 1 / Fraction(coefficient) ** -exponent
    return {tuple((node, e * exponent) for node, e in monomial): raised}


def product(left: Monomial, right: Monomial) -> Monomial:
    """Multiply two monomials."""
    exponents = dict(left)
    for node, exponent in right:
        exponents[node] = exponents.get(node, 0) + exponent
    return tuple(sorted((node, exponent) for node, exponent in exponents.items() if exponent))


def root(value: Number) -> Number | None:
    """Return the square root of a rational number if it is rational, else None."""
    if value == 1:
        return 1
    if value < 0:
        return None
    above, below = math.isqrt(value.numerator), math.isqrt(value.denominator)
    exact = above * above == value.numerator and below * below == value.denominator
    return Fraction(above, below) if exact else None


def halves(monomial: Monomial) -> Monomial | None:
    """Return the square root of a monomial if its exponents are even, else None."""
    return tuple((node, e // 2) for node, e in monomial) if all(e % 2 == 0 for _, e in monomial) else None


def without(form: Form, monomial: Monomial) -> Form:
    """Return a form without one of its terms."""
    return {m: c for m, c in form.items() if m != monomial}


def _bits(value: Number) -> int:
    """Count the bits of a dyadic number from the first to the last one that is set."""
    numerator = abs(value.numerator)
    return (numerator // (numerator & -numerator)).bit_length()


def _is_tame(form: Form) -> bool:
    """Tell if a form is short, with coefficients that a double can hold."""
    if len(form) > MOST:
        return False
    return all(len(m) <= MOST and (c in (1, -1) or 1 < size(c) * _LARGEST < _LARGEST * _LARGEST) for m, c in form.items())
