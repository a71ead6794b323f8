"""Comparisons of fits: tests and Akaike weights by their definitions, and what cannot be compared."""

from typing import Any

import numpy as np
import pytest
from curves import compiled, declared
from scipy.stats import chi2, f, norm, poisson
from sympy import exp

import symgraph
from symgraph import FitResult, Model, compare
from symgraph.errors import OptionError

RNG = np.random.default_rng(2)
X = np.linspace(0.0, 2.0, 25)
Y = 1.0 + 0.5 * X + 0.1 * X**2 + 0.1 * RNG.normal(size=25)


def polynomial(degree: int, **how: object) -> FitResult:
    formula = "y ~ a0" + "".join(f" + a{j}*x**{j}" for j in range(1, degree + 1))
    return symgraph.fit(compiled(formula, f"degree{degree}"), X if degree else None, Y, **how)


def sum_of_squares(degree: int) -> float:
    r = np.polynomial.Polynomial.fit(X, Y, degree)(X) - Y
    return float(r @ r)


def test_two_least_squares_fits_are_compared_by_f_and_more_by_akaike_weights() -> None:
    found = compare(polynomial(2), polynomial(1))  # in any order
    small, large = sum_of_squares(1), sum_of_squares(2)
    statistic = (small - large) / (large / 22)
    assert (found.test, found.models) == ("F", ("degree2", "degree1"))
    assert found.statistic == pytest.approx(statistic, rel=1e-9, abs=0.0)
    assert found.p_value == pytest.approx(f.sf(statistic, 1, 22), rel=1e-9, abs=0.0)
    assert "F test of the smaller model within the larger" in str(found)
    # where errors are estimated, one sigma for all rows changes nothing but the unit of chi2
    scaled = compare(polynomial(1), polynomial(2, sigma=0.1))
    assert (scaled.warnings, scaled.statistic) == ((), pytest.approx(statistic, rel=1e-9, abs=0.0))
    wide = Model.from_formula("y ~ a*x + b*z + c", ("x", "z", "y"))  # with a column more
    found = compare(polynomial(1), symgraph.fit(symgraph.compile(wide, backend="numpy"), {"x": X, "z": np.sin(9.0 * X)}, Y))
    assert (found.test, found.warnings, found.statistic > 0.0) == ("F", (), True)
    found = compare(*(polynomial(degree) for degree in (0, 1, 2)))
    aic = np.array([25 * (np.log(2 * np.pi * sum_of_squares(degree) / 25) + 1) + 2 * (degree + 2) for degree in (0, 1, 2)])
    share = np.exp(-(aic - aic.min()) / 2)
    np.testing.assert_allclose(found.weights, share / share.sum(), rtol=1e-9)
    assert found.test == ""


def test_a_known_sigma_and_likelihoods_are_compared_by_the_likelihood_ratio() -> None:
    known = {"sigma": 0.1, "absolute_sigma": True}
    found = compare(polynomial(1, **known), polynomial(2, **known))
    drop = (sum_of_squares(1) - sum_of_squares(2)) / 0.01
    assert (found.test, found.statistic) == ("likelihood ratio", pytest.approx(drop, rel=1e-9, abs=0.0))
    assert found.p_value == pytest.approx(chi2.sf(drop, 1), rel=1e-9, abs=0.0)
    counts = RNG.poisson(np.exp(0.2 + 0.5 * X)).astype(float)
    models = (
        declared(lambda m, x, y, a: m.likelihood("poisson", mean=exp(a)), "a", init=0.1),
        declared(lambda m, x, y, a, b: m.likelihood("poisson", mean=exp(a + b * x)), init=0.1),
    )
    fits = [symgraph.fit(symgraph.compile(model, extras=["hessian"], backend="numpy"), X, counts) for model in models]
    assert compare(*fits).statistic == pytest.approx(2 * (fits[0].found.cost - fits[1].found.cost), rel=1e-9, abs=0.0)


def test_what_cannot_be_compared_is_refused() -> None:
    line, module = polynomial(1), compiled("y ~ a*x", "other")
    for other, said in (
        ((), "compare needs two fits or more"),
        ((polynomial(2, sigma=0.1, absolute_sigma=True),), "do not both take sigma as known"),
        ((symgraph.fit(module, X, Y + 1),), "the fit of other is of another target than that of degree1"),
        ((symgraph.fit(module, X[1:], Y[1:]),), "the fit of other is of 24 rows, and that of degree1 of 25"),
        ((symgraph.fit(module, X + 1, Y),), "the fits of other and of degree1 are of other rows: their columns x differ"),
        ((symgraph.fit(module, X, Y, sigma=X + 1.0),), "the fit of other and that of degree1 have another sigma"),
        ((symgraph.fit(module, X, Y, sigma=np.r_[2.0, np.ones(24)]),), "have another sigma; give both the same"),
    ):
        with pytest.raises(OptionError, match=said):
            compare(line, *other)
    assert compare(line, symgraph.fit(module, X, Y, sigma=3.0)).test == "F"  # whose size is estimated in both
    with pytest.raises(OptionError, match="no likelihood, so it cannot be compared: its residuals are rounding"):
        compare(symgraph.fit(module, X, 2.0 * X), symgraph.fit(compiled("y ~ a*x + b"), X, 2.0 * X))


@pytest.mark.parametrize(("left", "log_slope"), [
    ("log(y)", lambda y: -np.log(y)), ("sqrt(y)", lambda y: -np.log(2.0 * np.sqrt(y))), ("1/y", lambda y: -2.0 * np.log(y)),
    ("3*y", lambda y: np.full(y.shape, np.log(3.0))), ("log(y/(5 - y))", lambda y: np.log(5.0 / (y * (5.0 - y)))),
])  # fmt: skip
def test_the_likelihood_of_a_function_of_the_target_is_that_of_the_target(left: str, log_slope: Any) -> None:
    result = symgraph.fit(compiled(f"{left} ~ a + b*x"), X, Y)
    density = norm.logpdf(result.residual, scale=np.sqrt(result.chi2 / 25))  # of the function of y
    expected = np.sum(density + log_slope(Y))
    assert result.statistics.log_likelihood == pytest.approx(expected, rel=1e-12, abs=0.0)
    assert result.aic == pytest.approx(2 * 3 - 2 * expected, rel=1e-12, abs=0.0)


def test_a_larger_model_in_a_wrong_minimum_is_told() -> None:
    x = np.linspace(0.0, 10.0, 60)
    y = 2.0 * np.sin(1.3 * x) + 0.05 * np.cos(40.0 * x)
    small = symgraph.fit(compiled("y ~ a*sin(k*x)", "small", k=1.25), x, y)
    with pytest.warns(symgraph.FitWarning, match="large: "):  # of its minimum
        large = symgraph.fit(compiled("y ~ a*sin(k*x) + c", "large", k=6.0), x, y, starts=1)
    found = compare(small, large)
    assert np.isnan([found.statistic, found.p_value]).all()
    (told,) = found.warnings
    assert told.startswith("the larger model ended in a wrong minimum: large fits worse than small")
    for shown in (str(found), found._repr_html_()):
        assert told in shown
        assert "nan" not in shown


def test_a_penalty_is_no_part_of_a_likelihood() -> None:
    def counts(model: Model, x: Any, _: Any, a: Any, b: Any) -> None:
        model.output("rate", exp(a + b * x))
        model.likelihood("poisson")
        model.penalty(20.0 * b**2)

    y = np.arange(25) % 7
    result = symgraph.fit(symgraph.compile(declared(counts, init=0.1), backend="numpy"), X, y)
    expected = poisson.logpmf(y, result.predict(X)).sum()
    assert result.statistics.log_likelihood == pytest.approx(expected, rel=1e-12, abs=0.0)
    assert result.aic == pytest.approx(4 - 2 * expected, rel=1e-12, abs=0.0)
