"""The numpy backend: batches and single rows of NumPy floats, the full module contract."""

from symgraph.backends.backend import Backend
from symgraph.backends.numpy.view import numpy_view, printed_graph
from symgraph.ir.ops import texts_of
from symgraph.options import EXTRAS, PRECISIONS

BACKEND = Backend(
    name="numpy",
    suffix=".py",
    template="numpy/module.py.jinja",
    texts=texts_of("numpy"),
    literals={"inf": "np.inf", "-inf": "-np.inf", "nan": "np.nan"},
    viewer=numpy_view,
    graph=printed_graph,
    extras=EXTRAS,
    precisions=PRECISIONS,
)
