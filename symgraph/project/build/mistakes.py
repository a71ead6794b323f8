"""Errors of Python, NumPy and SymPy in a spec, told in one line with the spec's line and what to write instead."""

import builtins
import inspect
import keyword
import re
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from symgraph.errors import did_you_mean
from symgraph.spec import laws
from symgraph.spec.habits import habit
from symgraph.spec.model import Model
from symgraph.spec.ops import faddeeva

# Part of a message of Python or SymPy -> what to do; the first is told.
_HINTS = {
    "'NoneType'": "None is no number; a function that returns nothing gives it",
    "object is not callable": "products are written with *",
    "values to unpack": "declare as many names as there are variables on the left",
    "can't multiply sequence": "a text is no symbol; features, weights, outputs, simplex and rk4 return tuples; unpack them",
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
    try:
        said = error.msg if isinstance(error, SyntaxError) and error.filename == str(path) else str(error)
    except Exception:  # an error of a spec's own may not even have a text
        return f"{type(error).__name__}, whose text raises an error of its own"
    text = " ".join(f"{type(error).__name__}: {said}".split()).rstrip(": .").replace("DeclaredSymbol", "Symbol")
    called = re.search(r"(?:(\w+)\.)?(\w+)\(\) ", text) if isinstance(error, TypeError) else None
    if called and (known := _function(*called.groups())):
        name, function = known
        parameters = [*inspect.signature(function).parameters.values()][1:]
        shown = [one.replace(annotation=one.empty) for one in parameters if one.kind is not one.VAR_KEYWORD]
        signature = inspect.Signature(shown)
        strange = re.search(r"unexpected keyword argument '(\w+)'", text)
        meant = did_you_mean(strange[1], signature.parameters) if strange else ""
        return f"{text.replace(called[0], f'{name}() ')}; its parameters are {name}{signature}{meant}"
    hint = habit(error) or next((hint for sign, hint in _HINTS.items() if sign in text), "")
    return f"{text}; {hint}" if hint else f"{text}{_similar(error)}"


def _function(owner: str | None, name: str) -> tuple[str, Callable[..., object]] | None:
    """Return how a spec calls a function of symgraph, and the function, whose first parameter a call does not give."""
    is_class = name in ("__init__", "__new__")
    if owner in {kind.__name__ for kind in Model.__mro__}:
        return "Model" if is_class else f"model.{name}", getattr(Model, name)
    found = (vars(faddeeva) | vars(laws)).get(owner or "") if is_class else None
    return None if found is None else (str(found.__name__), getattr(found, name))


def _similar(error: BaseException) -> str:
    """Return a hint at the name that was meant by one that does not exist or that Python keeps."""
    if isinstance(error, SyntaxError):
        assigned = re.match(r"\s*(\w+)\s*=", error.text or "")
        is_word = assigned is not None and keyword.iskeyword(assigned[1])
        return f"; {assigned[1]} is a word of Python; choose another name" if assigned and is_word else ""
    missing = re.match(r"cannot import name '(\w+)' from '([\w.]+)'", str(error)) if isinstance(error, ImportError) else None
    if missing and missing[2] in sys.modules:
        return did_you_mean(missing[1], dir(sys.modules[missing[2]]), 0.75)
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
