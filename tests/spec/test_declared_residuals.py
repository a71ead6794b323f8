"""Declared residuals: their loss, SciPy's robust losses, the normal equations, and mistakes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp
from numpy.typing import NDArray

import symgraph
from symgraph import Model
from symgraph.errors import SpecError

RNG = np.random.default_rng(3)
X = np.column_stack([RNG.uniform(0.0, 2.0, 60), RNG.uniform(0.5, 1.0, 60)])
Y = RNG.normal(size=60)
W = np.array([1.25, 0.75])
SHARES = RNG.uniform(0.5, 2.0, 60)


def decay(loss: str = "linear", f_scale: float = 1.0) -> Model:
    """y_hat = a*exp(-k*x) with a measured sigma."""
    model = Model("decay")
    x, sigma = model.features("x sigma", domain=(0.1, 2.0))
    a, k = model.weights("a k", domain=(0.5, 2.0))
    y_hat = model.output("y_hat", a * sp.exp(-k * x))
    model.residual((y_hat - model.target()) / sigma, loss=loss, f_scale=f_scale)
    return model


def scipy_rho(name: str, z: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rho of SciPy's documentation of least_squares."""
    if name == "huber":
        return np.where(z <= 1.0, z, 2.0 * np.sqrt(z) - 1.0)
    return {"linear": z, "soft_l1": 2.0 * (np.sqrt(1.0 + z) - 1.0), "cauchy": np.log1p(z)}[name]


@pytest.mark.parametrize("backend", ["numpy", "auto"])
@pytest.mark.parametrize("name", ["linear", "soft_l1", "huber", "cauchy"])
def test_losses_and_normal_equations_are_those_of_scipy(name: str, backend: str) -> None:
    module: Any = symgraph.compile(decay(name, 0.5), backend=backend)
    r, jacobian = module.residual(W, X, Y), module.residual_jacobian(W, X, Y)
    assert r == pytest.approx((W[0] * np.exp(-W[1] * X[:, 0]) - Y) / X[:, 1], rel=16 * 2**-53, abs=16 * 2**-53)
    cost = 0.5 * 0.25 * scipy_rho(name, (r / 0.5) ** 2) @ SHARES
    total = module.loss(W, X, Y, sample_weight=SHARES, reduction="sum")
    assert total == pytest.approx(cost, rel=100 * 2**-53, abs=0.0)  # sums of 60 terms, rho as SciPy writes it cancels a little
    products, slope, loss = module.normal_equations(W, X, Y, sample_weight=SHARES)
    gradient = module.grad(W, X, Y, sample_weight=SHARES, reduction="sum")
    scale = np.abs(jacobian).T @ np.abs(r * SHARES)
    assert (np.abs(slope - gradient) <= 100 * 2**-53 * scale).all()  # sums of 60 products of a few roundings each
    assert loss == pytest.approx(total, rel=100 * 2**-53, abs=0.0)
    step = 1e-6
    weights = (scipy_rho(name, ((np.abs(r) + step) / 0.5) ** 2) - scipy_rho(name, ((np.abs(r) - step) / 0.5) ** 2)) * 0.125
    expected = jacobian.T @ (jacobian * (SHARES * weights / (2 * step * np.abs(r)))[:, None])
    assert products == pytest.approx(
        expected, rel=1e-4, abs=0.0
    )  # differences of rho at 1e-6 lose 1e-10/1e-6, near a kink more
    assert (products == products.T).all()


def test_the_metadata_say_how_the_loss_follows_from_the_residual() -> None:
    plain, robust = symgraph.compile(decay(), backend="numpy"), symgraph.compile(decay("cauchy", 2.0), backend="numpy")
    assert plain.METADATA["residual_factor"] == 0.5
    assert "robust" not in plain.METADATA
    assert robust.METADATA["residual_factor"] == 0.0
    assert robust.METADATA["robust"] == ("cauchy", 2.0)


def test_a_residual_that_is_found_in_the_loss_has_normal_equations_of_that_loss() -> None:
    model = Model("line")
    x, a, y = model.feature("x"), model.weight("a"), model.target()
    model.loss(3 * (y - model.output("y_hat", a * x)) ** 2)
    module: Any = symgraph.compile(model, backend="numpy")
    rows, y = np.array([1.0, 2.0]), np.array([0.0, 1.0])
    products, slope, loss = module.normal_equations([2.0], rows, y)
    assert products.tolist() == [[6.0 * (1.0 + 4.0)]]
    assert slope.tolist() == [6.0 * (2.0 * 1.0 + 3.0 * 2.0)]
    assert loss == 3.0 * (2.0**2 + 3.0**2)


def test_blocks_add_up_to_what_all_rows_give_at_once() -> None:
    module: Any = symgraph.compile(decay(), backend="numpy")
    many = np.tile(X, (200, 1)), np.tile(Y, 200)
    products, slope, loss = module.normal_equations(W, *many)
    one = module.normal_equations(W, X, Y)
    assert products == pytest.approx(200 * one[0], rel=100 * 2**-53, abs=0.0)
    assert loss == pytest.approx(200 * one[2], rel=100 * 2**-53, abs=0.0)
    assert slope == pytest.approx(200 * one[1], rel=1e-12, abs=0.0)  # residuals of both signs cancel some digits
    alone = module.normal_equations(W, X[0], Y[0])
    assert alone[1] == pytest.approx(module.grad(W, X[0], Y[0]), rel=8 * 2**-53, abs=0.0)


@pytest.mark.parametrize("first", [lambda m, r: m.residual(r), lambda m, r: m.loss(r**2)])
def test_a_model_has_residuals_or_a_loss_once(first: Callable[[Model, Any], Any]) -> None:
    model = Model("m")
    r = model.weight("a") - model.target()
    first(model, r)
    for kind, second in (("residual", model.residual), ("loss", model.loss)):
        with pytest.raises(SpecError, match=f"model m: {kind}: the model has a loss already"):
            second(r)
