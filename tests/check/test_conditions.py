"""kappa_in and kappa_graph, against what they are defined by: results of moved inputs and of moved operations."""

import random
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from flint import arb, ctx
from zoo import ZOO

from symgraph import Model, sigmoid
from symgraph.check.judged_points import Points, given, points
from symgraph.check.reference import Reference, reference
from symgraph.check.rounding import INPUT_ULP
from symgraph.check.truth_at_points import conditioning_of, names_of_model, truths
from symgraph.generate import differentiated
from symgraph.ir.evaluate import MPMATH
from symgraph.ir.graph import Graph
from symgraph.ir.ops import OPS
from symgraph.ir.overflow import FAST
from symgraph.ir.special import elementary
from symgraph.passes import printed

MODELS = ("nine_weights", "every_op", "pieces", "uniform_nodes", "Thurber", "Rat43", "rosenbrock")


def inside(model: Model, seed: int = 0) -> dict[str, float]:
    draw = random.Random(seed)
    return {entry.name: draw.uniform(0.25, 0.85) for entry in model.inputs}


def single(point: dict[str, float], model: Model) -> Points:
    names = tuple(entry.name for entry in model.inputs)
    return Points(names, np.array([[point[name] for name in names]]), ("given",))


def moved_graph(graph: Graph, leaves: dict[str, Any], moved: int | None, factor: Any) -> list[Any]:
    """The graph's values where the result of one node is multiplied by a factor."""
    values: list[Any] = []
    for index, node in enumerate(graph.nodes):
        if node.op in ("const", "largest"):
            value = mpmath.mpf(node.data if node.op == "const" else 1.7976931348623157e308)
        elif isinstance(node.data, str):
            value = leaves[node.data]
        elif node.op == "select":
            value = values[node.args[1 if values[node.args[0]] else 2]]
        else:
            try:
                value = MPMATH[node.op](*(values[arg] for arg in node.args))
            except (ZeroDivisionError, ValueError):
                value = mpmath.nan
        values.append(value * factor if index == moved else value)
    return values


@pytest.mark.parametrize("name", MODELS)
def test_kappa_in_is_the_sum_of_the_relative_changes_by_the_inputs(name: str) -> None:
    """Both that of the sweep over the graph and that of the reference."""
    model = ZOO[name]()
    point = inside(model)
    found, known = truths(model, single(point, model)), reference(model)
    with ctx.workprec(400):
        step = arb((1, -60))  # truncation is 2**-120 of what second derivatives are; the truth has 120 digits here
        exact = {entry.name: arb(point[entry.name]) for entry in model.inputs}
        at, wanted = values_at(known, exact), dict.fromkeys(found.names, 0.0)
        for leaf in exact:
            sides = [values_at(known, {**exact, leaf: exact[leaf] * (1 + move)}) for move in (step, -step)]
            for column in found.names:
                if not at[column].is_zero():
                    wanted[column] += abs(float((sides[0][column] - sides[1][column]) / (2 * step) / at[column]))
    for place, (column, kappa) in enumerate(zip(found.names, found.sizes.kappa_in[0], strict=True)):
        assert at[column].is_zero() or kappa == pytest.approx(wanted[column], rel=1e-9, abs=0.0), column
        assert at[column].is_zero() or found.kappa_in(0, place) == pytest.approx(wanted[column], rel=1e-9, abs=0.0), column


def values_at(known: Reference, exact: dict[str, arb]) -> dict[str, Any]:
    """Values and partials of the spec at any numbers, by the reference's program."""
    values = known.program.forward([exact[name] for name in known.program.leaves])
    weights = [entry.name for entry in known.model.weight_inputs]
    found: dict[str, Any] = {}
    for root, index in {name: at for name, at in known.roots.items() if name != "residual"}.items():
        partials, prefix = known.program.partials(values, index), {"loss": "grad", "output": "jacobian"}[root]
        found |= {root: values[index], **{f"{prefix} {weight}": partials[weight] for weight in weights}}
    return found


@pytest.mark.parametrize("backend", ["numpy", "scalar", "c"])
@pytest.mark.parametrize("name", MODELS)
def test_kappa_graph_is_the_sum_of_the_relative_changes_by_what_rounds(name: str, backend: str) -> None:
    """In the graph that the backend prints."""
    model = ZOO[name]()
    point = inside(model, 1)
    plain = differentiated(model)
    graph = elementary(printed(plain, backend))
    conditioning, names = conditioning_of(model, backend), names_of_model(model, backend)
    roots = {column: graph.roots[column] for column in names}
    wanted = dict.fromkeys(roots, mpmath.mpf(0))
    with mpmath.workprec(300):
        leaves = {**{leaf: mpmath.mpf(value) for leaf, value in point.items()}, "cotangent": mpmath.mpf(1)}
        unmoved, step = moved_graph(graph, leaves, None, 1), mpmath.ldexp(1, -100)
        for moved in sorted(conditioning.counted):
            sides = [moved_graph(graph, leaves, moved, 1 + sign * step) for sign in (1, -1)]
            for column, root in roots.items():
                if unmoved[root]:
                    wanted[column] += abs((sides[0][root] - sides[1][root]) / (2 * step) / unmoved[root])
    kappas = dict(zip(names, truths(model, single(point, model), backend=backend).sizes.kappa_graph[0], strict=True))
    for column, kappa in kappas.items():
        assert kappa == pytest.approx(float(wanted[column]), rel=1e-9, abs=0.0) or unmoved[roots[column]] == 0, column


def test_what_is_exact_is_not_counted_and_what_was_rounded_is() -> None:
    a, b = (sp.Symbol(name, real=True) for name in "ab")
    parts = [2 * a, -a, sp.Abs(a) / 4, a + 3, sp.Float(0.1) * a, a / 10, sp.pi + b, sp.Max(a, b)]
    # what rounds: nothing; nothing; nothing; the sum; the product (0.1 is the float meant); quotient or 1/10 and product;
    # pi and the sum; nothing
    counts = [0, 0, 0, 1, 1, 2, 2, 0]
    for index, (part, count) in enumerate(zip(parts, counts, strict=True)):
        one = Model(f"constant{index}")
        names = sorted(symbol.name for symbol in part.free_symbols)
        one.output("out", part.subs({sp.Symbol(name, real=True): one.weight(name) for name in names}))
        conditioning = conditioning_of(one, names=("output",))
        assert len(conditioning.counted) == count or (index == 5 and len(conditioning.counted) == 1), part


def test_float32_counts_constants_that_are_none_of_its_numbers() -> None:
    model = Model("tenth")
    a = model.weight("a")
    model.output("out", sp.Float(0.1) * a)
    assert len(conditioning_of(model, dtype="float64", names=("output",)).counted) == 1
    assert len(conditioning_of(model, dtype="float32", names=("output",)).counted) == 2


def test_the_largest_figure_is_that_of_the_ops_of_the_graph() -> None:
    assert conditioning_of(ZOO["line"]()).largest_ulp == 0.5
    assert conditioning_of(ZOO["curve"]()).largest_ulp == OPS["exp"].ulp
    assert conditioning_of(ZOO["curve"](), dtype="float32").largest_ulp == OPS["exp"].ulp32


def test_the_bound_weights_each_operation_by_its_figure() -> None:
    model = Model("weighted")
    a = model.weight("a")
    model.output("out", sp.exp(a) / 3)
    sizes = truths(model, single({"a": 0.7}, model), names=("output",)).sizes
    # the exponential, and the quotient by 3 (or the product with 1/3, which was rounded), each by its own unit
    rounded = sizes.kappa_graph[0, 0] - 2
    assert sizes.bound[0, 0] == OPS["exp"].ulp + 0.5 + 0.5 * rounded


def test_cancellation_and_its_cure_show_in_kappa_graph_alone() -> None:
    kappas = {}
    for name in ("bad", "good"):
        model = Model(name)
        x, a = model.feature("x"), model.weight("a")
        one = model.node("one", 1 + x if name == "bad" else x)
        model.output("out", a * (one - 1) if name == "bad" else a * one)
        found = truths(model, single({"x": 2.0**-20, "a": 3.0}, model), names=("output",)).sizes
        kappas[name] = (found.kappa_in[0, 0], found.kappa_graph[0, 0])
    assert kappas["good"] == (2, 1)
    assert kappas["bad"][0] == 2
    assert kappas["bad"][1] == pytest.approx(
        2.0**20, rel=1e-5, abs=0.0
    )  # 1 + x moves by its unit, the difference by 2**20 of its own


def test_kappa_in_survives_paths_that_cancel() -> None:
    model = Model("paths")
    a, b = model.weights("a b")
    ratio = model.node("ratio", b / a)
    model.output("out", a * ratio - b + a**2)
    found = truths(model, single({"a": 3.0, "b": 2.0**80}, model), names=("output",)).sizes
    # out is a**2, and b has no part in it; a double has no digit of the sum of paths, which are 2**80 times as large
    assert found.kappa_in[0, 0] == pytest.approx(2, rel=1e-12, abs=0.0)
    assert found.kappa_graph[0, 0] > 2.0**76


def test_values_that_vanish_hand_on_what_they_are_sensitive_to() -> None:
    model = Model("vanishing")
    a, b = model.weights("a b")
    t = model.node("t", a - b)
    model.output("out", 1 + t)
    found = truths(model, single({"a": 3.0, "b": 3.0}, model), names=("output",)).sizes
    # d out / d a * a / out = 3, and as much for b; of the operations only the sum rounds, since t is 0
    assert (found.kappa_in[0, 0], found.kappa_graph[0, 0]) == (6, 1)


def test_inputs_that_are_0_move_nothing() -> None:
    model = Model("zero")
    a, b = model.weights("a b")
    model.output("out", 1 + a * b)
    found = truths(model, single({"a": 0.0, "b": 3.0}, model), names=("output",)).sizes
    assert (found.kappa_in[0, 0], found.kappa_graph[0, 0]) == (0, 1)


def test_ranges_tell_where_values_leave_those_of_a_dtype() -> None:
    model = Model("ranges")
    x, a = model.feature("x"), model.weight("a")
    model.output("out", a * sp.exp(-x))
    rows = [{"x": 1.0, "a": 1.0}, {"x": 800.0, "a": 1e20}, {"x": -800.0, "a": 1e-20}]
    names = tuple(entry.name for entry in model.inputs)
    drawn = Points(names, np.array([[row[name] for name in names] for row in rows]), ("given",) * 3)
    sizes = truths(model, drawn, names=("output",)).sizes
    assert (sizes.lowest[:, 0] < -1021).tolist() == [False, True, False]
    assert (sizes.highest[:, 0] > 1024).tolist() == [False, False, True]


def scattered(expr: object, point: dict[str, float], model: Model, dtype: str = "float64") -> float:
    model.output("out", expr)
    found = truths(model, given(model, [point]), names=("output",), dtype=dtype)
    return float(found.sizes.scatter[0, 0])


@pytest.mark.parametrize(("dtype", "unit"), [("float64", 2.0**-52), ("float32", 2.0**-23)])
def test_results_scatter_by_the_units_of_their_inputs_and_operations(dtype: str, unit: float) -> None:
    model = Model("product")
    a, b = model.weights("a b")
    most = (2 * INPUT_ULP + 0.5) * unit  # two inputs and a product, which is 1; balls add a unit for each of their roundings
    assert most <= scattered(a * b, {"a": 0.5, "b": 2.0}, model, dtype) <= most + 4 * unit


def test_what_vanishes_scatters_to_second_order() -> None:
    model = Model("square")
    a, b, c = model.weights("a b c")
    most = ((3 * INPUT_ULP + 1) * 2.0**-52) ** 2
    assert most / 4 < scattered((a * b - c) ** 2, {"a": 0.5, "b": 2.0, "c": 1.0}, model) <= 4 * most


def test_what_is_0_whatever_the_errors_does_not_scatter() -> None:
    model = Model("nothing")
    a, b = model.weights("a b")
    assert scattered(a * sp.exp(b), {"a": 0.0, "b": 2.0}, model) == 0


def test_values_below_the_normal_numbers_scatter_by_the_units_of_the_smallest() -> None:
    model = Model("tiny")
    a, b = model.weights("a b")
    t = model.node("t", a * a)
    # t is 1e-400, which any code has as 0
    found = scattered(t / b / b, {"a": 1e-200, "b": 1e-160}, model)
    assert 2.0**-1074 / 1e-320 / 4 < found < 4 * 2.0**-1074 / 1e-320


def test_an_end_of_a_domain_within_rounding_errors_leaves_no_bound() -> None:
    model = Model("root")
    a, b = model.weights("a b")
    assert scattered(sp.sqrt(a - b), {"a": 1.0, "b": 1.0}, model) == np.inf


def test_decisions_within_rounding_errors_are_in_doubt() -> None:
    model = Model("doubts")
    x, a, b = model.feature("x"), *model.weights("a b")
    model.output("out", sp.Abs(a * x - b))
    third = 1 / 3
    rows = [(3.0, third, 1.0), (3.0, third, 1.0 + 1e-9), (2.0, 0.5, 1.0), (3.0, 1.0, 1.0)]
    found = truths(model, Points(("x", "a", "b"), np.array(rows), ("given",) * 4), names=("output",))
    # 3 * fl(1/3) differs from 1 by 2**-54: the product's own rounding reaches that; 2 * 0.5 is exact, which is not counted on
    assert np.isinf(found.sizes.scatter[:, 0]).tolist() == [True, False, True, False]
    assert [found.left_open(place)[0] for place in range(4)] == [True, False, True, False]  # a*x moves with a, x and b as far


@pytest.mark.parametrize("expr", [lambda a: sp.Abs(sp.asin(a) - a), lambda a: sp.log(sp.asin(a) - a)])
def test_what_cancels_inside_leaves_the_inputs_undecided_no_more(expr: Any) -> None:
    model = Model("inside")
    a = model.weight("a")
    model.output("out", expr(a))
    found = truths(model, Points(("a",), np.array([[1e-9]]), ("given",)), names=("output", "jacobian a"))
    assert np.isinf(found.sizes.scatter).all()  # asin(a) is off by more than the 1.7e-28 that the difference is
    assert not found.left_open(0).any()  # by the mean value theorem, it moves by 3 times the error of a


def test_a_saturated_function_of_noise_is_in_doubt() -> None:
    model = Model("noise")
    x, a = model.feature("x"), model.weight("a")
    model.output("out", sp.tanh(1e20 * sp.sin(a * x)) + sigmoid(a))
    drawn = Points(("x", "a"), np.array([[1e30, 1 / 3], [1.0, 1 / 3]]), ("given",) * 2)
    found = truths(model, drawn, names=("output",))
    assert found.sizes.kappa_in[0, 0] < 10  # flat on both sides
    assert np.isinf(found.sizes.scatter[:, 0]).tolist() == [True, False]
    assert [found.left_open(place)[0] for place in range(2)] == [True, False]


def test_a_function_saturates_whatever_the_inputs_last_bits_are() -> None:
    model = Model("saturated")
    x, a = model.feature("x"), model.weight("a")
    model.output("out", sp.tanh(sp.exp(a * x)))
    found = truths(model, given(model, [{"x": 1e10, "a": 1e10}]), names=("output",))
    assert found.sizes.scatter[0, 0] < 1e-14  # exp(1e20) is anything between two huge numbers
    assert not found.left_open(0)[0]


def test_the_point_at_which_periods_are_hit_shows_that_nothing_is_known() -> None:
    """The cosine of a huge number: its partial moves by itself, and not by a multiple of a period, when the inputs do."""
    for scale in (sp.pi / 6, sp.Integer(1)):
        model = Model("cosine")
        x, a, b = model.feature("x"), *model.weights("a b")
        model.output("out", a * sp.cos(scale * x) + b)
        found = truths(model, given(model, [{"x": 3 * 2.0**600, "a": 1.0, "b": 0.5}]), names=("jacobian a",))
        assert found.kappa_in(0, 0) > 1e15


def test_the_exponentials_that_are_guarded_may_leave_the_range() -> None:
    """Infinities that the scalar module writes where an exponential overflows are such, too."""
    for name in sorted(FAST):
        model = Model("front")
        x, a, b = model.feature("x"), *model.weights("a b")
        model.output("out", sp.tanh(getattr(sp, name, None)(a * x) if name != "expm1" else sp.exp(a * x)) + b)
        for backend in ("numpy", "scalar"):
            found = truths(model, given(model, [{"x": 1.0, "a": 800.0, "b": 1.0}]), names=("output",), backend=backend)
            assert not found.sizes.strayed[0, 0], (name, backend)


def test_measures_are_prepared_once_and_results_do_not_depend_on_the_batch() -> None:
    model = ZOO["nine_weights"]()
    assert conditioning_of(model) is conditioning_of(model)
    many = points(model, n=7)
    together = truths(model, many).sizes
    for place in range(7):
        alone = truths(model, Points(many.names, many.values[place : place + 1], many.kinds[:1])).sizes
        np.testing.assert_array_equal(alone.kappa_graph[0], together.kappa_graph[place])


def test_values_that_stray_are_told_from_exponentials_that_leave_the_range() -> None:
    model = Model("strays")
    x, a, b = model.feature("x"), *model.weights("a b")
    wave = model.node("wave", sp.exp(a * x))
    square = model.node("square", b * b)
    model.output("out", sp.tanh(wave) * square)
    rows = [
        (1.0, 1.0, 1.0, False),
        (1.0, 800.0, 1.0, False),  # the exponential overflows
        (1.0, -800.0, 1.0, False),  # or vanishes, and so does its hyperbolic tangent
        (1.0, 1.0, 1e200, True),  # the square overflows
        (1.0, 1.0, 1e-170, True),  # or vanishes
        (1e200, 1e200, 1.0, True),  # the exponential overflows since its argument has
    ]
    drawn = Points(("x", "a", "b"), np.array([row[:3] for row in rows]), ("given",) * len(rows))
    assert truths(model, drawn, names=("output",)).sizes.strayed[:, 0].tolist() == [row[3] for row in rows]


def test_products_with_powers_of_two_may_leave_the_range() -> None:
    model = Model("double")
    a = model.weight("a")
    model.output("out", 2 * a)
    drawn = Points(("a",), np.array([[1.0], [1e308], [2e-308]]), ("given",) * 3)
    assert truths(model, drawn, names=("output",)).sizes.strayed[:, 0].tolist() == [False, True, False]
    assert truths(model, drawn, names=("output",), dtype="float32").sizes.strayed[:, 0].tolist() == [False, True, True]
