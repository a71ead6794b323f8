"""Walks over SymPy expressions without recursion, and digests and an order that do not depend on hash seeds.

SymPy's own walks recurse and stop at about a thousand levels; its order of arguments may change from version to version. A
digest names an expression by its structure alone: equal structure, equal digest, on every machine. The order of operands does
not even depend on the names in an expression.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sympy import Float, Integer, Rational, Symbol

COMMUTATIVE = frozenset({"Add", "Mul", "Max", "Min", "And", "Or", "Equality", "Unequality"})


def postorder(roots: Iterable[Any]) -> Iterator[Any]:
    """Yield every distinct subexpression once, arguments before the expressions that use them."""
    done: set[Any] = set()
    for root in roots:
        stack = [root]  # None above an expression says that its arguments have been dealt with
        while stack:
            expr = stack.pop()
            if expr is None:
                expr = stack.pop()
                done.add(expr)
                yield expr
            elif expr in done:
                continue
            elif args := expr.args:
                stack += (expr, None)
                stack += args[::-1]
            else:
                done.add(expr)
                yield expr


def symbols_of(expr: Any) -> frozenset[Any]:
    """Return the symbols of an expression; SymPy's ``free_symbols`` recurses, and visits shared subexpressions repeatedly."""
    return frozenset(part for part in postorder([expr]) if isinstance(part, Symbol))


def replaced(expr: Any, table: Mapping[Any, Any]) -> Any:
    """Return an expression with some subexpressions replaced; SymPy's own ``xreplace`` recurses."""
    known = dict(table)
    for part in postorder([expr]):
        if part not in known:
            args = [known[arg] for arg in part.args]
            same = all(new is old for new, old in zip(args, part.args, strict=True))
            known[part] = part if same else part.func(*args)
    return known[expr]


def written_size(expr: Any) -> int:
    """Return the number of operations and leaves that an expression has where it is written, one that it shares each time."""
    sizes: dict[Any, int] = {}
    for part in postorder([expr]):
        sizes[part] = 1 + sum(sizes[arg] for arg in part.args)
    return sizes[expr]


def digests(roots: Iterable[Any]) -> dict[Any, str]:
    """Return a digest of the structure of each subexpression, the arguments of commutative operations in sorted order."""
    result: dict[Any, str] = {}
    for expr in postorder(roots):
        kind, args = _kind(expr), expr.args
        parts = [result[arg] for arg in args]
        if kind in COMMUTATIVE:
            parts.sort()
        text = f"{kind}({'' if args else _leaf(expr)};{','.join(parts)})"
        result[expr] = hashlib.sha256(text.encode()).hexdigest()[:24]
    return result


def ordered(roots: Iterable[Any], places: Mapping[Any, int]) -> dict[Any, int]:
    """Number all subexpressions in the order in which they stand as operands.

    The subexpression with the earliest first leaf comes first. Among those with the same first leaf, small ones come before
    large, positive numbers before negative ones, and equal structures are ordered by the places of their leaves. So the order
    depends neither on names nor on the order in which SymPy keeps arguments.

    Args:
        roots: the expressions.
        places: the positions of the symbols; a symbol that is missing comes last.
    """
    levels: list[list[Any]] = []
    heights: dict[Any, int] = {}
    firsts: dict[Any, int] = {}
    for expr in postorder(roots):
        args = expr.args
        height = heights[expr] = 1 + max([heights[arg] for arg in args]) if args else 0
        firsts[expr] = min([firsts[arg] for arg in args]) if args else places.get(expr, len(places))
        if height == len(levels):
            levels.append([])
        levels[height].append(expr)
    shapes = _numbered(levels, lambda expr, args: (_kind(expr), _value(expr), args))
    wholes = _numbered(levels, lambda expr, args: (shapes[expr], firsts[expr], args))
    return {expr: first * len(firsts) + wholes[expr] for expr, first in firsts.items()}


def _numbered(levels: Sequence[Sequence[Any]], key: Callable[[Any, tuple[int, ...]], tuple[Any, ...]]) -> dict[Any, int]:
    """Number expressions, lower levels first, by a key of each expression and of the numbers of its arguments."""
    numbers: dict[Any, int] = {}
    count = 0
    for level in levels:
        keys = {}
        for expr in level:
            args = [numbers[arg] for arg in expr.args]
            keys[expr] = key(expr, tuple(sorted(args) if type(expr).__name__ in COMMUTATIVE else args))
        places = {one: count + place for place, one in enumerate(sorted(set(keys.values())))}
        count += len(places)
        numbers |= {expr: places[one] for expr, one in keys.items()}
    return numbers


def _value(expr: Any) -> tuple[bool, float, str]:
    """Return a key that sorts numbers, positive ones first, and is the same for all other expressions."""
    return (bool(expr.is_negative), abs(float(expr)), _leaf(expr)) if expr.is_Number else (False, 0.0, "")


def _kind(expr: Any) -> str:
    """Return the name of an expression's class, the same for symbols of all kinds; of a user's function its paths."""
    return "Symbol" if isinstance(expr, Symbol) else str(getattr(expr, "user_op", type(expr).__name__))


def _leaf(expr: Any) -> str:
    """Return a text that tells an expression without arguments from others of its class."""
    if isinstance(expr, Symbol):
        return str(expr.name)
    if isinstance(expr, Integer | Rational):
        return f"{expr.p}/{expr.q}"
    if isinstance(expr, Float):
        sign, mantissa, exponent, _ = (int(part) for part in expr._mpf_)  # int: gmpy2 prints its integers differently
        return f"{sign}:{mantissa}:{exponent}"
    return str(expr)
