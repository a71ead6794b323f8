"""Functions that a C file brings along, so that loops over rows become vector code: templates/c/functions.c.jinja.

Each block of that template is a part: a function, or some that belong together. A file has the parts that it calls."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from types import MappingProxyType

from symgraph.backends.layout import number
from symgraph.backends.parts import called, tables
from symgraph.backends.rendering import blocks
from symgraph.ir.ops import OPS, texts_of
from symgraph.ir.optext import OpText, OpTexts, call

OWN = "@"
"""Placeholder in the text of an op for the model's name and an underscore, with which the file's own functions begin."""


def own(part: str, arity: int = 1) -> OpText:
    """Return a call of a function of the file; ``named`` completes its name."""
    return call(f"{OWN}{part}_", arity)


def named(texts: OpTexts, model: str) -> dict[str, OpText]:
    """Return the texts for the file of a model, whose name is given in ASCII."""
    return {op: replace(text, format=text.format.replace(OWN, f"{model}_")) for op, text in texts.items()}


LOOP: OpTexts = MappingProxyType(
    {
        **texts_of("loop"),
        # for exp of a number that is never above 0: the same result with one comparison less
        "exp_minus": own("exp_minus"),
    }
)
"""Texts of ops in loops over rows, where these differ from the texts outside of loops.

Far from 0 sine and cosine need the C library, which vector code cannot call: a block with such an argument is done again."""

_INSTRUCTIONS = frozenset({"sqrt", "fabs"})
"""Functions of the C library for which machines have instructions."""

LIBRARY = frozenset(
    name
    for name, row in OPS.items()
    if isinstance(row.c, str) and not row.c.startswith(OWN) and row.c not in _INSTRUCTIONS and name not in LOOP
)
"""Ops for which loops call the C library."""


@cache
def parts(model: str) -> Mapping[str, str]:
    """Return the text of each part of the template, a function with what belongs to it, for a model's file.

    Args:
        model: its name in ASCII.
    """
    name = f"{model}_"
    return MappingProxyType(blocks("c/functions.c.jinja", own=name, OWN=name.upper(), **tables(), horner=_horner(name)))


def _horner(own: str) -> Callable[..., str]:
    """Return a function that writes the statements for the value of a polynomial, the highest coefficient first."""

    def written(coefficients: Sequence[float], variable: str, result: str = "sum") -> str:
        first, *others = map(number, coefficients)
        steps = [f"    {result} = {own}fma_({result}, {variable}, {coefficient});" for coefficient in others]
        return "\n".join([f"    double {result} = {first};", *steps, ""])

    return written


def functions_called(lines: Iterable[str], model: str) -> str:
    """Return the text of the parts that some lines of a model's file call, and of those that these call in turn."""
    head, *_ = texts = parts(model)
    return "".join([texts[head], *called(lines, texts, rf"\b{model}_{{}}_\(").values()])
