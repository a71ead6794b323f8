"""A corpus of models of every kind, at ordinary and extreme points, in both backends and in float32, against the judge."""

import numpy as np
import pytest
from built import modules_of
from corpus import CANCELLING, CORPUS, LEAVING, examine
from corpus_sciences import SCIENCES
from corpus_statistics import STATISTICS
from special_models import FROM_SCIPY, SPECIAL

from symgraph.check.judged_points import points
from symgraph.derive.lowering import lower
from symgraph.generate import differentiated
from symgraph.gradcheck.drawing import KINDS
from symgraph.ir.ops import OPS

SEEDS = {name: place for place, name in enumerate(CORPUS)}


def test_the_corpus_is_large_and_has_every_op() -> None:
    assert len({**SCIENCES, **STATISTICS}) == len(SCIENCES) + len(STATISTICS) >= 40
    found: set[str] = set()
    for build in CORPUS.values():
        model = build()
        for graph in (lower(model), differentiated(model)):
            found |= {node.op for node in graph.nodes}
    # stop is written by rules alone; what only SciPy has is in special_models, which test_special_functions.py verifies
    assert set(OPS) - {"stop"} - FROM_SCIPY <= found


def test_the_models_of_special_functions_have_every_op_that_is_of_scipy() -> None:
    found = {
        node.op for build in SPECIAL.values() for graph in (lower(build()), differentiated(build())) for node in graph.nodes
    }
    assert found >= FROM_SCIPY


def test_what_is_excused_is_of_the_corpus() -> None:
    assert {*CANCELLING, *LEAVING} <= set(CORPUS)


@pytest.mark.parametrize("name", CORPUS)
def test_nothing_is_wrong_at_points_of_any_kind(name: str) -> None:
    """One point of each kind, the same three times: numpy in both dtypes, and scalar."""
    model = CORPUS[name]()
    numpy, scalar = modules_of(model)
    drawn = points(model, tuple(KINDS), n=len(KINDS), seed=SEEDS[name])
    for module, dtype in ((numpy, "float64"), (scalar, "float64"), (numpy, "float32")):
        outcome = examine(model, module, drawn, dtype)
        assert outcome.wrong == ()
        assert outcome.report.judged > 0
        assert all(
            one.figures["worst_bound"] <= 1 + 2.0**-4
            for one in outcome.report.results
            if np.isfinite(one.figures["worst_bound"])
        )
