"""Groups of terms in a sum: a product, times functions of one argument that does not depend on it."""

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from symgraph.ir.laurent import Laurent
from symgraph.ir.monomials import Monomial, power, product
from symgraph.ir.univariate import FEW, Term, X, series_of, sum_of, times_x
from symgraph.rewrite.linear_forms import Form

_SHIFTS = 6
"""Most powers of x that are moved between a product and what it multiplies."""


class Argument(NamedTuple):
    """Argument that is 0.

    Attributes:
        node: its node.
        form: the form of it.
        base: that of the power which it is the logarithm of, else None.
        as_is: it is in no function that the formula has, so that the formula must stay beyond the radius.
    """

    node: int
    form: Form
    base: int | None = None
    as_is: bool = False


class Group(NamedTuple):
    """Terms of a sum: a product that does not depend on x, times terms in x.

    Attributes:
        argument: x.
        rest: the product.
        terms: the terms in x.
        monomials: the terms of the sum that these are.
    """

    argument: Argument
    rest: Monomial
    terms: tuple[Term, ...]
    monomials: tuple[Monomial, ...] = ()

    def may_lose(self) -> bool:
        """Tell if there is a function of x that another term, or a power of x, may cancel."""
        keys = [key for term in self.terms for key, _ in term.factors]
        if all(key == X for key in keys):
            return False
        parts = {self.argument.node} | {node for monomial in self.argument.form for node, _ in monomial}
        nested = X in keys or any(not isinstance(key[0], str) for key in keys)
        return len(self.terms) > 1 or nested or not parts.isdisjoint(node for node, _ in self.rest)

    def simplest(self) -> "Group":
        """Return the group with the power of x in the product that leaves it shortest; of several the least power at 0."""

        def size(group: "Group") -> tuple[float, int]:
            return sum(abs(float(e)) for _, e in group.rest), abs(group.total(FEW).first)

        return min(self.all_shifted(), key=size)

    def finite(self) -> "Group":
        """Return the group with terms that are neither 0 nor infinite at 0, if a power of x in the product leaves such."""
        return next((one for one in self.all_shifted() if one.total(FEW).first == 0), self)

    def far(self) -> "Group":
        """Return the group as people write it: few powers of x in the terms, but in the product no division by all of x."""

        def powers(group: "Group") -> int:
            return sum(abs(dict(term.factors).get(X, 0)) for term in group.terms)

        return min((one for one in self.all_shifted() if not one.divides()), key=powers, default=self)

    def divides(self) -> bool:
        """Tell if the product divides by all factors of x."""
        rest = dict(self.rest)
        return all(rest.get(node, 0) * degree < 0 for node, degree in next(iter(self.argument.form)))

    def all_shifted(self) -> "Iterator[Group]":
        """Yield the group with powers of x taken from the product into the terms, or the other way round."""
        ((monomial, scale), *others) = self.argument.form.items()
        for n in (0,) if others else range(-_SHIFTS, _SHIFTS + 1):
            terms = tuple(Term(c / Fraction(scale) ** n, times_x(factors, n)) for c, factors in self.terms)
            yield self._replace(rest=product(self.rest, power(monomial, -n)), terms=terms) if n else self

    def total(self, count: int) -> Laurent:
        """Return the series of the terms."""
        return sum_of(self.terms, count)

    def pole(self) -> Term | None:
        """Return the first term at 0 where a function is infinite there, else None."""
        poles = any(series_of(key, e, FEW).first < 0 for term in self.terms for key, e in term.factors if key != X)
        total = self.total(FEW)
        return Term(total.coefficients[0], ((X, total.first),)) if poles and total.coefficients else None

    def lead(self) -> Form:
        """Return the first term at 0 times the product, where a function is infinite there; else nothing."""
        pole = self.pole()
        if pole is None or len(self.argument.form) > 1:
            return {}
        ((monomial, scale),) = self.argument.form.items()
        exponent = dict(pole.factors)[X]
        return {product(self.rest, power(monomial, exponent)): pole.coefficient * Fraction(scale) ** exponent}

    def without_pole(self) -> "Group":
        """Return the group without its first term at 0."""
        pole = self.pole()
        assert pole is not None
        return self._replace(terms=(*self.terms, pole._replace(coefficient=-pole.coefficient)))
