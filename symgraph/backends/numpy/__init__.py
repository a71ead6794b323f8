"""The numpy backend: batches and single rows of NumPy floats, the full module contract."""

from symgraph.backends.backend import Backend
from symgraph.backends.numpy.view import numpy_view
from symgraph.ir.ops import texts_of
from symgraph.ir.optext import call
from symgraph.options import ACCURATE, AUTO, DERIVATIVES, ERROR_BOUND, STANDALONE

BACKEND = Backend(
    name="numpy",
    templates={".py": "numpy/module.py.jinja"},
    texts={**texts_of("numpy"), "rowdot": call("rowsum", 2)},
    literals={"inf": "np.inf", "-inf": "-np.inf", "nan": "np.nan"},
    viewer=numpy_view,
    options=(ERROR_BOUND, STANDALONE, ACCURATE, AUTO, *(name for name in DERIVATIVES if name != "jacobian-row")),
)
