"""The C backend: one C99 file and its header, batches and single rows of doubles, without dependencies or allocation."""

from symgraph.compiler.backends.backend import Backend
from symgraph.compiler.backends.c.library import OWN, own
from symgraph.compiler.backends.c.view import c_view
from symgraph.module_functions import DERIVATIVES
from symgraph.options import AUTO, FLOAT, FUNCTIONS, WORKSPACE
from symgraph.spec.ops.ops import texts_of
from symgraph.spec.ops.optext import Level, OpText

BACKEND = Backend(
    name="c",
    templates={".c": "c/module.c.jinja", ".h": "c/module.h.jinja"},
    texts={
        **texts_of("c"),
        "lost": own("lost", 2),
        "below_0": own("below_0", 2),
        "left_range": own("left_range", 3),
        "fma": own("fma", 3),
        "fms": OpText(f"{OWN}fma_({{0}}, {{1}}, -{{2}})", operands=(Level.TERNARY, Level.TERNARY, Level.ATOM)),
        "fnma": OpText(f"{OWN}fma_(-{{0}}, {{1}}, {{2}})", operands=(Level.ATOM, Level.TERNARY, Level.TERNARY)),
    },
    literals={"inf": "(double)INFINITY", "-inf": "-(double)INFINITY", "nan": "(double)NAN"},
    viewer=c_view,
    options=(FLOAT, WORKSPACE, FUNCTIONS, AUTO, *DERIVATIVES),
    comment="//",
    loader="library",
)
