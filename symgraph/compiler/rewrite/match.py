"""Matching of patterns against linear forms, up to order, signs and common factors, however a sum or product is written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial, reduce
from types import MappingProxyType

from symgraph.compiler.ir.graph import GraphBuilder
from symgraph.compiler.numerics.monomials import MOST, ONE, Monomial, Number, power, product, size
from symgraph.compiler.rewrite.linear_forms import (
    LOOKED_INTO,
    Form,
    Forms,
    atom,
    halves,
    multiple,
    plus,
    quotient,
    raised,
    root,
    scaled,
    times,
    without,
)
from symgraph.compiler.rewrite.pattern import Each, Head, Hole, Sum, Term
from symgraph.spec.ops.ops import EVEN, ODD

Bindings = Mapping[str, "Form | tuple[Form, ...]"]
"""Value of each placeholder: a form, or a list of forms for one inside ``sum``."""

NOTHING: Bindings = MappingProxyType({})
_COMMUTATIVE = frozenset({"hypot", "logaddexp", "max", "min"})


Scale = tuple[Number, Monomial]
"""Common factor of a sum: a number, and constants that are kept as nodes."""

SELF: Scale = (1, ONE)


@dataclass(frozen=True, slots=True)
class Part:
    """Sum that holds a pattern: scale * pattern + rest."""

    bound: Bindings
    scale: Scale
    rest: Form


@dataclass(frozen=True, slots=True)
class Factor:
    """Product that holds a pattern: scale * pattern * rest."""

    bound: Bindings
    scale: Number
    rest: Monomial


@dataclass(frozen=True, slots=True)
class Matcher:
    """Finder of patterns in the nodes of a builder.

    Attributes:
        builder: the nodes.
        forms: their forms.
        before: the node that each replacement replaced: a larger pattern may have had it as a part.
    """

    builder: GraphBuilder
    forms: Forms
    before: Mapping[int, int]

    def call(self, pattern: Head, position: int, bound: Bindings = NOTHING) -> Iterator[Bindings]:
        """Yield the ways in which a node is an op on the pattern's operands."""
        node = self.builder.nodes[position]
        if node.op != pattern.op:
            if position in self.before:
                yield from self.call(pattern, self.before[position], bound)
            return
        if pattern.rest:
            yield from self._nested(pattern, position, bound)
            return
        yield from self._operands(pattern.args, node.args, bound)
        if node.op in _COMMUTATIVE:
            yield from self._operands(pattern.args, node.args[::-1], bound)

    def _calls(self, pattern: Head, position: int, bound: Bindings) -> Iterator[tuple[Bindings, int]]:
        """Yield the ways in which a node, or its negative, is an op on the pattern's operands, each with the sign.

        cosh(b - a) is cosh(a - b), and sinh(b - a) is -sinh(a - b): it does not matter which of the two SymPy keeps.
        """
        for found in self.call(pattern, position, bound):
            yield found, 1
        node = self.builder.nodes[position]
        if node.op == pattern.op and (node.op in EVEN or node.op in ODD):
            for found in self.equal(pattern.args[0], scaled(self.forms.inner(node.args[0]), -1), bound):
                yield found, 1 if node.op in EVEN else -1

    def _nested(self, pattern: Head, position: int, bound: Bindings) -> Iterator[Bindings]:
        """Yield the matches of an op nested in itself: one of its operands, and the list of the others."""
        leaves = self._leaves(position)
        for index, leaf in enumerate(leaves):
            others = tuple(self.forms.inner(other) for other in leaves[:index] + leaves[index + 1 :])
            both = {**bound, pattern.text: atom(position), pattern.rest: others}
            yield from self._operands(pattern.args, (leaf,), both)

    def _leaves(self, position: int) -> list[int]:
        """Return the operands of an op nested in itself, from left to right; none if there are too many."""
        op, stack = self.builder.nodes[position].op, [position]
        found: list[int] = []
        while stack and len(found) + len(stack) <= MOST:
            node = self.builder.nodes[stack[-1]]
            if node.op == op:
                stack[-1:] = node.args[::-1]
            else:
                found.append(stack.pop())
        return [] if stack else found

    def _operands(self, patterns: tuple[Sum, ...], args: tuple[int, ...], bound: Bindings) -> Iterator[Bindings]:
        if not patterns:
            yield bound
            return
        for position in (args[0], self.before.get(args[0])):
            if position is not None:
                for found in self.equal(patterns[0], self.forms.inner(position), bound):
                    yield from self._operands(patterns[1:], args[1:], found)

    def equal(self, pattern: Sum, form: Form, bound: Bindings) -> Iterator[Bindings]:
        """Yield the ways in which a form is the pattern."""
        for part in self._terms(pattern.terms, Part(bound, SELF, form), scaled_by=SELF, inside=True):
            yield part.bound

    def within(self, pattern: Sum, form: Form, bound: Bindings = NOTHING, *, inside: bool = False) -> Iterator[Part]:
        """Yield the ways in which some terms of a form are a multiple of the pattern; inside another op, all terms."""
        scale = SELF if pattern.terms[-1].each is not None else None  # a list takes its terms as they are
        yield from self._terms(pattern.terms, Part(bound, SELF, form), scaled_by=scale, inside=inside)

    def _terms(self, terms: tuple[Term, ...], part: Part, *, scaled_by: Scale | None, inside: bool) -> Iterator[Part]:
        """Match terms one after another; ``scaled_by`` is the scale, or None while no term has fixed it."""
        if not terms:
            if not (inside and part.rest):
                yield Part(part.bound, scaled_by or SELF, part.rest)
            return
        first, others = terms[0], terms[1:]
        if first.each is not None:
            found = self._each(first.each, part) if scaled_by in (None, SELF) else None
            if found is not None:
                yield from self._terms(others, found, scaled_by=SELF, inside=inside)
        elif first.hole is not None and (inside or first.hole.name in part.bound):
            for scale, found in self._hole(first, first.hole, part, scaled_by or SELF):
                yield from self._terms(others, found, scaled_by=scale, inside=inside)
        elif scaled_by is not None and (value := self._value(first, part.bound)):
            number, constants = scaled_by
            wanted: Form = {product(m, constants): number * c for m, c in value.items()}
            for rest in self._without(wanted, part.rest):
                yield from self._terms(others, Part(part.bound, part.scale, rest), scaled_by=scaled_by, inside=inside)
        else:
            for scale, found in self._term(first, part, scaled_by):
                yield from self._terms(others, found, scaled_by=scale, inside=inside)

    def _each(self, each: Each, part: Part) -> Part | None:
        """Match every term that is left; a list that is bound already must have the same values, in any order."""
        collected: dict[str, tuple[Form, ...]] = {}
        if len(part.rest) < each.least:
            return None
        single = {name: value for name, value in part.bound.items() if isinstance(value, dict)}
        for monomial, coefficient in part.rest.items():
            bound = self._repeated(each.term, monomial, coefficient, single)
            if bound is None:
                return None
            for name in bound.keys() - single.keys():
                value = bound[name]
                collected[name] = (*collected.get(name, ()), value if isinstance(value, dict) else {})
        for name, values in collected.items():
            known = part.bound.get(name, values)
            alike = isinstance(known, tuple) and all(known.count(value) == values.count(value) for value in values)
            if not alike or len(known) != len(values):
                return None
        return Part({**part.bound, **collected}, SELF, {})

    def _repeated(self, pattern: Sum, monomial: Monomial, coefficient: Number, bound: Bindings) -> Bindings | None:
        """Match one term of a sum of like terms, where c counts as c*exp(0), and any c >= 0 as the square of sqrt(c)."""
        (term,) = pattern.terms
        (inner, exponent) = term.factors[0]
        if (
            isinstance(inner, Head)
            and inner.op == "exp"
            and not any(self.builder.nodes[node].op == "exp" for node, _ in monomial)
        ):
            for zero in self.equal(inner.args[0], {}, bound):
                for factor in self._factors(term.factors[1:], Factor(zero, coefficient, monomial)):
                    return factor.bound if factor.rest == ONE and factor.scale == 1 else None
        if isinstance(inner, Hole) and exponent == 2:
            constants, core = self.forms.split(monomial)
            halved, magnitude = halves(core), self._root(coefficient, constants)
            found = halved is not None and magnitude is not None
            return {**bound, inner.name: times({halved or ONE: 1}, magnitude or {})} if found else None
        return next(self.equal(pattern, {monomial: coefficient}, bound), None)

    def _root(self, value: Number, constants: Monomial) -> Form | None:
        """Return the square root of a number times constants, as a node where it is not rational."""
        exact = root(value)
        if not constants:
            plain = value > 0 and float(value) == value
            at = self.builder.const(float(value)) if exact is None and plain else None
        else:
            at = constants[0][0] if len(constants) == 1 and constants[0][1] == 1 else None
        if at is not None and (not constants or exact is not None):
            return scaled(atom(self.builder.add("sqrt", at)), exact if constants and exact is not None else 1)
        return {ONE: exact} if exact is not None and not constants else None

    def _hole(self, term: Term, hole: Hole, part: Part, scaled_by: Scale) -> Iterator[tuple[Scale, Part]]:
        """Match a placeholder that is a term: it takes all that is left or, where it is bound already, its value."""
        number, constants = scaled_by
        value = part.bound.get(hole.name)
        if value is None:
            divisor = number * term.coefficient
            taken: Form = {product(m, power(constants, -1)): quotient(c, divisor) for m, c in part.rest.items()}
            yield scaled_by, Part({**part.bound, hole.name: taken}, part.scale, {})
        elif isinstance(value, dict):
            wanted: Form = {product(m, constants): number * term.coefficient * c for m, c in value.items()}
            for rest in self._without(wanted, part.rest):
                yield scaled_by, Part(part.bound, part.scale, rest)

    def _value(self, term: Term, bound: Bindings) -> Form:
        """Return the value of a product of placeholders that are bound; empty for any other term."""
        result: Form = {ONE: term.coefficient}
        for part, exponent in term.factors:
            value = bound.get(part.name) if isinstance(part, Hole) else None
            if not isinstance(value, dict) or not value or (len(value) > 1 and (exponent != 1 or len(result) > 1)):
                return {}
            power_of = raised(value, exponent) if len(value) == 1 else value
            result = {product(m, n): c * d for m, c in result.items() for n, d in power_of.items()}
        return result if term.factors else {}

    def _without(self, wanted: Form, form: Form) -> Iterator[Form]:
        """Yield a form without some terms, which may be one named sum in it, or a sum that is written out in it."""
        if not wanted:
            yield from () if form else ({},)
            return
        written_out = self._written_out(*next(iter(wanted.items()))) if len(wanted) == 1 else {}
        for terms in (wanted, written_out):
            if terms and all(form.get(m) == c for m, c in terms.items()):
                yield {m: c for m, c in form.items() if m not in terms}
                return
        for monomial, coefficient in form.items():
            found = self._written_out(monomial, coefficient)
            if found and found == wanted:
                yield without(form, monomial)
                return

    def _written_out(self, monomial: Monomial, coefficient: Number) -> Form:
        """Return a multiple of one node with that node written out; empty for any other form."""
        nodes = self.builder.nodes
        if not any(nodes[node].op in LOOKED_INTO for node, _ in monomial):
            return {}
        constants, core = self.forms.split(monomial)
        if len(core) != 1 or core[0][1] != 1:
            return {}
        return {product(m, constants): coefficient * c for m, c in self.forms.inner(core[0][0]).items()}

    def _term(self, term: Term, part: Part, scaled_by: Scale | None) -> Iterator[tuple[Scale, Part]]:
        """Match one term of the pattern with one term of the form, which fixes the scale where that is open."""
        for monomial, coefficient in part.rest.items():
            if not self._shows(term, (*monomial, *(scaled_by[1] if scaled_by else ()))):
                continue
            # where the scale is open, 4*a**2 is (2*a)**2 rather than 4 times a**2
            alone = size(coefficient) if root(size(coefficient)) is not None else 1
            if scaled_by is None:
                wanted = Factor(part.bound, alone, monomial)
            else:
                number, constants = scaled_by
                scale = quotient(coefficient, number * term.coefficient)
                wanted = Factor(part.bound, scale, product(monomial, power(constants, -1)))
            for factor in self._factors(term.factors, wanted):
                left = without(part.rest, monomial)
                if scaled_by is None and not self.forms.split(factor.rest)[1]:
                    number = quotient(coefficient, alone * term.coefficient)
                    yield (number * factor.scale, factor.rest), Part(factor.bound, part.scale, left)
                elif scaled_by is not None and not factor.rest and factor.scale == 1:
                    yield scaled_by, Part(factor.bound, part.scale, left)

    def _shows(self, term: Term, factors: Monomial) -> bool:
        """Tell by a quick look if the op with which a term begins, if any, may be among some factors."""
        first = term.factors[0][0] if term.factors else None
        if not isinstance(first, Head) or first.op == "pow":
            return True
        nodes, op = self.builder.nodes, first.op
        return any(nodes[node].op == op or node in self.before for node, _ in factors)

    def product(self, term: Term, form: Form) -> Iterator[Factor]:
        """Yield the ways in which some factors of a form of one term are the pattern."""
        for monomial, coefficient in form.items():
            yield from self._factors(term.factors, Factor(NOTHING, quotient(coefficient, term.coefficient), monomial))

    def _factors(self, factors: tuple[tuple[Hole | Head | Each | Sum, int], ...], left: Factor) -> Iterator[Factor]:
        if not factors:
            yield left
            return
        value = self._value(Term(1, factors), left.bound) if len(factors) > 1 else {}
        if len(value) == 1:  # of several placeholders whose factors may cancel
            yield from self._bound_factor(value, 1, left, partly=False)
            return
        (part, exponent), others = factors[0], factors[1:]
        if isinstance(part, Hole):
            found = self._hole_factor(part, exponent, left)
        elif isinstance(part, Sum) and (values := [self._value(term, left.bound) for term in part.terms]) and all(values):
            found = self._bound_factor(reduce(partial(plus, scale=1), values), exponent, left, partly=True)
        elif isinstance(part, Each):
            found = iter(())
        else:
            found = self._atoms(part, exponent, left)
        for factor in found:
            yield from self._factors(others, factor)

    def _atoms(self, part: Head | Sum, exponent: int, left: Factor) -> Iterator[Factor]:
        """Match an op or a sum to a power with a node that is in the product to that power at least."""
        for node, found in left.rest:
            if not _reaches(found, exponent):
                continue
            rest = product(left.rest, ((node, -exponent),))
            if isinstance(part, Head):
                if part.op == "pow" and exponent in (1, -1) and found not in (1, -1):
                    yield from self._whole_power(part, node, found, exponent, left)
                for bound, sign in self._calls(part, node, left.bound):
                    yield Factor(bound, left.scale * sign if exponent % 2 else left.scale, rest)
                continue
            summed = node
            if self.builder.nodes[node].op not in ("add", "sub") and part.terms[-1].each is None:
                summed = self.before.get(node, node)  # a list of like terms is for sums that no rule has a name for
            if self.builder.nodes[summed].op in ("add", "sub"):
                for match in self.within(part, self.forms.inner(summed), left.bound, inside=True):
                    number, constants = match.scale
                    scale = left.scale * Fraction(number) ** exponent
                    yield Factor(match.bound, scale, product(rest, power(constants, exponent)))

    def _whole_power(self, part: Head, node: int, found: Number, exponent: int, left: Factor) -> Iterator[Factor]:
        """Match a power, or its inverse, with an integer exponent, which forms do not write as an op."""
        for base in self.equal(part.args[0], self.forms.inner(node), left.bound):
            for bound in self.equal(part.args[1], {ONE: Fraction(found * exponent)}, base):
                yield Factor(bound, left.scale, product(left.rest, ((node, -found),)))

    def _hole_factor(self, hole: Hole, exponent: int, left: Factor) -> Iterator[Factor]:
        """Match a placeholder to a power: its value where it is bound, else all that is left, which must be such a power."""
        value = left.bound.get(hole.name)
        if value is None:
            taken = _taken(left, exponent)
            if taken is not None:
                yield Factor({**left.bound, hole.name: taken}, Fraction(1), ONE)
            elif exponent == 2 and left.scale > 0:
                constants, core = self.forms.split(left.rest)
                halved = halves(core)
                if halved is not None:
                    yield Factor({**left.bound, hole.name: {halved: 1}}, left.scale, constants)
        elif isinstance(value, dict):
            yield from self._bound_factor(value, exponent, left, partly=hole.partly)

    def _bound_factor(self, value: Form, exponent: int, left: Factor, *, partly: bool) -> Iterator[Factor]:
        """Match a value to a power with factors of a product, of which some may be missing: the rest is divided by these."""
        if len(value) == 1:
            ((monomial, scale),) = raised(value, exponent).items()
            present, wanted = dict(left.rest), self.forms.split(monomial)[1]
            # a constant may be missing in any case: sin(pi*x) / x is pi * sinc(pi*x)
            found = {node: _reaches(present.get(node, 0), e) for node, e in wanted}
            if all(found.values()) or (partly and any(found[node] for node, e in wanted if e * exponent > 0)):
                yield Factor(left.bound, Fraction(left.scale) / scale, product(left.rest, power(monomial, -1)))
        elif value:
            yield from self._sum_factor(value, exponent, left, partly=partly)

    def _sum_factor(self, value: Form, exponent: int, left: Factor, *, partly: bool) -> Iterator[Factor]:
        """Match a bound sum to a power with a node whose form is a multiple of it, by a product as well where a part may do."""
        for node, found in left.rest:
            by, ratio = multiple(value, self.forms.inner(node)) or (ONE, 0)
            if ratio and _reaches(found, exponent) and (partly or by == ONE):
                rest = product(left.rest, ((node, -exponent),), power(by, -exponent))
                yield Factor(left.bound, left.scale / ratio**exponent, rest)


def _reaches(found: Number, wanted: Number) -> bool:
    """Tell if an exponent is as far from 0 as the one that is wanted, or farther, on the same side."""
    return found * wanted >= wanted * wanted


def _taken(left: Factor, exponent: int) -> Form | None:
    """Return the form of which a product is the given power, or None."""
    if exponent == 1:
        return {left.rest: left.scale}
    if exponent == -1:
        below = left.scale == 1 and bool(left.rest) and all(e < 0 for _, e in left.rest)
        return {power(left.rest, -1): 1} if below else None
    halved, magnitude = halves(left.rest), root(left.scale)
    return None if exponent != 2 or halved is None or magnitude is None else {halved: magnitude}
