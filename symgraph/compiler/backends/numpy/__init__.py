"""The numpy backend: batches and single rows of NumPy floats, the full module contract."""

from symgraph.compiler.backends.backend import Backend
from symgraph.compiler.backends.numpy.view import numpy_view
from symgraph.module_functions import DERIVATIVES
from symgraph.options import ACCURATE, AUTO, ERROR_BOUND, STANDALONE
from symgraph.spec.ops.ops import texts_of
from symgraph.spec.ops.optext import call

BACKEND = Backend(
    name="numpy",
    templates={".py": "numpy/module.py.jinja"},
    texts={**texts_of("numpy"), "rowdot": call("rowsum", 2)},
    literals={"inf": "np.inf", "-inf": "-np.inf", "nan": "np.nan"},
    viewer=numpy_view,
    options=(ERROR_BOUND, STANDALONE, ACCURATE, AUTO, *(name for name in DERIVATIVES if name != "jacobian-row")),
)
