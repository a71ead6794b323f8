"""The numpy backend: batches and single rows of NumPy floats, the full module contract."""

from symgraph.backends.backend import Backend
from symgraph.backends.expression import ARITHMETIC, Level, OpText, OpTexts, call
from symgraph.backends.numpy.view import numpy_view
from symgraph.options import ACCURATE, EXTRAS

TEXTS: OpTexts = {
    **ARITHMETIC,
    "pow": call("np.power", 2),
    "sqrt": call("np.sqrt"),
    "cbrt": call("np.cbrt"),
    "hypot": call("np.hypot", 2),
    "exp": call("np.exp"),
    "expm1": call("np.expm1"),
    "log": call("np.log"),
    "log1p": call("np.log1p"),
    "sin": call("np.sin"),
    "cos": call("np.cos"),
    "tan": call("np.tan"),
    "asin": call("np.arcsin"),
    "acos": call("np.arccos"),
    "atan": call("np.arctan"),
    "atan2": call("np.arctan2", 2),
    "sinh": call("np.sinh"),
    "cosh": call("np.cosh"),
    "tanh": call("np.tanh"),
    "asinh": call("np.arcsinh"),
    "acosh": call("np.arccosh"),
    "atanh": call("np.arctanh"),
    "gauss": call("gauss"),
    "erf": call("erf"),
    **{name: call(name) for name in ("erfc", "erfcx", "ierfcx")},
    "abs": call("np.abs"),
    "sign": call("np.sign"),
    "heaviside": call("np.heaviside", 2),
    "max": call("np.maximum", 2),
    "min": call("np.minimum", 2),
    "and": OpText("{0} & {1}", Level.BITAND, (Level.BITAND, Level.SUM)),
    "or": OpText("{0} | {1}", Level.BITOR, (Level.BITOR, Level.BITAND)),
    "not": OpText("~{0}", Level.UNARY, (Level.ATOM,)),
    "select": call("select", 3),
    "rowsum": call("rowsum"),
    "rowdot": call("rowsum", 2),
}

BACKEND = Backend(
    name="numpy",
    templates={".py": "numpy/module.py.jinja"},
    texts=TEXTS,
    literals={"inf": "np.inf", "-inf": "-np.inf", "nan": "np.nan"},
    viewer=numpy_view,
    options=(*EXTRAS, ACCURATE),
)
