"""limit and saturate as their user sees them: no inf * 0 where the truth is finite, and nothing hidden where it is not."""

import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from truths import gradient

import symgraph
from symgraph import Model
from symgraph.check.reference import Reference
from symgraph.derive.adjoint import differentiate
from symgraph.derive.lowering import lower
from symgraph.generate import differentiated
from symgraph.ir.evaluate import MPMATH, evaluate
from symgraph.ir.graph import Graph
from symgraph.ir.intervals import RULES
from symgraph.ir.overflow import certainly_zero, overflows
from symgraph.passes import PIPELINE, limit, saturate
from symgraph.passes.saturate import LAST

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
POINTS = [(2.0, 800.0), (-2.0, 800.0), (2.0, -800.0), (0.0, 800.0), (1.0, 710.0), (800.0, 709.0), (0.5, 89.0), (-3.0, 5.0)]


def model_of(form: Form, domain: tuple[float, float] | None = None) -> Model:
    model = Model("limited")
    a, b = model.weights("a b", domain=domain)
    x, y = model.feature("x"), model.target("y")
    output = model.output("o", form(a, b, x))
    model.loss((y - output) ** 2)
    return model


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_partial_is_finite_wherever_the_loss_is_computed_and_the_truth_is_finite(name: str, dtype: Any) -> None:
    model = model_of(FORMS[name])
    module, reference = symgraph.compile(model, "numpy"), Reference(model)
    largest = float(np.finfo(dtype).max)
    judged = 0
    for w in POINTS:
        loss, grad = module.value_and_grad(np.array(w, dtype), np.ones((1, 1), dtype), np.full(1, 0.5, dtype))
        truth = gradient(reference, {"a": w[0], "b": w[1], "x": 1.0, "y": 0.5})
        for weight, found in zip(("a", "b"), grad, strict=True):
            exact = truth[weight]
            if mpmath.isnan(exact) or abs(exact) > largest or not math.isfinite(loss):
                continue
            judged += 1
            assert np.isfinite(found), (w, weight, exact)
    assert judged >= (1 if name == "decay" else 4)  # the others overflow in truth


@pytest.mark.parametrize("name", ["gompertz", "saturated", "scaled", "hyperbolic", "bell", "nested"])
def test_a_row_function_survives_an_exponential_that_overflows_as_the_numpy_module_does(name: str) -> None:
    model = model_of(FORMS[name])
    batch, rows = symgraph.compile(model, "numpy"), symgraph.compile(model, backend="scalar")
    for w in POINTS:
        grad = [math.nan, math.nan]
        loss = rows.row(list(w), [1.0], 0.5, grad)
        expected, expected_grad = batch.value_and_grad(np.array(w), np.ones((1, 1)), np.full(1, 0.5))
        # the backends' functions differ by some ulp, which the steepest of these forms magnifies by some 1e5
        assert loss == pytest.approx(expected, rel=1e-9, abs=1e-300)
        assert grad == pytest.approx(list(expected_grad), rel=1e-9, abs=1e-300)


def test_a_row_function_raises_where_the_loss_itself_overflows() -> None:
    rows = symgraph.compile(model_of(FORMS["decay"]), backend="scalar")
    with pytest.raises(OverflowError):
        rows.row([2.0, 800.0], [1.0], 0.5, [0.0, 0.0])


def test_the_named_node_keeps_its_value() -> None:
    model = Model("named")
    a, b = model.weights("a b")
    e = model.node("e", sp.exp(a))
    model.loss(sp.tanh(e + b) ** 2)
    module = symgraph.compile(model, "numpy")
    assert module.forward(np.array([800.0, 1.0]), None).e == math.inf
    assert list(module.grad(np.array([800.0, 1.0]), None, None)) == [0.0, 0.0]


def unguarded(form: Form, **kwargs: Any) -> Graph:
    """The graph that limit is given."""
    return before_limit(lower(model_of(form, **kwargs)))


def before_limit(lowered: Graph) -> Graph:
    """The graph that limit is given, from that of lowering."""
    graph = differentiate(lowered)
    for run in PIPELINE[: PIPELINE.index(limit)]:
        graph = run(graph)
    return graph


def products(form: Form, **kwargs: Any) -> list[bool]:
    """For each product that is guarded, whether interval reasoning proves that the edge may be limited."""
    graph = unguarded(form, **kwargs)
    return [product in certainly_zero(graph, overflow) for overflow in overflows(graph) for product in overflow.products]


def test_a_bounded_consumer_proves_nothing_where_a_tiny_factor_may_stand_before_it() -> None:
    """tanh(w * exp(a)) is not constant beyond the limit: with w = 1e-309 it still changes there."""
    unknown = products(FORMS["scaled"])
    assert unknown
    assert not any(unknown)
    with mpmath.workdps(30):
        w = mpmath.mpf("1e-309")
        assert mpmath.tanh(w * mpmath.exp(709.78)) < 0.2 < 0.9 < mpmath.tanh(w * mpmath.exp(713))


def test_a_domain_that_keeps_the_factor_away_from_zero_proves_it() -> None:
    known = products(FORMS["scaled"], domain=(0.5, 200.0))
    assert known
    assert all(known)


def test_a_sum_with_any_finite_number_is_proven_by_what_the_exponential_exceeds() -> None:
    known = products(FORMS["saturated"])
    assert known
    assert all(known)


@pytest.mark.parametrize("through", [symgraph.expm1, symgraph.log1p, sp.sin, symgraph.cbrt])
def test_a_factor_that_is_0_where_a_weight_is_meets_no_infinity(through: Any) -> None:
    module = symgraph.compile(model_of(lambda a, b, x: through(a) * sp.exp(b * x)), "numpy")
    loss, (_, by_b) = module.value_and_grad(np.array([0.0, 800.0]), np.ones((1, 1)), np.full(1, 0.5))
    assert (loss, by_b) == (0.25, 0.0)


def test_a_limit_that_is_not_zero_stays_nan() -> None:
    """The slope of log(exp(a) + exp(b) + c) is no 0 where exp(a) overflows; hiding the NaN would be worse than the NaN."""
    found = overflows(unguarded(lambda a, b, x: sp.log(sp.exp(a) + b * x)))
    assert found
    assert all(not overflow.products for overflow in found)


def test_a_declared_domain_saves_the_guards() -> None:
    free = differentiated(model_of(FORMS["decay"]))
    narrow = differentiated(model_of(FORMS["decay"], domain=(-1.0, 1.0)))
    assert sum(node.op == "select" for node in free.nodes) > 0
    bounded = Model("bounded")
    a = bounded.weight("a", domain=(-1.0, 1.0))
    x = bounded.feature("x", domain=(-50.0, 50.0))
    bounded.loss((a * sp.exp(a * x)) ** 2)
    assert not any(node.op in ("select", "largest") for node in differentiated(bounded).nodes)
    assert sum(node.op == "select" for node in narrow.nodes) > 0  # x has no domain


@pytest.mark.parametrize("name", FORMS)
def test_guards_change_no_value_where_nothing_overflows(name: str) -> None:
    graph = unguarded(FORMS[name])
    with mpmath.workdps(40):
        for point in ((0.5, 1.5, 0.25), (-0.75, 2.0, 1.0), (2.0, -3.0, 0.5)):
            leaves = dict(zip("abx", map(mpmath.mpf, point), strict=True)) | {"y": mpmath.mpf(2), "cotangent": mpmath.mpf(1)}
            before = evaluate(graph, leaves, MPMATH, mpmath.mpf)
            for run in (limit, saturate):
                guarded = run(graph)
                after = evaluate(guarded, leaves, MPMATH, mpmath.mpf)
                assert [before[p] for p in graph.roots.values()] == [after[p] for p in guarded.roots.values()]


def test_guarding_twice_changes_nothing() -> None:
    for form in FORMS.values():
        once = differentiated(model_of(form))
        assert limit(once) == once


@given(
    a=st.floats(-1e3, 1e3),
    b=st.floats(-1e3, 1e3),
    x=st.floats(-1e3, 1e3),
    name=st.sampled_from(["saturated", "gompertz", "bell", "nested"]),
)
@settings(max_examples=150, deadline=None)
def test_saturating_forms_never_give_nan(a: float, b: float, x: float, name: str) -> None:
    module = _compiled(name)
    loss, grad = module.value_and_grad(np.array([a, b]), np.array([[x]]), np.array([0.5]))
    assert math.isfinite(loss)
    assert np.isfinite(grad).all()


def _compiled(name: str, known: dict[str, Any] = {}) -> Any:  # noqa: B006  a memo of this test
    if name not in known:
        known[name] = symgraph.compile(model_of(FORMS[name]), "numpy")
    return known[name]


@pytest.mark.parametrize("name", LAST)
def test_the_limits_of_arguments_are_the_last_at_which_a_function_is_finite(name: str) -> None:
    """To the next double but one, since at the limit the function rounds to the largest double or is a little below it."""
    last, function = LAST[name], getattr(mpmath, name)
    beyond = math.nextafter(math.nextafter(last, math.inf), math.inf)
    with mpmath.workdps(40):
        assert function(mpmath.mpf(last)) <= sys.float_info.max < function(mpmath.mpf(beyond))


def test_exponentials_of_a_negative_magnitude_are_not_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model("layer")
    x, w = model.feature("x"), model.weights("w0:4")
    model.loss(sum(sp.tanh(one * x) for one in w) ** 2)
    graph, calls = differentiated(model), []
    monkeypatch.setitem(overflows.__globals__, "intervals", lambda *args, **options: calls.append(args))
    assert overflows(graph) == ()
    assert not calls


def units(count: int) -> Graph:
    """The graph that limit is given of a sum of units, each with an exponential of its own."""
    model = Model("units")
    x, y = model.feature("x"), model.target("y")
    weights = [model.weights(f"a{unit} b{unit} c{unit}") for unit in range(count)]
    output = model.output("o", sp.Add(*(c * sp.tanh(sp.exp(a * x) + b) for a, b, c in weights)))
    model.loss((y - output) ** 2)
    return before_limit(lower(model))


def counting(table: Mapping[str, Any], calls: list[str]) -> dict[str, Any]:
    """A table of functions that says when one of them is called."""

    def counted(name: str) -> Callable[..., Any]:
        return lambda *operands: calls.append(name) or table[name](*operands)

    return {name: counted(name) for name in table}


def test_the_work_grows_as_the_graph_does(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr("symgraph.ir.spread.MPMATH", counting(MPMATH, calls))
    monkeypatch.setattr("symgraph.ir.intervals.RULES", counting(RULES, calls))
    work, guards = [], []
    for count in (15, 60):
        graph = units(count)
        calls.clear()
        guarded = limit(graph)
        work.append(len(calls) / len(graph.nodes))
        guards.append(sum(node.op == "select" for node in guarded.nodes) - sum(node.op == "select" for node in graph.nodes))
    assert max(work) < 300
    assert work[1] < 1.2 * work[0]
    assert guards[1] == 4 * guards[0]  # no unit of a large graph is left out


def test_one_exponential_that_many_units_share_is_looked_at_in_a_graph_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr("symgraph.ir.spread.MPMATH", counting(MPMATH, calls))
    work = []
    for count in (10, 40):
        model = Model("shared")
        x, y = model.feature("x"), model.target("y")
        e = model.node("e", sp.exp(model.weight("a") * x))
        output = model.output("o", sp.Add(*(sp.tanh(model.weight(f"b{unit}") * x + e) for unit in range(count))))
        model.loss((y - output) ** 2)
        graph = before_limit(lower(model))
        calls.clear()
        assert len(limit(graph).nodes) > len(graph.nodes)
        work.append(len(calls) / len(graph.nodes))
    assert work[1] < 1.2 * work[0]
