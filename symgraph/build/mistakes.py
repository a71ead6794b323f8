"""Errors of Python, NumPy and SymPy in a spec, told in one line with the spec's line and what to write instead."""

import builtins
import inspect
import re
import traceback
from pathlib import Path
from types import FrameType

from symgraph.errors import did_you_mean
from symgraph.spec.model import Model

# Part of a message of Python, NumPy or SymPy about a habit from numeric code -> the code to write instead; the first is told.
_HINTS = {
    "loop of ufunc does not support": "use SymPy's functions instead of NumPy's",
    "not supported for the input types": "use SymPy's functions instead of SciPy's",
    "Cannot convert expression to float": "use SymPy's functions instead of those of math",
    "Cannot convert symbols to int": "use SymPy's floor",
    "Cannot round symbolic expression": "use SymPy's floor",
    "cannot determine truth value": (
        "use Piecewise, Max or Min instead of if, max or min, and And(0 < x, x < 1) instead of 0 < x < 1 or `and`"
    ),
    "type(s) for ^": "powers are written with **",
    "object is not callable": "products are written with *",
    "values to unpack": "declare as many names as there are variables on the left",
    "can't multiply sequence": "features, weights, targets, outputs, simplex and rk4 return tuples; unpack them",
    "'Constant'": "symgraph.Constant is the law of an initial value; model.constant declares a number for formulas",
    "unsupported operand type(s)": "`from sympy import *` defines N, S, Q, beta, gamma and more; declare a symbol of that name",
    "is read-only": "call it, as in model.loss(...)",
}


def told(error: BaseException, path: Path) -> str:
    """Return an error in one line, with a hint where there is one.

    Args:
        error: what a spec raised, other than an error of symgraph.
        path: the spec's file.
    """
    said = error.msg if isinstance(error, SyntaxError) and error.filename == str(path) else error
    text = " ".join(f"{type(error).__name__}: {said}".split()).rstrip(": ").replace("DeclaredSymbol", "Symbol")
    called = re.search(r"\w+\.(\w+)\(\) ", text) if isinstance(error, TypeError) else None
    if called and hasattr(Model, called[1]):
        _, *parameters = inspect.signature(getattr(Model, called[1])).parameters.values()
        name = "Model" if called[1] == "__init__" else f"model.{called[1]}"
        signature = inspect.Signature([one.replace(annotation=one.empty) for one in parameters])
        strange = re.search(r"unexpected keyword argument '(\w+)'", text)
        meant = did_you_mean(strange[1], signature.parameters) if strange else ""
        return f"{text.replace(called[0], f'{name}() ')}; its parameters are {name}{signature}{meant}"
    hint = next((f"; {hint}" for sign, hint in _HINTS.items() if sign in text), "") or _similar(error)
    return f"{text}{hint}"


def _similar(error: BaseException) -> str:
    """Return a hint at the name that was meant by one that does not exist."""
    if not isinstance(error, NameError | AttributeError) or error.name is None:
        return ""
    frame = raised_in(error)
    known = dir(error.obj) if isinstance(error, AttributeError) else [*frame.f_locals, *frame.f_globals, *dir(builtins)]
    return did_you_mean(error.name, [name for name in known if not name.startswith("_")], 0.75)


def raised_in(error: BaseException) -> FrameType:
    """Return the frame of the code that raised an error."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return frame


def line_of(error: BaseException, path: Path) -> int | str:
    """Return the line of a spec that is wrong, or that called the code that failed: the innermost frame in its file."""
    if isinstance(error, SyntaxError) and error.filename == str(path) and error.lineno is not None:
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return next((line for line in reversed(lines) if line is not None), "?")
