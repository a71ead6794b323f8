"""symgraph.compiler.derive.lowering: from SymPy expressions to a graph whose operations and order a reader expects."""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from built import one_output
from graphs import values_of
from written import written
from zoo import ZOO

import symgraph as sg
from symgraph.compiler.backends.formula import formulas
from symgraph.compiler.derive.guards import guarded_symbols, safe_point
from symgraph.compiler.derive.lowering import Lowering, lower
from symgraph.compiler.derive.powers import common_power
from symgraph.compiler.generate import differentiated
from symgraph.compiler.ir.graph import Graph, GraphBuilder
from symgraph.compiler.passes import expand
from symgraph.errors import SpecError
from symgraph.spec.canonical import ordered

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
    # both weights have influence
    model = written(lambda m, f, g, a, b: m.output("o", expr) + a * b, "loss", features="f g")
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


def test_a_coefficient_at_the_edge_of_what_a_double_holds_is_rounded_once() -> None:
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


def test_depth_is_no_problem() -> None:
    many = range(1100)  # beyond Python's recursion limit of 1000
    deep = one_output(lambda f, g, a, b: reduce(lambda expr, _: sp.sin(expr) + b * g, many, a * f))
    assert sum(node.op == "sin" for node in lower(deep).nodes) == len(many)


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


def test_the_last_of_three_branches_sees_safe_values_where_any_before_it_is_taken() -> None:
    model = one_output(lambda f, g, a, b: sp.Piecewise((a * f, f > 5), (b * f, f < -5), (a * sp.sqrt(25 - f * f * b), True)))
    graph = differentiated(model)
    for f in (-9.0, 0.0, 9.0):
        slopes = values_of(graph, {"f": f, "g": 1, "a": 1, "b": 1, "y": 0, "cotangent": 1})
        assert all(np.isfinite(slopes[f"grad {weight}"]) for weight in "ab")


a, b, c, x, z = sp.symbols("a b c x z", real=True)
SQUARED = (sp.exp(a) / (1 + sp.exp(a))) ** 2


@pytest.mark.parametrize(("product", "bases", "exponent"), [
    (a**2 * b**2, {a, b}, 2), (a**3 * b**3, {a, b}, 3), (a**2 / b**2, {a, 1 / b}, 2), (a**4 * b**2, {a**2, b}, 2),
    (a**4 * b**-6, {a**2, b**-3}, 2), (a**4 * b**2 * c**3, {a**2, b}, 2),
    (SQUARED, {sp.exp(a), 1 / (1 + sp.exp(a))}, 2),  # an exponential is a power of the one that another factor holds
    *((product, set(), 1) for product in
      (a**2 * b, a**2 * b**3, a * b, a**2 * sp.sqrt(b), a**2 * sp.exp(2 * b), a ** (2 * b) * c**2)),
])  # fmt: skip
def test_powers_of_a_product_with_an_exponent_in_common_are_one_power(product: Any, bases: set[Any], exponent: int) -> None:
    assert SQUARED.has(sp.exp(2 * a))  # so SymPy writes it
    factors = product.args
    powers, found = common_power(factors, {part for factor in factors for part in sp.preorder_traversal(factor)})
    assert ({base**e for base, e in powers.values()}, found) == (bases, exponent)  # reciprocals are bases as such


def test_a_squared_ratio_is_lowered_as_one_and_does_not_overflow_beside_a_small_factor() -> None:
    """(k*x)**2 is 1 where x**2 alone is beyond the range, and k**2 is 0."""
    graph = lower(written(lambda x, s: 3 * ((x - 1) / s) ** 2))
    whole = graph.nodes[graph.roots["output"]]
    power = graph.nodes[whole.args[1]]
    assert (whole.op, power.op, graph.nodes[power.args[0]].op) == ("mul", "pow", "div")
    module = sg.compile(written(lambda x, k: (k * x) ** 2), "numpy")
    assert (module.predict([1e-200], [1e200]), module.jacobian([1e-200], [1e200])) == (1.0, 2e200)


def alone(branch: Any, symbols: Sequence[Any]) -> Graph:
    """The graph of a branch by itself."""
    return Lowering(GraphBuilder("branch"), ordered([branch], {})).alone(branch, symbols)


@pytest.mark.parametrize(("branch", "guarded"), [
    (sp.Integer(2), set()), (a + b * x, set()), (a * x / 3, set()), (x**2, set()),
    (sp.sin(x) + sp.tanh(a) + sg.sigmoid(b) + sp.Abs(z), set()), (sp.Max(a, x) + sg.relu(b), set()), (a * b * x, {a, b, x}),
    (x**3, {x}), (1 / x + a, {x}), (a * sp.log(x), {x}), (sp.sqrt(x) + a * b, {x}), (sp.exp(a * x) + b, {a, x}),
    (sp.sin(a * x) + b, {a, x}), (x**a, {a, x}), (sp.asin(z) + sp.atan2(a, b), {z, a, b}),
    (sp.Piecewise((sp.log(x), x > 0), (a, True)), {x}),
])  # fmt: skip
def test_symbols_under_operations_that_can_become_infinite_are_guarded(branch: sp.Expr, guarded: set[sp.Symbol]) -> None:
    assert guarded_symbols(branch) == guarded


@pytest.mark.parametrize("branch", [
    sp.log(x), sp.sqrt(x - 3), sp.sqrt(-x), sp.asin(x), sp.acosh(x), sp.log(x - 20), sp.log(-x - 10), 1 / (x - 1),
    1 / (x * (x - 1) * (2 * x - 1) * (x - 2)), sp.exp(100 * x), a ** (x * 40) / (b - 1), sp.log(x - a) + sp.log(a - b),
    sp.acos(x / a) * sp.log(b - 2), sp.Piecewise((sp.log(x), x > 5), (1 / x, True)),
])  # fmt: skip
def test_at_the_safe_point_branch_and_partials_are_finite_and_of_ordinary_size(branch: sp.Expr) -> None:
    symbols = guarded_symbols(branch)
    point = safe_point(branch, symbols, {}, "here", alone)
    assert set(point) == symbols
    assert safe_point(branch, symbols, {}, "here", alone) == point  # every time
    values = [part.evalf(20, subs=point) for part in (branch, *(sp.diff(branch, symbol) for symbol in symbols))]
    assert all(value.is_real and abs(value) <= 1e6 for value in values)


@pytest.mark.parametrize("branch", [sp.exp(50 * sp.sqrt(x**2 + 1)), 1e9 * sp.exp(a * x) + 1e12, 5e7 / x])
def test_a_branch_that_is_large_everywhere_has_a_safe_point_where_it_is_smallest(branch: sp.Expr) -> None:
    point = safe_point(branch, guarded_symbols(branch), {}, "here", alone)
    assert abs(branch.evalf(15, subs=point)) < 1e25


def test_a_safe_point_lies_within_the_declared_domains_which_are_asked_for_where_there_is_none() -> None:
    point = safe_point(sp.log(x) + sp.sqrt(a), {x, a}, {x: (5.0, 6.0), a: (100.0, float("inf"))}, "here", alone)
    assert 5 < point[x] < 6 < 100 < point[a]
    with pytest.raises(SpecError, match=r"here: found no point at which the branch .* is finite; declare a domain for x"):
        safe_point(sp.log(-1 - x**2), {x}, {}, "here", alone)
