"""Powers that SymPy takes apart: it turns (a*x)**2 into a**2*x**2, in which a**2 may be 0 where x**2 overflows."""

from collections.abc import Collection, Sequence
from math import gcd
from typing import Any

import sympy


def split(factor: Any) -> tuple[Any, Any]:
    """Return base and exponent of a factor: those of a power with a number as exponent, else the factor itself and 1.

    An exponent that is a float counts as the fraction that it is exactly, 0.5 as 1/2.
    """
    if isinstance(factor, sympy.Pow) and factor.exp.is_Number:
        return factor.base, sympy.Rational(factor.exp) if factor.exp.is_Float else factor.exp
    return factor, sympy.Integer(1)


def is_dyadic(denominator: int) -> bool:
    """Tell if 1/denominator is exact in binary."""
    return int(denominator) & (int(denominator) - 1) == 0


def common_power(factors: Sequence[Any], known: Collection[Any]) -> tuple[dict[Any, tuple[Any, Any]], int]:
    """Find factors that are powers with a common exponent: their product is one power of a product.

    Args:
        factors: factors of a product, none of them a number.
        known: the subexpressions of the product; exp(2*x) counts as the square of exp(x) where that stands in another factor's
            base, since SymPy turns the square into exp(2*x).

    Returns:
        For each such factor the base and the exponent that remain, and the common exponent; nothing and 1 where there are no
        two such factors.
    """
    if not any(isinstance(factor, sympy.Pow) for factor in factors):
        return {}, 1
    powers = {factor: split(factor) for factor in factors}
    whole = {factor: int(e) for factor, (_, e) in powers.items() if e.is_Integer and abs(e) > 1}
    even = {factor: e for factor, e in whole.items() if e % 2 == 0}
    for chosen in (even, whole):
        exponent = gcd(*chosen.values())
        found = {factor: (powers[factor][0], sympy.Integer(e // exponent)) for factor, e in chosen.items()}
        if exponent > 1:
            found |= _exponentials(factors, [base for base, _ in found.values()], exponent, known)
            if len(found) > 1:
                return found, exponent
    return {}, 1


def _exponentials(
    factors: Sequence[Any], bases: Sequence[Any], exponent: int, known: Collection[Any]
) -> dict[Any, tuple[Any, Any]]:
    """Find factors exp(n*x), n the exponent, for which a base contains exp(x)."""
    exponentials = {factor: sympy.exp(factor.args[0] / exponent) for factor in factors if isinstance(factor, sympy.exp)}
    there = {part for base in bases for part in base.atoms(sympy.exp)} if exponentials else set()
    return {f: (root, sympy.Integer(1)) for f, root in exponentials.items() if root in there and root in known}
