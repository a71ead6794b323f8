"""Penalties beside several outputs and targets, several vectors of weights, and derivatives on request."""

import numpy as np
import pytest
from built import verified

from symgraph import Model
from symgraph.judge.differences import gradcheck

W, X = np.array([1.0, 2.0]), np.array([[1.0], [2.0], [4.0]])
Y = np.array([[3.0, 1.0], [2.0, 0.5], [1.0, -1.0]])
S = np.array([0.5, 2.0, 1.25])


def two_lines(penalized: bool = True) -> Model:
    """Return two lines of two weights, with a prior of the weights whose strength is a constant."""
    model = Model("two_lines")
    x, lam = model.feature("x"), model.constant("lam", 0.25, domain=(0, 10))
    first, second = model.targets("first second")
    a, b = model.weights("a b")
    up, down = model.outputs("up down", a * x + b, b - a * x)
    model.residual(up - first, down - second)
    if penalized:
        model.penalty(lam * (a**2 + b**2))
    return model


@pytest.mark.parametrize("kind", ["numpy", "native", "array_api", "accurate", "c", "float"])
def test_it_counts_once_for_all_outputs_and_once_for_each_vector_of_weights(kind: str) -> None:
    module, plain = verified(two_lines(), kind), verified(two_lines(penalized=False), kind)
    vectors = np.stack([W, -W, W / 3])
    tolerance = 4e-6 if kind == "float" else 6e-15  # 30 units of floats or doubles, for the rounding of sums
    for given, share in (({}, 1 / 3), ({"sample_weight": S}, 1 / S.sum()), ({"sample_weight": S, "reduction": "sum"}, 1.0)):
        losses, gradients = module.value_and_grad(vectors, X, Y, **given)
        for loss, gradient, w in zip(np.asarray(losses), np.asarray(gradients), vectors, strict=True):
            value, by_weight = plain.value_and_grad(w, X, Y, **given)
            assert loss == pytest.approx(float(value) + share * 0.25 * (w**2).sum(), rel=tolerance, abs=0.0)
            assert gradient == pytest.approx(np.asarray(by_weight) + share * 0.5 * w, rel=tolerance, abs=tolerance)
        assert np.array_equal(module.loss(vectors, X, Y, **given), losses)
        assert np.array_equal(module.grad(vectors, X, Y, **given), gradients)
    assert np.array_equal(module.predict(W, X), plain.predict(W, X))


def test_its_rows_stand_below_those_of_several_residuals_and_the_scalar_module_has_it_apart() -> None:
    module = verified(two_lines(), "numpy")
    below = np.concatenate([module.residual(W, X, Y), module.penalty_residual(W)])
    slopes = np.concatenate([module.residual_jacobian(W, X, Y), module.penalty_jacobian(W)])
    factor = module.METADATA["residual_factor"]
    value, gradient = module.value_and_grad(W, X, Y, reduction="sum")
    assert factor * (below**2).sum() == pytest.approx(value, rel=1e-15, abs=0.0)
    assert 2 * factor * slopes.T @ below == pytest.approx(gradient, rel=1e-14, abs=0.0)  # sums of 8 products
    assert gradcheck(module, points=3).ok
    partials = [np.nan] * 2
    assert verified(two_lines(), "scalar").penalty(W.tolist(), partials) == 1.25
    assert partials == [0.5, 1.0]
