"""symgraph.derive.lowering: from SymPy expressions to a graph whose operations and order a reader expects."""

import mpmath
import numpy as np
import pytest
import sympy as sp
from built import one_output, sample
from graphs import values_of
from truths import exact
from zoo import ZOO

import symgraph as sg
from symgraph import Model
from symgraph.backends.formula import formulas
from symgraph.check.reference import Reference
from symgraph.derive.lowering import lower
from symgraph.ir.well_formed import verify_graph
from symgraph.passes import expand

F, G, A, B = sp.symbols("f g a b", real=True)


@pytest.mark.parametrize(("expr", "text"), [
    # pi/6 is rounded once
    (A * F + B * G, "a * f + b * g"), (A * F - B * G, "a * f - b * g"), (-A * F - B * G, "-a * f - b * g"),
    (B * G - A * F, "b * g - a * f"), (F / A, "f / a"), (F / (A * G**2), "f / (a * g**2)"),
    (F * G / (A * B), "f * g / (a * b)"), (1 / A, "1 / a"), (1 / (A * F), "1 / (a * f)"), (F / 3, "f / 3"), (F / 4, "0.25 * f"),
    (-F / 7, "-f / 7"), (2 * F / 7, "0.2857142857142857 * f"), (sp.sqrt(F), "sqrt(f)"), (1 / sp.sqrt(F), "1 / sqrt(f)"),
    (F ** sp.Rational(3, 2), "f**1.5"), (sp.cos(F) ** 2, "cos(f)**2"), (F ** (-A), "f**(-a)"),
    (sg.cbrt(F) + sg.log1p(G), "cbrt(f) + log1p(g)"), (sg.hypot(F, A) * sg.sigmoid(B), "sigmoid(b) * hypot(f, a)"),
    (sp.Max(F, G, A), "max(max(f, g), a)"), (sp.Min(A, F), "min(f, a)"), (sp.atan2(F, G), "atan2(f, g)"),
    (sp.atan2(G, F), "atan2(g, f)"), (sp.Heaviside(F), "heaviside(f, 0.5)"), (sp.pi * F, "3.141592653589793 * f"),
    (2 * sp.pi * F / 12, "0.5235987755982989 * f"), (sp.exp(1) ** F, "exp(f)"),
    (A * F * B + A + B * 2 + G, "a + 2 * b + a * b * f + g"), (sp.Piecewise((F, G > 0), (A, True)), "f if g > 0 else a"),
    (sp.Piecewise((F, sp.And(G > 0, A < 1)), (A, G > 3), (B, True)), "f if g > 0 and a < 1 else a if g > 3 else b"),
])  # fmt: skip
def test_an_expression_becomes_the_operations_that_one_would_write(expr: sp.Expr, text: str) -> None:
    model = Model("small")
    model.features("f g")
    model.weights("a b")
    model.output("o", expr)
    model.loss(model.output_node.symbol + A * B)  # so that both weights have influence
    assert formulas(lower(model))["o"] == text


def test_operands_that_rows_share_meet_first_shared_parts_are_one_node_and_constants_are_rounded_once() -> None:
    graph = lower(one_output(lambda f, g, a, b: a * f * b + a + b * 2 + g))
    assert sum(node.varying and node.op in ("add", "mul") for node in graph.nodes) == 3  # (a*b)*f, (a + 2b) + that, + g
    graph = lower(one_output(lambda f, g, a, b: sp.exp(a * f) + sp.sin(sp.exp(a * f)) * b * g))
    assert sum(node.op == "exp" for node in graph.nodes) == 1
    with mpmath.workdps(40):
        third, root = float(mpmath.mpf(2) / 3), float(mpmath.sqrt(2) * mpmath.pi)
    graph = lower(one_output(lambda f, g, a, b: sp.Rational(2, 3) * f * a + sp.sqrt(2) * sp.pi * g * b))
    assert {third, root} <= {node.data for node in graph.nodes}


def test_a_coefficient_beyond_what_a_double_holds_is_refused_and_one_at_the_edge_is_rounded_once() -> None:
    for power, words in ((400, "is not a finite double"), (-400, "rounds to 0 as a double")):
        with pytest.raises(sg.SymgraphError, match=words):
            one_output(lambda f, g, a, b, power=power: sp.Integer(10) ** power * a * f + b * g)
    for power in (-320, -300, 300):
        graph = lower(one_output(lambda f, g, a, b, power=power: sp.Integer(10) ** power * a * f + b * g))
        assert values_of(graph, {"f": 1, "g": 0, "a": 1, "b": 0, "y": 0})["output"] == float(f"1e{power}")


def test_names_roots_and_leaves_are_those_of_the_model_in_order() -> None:
    graph = lower(ZOO["uniform_nodes"]())
    assert list(graph.names) == ["scale", "shift", "same", "y_hat"]
    assert list(graph.roots) == ["node scale", "node shift", "node same", "node y_hat", "output", "loss"]
    assert graph.names["same"] == graph.names["shift"]
    assert graph.roots["output"] == graph.names["y_hat"]
    assert {graph.nodes[graph.names[name]].varying for name in ("scale", "shift")} == {False}
    assert [(node.op, node.data) for node in lower(ZOO["curve"]()).nodes[:5]] == [
        ("feature", "u"), ("feature", "v"), ("weight", "a"), ("weight", "b"), ("weight", "c"),
    ]  # fmt: skip


def test_every_operation_comes_from_the_node_that_needed_it_first() -> None:
    graph = lower(ZOO["nine_weights"]())
    origins = {node.op: node.origin for node in graph.nodes if node.data is None}
    assert [origins[op] for op in ("exp", "tanh", "sin")] == ["exp", "tanh", "sigmoid"]
    assert graph.nodes[graph.roots["loss"]].origin == "loss"


def test_lowering_freezes_the_model_and_refuses_one_that_is_not_complete() -> None:
    model = ZOO["line"]()
    lower(model)
    with pytest.raises(sg.SymgraphError, match="frozen"):
        model.feature("late")
    with pytest.raises(sg.SymgraphError, match="neither a loss nor an output"):
        lower(Model("empty"))


def test_depth_is_no_problem() -> None:
    def deep(f: sp.Symbol, g: sp.Symbol, a: sp.Symbol, b: sp.Symbol) -> sp.Expr:
        expr = a * f
        for _ in range(1100):  # beyond Python's recursion limit of 1000
            expr = sp.sin(expr) + b * g
        return expr

    assert sum(node.op == "sin" for node in lower(one_output(deep)).nodes) == 1100


def test_a_conditional_without_a_default_is_nan_where_nothing_holds() -> None:
    graph = lower(one_output(lambda f, g, a, b: sp.Piecewise((a * f, f > 0), (b * g, g > 0))))
    outputs = [values_of(graph, {"f": f, "g": g, "a": 2, "b": 3, "y": 0})["output"] for f, g in [(1, 1), (-1, 1), (-1, -1)]]
    np.testing.assert_array_equal(outputs, [2, 3, np.nan])


@pytest.mark.parametrize("inner", [
    sp.Piecewise((F, G > 0), (A, True)), sp.Piecewise((1, G > 0), (A, True)), sp.Piecewise((-1, G > 0), (A, F > 0), (B, True)),
])  # fmt: skip
def test_a_conditional_inside_a_condition_is_no_problem(inner: sp.Expr) -> None:
    graph = lower(one_output(lambda f, g, a, b: sp.Piecewise((a * f, inner > 0), (b * g, True))))  # SymPy makes ITEs of it
    for f, g, a, b in [(1, 1, -1, 2), (-1, 1, 3, 2), (1, -1, -1, 2), (1, -1, 3, 2), (-1, -1, 3, -2)]:
        expected = a * f if inner.subs({F: f, G: g, A: a, B: b}) > 0 else b * g
        assert values_of(graph, {"f": f, "g": g, "a": a, "b": b, "y": 0})["output"] == expected


def test_branches_that_are_not_taken_see_safe_values() -> None:
    graph = lower(one_output(lambda f, g, a, b: sp.Piecewise((a * sp.log(f), f > 0), (b / f, f < 0), (g, True))))
    for f in (-2.0, 0.0, 3.0):
        assert np.isfinite(values_of(expand(graph), {"f": f, "g": 1, "a": 1, "b": 1, "y": 0})["output"])
    logarithm = next(node for node in graph.nodes if node.op == "log")
    assert graph.nodes[logarithm.args[0]].op == "select"


@pytest.mark.parametrize("name", ZOO)
def test_every_named_value_is_that_of_the_spec(name: str) -> None:
    model, (w, X, y) = ZOO[name](), sample(name, rows=3)
    graph = verify_graph(lower(model))
    reference = Reference(model)
    for row in range(3):
        point = dict(zip([i.name for i in model.weight_inputs], w, strict=True))
        point |= {} if X is None else dict(zip([i.name for i in model.feature_inputs], X[row], strict=True))
        point |= {} if model.target_input is None else {model.target_input.name: y[row]}
        values = values_of(expand(graph), point)
        truth = exact(reference, point)
        for node in model.nodes:
            # some thirty operations of relative error 1e-16 each, magnified by mild cancellation
            assert float(values[f"node {node.name}"]) == pytest.approx(float(truth.nodes[node.name]), rel=1e-12, abs=1e-13)
        if truth.loss is not None:
            assert float(values["loss"]) == pytest.approx(float(truth.loss), rel=1e-12, abs=1e-13)
