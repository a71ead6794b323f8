"""Real and imaginary parts of an expression with the imaginary unit, as SymPy splits it."""

from collections.abc import Iterable
from typing import Any

import sympy

from symgraph.errors import SpecError
from symgraph.spec.canonical import symbols_of
from symgraph.spec.inputs import Input, NamedNode
from symgraph.spec.signs import positive_symbols


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
        SpecError: it is no expression, or SymPy cannot split it.
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
        turned = _turned(whole.xreplace(stands))
        parts = tuple(map(_settled, turned.as_real_imag()))
        if _left(parts):  # as of products of functions, which are long when they are taken apart
            parts = tuple(map(_settled, turned.expand(complex=True).as_real_imag()))
        left = [part.xreplace(given) for part in _left(parts)]
    if left:
        raise SpecError(
            f"{where}: SymPy cannot split it into real expressions, {left[0]} is left; declare domain=(0, ...) for what is "
            "positive, or write both parts and use model.outputs"
        )
    real, imaginary = (part.xreplace(given) for part in parts)
    return real, imaginary


def _turned(expr: Any) -> Any:
    """Write powers of complex numbers with an exponent that is no number as exponentials, whose parts SymPy knows."""
    return expr.replace(
        lambda part: isinstance(part, sympy.Pow) and part.base.is_real is False and not part.exp.is_number,
        lambda part: sympy.exp(part.exp * (sympy.log(sympy.Abs(part.base)) + sympy.I * sympy.arg(part.base))),
    )


def _settled(expr: Any) -> Any:
    """Write the angles of numbers whose two parts are known by atan2."""
    return expr.replace(sympy.arg, lambda number: sympy.atan2(*reversed(number.as_real_imag())))


def _left(parts: Iterable[Any]) -> list[Any]:
    """Return what is not real in expressions that should be."""
    return [one for part in parts for one in part.atoms(sympy.re, sympy.im, sympy.arg, sympy.I)]
