"""Real and imaginary parts of an expression with the imaginary unit."""

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any

import sympy

from symgraph.errors import SpecError
from symgraph.spec.canonical import symbols_of
from symgraph.spec.inputs import Input, NamedNode, positive_symbols
from symgraph.spec.ops.sympy_classes import hypot


def complex_parts(expr: Any, inputs: Iterable[Input], nodes: Iterable[NamedNode], where: str) -> tuple[Any, Any]:
    """Return the real and the imaginary part of an expression, each real.

    A symbol is taken for positive if its domain begins at 0 or above, or if it is a node that is positive then; so the angle of
    ``(I*omega)**n`` is known.

    Args:
        expr: a SymPy expression with ``sympy.I``, or a number.
        inputs: of the model.
        nodes: its named nodes, in order.
        where: model and output, for messages.

    Raises:
        SpecError: it is no expression, or has a function whose parts are not known.
    """
    try:
        whole = sympy.sympify(expr, strict=True)
    except sympy.SympifyError:
        whole = None
    if not isinstance(whole, sympy.Expr):
        raise SpecError(f"{where}: {expr!r} is not a SymPy expression or a number")
    with sympy.evaluate(True):
        positive = positive_symbols(inputs, nodes)
        stands = {symbol: positive[symbol] for symbol in symbols_of(whole) if symbol in positive}
        given = {dummy: symbol for symbol, dummy in stands.items()}
        parts = _split(whole.xreplace(stands))
        found = {one.xreplace(given) for part in parts for one in part.atoms(sympy.Function, *_COMPLEX) if one.has(*_COMPLEX)}
    if found:
        left = max(found, key=lambda one: (sympy.count_ops(one), str(one)))
        raise SpecError(f"{where}: {left} cannot be split into real expressions; write both parts and use model.outputs")
    real, imaginary = (part.xreplace(given) for part in parts)
    return real, imaginary


def real_form(expr: Any) -> Any:
    """Return an expression with the imaginary unit whose value is real, as Abs(z)**2 is, without that unit; others as given."""
    if not expr.has(sympy.I):
        return expr
    with sympy.evaluate(True):
        real, imaginary = _split(expr)
        is_real = imaginary.expand() == 0 and not real.atoms(*_COMPLEX)
    return real if is_real else expr


_COMPLEX = (sympy.re, sympy.im, sympy.arg, sympy.conjugate, type(sympy.I))
"""Kinds of expressions that are not real, or are of one that is not."""

_OF_PARTS: Mapping[Any, Callable[[Any, Any], tuple[Any, Any]]] = {
    sympy.exp: lambda a, b: (sympy.exp(a) * sympy.cos(b), sympy.exp(a) * sympy.sin(b)),
    sympy.log: lambda a, b: (sympy.log(_modulus(a, b)), sympy.atan2(b, a)),
    sympy.Abs: lambda a, b: (_modulus(a, b), sympy.S.Zero),
    sympy.arg: lambda a, b: (sympy.atan2(b, a), sympy.S.Zero),
    sympy.re: lambda a, b: (a, sympy.S.Zero),
    sympy.im: lambda a, b: (b, sympy.S.Zero),
    sympy.conjugate: lambda a, b: (a, -b),
}
"""Parts of functions of a number whose parts are known."""


def _split(expr: Any) -> tuple[Any, Any]:
    """Return real and imaginary part of an expression in which every symbol is real."""
    if not expr.has(sympy.I):
        return expr, sympy.S.Zero
    if expr is sympy.I:
        return sympy.S.Zero, sympy.S.One
    if expr.is_Add:
        parts = [_split(term) for term in expr.args]
        return sympy.Add(*(real for real, _ in parts)), sympy.Add(*(imaginary for _, imaginary in parts))
    if expr.is_Mul:
        real, others = expr.as_independent(sympy.I)
        a, b = reduce(_product, map(_split, sympy.Mul.make_args(others)))
        return real * a, real * b
    if expr.is_Pow:
        return _power(*expr.args)
    if type(expr) in _OF_PARTS:
        return _OF_PARTS[type(expr)](*_split(expr.args[0]))
    if len(expr.args) == 1:
        a, b = _split(expr.args[0])
        x, y = sympy.symbols("x y", cls=sympy.Dummy, real=True)
        found: tuple[Any, Any] = expr.func(x + sympy.I * y).as_real_imag()
        if not any(part.atoms(*_COMPLEX) for part in found):
            return found[0].xreplace({x: a, y: b}), found[1].xreplace({x: a, y: b})
    return expr, sympy.S.Zero


def _product(one: tuple[Any, Any], other: tuple[Any, Any]) -> tuple[Any, Any]:
    (a, b), (c, d) = one, other
    return a * c - b * d, a * d + b * c


def _power(base: Any, exponent: Any) -> tuple[Any, Any]:
    """Return the parts of a power: by products and a quotient where its exponent is small and whole, else by its angle."""
    if exponent.is_Integer and exponent < 0:
        a, b = _power(base, -exponent)
        return a / (a**2 + b**2), -b / (a**2 + b**2)
    a, b = _split(base)
    if exponent.is_Integer and exponent <= 4:
        return reduce(_product, [(a, b)] * int(exponent))
    logarithm = sympy.log(a) if b == 0 else sympy.log(_modulus(a, b)) + sympy.I * sympy.atan2(b, a)
    if exponent.has(sympy.I):
        return _split(sympy.exp(exponent * logarithm))
    size, angle = _modulus(a, b) ** exponent, exponent * sympy.atan2(b, a)
    return size * sympy.cos(angle), size * sympy.sin(angle)


def _modulus(a: Any, b: Any) -> Any:
    return abs(a) if b == 0 else abs(b) if a == 0 else hypot(a, b)
