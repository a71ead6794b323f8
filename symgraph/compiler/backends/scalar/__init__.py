"""The scalar backend: straight-line ``math`` on Python floats, one row a call."""

from symgraph.compiler.backends.backend import Backend
from symgraph.compiler.backends.scalar.view import scalar_view
from symgraph.spec.ops.ops import texts_of

BACKEND = Backend(
    name="scalar",
    templates={"_scalar.py": "scalar/module.py.jinja"},
    texts=texts_of("scalar"),
    literals={"inf": "math.inf", "-inf": "-math.inf", "nan": "math.nan"},
    viewer=scalar_view,
)
