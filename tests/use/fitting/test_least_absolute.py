"""Sums of absolute deviations: medians and quantiles, against linear programs and against searches without derivatives."""

from typing import Any

import numpy as np
import pytest
import sympy
from curves import declared
from numpy.typing import NDArray
from scipy.optimize import linprog, minimize
from scipy.stats import norm

import symgraph
from symgraph import Model

Array = NDArray[np.float64]


def linear(loss: Any = "absolute_error") -> Any:
    """The module of a plane over two features, a loss given by name or as a function of output and target."""
    model = Model("plane")
    x, z, y, (a, b, c) = model.feature("x"), model.feature("z"), model.target("y"), model.weights("a b c", init=0.0)
    y_hat = model.output("y_hat", a + b * x + c * z)
    model.loss(loss if isinstance(loss, str) else loss(y_hat, y))
    return symgraph.compile(model, backend="numpy")


def by_linear_program(design: Array, y: Array, quantile: float = 0.5) -> float:
    """The least sum of quantile*e above and (1 - quantile)*e below, of Koenker and Bassett's program."""
    n, k = design.shape
    cost = np.concatenate([np.zeros(k), np.full(n, quantile), np.full(n, 1.0 - quantile)])
    table = np.hstack([design, np.eye(n), -np.eye(n)])
    return float(linprog(cost, A_eq=table, b_eq=y, bounds=[(None, None)] * k + [(0, None)] * 2 * n).fun)


def rows(seed: int) -> tuple[Array, Array]:
    """A plane's design and heavy-tailed observations, in units of any size, some of them rounded to whole numbers."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(8, 90))
    design = np.column_stack([np.ones(n), 10.0 ** rng.integers(-3, 4) * rng.normal(size=n), rng.normal(size=n) + 5.0])
    y = design @ rng.normal(size=3) + 10.0 ** rng.integers(-2, 3) * rng.standard_t(1.5, size=n)
    return design, np.round(y) if seed % 3 == 0 else y


@pytest.mark.parametrize("seed", range(4))
def test_a_plane_of_least_absolute_deviations_is_that_of_the_linear_program(seed: int) -> None:
    design, y = rows(seed)
    result = symgraph.fit(linear(), design[:, 1:], y)
    assert result.success
    assert result.warnings == ()
    # the program of the test, not the fit, is solved to about 1e-9
    assert result.found.cost == pytest.approx(2.0 * by_linear_program(design, y), rel=1e-8, abs=0.0)
    assert np.abs(result.predict(design[:, 1:]) - y).min() <= 1e-13 * np.abs(y).max()  # a corner, whose rows are solved


@pytest.mark.parametrize("loss", [
    lambda y_hat, y: sympy.Max(0.3 * (y - y_hat), -0.7 * (y - y_hat)),
    lambda y_hat, y: sympy.Piecewise((0.3 * (y - y_hat), y > y_hat), (0.7 * (y_hat - y), True)),
], ids=["max", "piecewise"])  # fmt: skip
def test_a_quantile_is_fitted_however_its_loss_is_written(loss: Any) -> None:
    design, y = rows(1)
    result = symgraph.fit(linear(loss), design[:, 1:], y)
    assert result.success
    assert result.found.cost == pytest.approx(by_linear_program(design, y, 0.3), rel=1e-8, abs=0.0)
    on_or_below = np.mean(y <= result.predict(design[:, 1:]) + 1e-9 * np.abs(y).max())
    assert 0.3 <= on_or_below <= 0.3 + 4.0 / len(y)  # Koenker and Bassett's theorem 3.4: as many as weights lie on it


@pytest.fixture(scope="module")
def decay() -> Any:
    def loss(model: Model, x: Any, _: Any, a: Any, k: Any, c: Any) -> None:
        model.output("y_hat", a * sympy.exp(-k * x) + c)
        model.loss("absolute_error")

    return symgraph.compile(declared(loss, "a k c"), backend="numpy")


T = np.linspace(0.0, 5.0, 50)


def decayed(seed: int) -> Array:
    return np.asarray(2.0 * np.exp(-0.7 * T) + 0.3 + 0.05 * np.random.default_rng(seed).standard_t(1.5, size=50))


@pytest.mark.parametrize("seed", range(3))
def test_a_curve_of_least_absolute_deviations_is_a_minimum(decay: Any, seed: int) -> None:
    y = decayed(seed)
    result = symgraph.fit(decay, T, y, {"a": 1.0, "k": 0.3, "c": 0.0})
    assert result.success

    def total(w: Array) -> float:
        return float(np.abs(w[0] * np.exp(-w[1] * T) + w[2] - y).sum())

    rng = np.random.default_rng(seed)
    for size in (1e-6, 1e-3, 0.1):
        assert min([total(result.w + size * rng.normal(size=3)) for _ in range(200)]) >= result.found.cost * (1.0 - 1e-14)
    found = minimize(total, result.w + 0.01, method="Nelder-Mead", options={"maxiter": 4000, "xatol": 1e-12, "fatol": 1e-12})
    assert result.found.cost <= found.fun * (1.0 + 1e-12)


def test_bounds_hold_and_count_where_deviations_are_absolute(decay: Any) -> None:
    y = decayed(0)
    result = symgraph.fit(decay, T, y, {"c": 0.6, "k": 0.5}, bounds={"c": (0.5, None)})
    held = symgraph.fit(decay, T, y, {"k": 0.5}, fixed={"c": 0.5})
    assert (result.success, result.states, result.dof) == (True, ("", "", "at bound"), 48)
    np.testing.assert_allclose(result.w, held.w, rtol=1e-9)
    np.testing.assert_allclose(result.stderr[:2], held.stderr[:2], rtol=1e-6)


def test_errors_are_those_of_a_kernel() -> None:
    design = np.column_stack([np.ones(100), np.linspace(-1, 1, 100), np.sin(7.0 * np.arange(100))])
    y = design @ [1, 2, 3] + np.random.default_rng(99).laplace(size=100)
    result = symgraph.fit(linear(), design[:, 1:], y)
    e = result.predict(design[:, 1:]) - y
    half = 100 ** (-1 / 3) * norm.ppf(0.975) ** (2 / 3) * (1.5 * norm.pdf(0.0) ** 2) ** (1 / 3)
    width = 2.0 * norm.ppf(0.5 + half) * min(e.std(ddof=1), np.subtract(*np.percentile(e, [75, 25])) / 1.34) / np.sqrt(3.0)
    bread = np.linalg.inv(2.0 * design.T @ (norm.pdf(e / width)[:, np.newaxis] / width * design))
    np.testing.assert_allclose(result.covariance, bread @ design.T @ design @ bread, rtol=1e-8)


def test_of_many_rows_those_near_the_curve_decide() -> None:
    rng = np.random.default_rng(5)
    design = np.column_stack([np.ones(6000), rng.uniform(0.0, 20.0, 6000), rng.normal(size=6000)])
    y = design @ [1.0, 0.5, -2.0] + rng.standard_cauchy(size=6000)
    result = symgraph.fit(linear(), design[:, 1:], y)
    assert result.success
    on = np.abs(design @ result.w - y) < 1e-9
    assert np.count_nonzero(on) == 3
    # the slopes of the rows on the curve that balance all others lie within 1 on either side, so that it is the minimum
    assert np.abs(np.linalg.solve(design[on].T, -(design[~on].T @ np.sign(design[~on] @ result.w - y[~on])))).max() <= 1.0


def test_data_on_the_curve_have_no_errors_and_a_median_of_an_even_number_is_between() -> None:
    model = Model("median")
    model.target("y")
    model.output("y_hat", model.weight("m", init=0.0))
    model.loss("absolute_error")
    module = symgraph.compile(model, backend="numpy")
    exact = symgraph.fit(module, None, np.full(6, 3.0))
    assert (exact.values["m"], exact.states, exact.success) == (3.0, ("no error",), True)
    middle = symgraph.fit(module, None, np.array([1.0, 2.0, 3.0, 4.0, 5.0, 100.0]))
    assert 3.0 <= middle.values["m"] <= 4.0
    assert middle.success


def test_several_data_sets_share_weights_of_least_absolute_deviations() -> None:
    design, y = rows(2)
    module = linear()
    apart = [symgraph.fit(module, design[part, 1:], y[part]) for part in (slice(None, 40), slice(40, None))]
    sets = [(module, design[:40, 1:], y[:40]), (module, design[40:, 1:], y[40:])]
    own = symgraph.fit_together(sets, shared=())
    assert own.found.cost == pytest.approx(sum(one.found.cost for one in apart), rel=1e-9, abs=0.0)
    assert own.success
    shared = symgraph.fit_together(sets, shared=("a", "b", "c"))
    assert shared.found.cost == pytest.approx(symgraph.fit(module, design[:, 1:], y).found.cost, rel=1e-9, abs=0.0)
