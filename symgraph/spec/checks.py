"""Checks of a spec's expressions, made while the model is built so that the error points at the user's line."""

import math
from collections.abc import Mapping
from typing import Any

import sympy
from sympy.core.function import FunctionClass
from sympy.core.numbers import ComplexInfinity, ImaginaryUnit
from sympy.core.relational import Relational
from sympy.functions.elementary.piecewise import ExprCondPair
from sympy.logic.boolalg import BooleanAtom

from symgraph.errors import SpecError, did_you_mean
from symgraph.spec.canonical import postorder, replaced
from symgraph.spec.complex_parts import real_form
from symgraph.spec.declared import DeclaredSymbol
from symgraph.spec.ops.ops import FUNCTIONS, OF_WHOLE_ORDERS, OPS, call_of, op_of
from symgraph.spec.ops.sympy_classes import ndtri
from symgraph.spec.ops.user_functions import UserFunction

_SHOWN = 60
"""Largest number of characters of a constant in a message."""

# the last one is what SymPy makes of a Piecewise inside a condition
_LOGIC = (sympy.And, sympy.Or, sympy.Not, sympy.ITE)

# infinities and the imaginary unit pass here and are refused as constants, with a better message
_STRUCTURE = (
    sympy.Symbol,
    sympy.Number,
    sympy.NumberSymbol,
    ImaginaryUnit,
    ComplexInfinity,
    sympy.Add,
    sympy.Mul,
    sympy.Pow,
    sympy.Piecewise,
    ExprCondPair,
    Relational,
    *_LOGIC,
    BooleanAtom,
)

_UNFINISHED = (sympy.Derivative, sympy.Limit, sympy.concrete.expr_with_limits.ExprWithLimits)
"""Objects that SymPy can work out into expressions: derivatives, limits, integrals, sums and products."""

_CONDITION = "a condition is not a value; wrap it as Piecewise((1, condition), (0, True))"
_CONDITIONS = {
    sympy.Xor: "x^y is no power; powers are written with **",
    sympy.Eq: "an equation is not a value; write the difference of its sides, or its square as a loss",
}

_COMMON = frozenset({DeclaredSymbol, sympy.Add, sympy.Mul, sympy.Pow, *FUNCTIONS}) - {sympy.LambertW, *OF_WHOLE_ORDERS}
"""Kinds of expressions that need no further check."""


def check_expression(expr: Any, where: str, declared: Mapping[str, Any]) -> Any:
    """Return the expression, sympified, if it can become part of a graph.

    Args:
        expr: a SymPy expression or a number.
        where: the model and node, for messages.
        declared: the symbols that exist so far, by name.

    Raises:
        SpecError: it is no expression, uses a symbol that is not declared, a function that is not supported, or a constant
            that is complex, not finite, or too small for a double.
    """
    if isinstance(expr, str):
        raise SpecError(f"{where}: {expr!r} is a string; write a SymPy expression over the model's symbols")
    try:
        result = sympy.sympify(expr, strict=True)
    except sympy.SympifyError:
        if callable(expr):
            raise SpecError(f"{where}: {getattr(expr, '__name__', expr)} is a function, not an expression; call it") from None
        raise SpecError(f"{where}: {expr!r} is not a SymPy expression or a number") from None
    if isinstance(result, sympy.logic.boolalg.Boolean) and not isinstance(result, sympy.Expr):
        raise SpecError(f"{where}: {_CONDITIONS.get(type(result), _CONDITION)}")
    if not isinstance(result, sympy.Expr) or result.is_Matrix:
        hint = "take its parts one by one" if hasattr(result, "__len__") else "write an expression"
        raise SpecError(f"{where}: a {type(result).__name__.removeprefix('ImmutableDense')} is not a scalar expression; {hint}")
    result = real_form(result)
    parts = list(postorder([result]))
    deltas = {
        part: sympy.Piecewise((1, sympy.Eq(*part.args)), (0, True)) for part in parts if type(part) is sympy.KroneckerDelta
    }
    if deltas:
        return check_expression(replaced(result, deltas), where, declared)
    if not {type(part) for part in parts} <= _COMMON:
        for part in reversed(parts):  # from the outside in: a sum is named before its limits
            _check_kind(part, where)
    dependent: set[Any] = set()
    foreign: dict[Any, Any] = {}
    for part in parts:
        if isinstance(part, UserFunction):
            _check_function(part, where, declared)
            dependent.add(part)
        elif isinstance(part, sympy.Symbol):
            known = _declared(part, where, declared)
            if known != part:
                foreign[part] = known
            dependent.add(part)
        elif not dependent.isdisjoint(part.args):
            dependent.add(part)
        elif isinstance(part, sympy.Expr) and not isinstance(part, sympy.Piecewise):
            if isinstance(part, sympy.erfcinv | ndtri):
                foreign[part] = _by_erfinv(part)
            _check_constant(replaced(part, foreign) if foreign else part, where)
    return replaced(result, foreign) if foreign else result


def _declared(symbol: Any, where: str, declared: Mapping[str, Any]) -> Any:
    """Return the model's symbol of a name; a real symbol that the user made under that name is accepted for it."""
    known = declared.get(symbol.name)
    if known is None and isinstance(symbol, DeclaredSymbol):
        raise SpecError(f"{where}: symbol {symbol.name} is of another model; declare one of this model")
    if known is None:
        names = ", ".join(declared) or "none so far"
        raise SpecError(
            f"{where}: symbol {symbol.name} is not declared; declare it with model.feature, weight, target or node first "
            f"(declared: {names}){did_you_mean(symbol.name, declared)}"
        )
    if symbol.assumptions0 != known.assumptions0:
        raise SpecError(
            f"{where}: symbol {symbol.name} has the name of one of the model's but is another; "
            "use the object that the model returned"
        )
    return known


def _check_function(part: Any, where: str, declared: Mapping[str, Any]) -> None:
    """Refuse a function that is neither declared in the model nor the partial of one that is."""
    ops = [one for known in declared.values() if isinstance(known, FunctionClass) for one in known.user_op.every]
    if part.user_op not in ops:
        raise SpecError(f"{where}: {_name_of(part)} is of another model; declare it in this one by model.function")


def _check_kind(part: Any, where: str) -> None:
    if type(part) in OF_WHOLE_ORDERS and not part.args[0].is_Integer:
        raise SpecError(f"{where}: {type(part).__name__} has the order {part.args[0]}; orders are whole constants, such as 2")
    conditions = part.args[1:] if isinstance(part, ExprCondPair) else part.args if isinstance(part, _LOGIC) else ()
    for number in (one for one in conditions if isinstance(one, sympy.Symbol)):
        raise SpecError(f"{where}: {number} is a number, and stands for a condition; compare it, as in {number} > 0")
    if isinstance(part, _STRUCTURE) or op_of(part)[0] is not None:
        return
    if isinstance(part, _UNFINISHED):
        raise SpecError(f"{where}: {_name_of(part)} is not supported unless .doit() gives an expression of the model's symbols")
    names = ", ".join(sorted(call_of(row) for row in OPS.values() if row.function is not None))
    raise SpecError(
        f"{where}: {_name_of(part)} is not supported; supported are + - * / **, Piecewise with comparisons and And, Or, Not, "
        f"pi, E, and the functions {names}"
    )


def _name_of(part: Any) -> str:
    return f"function {part.func.__name__}" if isinstance(part, sympy.Function) else str(type(part).__name__)


def _by_erfinv(part: Any) -> Any:
    """Write an inverse of a constant by the only inverse error function of which SymPy computes numbers."""
    number = sympy.Rational(part.args[0]) if part.args[0].is_Float else part.args[0]
    return -sympy.sqrt(2) * sympy.erfinv(1 - 2 * number) if isinstance(part, ndtri) else sympy.erfinv(1 - number)


def _check_constant(part: Any, where: str) -> None:
    try:
        value = part.evalf(20)
    except ValueError:  # as mpmath says that an inverse function has no value, or the gamma function a pole
        raise SpecError(f"{where}: the constant {_shortened(part)} is not a real number; models are real and finite") from None
    if not (value.is_Float or value.is_Rational) or not math.isfinite(_as_float(value)):
        is_complex = value.is_real is False and value.is_finite is not False
        kind = "is complex" if is_complex else "is not a finite double"
        hint = "; model.complex_output takes an output apart" if is_complex else ""
        raise SpecError(f"{where}: the constant {_shortened(part)} {kind}; models are real and finite{hint}")
    if value != 0 and _as_float(value) == 0.0:
        raise SpecError(
            f"{where}: the constant {_shortened(part)} is not 0 but rounds to 0 as a double; scale the model to avoid it"
        )


def _shortened(part: Any) -> str:
    # Python refuses to print integers of thousands of digits
    is_long = part.is_Rational and max(abs(part.p), part.q) >= 10**_SHOWN
    text = str(part.evalf(6)) if is_long else str(part)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf
