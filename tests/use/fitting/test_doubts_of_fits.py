"""Warnings and remarks: a failed fit says that it is one, and why; honest fits are not accused."""

import numpy as np
import pytest
from curves import compiled
from nist import read

import symgraph
from symgraph import FitWarning
from symgraph.use.fitting.doubts import durbin_watson, relative_offset

RNG = np.random.default_rng(11)
X = np.linspace(0.0, 6.0, 60)
DECAY = "y ~ a*exp(-k*x) + c"
WHITE = 0.05 * RNG.normal(size=60)


def test_a_search_that_runs_into_a_flat_region_is_doubtful() -> None:
    problem = read("Misra1a")
    with pytest.warns(FitWarning) as caught:
        result = symgraph.fit(compiled(problem.formula), problem.X, problem.y, starts=1)
    told = " ".join(result.warnings)
    assert len(caught) == len(result.warnings)
    assert "chi2 hardly rises where b2 moves by its standard error" in told
    assert "no better than a constant (F test, p 1)" in told
    assert any(one.startswith("R2 is") for one in result.remarks)


def test_data_without_the_effect_of_the_model_are_told_from_a_constant_and_a_weight_at_a_bound_counts_as_fixed() -> None:
    y = 1.0 + WHITE
    with pytest.warns(FitWarning, match="no better than a constant"):
        symgraph.fit(compiled("y ~ a + b*x"), X, y)
    through_0 = symgraph.fit(compiled("y ~ a*x"), X, y)  # which holds no constant but 0
    assert through_0.warnings == ()
    assert any(one.startswith("R2 is") for one in through_0.remarks)
    model = compiled("y ~ a + b*x + c*x**2")  # of three rows and three weights, one of which a bound holds
    with pytest.warns(FitWarning, match="no better than a constant"):
        result = symgraph.fit(model, [0.0, 1.0, 2.0], [0.0, 2.0, 2.5], bounds={"c": (0.0, None)})
    assert (result.values["c"], result.dof) == (0.0, 1)


def test_good_fits_and_exact_data_are_not_doubted_and_errors_that_go_together_are_remarked_on() -> None:
    clean, drift = 2.0 * np.exp(-0.7 * X) + 0.3, 0.03 * np.sin(2.0 * X)
    result = symgraph.fit(compiled(DECAY), X, clean + WHITE)
    assert (result.warnings, result.remarks, result.to_dict()["remarks"]) == ((), (), [])
    assert relative_offset(result.problem, result.found.at) < 1e-6
    for how in ({}, {"sigma": 0.1, "absolute_sigma": True}):
        exact = symgraph.fit(compiled(DECAY), X, clean, **how)
        assert exact.problem.is_exact(exact.found.v)
        assert exact.warnings == ()
    together = symgraph.fit(compiled(DECAY), X, clean + drift)
    assert together.warnings == ()
    assert any("Durbin-Watson" in one for one in together.remarks)
    assert all("remark: residuals go together" in shown for shown in (together.report(), together._repr_html_()))


def test_durbin_and_watsons_statistic_takes_rows_in_the_order_of_x() -> None:
    y = 2.0 * np.exp(-0.7 * X) + 0.3 + 0.05 * np.sin(X)
    turn = np.random.default_rng(0).permutation(60)
    result, shuffled = (symgraph.fit(compiled(DECAY), X[order], y[order]) for order in (np.arange(60), turn))
    expected = np.sum(np.diff(result.residual) ** 2) / np.sum(result.residual**2)
    assert durbin_watson(result.problem, result.found.v) == pytest.approx(expected, rel=1e-12, abs=0.0)
    assert durbin_watson(shuffled.problem, shuffled.found.v) == pytest.approx(expected, rel=1e-6, abs=0.0)


def test_repeated_rows_show_lack_of_fit() -> None:
    x = np.repeat(np.linspace(0.0, 1.0, 8), 4)
    y = x**2 + 0.01 * np.random.default_rng(1).normal(size=32)
    straight = symgraph.fit(compiled("y ~ a + b*x"), x, y)
    curved = symgraph.fit(compiled("y ~ a + b*x + c*x**2"), x, y)
    assert straight.warnings == ()
    assert any("lack of fit" in one for one in straight.remarks)
    assert curved.remarks == ()
