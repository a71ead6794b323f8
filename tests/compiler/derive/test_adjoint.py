"""The module adjoint: reverse mode against mpmath's differences of the spec, sums over rows, names, and twice in a row."""

import mpmath
import pytest
import sympy as sp
from built import one_output, sample
from truths import gradient
from written import written
from zoo import ZOO

from symgraph.compiler.derive.adjoint import adjoint, differentiate
from symgraph.compiler.derive.lowering import lower
from symgraph.compiler.ir.evaluate import MPMATH, evaluate
from symgraph.compiler.ir.graph import Graph
from symgraph.compiler.ir.well_formed import verify_graph
from symgraph.compiler.passes import PIPELINE, expand, run_passes
from symgraph.judge.reference import Reference

DIGITS = 60


def point_of(name: str, seed: int = 0) -> dict[str, float]:
    """Weights and one row of a model of the zoo, by name."""
    model, (w, X, y) = ZOO[name](), sample(name, rows=1, seed=seed)
    point = dict(zip([i.name for i in model.weight_inputs], map(float, w), strict=True))
    point |= {} if X is None else dict(zip([i.name for i in model.feature_inputs], map(float, X[0]), strict=True))
    return point | ({} if model.target_input is None else {model.target_input.name: float(y[0])})


def precise(graph: Graph, point: dict[str, float]) -> dict[str, mpmath.mpf]:
    """Every root of a graph at many digits, the cotangent being 1; constants stay the doubles that they are."""
    with mpmath.workdps(DIGITS):
        leaves = {name: mpmath.mpf(value) for name, value in point.items()} | {"cotangent": mpmath.mpf(1)}
        values = evaluate(expand(graph), leaves, MPMATH, mpmath.mpf)
        return {root: values[position] for root, position in expand(graph).roots.items()}


@pytest.mark.parametrize("name", ZOO)
def test_gradients_and_jacobians_are_the_derivatives_of_the_spec(name: str) -> None:
    model = ZOO[name]()
    graph = verify_graph(differentiate(verify_graph(lower(model))))
    reference = Reference(model)
    for seed in (0, 1):
        point = point_of(name, seed)
        values = precise(graph, point)
        for root in reference.roots.keys() & {"loss", "output"}:
            truth = gradient(reference, point, root)
            size = max(abs(value) for value in truth.values())
            for weight, value in truth.items():
                found = values[f"{'grad' if root == 'loss' else 'jacobian'} {weight}"]
                # only the graph's constants are rounded (2/3, say): 1e-16 each, mildly magnified
                assert abs(found - value) <= 1e-13 * size, (weight, seed)


@pytest.mark.parametrize("name", ["nine_weights", "uniform_nodes", "rosenbrock", "pieces", "perceptron", "Rat43", "curve"])
def test_a_graph_that_holds_partials_can_be_differentiated_again(name: str) -> None:
    first, model = differentiate(lower(ZOO[name]())), ZOO[name]()
    prefix, weights = "grad" if "loss" in first.roots else "jacobian", [entry.name for entry in model.weight_inputs][:4]
    point, step = point_of(name), mpmath.mpf("1e-25")
    for weight in weights:
        partial = Graph(first.name, first.nodes, {"loss": first.roots[f"{prefix} {weight}"]}, {})
        values = precise(verify_graph(adjoint(partial, "loss", prefix="second", suffix="")), point)
        for other in weights:
            with mpmath.workdps(DIGITS):
                up, down = (precise(first, point | {other: mpmath.mpf(point[other]) + h}) for h in (step, -step))
                slope = (up[f"{prefix} {weight}"] - down[f"{prefix} {weight}"]) / (2 * step)
                # central differences at 60 digits: truncation 1e-50, rounding 1e-35
                assert abs(values[f"second {other}"] - slope) <= 1e-25 * (1 + abs(slope)), (weight, other)


def test_sums_over_rows_stand_where_a_varying_cotangent_reaches_a_uniform_node() -> None:
    graph = differentiate(lower(ZOO["uniform_nodes"]()))
    assert {graph.nodes[node.args[0]].varying for node in graph.nodes if node.op == "rowsum"} == {True}
    assert not any(graph.nodes[position].varying for root, position in graph.roots.items() if root.startswith("grad "))
    # the node scale is uniform: what depends on it alone is differentiated after the sum, once a call
    assert any(node.origin.endswith(" in scale") and node.op in ("mul", "div") and not node.varying for node in graph.nodes)


def test_one_sum_is_taken_of_the_total_that_reaches_a_weight() -> None:
    graph = run_passes(PIPELINE, differentiate(lower(one_output(lambda f, g, a, b: a * f + a * g + sp.sin(a) * f * g + b))))
    assert sum(node.op == "rowsum" for node in graph.nodes) == 3  # directly to a, to sin(a), and to b


def test_the_jacobian_has_no_sums_and_a_function_of_the_weights_alone_a_uniform_cotangent() -> None:
    graph = differentiate(lower(ZOO["curve"]()))
    assert not any(node.op in ("rowsum", "cotangent") for node in graph.nodes)
    assert graph.nodes[graph.roots["jacobian c"]].varying
    assert "grad a" not in graph.roots
    assert not any(node.varying or node.op == "rowsum" for node in differentiate(lower(ZOO["rosenbrock"]())).nodes)


def test_cotangents_are_named_after_their_nodes_and_say_of_what_they_are_the_adjoint() -> None:
    lowered = lower(ZOO["nine_weights"]())
    graph = differentiate(lowered)
    nodes, weights = ("t", "exp", "tanh", "sigmoid", "y_hat"), [f"w{i}" for i in range(1, 10)]
    assert {f"d_{name}" for name in (*nodes, *weights)} <= set(graph.names)
    assert {f"d_{name} (jacobian)" for name in (*nodes[:-1], *weights)} <= set(graph.names)
    assert all(graph.names[f"d_{weight}"] == graph.roots[f"grad {weight}"] for weight in weights)
    assert graph.names["t"] == lowered.names["t"]  # the forward part keeps its place
    origins = {node.origin for node in graph.nodes[len(lowered.nodes) :]}
    assert {"adjoint of tanh in tanh", "adjoint of exp in exp", "adjoint of weight"} <= origins
    assert all(origin.startswith("adjoint of ") for origin in origins)


def test_a_weight_without_a_path_has_the_constant_zero_and_a_loss_that_is_a_weight_the_cotangent_itself() -> None:
    graph = differentiate(lower(written(lambda x, a, b: sp.sign(a) * x + b, "loss")))
    assert graph.nodes[graph.roots["grad a"]].data == 0.0
    graph = differentiate(lower(written(lambda a: a, "loss")))
    assert graph.nodes[graph.roots["grad a"]].op == "cotangent"
