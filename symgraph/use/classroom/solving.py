"""The expressions that would make a result right in a place of a program: its number first, then what has that number."""

import ast
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from symgraph.use.classroom.additions import in_product, in_sum, slopes
from symgraph.use.classroom.edits import Edit
from symgraph.use.classroom.program_parts import Pool, Site, is_leaf

Array = NDArray[np.float64]

_CLOSE = 1e-8
_STEPS = 25
_CALLS = 120
"""Calls of functions of one number that are tried."""
_PAIRS = 60
"""Expressions of which products of two are tried."""


def tried(pool: Pool) -> list[ast.expr]:
    """Return the expressions that may be missing in a function, those of one name first."""
    leaves = list(pool.leaves.values())
    numbers = [ast.Constant(number) for number in dict.fromkeys([2, 0.5, 1, 3, *pool.numbers]) if number]
    rests = [ast.BinOp(ast.Constant(1), ast.Sub(), leaf) for leaf in leaves]
    calls = [ast.Call(function, [leaf], []) for function in pool.functions.values() for leaf in leaves][:_CALLS]
    return [
        *leaves,
        *pool.siblings.values(),
        *rests,
        *numbers,
        *pool.parts.values(),
        *(slope for leaf in leaves for slope in slopes(leaf)),
        *calls,
    ]


def solved(result: Callable[[float], float | None], value: float, right: float) -> float | None:
    """Return the number with which a result is right, by the method of secants; None if it is not found.

    Args:
        result: the result with a number.
        value: the number that is there.
        right: the right result.
    """
    a, b = value, value * 1.5 + 0.25
    at_a, at_b = result(a), result(b)
    for _ in range(_STEPS):
        if at_a is None or at_b is None or at_a == at_b:
            return None
        c = b + (right - at_b) * (b - a) / (at_b - at_a)
        if not np.isfinite(c):
            return None
        a, at_a, b, at_b = b, at_b, c, result(c)
        if at_b is not None and abs(at_b - right) <= 1e-12 * abs(right) and abs(b - a) <= 1e-9 * abs(b):
            return b
    return b if at_b is not None and abs(at_b - right) <= 1e-11 * abs(right) else None


def matching(site: Site, parts: Sequence[ast.expr], value: float, number: float, others: Sequence[float]) -> Iterator[Edit]:
    """Yield the changes of an expression that give it a number.

    Args:
        site: where it is.
        parts: others that may stand in it.
        value: the number that it has.
        number: the one that it is to have.
        others: those of the parts.
    """
    node = site.node
    yield from _alone(node, value, number)
    f = np.array(others, np.float64)
    few = f[:_PAIRS]
    with np.errstate(all="ignore"):
        if not in_product(site) and not isinstance(node, ast.Constant):
            yield from _factors(node, parts, value, number, f)
        if not in_sum(site):
            plain = np.array([not isinstance(part, ast.UnaryOp) for part in parts])
            short = np.array([is_leaf(part) for part in parts])
            for sign, changed in ((ast.Add(), value + f), (ast.Sub(), value - f)):
                yield from (_term(node, sign, parts[place], 1.9) for place in _places(plain & _is(changed, number)))
            products = np.triu(np.outer(few, few))
            for sign, many in ((ast.Add(), value + products), (ast.Sub(), value - products)):
                for one, other in _both(_is(many, number)):
                    yield _term(node, sign, ast.BinOp(parts[one], ast.Mult(), parts[other]), 2.6)
            for place in _places(short & _is(f - value, number)):
                yield Edit(2.2, "missing term", "", ast.BinOp(parts[place], ast.Sub(), node))
        for place in _places(_is(value**f, number)):
            power = ast.BinOp(node, ast.Pow(), parts[place])
            yield Edit(2.2, "power", "the power `{}` is missing", power, (parts[place],))
        for place in _places(_is(f, number)):
            yield Edit(2.3, "wrong name", "", parts[place])


def _factors(node: ast.expr, parts: Sequence[ast.expr], value: float, number: float, f: Array) -> Iterator[Edit]:
    few = f[:_PAIRS]
    for place in _places(_is(value * f, number)):
        yield _factor(node, parts[place], 1.6)
    for place in _places(_is(value / f, number)):
        quotient = ast.BinOp(node, ast.Div(), parts[place])
        yield Edit(2.0, "missing factor", "the division by `{}` is missing", quotient, (parts[place],))
    for place in _places(_is(f / value, number)):
        yield Edit(2.2, "inverted", "", ast.BinOp(parts[place], ast.Div(), node))
    for one, other in _both(_is(value * np.triu(np.outer(few, few)), number)):
        yield _factor(node, ast.BinOp(parts[one], ast.Mult(), parts[other]), 2.4)
    for one, other in _both(_is(value * np.divide.outer(few, few), number)):
        if one != other:
            yield _factor(node, ast.BinOp(parts[one], ast.Div(), parts[other]), 2.6)
    for one, other in _both(_is(-value * np.triu(np.outer(few, few)), number)):
        yield _factor(node, ast.BinOp(ast.UnaryOp(ast.USub(), parts[one]), ast.Mult(), parts[other]), 2.6)


def _alone(node: ast.expr, value: float, number: float) -> Iterator[Edit]:
    one = ast.Constant(1)
    if _is(np.array(1.0 - value), number):
        yield Edit(1.8, "missing term", "", ast.BinOp(one, ast.Sub(), node))
    if value and _is(np.array(1.0 / value), number):
        yield Edit(2.2, "inverted", "it is not inverted", ast.BinOp(one, ast.Div(), node))
    if _is(np.array(value**2), number):
        yield Edit(1.5, "power", "the square is missing", ast.BinOp(node, ast.Pow(), ast.Constant(2)))


def _factor(node: ast.expr, factor: ast.expr, rank: float) -> Edit:
    usual = isinstance(factor, ast.Constant) and factor.value == 2
    return Edit(
        rank - 0.2 * usual, "missing factor", "the factor `{}` is missing", ast.BinOp(node, ast.Mult(), factor), (factor,)
    )


def _term(node: ast.expr, sign: ast.operator, term: ast.expr, rank: float) -> Edit:
    return Edit(rank, "missing term", "the term `{}` is missing", ast.BinOp(node, sign, term), (term,))


def _is(numbers: Array, number: float) -> NDArray[np.bool_]:
    return np.asarray(np.abs(numbers - number) <= _CLOSE * abs(number))


def _places(fits: NDArray[np.bool_]) -> list[int]:
    return [int(place) for place in np.flatnonzero(fits)]


def _both(fits: NDArray[np.bool_]) -> list[tuple[int, int]]:
    return [(int(one), int(other)) for one, other in np.argwhere(fits)]
