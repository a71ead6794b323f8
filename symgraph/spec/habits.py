"""Habits of numeric code, such as ``np.exp(a*x)`` and ``if x > 0``, and what to write in a formula instead.

Python, NumPy and SymPy raise the errors, in words about their own objects and out of our reach: a*x is a plain SymPy product.
"""

import re
import traceback
from collections.abc import Iterator
from itertools import islice
from types import FrameType
from typing import Any

import numpy as np
import sympy

from symgraph.spec.canonical import symbols_of, written_size
from symgraph.spec.declared import DeclaredSymbol
from symgraph.spec.equivalents import equivalent, takes_numbers

_LONGEST = 20
"""Operations and leaves of a formula that a message shows."""
_MOST = 100
"""Entries of a list that are looked at."""

_OF_UFUNC = re.compile(
    r"ufunc '(?P<name>\w+)' not supported for the input types|"
    r"loop of ufunc does not support argument \d+ of type (?P<type>\w+) which has no callable (?P<method>\w+) method"
)
_NO_NUMBER = "{} is a formula, not a number; use SymPy's"
_ONE_NUMBER = "a symbol is one number of a row; "
_INSTEAD = {
    "cannot determine truth value": (
        "{} is decided row by row, not here; write Piecewise((..., {}), (..., True)) instead of if and np.where, Max or Min "
        "instead of max, min and np.maximum, and And(0 < x, x < 1) instead of 0 < x < 1 or `and`"
    ),
    "Cannot convert expression to float": f"{_NO_NUMBER} functions instead of those of math and NumPy",
    "Cannot convert symbols to int": f"{_NO_NUMBER} floor",
    "Cannot round symbolic expression": f"{_NO_NUMBER} floor",
    "type(s) for ^": "powers are written with **",
    "type(s) for @": "products are written with *",
    "'Symbol' object is not callable": "products are written with *",
    "'Symbol' object is not iterable": f"{_ONE_NUMBER}loop over a list of symbols",
    "'Symbol' object is not subscriptable": f"{_ONE_NUMBER}declare several by model.features or model.weights",
    "'Symbol' has no len()": f"{_ONE_NUMBER}declare several by model.features or model.weights",
    "'Symbol' object has no attribute": "functions are written as exp(x), and declarations are of the model",
    "is not comparable": "write Max(a, b) instead of Max([a, b])",
    "ExprCondPair": "write Piecewise((value, condition), (other, True))",
}
"""The remedies, by a part of the message; {} is the formula in question."""


def habit(error: BaseException) -> str:
    """Return what to write instead of a habit of numeric code that is the cause of an error; "" where none is."""
    text, lacking = re.sub("'(DeclaredSymbol|Add|Mul|Pow)'", "'Symbol'", str(error)), _lacking(error)
    if found := _OF_UFUNC.match(text):
        name = found["name"] or found["method"]
        if lacking is not None:
            return takes_numbers(name, f"and {_shown(lacking.obj)} is a formula", _arguments(name, lacking.obj))
        return takes_numbers(name, "not formulas", "...") if _is_of_sympy(found["type"]) else ""
    if lacking is error and (said := _of_attribute(lacking)):
        return said
    instead = next((instead for sign, instead in _INSTEAD.items() if sign in text), "")
    return instead.replace("{}", _shown(next(_formulas(error), None))) if "{}" in instead else instead


def answer(error: BaseException) -> str:
    """Return the same for an error in a user's own code that is about symbols of a model, else ""."""
    if not isinstance(error, TypeError | AttributeError | ValueError) or error.__traceback__ is None:
        return ""
    said = "" if _is_ours(error) else habit(error)
    return said if said and any(_is_of_a_model(one) for one in _formulas(error)) else ""


def note(error: BaseException) -> str:
    """Add the answer to an error as a note, and return it; "" if there is none, or the error has it already."""
    said = answer(error)
    text = f"symgraph: {said}"
    if not said or text in getattr(error, "__notes__", ()):
        return ""
    error.add_note(text)
    return text


def _lacking(error: BaseException) -> AttributeError | None:
    """Return the error about an attribute that a formula lacks: NumPy looks for a method ``exp``, and says so in its cause."""
    found = error if isinstance(error, AttributeError) else error.__cause__
    return found if isinstance(found, AttributeError) and isinstance(found.obj, sympy.Basic) else None


def _of_attribute(error: AttributeError) -> str:
    name, formula = str(error.name), _shown(error.obj)
    if written := equivalent(name, _arguments(name, error.obj)):
        return f"{formula} is a formula, which has no {name}; write {written}"
    if hasattr(np.ndarray, name):
        return f"{formula} is a formula for one row, not an array; use SymPy's functions instead of NumPy's"
    return ""


def _arguments(name: str, formula: Any) -> str:
    """Return a formula as the argument of a function of that name, if this is the only one."""
    return _shown(formula) if getattr(getattr(np, name, None), "nin", 1) == 1 else "..."


def _is_of_sympy(kind: str | None) -> bool:
    """Tell if the name of a type that NumPy mentions is that of a formula; SciPy mentions none."""
    return kind is None or kind == DeclaredSymbol.__name__ or hasattr(sympy, kind)


def _formulas(error: BaseException) -> Iterator[Any]:
    """Yield the expressions that an error is about: what lacks an attribute, else the variables where it was raised."""
    lacking = _lacking(error)
    if lacking is not None:
        yield lacking.obj
        return
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    code = frame.f_code
    for name in (*code.co_varnames, *code.co_cellvars, *code.co_freevars, *code.co_names):
        value = frame.f_locals.get(name, frame.f_globals.get(name))
        several = value if isinstance(value, list | tuple) else value.flat if isinstance(value, np.ndarray) else (value,)
        yield from (one for one in islice(several, _MOST) if isinstance(one, sympy.Basic))


def _is_of_a_model(formula: Any) -> bool:
    return any(isinstance(one, DeclaredSymbol) for one in symbols_of(formula))


def _is_ours(error: BaseException) -> bool:
    """Tell if symgraph's own code made the mistake, by itself or in a call of SymPy or NumPy."""
    packages = (_package(frame) for frame, _ in traceback.walk_tb(error.__traceback__))
    *_, last = ("", *(package for package in packages if package not in ("sympy", "numpy", "scipy")))
    return last == "symgraph"


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _shown(formula: Any) -> str:
    if formula is None:
        return "it"
    return str(formula) if written_size(formula) <= _LONGEST else "..."
