"""Patterns of rules, parsed once: a sum of products of powers of atoms, in any order of writing.

The text is Python's own: names are placeholders, calls are ops, and ``sum(f(a))`` stands for a sum of two terms or more, all
of the form f(a), where ``a`` becomes a list. Beside other terms ``sum`` may stand for a single one. In ``logaddexp(a, *b)``, an
op nested in itself, ``a`` is any of its operands and ``b`` the list of the others.
"""

import ast
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

WITH_SUMS = frozenset({"expm1", "log1p"})
"""Ops f for which f(x)/x and x times its slope add up to a function that rules know, the slope of t*f(k*t)/(k*t) by t."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Placeholder.

    Attributes:
        name: its name.
        partly: whether it divides what one of ``WITH_SUMS`` multiplies, or the other way round, so that a part of its value may
            do as well: (exp(k*t) - 1)/k is t times (exp(x) - 1)/x.
    """

    name: str
    partly: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """Op on patterns; where it is nested in itself, ``rest`` names the list of its other operands.

    Attributes:
        op: its name.
        args: patterns of its operands, or, beside a rest, of one of them.
        rest: the list's name, or an empty text.
        text: the call as the pattern writes it, by which a replacement may refer to the node that was found.
    """

    op: str
    args: tuple["Sum", ...]
    rest: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Each:
    """Form that each of the remaining terms of a sum, ``least`` or more, must have; its placeholder's values make a list."""

    term: "Sum"
    least: int = 1


@dataclass(frozen=True, slots=True)
class Term:
    """Coefficient times powers of atoms; atoms that bind placeholders come first."""

    coefficient: int | Fraction
    factors: tuple[tuple["Hole | Head | Each | Sum", int], ...]

    @property
    def hole(self) -> Hole | None:
        """Return the placeholder that the term is, apart from its coefficient, or None."""
        if len(self.factors) == 1 and isinstance(self.factors[0][0], Hole) and self.factors[0][1] == 1:
            return self.factors[0][0]
        return None

    @property
    def each(self) -> Each | None:
        """Return the repeated form that the term is, or None."""
        return self.factors[0][0] if self.factors and isinstance(self.factors[0][0], Each) else None


@dataclass(frozen=True, slots=True)
class Sum:
    """Sum of terms; terms that bind placeholders by an op come first, a placeholder alone and ``sum`` last."""

    terms: tuple[Term, ...]


@cache
def parse(text: str) -> Sum:
    """Parse a pattern.

    Raises:
        ValueError: the text has a construct that patterns lack.
    """
    return _sum(ast.parse(text, mode="eval").body)


def shown(pattern: Sum) -> tuple[frozenset[str], ...]:
    """Return for each term the ops that are its factors: every sum or product that holds the pattern has them."""
    return tuple(
        frozenset(atom.op for atom, _ in term.factors if isinstance(atom, Head) and atom.op != "pow") for term in pattern.terms
    )


def is_of_ops(term: Term) -> bool:
    """Tell if a term consists of ops alone, powers apart, or is a number."""
    return all(isinstance(atom, Head) and atom.op != "pow" for atom, _ in term.factors)


def squares(pattern: Sum) -> int:
    """Count the terms that are squares of a placeholder, apart from ops."""
    return [[exponent for atom, exponent in term.factors if isinstance(atom, Hole)] for term in pattern.terms].count([2])


def _sum(node: ast.expr) -> Sum:
    terms = _terms(node, Fraction(1))
    if len(terms) == 1 and terms[0].each is not None:
        return _alone(terms[0].each)
    return Sum(tuple(sorted((Term(_plain(term.coefficient), term.factors) for term in terms), key=_rank_of_term)))


def _plain(value: int | Fraction) -> int | Fraction:
    """Return an integral Fraction as an int, whose arithmetic is fast."""
    return value.numerator if value.denominator == 1 else value


def _terms(node: ast.expr, sign: Fraction) -> list[Term]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        return _terms(node.left, sign) + _terms(node.right, -sign if isinstance(node.op, ast.Sub) else sign)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _terms(node.operand, -sign)
    term = _term(node)
    return [Term(sign * term.coefficient, term.factors)]


def _term(node: ast.expr) -> Term:
    match node:
        case ast.Constant(value=int(value)):
            return Term(Fraction(value), ())
        case ast.Name(id=name):
            return Term(Fraction(1), ((Hole(name), 1),))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _term(operand)
            return Term(-inner.coefficient, inner.factors)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _product(_term(left), _term(right), 1)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _product(_term(left), _term(right), -1)
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int(exponent))):
            return _product(Term(Fraction(1), ()), _term(left), exponent)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return Term(Fraction(1), ((Head("pow", (_sum(left), _sum(right))), 1),))
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            return Term(Fraction(1), ((_sum(node), 1),))
        case ast.Call(func=ast.Name(id="sum"), args=[arg]):
            return Term(Fraction(1), ((Each(_sum(arg)), 1),))
        case ast.Call(func=ast.Name(id=op), args=[arg, ast.Starred(value=ast.Name(id=rest))]):
            return Term(Fraction(1), ((Head(op, (_sum(arg),), rest, ast.unparse(node)), 1),))
        case ast.Call(func=ast.Name(id=op), args=args):
            return Term(Fraction(1), ((Head(op, tuple(_sum(arg) for arg in args)), 1),))
    raise ValueError(f"{ast.unparse(node)!r} is no part of a pattern")


def _alone(each: Each) -> Sum:
    """Return the sum of two terms or more that are all alike."""
    return Sum((Term(1, ((Each(each.term, 2), 1),)),))


def _product(left: Term, right: Term, power: int) -> Term:
    both = [*left.factors, *((atom, exponent * power) for atom, exponent in right.factors)]
    factors = [(_alone(atom) if isinstance(atom, Each) else atom, exponent) for atom, exponent in both]
    sides = {(name, exponent > 0) for atom, exponent in factors for name in _names(atom)}
    factors = [
        (Hole(atom.name, (atom.name, exponent < 0) in sides) if isinstance(atom, Hole) else atom, exponent)
        for atom, exponent in factors
    ]
    return Term(left.coefficient * right.coefficient**power, tuple(sorted(factors, key=lambda factor: _rank(factor[0]))))


def _names(atom: object) -> list[str]:
    """Return the placeholder that is the operand of one of ``WITH_SUMS``, if it is one."""
    if not isinstance(atom, Head) or atom.op not in WITH_SUMS:
        return []
    return [term.hole.name for arg in atom.args for term in arg.terms if term.hole is not None]


def _rank(atom: object) -> int:
    return 0 if isinstance(atom, Head) else 1 if isinstance(atom, Sum) else 2


def _rank_of_term(term: Term) -> int:
    """Rank terms: ops, constants, powers of one placeholder, products of several, and last those that take all that is left."""
    if term.each is not None:
        return 5
    if term.hole is not None:
        return 4
    if not term.factors:
        return 1
    if not any(isinstance(atom, Hole) for atom, _ in term.factors):
        return 0
    return 2 if len(term.factors) == 1 else 3
