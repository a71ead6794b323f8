"""Sums of products of functions of one argument: their series where it is 0, and a polynomial that is right near there."""

import math
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache, reduce
from typing import Any, NamedTuple

from symgraph.ir.laurent import Laurent, expanded, series

_RADII = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
FEW, _MANY = 12, 72
"""Coefficients of the series by which candidates are found, and of those that polynomials are made of."""

_LOST = 8.0
"""Most that rounding errors may be enlarged beyond the radius, in the value; in the slope four times as much."""

WAVES = ("sin", "cos")
"""Functions of whose quotients by x rules make ``sinc``."""

X = "x"

Factor = tuple[Any, int]
"""``X``, an op and what multiplies x in its operand, or a tuple of terms, with an exponent."""


class Term(NamedTuple):
    """Coefficient times powers of functions of x."""

    coefficient: Fraction
    factors: tuple[Factor, ...]


def _expanded(terms: tuple[Term, ...], count: int) -> list[list[Laurent]]:
    """Return the series of the factors of each term."""
    return [[series_of(key, exponent, count) for key, exponent in term.factors] for term in terms]


@lru_cache(maxsize=1024)
def series_of(key: Any, exponent: int, count: int) -> Laurent:
    """Return the series of a power of a function, of x, or of a sum of terms."""
    if key == X:
        return series(exponent, [Fraction(1), *[Fraction(0)] * (count - 1)])
    if isinstance(key[0], str):
        return expanded("log1p" if key[0] == "log" else key[0], key[1], count).raised(exponent)
    return sum_of(key, count).raised(exponent)


@lru_cache(maxsize=1024)
def sum_of(terms: tuple[Term, ...], count: int) -> Laurent:
    """Return the series of terms."""
    first, *others = _products(terms, _expanded(terms, count), count)
    return reduce(Laurent.plus, others, first)


def _products(terms: tuple[Term, ...], factors: list[list[Laurent]], count: int) -> Iterator[Laurent]:
    for term, parts in zip(terms, factors, strict=True):
        result = Laurent(0, (term.coefficient, *[Fraction(0)] * (count - 1)))
        for part in parts:
            result = result.times(part)
        yield result


def times_x(factors: tuple[Factor, ...], n: int) -> tuple[Factor, ...]:
    """Multiply functions by a power of x."""
    exponent = sum(e for key, e in factors if key == X) + n
    return (*((key, e) for key, e in factors if key != X), *([(X, exponent)] if exponent else []))


def _has_powers(key: Any) -> bool:
    """Tell if something is a sum with powers of x among the factors of its terms."""
    return not isinstance(key[0], str) and any(inner == X for term in key for inner, _ in term.factors)


def multiplied_out(term: Term) -> Iterator[Term]:
    """Yield the terms of a term that is a sum times a power of x, or the term itself."""
    sums = [key for key, e in term.factors if e == 1 and _has_powers(key)]
    power_of_x = dict(term.factors).get(X, 0)
    if len(sums) == 1 and len(term.factors) == 1 + (power_of_x != 0):
        for inner in sums[0]:
            yield Term(term.coefficient * inner.coefficient, times_x(inner.factors, power_of_x))
    else:
        yield term


def distributed(factors: tuple[Factor, ...]) -> tuple[Factor, ...]:
    """Divide the terms of a sum by a power of x one by one, so that large ones do not overflow before they are divided."""
    exponent = dict(factors).get(X, 0)
    for place, (key, e) in enumerate(factors):
        if exponent < 0 < e and _has_powers(key) and not exponent % e:
            inner = tuple(Term(term.coefficient, times_x(term.factors, exponent // e)) for term in key)
            return (*(factor for n, factor in enumerate(factors) if n != place and factor[0] != X), (inner, e))
    return factors


@lru_cache(maxsize=1024)
def total_of(terms: tuple[Term, ...], count: int) -> Laurent | None:
    """Return the series of terms; None where all that is known of one of them is 0."""
    parts = list(_products(terms, _expanded(terms, count), count))
    total = reduce(Laurent.plus, parts)
    return total if total.coefficients and all(part.coefficients for part in parts) else None


@lru_cache(maxsize=1024)
def cancels(terms: tuple[Term, ...]) -> bool:
    """Tell if terms cancel at 0 where they do not become infinite, and no rule is known to mend it."""
    keys = [key for term in terms for key, _ in term.factors]
    nested = X in keys or len(terms) > 2 or any(not isinstance(key[0], str) for key in keys)
    if len(terms) == 1 or not nested or all(key == X for key in keys):
        return False
    total = total_of(terms, FEW)
    parts = _products(terms, _expanded(terms, FEW), FEW)
    return total is not None and 0 <= total.first != min(part.first for part in parts)


def leaves(keys: list[Any]) -> Iterator[Any]:
    """Yield the functions in sums of functions, and x as one where a sum has it."""
    for key in keys:
        if isinstance(key[0], str):
            yield key
        else:
            yield from leaves([inner for term in key for inner, _ in term.factors])


@lru_cache(maxsize=1024)
def polynomial_near(terms: tuple[Term, ...], precision: Fraction) -> tuple[float, list[Fraction]] | None:
    """Return a radius, and the coefficients of the polynomial that is good within it.

    Args:
        terms: whose sum it stands for.
        precision: the size of the terms that it leaves away, relative to its first one.
    """
    factors = _expanded(terms, _MANY)
    total = sum_of(terms, _MANY)
    best = None
    for radius in _RADII:
        count = _count(total, radius, precision)
        if count is None:
            break
        best = radius, [total.of(n) for n in range(total.first + count)]
        if all(_lost(terms, factors, total, x) <= _LOST for x in (radius, -radius)):
            break
    return best


def _count(total: Laurent, radius: float, precision: Fraction) -> int | None:
    """Return how many coefficients are needed within a radius; None where too few are known."""
    lead, step = total.coefficients[0], Fraction(radius)
    sizes = [abs(c / lead) * step**n for n, c in enumerate(total.coefficients)]
    needed = max(n for n, size in enumerate(sizes) if size >= precision) + 1
    return needed if needed <= len(sizes) - 6 else None


def _lost(terms: tuple[Term, ...], factors: list[list[Laurent]], total: Laurent, x: float) -> float:
    """Return by how much rounding errors of the terms are enlarged at x: in the value, or a quarter of that in the slope."""
    value = slope = 0.0
    for part, parts in zip(_products(terms, factors, _MANY), factors, strict=True):
        size = abs(part.at(x))
        value += size
        slope += size * sum(abs(factor.at(x, slope=True) / factor.at(x)) for factor in parts if factor.at(x))
    true, true_slope = abs(total.at(x)), abs(total.at(x, slope=True))
    return max(value / true if true else math.inf, slope / (4.0 * true_slope) if true_slope else math.inf)
