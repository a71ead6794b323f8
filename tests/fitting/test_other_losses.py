"""Fits whose loss is no plain sum of squares: likelihoods, robust losses, penalties, losses of one's own, constraints."""

from typing import Any

import numpy as np
import pytest
from sympy import exp, log

import symgraph
from symgraph import softplus

RNG = np.random.default_rng(11)
X = np.linspace(-1.0, 2.0, 60)


def one_input(name: str) -> tuple[Any, Any, Any, Any, Any]:
    model = symgraph.Model(name)
    x, y = model.feature("x"), model.target("y")
    a, b = model.weights("a b", init=0.1)
    return model, x, y, a, b


def test_poisson_regression_is_that_of_its_score_equations() -> None:
    model, x, _, a, b = one_input("counts")
    model.likelihood("poisson", mean=exp(a + b * x))
    y = RNG.poisson(np.exp(0.5 + 0.8 * X)).astype(float)
    result = symgraph.fit(model, X, y)
    design, mean = np.column_stack([np.ones_like(X), X]), np.exp(result.w[0] + result.w[1] * X)
    # X'(y - mean) = 0 at the greatest likelihood, up to the rounding of 60 terms
    assert np.abs(design.T @ (y - mean)).max() < 60 * np.finfo(float).eps * np.abs(design.T * y).sum()
    information = design.T @ (mean[:, None] * design)
    np.testing.assert_allclose(result.covariance, np.linalg.inv(information), rtol=1e-10)
    assert result.statistics.parameters == 2
    assert np.isnan(result.chi2)
    assert "likelihood" in result.how


def test_products_with_vectors_give_the_hessian_that_entries_give() -> None:
    model, x, _, a, b = one_input("counts")
    model.likelihood("poisson", mean=exp(a + b * x))
    model.penalty(0.5 * a**2)
    y = RNG.poisson(np.exp(0.5 + 0.8 * X)).astype(float)
    by_entries, by_products = (symgraph.compile(model, extras=[one], backend="numpy") for one in ("hessian", "hvp"))
    assert not hasattr(by_products, "hessian")
    for how in ({}, {"fixed": {"b": 0.7}}):
        first, second = (symgraph.fit(module, X, y, **how) for module in (by_entries, by_products))
        np.testing.assert_allclose(second.w, first.w, rtol=1e-12)  # both polished to rounding
        np.testing.assert_allclose(second.covariance, first.covariance, rtol=1e-12)
    in_blocks, whole = symgraph.fit(symgraph.stream(by_products, X, y, rows=16)), symgraph.fit(by_entries, X, y)
    np.testing.assert_allclose(in_blocks.covariance, whole.covariance, rtol=1e-12)


def test_a_model_of_many_weights_is_compiled_with_products() -> None:
    model = symgraph.Model("shares")
    model.target("y")
    columns, weights = model.features(" ".join(f"x{j}" for j in range(21))), model.weights(" ".join(f"w{j}" for j in range(21)))
    model.likelihood("poisson", mean=exp(sum(w * x for w, x in zip(weights, columns, strict=True))))
    rows = RNG.normal(size=(200, 21)) / 5.0
    result = symgraph.fit(model, rows, RNG.poisson(1.0, 200).astype(float), np.zeros(21))
    assert result.problem.module.METADATA["extras"] == ("hvp",)
    information = rows.T @ (np.exp(rows @ result.w)[:, None] * rows)
    np.testing.assert_allclose(result.covariance, np.linalg.inv(information), rtol=1e-10)


def test_a_free_sigma_has_the_error_that_theory_gives() -> None:
    model, x, _, a, b = one_input("scatter")
    sigma = model.positive("sigma", init=1.0)
    model.likelihood("gaussian", mean=a + b * x, sigma=sigma)
    y = 1.0 + 2.0 * X + 0.3 * RNG.normal(size=60)
    result = symgraph.fit(model, X, y)
    design = np.column_stack([np.ones_like(X), X])
    w, total, *_ = np.linalg.lstsq(design, y, rcond=None)
    variance = total[0] / 60
    np.testing.assert_allclose(result.w, [*w, np.log(variance) / 2], rtol=1e-8)
    assert result.values["sigma"] == pytest.approx(np.sqrt(variance), rel=1e-8, abs=0.0)
    # of log(sigma): 1/sqrt(2n)
    assert result.errors["sigma"] == pytest.approx(np.sqrt(variance / 120), rel=1e-6, abs=0.0)
    np.testing.assert_allclose(result.stderr[:2] ** 2, np.diag(np.linalg.inv(design.T @ design)) * variance, rtol=1e-6)


def test_a_robust_fit_leaves_outliers_aside_and_has_sandwich_errors() -> None:
    model, x, y_, a, b = one_input("robust")
    model.residual(model.output("y_hat", a + b * x) - y_, loss="soft_l1", f_scale=0.1)
    y = 1.0 + 2.0 * X + 0.05 * RNG.normal(size=60)
    y[::10] += 5.0
    result = symgraph.fit(model, X, y)
    assert result.success
    assert result.w == pytest.approx([1.0, 2.0], abs=0.1)
    r, design = result.predict(X) - y, np.column_stack([np.ones_like(X), X])
    z = (r / 0.1) ** 2
    slope, bend = (1 + z) ** -0.5, (1 + z) ** -1.5  # of 0.5*f**2*rho: psi = slope*r, and its derivative by r
    H, meat = design.T @ (bend[:, None] * design), design.T @ ((slope * r)[:, None] ** 2 * design)
    expected = np.linalg.inv(H) @ meat @ np.linalg.inv(H) * 60 / 58
    np.testing.assert_allclose(result.covariance, expected, rtol=1e-6)
    assert "sandwich" in result.how


def test_a_penalty_counts_in_no_number_of_rows() -> None:
    model, x, y_, a, b = one_input("ridge")
    model.residual(model.output("y_hat", a + b * x) - y_)
    model.penalty(3.0 * b**2)
    y = 1.0 + 2.0 * X + 0.3 * RNG.normal(size=60)
    result = symgraph.fit(model, X, y)
    design = np.column_stack([np.ones_like(X), X])
    normal = design.T @ design + np.diag([0.0, 6.0])  # the loss is half the sum of squares
    np.testing.assert_allclose(result.w, np.linalg.solve(normal, design.T @ y), rtol=1e-9)
    assert (result.statistics.n, result.dof) == (60, 58)
    np.testing.assert_allclose(result.covariance, np.linalg.inv(normal) * result.reduced_chi2, rtol=1e-9)


def test_a_loss_of_ones_own_is_fitted_with_sandwich_errors() -> None:
    model, x, _, a, b = one_input("logistic")
    model.output("logit", a + b * x)
    model.loss("bce_with_logits")
    y = (RNG.uniform(size=60) < 1 / (1 + np.exp(-1 - X))).astype(float)
    result = symgraph.fit(model, X, y)
    design = np.column_stack([np.ones_like(X), X])
    p = 1 / (1 + np.exp(-(result.w[0] + result.w[1] * X)))
    assert np.abs(design.T @ (y - p)).max() < 1e-12
    H = np.linalg.inv(design.T @ ((p * (1 - p))[:, None] * design))
    G = (p - y)[:, None] * design
    np.testing.assert_allclose(result.covariance, H @ (G.T @ G) @ H * 60 / 58, rtol=1e-6)


def test_a_likelihood_with_bounds_ends_at_one() -> None:
    model = symgraph.Model("bounded")
    x = model.feature("x")
    model.target("y")
    a, b = model.weight("a", init=0.1), model.weight("b", init=0.1, bounds=(0, 0.5))
    model.likelihood("poisson", mean=exp(a + b * x))
    y = RNG.poisson(np.exp(0.5 + 0.8 * X)).astype(float)
    result = symgraph.fit(model, X, y)
    assert result.states == ("", "at bound")
    assert result.w[1] == pytest.approx(0.5, abs=1e-12)
    # the score of a alone is 0 there
    assert abs(np.sum(y - np.exp(result.w[0] + 0.5 * X))) < 1e-9


def test_a_step_to_a_bound_where_the_loss_is_not_finite_does_not_end_the_search() -> None:
    model, x, _, a, b = one_input("normal")
    model.likelihood("gaussian", mean=a + b * x, sigma=model.weight("s", init=1.0, bounds=(0, None)))
    module, x = symgraph.compile(model, extras=["hessian"], backend="numpy"), np.linspace(0.0, 3.0, 30)
    rng = np.random.default_rng(1)  # of the first 40 data sets ten led a search to s = 0, from where it did not come back
    for _ in range(40):
        y = 1.0 + x + rng.normal(size=30)
        result, line = symgraph.fit(module, x, y, [0.0, 0.0, 1.0]), np.polyfit(x, y, 1)
        scatter = np.sqrt(np.mean((y - np.polyval(line, x)) ** 2))
        np.testing.assert_allclose(result.w, [*line[::-1], scatter], rtol=1e-9)  # polished; polyfit has some 12 digits
        assert result.success
        assert result.warnings == ()


@pytest.mark.filterwarnings("ignore::symgraph.fitting.FitWarning")
def test_a_likelihood_without_a_maximum_is_warned_about() -> None:
    model, x, _, a, b = one_input("classes")
    model.likelihood("binomial_with_logits", logit=a + b * x, trials=1)
    module = symgraph.compile(model, extras=["hessian"], backend="numpy")
    (told,) = symgraph.fit(module, X, (X > 0.5).astype(float)).warnings  # a line separates them
    assert told.startswith("the likelihood has no maximum along ")
    assert symgraph.fit(module, X, (RNG.random(60) < 1 / (1 + np.exp(-X))).astype(float)).warnings == ()
    model, x, _, a, b = one_input("counts")
    model.likelihood("poisson", mean=exp(a + b * x))
    (told,) = symgraph.fit(symgraph.compile(model, extras=["hessian"], backend="numpy"), X, np.zeros(60)).warnings
    assert told.startswith("the likelihood has no maximum along a")


def test_constraints_are_kept() -> None:
    model, x, y_, a, b = one_input("disc")
    model.residual(model.output("y_hat", a + b * x) - y_)
    model.constraint("size", a**2 + b**2, upper=1)
    result = symgraph.fit(model, X, 1.0 + 2.0 * X)
    assert result.method == "SLSQP"
    assert result.w @ result.w == pytest.approx(1.0, abs=1e-7)


def test_methods_that_do_not_fit_the_loss_are_refused() -> None:
    model, x, _, a, b = one_input("soft")
    model.likelihood("poisson", mean=softplus(a + b * x))
    with pytest.raises(symgraph.SymgraphError, match="method must be one of auto, trust-exact, L-BFGS-B, SLSQP for soft"):
        symgraph.fit(model, X, np.arange(60.0), method="lm")


def test_a_method_that_knows_no_robust_loss_is_refused() -> None:
    model, x, y_, a, b = one_input("robust")
    model.residual(model.output("y_hat", a + b * x) - y_, loss="huber")
    with pytest.raises(symgraph.SymgraphError, match="method must be one of auto, trf, dogbox for robust, not 'lm'"):
        symgraph.fit(model, X, X, method="lm")


def test_a_search_that_does_not_converge_says_so() -> None:
    model, x, y_, a, b = one_input("endless")
    model.output("y_hat", a + b * x)
    model.loss(exp(-(a + b) * 1e-3) + 0 * log(1 + (y_ - x) ** 2))  # falls for ever
    with pytest.warns(symgraph.FitWarning) as caught:
        result = symgraph.fit(model, X, X, method="L-BFGS-B")
    assert not result.success or any("do not determine" in str(one.message) for one in caught)
