"""Forms of derivatives that are equal, and a measure of how much there is to read, by which a person would choose."""

import operator
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import reduce
from itertools import chain
from math import prod
from typing import Any

import sympy

from symgraph.show.views.formulas import Product, base_and_exponent, is_below
from symgraph.spec.canonical import postorder, symbols_of
from symgraph.spec.ops.sympy_classes import sigmoid

Sum = tuple[Product, ...]
"""Products that are added up, in the order in which they are written."""

MOST_FORMS = 120
"""An expression of more operations is shown as it is."""
_MOST_POLYNOMIAL, _MOST_TERMS = 40, 60
"""An expression of more operations is not factored, and one of more terms is not written out, which may take long."""
_FEW = 3
"""A sum of more terms is not multiplied by what stands before it."""
_CALL, _CHOICE = 1.5, 3.0


def effort(expr: Any) -> float:
    """Measure how much there is to read: symbols, numbers, functions, powers, quotients and signs."""
    if isinstance(expr, Product):
        coefficient = 0.0 if abs(expr.coefficient) == 1 else effort(expr.coefficient)
        below = any(is_below(exponent) for _, exponent in expr.factors)
        parts = [effort(base) + (0.0 if abs(exponent) == 1 else effort(exponent)) for base, exponent in expr.factors]
        nested = 0.5 * sum(base.is_Add for base, _ in expr.factors)
        return float(coefficient + below + sum(parts) + nested + 0.2 * bool(expr.coefficient.is_negative))
    if isinstance(expr, tuple):
        return sum(map(effort, expr)) + 0.5 * (len(expr) - 1)
    if not expr.args:
        return 1.0 + bool(expr.is_Rational and expr.q != 1) + 0.2 * bool(expr.is_Number and expr.is_negative)
    if expr.is_Add:
        return effort(tuple(product(term) for term in expr.args))
    if expr.is_Mul or expr.is_Pow:
        return effort(product(expr))
    return (_CHOICE if isinstance(expr, sympy.Piecewise) else _CALL) + sum(map(effort, expr.args))


def strangeness(expr: Any, first: Any) -> float:
    """Measure how far a form is from what it is a form of: longer sums, functions and exponentials that are not there."""
    longest, other = (max((len(part.args) for part in postorder([one]) if part.is_Add), default=2) for one in (expr, first))
    new = {type(part) for part in expr.atoms(sympy.Function)} - {type(part) for part in first.atoms(sympy.Function)}
    return max(0, longest - other) + float(len(expr.atoms(sympy.exp) - first.atoms(sympy.exp))) + 3.0 * len(new)


def product(expr: Any, written: Collection[Any] = (), own: Any = None) -> Product:
    """Return an expression as a product of its factors: those of ``own``, then symbols, functions, sums, each once.

    Args:
        expr: a SymPy expression.
        written: the sums that the spec has; a factor that is minus such a sum changes its sign.
        own: the symbol of the node whose slope it is; the outer factors of the chain rule have it.
    """
    found = times((expr,), written)
    outer = [one for one in found.factors if one[0].has(own)] if own is not None else []
    return Product(found.coefficient, (*outer, *(one for one in found.factors if one not in outer)))


def times(exprs: Iterable[Any], written: Collection[Any] = ()) -> Product:
    """Multiply expressions and products; equal bases are collected where the first of them stands.

    Args:
        exprs: the factors in the order in which they are written.
        written: as for `product`.
    """
    coefficient: Any = sympy.S.One
    powers: dict[Any, Any] = {}
    for base, exponent in _factors(exprs):
        number, base_ = _oriented(base, exponent, written)
        coefficient *= number
        if base_ is not sympy.S.One:
            powers[base_] = powers.get(base_, sympy.S.Zero) + exponent
    if coefficient == 0:
        return Product(sympy.S.Zero, ())
    if coefficient.is_Float and abs(coefficient) == 1:
        coefficient = sympy.Integer(coefficient)
    factors = [(base, exponent) for base, exponent in powers.items() if exponent != 0]
    return Product(*_without_minus(coefficient, factors, written))


def _without_minus(coefficient: Any, factors: list[Any], written: Collection[Any]) -> tuple[Any, tuple[Any, ...]]:
    """Give the sign of -1 to a difference of two symbols, if that is not as the spec has it."""
    if coefficient != -1:
        return coefficient, tuple(factors)
    for place, (base, exponent) in enumerate(factors):
        symbols = base.is_Add and len(base.args) == 2 and all(term.as_coeff_Mul()[1].is_Symbol for term in base.args)
        if symbols and exponent == 1 and base not in written:
            turned = sympy.Add(*(-term for term in base.args))
            if not _mostly_negative(turned):
                return sympy.S.One, (*factors[:place], (turned, exponent), *factors[place + 1 :])
    return coefficient, tuple(factors)


def _factors(exprs: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    for expr in exprs:
        if isinstance(expr, Product):
            yield expr.coefficient, sympy.S.One
            yield from expr.factors
            continue
        factors = expr.as_ordered_factors() if expr.is_Mul else [expr]
        yield from map(base_and_exponent, sorted(factors, key=_weight))


def _weight(factor: Any) -> int:
    """Rank factors for reading: numbers, symbols, sums of symbols, functions, sums of functions, cases."""
    base, _ = base_and_exponent(factor)
    if base.is_Number or base.is_Symbol or base.is_NumberSymbol:
        return 0 if base.is_Number else 1
    if base.has(sympy.Piecewise):
        return 5
    return 3 if not base.is_Add else 4 if base.has(sympy.Function) else 2


def _oriented(base: Any, exponent: Any, written: Collection[Any]) -> tuple[Any, Any]:
    """Return a number and a base whose power is a power: a sum without common number, its signs as they were written."""
    if base.is_Number and exponent.is_Integer:
        return base**exponent, sympy.S.One
    if isinstance(base, sympy.Piecewise):
        return sympy.S.One, sympy.Piecewise(*((product(value, written).value, condition) for value, condition in base.args))
    if not base.is_Add:
        return sympy.S.One, base
    base = sympy.Add(*(product(term, written).value if term.is_Mul else term for term in base.args))
    if not (base.is_Add and exponent.is_Integer):
        return sympy.S.One, base
    content, rest = _content(base)
    if rest not in written and (-rest in written or _mostly_negative(rest)):
        content, rest = -content, -rest
    return content**exponent, rest


def _content(base: Any) -> tuple[Any, Any]:
    """Return a number and a sum, which without it is easier to read."""
    numbers = [term.as_coeff_Mul()[0] for term in base.args]
    if len({abs(number) for number in numbers}) == 1:
        content = abs(numbers[0])
    elif all(number.is_Integer for number in numbers):
        content = reduce(sympy.igcd, numbers)
    else:
        return sympy.S.One, base
    return content, sympy.Add(*(term / content for term in base.args)) if content != 1 else base


def _mostly_negative(base: Any) -> bool:
    negative = sum(bool(term.as_coeff_Mul()[0].is_negative) for term in base.args)
    return 2 * negative > len(base.args) or bool(len(base.args) == 2 and base.has(sigmoid) and base.args[0] == -1)


def sums_in(exprs: Iterable[Any]) -> frozenset[Any]:
    """Return the sums that stand in some expressions."""
    return frozenset(part for part in postorder(exprs) if part.is_Add)


def forms(expr: Any, own: Any, own_symbol: Any, nodes: Iterable[tuple[Any, Any]]) -> list[Any]:
    """Return forms of a local partial that are likely to be equal to it, itself first.

    Args:
        expr: the partial.
        own: the expression that was differentiated.
        own_symbol: the symbol of its node, or of the loss.
        nodes: expressions and symbols of all nodes.
    """
    found = [expr]
    if sympy.count_ops(expr) > MOST_FORMS:
        return found
    if expr.has(sympy.Piecewise):
        found += [expr.replace(sympy.Piecewise, lambda *cases: _without_default(sympy.Piecewise(*cases))), *_chosen(expr)]
    for form in tuple(found):
        named = form.xreplace({one: symbol for one, symbol in nodes if one.args})
        found += [named] if named != form else []
        by_own = _by_own(form, own, own_symbol)
        found += [by_own] if by_own is not None else []
    for form in tuple(found):
        if not form.has(sympy.Piecewise):
            found += algebraic(form)
    return list(dict.fromkeys(found))


def algebraic(expr: Any) -> Iterator[Any]:
    """Yield forms of an expression by the laws of algebra, and sigmoid(-z) = 1 - sigmoid(z)."""
    yield sympy.factor_terms(expr)
    logistic = _logistic(expr)
    if logistic != expr:
        yield logistic
    opened, few = expr.replace(sigmoid, _one_sided), _terms(expr) <= _MOST_TERMS
    if opened != expr and few:
        expr = sympy.expand(opened)
        yield expr
        yield sympy.factor_terms(expr)
    tangent = expr.replace(sympy.cosh, lambda z: sympy.sinh(z) / sympy.tanh(z)) if expr.has(sympy.sinh) else expr
    if tangent != expr:
        yield tangent
    if not few or expr.atoms(sympy.Float) or sympy.count_ops(expr) > _MOST_POLYNOMIAL:
        return
    together = sympy.together(expr)
    yield together
    try:
        yield sympy.factor(together)
    except (sympy.PolynomialError, NotImplementedError):  # no polynomial of its parts
        return


def _logistic(expr: Any) -> Any:
    """Write 1/(1 + exp(z)) as sigmoid(-z), and exp(z) beside it by the same; return the expression itself without such."""
    found = expr
    for part in postorder([expr]):
        inner = [term for term in part.args if isinstance(term, sympy.exp)] if part.is_Add else []
        if len(inner) == 1 and part - inner[0] == 1:
            share = sympy.Dummy("share", positive=True)
            rational = found.xreplace({inner[0]: (1 - share) / share})
            if sympy.count_ops(rational) <= _MOST_POLYNOMIAL and _terms(rational) <= _MOST_TERMS:
                found = sympy.factor(sympy.cancel(rational)).xreplace({share: sigmoid(-inner[0].args[0])})
    return found


def _terms(expr: Any) -> int:
    """Count the terms that an expression has when it is multiplied out, or more."""
    if expr.is_Add:
        return int(sum(map(_terms, expr.args)))
    if expr.is_Mul:
        return min(int(prod(map(_terms, expr.args))), _MOST_TERMS + 1)
    if expr.is_Pow and expr.exp.is_Integer:
        return min(int(_terms(expr.base) ** min(abs(int(expr.exp)), _MOST_TERMS)), _MOST_TERMS + 1)
    return 1


def _one_sided(z: Any) -> Any:
    return 1 - sigmoid(-z) if z.could_extract_minus_sign() else sigmoid(z)


def _by_own(expr: Any, own: Any, symbol: Any) -> Any:
    """Return a multiple of what was differentiated, with its node's name; None where that would divide by more."""
    if not own.is_Mul and not own.is_Pow:
        return None
    powers, divisor = dict(product(expr).factors), product(own)
    quotient = times((expr, Product(sympy.S.One, tuple((base, -exponent) for base, exponent in divisor.factors))))
    below = {base for base, exponent in powers.items() if exponent.is_negative}
    divides = any(exponent.is_negative is not False and base not in below for base, exponent in quotient.factors)
    if divides or len(quotient.factors) >= len(powers):
        return None
    return sympy.Mul(symbol, quotient.value / divisor.coefficient)


def _chosen(expr: Any) -> Iterator[Any]:
    """Yield forms of an expression with cases: each simplified alone, equal ones together."""
    folded = sympy.piecewise_fold(expr)
    if not isinstance(folded, sympy.Piecewise) or sympy.count_ops(folded) > MOST_FORMS:
        return
    branches = [
        (min((value, *algebraic(value)), key=effort), condition) for value, condition in folded.args if not _never(condition)
    ]
    kept: list[tuple[Any, Any]] = []
    for value, condition in reversed(branches):
        if kept and _agrees(value, condition, kept[-1][0]) and kept[-1][1] == True:  # noqa: E712  SymPy's true
            continue
        kept.append((value, condition))
    yield kept[0][0] if len(kept) == 1 else _without_default(sympy.Piecewise(*reversed(kept)))


def _without_default(choice: Any) -> Any:
    """Leave out the cases of a choice that have the value of its last one, where no other case can hold instead."""
    *cases, (otherwise, last) = choice.args
    if last != sympy.true or not _apart(cases):
        return choice
    return sympy.Piecewise(*(one for one in cases if one[0] != otherwise), (otherwise, True))


def _apart(branches: Sequence[tuple[Any, Any]]) -> bool:
    """Tell if conditions exclude each other: they say that the same symbol is one number, or another."""
    return len({when.lhs if isinstance(when, sympy.Eq) and when.rhs.is_number else when for _, when in branches}) == 1


def _never(condition: Any) -> bool:
    """Tell if a condition wants a symbol to be two numbers at once."""
    equal = [one for one in condition.args if isinstance(one, sympy.Eq)] if isinstance(condition, sympy.And) else []
    known = {one.lhs: one.rhs for one in equal if one.rhs.is_number}
    return any(one.rhs.is_number and known[one.lhs] != one.rhs for one in equal if one.lhs in known)


def _agrees(value: Any, condition: Any, other: Any) -> bool:
    """Tell if two expressions are the same, at the one place where the condition is an equation."""
    gap = value - other
    if isinstance(condition, sympy.Eq) and condition.lhs.is_Symbol and condition.rhs.is_number:
        gap = gap.subs(condition.lhs, condition.rhs)
    return bool(gap == 0 or (sympy.count_ops(gap) <= MOST_FORMS and sympy.cancel(gap) == 0))


def sums(terms: Sum, written: Collection[Any]) -> list[Sum]:
    """Return forms of a sum of products, itself first: like terms together, and what all have in common in front."""
    terms = tuple(term for term in terms if term.coefficient != 0)
    like: dict[Any, Product] = {}
    for term in terms:
        key = frozenset(term.factors)
        before = like.get(key)
        like[key] = term if before is None else Product(before.coefficient + term.coefficient, before.factors)
    collected = tuple(term for term in like.values() if term.coefficient != 0)
    found = [terms, collected, tuple(chain.from_iterable(map(_opened, collected)))]
    found.append(tuple(chain.from_iterable(_distributed(term, written) for term in collected)))
    if len(collected) > 1:
        common = reduce(operator.and_, (set(term.factors) for term in collected))
        front = tuple(factor for factor in collected[0].factors if factor in common)
        if front:
            rest = [Product(t.coefficient, tuple(f for f in t.factors if f not in common)) for t in collected]
            found.append((times((Product(sympy.S.One, front), sympy.Add(*(one.value for one in rest))), written),))
    return list(dict.fromkeys(found))


def _opened(term: Product) -> Sum:
    """Return the terms of a product that is a sum, or minus a sum."""
    if len(term.factors) != 1 or abs(term.coefficient) != 1:
        return (term,)
    ((base, exponent),) = term.factors
    if not base.is_Add or exponent != 1:
        return (term,)
    return tuple(times((Product(term.coefficient, ()), one)) for one in base.as_ordered_terms())


def _distributed(term: Product, written: Collection[Any]) -> Sum:
    """Return the products of the terms of a factor that is a sum with the other factors."""
    found = next((base for base, exponent in term.factors if base.is_Add and exponent == 1), None)
    if found is None or len(found.args) > _FEW:
        return (term,)
    rest = Product(term.coefficient, tuple(one for one in term.factors if one[0] != found))
    return tuple(times((rest, one), written) for one in found.as_ordered_terms())


def products(term: Product, written: Collection[Any]) -> list[Product]:
    """Return forms of a product, itself first: with factors that cancel each other, the others where they were."""
    found = [term]
    value, places = term.value, {base: place for place, (base, _) in enumerate(term.factors)}
    small = sympy.count_ops(value) <= _MOST_POLYNOMIAL and _terms(value) <= _MOST_TERMS and len(symbols_of(value)) <= 8
    below = any(part.is_Pow and is_below(part.exp) for part in postorder([value]))
    if small and below and not value.atoms(sympy.Float):
        try:
            coefficient, factors = product(sympy.factor(sympy.cancel(value)), {*written, *places})
        except (sympy.PolynomialError, NotImplementedError):  # no polynomial of its parts
            return found
        order = sorted(factors, key=lambda one: places.get(one[0], -1 if one[0].is_Add else len(places)))  # stable
        shorter = Product(coefficient, tuple(order))
        found += [shorter] if effort(shorter) <= effort(term) - 1.0 else []
    return found
