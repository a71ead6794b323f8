"""C text in single precision: the text in double precision with the words of the other precision in their places.

The words are reserved: no name of a model is among them, and comments and strings are left as they are."""

import re

import numpy as np

from symgraph.compiler.backends.layout import number
from symgraph.spec.ops.ops import texts_of

_LIBRARY = frozenset(text.format.partition("(")[0] for text in texts_of("c").values() if text.format[0].isalpha())
_FUNCTIONS = _LIBRARY | {"copysign", "fma", "fmod", "rint"}
"""Functions of the C library in a file: the texts of ops, and what the file's own functions call besides."""

_TOKEN = re.compile(
    r'(?P<kept>//.*|"(?:\\.|[^"\\])*")|(?P<number>(?<![\w.])\d+(?:\.\d+(?:e[+-]?\d+)?|e[+-]?\d+))|(?P<word>\b[A-Za-z_]\w*)(?P<call>\(?)'
)


def in_single(text: str) -> str:
    """Write a C text of doubles in floats.

    Args:
        text: the C text, whose constants have a decimal point.

    Returns:
        The text with float for double, constants as the floats next to them, expf for exp and FLT_MAX for DBL_MAX.
    """
    return _TOKEN.sub(_replaced, text)


def _replaced(token: re.Match[str]) -> str:
    if token["kept"]:
        return token[0]
    if token["number"]:
        return float_constant(float(token["number"]))
    word = token["word"]
    if word in _FUNCTIONS and token["call"]:
        return f"{word}f("
    named = {"double": "float", "FP_FAST_FMA": "FP_FAST_FMAF"}.get(word, word)
    return f"{'FLT_' + named[4:] if named.startswith('DBL_') else named}{token['call']}"


def float_constant(value: float) -> str:
    """Return the shortest C constant of the float next to a number that is not negative."""
    with np.errstate(over="ignore", under="ignore"):
        rounded = np.float32(value)
    return f"{number(float(str(rounded)))}f" if np.isfinite(rounded) else "INFINITY"
