"""Functions of a spec by the names that NumPy and SciPy have for them."""

import numpy as np

from symgraph.spec.ops.ops import FUNCTIONS

_OTHER = {
    "absolute": "sympy.Abs({})", "arccos": "sympy.acos({})", "arccosh": "sympy.acosh({})", "arcsin": "sympy.asin({})",
    "arcsinh": "sympy.asinh({})", "arctan": "sympy.atan({})", "arctan2": "sympy.atan2({})", "arctanh": "sympy.atanh({})",
    "dawsn": "symgraph.dawson({})", "exp1": "sympy.E1({})", "exp2": "2**({})", "expi": "sympy.Ei({})",
    "expit": "symgraph.sigmoid({})", "fabs": "sympy.Abs({})", "fmax": "sympy.Max({})", "fmin": "sympy.Min({})",
    "fmod": "sympy.Mod({})", "gammaln": "sympy.loggamma({})", "heaviside": "sympy.Heaviside({})", "iv": "sympy.besseli({})",
    "jv": "sympy.besselj({})", "kv": "sympy.besselk({})", "log10": "sympy.log({}, 10)", "log2": "sympy.log({}, 2)",
    "log_expit": "symgraph.log_sigmoid({})", "maximum": "sympy.Max({})", "minimum": "sympy.Min({})", "psi": "sympy.digamma({})",
    "remainder": "sympy.Mod({})", "sqrt": "sympy.sqrt({})", "voigt_profile": "symgraph.voigt({})", "yv": "sympy.bessely({})",
}  # fmt: skip
"""Those that a spec calls by another name, or that are no class; {} is the argument."""

_SAME = {function.__name__: function.__module__.partition(".")[0] for function in FUNCTIONS}
"""The package of each function of a spec."""


def equivalent(name: str, arguments: str) -> str:
    """Return how a spec writes a call of NumPy's or SciPy's function, such as ``sympy.exp(a*x)``; "" where it cannot.

    Args:
        name: of the function.
        arguments: as they stand between the parentheses.
    """
    written = _OTHER.get(name) or (f"{_SAME[name]}.{name}({{}})" if name in _SAME else "")
    return written.format(arguments)


def takes_numbers(name: str, given: str, arguments: str) -> str:
    """Return the message about a function of NumPy or SciPy that was given a formula.

    Args:
        name: of the function.
        given: what it was given, such as "and a is a symbol".
        arguments: as they stand between the parentheses.
    """
    written = equivalent(name, arguments)
    instead = f"write {written}" if written else "use the functions of SymPy and symgraph instead"
    return f"{'np.' if hasattr(np, name) else ''}{name} takes numbers, {given}; {instead}"
