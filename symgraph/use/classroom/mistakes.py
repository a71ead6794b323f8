"""The usual mistakes: tables of what they make of a right number, and every slip in a formula of a model."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from types import MappingProxyType
from typing import Any, NamedTuple

import sympy
from sympy.core.function import AppliedUndef

from symgraph.spec.canonical import postorder
from symgraph.spec.ops.sympy_classes import SpecFunction, sigmoid
from symgraph.use.classroom.formula_words import words


class Mistake(NamedTuple):
    """One mistake.

    Attributes:
        rank: the lower, the more usual.
        kind: as in the table of docs/classes.md.
        text: the mistake in words.
        made: what it makes: a factor, a formula in text or of SymPy, or the numbers (n,) of each result that it changes.
        edge: source and target of the local partial that is wrong, if one is.
    """

    rank: float
    kind: str
    text: str
    made: Any
    edge: tuple[str, str] | None = None


FACTORS = (
    Mistake(0.5, "sign", "has the wrong sign", -1.0),
    Mistake(1.0, "constant factor", "is half of what is right: is a factor 2 forgotten?", 0.5),
    Mistake(1.0, "constant factor", "is twice what is right", 2.0),
    Mistake(0.0, "forgotten", "is 0", 0.0),
    Mistake(2.0, "sign", "has the wrong sign, and is half of what is right", -0.5),
    Mistake(2.0, "sign", "has the wrong sign, and is twice what is right", -2.0),
)
"""Constant factors of a result."""

QUOTIENTS = (
    Mistake(0.0, "constant factor", "the difference is divided by delta instead of 2*delta", 2.0),
    Mistake(0.0, "constant factor", "it is halved: a difference of one side over 2*delta", 0.5),
    Mistake(0.0, "constant factor", "the sides of the difference have changed places", -1.0),
)
"""Constant factors of all difference quotients."""

PARTIALS = (
    Mistake(1.5, "missing factor", "the factor {formula} is missing", "1"),
    Mistake(1.6, "sign", "the factor {formula} has the wrong sign", "-own"),
    Mistake(0.4, "constant factor", "the factor 2 in {formula} is forgotten", "own/2"),
    Mistake(9.0, "constant factor", "the factor {formula} has twice its value", "2*own"),
    Mistake(3.0, "extra factor", "the factor {formula} comes twice", "own**2"),
    Mistake(6.0, "inverted", "{formula} divides instead of multiplying", "1/own"),
    Mistake(2.0, "missing path", "the path through {target} is missing: d {root} / d {source} is a sum", "0"),
)
"""Formulas over a local partial."""

_SUMS = "the sum over the rows is not divided by their number"
_AXIS = "it is divided by the number of {} instead of the rows: is it the wrong axis?"

REDUCTIONS = (
    Mistake(0.0, "", "", "(total + penalty)/n"),
    Mistake(2.0, "rows", "it is of the first row alone", "first + penalty/n"),
    Mistake(
        2.1,
        "rows",
        "only the first row counts, divided by the number of rows: does the loop return too early?",
        "(first + penalty)/n",
    ),
    Mistake(2.2, "rows", "the first row is left out", "(total - first + penalty)/n"),
    Mistake(2.3, "rows", "the first row is left out, and not counted", "(total - first)/(n - 1) + penalty/n"),
    Mistake(2.0, "rows", "it is of the last row alone", "last + penalty/n"),
    Mistake(2.1, "rows", "only the last row counts, divided by the number of rows: is = written for +=?", "(last + penalty)/n"),
    Mistake(2.2, "rows", "the last row is left out", "(total - last + penalty)/n"),
    Mistake(2.3, "rows", "the last row is left out, and not counted", "(total - last)/(n - 1) + penalty/n"),
    Mistake(0.1, "mean", _SUMS, "total + penalty"),
    Mistake(0.15, "mean", _SUMS, "total + penalty/n"),
    Mistake(3.0, "mean", "it is divided by the number of rows twice", "(total + penalty)/n**2"),
    Mistake(3.05, "mean", "it is divided by the number of rows twice", "total/n**2 + penalty/n"),
    Mistake(2.5, "mean", "it is divided by twice the number of rows", "(total + penalty)/(2*n)"),
    Mistake(2.55, "mean", "it is divided by twice the number of rows", "total/(2*n) + penalty/n"),
    Mistake(2.6, "mean", "it is divided by the number of rows less 1", "(total + penalty)/(n - 1)"),
    Mistake(2.65, "mean", "it is divided by the number of rows less 1", "total/(n - 1) + penalty/n"),
    Mistake(2.7, "mean", _AXIS.format("features"), "(total + penalty)/features"),
    Mistake(2.75, "mean", _AXIS.format("features"), "total/features + penalty/n"),
    Mistake(2.7, "mean", _AXIS.format("weights"), "(total + penalty)/weights"),
    Mistake(2.75, "mean", _AXIS.format("weights"), "total/weights + penalty/n"),
    Mistake(0.1, "penalty", "the penalty is forgotten", "total/n"),
    Mistake(0.2, "penalty", f"{_SUMS}, and the penalty is forgotten", "total"),
    Mistake(0.3, "penalty", "the penalty is not divided by the number of rows", "total/n + penalty"),
    Mistake(0.5, "penalty", "the penalty has the wrong sign", "(total - penalty)/n"),
    Mistake(0.6, "penalty", "the penalty counts half: is a factor 2 forgotten?", "(total + penalty/2)/n"),
    Mistake(0.7, "penalty", "the penalty counts twice", "(total + 2*penalty)/n"),
)
"""Formulas over the sum of the rows, the first and the last row, the penalty, and what is counted; the right one first."""

_WRITTEN_SLOPES: Mapping[str, Callable[[Any], tuple[Any, ...]]] = MappingProxyType(
    {
        "tanh": lambda a: (1 - a**2, 1 - a, 1 + a**2, 1 + a, a**2, a, a**2 - 1),
        "sigmoid": lambda a: (a * (1 - a), a * (1 + a), 1 - a, 1 + a, a**2, a, a * (a - 1)),
    }
)
"""The derivative of a function by its own value a, and what is written for it."""

_SIBLINGS = (
    (sympy.sin, sympy.cos, sympy.tan),
    (sympy.sinh, sympy.cosh, sympy.tanh, sympy.exp),
    (sympy.asin, sympy.acos, sympy.atan),
)
"""Functions that are taken for each other."""
_ANGLES = (sympy.sin, sympy.cos, sympy.tan)
_MANY = 60
"""Operations above which an expression is too long for all its variants."""


def own_slope(function: Any, a: Any) -> Any:
    """Return the derivative of tanh or sigmoid, a class of SymPy, by its own value; None for other functions."""
    return _WRITTEN_SLOPES[function.__name__](a)[0] if function.__name__ in _WRITTEN_SLOPES else None


def wrong_slopes(function: Any, a: Any) -> Iterator[Mistake]:
    """Make the wrong derivatives of tanh or sigmoid.

    Args:
        function: its class.
        a: its value, a SymPy expression.
    """
    name = function.__name__
    right, *wrong = _WRITTEN_SLOPES[name](a)
    (other,) = (one for one in _WRITTEN_SLOPES if one != name)
    slope = _WRITTEN_SLOPES[other](a)[0]
    text = f"the slope of {other}, {words(slope)}, stands where that of {name}, {words(right)}, belongs"
    yield Mistake(4.0, "local derivative", text, slope)
    for slope in wrong:
        yield Mistake(4.1, "local derivative", f"the slope of {name} is {words(right)}, not {words(slope)}", slope)
    again = own_slope(function, function(a))
    yield Mistake(4.2, "local derivative", f"the slope is {words(right)}: {name} is taken once more", again)


def slips(expr: Any) -> Iterator[Mistake]:
    """Make the variants of an expression's structure; those of its names are `renamed`.

    Args:
        expr: a SymPy expression.
    """
    parts = list(dict.fromkeys(part for part in postorder([expr]) if part.args))
    if len(parts) > _MANY:
        return
    for part in reversed(parts):
        if part.is_Boolean:
            continue
        for slip in _of(part):
            changed = expr.xreplace({part: slip.made}) if part != expr else slip.made
            if changed != expr:
                yield slip._replace(made=changed)


def _of(part: Any) -> Iterator[Mistake]:
    if part.is_Add:
        yield from _of_sum(part)
    elif part.is_Mul:
        yield from _of_product(part)
    elif part.is_Pow:
        yield from _of_power(part)
    elif isinstance(part, sympy.Function | AppliedUndef):
        yield from _of_function(part)


def _of_sum(part: Any) -> Iterator[Mistake]:
    for term in part.args:
        others = sympy.Add(*(other for other in part.args if other != term))
        yield Mistake(3.0, "missing term", f"the term {words(_abs(term))} of {words(part)} is forgotten", others)
        yield Mistake(2.0, "sign", f"the term {words(_abs(term))} of {words(part)} has the wrong sign", others - term)
    yield from _of_slope(sympy.tanh, part)
    outer = [term for term in part.args if term.could_extract_minus_sign()]
    if outer and len(outer) < len(part.args):
        flipped = sympy.Add(*(_abs(term) for term in part.args))
        yield Mistake(4.0, "sign", f"every term of {words(part)} is added", flipped)


def _of_slope(function: Any, part: Any) -> Iterator[Mistake]:
    """The variants of a sum 1 - a**2, or of a product that has a*(1 - a) in it, where a may be the value of tanh or sigmoid."""
    for a in {factor.base if factor.is_Pow else factor for arg in part.args for factor in sympy.Mul.make_args(arg)}:
        right = own_slope(function, a)
        if (a.is_Symbol or a.is_Function) and (part == right or (part.is_Mul and {a, 1 - a} <= set(part.args))):
            for slip in wrong_slopes(function, a):
                yield slip._replace(made=part / right * slip.made)


def _abs(term: Any) -> Any:
    """Return a term without its minus sign."""
    return -term if term.could_extract_minus_sign() else term


def _of_product(part: Any) -> Iterator[Mistake]:
    for factor in part.args:
        others = sympy.Mul(*(other for other in part.args if other != factor))
        if factor == -1:
            yield Mistake(2.0, "sign", f"{words(part)} has the wrong sign", others)
        else:
            yield Mistake(2.0, "missing factor", f"the factor {words(factor)} of {words(part)} is missing", others)
        if factor.is_Pow and factor.exp.could_extract_minus_sign():
            yield Mistake(
                5.0, "power", f"{words(part)} is multiplied by {words(1 / factor)} instead of divided", others / factor
            )
    yield from _of_slope(sigmoid, part)
    if 2 < len(part.args) <= 6:
        for pair in combinations([arg for arg in part.args if arg != -1], 2):
            rest = sympy.Mul(*(other for other in part.args if other not in pair))
            yield Mistake(
                6.0, "missing factor", f"the factors {words(pair[0])} and {words(pair[1])} of {words(part)} are missing", rest
            )


def _of_power(part: Any) -> Iterator[Mistake]:
    base, power = part.args
    if power == 2:
        yield Mistake(2.0, "power", f"the square in {words(part)} is forgotten", base)
        yield Mistake(4.0, "power", f"{words(part)} is twice {words(base)} instead of its square", 2 * base)
    elif power == -1:
        yield Mistake(4.0, "power", f"{words(base)} is not inverted", base)
    elif power == sympy.Rational(1, 2):
        yield Mistake(3.0, "power", f"the root in {words(part)} is forgotten", base)
    else:
        yield Mistake(3.0, "power", f"the power in {words(part)} is forgotten", base)
    if power.is_number:
        yield Mistake(4.0, "power", f"the power of {words(part)} is one too low", base ** (power - 1))
        yield Mistake(5.0, "power", f"the power of {words(part)} is one too high", base ** (power + 1))


def _of_function(part: Any) -> Iterator[Mistake]:
    name, function = type(part).__name__, part.func
    if len(part.args) == 1:
        (inner,) = part.args
        yield Mistake(2.0, "sign", f"the argument of {words(part)} has the wrong sign", function(-inner))
        yield Mistake(3.0, "function", f"{name} is forgotten in {words(part)}", inner)
        for term in inner.args if inner.is_Add else ():
            yield Mistake(
                4.0,
                "argument",
                f"the term {words(term)} of {words(part)} stands outside of {name}",
                function(inner - term) + term,
            )
        for family in _SIBLINGS:
            for other in family if function in family else ():
                if other is not function:
                    yield Mistake(3.0, "function", f"{other.__name__} in the place of {name} in {words(part)}", other(inner))
        if function in _ANGLES:
            yield Mistake(3.0, "degrees", f"{name} gets its angle in degrees", function(inner * 180 / sympy.pi))
            yield Mistake(3.0, "degrees", f"the angle of {name} is taken for degrees", function(inner * sympy.pi / 180))
        if function is sympy.log:
            yield Mistake(3.0, "function", f"the logarithm to the base 10 in {words(part)}", part / sympy.log(10))
            yield Mistake(4.0, "function", f"the logarithm to the base 2 in {words(part)}", part / sympy.log(2))
        if function in (sympy.exp, sympy.tanh):
            yield Mistake(4.0, "missing factor", f"{words(part)} has twice its argument", function(2 * inner))
            yield Mistake(4.0, "missing factor", f"{words(part)} has half its argument", function(inner / 2))
    if isinstance(part, SpecFunction):
        for slip in slips(part.definition()):
            yield slip._replace(rank=slip.rank + 1.0, text=f"{slip.text}, in {words(part)} = {words(part.definition())}")


def renamed(expr: Any, names: Sequence[Any], same: Iterable[frozenset[str]]) -> Iterator[Mistake]:
    """Make the variants in which one name stands in the place of another, or two have changed places.

    Args:
        expr: a SymPy expression.
        names: the symbols that may stand there by mistake, those of a kind together.
        same: the groups of names of a kind, which are taken for each other first.
    """
    groups, inside = list(same), sorted(expr.free_symbols, key=str)
    for one in inside:
        for other in names:
            if other != one:
                alike = any({str(one), str(other)} <= group for group in groups)
                rank = 5.0 if alike else 7.0
                yield Mistake(
                    rank, "wrong name", f"{other} stands where {one} belongs in {words(expr)}", expr.xreplace({one: other})
                )
    for one, other in combinations(inside, 2):
        swapped = expr.xreplace({one: other, other: one})
        yield Mistake(4.5, "wrong name", f"{one} and {other} have changed places in {words(expr)}", swapped)
