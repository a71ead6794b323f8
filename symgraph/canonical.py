"""Walks over SymPy expressions that need no recursion, and digests that do not depend on hash seeds.

SymPy's own walks recurse and stop at about a thousand levels; its order of arguments is its own business and may change. A
digest names an expression by its structure alone: equal structure, equal digest, on every machine.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from sympy import Float, Integer, Rational, Symbol

_COMMUTATIVE = frozenset({"Add", "Mul", "Max", "Min", "And", "Or", "Equality", "Unequality"})


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
    """The symbols of an expression; SymPy's ``free_symbols`` recurses, and visits shared subexpressions over and over."""
    return frozenset(part for part in postorder([expr]) if isinstance(part, Symbol))


def digests(roots: Iterable[Any]) -> dict[Any, str]:
    """Give each subexpression a digest of its structure, the arguments of commutative operations in sorted order."""
    result: dict[Any, str] = {}
    for expr in postorder(roots):
        kind, args = type(expr).__name__, expr.args
        parts = [result[arg] for arg in args]
        if kind in _COMMUTATIVE:
            parts.sort()
        text = f"{kind}({'' if args else _leaf(expr)};{','.join(parts)})"
        result[expr] = hashlib.sha256(text.encode()).hexdigest()[:24]
    return result


def _leaf(expr: Any) -> str:
    """What tells an expression without arguments from others of its class."""
    if isinstance(expr, Symbol):
        return str(expr.name)
    if isinstance(expr, Integer | Rational):
        return f"{expr.p}/{expr.q}"
    if isinstance(expr, Float):
        sign, mantissa, exponent, _ = (int(part) for part in expr._mpf_)  # int: gmpy2 prints its integers differently
        return f"{sign}:{mantissa}:{exponent}"
    return str(expr)
