"""Errors in x: fits by orthogonal distance, beside published results and the minimum over weights and shifts together."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from curves import compiled, curve, declared
from scipy.optimize import least_squares
from sympy import exp

import symgraph
from symgraph import Model
from symgraph.errors import DataError, OptionError

PEARSON_X = np.array([0.0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4])
PEARSON_Y = np.array([5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5])
YORK_SIGMA_X = np.array([1000.0, 1000, 500, 800, 200, 80, 60, 20, 1.8, 1]) ** -0.5
YORK_SIGMA = np.array([1.0, 1.8, 4, 8, 20, 20, 70, 70, 100, 500]) ** -0.5

SOLVED = 1e-7
"""The peer takes slopes of its residuals by differences, and stops at 1e-15 of its sum of squares."""

RNG = np.random.default_rng(4)
TRUE_X = np.column_stack([np.linspace(0.0, 3.0, 30), RNG.uniform(0.5, 1.5, 30)])
OF_X = np.array([0.15, 0.0])
X = TRUE_X + OF_X * RNG.normal(size=TRUE_X.shape)
SIGMA = np.where(np.arange(30) < 15, 0.05, 0.1)
Y = 2.0 * np.exp(-1.1 * TRUE_X[:, 0]) * TRUE_X[:, 1] + 0.3 + SIGMA * RNG.normal(size=30)


@pytest.fixture(scope="module")
def decay() -> Any:
    model = Model.from_formula("y ~ a*exp(-k*x)*z + c", ("x", "z", "y"), name="decay")
    return symgraph.compile(model, extras=("feature-jacobian",))


@pytest.fixture(scope="module")
def found(decay: Any) -> symgraph.FitResult:
    return symgraph.fit(decay, X, Y, sigma=SIGMA, sigma_x=OF_X)


def line(residual: Any = lambda y_hat, y: y_hat - y) -> Any:
    model = declared(lambda m, x, y, a, b: m.residual(residual(m.output("y_hat", a + b * x), y)), name="line")
    return symgraph.compile(model, extras=["feature-jacobian"], backend="numpy")


@pytest.mark.parametrize("residual", [lambda y_hat, y: y_hat - y, lambda y_hat, y: y - y_hat], ids=["fit first", "data first"])
def test_pearsons_data_with_yorks_weights_have_the_published_line_and_errors(residual: Any) -> None:
    result = symgraph.fit(line(residual), PEARSON_X, PEARSON_Y, sigma=YORK_SIGMA, sigma_x=YORK_SIGMA_X, absolute_sigma=True)
    # D. York and others, American Journal of Physics 72 (2004), table II, and the many who have computed it since
    assert result.w == pytest.approx([5.47991022, -0.48053341], abs=5e-9)
    assert result.stderr == pytest.approx([0.29497074, 0.05798501], abs=5e-9)
    assert (result.chi2, result.warnings) == (pytest.approx(11.8663532, abs=5e-8), ())
    assert "sigma_x" in result.report()


def test_weights_and_covariance_are_those_of_the_minimum_over_weights_and_shifts(found: symgraph.FitResult) -> None:
    def all_residuals(u: Any) -> Any:
        rows = X + np.column_stack([u[3:], np.zeros(30)])
        fit = u[0] * np.exp(-u[1] * rows[:, 0]) * rows[:, 1] + u[2]
        return np.concatenate([(fit - Y) / SIGMA, u[3:] / OF_X[0]])

    begin = np.concatenate([[1.0, 1.0, 0.0], np.zeros(30)])
    end = least_squares(all_residuals, begin, "3-point", xtol=1e-15, ftol=1e-15, gtol=1e-15, x_scale="jac")
    order = [found.names.index(name) for name in "akc"]
    assert found.w[order] == pytest.approx(end.x[:3], rel=SOLVED, abs=0.0)
    assert found.chi2 == pytest.approx(2 * end.cost, rel=1e-12, abs=0.0)
    np.testing.assert_allclose(found.nearest_rows[:, 0], X[:, 0] + end.x[3:], rtol=0, atol=SOLVED)
    np.testing.assert_array_equal(found.nearest_rows[:, 1], X[:, 1])
    whole = np.linalg.inv(end.jac.T @ end.jac)[:3, :3] * 2 * end.cost / 27
    np.testing.assert_allclose(found.covariance[np.ix_(order, order)], whole, rtol=1e-5)
    assert found.dof == 27
    assert np.isnan([found.aic, found.r2]).all()


def test_steep_and_bent_curves_are_solved_row_by_row() -> None:
    t = np.linspace(-2.0, 2.0, 41)
    x, y = t + 0.4 * RNG.normal(size=41), t**3 + 0.4 * RNG.normal(size=41)
    cubic = symgraph.compile(curve("y ~ a*x**3 + b"), extras=["feature-jacobian"], backend="numpy")
    result = symgraph.fit(cubic, x, y, sigma=0.4, sigma_x=0.4)
    grid = np.linspace(-4.0, 4.0, 400_001)
    a, b = result.values["a"], result.values["b"]
    for row, target, distance in zip(x, y, np.square(result.problem.residual(result.found.v)), strict=True):
        nearest = np.min(np.square(grid - row) + np.square(a * grid**3 + b - target)) / 0.16
        assert distance == pytest.approx(nearest, rel=1e-6, abs=1e-6)  # the grid is 2e-5 wide, and the distance flat there


def test_what_follows_from_a_fit_follows_from_one_with_errors_in_x(decay: Any, found: symgraph.FitResult) -> None:
    low, high = found.profile("a")
    assert low < found.values["a"] < high
    assert (high - low) == pytest.approx(np.ptp(found.interval()["a"]), rel=0.2, abs=0.0)  # nearly linear
    scatter = found.bootstrap(100, seed=1).std(axis=0)
    np.testing.assert_allclose(scatter, found.stderr, rtol=0.6)  # 100 draws of 30 rows
    for again in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):  # noqa: S301  our own bytes
        np.testing.assert_array_equal(again.nearest_rows, found.nearest_rows)
    held = symgraph.fit(decay, X, Y, sigma=SIGMA, sigma_x=OF_X, fixed={"a": found.values["a"]})
    np.testing.assert_allclose(held.w, found.w, rtol=1e-9)


def test_errors_in_x_are_taken_by_column_by_row_and_by_name(decay: Any, found: symgraph.FitResult) -> None:
    forms: list[Any] = [OF_X, {"x": 0.15}, {"x": np.full(30, 0.15)}, np.tile(OF_X, (30, 1))]
    first, *others = (symgraph.fit(decay, X, Y, found.w, sigma=SIGMA, sigma_x=given, starts=1) for given in forms)
    for other in others:
        np.testing.assert_array_equal(other.w, first.w)


@pytest.mark.parametrize(("given", "error", "said"), [
    (0.0, OptionError, "sigma_x is 0 in every row; leave it out"),
    (-1.0, DataError, "sigma_x is -1.0 in row 0, column x; give 0 or more"),
    ([0.1, np.nan], DataError, "sigma_x is nan in row 0, column z"),
    (np.ones(30), DataError, r"sigma_x has shape \(30,\); give one number, or \(30, 2\) as X, or \(2,\), one for each"),
    ({"x": 0.1, "q": 1.0}, DataError, "sigma_x has no z; it has x, q"),
    ({"x": np.ones(3)}, DataError, r"sigma_x has columns of shapes \(3,\), \(\); give \(30,\) or one number"),
    ({"x": "wide"}, DataError, r"sigma_x\['x'\] is the text 'wide', not numbers"),
    ("large", DataError, "sigma_x is the text 'large', not numbers"),
])  # fmt: skip
def test_errors_in_x_that_cannot_be_are_refused(decay: Any, given: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        symgraph.fit(decay, X, Y, sigma=SIGMA, sigma_x=given)


def test_models_that_errors_in_x_do_not_fit_are_refused(decay: Any) -> None:
    with pytest.raises(OptionError, match=r"sigma_x.*it takes sigma beside it"):
        symgraph.fit(decay, X, Y, sigma_x=0.1)
    plain = compiled("y ~ a + b*x", "line")
    with pytest.raises(OptionError, match="line lacks feature_jacobian; `symgraph build --with feature-jacobian` adds it"):
        symgraph.fit(plain, PEARSON_X, PEARSON_Y, sigma=1.0, sigma_x=0.1)
    with pytest.raises(OptionError, match="only a fit with sigma_x has nearest rows"):
        _ = symgraph.fit(plain, PEARSON_X, PEARSON_Y).nearest_rows
    mean = Model("mean")
    mean.residual(mean.output("m", mean.weight("a", init=1.0)) - mean.target("y"))
    for model, said in (
        (declared(lambda m, x, y, a: m.residual(m.output("f", a * x) - y, loss="huber"), "a"), "has a robust loss, a penalty"),
        (declared(lambda m, x, y, a: m.likelihood("poisson", mean=exp(a * x)), "a"), "declared is not fitted by least squares"),
        (curve("log(y) ~ a*x", "logs"), "the residual of logs is not the prediction less the target"),
        (mean, "mean has no features"),
    ):
        module = symgraph.compile(model, extras=["hessian"], backend="numpy")
        with pytest.raises(OptionError, match=said):
            symgraph.fit(module, None if model is mean else PEARSON_X, np.arange(1.0, 11.0), sigma_x=0.1)
