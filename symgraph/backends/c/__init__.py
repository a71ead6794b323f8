"""The C backend: one C99 file and its header, batches and single rows of doubles, without dependencies or allocation."""

from symgraph.backends.backend import Backend
from symgraph.backends.c.view import c_view, printed_graph
from symgraph.ir.ops import texts_of

BACKEND = Backend(
    name="c",
    suffix=".c",
    template="c/module.c.jinja",
    texts=texts_of("c"),
    literals={"inf": "INFINITY", "-inf": "-INFINITY", "nan": "NAN"},
    viewer=c_view,
    graph=printed_graph,
    comment="//",
    loader="library",
    companions={".h": "c/module.h.jinja"},
)
