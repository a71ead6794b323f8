"""Specs as functions of other libraries: the right values, in an order that can be run, linear in the nodes."""

from collections.abc import Callable

import numpy as np
import pytest
from any_model import PEERS
from built import numpy_module, verified
from libraries import Setting
from spec_formulas import formulas_of, gradient_program, loss_program
from zoo import ZOO

from symgraph import Model, sigmoid

NAMES = ("line", "rosenbrock", "location", "energy", "logistic", "keywords", "pieces", "nine_weights")

THROUGH_BOTH = ("autograd", "jax", "torch")
"""Peers that differentiate through the branch of a Piecewise that is not taken, where 0 * inf is NaN."""
CASES = [
    (name, peer)
    for name in NAMES
    for peer in PEERS
    # torch.compile takes seconds to compile the text that the peer torch runs
    if peer != "torch.compile" and not (name == "pieces" and peer in THROUGH_BOTH)
]


def arguments(model: Model, rows: int) -> tuple[np.ndarray, ...]:
    random = np.random.RandomState(0)
    w, X, y = (
        random.uniform(0.5, 1.5, len(model.weight_inputs)),
        random.uniform(0.5, 1.5, (rows, 9)),
        random.uniform(0.5, 1.5, rows),
    )
    features = len(model.feature_inputs)
    return (w, *((X[:, :features],) if features else ()), *((y,) if model.target_input is not None else ()))


def ours(model: Model, given: tuple[np.ndarray, ...]) -> tuple[float, np.ndarray]:
    names = ("w", *(("X",) if model.feature_inputs else ()), *(("y",) if model.target_input is not None else ()))
    return numpy_module(model.name).value_and_grad(**dict(zip(names, given, strict=True)))


@pytest.mark.parametrize(("name", "peer"), CASES)
def test_every_peer_that_is_installed_gives_our_loss_and_gradient(name: str, peer: str) -> None:
    if peer != "lambdify":
        pytest.importorskip(peer, reason="the extra bench is not installed")
    model = ZOO[name]()
    given = arguments(model, 5)
    loss, gradient = ours(model, given)
    with np.errstate(all="ignore"):  # NumPy evaluates both branches of a Piecewise
        found, slopes = PEERS[peer](formulas_of(model), Setting()).prepare(*given)()
    # inputs between 0.5 and 1.5: sums of at most some tens of terms of size 1, of which no form loses more than some digits
    np.testing.assert_allclose(float(np.asarray(found).reshape(())), loss, rtol=1e-12)
    np.testing.assert_allclose(np.asarray(slopes).reshape(-1), gradient, rtol=1e-11, atol=1e-12)


def test_constants_have_their_values_and_several_targets_are_columns() -> None:
    model = Model("two_rates")
    x, T = model.feature("x"), model.constant("T", 1.5)
    a, b = model.weights("a b")
    model.targets("p q")
    model.outputs("u v", a * x / T, b * x**2 + T)
    model.loss("squared_error")
    rng = np.random.RandomState(0)
    given = rng.uniform(0.5, 1.5, 2), rng.uniform(0.5, 1.5, (5, 1)), rng.uniform(0.5, 1.5, (5, 2))
    loss, gradient = verified(model, "numpy").value_and_grad(*given)
    found, slopes = PEERS["lambdify"](formulas_of(model), Setting()).prepare(*given)()
    np.testing.assert_allclose([found, *slopes], [loss, *gradient], rtol=1e-13)  # some operations, of numbers of one size


def test_a_node_called_like_a_function_does_not_hide_it() -> None:
    model = ZOO["nine_weights"]()  # its nodes are called exp, tanh and sigmoid
    names = [symbol.name for symbol, _ in loss_program(model).assignments]
    assert names == ["node0", "node1", "node2", "node3", "node4"]


@pytest.mark.parametrize("make", [loss_program, gradient_program])
def test_every_assignment_comes_after_those_that_it_reads(make: Callable[[Model], object]) -> None:
    program = make(ZOO["nine_weights"]())
    leaves = {symbol for one in program.arguments for symbol in (one if isinstance(one, list) else [one])}
    for symbol, expr in program.assignments:
        assert expr.free_symbols <= leaves
        leaves.add(symbol)
    assert all(result.free_symbols <= leaves for result in program.results)


def test_a_deep_model_stays_a_straight_line() -> None:
    # written out, 40 doublings have 2**40 leaves
    model = Model("doublings")
    (v,) = model.weights(["start"])
    for level in range(40):
        v = model.node(f"n{level}", v * v - v / 2)
    model.loss(v)
    assert len(loss_program(model).assignments) == 40
    loss, slope = gradient_program(model).function()([0.75])
    expected, gradient = ours_of(model, 0.75)
    assert loss == pytest.approx(expected, rel=1e-12, abs=1e-300)
    assert slope == pytest.approx(gradient, rel=1e-12, abs=1e-300)


def ours_of(model: Model, w: float) -> tuple[float, float]:
    value, slope = w, 1.0
    for _ in model.nodes:
        value, slope = value * value - value / 2, (2 * value - 0.5) * slope
    return value, slope


def test_functions_of_ours_are_written_by_their_definitions() -> None:
    model = Model("gate")
    a, b = model.weights("a b")
    model.loss(sigmoid(a) * b)
    loss, *slopes = gradient_program(model).function()([0.0, 3.0])
    assert (loss, *slopes) == (1.5, 0.75, 0.5)
