"""Fits whose loss is no plain sum of squares: likelihoods, robust losses, penalties, losses of one's own, constraints."""

from typing import Any

import numpy as np
import pytest
from curves import declared
from sympy import exp, log

import symgraph
from symgraph import Model, softplus

RNG = np.random.default_rng(11)
X = np.linspace(-1.0, 2.0, 60)
DESIGN = np.column_stack([np.ones_like(X), X])
COUNTS = RNG.poisson(np.exp(0.5 + 0.8 * X)).astype(float)


def module(loss: Any, *extras: str) -> Any:
    return symgraph.compile(declared(loss, init=0.1), extras=extras, backend="numpy")


def poisson(model: Model, x: Any, _: Any, a: Any, b: Any) -> None:
    model.likelihood("poisson", mean=exp(a + b * x))


def squares(model: Model, x: Any, y: Any, a: Any, b: Any, **robust: Any) -> None:
    model.residual(model.output("y_hat", a + b * x) - y, **robust)


def test_poisson_regression_is_that_of_its_score_equations() -> None:
    result = symgraph.fit(module(poisson, "hessian"), X, COUNTS)
    mean = np.exp(result.w[0] + result.w[1] * X)
    # X'(y - mean) = 0 at the greatest likelihood, up to the rounding of 60 terms
    assert np.abs(DESIGN.T @ (COUNTS - mean)).max() < 60 * np.finfo(float).eps * np.abs(DESIGN.T * COUNTS).sum()
    np.testing.assert_allclose(result.covariance, np.linalg.inv(DESIGN.T @ (mean[:, None] * DESIGN)), rtol=1e-10)
    assert result.statistics.parameters == 2
    assert np.isnan(result.chi2)
    assert "likelihood" in result.how


def test_products_with_vectors_give_the_hessian_that_entries_give() -> None:
    def penalized(model: Model, x: Any, y: Any, a: Any, b: Any) -> None:
        poisson(model, x, y, a, b)
        model.penalty(0.5 * a**2)

    by_entries, by_products = module(penalized, "hessian"), module(penalized, "hvp")
    assert not hasattr(by_products, "hessian")
    for how in ({}, {"fixed": {"b": 0.7}}):
        first, second = (symgraph.fit(one, X, COUNTS, **how) for one in (by_entries, by_products))
        np.testing.assert_allclose(second.w, first.w, rtol=1e-12)  # both polished to rounding
        np.testing.assert_allclose(second.covariance, first.covariance, rtol=1e-12)
    in_blocks, whole = symgraph.fit(symgraph.stream(by_products, X, COUNTS, rows=16)), symgraph.fit(by_entries, X, COUNTS)
    np.testing.assert_allclose(in_blocks.covariance, whole.covariance, rtol=1e-12)


def test_a_model_of_many_weights_is_compiled_with_products() -> None:
    model = Model("shares")
    model.target("y")
    columns, weights = model.features(" ".join(f"x{j}" for j in range(21))), model.weights(" ".join(f"w{j}" for j in range(21)))
    model.likelihood("poisson", mean=exp(sum(w * x for w, x in zip(weights, columns, strict=True))))
    rows = RNG.normal(size=(200, 21)) / 5.0
    result = symgraph.fit(model, rows, RNG.poisson(1.0, 200).astype(float), np.zeros(21))
    assert result.problem.module.METADATA["extras"] == ("hvp",)
    np.testing.assert_allclose(result.covariance, np.linalg.inv(rows.T @ (np.exp(rows @ result.w)[:, None] * rows)), rtol=1e-10)


def test_a_free_sigma_has_the_error_that_theory_gives() -> None:
    scatter = module(lambda m, x, y, a, b: m.likelihood("gaussian", mean=a + b * x, sigma=m.positive("s", init=1.0)), "hessian")
    y = 1.0 + 2.0 * X + 0.3 * RNG.normal(size=60)
    result = symgraph.fit(scatter, X, y)
    w, total, *_ = np.linalg.lstsq(DESIGN, y, rcond=None)
    variance = total[0] / 60
    np.testing.assert_allclose(result.w, [*w, np.log(variance) / 2], rtol=1e-8)
    assert result.values["s"] == pytest.approx(np.sqrt(variance), rel=1e-8, abs=0.0)
    # of log(sigma): 1/sqrt(2n)
    assert result.errors["s"] == pytest.approx(np.sqrt(variance / 120), rel=1e-6, abs=0.0)
    np.testing.assert_allclose(result.stderr[:2] ** 2, np.diag(np.linalg.inv(DESIGN.T @ DESIGN)) * variance, rtol=1e-6)


def test_a_robust_fit_leaves_outliers_aside_and_has_sandwich_errors() -> None:
    y = 1.0 + 2.0 * X + 0.05 * RNG.normal(size=60)
    y[::10] += 5.0
    result = symgraph.fit(module(lambda *given: squares(*given, loss="soft_l1", f_scale=0.1)), X, y)
    assert result.success
    assert result.w == pytest.approx([1.0, 2.0], abs=0.1)
    r = result.predict(X) - y
    z = (r / 0.1) ** 2
    slope, bend = (1 + z) ** -0.5, (1 + z) ** -1.5  # of 0.5*f**2*rho: psi = slope*r, and its derivative by r
    bread, meat = np.linalg.inv(DESIGN.T @ (bend[:, None] * DESIGN)), DESIGN.T @ ((slope * r)[:, None] ** 2 * DESIGN)
    np.testing.assert_allclose(result.covariance, bread @ meat @ bread * 60 / 58, rtol=1e-6)
    assert "sandwich" in result.how


def test_a_penalty_counts_in_no_number_of_rows() -> None:
    y = 1.0 + 2.0 * X + 0.3 * RNG.normal(size=60)
    result = symgraph.fit(module(lambda m, x, y, a, b: (squares(m, x, y, a, b), m.penalty(3.0 * b**2))), X, y)
    normal = DESIGN.T @ DESIGN + np.diag([0.0, 6.0])  # the loss is half the sum of squares
    np.testing.assert_allclose(result.w, np.linalg.solve(normal, DESIGN.T @ y), rtol=1e-9)
    assert (result.statistics.n, result.dof) == (60, 58)
    np.testing.assert_allclose(result.covariance, np.linalg.inv(normal) * result.reduced_chi2, rtol=1e-9)


def test_a_loss_of_ones_own_is_fitted_with_sandwich_errors() -> None:
    classes = module(lambda m, x, y, a, b: (m.output("logit", a + b * x), m.loss("bce_with_logits")), "hessian")
    y = (RNG.uniform(size=60) < 1 / (1 + np.exp(-1 - X))).astype(float)
    result = symgraph.fit(classes, X, y)
    p = 1 / (1 + np.exp(-(result.w[0] + result.w[1] * X)))
    assert np.abs(DESIGN.T @ (y - p)).max() < 1e-12
    bread, G = np.linalg.inv(DESIGN.T @ ((p * (1 - p))[:, None] * DESIGN)), (p - y)[:, None] * DESIGN
    np.testing.assert_allclose(result.covariance, bread @ (G.T @ G) @ bread * 60 / 58, rtol=1e-6)


def test_a_step_to_a_bound_where_the_loss_is_not_finite_does_not_end_the_search() -> None:
    def normal(model: Model, x: Any, _: Any, a: Any, b: Any) -> None:
        model.likelihood("gaussian", mean=a + b * x, sigma=model.weight("s", init=1.0, bounds=(0, None)))

    scatter, x = module(normal, "hessian"), np.linspace(0.0, 3.0, 30)
    rng = np.random.default_rng(1)  # of the first 40 data sets ten led a search to s = 0, from where it did not come back
    for _ in range(40):
        y = 1.0 + x + rng.normal(size=30)
        result, line = symgraph.fit(scatter, x, y, [0.0, 0.0, 1.0]), np.polyfit(x, y, 1)
        deviation = np.sqrt(np.mean((y - np.polyval(line, x)) ** 2))
        np.testing.assert_allclose(result.w, [*line[::-1], deviation], rtol=1e-9)  # polished; polyfit has some 12 digits
        assert (result.success, result.warnings) == (True, ())


@pytest.mark.filterwarnings("ignore::symgraph.fitting.FitWarning")
def test_a_likelihood_without_a_maximum_is_warned_about() -> None:
    classes = module(lambda m, x, y, a, b: m.likelihood("binomial_with_logits", logit=a + b * x, trials=1), "hessian")
    (told,) = symgraph.fit(classes, X, (X > 0.5).astype(float)).warnings  # a line separates them
    assert told.startswith("the likelihood has no maximum along ")
    assert symgraph.fit(classes, X, (RNG.random(60) < 1 / (1 + np.exp(-X))).astype(float)).warnings == ()
    (told,) = symgraph.fit(module(poisson, "hessian"), X, np.zeros(60)).warnings
    assert told.startswith("the likelihood has no maximum along a")


def test_constraints_are_kept() -> None:
    disc = module(lambda m, x, y, a, b: (squares(m, x, y, a, b), m.constraint("size", a**2 + b**2, upper=1)))
    result = symgraph.fit(disc, X, 1.0 + 2.0 * X)
    assert (result.method, result.w @ result.w) == ("SLSQP", pytest.approx(1.0, abs=1e-7))


def test_methods_that_do_not_fit_the_loss_are_refused() -> None:
    soft = module(lambda m, x, y, a, b: m.likelihood("poisson", mean=softplus(a + b * x)), "hessian")
    robust = module(lambda *given: squares(*given, loss="huber"))
    for one, known in ((soft, "auto, trust-exact, L-BFGS-B, SLSQP"), (robust, "auto, trf, dogbox")):
        with pytest.raises(symgraph.SymgraphError, match=f"method must be one of {known} for declared, not 'lm'"):
            symgraph.fit(one, X, COUNTS, method="lm")


def test_a_search_that_does_not_converge_says_so() -> None:
    def endless(model: Model, x: Any, y: Any, a: Any, b: Any) -> None:
        model.output("y_hat", a + b * x)
        model.loss(exp(-(a + b) * 1e-3) + 0 * log(1 + (y - x) ** 2))  # falls for ever

    with pytest.warns(symgraph.FitWarning) as caught:
        result = symgraph.fit(module(endless, "hessian"), X, X, method="L-BFGS-B")
    assert not result.success or any("do not determine" in str(one.message) for one in caught)
