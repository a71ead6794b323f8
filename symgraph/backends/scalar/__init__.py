"""The scalar backend: straight-line ``math`` on Python floats, one row a call."""

from symgraph.backends.backend import Backend
from symgraph.backends.expression import ARITHMETIC, Level, OpText, OpTexts, call
from symgraph.backends.scalar.view import scalar_view

_TERNARY = (Level.BITOR,)

TEXTS: OpTexts = {
    **ARITHMETIC,
    "pow": call("math.pow", 2),
    **{name: call(f"math.{name}") for name in ("sqrt", "cbrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan")},
    **{name: call(f"math.{name}") for name in ("asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh")},
    "hypot": call("math.hypot", 2),
    "atan2": call("math.atan2", 2),
    "gauss": call("_gauss"),
    "erf": call("math.erf"),
    **{name: call(f"_{name}") for name in ("erfc", "erfcx", "ierfcx")},
    "abs": call("math.fabs"),
    # the last branch is for nan, which stays nan
    "sign": OpText("1.0 if {0} > 0.0 else -1.0 if {0} < 0.0 else {0}", Level.TERNARY, _TERNARY),
    "heaviside": OpText("1.0 if {0} > 0.0 else 0.0 if {0} < 0.0 else {1} if {0} == 0.0 else {0}", Level.TERNARY, _TERNARY),
    # the built-in functions' results for two numbers, nan among them, in a fifth of the time that a call takes
    "max": OpText("{0} if not {0} < {1} else {1}", Level.TERNARY, _TERNARY),
    "min": OpText("{0} if not {0} > {1} else {1}", Level.TERNARY, _TERNARY),
    "and": OpText("{0} and {1}", Level.AND, (Level.AND, Level.NOT)),
    "or": OpText("{0} or {1}", Level.OR, (Level.OR, Level.AND)),
    "not": OpText("not {0}", Level.NOT, (Level.NOT,)),
    "select": OpText("{1} if {0} else {2}", Level.TERNARY, (Level.OR, Level.OR, Level.TERNARY)),
    "rowsum": OpText("{0}", Level.TERNARY),
}

BACKEND = Backend(
    name="scalar",
    templates={"_scalar.py": "scalar/module.py.jinja"},
    texts=TEXTS,
    literals={"inf": "math.inf", "-inf": "-math.inf", "nan": "math.nan"},
    viewer=scalar_view,
)
