"""Functions that a C file brings along, so that loops over rows become vector code: templates/c/functions.c.jinja."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

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

NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "fma": (), "bits": (), "power_of_two": ("bits",), "scaled": ("bits",), "exp_series": ("fma",),
        "exp_parts": ("exp_series", "bits", "fma"), "exp_minus": ("exp_parts", "scaled"), "exp": ("exp_minus",),
        "expm1": ("exp_series", "scaled", "power_of_two", "bits", "fma"), "tanh": ("exp_parts", "power_of_two"),
        "log_series": ("bits", "fma"), "log": ("log_series",), "log1p": ("log_series",),
        "turn": ("bits", "fma"), "sin": ("turn",), "cos": ("turn",),
        "square_parts": (), "gauss_parts": ("square_parts", "exp"), "gauss": ("gauss_parts",),
        "erf_near": ("fma",), "erfc_far": ("fma",), "erfc_tail": ("gauss_parts", "erfc_far"),
        "erf": ("erf_near", "erfc_tail"), "erfc": ("erf_near", "erfc_tail"),
        "erfcx": ("square_parts", "exp", "erfc_far"), "ierfcx": ("erfcx", "fma"),
        "max": (), "min": (), "sign": (), "heaviside": (),
    }
)  # fmt: skip
"""Parts of the template that each part calls."""

ERF_NEAR = (
    5.957176147748911e-11, -1.1372848856791674e-09, 1.4659775274047436e-08, -1.6350312701054695e-07, 1.6461000484121368e-06,
    -1.4925595266831182e-05, 0.0001205533111164271, -0.000854832698083379, 0.0052239776248180145, -0.026866170645076792,
    0.11283791670954879, -0.3761263890318375, 0.1283791670955126,
)  # fmt: skip
"""Coefficients of erf(x)/x - 1 in powers of x*x for |x| <= 1, the highest first; computed by tests/erf_coefficients.py."""

ERFC_FAR = (
    -9.293718866480873e-11, -4.123986652008325e-11, 9.727121897236219e-10, 8.144732490661972e-10, -5.219636899535636e-09,
    -7.772784773931853e-09, 1.9136881640078598e-08, 5.209874935743836e-08, -5.011816261093026e-08, -2.945591693737763e-07,
    6.300040014600058e-08, 1.5894924441898844e-06, 2.596037384965016e-07, -8.990382099441031e-06, -1.514046022139011e-06,
    5.611945859294503e-05, -2.0551678368657495e-05, -0.00036728849317181085, 0.0006458142123139868, 0.0016185691283026596,
    -0.009750689293391925, 0.021957764012596716, -0.023803913108648548, -0.010235388899006492, 0.09902075367943985,
    -0.23092733308380922, -0.2839953952744402,
)  # fmt: skip
"""Coefficients of (1 + x) * exp(x*x) * erfc(x) - 1 in powers of (x - 3)/(x + 3), for x >= 0."""

IERFC_FAR = (
    -8.788544366823755e-10, 3.0384744579978467e-09, 1.2507430777249015e-08, -2.6241279186126414e-08, -9.396585606450658e-08,
    9.837439592043046e-08, 5.12634272053902e-07, -1.2192853708577232e-07, -2.368515928591332e-06, -9.351371879568061e-07,
    1.0350833091018662e-05, 8.944176114131392e-06, -4.7306519091752354e-05, -5.00133365698293e-05, 0.0002447022778822652,
    0.0001821189238085262, -0.0014201478700750644, 0.00034565346340648004, 0.007398557082532838, -0.015553717319400388,
    -0.0001853252245304031, 0.05832989977695031, -0.12315930990258162, 0.09661660086477712, 0.09618184448451268,
    -0.3898785046549525, -0.2290214269428037,
)  # fmt: skip
"""Coefficients of sqrt(pi) * (1 + x)**2 * exp(x*x) * ierfc(x) - 1 in powers of (x - 3)/(x + 3), for x >= 0."""


def parts_called(lines: Iterable[str], model: str) -> frozenset[str]:
    """Return the parts of the template of functions that some lines of a model's C file need."""
    text = "\n".join(lines)
    return _with_needs([part for part in NEEDS if f"{model}_{part}_(" in text], NEEDS)


def _with_needs(names: Iterable[str], needs: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """The functions of the given names with all that they call; ``needs`` says what each calls itself."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(needs[name])
    return frozenset(found)
