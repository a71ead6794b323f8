"""Properties that every pass leaves as they were: the values of the roots, their names, a well-formed graph."""

from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from built import sample
from graph_text import from_text
from graphs import EXACT, REAL_OPS, bits, graphs, points, values_of
from hypothesis import given, settings
from hypothesis import strategies as st
from zoo import ZOO

from symgraph.compiler.backends import BACKENDS
from symgraph.compiler.derive.adjoint import differentiate
from symgraph.compiler.derive.lowering import lower
from symgraph.compiler.ir.graph import OPPOSITE, Graph
from symgraph.compiler.ir.special import elementary
from symgraph.compiler.ir.text import to_text
from symgraph.compiler.ir.well_formed import verify_graph
from symgraph.compiler.passes import (
    PIPELINE,
    PIPELINES,
    STEPS,
    fold_constants,
    lower_powers,
    mask,
    printed,
    prune,
    run_passes,
    signs,
    simplify,
)
from symgraph.compiler.passes.one_row import one_row
from symgraph.module_functions import DERIVATIVES
from symgraph.options import DOUBLE, FLOAT, FUNCTIONS, STANDALONE, WORKSPACE
from symgraph.spec.ops.ops import OPS

pytestmark = pytest.mark.slow

Pass = Callable[[Graph], Graph]
EXAMPLES = settings(max_examples=150)
IDENTITIES = ("add", "sub", "mul", "div", "neg", "abs", "select")
"""Ops at whose head simplify has a rule."""


def differences(run: Pass, graph: Graph, point: dict[str, float]) -> dict[str, tuple[object, object]]:
    """The roots whose values differ in a bit after a pass, with both values."""
    before, after = values_of(graph, point), values_of(verify_graph(run(graph)), point)
    assert list(before) == list(after)
    return {root: (before[root], after[root]) for root in before if bits(before[root]) != bits(after[root])}


ODD_NUMBERS = st.floats(-8, 8) | st.sampled_from([0.0, -0.0, 1e300, 5e-324])


@pytest.mark.parametrize(("run", "drawn"), [
    (prune, graphs(IDENTITIES) | graphs()), (fold_constants, graphs(EXACT, constants=ODD_NUMBERS)),
], ids=["prune", "fold_constants"])  # fmt: skip
@given(data=st.data(), point=points())
@EXAMPLES
def test_pruning_and_folding_arithmetic_keep_every_bit(
    run: Pass, drawn: st.SearchStrategy[Graph], data: st.DataObject, point: dict[str, float]
) -> None:
    assert differences(run, data.draw(drawn), point) == {}


@given(graphs(size=6), points())
@EXAMPLES
def test_folding_a_function_rounds_the_true_value(graph: Graph, point: dict[str, float]) -> None:
    before, after = values_of(graph, point), values_of(verify_graph(fold_constants(graph)), point)
    for root in (root for root, value in before.items() if abs(value) <= 1e6):
        # NumPy's functions are good to two units; what six operations make of that stays far below this
        assert float(after[root]) == pytest.approx(float(before[root]), rel=1e-6, abs=1e-6)


WITHOUT_DIV = tuple(op for op in IDENTITIES if op != "div")


@pytest.mark.parametrize(("run", "ops"), [
    # a product with a 0-1 selection may lose a nan that inf * 0 was, and 0 * f is -0 for negative f
    (simplify, tuple(op for op in REAL_OPS if op != "pow")), (simplify, WITHOUT_DIV), (mask, (*IDENTITIES, "log", "sqrt")),
    (mask, (*WITHOUT_DIV, "log", "sqrt")), (signs, REAL_OPS), (signs, (*WITHOUT_DIV, "sqrt")),
])  # fmt: skip
@given(data=st.data(), point=points())
@settings(max_examples=200)
def test_every_bit_stays_but_the_sign_of_zero(
    run: Pass, ops: tuple[str, ...], data: st.DataObject, point: dict[str, float]
) -> None:
    graph = data.draw(graphs(ops))
    feels_the_sign_of_zero = any(node.op in ("div", "atan2", "pow") for node in graph.nodes)
    for before, after in differences(run, graph, point).values():
        is_lost = run is not signs and np.isnan(before)
        assert before == after or is_lost or feels_the_sign_of_zero, (before, after, to_text(graph))


@given(st.integers(-32, 32).map(lambda n: n / 2), st.floats(0.01, 100))
@EXAMPLES
def test_powers_as_products_are_within_half_a_unit_for_each_factor(exponent: float, base: float) -> None:
    graph = lower_powers(from_text(f"graph g\n%0 = feature f\n%1 = const {exponent}\n%2 = pow(%0, %1)\nroot r = %2\n"))
    assert "pow" not in {graph.nodes[position].op for position in graph.roots.values()}
    value = values_of(graph, {"f": base})["r"]
    with mpmath.workdps(40):
        truth = mpmath.mpf(base) ** mpmath.mpf(exponent)
        # the bound that the pass states for the products; a square root and a quotient round once more each, and so does the
        # product with the square root
        units = max(abs(exponent) - 1, 0) / 2 + 1.5
        assert abs(mpmath.mpf(float(value)) - truth) <= units * mpmath.mpf(2) ** -52 * truth


def point_of(name: str) -> dict[str, float]:
    """Weights and a row of a model of the zoo, and a cotangent."""
    model, (w, X, y) = ZOO[name](), sample(name, rows=1)
    point = dict(zip([i.name for i in model.weight_inputs], w, strict=True)) | {"cotangent": 1.0}
    point |= {} if X is None else dict(zip([i.name for i in model.feature_inputs], X[0], strict=True))
    return point | ({} if model.target_input is None else {model.target_input.name: y[0]})


@pytest.mark.parametrize("name", ZOO)
def test_on_one_row_nothing_is_left_to_sum_and_every_bit_stays(name: str) -> None:
    graph = run_passes(PIPELINE, differentiate(lower(ZOO[name]())))
    result = verify_graph(one_row(graph))
    assert not {"rowsum", "cotangent"} & {node.op for node in result.nodes}
    before, after = ({root: bits(value) for root, value in values_of(one, point_of(name)).items()} for one in (graph, result))
    kept = [root for root in before if not root.startswith(("jacobian ", "residual", OPPOSITE))]
    assert [*after.items()] == [(root, before[root]) for root in kept]


@pytest.mark.parametrize("run", [*PIPELINE, one_row], ids=lambda run: run.__name__)
@given(graph=graphs())
@settings(max_examples=25)
def test_a_second_run_changes_nothing(run: Pass, graph: Graph) -> None:
    once = run(graph)
    twice = run(once)
    if run is simplify:  # dead nodes of the first run may go unseen until they are pruned
        once, twice = prune(once), prune(twice)
    assert to_text(twice) == to_text(once)


@pytest.mark.parametrize("name", ZOO)
def test_models_stay_well_formed_keep_their_roots_and_end_with_primitive_ops_and_nothing_dead(name: str) -> None:
    first = graph = differentiate(lower(ZOO[name]()))
    text = to_text(first)
    for run in PIPELINE:
        result = verify_graph(run(graph))
        assert list(result.roots) == list(graph.roots), run.__name__
        assert set(result.names) <= set(graph.names)
        graph = result
    assert to_text(run_passes(PIPELINE, first)) == to_text(graph)
    assert to_text(first) == text  # passes do not touch their argument
    assert all(node.data is not None or OPS[node.op].stable is None for node in graph.nodes)
    assert to_text(prune(graph)) == to_text(graph)


@pytest.mark.parametrize(("backend", "variant"), PIPELINES)
@pytest.mark.parametrize("name", ZOO)
def test_a_printed_graph_has_the_values_of_the_optimized_one(name: str, backend: str, variant: str) -> None:
    graph = run_passes(STEPS, lower(ZOO[name]()))
    result = verify_graph(printed(graph, backend, variant))
    point = point_of(name)
    before, after = values_of(graph, point), values_of(verify_graph(elementary(result)), point)
    assert set(after) >= {root for root in before if not root.startswith(("jacobian ", "residual"))}
    for root in before.keys() & after.keys():  # those of doubts are new
        # a few roundings apart; no model of the zoo cancels more than four digits at its sample
        assert float(after[root]) == pytest.approx(float(before[root]), rel=1e-10, abs=1e-12), root


def test_every_backend_and_every_option_of_it_that_has_a_graph_of_its_own_has_a_pipeline() -> None:
    wanted = {(backend.name, option) for backend in BACKENDS.values() for option in (DOUBLE, *backend.options)}
    # derivatives on request are roots of the graph that the backend prints anyway; a penalty's graph is that of all backends
    same = {STANDALONE, FLOAT, WORKSPACE, FUNCTIONS, *DERIVATIVES}
    assert set(PIPELINES) == {(backend, option) for backend, option in wanted if option not in same} | {("penalty", DOUBLE)}
