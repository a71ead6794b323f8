"""Linear forms: a node as a sum of rational multiples of products, the same however a user orders them."""

import math
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, field
from fractions import Fraction

from symgraph.compiler.ir.graph import GraphBuilder, Node
from symgraph.compiler.numerics.monomials import MOST, ONE, Monomial, Number, exact, is_ordinary, power, product
from symgraph.compiler.numerics.uses import operands_first

Form = dict[Monomial, Number]
"""Coefficient of each monomial; an empty form is 0."""

PLAIN_BITS = 40
"""Most bits of a constant that counts as exact: 0.1 or pi was rounded. Folding such a constant with others is left to the pass
``fold_constants``, whose errors an error bound can follow."""


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
        nodes = self.builder.nodes

        def read(node: Node) -> Iterable[int]:
            return (arg for arg in node.args if not opaque(arg)) if node.op in LOOKED_INTO else ()

        for top in operands_first(nodes, position, cache, read):
            parts = nodes[top].args if nodes[top].op in LOOKED_INTO else ()
            form = self._combined(top, [atom(arg) if opaque(arg) else cache[arg] for arg in parts])
            tame = form is not None and len(form) <= MOST and all(is_ordinary(c, m) for m, c in form.items())
            cache[top] = form if form is not None and tame else atom(top)
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
            return times(parts[0], parts[1] if node.op == "mul" else raised(parts[1], -1))
        if node.op == "pow":
            return self._power(operands, node.args)
        return None

    def _constant(self, value: float) -> Form | None:
        """Return the form of a constant: its number if it has few bits, else a node of its own, since it was rounded."""
        if not value:
            return {}
        number = exact(value)
        if number is None:
            return None
        if _bits(number) <= PLAIN_BITS:
            return {ONE: number}
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
        return raised(operands[0] if len(operands[0]) == 1 else atom(args[0]), int(exponent))


LOOKED_INTO = frozenset({"add", "sub", "neg", "mul", "div", "pow"})
"""Ops that forms write out."""


def atom(position: int) -> Form:
    """Return the form of a node as a single term."""
    return {((position, 1),): 1}


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


def raised(form: Form, exponent: Number) -> Form:
    """Raise a form of one term to a power."""
    ((monomial, coefficient),) = form.items()
    number = coefficient if coefficient == 1 else Fraction(coefficient) ** int(exponent)
    return {power(monomial, exponent): number}


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


def multiple(form: Form, total: Form) -> tuple[Monomial, Fraction] | None:
    """Return the product and the number by which a sum is a multiple of another; None where it is none."""
    if len(form) != len(total):
        return None
    lead, size_of_lead = next(iter(total.items()))
    for monomial, coefficient in form.items():
        by, ratio = product(monomial, power(lead, -1)), Fraction(coefficient) / Fraction(size_of_lead)
        if form == {product(part, by): ratio * c for part, c in total.items()}:
            return by, ratio
    return None


def _bits(value: Number) -> int:
    """Count the bits of a dyadic number from the first to the last one that is set."""
    numerator = abs(value.numerator)
    return (numerator // (numerator & -numerator)).bit_length()
