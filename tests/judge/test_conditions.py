"""kappa_in and kappa_graph, against what they are defined by: results of moved inputs and of moved operations."""

import random
import sys
from itertools import product
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from flint import arb, ctx
from written import written
from zoo import ZOO

from symgraph import Model, sigmoid
from symgraph.compiler.generate import differentiated
from symgraph.compiler.ir.evaluate import MPMATH
from symgraph.compiler.ir.graph import Graph
from symgraph.compiler.ir.special import elementary
from symgraph.compiler.numerics.overflow import FAST
from symgraph.compiler.passes import printed
from symgraph.judge.judged_points import Points, given, points
from symgraph.judge.reference import Reference, reference
from symgraph.judge.rounding import INPUT_ULP
from symgraph.judge.truth_at_points import conditioning_of, names_of_model, truths
from symgraph.spec.ops.ops import OPS

MODELS = ("nine_weights", "every_op", "pieces", "uniform_nodes", "Thurber", "Rat43", "rosenbrock")


def inside(model: Model, seed: int = 0) -> dict[str, float]:
    draw = random.Random(seed)
    return {entry.name: draw.uniform(0.25, 0.85) for entry in model.inputs}


def moved_graph(graph: Graph, leaves: dict[str, Any], moved: int | None, factor: Any) -> list[Any]:
    """The graph's values where the result of one node is multiplied by a factor."""
    values: list[Any] = []
    for index, node in enumerate(graph.nodes):
        operands = [values[arg] for arg in node.args]
        if not operands:
            value = mpmath.mpf(leaves[node.data] if isinstance(node.data, str) else node.data)
        elif node.op == "select":
            value = operands[1 if operands[0] else 2]
        else:
            try:
                value = MPMATH[node.op](*operands)
            except (ZeroDivisionError, ValueError):
                value = mpmath.nan
        values.append(value * factor if index == moved else value)
    return values


@pytest.mark.parametrize("name", MODELS)
def test_kappa_in_is_the_sum_of_the_relative_changes_by_the_inputs(name: str) -> None:
    """Both that of the sweep over the graph and that of the reference."""
    model = ZOO[name]()
    point = inside(model)
    found, known = truths(model, given(model, [point])), reference(model)
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
        near = pytest.approx(wanted[column], rel=1e-9, abs=0.0)
        assert at[column].is_zero() or kappa == near == found.kappa_in(0, place), column


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
    point, graph = inside(model, 1), elementary(printed(differentiated(model), backend))
    conditioning, names = conditioning_of(model, backend), names_of_model(model, backend)
    roots = {column: graph.roots[column] for column in names}
    wanted = dict.fromkeys(roots, mpmath.mpf(0))
    with mpmath.workprec(300):
        leaves = {**point, "cotangent": 1.0, "largest": sys.float_info.max}
        unmoved, step = moved_graph(graph, leaves, None, 1), mpmath.ldexp(1, -100)
        for moved in sorted(conditioning.counted):
            sides = [moved_graph(graph, leaves, moved, 1 + sign * step) for sign in (1, -1)]
            for column, root in roots.items():
                if unmoved[root]:
                    wanted[column] += abs((sides[0][root] - sides[1][root]) / (2 * step) / unmoved[root])
    kappas = dict(zip(names, truths(model, given(model, [point]), backend=backend).sizes.kappa_graph[0], strict=True))
    for column, kappa in kappas.items():
        assert kappa == pytest.approx(float(wanted[column]), rel=1e-9, abs=0.0) or unmoved[roots[column]] == 0, column


@pytest.mark.parametrize(("form", "counts"), [
    (lambda a: 2 * a, (0,)), (lambda a: -a, (0,)), (lambda a: sp.Abs(a) / 4, (0,)), (lambda a, b: sp.Max(a, b) / 2, (0,)),
    (lambda a: a + 3, (1,)),  # the sum
    (lambda a: sp.Float(0.1) * a, (1,)),  # the product: 0.1 is the float meant
    (lambda a: a / 10, (1, 2)),  # the quotient, or 1/10 and the product
    (lambda b: sp.pi + b, (2,)),  # pi and the sum
])  # fmt: skip
def test_what_is_exact_is_not_counted_and_what_was_rounded_is(form: Any, counts: tuple[int, ...]) -> None:
    assert len(conditioning_of(written(form), names=("output",)).counted) in counts


def test_the_numbers_of_a_graph_count_for_its_dtype_and_its_largest_figure_is_that_of_its_ops() -> None:
    tenth = written(lambda a: sp.Float(0.1) * a)
    assert len(conditioning_of(tenth, dtype="float32", names=("output",)).counted) == 2  # 0.1 is none of its numbers
    assert conditioning_of(ZOO["line"]()).largest_ulp == 0.5
    assert conditioning_of(ZOO["curve"]()).largest_ulp == OPS["exp"].ulp
    assert conditioning_of(ZOO["curve"](), dtype="float32").largest_ulp == OPS["exp"].ulp32


def sizes_of(form: Any, *rows: dict[str, float], dtype: str = "float64") -> Any:
    """The sizes of the output at points."""
    model = written(form)
    return truths(model, given(model, rows), names=("output",), dtype=dtype).sizes


def test_the_bound_weights_each_operation_by_its_figure() -> None:
    sizes = sizes_of(lambda a: sp.exp(a) / 3, {"a": 0.7})
    # the exponential, and the quotient by 3 (or the product with 1/3, which was rounded), each by its own unit
    rounded = sizes.kappa_graph[0, 0] - 2
    assert sizes.bound[0, 0] == OPS["exp"].ulp + 0.5 + 0.5 * rounded


@pytest.mark.parametrize(("form", "point", "kappas"), [
    (lambda x, a: a * x, {"x": 2.0**-20, "a": 3.0}, (2, 1)),
    # the same in a way that cancels: 1 + x moves by its unit, the difference by 2**20 of its own
    (lambda m, x, a: a * (m.node("one", 1 + x) - 1), {"x": 2.0**-20, "a": 3.0}, (2, pytest.approx(2.0**20, rel=1e-5, abs=0.0))),
    # d out / d a * a / out = 3, and as much for b; of the operations only the sum rounds, since t is 0
    (lambda m, a, b: 1 + m.node("t", a - b), {"a": 3.0, "b": 3.0}, (6, 1)),
    (lambda a, b: 1 + a * b, {"a": 0.0, "b": 3.0}, (0, 1)),  # inputs that are 0 move nothing
])  # fmt: skip
def test_cancellation_shows_in_kappa_graph_alone(form: Any, point: dict[str, float], kappas: tuple[Any, Any]) -> None:
    sizes = sizes_of(form, point)
    assert (sizes.kappa_in[0, 0], sizes.kappa_graph[0, 0]) == kappas


def test_kappa_in_survives_paths_that_cancel() -> None:
    sizes = sizes_of(lambda m, a, b: a * m.node("ratio", b / a) - b + a**2, {"a": 3.0, "b": 2.0**80})
    # out is a**2, and b has no part in it; a double has no digit of the sum of paths, which are 2**80 times as large
    assert sizes.kappa_in[0, 0] == pytest.approx(2, rel=1e-12, abs=0.0)
    assert sizes.kappa_graph[0, 0] > 2.0**76
    noise = sizes_of(lambda x, a: sp.tanh(1e20 * sp.sin(a * x)) + sigmoid(a), {"x": 1e30, "a": 1 / 3})
    assert noise.kappa_in[0, 0] < 10  # flat on both sides


def test_ranges_tell_where_values_leave_those_of_a_dtype() -> None:
    sizes = sizes_of(lambda x, a: a * sp.exp(-x), {"x": 1.0, "a": 1.0}, {"x": 800.0, "a": 1e20}, {"x": -800.0, "a": 1e-20})
    assert (sizes.lowest[:, 0] < -1021).tolist() == [False, True, False]
    assert (sizes.highest[:, 0] > 1024).tolist() == [False, False, True]


@pytest.mark.parametrize(("dtype", "unit"), [("float64", 2.0**-52), ("float32", 2.0**-23)])
def test_results_scatter_by_the_units_of_their_inputs_and_operations(dtype: str, unit: float) -> None:
    most = (2 * INPUT_ULP + 0.5) * unit  # two inputs and a product, which is 1; balls add a unit for each of their roundings
    assert most <= sizes_of(lambda a, b: a * b, {"a": 0.5, "b": 2.0}, dtype=dtype).scatter[0, 0] <= most + 4 * unit


SECOND, LEAST = ((3 * INPUT_ULP + 1) * 2.0**-52) ** 2, 2.0**-1074


@pytest.mark.parametrize(("form", "point", "low", "high"), [
    # what vanishes scatters to second order, and not at all what is 0 whatever the errors are
    (lambda a, b, c: (a * b - c) ** 2, {"a": 0.5, "b": 2.0, "c": 1.0}, SECOND / 4, 4 * SECOND),
    (lambda a, b: a * sp.exp(b), {"a": 0.0, "b": 2.0}, 0.0, 0.0),
    # t is 1e-400, which any code has as 0: by the units of the smallest numbers
    (lambda m, a, b: m.node("t", a * a) / b / b, {"a": 1e-200, "b": 1e-160}, LEAST / 1e-320 / 4, 4 * LEAST / 1e-320),
    # an end of a domain within rounding errors leaves no bound
    (lambda a, b: sp.sqrt(a - b), {"a": 1.0, "b": 1.0}, np.inf, np.inf),
    (lambda x, a: sp.tanh(sp.exp(a * x)), {"x": 1e10, "a": 1e10}, 0.0, 1e-14),  # exp(1e20) is between two huge numbers
])  # fmt: skip
def test_results_scatter_between(form: Any, point: dict[str, float], low: float, high: float) -> None:
    assert low <= sizes_of(form, point).scatter[0, 0] <= high


@pytest.mark.parametrize(("form", "rows", "doubtful"), [
    # 3 * fl(1/3) differs from 1 by 2**-54: the product's own rounding reaches that; 2 * 0.5 is exact, which is not counted on
    (lambda x, a, b: sp.Abs(a * x - b), [(3.0, 1 / 3, 1.0), (3.0, 1 / 3, 1.0 + 1e-9), (2.0, 0.5, 1.0), (3.0, 1.0, 1.0)],
     [True, False, True, False]),
    # a saturated function of noise
    (lambda x, a: sp.tanh(1e20 * sp.sin(a * x)) + sigmoid(a), [(1e30, 1 / 3), (1.0, 1 / 3)], [True, False]),
    (lambda x, a: sp.tanh(sp.exp(a * x)), [(1e10, 1e10)], [False]),
])  # fmt: skip
def test_decisions_within_rounding_errors_are_in_doubt(form: Any, rows: list[tuple[float, ...]], doubtful: list[bool]) -> None:
    model = written(form)
    drawn = given(model, [dict(zip("xab", row, strict=False)) for row in rows])
    found = truths(model, drawn, names=("output",))
    assert np.isinf(found.sizes.scatter[:, 0]).tolist() == doubtful
    assert [found.left_open(place)[0] for place in range(len(rows))] == doubtful  # a*x moves with a, x and b as far


@pytest.mark.parametrize("form", [lambda a: sp.Abs(sp.asin(a) - a), lambda a: sp.log(sp.asin(a) - a)])
def test_what_cancels_inside_leaves_the_inputs_undecided_no_more(form: Any) -> None:
    model = written(form)
    found = truths(model, given(model, [{"a": 1e-9}]), names=("output", "jacobian a"))
    assert np.isinf(found.sizes.scatter).all()  # asin(a) is off by more than the 1.7e-28 that the difference is
    assert not found.left_open(0).any()  # by the mean value theorem, it moves by 3 times the error of a


@pytest.mark.parametrize("scale", [sp.pi / 6, sp.Integer(1)])
def test_the_point_at_which_periods_are_hit_shows_that_nothing_is_known(scale: sp.Expr) -> None:
    """The cosine of a huge number: its partial moves by itself, and not by a multiple of a period, when the inputs do."""
    model = written(lambda x, a, b: a * sp.cos(scale * x) + b)
    found = truths(model, given(model, [{"x": 3 * 2.0**600, "a": 1.0, "b": 0.5}]), names=("jacobian a",))
    assert found.kappa_in(0, 0) > 1e15


def test_the_exponentials_that_are_guarded_may_leave_the_range() -> None:
    """Infinities that the scalar module writes where an exponential overflows are such, too."""
    for name, backend in product(sorted(FAST), ("numpy", "scalar")):
        model = written(lambda x, a, b, name=name: sp.tanh(getattr(sp, name, sp.exp)(a * x)) + b)
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
    # the exponential overflows, or vanishes, and so does its hyperbolic tangent; the square overflows, or vanishes; the
    # exponential overflows since its argument has
    sound, strayed = [(1.0, 1.0, 1.0), (1.0, 800.0, 1.0), (1.0, -800.0, 1.0)], [(1.0, 1.0, 1e200), (1.0, 1.0, 1e-170)]
    rows = [dict(zip("xab", row, strict=True)) for row in (*sound, *strayed, (1e200, 1e200, 1.0))]
    found = sizes_of(lambda m, x, a, b: sp.tanh(m.node("wave", sp.exp(a * x))) * m.node("square", b * b), *rows)
    assert found.strayed[:, 0].tolist() == [False] * 3 + [True] * 3


@pytest.mark.parametrize(("dtype", "strayed"), [("float64", [False, True, False]), ("float32", [False, True, True])])
def test_products_with_powers_of_two_may_leave_the_range(dtype: str, strayed: list[bool]) -> None:
    found = sizes_of(lambda a: 2 * a, {"a": 1.0}, {"a": 1e308}, {"a": 2e-308}, dtype=dtype)
    assert found.strayed[:, 0].tolist() == strayed
