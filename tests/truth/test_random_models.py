"""Random models of up to 40 operations, of every op: values and gradients, in both backends, against the judge."""

import mpmath
import numpy as np
import sympy as sp
from built import modules_of
from corpus import lost_by_cancelling, out_of_range
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from random_models import BINARY, BRANCHES, CONDITIONS, UNARY, count, models

from symgraph import Model
from symgraph.errors import SpecError
from symgraph.generate import differentiated
from symgraph.ir.ops import OPS
from symgraph.lowering import lower
from symgraph.oracle import Oracle
from symgraph.truth import Points, compare, compute, points, truths
from symgraph.truth.results import backend_of, names_of

KINDS = ("normal", "wide", "magnitudes", "near zeros", "zeros", "special", "huge", "tiny")


@given(models(size=30, operations=40), st.integers(0, 2**32 - 1))
@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],  # to explain a failure takes minutes
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_random_models_err_as_the_theorem_says_and_lose_nothing(model: Model, seed: int) -> None:
    """A formula drawn at random may cancel, and may leave the range of doubles at any point.

    Besides that, the scalar backend may raise for a named node that is itself undefined, though no result needs it.
    """
    try:
        modules = modules_of(model)
    except SpecError as error:
        # SymPy's simplification left a weight without influence, or a branch that is finite nowhere was drawn
        if "does not depend on weight" in str(error) or "found no point" in str(error):
            return
        raise
    drawn = points(model, KINDS, n=len(KINDS), seed=seed)
    for module in modules:
        found = truths(model, drawn, backend=backend_of(module), names=names_of(module))
        results = compute(module, drawn)
        report = compare(found, results)
        wrong = report.samples.faulty & ~out_of_range(found) & ~lost_by_cancelling(found, results)
        wrong &= ~(results.raised & undefined_nodes(model, drawn, wrong.any(axis=1))[:, None])
        assert not wrong.any(), str(report)
        event("judged" if report.judged else "nothing judged")
        event("excused" if report.faults else "nothing excused")


def undefined_nodes(model: Model, drawn: Points, asked: np.ndarray) -> np.ndarray:
    """Which of the points asked for have a named node without a finite value."""
    undefined = np.zeros(len(drawn), bool)
    for place in np.flatnonzero(asked):
        nodes = Oracle(model).values(drawn.point(place)).nodes
        undefined[place] = any(mpmath.isnan(value) for value in nodes.values())
    return undefined


def test_what_is_drawn_has_every_op() -> None:
    found: set[str] = set()
    for functions, arity in ((UNARY, 1), (BINARY, 2), (CONDITIONS, 2), (BRANCHES, 2)):
        for function in functions:
            model = Model("one")
            made = function(*model.weights("a b")[:arity])
            cases = ((1, made), (2, True)) if functions is CONDITIONS else (made, (1, True))
            expr = made if functions in (UNARY, BINARY) else sp.Piecewise(*cases)
            model.loss(expr + sp.pi * sum(entry.symbol for entry in model.weight_inputs))  # pi: nothing cancels that
            found |= {node.op for graph in (lower(model), differentiated(model)) for node in graph.nodes}
    assert set(OPS) - {"rowsum"} <= found  # rowsum needs rows


@given(models(size=30, operations=40))
@settings(max_examples=30, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_random_models_have_up_to_about_forty_operations(model: Model) -> None:
    # what is drawn last adds a Piecewise at most, and the output and the loss stand on top of it
    assert 1 <= count([], model) <= 40 + 8
