"""Comparisons of fits: tests and Akaike weights by their definitions, and what cannot be compared."""

import numpy as np
import pytest
from scipy.stats import chi2, f
from sympy import exp

import symgraph
from symgraph import FitResult, Model, compare
from symgraph.errors import OptionError

RNG = np.random.default_rng(2)
X = np.linspace(0.0, 2.0, 25)
Y = 1.0 + 0.5 * X + 0.1 * X**2 + 0.1 * RNG.normal(size=25)


def polynomial(degree: int, **how: object) -> FitResult:
    formula = "y ~ a0" + "".join(f" + a{j}*x**{j}" for j in range(1, degree + 1))
    return symgraph.fit(Model.from_formula(formula, ("x", "y"), name=f"degree{degree}"), X if degree else None, Y, **how)


def sum_of_squares(degree: int) -> float:
    r = np.polynomial.Polynomial.fit(X, Y, degree)(X) - Y
    return float(r @ r)


def test_two_least_squares_fits_are_compared_by_f() -> None:
    found = compare(polynomial(2), polynomial(1))  # in any order
    small, large = sum_of_squares(1), sum_of_squares(2)
    statistic = (small - large) / (large / 22)
    assert (found.test, found.models) == ("F", ("degree2", "degree1"))
    assert found.statistic == pytest.approx(statistic, rel=1e-9)
    assert found.p_value == pytest.approx(f.sf(statistic, 1, 22), rel=1e-9)
    assert "F test of the smaller model within the larger" in str(found)


def test_akaike_weights_are_those_of_their_definition() -> None:
    fits = [polynomial(degree) for degree in (0, 1, 2)]
    found = compare(*fits)
    aic = np.array([25 * (np.log(2 * np.pi * sum_of_squares(degree) / 25) + 1) + 2 * (degree + 2) for degree in (0, 1, 2)])
    share = np.exp(-(aic - aic.min()) / 2)
    np.testing.assert_allclose(found.weights, share / share.sum(), rtol=1e-9)
    assert found.test == ""


def test_a_known_sigma_and_likelihoods_are_compared_by_the_likelihood_ratio() -> None:
    known = {"sigma": 0.1, "absolute_sigma": True}
    found = compare(polynomial(1, **known), polynomial(2, **known))
    drop = (sum_of_squares(1) - sum_of_squares(2)) / 0.01
    assert (found.test, found.statistic) == ("likelihood ratio", pytest.approx(drop, rel=1e-9))
    assert found.p_value == pytest.approx(chi2.sf(drop, 1), rel=1e-9)
    counts = RNG.poisson(np.exp(0.2 + 0.5 * X)).astype(float)
    fits = []
    for name, slope in (("flat", 0), ("sloped", 1)):
        model = Model(name)
        x, _ = model.feature("x"), model.target("y")
        a = model.weight("a", init=0.1)
        model.likelihood("poisson", mean=exp(a + (model.weight("b", init=0.1) * x if slope else 0)))
        fits.append(symgraph.fit(model, X, counts))
    assert compare(*fits).statistic == pytest.approx(2 * (fits[0].found.cost - fits[1].found.cost), rel=1e-9)


def test_what_cannot_be_compared_is_refused() -> None:
    line = polynomial(1)
    with pytest.raises(OptionError, match="compare needs two fits or more"):
        compare(line)
    with pytest.raises(OptionError, match="do not both take sigma as known"):
        compare(line, polynomial(2, sigma=0.1, absolute_sigma=True))
    other = symgraph.fit(Model.from_formula("y ~ a*x", ("x", "y"), name="other"), X, Y + 1)
    with pytest.raises(OptionError, match="the fit of other is of another target than that of degree1"):
        compare(line, other)
