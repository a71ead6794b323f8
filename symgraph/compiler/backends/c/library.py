"""Functions that a C file brings along, so that loops over rows become vector code: templates/c/functions.c.jinja.

Each block of that template is a part: a function, or some that belong together. A file has the parts that it calls."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from types import MappingProxyType

from symgraph.compiler.backends.layout import number
from symgraph.compiler.backends.parts import called, tables
from symgraph.compiler.backends.rendering import Blocks
from symgraph.spec.ops.ops import OPS, texts_of
from symgraph.spec.ops.optext import OpText, OpTexts, call

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
) | {"power_slope"}  # a function of the file that calls pow
"""Ops for which loops call the C library."""


_FORMATS: Mapping[bool, Mapping[str, object]] = MappingProxyType(
    {
        False: {
            "digits": 52,
            "word": "uint64_t",
            "one": "UINT64_C(0x3ff0000000000000)",
            "LOG_2": (0.6931471806019545, 4.2009150726810846e-11, 0.6931471803691238, 1.9082149292705877e-10),
            "HALF_PI": (1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32),
            "FAR": 28,
        },
        True: {
            "digits": 23,
            "word": "uint32_t",
            "one": "UINT32_C(0x3f800000)",
            "LOG_2": (0.693145751953125, -1.4286068203094173e-06, 0.693145751953125, 1.4286068203094173e-06),
            "HALF_PI": (1.570770263671875, 2.6063062250614166e-05, 6.077094383272197e-11, 6.123233995736766e-17),
            "FAR": 11,
            "ERF_NEAR": (7.846108e-05, -0.0008007878, 0.005188074, -0.026853692, 0.11283583, -0.37612626, 0.12837917),
            "ERFC_FAR": (
                3.51153e-05,
                -2.3915478e-05,
                -0.00034429887,
                0.00064975995,
                0.0016058412,
                -0.009753218,
                0.021961259,
                -0.023803074,
                -0.010235806,
                0.09902063,
                -0.23092732,
                -0.2839954,
            ),
            "IERFC_FAR": (
                -2.7510261e-05,
                0.00013429308,
                0.00015747904,
                -0.0012894056,
                0.00035817767,
                0.0073158513,
                -0.015555996,
                -0.00015762445,
                0.058329646,
                -0.123163804,
                0.096616715,
                0.09618212,
                -0.3898785,
                -0.22902143,
            ),
            "DIGAMMA_ZERO": (1.4616321325302124, 1.2438149938918909e-08),
        },
    }
)
"""Facts of a precision, by whether it is single: the digits after the leading one, the integer of as many bits as a number, the
bits of 1; log(2) in two parts, for exponentials (where the second is subtracted) and logarithms; pi/2 in four; the argument
from which on exp(-x*x) is 0; and, in single precision, shorter tables in the places of those of the runtime."""


@cache
def parts(model: str, single: bool = False) -> Mapping[str, str]:
    """Return the text of each part of the template, a function with what belongs to it, for a model's file.

    Args:
        model: its name in ASCII.
        single: whether numbers are floats; the text still speaks of doubles, see ``single.in_single``.
    """
    name = f"{model}_"
    values = {**tables(), **_FORMATS[single], "single": single, "horner": _horner(name)}
    return Blocks("c/functions.c.jinja", own=name, OWN=name.upper(), of=lambda *both: both[single], **values)


def _horner(own: str) -> Callable[..., str]:
    """Return a function that writes the statements for the value of a polynomial, the highest coefficient first."""

    def written(coefficients: Sequence[float], variable: str, result: str = "sum") -> str:
        first, *others = map(number, coefficients)
        steps = [f"    {result} = {own}fma_({result}, {variable}, {coefficient});" for coefficient in others]
        return "\n".join([f"    double {result} = {first};", *steps, ""])

    return written


def functions_called(lines: Iterable[str], model: str, single: bool = False) -> str:
    """Return the text of the parts that some lines of a model's file call, and of those that these call in turn."""
    head, *_ = texts = parts(model, single)
    return "".join([texts[head], *called(lines, texts, rf"\b{model}_{{}}_\(").values()])
