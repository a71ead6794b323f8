"""Random models of up to 40 operations, of every op: values and gradients, in both backends, against the judge."""

import numpy as np
import sympy as sp
from built import modules_of
from corpus import lost_by_cancelling, out_of_range
from graphs import NUMPY
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from random_models import BINARY, BRANCHES, CONDITIONS, UNARY, models
from special_models import FROM_SCIPY
from written import of_weights, written

from symgraph import Model
from symgraph.compiler.derive.lowering import lower
from symgraph.compiler.generate import differentiated
from symgraph.compiler.ir.evaluate import evaluate
from symgraph.compiler.ir.graph import Graph
from symgraph.errors import SpecError
from symgraph.judge.faults import verdicts
from symgraph.judge.judged_points import points
from symgraph.judge.judging import compare
from symgraph.judge.runs import backend_of, compute, names_of
from symgraph.judge.truth_at_points import truths
from symgraph.spec.ops.ops import OPS

KINDS = ("normal", "wide", "magnitudes", "near zeros", "zeros", "special", "huge", "tiny")
POLES = ("div", "log", "log1p", "sqrt", "pow", "asin", "acos", "acosh", "atanh")
"""Operations of which ``math`` raises at some finite operands that are not large."""


@given(models(size=30, operations=40), st.integers(0, 2**32 - 1))
@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],  # to explain a failure takes minutes
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_random_models_err_as_the_bound_says_and_lose_nothing(model: Model, seed: int) -> None:
    """A formula drawn at random may cancel, and may leave the range of doubles at any point.

    Besides that, the scalar backend may raise where an operation has a pole or no value, although no result needs it:
    docs/module.md says so.
    """
    try:
        modules = modules_of(model)
    except SpecError as error:
        # SymPy's simplification left a weight without influence, or a branch that is finite nowhere was drawn
        if "does not depend on weight" in str(error) or "found no point" in str(error):
            return
        raise
    drawn, graph = points(model, KINDS, n=len(KINDS), seed=seed), differentiated(model)
    for module in modules:
        found = truths(model, drawn, backend=backend_of(module), names=names_of(module))
        results = compute(module, drawn)
        judged = verdicts(found, results)
        wrong = judged.failing & ~out_of_range(found) & ~lost_by_cancelling(found, judged)
        poles = [bool(here) and has_pole(graph, drawn.point(place)) for place, here in enumerate(wrong.any(axis=1))]
        wrong &= ~(judged.wrong["raised"] & np.array(poles)[:, None])
        formulas = "\n".join([*(f"{node.name} = {node.expr}" for node in model.nodes), f"loss = {model.loss_expr}"])
        assert not wrong.any(), f"{formulas}\n{compare(found, results)}"
        event("judged" if judged.known["judged"].any() else "nothing judged")
        event("excused" if judged.failing.any() else "nothing excused")


def has_pole(graph: Graph, point: dict[str, float]) -> bool:
    """Tell if an operation, of a branch that is not taken perhaps, has no finite value at a point, whatever the size."""
    with np.errstate(all="ignore"):
        values = evaluate(graph, {**point, "cotangent": 1.0, "largest": 1e308}, NUMPY, np.float64)
    for node, value in zip(graph.nodes, values, strict=True):
        operands = [values[arg] for arg in node.args]
        undefined = node.op in POLES and np.all(np.isfinite(operands)) and not np.isfinite(value)
        if undefined and (node.op != "div" or operands[1] == 0):
            return True
    return False


def test_poles_are_told_from_overflow() -> None:
    form = written(lambda m, x, a: sp.Piecewise((a * m.node("log", sp.log(x)), x > 0), (a * sp.exp(x), True)))
    graph = differentiated(form)
    assert has_pole(graph, {"x": -1.0, "a": 1.0})
    assert not has_pole(graph, {"x": 1000.0, "a": 1.0})  # exp overflows
    assert not has_pole(graph, {"x": 1.0, "a": 1e300})


def test_what_is_drawn_has_every_op() -> None:
    found, (a, b) = set[str](), sp.symbols("a b", real=True)
    exprs = [*(function(a) for function in UNARY), *(function(a, b) for function in BINARY)]
    exprs += [sp.Piecewise((1, condition(a, b)), (2, True)) for condition in CONDITIONS]
    exprs += [sp.Piecewise(branch(a, b), (1, True)) for branch in BRANCHES]
    for expr in exprs:
        model = of_weights(expr + sp.pi * (a + b))  # pi: nothing cancels that
        found |= {node.op for graph in (lower(model), differentiated(model)) for node in graph.nodes}
    # rowsum needs rows, stop is written by rules alone, and digamma_step, whose own slope cancels, is in those of betaln
    assert set(OPS) - {"rowsum", "stop", "digamma_step"} - FROM_SCIPY <= found
