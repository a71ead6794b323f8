"""Specs as functions of other libraries: the right values, in an order that can be run, linear in the nodes."""

import numpy as np
import pytest
from any_model import PEERS
from built import numpy_module, verified
from libraries import Setting
from spec_formulas import formulas_of, gradient_program, loss_program
from zoo import ZOO

from symgraph import Model

NAMES = ("rosenbrock", "location", "energy", "keywords", "pieces", "nine_weights")
PEERS_OF_TEXT = tuple(peer for peer in PEERS if peer != "torch.compile")
"""Without the peer that takes seconds to compile the text that torch runs."""
THROUGH_BOTH = ("autograd", "jax", "torch")
"""Peers that differentiate through the branch of a Piecewise that is not taken, where 0 * inf is NaN."""


@pytest.mark.parametrize("peer", PEERS_OF_TEXT)
def test_every_peer_that_is_installed_gives_our_loss_and_gradient(peer: str) -> None:
    if peer != "lambdify":
        pytest.importorskip(peer, reason="the extra bench is not installed")
    for name in NAMES:
        model, random = ZOO[name](), np.random.RandomState(0)
        given = {"w": random.uniform(0.5, 1.5, len(model.weight_inputs))}
        if model.feature_inputs:
            given["X"] = random.uniform(0.5, 1.5, (5, len(model.feature_inputs)))
        if model.target_input is not None:
            given["y"] = random.uniform(0.5, 1.5, 5)
        loss, gradient = numpy_module(name).value_and_grad(**given)
        if not (name == "pieces" and peer in THROUGH_BOTH):
            with np.errstate(all="ignore"):  # NumPy evaluates both branches of a Piecewise
                found, slopes = PEERS[peer](formulas_of(model), Setting()).prepare(*given.values())()
            # inputs between 0.5 and 1.5: sums of at most some tens of terms of size 1; no form loses more than some digits
            np.testing.assert_allclose(float(np.asarray(found).reshape(())), loss, rtol=1e-12, err_msg=name)
            np.testing.assert_allclose(np.asarray(slopes).reshape(-1), gradient, rtol=1e-11, atol=1e-12, err_msg=name)


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


def test_a_deep_model_stays_a_straight_line() -> None:
    model = Model("doublings")  # written out, 40 doublings have 2**40 leaves
    v = model.weight("start")
    for level in range(40):
        v = model.node(f"n{level}", v * v - v / 2)
    model.loss(v)
    assert len(loss_program(model).assignments) == 40
    value, slope = 0.75, 1.0
    for _ in model.nodes:
        value, slope = value * value - value / 2, (2 * value - 0.5) * slope
    assert gradient_program(model).function()([0.75]) == pytest.approx((value, slope), rel=1e-12, abs=1e-300)
