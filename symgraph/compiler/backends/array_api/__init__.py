"""The array_api backend: the lines of the numpy backend on arrays of any library with the array API standard's functions."""

from symgraph.compiler.backends.array_api.lines import array_api_view
from symgraph.compiler.backends.backend import Backend
from symgraph.module_functions import DERIVATIVES
from symgraph.spec.ops.ops import texts_of

BACKEND = Backend(
    name="array_api",
    templates={"_array_api.py": "array_api/module.py.jinja"},
    texts=texts_of("array_api"),
    literals={"inf": "xp.inf", "-inf": "-xp.inf", "nan": "xp.nan"},
    viewer=array_api_view,
    options=tuple(name for name in DERIVATIVES if name != "jacobian-row"),
)
