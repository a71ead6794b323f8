"""limit and saturate as their user sees them: no inf * 0 where the truth is finite, and nothing hidden where it is not."""

import math
import sys
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from built import one_output
from hypothesis import given, settings
from hypothesis import strategies as st
from truths import gradient
from written import written

import symgraph
from examples.nine_weights.model import model as nine_weights
from symgraph import Model
from symgraph.compiler.derive.adjoint import differentiate
from symgraph.compiler.derive.lowering import lower
from symgraph.compiler.generate import differentiated
from symgraph.compiler.ir.evaluate import MPMATH, evaluate
from symgraph.compiler.ir.graph import Graph
from symgraph.compiler.numerics.intervals import RULES
from symgraph.compiler.numerics.overflow import certainly_zero, overflows
from symgraph.compiler.passes import PIPELINE, limit, run_passes, saturate
from symgraph.compiler.passes.saturate import LAST
from symgraph.judge.reference import Reference

Form = Callable[[Any, Any, Any], Any]

FORMS: dict[str, Form] = {
    "decay": lambda a, b, x: a * sp.exp(b * x),
    "gompertz": lambda a, b, x: a * sp.exp(-sp.exp(b * x)),
    "saturated": lambda a, b, x: sp.tanh(sp.exp(b * x) + a),
    "scaled": lambda a, b, x: sp.tanh(a * sp.exp(b * x)),
    "hyperbolic": lambda a, b, x: sp.tanh(sp.cosh(a * x) + b) + sp.atan(sp.sinh(b * x)),
    "bell": lambda a, b, x: a / sp.cosh(b * x) ** 2,
    "nested": lambda a, b, x: sp.tanh(sp.exp(sp.exp(b * x) + a)),
    "shifted": lambda a, b, x: sp.atan(symgraph.expm1(b * x)) * a,
}
POINTS = [
    (2.0, 800.0), (-2.0, 800.0), (2.0, -800.0), (0.0, 800.0), (1.0, 710.0), (800.0, 709.0), (-800.0, 2.0), (0.5, 89.0),
    (-3.0, 5.0),
]  # fmt: skip


def model_of(form: Form, domain: tuple[float, float] | None = None) -> Model:
    return written(lambda m, a, b, x, y: (y - m.output("o", form(a, b, x))) ** 2, "loss", a=domain, b=domain)


@cache
def module_of(name: str) -> Any:
    return symgraph.compile(model_of(FORMS[name]), "numpy")


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_partial_is_finite_wherever_the_loss_is_computed_and_the_truth_is_finite(name: str, dtype: Any) -> None:
    reference, largest, judged = Reference(model_of(FORMS[name])), float(np.finfo(dtype).max), 0
    for w in POINTS:
        loss, grad = module_of(name).value_and_grad(np.array(w, dtype), np.ones((1, 1), dtype), np.full(1, 0.5, dtype))
        truth = gradient(reference, {"a": w[0], "b": w[1], "x": 1.0, "y": 0.5})
        for weight, found in zip("ab", grad, strict=True):
            if not mpmath.isnan(truth[weight]) and abs(truth[weight]) <= largest and math.isfinite(loss):
                judged += 1
                assert np.isfinite(found), (w, weight, truth[weight])
    assert judged >= (1 if name == "decay" else 4)  # the others overflow in truth


@pytest.mark.parametrize("name", ["gompertz", "saturated", "scaled", "hyperbolic", "bell", "nested"])
def test_a_row_function_survives_an_exponential_that_overflows_as_the_numpy_module_does(name: str) -> None:
    rows = symgraph.compile(model_of(FORMS[name]), backend="scalar")
    for w in POINTS:
        grad = [math.nan, math.nan]
        loss = rows.row(list(w), [1.0], 0.5, grad)
        expected, expected_grad = module_of(name).value_and_grad(np.array(w), np.ones((1, 1)), np.full(1, 0.5))
        # the backends' functions differ by some ulp, which the steepest of these forms magnifies by some 1e5
        assert [loss, *grad] == pytest.approx([expected, *expected_grad], rel=1e-9, abs=1e-300)


def test_the_founding_model_has_no_nan_where_weights_of_the_size_1e200_saturate_the_sigmoid() -> None:
    w = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, -1e200, 1e200])
    grad = symgraph.compile(nine_weights, "numpy").per_sample_grad(w, np.ones((1, 5)), np.array([1e120]))
    # d_y_hat * w9 overflows; the slope of the sigmoid, exp(-1e200), is 0 and so are all partials through it
    assert list(grad[0, [2, 3, 4, 7]]) == [0.0] * 4
    assert math.isfinite(grad[0, 6])


def unguarded(model: Model) -> Graph:
    """The graph that limit is given."""
    return run_passes(PIPELINE[: PIPELINE.index(limit)], differentiate(lower(model)))


def products(name: str, domain: tuple[float, float] | None = None) -> set[bool]:
    """Of the products that are guarded, whether interval reasoning proves that the edge may be limited."""
    graph = unguarded(model_of(FORMS[name], domain))
    return {product in certainly_zero(graph, overflow) for overflow in overflows(graph) for product in overflow.products}


def test_a_bounded_consumer_proves_something_where_no_tiny_factor_may_stand_before_it() -> None:
    """tanh(w * exp(a)) is not constant beyond the limit: with w = 1e-309 it still changes there."""
    assert products("scaled") == {False}
    with mpmath.workdps(30):
        w = mpmath.mpf("1e-309")
        assert mpmath.tanh(w * mpmath.exp(709.78)) < 0.2 < 0.9 < mpmath.tanh(w * mpmath.exp(713))
    assert products("scaled", domain=(0.5, 200.0)) == {True}  # which keeps the factor away from 0
    assert products("saturated") == {True}  # a sum with any finite number


@pytest.mark.parametrize("through", [symgraph.expm1, symgraph.log1p, sp.sin, symgraph.cbrt])
def test_a_factor_that_is_0_where_a_weight_is_meets_no_infinity(through: Any) -> None:
    module = symgraph.compile(model_of(lambda a, b, x: through(a) * sp.exp(b * x)), "numpy")
    loss, (_, by_b) = module.value_and_grad(np.array([0.0, 800.0]), np.ones((1, 1)), np.full(1, 0.5))
    assert (loss, by_b) == (0.25, 0.0)


def test_a_limit_that_is_not_zero_stays_nan() -> None:
    """The slope of log(exp(a) + exp(b) + c) is no 0 where exp(a) overflows; hiding the NaN would be worse than the NaN."""
    found = overflows(unguarded(model_of(lambda a, b, x: sp.log(sp.exp(a) + b * x))))
    assert [dict(overflow.products) for overflow in found] == [{}] * len(found) != []


def test_a_declared_domain_saves_the_guards() -> None:
    bounded = written(lambda x, a: (a * sp.exp(a * x)) ** 2, "loss", a=(-1.0, 1.0), x=(-50.0, 50.0))
    assert not any(node.op in ("select", "largest") for node in differentiated(bounded).nodes)
    for domain in (None, (-1.0, 1.0)):  # x has no domain
        assert any(node.op == "select" for node in differentiated(model_of(FORMS["decay"], domain)).nodes)


@pytest.mark.parametrize("name", FORMS)
def test_guards_change_no_value_where_nothing_overflows_and_guarding_twice_changes_nothing(name: str) -> None:
    graph, once = unguarded(model_of(FORMS[name])), differentiated(model_of(FORMS[name]))
    assert limit(once) == once
    with mpmath.workdps(40):
        for point in ((0.5, 1.5, 0.25), (-0.75, 2.0, 1.0), (2.0, -3.0, 0.5)):
            leaves = dict(zip("abx", map(mpmath.mpf, point), strict=True)) | {"y": mpmath.mpf(2), "cotangent": mpmath.mpf(1)}
            before = evaluate(graph, leaves, MPMATH, mpmath.mpf)
            for guarded in (limit(graph), saturate(graph)):
                after = evaluate(guarded, leaves, MPMATH, mpmath.mpf)
                assert [before[p] for p in graph.roots.values()] == [after[p] for p in guarded.roots.values()]


@given(st.tuples(*[st.floats(-1e3, 1e3)] * 3), st.sampled_from(["saturated", "gompertz", "bell", "nested"]))
@settings(max_examples=150, deadline=None)
def test_saturating_forms_never_give_nan(point: tuple[float, float, float], name: str) -> None:
    loss, grad = module_of(name).value_and_grad(np.array(point[:2]), np.array([point[2:]]), np.array([0.5]))
    assert math.isfinite(loss)
    assert np.isfinite(grad).all()


@pytest.mark.parametrize("name", LAST)
def test_the_limits_of_arguments_are_the_last_at_which_a_function_is_finite(name: str) -> None:
    """To the next double but one, since at the limit the function rounds to the largest double or is a little below it."""
    last, function = LAST[name], getattr(mpmath, name)
    beyond = math.nextafter(math.nextafter(last, math.inf), math.inf)
    with mpmath.workdps(40):
        assert function(mpmath.mpf(last)) <= sys.float_info.max < function(mpmath.mpf(beyond))


def test_exponentials_of_a_negative_magnitude_are_not_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = written(lambda x, a, b, c: (sp.tanh(a * x) + sp.tanh(b * x) + sp.tanh(c * x)) ** 2, "loss")
    graph, calls = differentiated(layer), []
    monkeypatch.setitem(overflows.__globals__, "intervals", lambda *args, **options: calls.append(args))
    assert overflows(graph) == ()
    assert not calls


def units(x: Any, *weights: Any) -> Any:
    """A sum of units, each with an exponential of its own."""
    thirds = zip(*(weights[k::3] for k in range(3)), strict=True)
    return sp.Add(*(c * sp.tanh(sp.exp(a * x) + b) for a, b, c in thirds))


def sharing(x: Any, a: Any, *weights: Any) -> Any:
    """A sum of units with one exponential."""
    return sp.Add(*(sp.tanh(b * x + sp.exp(a * x)) for b in weights))


def counting(table: Mapping[str, Any], calls: list[str]) -> dict[str, Any]:
    """A table of functions that says when one of them is called."""
    return {name: lambda *args, name=name: calls.append(name) or table[name](*args) for name in table}


@pytest.mark.parametrize(("form", "growth"), [(units, 4), (sharing, 1)])
def test_the_work_grows_as_the_graph_does(form: Callable[..., Any], growth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr("symgraph.compiler.numerics.spread.MPMATH", counting(MPMATH, calls))
    monkeypatch.setattr("symgraph.compiler.numerics.intervals.RULES", counting(RULES, calls))
    work, guards = [], []
    for count in (10, 40):
        number = 3 * count if form is units else count + 1
        graph = unguarded(one_output(form, features="x", weights=f"w0:{number}"))
        calls.clear()
        before, after = ([node.op for node in one.nodes if node.op in ("min", "select")] for one in (graph, limit(graph)))
        work.append(len(calls) / len(graph.nodes))
        guards.append(len(after) - len(before))
    assert max(work) < 300
    assert work[1] < 1.2 * work[0]
    assert guards[1] == growth * guards[0] > 0  # no unit of a large graph is left out
