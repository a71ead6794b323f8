"""The C backend: one C99 file and its header, batches and single rows of doubles, without dependencies or allocation."""

from symgraph.backends.backend import Backend
from symgraph.backends.c.functions import OWN, own
from symgraph.backends.c.view import c_view
from symgraph.backends.expression import ARITHMETIC, Level, OpText, OpTexts, call

_OPERAND = (Level.ATOM,)

TEXTS: OpTexts = {
    **ARITHMETIC,
    **{
        name: call(name)
        for name in ("sqrt", "cbrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "asin", "acos", "atan")
    },
    **{name: call(name) for name in ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf")},
    **{name: call(name, 2) for name in ("pow", "hypot", "atan2")},
    **{name: own(name) for name in ("gauss", "erfc", "erfcx", "ierfcx", "sign")},
    **{name: own(name, 2) for name in ("heaviside", "max", "min")},
    "abs": call("fabs"),
    # C binds a sign to the operand behind it, and compilers want parentheses where && and || meet
    "neg": OpText("-{0}", Level.UNARY, _OPERAND),
    "and": OpText("{0} && {1}", Level.AND, (Level.COMPARE,)),
    "or": OpText("{0} || {1}", Level.OR, (Level.COMPARE,)),
    "not": OpText("!{0}", Level.UNARY, _OPERAND),
    "select": OpText("{0} ? {1} : {2}", Level.TERNARY, (Level.OR, Level.OR, Level.TERNARY)),
    "rowsum": OpText("{0}", Level.TERNARY),
    "fma": own("fma", 3),
    "fms": OpText(f"{OWN}fma_({{0}}, {{1}}, -{{2}})", operands=(Level.TERNARY, Level.TERNARY, Level.ATOM)),
    "fnma": OpText(f"{OWN}fma_(-{{0}}, {{1}}, {{2}})", operands=(Level.ATOM, Level.TERNARY, Level.TERNARY)),
}
"""C text of each op by C's own library; ``functions.LOOP`` has the texts for loops over rows instead."""

BACKEND = Backend(
    name="c",
    templates={".c": "c/module.c.jinja", ".h": "c/module.h.jinja"},
    texts=TEXTS,
    literals={"inf": "INFINITY", "-inf": "-INFINITY", "nan": "NAN"},
    viewer=c_view,
    comment="//",
    loader="library",
)
