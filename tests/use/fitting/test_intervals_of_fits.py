"""Intervals and regions: symmetric ones, bands, profiles, contours, derived values, bootstrap."""

from typing import Any

import numpy as np
import pytest
import sympy
from curves import compiled, declared
from scipy.stats import f, norm, t
from sympy import exp

import symgraph
from symgraph.errors import OptionError, SpecError, WeightsError

RNG = np.random.default_rng(3)
X = np.linspace(0.0, 3.0, 30)
Y = 1.5 * X + 0.5 + 0.2 * RNG.normal(size=30)
DESIGN = np.column_stack([X, np.ones_like(X)])

SOLVED = 1e-5
"""Ends of profiles are found to 1e-6 of their distance from the best."""


@pytest.fixture(scope="module")
def line() -> symgraph.FitResult:
    return symgraph.fit(compiled("y ~ a*x + b"), X, Y)


def linear_theory() -> tuple[Any, Any]:
    w, total, *_ = np.linalg.lstsq(DESIGN, Y, rcond=None)
    return w, np.linalg.inv(DESIGN.T @ DESIGN) * total[0] / 28


def test_intervals_profiles_and_rises_of_a_line_are_those_of_students_t_or_of_the_normal_law(line: symgraph.FitResult) -> None:
    w, C = linear_theory()
    half = t.ppf(0.975, 28) * np.sqrt(np.diag(C))
    for (low, high), value, h in zip(line.interval().values(), w, half, strict=True):
        assert (low, high) == pytest.approx((value - h, value + h), rel=1e-9, abs=0.0)
    for level in (0.5, 0.95):
        assert line.profile("a", level) == pytest.approx(line.interval(level)["a"], rel=SOLVED, abs=0.0)
    known = symgraph.fit(compiled("y ~ a*x + b"), X, Y, sigma=0.2, absolute_sigma=True)
    h = norm.ppf(0.975) * 0.2 * np.sqrt(np.linalg.inv(DESIGN.T @ DESIGN)[1, 1])
    assert known.profile("b") == pytest.approx((known.w[1] - h, known.w[1] + h), rel=SOLVED, abs=0.0)
    values = line.values["a"] + line.errors["a"] * np.array([-2.0, 1.0, 0.0, 3.0])
    np.testing.assert_allclose(line.rises("a", values), [4.0, 1.0, 0.0, 9.0], rtol=SOLVED, atol=1e-9)
    low, high = line.profile("b")
    np.testing.assert_allclose(line.rises("b", [low, high]), f.ppf(0.95, 1, 28), rtol=10 * SOLVED)


def test_a_contour_of_a_linear_model_is_the_ellipse_of_f(line: symgraph.FitResult) -> None:
    w, C = linear_theory()
    apart = line.contour("a", "b", 0.9, points=8) - w
    rise = np.einsum("ni,ij,nj->n", apart, np.linalg.inv(C), apart)
    np.testing.assert_allclose(rise, 2 * f.ppf(0.9, 2, 28), rtol=10 * SOLVED)


def test_bands_and_errors_of_derived_values_are_those_of_the_linear_model(line: symgraph.FitResult) -> None:
    w, C = linear_theory()
    variance = np.einsum("ni,ij,nj->n", DESIGN, C, DESIGN)
    low, high = line.confidence_band(X)
    np.testing.assert_allclose(high - low, 2 * t.ppf(0.975, 28) * np.sqrt(variance), rtol=1e-9)
    low, high = line.prediction_band(X, 0.9)
    np.testing.assert_allclose(high - low, 2 * t.ppf(0.95, 28) * np.sqrt(variance + line.reduced_chi2), rtol=1e-9)
    np.testing.assert_allclose((low + high) / 2, DESIGN @ w, rtol=1e-9)
    found = line.derived("-b/a")
    slopes = np.array([w[1] / w[0] ** 2, -1 / w[0]])
    assert found.value == pytest.approx(-w[1] / w[0], rel=1e-9, abs=0.0)
    assert found.stderr == pytest.approx(np.sqrt(slopes @ C @ slopes), rel=1e-9, abs=0.0)
    assert line.derived("a").stderr == pytest.approx(line.errors["a"], rel=1e-12, abs=0.0)
    assert line.derived("2*pi").stderr == 0.0


def test_nodes_of_weights_alone_have_the_error_of_the_weight_that_they_stand_for() -> None:
    x = np.linspace(0.0, 4.0, 30)
    y = 3.0 * np.exp(-0.7 * x) + 0.01 * np.cos(9.0 * x)
    model = symgraph.Model("natural")
    t, target, (a, b), k = model.feature("x"), model.target("y"), model.weights("a b", init=1.0), model.positive("k")
    model.tie(b, 2 * a)
    model.residual(model.output("y_hat", (a + b) / 3 * sympy.exp(-k * t)) - target)
    found = symgraph.fit(symgraph.compile(model, backend="numpy"), x, y)
    plain = symgraph.fit(compiled("y ~ a*exp(-k*x)"), x, y)
    assert set(found.nodes) == {"b"}
    value, error, _ = found.derived("k")
    assert (value, error) == (found.values["k"], pytest.approx(found.errors["k"], rel=1e-12, abs=0.0))
    # two searches end within the rounding of the weights; the delta method through a logarithm is exact
    assert value == pytest.approx(plain.values["k"], rel=1e-9, abs=0.0)
    assert error == pytest.approx(plain.errors["k"], rel=1e-7, abs=0.0)
    assert found.nodes["b"].stderr == pytest.approx(2.0 * found.errors["a"], rel=1e-12, abs=0.0)
    assert found.derived("log(2)/k").value == pytest.approx(np.log(2.0) / value, rel=1e-12, abs=0.0)
    assert found.to_dict()["nodes"]["b"]["value"] == found.nodes["b"].value
    assert all("which give" in shown for shown in (found.report(), found._repr_html_()))


def test_a_profile_is_not_symmetric_where_the_model_is_not_and_stops_at_bounds() -> None:
    rows = np.array([0.5, 1.0, 2.0])
    y = np.exp(-0.2 * rows) + np.array([0.2, -0.2, 0.1])
    result = symgraph.fit(compiled("y ~ exp(-k*x)"), rows, y, bounds={"k": (0, None)})
    low, high = result.profile("k", 0.99)
    assert low == 0.0
    assert high > result.interval(0.99)["k"][1]
    wide = result.profile("k", 0.999999)
    assert wide[1] == np.inf or wide[1] > high


def test_a_bootstrap_scatters_as_the_errors_say_and_repeats(line: symgraph.FitResult) -> None:
    weights = line.bootstrap(300, seed=1)
    assert weights.shape == (300, 2)
    # a standard deviation of 300 draws is known to 1/sqrt(600) of itself, and 30 rows differ from the law by as much again
    np.testing.assert_allclose(weights.std(axis=0), line.stderr, rtol=0.3)
    np.testing.assert_array_equal(line.bootstrap(3, seed=1), weights[:3])


def test_a_profile_of_a_likelihood_is_that_of_wilks() -> None:
    rate = declared(lambda m, x, y, a: m.likelihood("poisson", mean=exp(a)), "a", init=0.0)
    module, counts = symgraph.compile(rate, extras=["hessian"], backend="numpy"), np.array([3.0, 5.0, 4.0, 6.0])
    # twice the drop of the log-likelihood is the quantile of chi2 with one degree of freedom
    for end in symgraph.fit(module, np.zeros(4), counts).profile("a"):
        drop = 2 * (4 * np.exp(end) - 18 * end - (18 - 18 * np.log(4.5)))
        assert drop == pytest.approx(norm.ppf(0.975) ** 2, rel=1e-4, abs=0.0)


@pytest.mark.parametrize(("ask", "error", "said"), [
    (lambda r: r.interval(1.5), OptionError, "level must be between 0 and 1, such as 0.95, not 1.5"),
    (lambda r: r.profile("z"), WeightsError, "weight names 'z', which is no weight; there are a, b"),
    (lambda r: r.contour("a", "a"), OptionError, "a contour needs two different weights"),
    (lambda r: r.derived("a + q"), SpecError, "expression, column 5: q is no weight; there are a, b"),
    (lambda r: r.derived("a.b"), SpecError, r"expression, column 2: '\.' is not read: only numbers"),
    (lambda r: r.derived("1/(a - a)"), SpecError, "not finite|divided by 0"),
    (lambda r: r.derived(lambda a: a), SpecError, "an expression of weights is a text, such as '1/f', not <function"),
    (lambda r: r.bootstrap(0), OptionError, "repetitions"),
    (lambda r: r.contour("a", "b", points="many"), OptionError, "points must be a whole number of at least 1, not 'many'"),
    (lambda r: r.prediction_band(X, sigma=-1.0), OptionError, "sigma must be above 0, one number or one a row of X"),
    (lambda r: r.rises("z", [1.0]), WeightsError, "weight names 'z', which is no weight"),
])  # fmt: skip
def test_what_cannot_be_asked_is_refused(line: symgraph.FitResult, ask: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        ask(line)
