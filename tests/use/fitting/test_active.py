"""Active constraints: weights at a bound, and the model's constraints that hold weights, against fits without those weights."""

from typing import Any

import numpy as np
import pytest
from curves import compiled
from scipy.stats import f, t
from sympy import cos, exp, sin

import symgraph
from symgraph import Model

X = np.linspace(0.0, 5.0, 40)
START = {"a": 2.0, "k": 1.0}

SEARCHED = 1e-6
"""Two searches end at the same weights but for rounding; SLSQP's constraints are met to about a millionth."""


def decay() -> Any:
    return compiled("y ~ a*exp(-k*x) + c", a=2.0)


def data(level: float, seed: int) -> Any:
    return 2.0 * np.exp(-0.7 * X) + level + 0.02 * np.random.default_rng(seed).normal(size=40)


@pytest.mark.parametrize("bound", [0.0, 3.0])
def test_a_weight_whose_truth_is_at_a_bound_ends_there_or_where_it_would_without(bound: float) -> None:
    """Of 30 data sets about half have their best beyond the bound; fits of these take half a second."""
    held = 0
    for seed in range(30):
        y = data(bound, seed)
        result = symgraph.fit(decay(), X, y, START | {"c": bound + 0.2}, bounds={"c": (bound, None)})
        beyond = symgraph.fit(decay(), X, y, START | {"c": bound}).values["c"] < bound
        same = symgraph.fit(decay(), X, y, START | {"c": bound}, fixed=["c"] if beyond else [])
        np.testing.assert_allclose(result.w, same.w, rtol=SEARCHED)
        np.testing.assert_allclose(result.stderr[:2], same.stderr[:2], rtol=SEARCHED)
        assert (result.states, result.dof) == (("", "", "at bound" if beyond else ""), same.dof)
        assert result.statistics.parameters == 4
        if beyond:
            assert result.values["c"] == bound
            assert np.isnan(result.stderr[2])
        held += beyond
    assert 5 < held < 25


def test_what_follows_from_a_weight_at_a_bound_counts_its_degree_of_freedom() -> None:
    y = data(-0.02, 1)
    result = symgraph.fit(decay(), X, y, bounds={"c": (0, None)})
    held = symgraph.fit(decay(), X, y, fixed={"c": 0.0})
    assert result.reduced_chi2 == pytest.approx(result.chi2 / 38, rel=1e-12, abs=0.0)
    for level in (0.5, 0.95):
        assert result.threshold(level) == pytest.approx(f.ppf(level, 1, 38), rel=1e-12, abs=0.0)
        low, high = result.interval(level)["a"]
        assert high - low == pytest.approx(2.0 * t.ppf((1.0 + level) / 2.0, 38) * held.errors["a"], rel=SEARCHED, abs=0.0)
    for band in ("confidence_band", "prediction_band"):
        np.testing.assert_allclose(getattr(result, band)(X), getattr(held, band)(X), rtol=SEARCHED)
    for expression in ("a", "a*c + k"):
        one, other = result.derived(expression), held.derived(expression)
        assert (one.value, one.stderr) == pytest.approx((other.value, other.stderr), rel=SEARCHED, abs=0.0)
    assert np.isnan(result.derived("2*c").stderr)
    assert result.profile("c")[0] == 0.0
    assert "with c held at 0" in result.report()
    assert "c is held at 0, with the multiplier" in result.report()
    assert result.to_dict()["multipliers"] == {"c": result.multipliers["c"]}


@pytest.mark.parametrize(("bounds", "sign"), [((0.5, None), 1.0), ((None, 0.1), -1.0)])
def test_a_multiplier_is_the_slope_of_the_sum_as_the_bound_is_moved(bounds: Any, sign: float) -> None:
    y, step = data(0.3, 2), 1e-4
    (end,) = (one for one in bounds if one is not None)
    result = symgraph.fit(decay(), X, y, START | {"c": end}, bounds={"c": bounds})
    low, high = (symgraph.fit(decay(), X, y, START, fixed={"c": end + one}).chi2 for one in (-step, step))
    # by differences, whose error is the third derivative times the square of the step
    assert result.multipliers["c"] == pytest.approx((high - low) / (4.0 * step), rel=1e-4, abs=0.0)
    assert result.multipliers["c"] * sign > 0.0


CONSTRAINTS: dict[str, tuple[Any, ...]] = {"whole": (lambda a, b: a + b, 1, 1), "size": (lambda a, b: a**2 + b**2, None, 1)}


def straight(weights: Any, kind: str = "squares") -> Any:
    """The module of a line with a loss of a kind, whose two weights a constraint holds or a function declares."""
    model = Model("straight")
    x, y = model.feature("x"), model.target("y")
    a, b = weights(model) if callable(weights) else model.weights("a b", init=0.3)
    if weights in CONSTRAINTS:
        of, lower, upper = CONSTRAINTS[weights]
        model.constraint(weights, of(a, b), lower, upper)
    if kind == "poisson":
        model.likelihood("poisson", mean=model.output("mean", exp(a + b * x)))
    elif kind == "classes":
        model.output("logit", a + b * x)
        model.loss("bce_with_logits")
    else:
        robust = {"loss": "soft_l1", "f_scale": 0.5} if kind == "robust" else {}
        model.residual(model.output("y_hat", a + b * x) - y, **robust)
    return symgraph.compile(model, extras=["hessian"] if kind in ("poisson", "classes") else [], backend="numpy")


@pytest.mark.parametrize("kind", ["poisson", "robust", "classes"])
def test_a_weight_at_a_bound_of_0_is_seen_there_whatever_the_loss(kind: str) -> None:
    rng, x = np.random.default_rng(0), np.linspace(-1.0, 1.0, 40)
    y = {
        "poisson": rng.poisson(np.exp(0.5 - 0.6 * x)),
        "robust": 0.5 - 0.1 * x + 0.2 * rng.normal(size=40),
        "classes": rng.random(40) < 1.0 / (1.0 + np.exp(2.0 * x)),
    }[kind].astype(float)
    module = straight(lambda m: (m.weight("a", init=0.5), m.weight("b", init=0.5, bounds=(0, None))), kind)
    result, held = symgraph.fit(module, x, y), symgraph.fit(module, x, y, fixed={"b": 0.0})
    assert (result.states, result.values["b"], result.dof) == (("", "at bound"), 0.0, held.dof)
    assert result.multipliers["b"] > 0.0
    assert result.errors["a"] == pytest.approx(held.errors["a"], rel=SEARCHED, abs=0.0)


ROWS = np.linspace(-1.0, 2.0, 30)


@pytest.mark.parametrize("kind", ["squares", "robust", pytest.param("poisson", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("name", "without", "of_a", "parameters"), [
    ("whole", lambda m: ((a := m.weight("a", init=0.3)), 1 - a), "a", 2),
    ("size", lambda m: (cos(turn := m.weight("turn", init=0.5)), sin(turn)), "cos(turn)", 3),
])  # fmt: skip
def test_errors_under_an_active_constraint_are_those_of_a_model_without_it(
    name: str, without: Any, of_a: str, parameters: int, kind: str
) -> None:
    rng, x = np.random.default_rng(1), ROWS
    y = rng.poisson(np.exp(0.8 + 0.9 * x)).astype(float) if kind == "poisson" else 0.8 + 0.9 * x + 0.5 * rng.normal(size=30)
    result, other = symgraph.fit(straight(name, kind), x, y), symgraph.fit(straight(without, kind), x, y)
    value, error, _ = other.derived(of_a)
    assert result.values["a"] == pytest.approx(value, rel=1e-5, abs=0.0)
    # second derivatives of a robust loss, and of a constraint, are differences
    assert result.errors["a"] == pytest.approx(error, rel=1e-4, abs=0.0)
    assert result.dof == other.dof == 29
    assert np.linalg.matrix_rank(result.covariance, tol=1e-9) == 1
    assert f"with {name} held at 1" in result.report()
    np.testing.assert_allclose(np.diff(result.confidence_band(x), axis=0), np.diff(other.confidence_band(x), axis=0), rtol=1e-4)
    if kind == "squares":  # with sigma; equalities leave fewer parameters, and active inequalities do not
        assert result.statistics.parameters == parameters


def test_a_constraint_that_is_not_active_and_a_bound_next_to_the_best_change_no_error() -> None:
    y = 0.2 + 0.3 * ROWS + 0.1 * np.cos(9.0 * np.arange(30))
    result, plain = symgraph.fit(straight("size"), ROWS, y), symgraph.fit(compiled("y ~ a + b*x"), ROWS, y)
    np.testing.assert_allclose(result.stderr, plain.stderr, rtol=SEARCHED)
    assert (result.dof, result.multipliers) == (28, {})
    y = data(0.3, 3)
    best = symgraph.fit(decay(), X, y)
    end = best.values["c"] - 5e-4 * best.errors["c"]  # nearer than a thousandth of its error
    result = symgraph.fit(decay(), X, y, START | {"c": end + 1.0}, bounds={"c": (end, None)})
    assert result.states == ("", "", "")
    np.testing.assert_allclose(result.w, best.w, rtol=SEARCHED)
    np.testing.assert_allclose(result.stderr, best.stderr, rtol=SEARCHED)
    assert result.interval()["c"][0] == end  # no value below is possible


def test_weights_that_a_constraint_ties_have_no_region_of_their_own() -> None:
    result = symgraph.fit(straight("whole"), ROWS, 0.4 + 0.6 * ROWS + np.sin(9.0 * np.arange(30)))
    with pytest.raises(symgraph.SymgraphError, match="a and b move only together, so their region has no border; see profile"):
        result.contour("a", "b")
    assert np.isnan(result.derived("a + b").stderr)  # which the constraint holds at 1
    low, high = result.profile("a")
    assert (low, high) == pytest.approx(result.interval()["a"], rel=1e-4, abs=0.0)
