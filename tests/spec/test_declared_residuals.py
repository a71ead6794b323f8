"""Declared residuals: their loss, SciPy's robust losses, the normal equations, the slope by the target, and mistakes."""

from typing import Any

import numpy as np
import pytest
import sympy as sp
from numpy.typing import NDArray

import symgraph
from symgraph import Model
from symgraph.errors import SpecError
from symgraph.spec.target_slope import target_slope

RNG = np.random.default_rng(3)
X = np.column_stack([RNG.uniform(0.0, 2.0, 60), RNG.uniform(0.5, 1.0, 60)])
Y = RNG.normal(size=60)
W = np.array([1.25, 0.75])
SHARES = RNG.uniform(0.5, 2.0, 60)


def decay(loss: str = "linear", f_scale: float = 1.0) -> Model:
    """y_hat = a*exp(-k*x) with a measured sigma."""
    model = Model("decay")
    (x, sigma), (a, k) = model.features("x sigma", domain=(0.1, 2.0)), model.weights("a k", domain=(0.5, 2.0))
    model.residual((model.output("y_hat", a * sp.exp(-k * x)) - model.target()) / sigma, loss=loss, f_scale=f_scale)
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
    # differences of rho at 1e-6 lose 1e-10/1e-6, near a kink more
    assert products == pytest.approx(expected, rel=1e-4, abs=0.0)
    assert (products == products.T).all()


def test_a_residual_that_is_found_in_the_loss_has_normal_equations_of_it_whose_blocks_add_up_and_metadata() -> None:
    model = Model("line")
    x, a, y = model.feature("x"), model.weight("a"), model.target()
    model.loss(3 * (y - model.output("y_hat", a * x)) ** 2)
    module: Any = symgraph.compile(model, backend="numpy")
    rows, y = np.array([1.0, 2.0]), np.array([0.0, 1.0])
    products, slope, loss = module.normal_equations([2.0], rows, y)
    assert (products.tolist(), slope.tolist()) == ([[6.0 * (1.0 + 4.0)]], [6.0 * (2.0 * 1.0 + 3.0 * 2.0)])
    assert loss == 3.0 * (2.0**2 + 3.0**2)
    x = np.zeros(80_001)
    x[0], x[10_000::10_000] = 2.0**27, 1.0  # beside the square of the first, a double loses those of the others, one by one
    assert module.normal_equations([2.0], x, 2.0 * x)[0].tolist() == [[6.0 * (2.0**54 + 8.0)]]
    plain, robust = symgraph.compile(decay(), backend="numpy"), symgraph.compile(decay("cauchy", 2.0), backend="numpy")
    assert (plain.METADATA["residual_factor"], plain.METADATA.get("robust")) == (0.5, None)
    assert (robust.METADATA["residual_factor"], robust.METADATA["robust"]) == (0.0, ("cauchy", 2.0))
    module: Any = symgraph.compile(decay(), backend="numpy")
    many = np.tile(X, (200, 1)), np.tile(Y, 200)
    products, slope, loss = module.normal_equations(W, *many)
    one = module.normal_equations(W, X, Y)
    assert products == pytest.approx(200 * one[0], rel=100 * 2**-53, abs=0.0)
    assert loss == pytest.approx(200 * one[2], rel=100 * 2**-53, abs=0.0)
    assert slope == pytest.approx(200 * one[1], rel=1e-12, abs=0.0)  # residuals of both signs cancel some digits
    assert module.normal_equations(W, X[0], Y[0])[1] == pytest.approx(module.grad(W, X[0], Y[0]), rel=8 * 2**-53, abs=0.0)


@pytest.mark.parametrize("first", [lambda m, r: m.residual(r), lambda m, r: m.loss(r**2)])
def test_a_model_has_residuals_or_a_loss_once(first: Any) -> None:
    model = Model("m")
    r = model.weight("a") - model.target()
    first(model, r)
    for kind, second in (("residual", model.residual), ("loss", model.loss)):
        with pytest.raises(SpecError, match=f"model m: {kind}: the model has a loss already"):
            second(r)


@pytest.mark.parametrize(("formula", "slope"), [
    ("y ~ a*x", ""), ("log(y) ~ a*x", "-1/y"), ("sqrt(y) ~ a*x", "-1/(2*sqrt(y))"), ("1/y ~ a*x", "y**(-2)"),
    ("2*y ~ a*x", "-2"),
])  # fmt: skip
def test_a_function_of_the_target_has_its_derivative(formula: str, slope: str) -> None:
    assert target_slope(Model.from_formula(formula, ("x", "y"))) == slope


@pytest.mark.parametrize(("residual", "slope"), [
    (lambda m, x, y, a, b: (m.output("y_hat", a * x + b) - y) / x, "-1/x"),
    (lambda m, x, y, a, b: m.output("y_hat", a * x + b) - m.node("root", m.node("twice", 2 * y) ** 2), "-8*y"),
    (lambda m, x, y, a, b: y**b - m.output("y_hat", a * x), "b*y**b/y"),
    (lambda m, x, y, a, b: m.output("y_hat", a * x + b) - y * m.constant("c", 3), "-3.00000000000000"),
    (lambda m, x, y, a, b: m.output("y_hat", a * x + b) - sp.Piecewise((y, y < 1.5), (2 * y, True)), "unknown"),
], ids=["scale", "nodes", "weight", "constant", "branches"])  # fmt: skip
def test_a_declared_residual_has_its_derivative_in_terms_of_inputs(residual: Any, slope: str) -> None:
    model = Model("declared")
    x, y = model.feature("x", domain=(1, 2)), model.target("y", domain=(1, 2))
    model.residual(residual(model, x, y, *model.weights("a b", init=1.0)))
    assert sp.sympify(target_slope(model)) == sp.sympify(slope)


def test_several_targets_have_the_determinant() -> None:
    model = Model("two")
    x, (y, z), a = model.feature("x"), model.targets("y z"), model.weight("a", init=1.0)
    f, g = model.outputs("f g", a * x, a + x)
    model.residual(f - sp.log(y), g - 2 * z)
    assert sp.sympify(target_slope(model)) == sp.sympify("2/y")
