"""Usual mistakes in a formula: every variant of an expression that one slip of a student's makes of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from types import MappingProxyType
from typing import Any, NamedTuple

import sympy
from sympy.core.function import AppliedUndef

from symgraph.ir.functions import SpecFunction, sigmoid
from symgraph.spec.canonical import postorder

_SIBLINGS = (
    (sympy.sin, sympy.cos, sympy.tan),
    (sympy.sinh, sympy.cosh, sympy.tanh, sympy.exp),
    (sympy.asin, sympy.acos, sympy.atan),
)
"""Functions that are taken for each other."""
_ANGLES = (sympy.sin, sympy.cos, sympy.tan)
_MANY = 60
"""Operations above which an expression is too long for all its variants."""


SLOPES: Mapping[str, Callable[[Any], Any]] = MappingProxyType({"tanh": lambda a: 1 - a**2, "sigmoid": lambda a: a * (1 - a)})
"""The derivatives of functions by their own value a."""


class Slip(NamedTuple):
    """One mistake in an expression.

    Attributes:
        rank: the lower, the more usual.
        kind: "sign", "missing factor", "missing term", "power", "function", "argument", "wrong name", "degrees" or
            "local derivative".
        text: the mistake in words.
        expr: the expression that it makes.
    """

    rank: float
    kind: str
    text: str
    expr: Any


def wrong_slopes(kind: str, a: Any) -> Iterator[tuple[float, str, Any]]:
    """Make the wrong derivatives of tanh or sigmoid.

    Args:
        kind: "tanh" or "sigmoid".
        a: its value, a SymPy expression.

    Returns:
        Of each its rank, the mistake in words, and the formula.
    """
    right = SLOPES[kind](a)
    (other,) = (name for name in SLOPES if name != kind)
    yield 4.0, f"the slope of {other}, {SLOPES[other](a)}, stands where that of {kind}, {right}, belongs", SLOPES[other](a)
    wrong = {"tanh": (1 - a, 1 + a**2, 1 + a, a**2, a), "sigmoid": (a * (1 + a), 1 - a, 1 + a, a**2, a)}[kind]
    for slope in (*wrong, a**2 - 1 if kind == "tanh" else a * (a - 1)):
        yield 4.1, f"the slope of {kind} is {right}, not {slope}", slope
    if kind == "sigmoid":
        yield 4.2, f"the slope is {right}: sigmoid is taken once more", sigmoid(a) * (1 - sigmoid(a))
    else:
        yield 4.2, f"the slope is {right}: tanh is taken once more", 1 - sympy.tanh(a) ** 2


def slips(expr: Any) -> Iterator[Slip]:
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
            changed = expr.xreplace({part: slip.expr}) if part != expr else slip.expr
            if changed != expr:
                yield slip._replace(expr=changed)


def _of(part: Any) -> Iterator[Slip]:
    if part.is_Add:
        yield from _of_sum(part)
    elif part.is_Mul:
        yield from _of_product(part)
    elif part.is_Pow:
        yield from _of_power(part)
    elif isinstance(part, sympy.Function | AppliedUndef):
        yield from _of_function(part)


def _of_sum(part: Any) -> Iterator[Slip]:
    for term in part.args:
        others = sympy.Add(*(other for other in part.args if other != term))
        yield Slip(3.0, "missing term", f"the term {abs_of(term)} of {part} is forgotten", others)
        yield Slip(2.0, "sign", f"the term {abs_of(term)} of {part} has the wrong sign", others - term)
    yield from _of_slope("tanh", part)
    outer = [term for term in part.args if term.could_extract_minus_sign()]
    if outer and len(outer) < len(part.args):
        flipped = sympy.Add(*(abs_of(term) for term in part.args))
        yield Slip(4.0, "sign", f"every term of {part} is added", flipped)


def _of_slope(kind: str, part: Any) -> Iterator[Slip]:
    """The variants of a sum 1 - a**2, or of a product that has a*(1 - a) in it, where a may be the value of tanh or sigmoid."""
    for a in {factor.base if factor.is_Pow else factor for arg in part.args for factor in sympy.Mul.make_args(arg)}:
        if (a.is_Symbol or a.is_Function) and (part == SLOPES[kind](a) or (part.is_Mul and {a, 1 - a} <= set(part.args))):
            for rank, text, slope in wrong_slopes(kind, a):
                yield Slip(rank, "local derivative", text, part / SLOPES[kind](a) * slope)


def abs_of(term: Any) -> Any:
    """Return a term without its minus sign."""
    return -term if term.could_extract_minus_sign() else term


def _of_product(part: Any) -> Iterator[Slip]:
    for factor in part.args:
        others = sympy.Mul(*(other for other in part.args if other != factor))
        if factor == -1:
            yield Slip(2.0, "sign", f"{part} has the wrong sign", others)
        else:
            yield Slip(2.0, "missing factor", f"the factor {factor} of {part} is missing", others)
        if factor.is_Pow and factor.exp.could_extract_minus_sign():
            yield Slip(5.0, "power", f"{part} is multiplied by {1 / factor} instead of divided", others / factor)
    yield from _of_slope("sigmoid", part)
    if 2 < len(part.args) <= 6:
        for pair in combinations([arg for arg in part.args if arg != -1], 2):
            rest = sympy.Mul(*(other for other in part.args if other not in pair))
            yield Slip(6.0, "missing factor", f"the factors {pair[0]} and {pair[1]} of {part} are missing", rest)


def _of_power(part: Any) -> Iterator[Slip]:
    base, power = part.args
    if power == 2:
        yield Slip(2.0, "power", f"the square in {part} is forgotten", base)
        yield Slip(4.0, "power", f"{part} is twice {base} instead of its square", 2 * base)
    elif power == -1:
        yield Slip(4.0, "power", f"{base} is not inverted", base)
    elif power == sympy.Rational(1, 2):
        yield Slip(3.0, "power", f"the root in {part} is forgotten", base)
    else:
        yield Slip(3.0, "power", f"the power in {part} is forgotten", base)
    if power.is_number:
        yield Slip(4.0, "power", f"the power of {part} is one too low", base ** (power - 1))
        yield Slip(5.0, "power", f"the power of {part} is one too high", base ** (power + 1))


def _of_function(part: Any) -> Iterator[Slip]:
    name, function = type(part).__name__, part.func
    if len(part.args) == 1:
        (inner,) = part.args
        yield Slip(2.0, "sign", f"the argument of {part} has the wrong sign", function(-inner))
        yield Slip(3.0, "function", f"{name} is forgotten in {part}", inner)
        for term in inner.args if inner.is_Add else ():
            yield Slip(4.0, "argument", f"the term {term} of {part} stands outside of {name}", function(inner - term) + term)
        for family in _SIBLINGS:
            for other in family if function in family else ():
                if other is not function:
                    yield Slip(3.0, "function", f"{other.__name__} in the place of {name} in {part}", other(inner))
        if function in _ANGLES:
            yield Slip(3.0, "degrees", f"{name} gets its angle in degrees", function(inner * 180 / sympy.pi))
            yield Slip(3.0, "degrees", f"the angle of {name} is taken for degrees", function(inner * sympy.pi / 180))
        if function is sympy.log:
            yield Slip(3.0, "function", f"the logarithm to the base 10 in {part}", part / sympy.log(10))
            yield Slip(4.0, "function", f"the logarithm to the base 2 in {part}", part / sympy.log(2))
        if function in (sympy.exp, sympy.tanh):
            yield Slip(4.0, "missing factor", f"{part} has twice its argument", function(2 * inner))
            yield Slip(4.0, "missing factor", f"{part} has half its argument", function(inner / 2))
    if isinstance(part, SpecFunction):
        for slip in slips(part.definition()):
            yield slip._replace(rank=slip.rank + 1.0, text=f"{slip.text}, in {part} = {part.definition()}")


def renamed(expr: Any, names: Sequence[Any], same: Iterable[frozenset[str]]) -> Iterator[Slip]:
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
                yield Slip(rank, "wrong name", f"{other} stands where {one} belongs in {expr}", expr.xreplace({one: other}))
    for one, other in combinations(inside, 2):
        swapped = expr.xreplace({one: other, other: one})
        yield Slip(4.5, "wrong name", f"{one} and {other} have changed places in {expr}", swapped)
