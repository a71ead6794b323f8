"""What computes each kind of SymPy expression in mpmath, where its slope is singular, and where it does different things."""

from collections.abc import Callable, Mapping
from typing import Any

import mpmath
import sympy

from symgraph import error_functions
from symgraph import functions as fn

NAN = mpmath.nan

_OSCILLATING = 1e15
"""Above this, neighbouring doubles are a good part of a period apart, and the step of a difference soon is several."""


def _and(*terms: Any) -> Any:
    return False if any(term is False for term in terms) else True if all(term is True for term in terms) else NAN


def _or(*terms: Any) -> Any:
    return True if any(term is True for term in terms) else False if all(term is False for term in terms) else NAN


def _if(condition: Any, chosen: Any, other: Any) -> Any:
    return chosen if condition is True else other if condition is False else NAN


def _not(term: Any) -> Any:
    return not term


def _add(*terms: Any) -> Any:
    return mpmath.fsum(terms)


def _mul(*factors: Any) -> Any:
    product = factors[0]
    for factor in factors[1:]:
        product = product * factor
    return product


def _heaviside(x: Any, at_zero: Any) -> Any:
    return at_zero if x == 0 else mpmath.mpf(int(x > 0))


def _atan2(y: Any, x: Any) -> Any:
    return NAN if x == 0 and y == 0 else mpmath.atan2(y, x)


def _cbrt(x: Any) -> Any:
    return mpmath.sign(x) * mpmath.cbrt(abs(x))


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + mpmath.exp(-z))


def _softplus(z: Any) -> Any:
    return mpmath.log1p(mpmath.exp(z))


def _relu(z: Any) -> Any:
    return max(z, mpmath.mpf(0))


def _log_sigmoid(z: Any) -> Any:
    return -mpmath.log1p(mpmath.exp(-z))


def _logit(x: Any) -> Any:
    return mpmath.log(x / (1 - x))


def _logaddexp(a: Any, b: Any) -> Any:
    return max(a, b) + mpmath.log1p(mpmath.exp(-abs(a - b)))


def _xlogx(x: Any) -> Any:
    return x * mpmath.log(x) if x else x


def _xlogy(x: Any, y: Any) -> Any:
    return x * mpmath.log(y) if x else x


LOGIC = frozenset({_and, _or, _if})
"""Operations that may be decided although an operand has no value."""

OPERATIONS: Mapping[type, Callable[..., Any]] = {
    sympy.Add: _add, sympy.Mul: _mul, sympy.Pow: mpmath.power,
    sympy.StrictLessThan: lambda a, b: a < b, sympy.LessThan: lambda a, b: a <= b,
    sympy.StrictGreaterThan: lambda a, b: a > b, sympy.GreaterThan: lambda a, b: a >= b,
    sympy.Equality: lambda a, b: a == b, sympy.Unequality: lambda a, b: a != b,
    sympy.And: _and, sympy.Or: _or, sympy.Not: _not, sympy.ITE: _if,
    sympy.exp: mpmath.exp, sympy.log: mpmath.log, fn.expm1: mpmath.expm1, fn.log1p: mpmath.log1p,
    sympy.sin: mpmath.sin, sympy.cos: mpmath.cos, sympy.tan: mpmath.tan, sympy.asin: mpmath.asin, sympy.acos: mpmath.acos,
    sympy.atan: mpmath.atan, sympy.atan2: _atan2, sympy.sinc: mpmath.sinc,
    sympy.sinh: mpmath.sinh, sympy.cosh: mpmath.cosh, sympy.tanh: mpmath.tanh, sympy.sech: mpmath.sech,
    sympy.asinh: mpmath.asinh, sympy.acosh: mpmath.acosh, sympy.atanh: mpmath.atanh,
    sympy.Abs: abs, sympy.sign: mpmath.sign, sympy.Max: max, sympy.Min: min, sympy.Heaviside: _heaviside,
    fn.cbrt: _cbrt, fn.hypot: mpmath.hypot, fn.sigmoid: _sigmoid, fn.softplus: _softplus, fn.relu: _relu,
    fn.log_sigmoid: _log_sigmoid, fn.logit: _logit, fn.logaddexp: _logaddexp, fn.xlogx: _xlogx, fn.xlogy: _xlogy,
    sympy.erf: error_functions.erf, sympy.erfc: error_functions.erfc, fn.gauss: lambda x: mpmath.exp(-(x * x)),
    **{getattr(fn, name): getattr(error_functions, name) for name in ("erfcx", "ierfcx", "log_erfc", "log_half_erfc")},
}  # fmt: skip
"""What computes each kind of SymPy expression; Piecewise and powers with integer exponents are dealt with apart."""

SINGULAR: Mapping[type, Callable[..., bool]] = {
    sympy.Pow: lambda base, exponent: base == 0 and not (exponent == mpmath.floor(exponent) and exponent > 0),
    fn.cbrt: lambda x: x == 0,
    sympy.asin: lambda x: abs(x) == 1,
    sympy.acos: lambda x: abs(x) == 1,
    sympy.acosh: lambda x: x == 1,
    fn.xlogx: lambda x: x == 0,
    **dict.fromkeys((sympy.sin, sympy.cos, sympy.tan, sympy.sinc), lambda x: abs(x) > _OSCILLATING),
}
"""Where the slope of a function is infinite although its value is finite, or means nothing."""


def _side(x: Any, *_: Any) -> int:
    return int(x > 0)


CHOICES: Mapping[type, Callable[..., int]] = {
    sympy.Max: lambda *args: args.index(max(args)),
    sympy.Min: lambda *args: args.index(min(args)),
    **dict.fromkeys((sympy.Abs, sympy.sign, sympy.Heaviside, fn.relu, fn.sigmoid, fn.softplus, fn.log_sigmoid), _side),
    fn.logaddexp: lambda a, b: int(a > b),
    fn.logit: lambda x: int(x < 0.25),
    sympy.sinc: lambda x: int(abs(x) < 1.5),
    sympy.erf: lambda x: int(abs(x) < 1),
    **dict.fromkeys((sympy.erfc, fn.log_erfc), lambda x: int(abs(x) < 0.5)),
    **dict.fromkeys((fn.erfcx, fn.ierfcx, fn.log_half_erfc), _side),
}
"""Functions besides Piecewise that do one thing here and another there, or are computed in two ways: which of them it is."""
