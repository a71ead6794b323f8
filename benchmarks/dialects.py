"""Functions of other libraries under NumPy's names, so that one printer of SymPy writes a model for all of them."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from types import MappingProxyType
from typing import Any

import numpy as np
import sympy

Names = Mapping[str, Any]

_ONE_OR_TWO = (
    "exp", "log", "sqrt", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2", "sinh", "cosh", "tanh", "arcsinh",
    "arccosh", "arctanh", "sign", "floor", "ceil", "sinc", "maximum", "minimum", "less", "less_equal", "greater",
    "greater_equal", "not_equal", "erf", "erfc", "lgamma",
)  # fmt: skip
"""Functions that torch has under NumPy's or SciPy's names."""


def printer() -> Any:
    """Return NumPy's printer without a module's name before functions."""
    return sympy.printing.numpy.NumPyPrinter(
        {"fully_qualified_modules": False, "inline": True, "allow_unknown_functions": True}
    )


def _autograd() -> Names:
    """Return autograd's functions; conditions are plain arrays there."""
    import autograd.numpy as anp
    from autograd.scipy import special

    names = {"erf": special.erf, "erfc": special.erfc, "gamma": special.gamma, "lgamma": special.gammaln}
    return {"reduce": reduce, **vars(anp), **names, "logical_and": np.logical_and, "logical_or": np.logical_or}


def _jax() -> Names:
    """Return JAX's functions."""
    import jax.numpy
    from jax.scipy import special

    names = {"erf": special.erf, "erfc": special.erfc, "gamma": special.gamma, "lgamma": special.gammaln}
    return {**vars(jax.numpy), **names, **_logic(jax.numpy.logical_and, jax.numpy.logical_or)}


def _torch() -> Names:
    """Return torch's functions, which take no numbers beside tensors."""
    import torch

    def lifted(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *given: function(*(torch.as_tensor(one, dtype=torch.float64) for one in given))

    def select(conditions: Sequence[Any], values: Sequence[Any], default: float) -> Any:
        return _chosen(torch.where, conditions, [torch.as_tensor(value, dtype=torch.float64) for value in values], default)

    names = {name: lifted(getattr(torch, name)) for name in _ONE_OR_TWO}
    names |= {"equal": lifted(torch.eq), "gamma": lambda x: names["exp"](names["lgamma"](x)), "select": select}
    return names | _logic(torch.logical_and, torch.logical_or)


def _casadi() -> Names:
    """Return CasADi's functions, for values of one row."""
    import casadi

    def select(conditions: Sequence[Any], values: Sequence[Any], default: float) -> Any:
        return _chosen(casadi.if_else, conditions, values, default)

    compared = {
        "less": casadi.lt, "less_equal": casadi.le, "greater": casadi.gt, "greater_equal": casadi.ge, "equal": casadi.eq,
        "not_equal": casadi.ne,
    }  # fmt: skip
    others = {"maximum": casadi.fmax, "minimum": casadi.fmin, "select": select, "erfc": lambda x: 1 - casadi.erf(x)}
    return {**vars(casadi), **compared, **others, **_logic(casadi.logic_and, casadi.logic_or)}


class _Reducing:
    """Function of two operands with a ``reduce``, as NumPy's logical functions have it."""

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        self._function = function

    def __call__(self, first: Any, second: Any) -> Any:
        return self._function(first, second)

    def reduce(self, given: Sequence[Any]) -> Any:
        """Fold several values into one."""
        return reduce(self._function, given)


def _logic(both: Callable[[Any, Any], Any], either: Callable[[Any, Any], Any]) -> dict[str, Any]:
    known = {"logical_and": _Reducing(both), "logical_or": _Reducing(either), "reduce": reduce}
    return known | {"nan": math.nan, "pi": math.pi, "e": math.e}


def _chosen(where: Callable[..., Any], conditions: Sequence[Any], values: Sequence[Any], default: Any) -> Any:
    """Compute numpy.select by a function of a condition and two values."""
    result = default
    for condition, value in reversed(list(zip(conditions, values, strict=True))):
        result = value if condition is True else where(condition, value, result)
    return result


DIALECTS: Mapping[str, Callable[[], Names]] = MappingProxyType(
    {"autograd": _autograd, "jax": _jax, "torch": _torch, "casadi": _casadi}
)
"""The functions of each library by NumPy's names, imported when they are asked for."""
