"""Expressions as people write them, in any language of ``styles.py``: order of terms and factors, and brackets."""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, NamedTuple

import sympy
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from symgraph.show.views.styles import Style
from symgraph.spec.canonical import written_size
from symgraph.spec.declared import DeclaredSymbol

SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4
"""Ranks by which the parts of a written expression hold together."""


_MOST = 500
"""Operations and leaves of a derivative that is written out; paths through an unrolled loop are without number."""

Part = tuple[str, int]
"""A written part, and how tightly it holds together."""


class Product(NamedTuple):
    """A product in the order in which it is written; SymPy's own is multiplied out, sorted, or both.

    Attributes:
        coefficient: a SymPy number.
        factors: bases with their exponents.
    """

    coefficient: Any
    factors: tuple[tuple[Any, Any], ...]

    @property
    def value(self) -> Any:
        """Return it as a SymPy expression."""
        return sympy.Mul(self.coefficient, *(base**exponent for base, exponent in self.factors))


class Cotangent(DeclaredSymbol):
    """Symbol for the derivative of the loss by a vertex, d_<vertex>."""

    __slots__ = ()


def cotangent(name: str, place: int = 0) -> Cotangent:
    """Return the symbol of a cotangent.

    Args:
        name: of the vertex.
        place: its place among the vertices.
    """
    return Cotangent(f"d_{name}", f"9 {place:012d}")


def formula(expr: Any, style: Style) -> str:
    """Write a SymPy expression, or a product or a tuple of products that are added up.

    Args:
        expr: over the symbols of a model, cotangents among them.
        style: a row of ``STYLES``.
    """
    return _part(expr, style)[0]


def brief(expr: Any, style: Style, more: str = "") -> str:
    """Write what `formula` writes, or the number of its operations where nobody reads so many.

    Args:
        expr: as of `formula`.
        style: a row of ``STYLES``.
        more: what is said behind that number.
    """
    size = _size(expr)
    return formula(expr, style) if size <= _MOST else style.form("words", f"{size:,} operations{more}")


def _size(expr: Any) -> int:
    if isinstance(expr, Product):
        return sum(_size(base) for base, _ in expr.factors)
    return sum(map(_size, expr)) if isinstance(expr, tuple) else written_size(expr)


def _part(expr: Any, style: Style) -> Part:
    if isinstance(expr, Product):
        return _product(expr, style)
    if isinstance(expr, tuple):
        return _sum(expr, style) if len(expr) != 1 else _part(expr[0], style)
    for kind, write in _FORMS:
        if isinstance(expr, kind):
            return write(expr, style)
    if expr.args:
        return style.call(type(expr).__name__, [formula(arg, style) for arg in expr.args]), ATOM
    return style.name(str(expr)), ATOM


def _within(part: Part, least: int, style: Style) -> str:
    return part[0] if part[1] >= least else style.form("bracket", part[0])


def _symbol(expr: Any, style: Style) -> Part:
    name = str(expr.name)
    return style.cotangent(name.removeprefix("d_")) if isinstance(expr, Cotangent) else style.name(name), ATOM


def _number(expr: Any, style: Style) -> Part:
    if expr.is_negative:
        return style.form("negative", _within(_number(-expr, style), PRODUCT, style)), SUM
    if expr.is_Rational and expr.q != 1:
        return style.form("over", style.number(str(expr.p)), style.number(str(expr.q))), POWER if style.fractions else PRODUCT
    return style.number(repr(float(expr)).replace("e+", "e") if expr.is_Float else str(expr)), ATOM


def _sum(terms: Sequence[Any], style: Style) -> Part:
    """Write terms, the positive ones first."""
    if not terms:
        return style.number("0"), ATOM
    signed = [_unsigned(term) for term in terms]
    (first_negative, first), *others = sorted(signed, key=lambda one: one[0])  # stable
    text = _within(_part(first, style), PRODUCT, style)
    text = style.form("negative", text) if first_negative else text
    for negative, term in others:
        text += style.form("-" if negative else "+") + _within(_part(term, style), PRODUCT, style)
    return text, SUM


def _unsigned(term: Any) -> tuple[bool, Any]:
    """Return if a term is negative, and its magnitude as far as its coefficient goes."""
    if isinstance(term, Product):
        return bool(term.coefficient.is_negative), Product(abs(term.coefficient), term.factors)
    coefficient, rest = term.as_coeff_Mul()
    if not coefficient.is_negative:
        return False, term
    return True, product_of(sympy.Mul(-coefficient, rest, evaluate=False)) if rest is not sympy.S.One else -coefficient


def product_of(expr: Any) -> Product:
    """Return an expression as a product of its factors as they stand, in SymPy's order."""
    coefficient, rest = expr.as_coeff_Mul()
    factors = rest.as_ordered_factors() if rest.is_Mul else [rest]
    return Product(coefficient, tuple(base_and_exponent(one) for one in factors if one is not sympy.S.One))


def is_below(exponent: Any) -> bool:
    """Tell if a power stands below the line of a quotient."""
    return bool(exponent.as_coeff_Mul()[0].is_negative)


def base_and_exponent(factor: Any) -> tuple[Any, Any]:
    """Return base and exponent of a factor; an exponential is one base."""
    return (factor.base, factor.exp) if factor.is_Pow else (factor, sympy.S.One)


def _product(product: Product, style: Style) -> Part:
    coefficient = product.coefficient
    if coefficient.is_negative:
        return style.form("negative", _within(_product(Product(-coefficient, product.factors), style), PRODUCT, style)), SUM
    exact = coefficient.is_Rational
    above = [style.number(str(coefficient.p))] if exact and coefficient.p != 1 else []
    below = [style.number(str(coefficient.q))] if exact and coefficient.q != 1 else []
    if not exact:
        above.append(_within(_part(coefficient, style), PRODUCT, style))
    tops = [(base, exponent) for base, exponent in product.factors if not is_below(exponent)]
    bottoms = [(base, -exponent) for base, exponent in product.factors if is_below(exponent)]
    alone = style.fractions and bool(below or bottoms)
    parts = [_power(base, exponent, style) for base, exponent in tops]
    if not above and len(parts) == 1 and not bottoms and not below:
        return parts[0]
    above += [_within(part, SUM if alone and len(tops) == 1 and not above else PRODUCT, style) for part in parts]
    parts = [_power(base, exponent, style) for base, exponent in bottoms]
    single = len(parts) == 1 and not below
    least = SUM if style.fractions and single else POWER if single and not style.fractions else PRODUCT
    below += [_within(part, least, style) for part in parts]
    top = style.times(above) if above else style.number("1")
    if not below:
        return top, PRODUCT if len(above) > 1 else ATOM
    bottom = style.times(below)
    if not style.fractions and len(below) > 1:
        bottom = style.form("bracket", bottom)
    return style.form("over", top, bottom), POWER if style.fractions else PRODUCT


def _power(base: Any, exponent: Any, style: Style) -> Part:
    if exponent == 1:
        return _part(base, style)
    if exponent == sympy.S.Half:
        return style.form("root", formula(base, style)), ATOM
    above = _part(exponent, style)
    shown = above[0] if style.fractions else _within(above, ATOM, style)
    return style.power(_within(_part(base, style), ATOM, style), shown), POWER


def _piecewise(expr: Any, style: Style) -> Part:
    otherwise = sympy.S.true
    branches = [(formula(value, style), "" if when is otherwise else formula(when, style)) for value, when in expr.args]
    return style.cases(branches), ATOM


def _relation(expr: Any, style: Style) -> Part:
    sign = {"Eq": "==", "Ne": "!="}.get(expr.rel_op, expr.rel_op)
    return style.related(formula(expr.lhs, style), sign, formula(expr.rhs, style)), SUM


def _joined(word: str) -> Callable[[Any, Style], Part]:
    def write(expr: Any, style: Style) -> Part:
        parts = [_within(_part(arg, style), SUM, style) for arg in sorted(expr.args, key=sympy.default_sort_key)]
        return reduce(lambda left, right: style.related(left, word, right), parts), 0

    return write


def _heaviside(expr: Any, style: Style) -> Part:
    if len(expr.args) == 2 and expr.args[1] == 0:
        return style.cases([(style.number("1"), formula(expr.args[0] > 0, style)), (style.number("0"), "")]), ATOM
    return style.call("Heaviside", [formula(expr.args[0], style)]), ATOM


_FORMS: tuple[tuple[Any, Callable[[Any, Style], Part]], ...] = (
    (sympy.Symbol, _symbol),
    (sympy.core.numbers.Infinity | sympy.core.numbers.NaN, lambda expr, style: (style.name(str(expr)), ATOM)),
    (sympy.Rational | sympy.Float, _number),
    (sympy.Add, lambda expr, style: _sum(expr.as_ordered_terms(), style)),
    (sympy.Mul, lambda expr, style: _product(product_of(expr), style)),
    (sympy.Pow, lambda expr, style: _product(Product(sympy.S.One, ((expr.base, expr.exp),)), style)),
    (sympy.Piecewise, _piecewise),
    (sympy.Heaviside, _heaviside),
    (Relational, _relation),
    (sympy.And, _joined("and")),
    (sympy.Or, _joined("or")),
    (sympy.Max, lambda expr, style: (style.call("max", [formula(arg, style) for arg in expr.args]), ATOM)),
    (sympy.Min, lambda expr, style: (style.call("min", [formula(arg, style) for arg in expr.args]), ATOM)),
    (Boolean, lambda expr, style: (style.name(str(expr)), ATOM)),
)
"""Writers of each kind of expression, of which the first that fits is taken; others are functions, or names."""
