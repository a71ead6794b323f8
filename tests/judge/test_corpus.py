"""A corpus of models of every kind, at ordinary and extreme points, in both backends and in float32, against the judge."""

from collections.abc import Callable

import numpy as np
import pytest
from built import modules_of
from corpus import CANCELLING, CORPUS, LEAVING, examine, thirds
from corpus_sciences import SCIENCES
from corpus_statistics import STATISTICS
from special_models import FROM_SCIPY, SPECIAL

from symgraph import Model
from symgraph.compiler.derive.lowering import lower
from symgraph.compiler.generate import differentiated
from symgraph.judge.differences.drawing import KINDS
from symgraph.judge.judged_points import points
from symgraph.spec.ops.ops import OPS

SEEDS = {name: place for place, name in enumerate(CORPUS)}


def ops_of(*builds: Callable[[], Model]) -> set[str]:
    return {node.op for build in builds for graph in (lower(build()), differentiated(build())) for node in graph.nodes}


@pytest.mark.slow  # differentiates every model, which most of the other tests do; this one is of the models alone
def test_the_corpus_has_every_op_and_what_is_excused() -> None:
    assert not set(SCIENCES) & set(STATISTICS)
    # stop is written by rules alone; what only SciPy has is in special_models, which test_special_functions.py verifies
    assert set(OPS) - {"stop"} - FROM_SCIPY <= ops_of(*CORPUS.values())
    assert ops_of(*SPECIAL.values()) >= FROM_SCIPY
    assert {*CANCELLING, *LEAVING} <= set(CORPUS)


@pytest.mark.parametrize("name", thirds(CORPUS))
def test_nothing_is_wrong_at_points_of_any_kind(name: str) -> None:
    """One point of each kind, the same three times: numpy in both dtypes, and scalar."""
    model = CORPUS[name]()
    numpy, scalar = modules_of(model)
    drawn = points(model, tuple(KINDS), n=len(KINDS), seed=SEEDS[name])
    for module, dtype in ((numpy, "float64"), (scalar, "float64"), (numpy, "float32")):
        outcome = examine(model, module, drawn, dtype)
        assert outcome.wrong == ()
        assert outcome.report.judged > 0
        worst = [one.figures["worst_bound"] for one in outcome.report.results]
        assert all(bound <= 1 + 2.0**-4 for bound in worst if np.isfinite(bound))
