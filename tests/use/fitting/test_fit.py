"""The public function `fit`: what it takes, what it refuses, and what it says."""

import copy
import json
import pickle
import subprocess
import sys
from io import StringIO
from typing import Any

import numpy as np
import polars
import pytest
from curves import compiled, curve, declared
from rich.console import Console
from scipy.optimize import curve_fit
from sympy import exp, sin

import symgraph
from symgraph.errors import DataError, OptionError, WeightsError
from symgraph.use.fitting.other_names import OTHER_NAMES

RNG = np.random.default_rng(5)
X = np.linspace(0.0, 4.0, 40)
NOISE = 0.1 * RNG.normal(size=40)
Y = 2.0 * np.exp(-0.7 * X) + 0.3 + NOISE
SIGMA = np.where(X < 2, 0.1, 0.2)

DIGITS = 1e-6
"""curve_fit takes slopes by differences of 1e-8, which leave it about as far from the minimum, relative to the errors."""


@pytest.fixture(scope="module")
def decay() -> Any:
    return compiled("y ~ a*exp(-k*x) + c", "decay")


def test_weights_and_errors_are_those_of_curve_fit(decay: Any) -> None:
    for sigma, absolute in ((None, False), (SIGMA, False), (SIGMA, True), (3.0, False), (3.0, True)):
        result = symgraph.fit(decay, X, Y, sigma=sigma, absolute_sigma=absolute)
        theirs = None if sigma is None else np.broadcast_to(sigma, 40)
        how = {"sigma": theirs, "absolute_sigma": absolute, "ftol": 1e-14, "xtol": 1e-14}
        w, covariance = curve_fit(lambda x, a, k, c: a * np.exp(-k * x) + c, X, Y, (1.0, 1.0, 1.0), **how)
        np.testing.assert_allclose(result.w, w, rtol=DIGITS)
        np.testing.assert_allclose(result.covariance, covariance, rtol=1e-5)  # whose Jacobian is by differences of 1e-8
        np.testing.assert_allclose(result.stderr, np.sqrt(np.diag(covariance)), rtol=1e-5)


def test_statistics_are_those_of_their_definitions(decay: Any) -> None:
    result = symgraph.fit(decay, X, Y)
    r = result.predict(X) - Y
    chi2, n = r @ r, 40
    assert (result.dof, result.statistics.n, result.statistics.parameters) == (37, n, 4)
    assert result.chi2 == pytest.approx(chi2, rel=1e-12, abs=0.0)
    assert result.r2 == pytest.approx(1 - chi2 / np.sum((Y - Y.mean()) ** 2), rel=1e-12, abs=0.0)
    log_likelihood = -n / 2 * (np.log(2 * np.pi * chi2 / n) + 1)
    assert result.aic == pytest.approx(2 * 4 - 2 * log_likelihood, rel=1e-12, abs=0.0)
    assert result.bic == pytest.approx(4 * np.log(n) - 2 * log_likelihood, rel=1e-12, abs=0.0)


def test_bounds_are_a_pair_or_ranges_or_of_the_spec_and_fixed_weights_stay(decay: Any) -> None:
    result = symgraph.fit(decay, X, Y, bounds={"c": (0.5, None)})
    assert result.values["c"] == pytest.approx(0.5, abs=1e-9)  # trust regions stay a little inside
    np.testing.assert_allclose(symgraph.fit(decay, X, Y, bounds=([-np.inf, -np.inf, 0.5], np.inf)).w, result.w, rtol=1e-6)
    inside = symgraph.fit(decay, X, Y, bounds={"a": (1.5, 3.0)})  # it starts at 1
    np.testing.assert_allclose(inside.w, symgraph.fit(decay, X, Y).w, rtol=1e-9)
    assert inside.problem.start[0] == 1.5
    model = symgraph.Model("held")
    x, y = model.feature("x"), model.target("y")
    a, k = model.weight("a", init=1.0, bounds=(0, 1.5)), model.weight("k", init=0.7, fixed=True)
    model.residual(model.output("y_hat", a * exp(-k * x)) - y)
    result = symgraph.fit(symgraph.compile(model, backend="numpy"), X, Y)
    assert (result.states, result.w) == (("at bound", "fixed"), pytest.approx([1.5, 0.7], abs=1e-9))
    result = symgraph.fit(decay, X, Y, {"k": 0.7}, fixed=["k"])
    assert (result.values["k"], result.errors["k"], result.states) == (0.7, 0.0, ("", "fixed", ""))
    w, _ = curve_fit(lambda x, a, c: a * np.exp(-0.7 * x) + c, X, Y)
    np.testing.assert_allclose(result.w[[0, 2]], w, rtol=DIGITS)
    assert symgraph.fit(decay, X, Y, fixed={"k": 0.7}).w == pytest.approx(result.w, rel=1e-9, abs=0.0)


@pytest.mark.parametrize("starts", [None, 30])
def test_other_starts_find_a_lower_minimum_and_both_sums_are_told(starts: int | None) -> None:
    init = [1.0, symgraph.Uniform(0.5, 4.0)]
    sine = declared(lambda m, x, y, a, k: m.residual(m.output("y_hat", a * sin(k * x)) - y), "a k", init=init)
    module, t = symgraph.compile(sine, backend="numpy"), np.linspace(0, 20, 100)
    y = 2 * np.sin(2.5 * t)
    result = symgraph.fit(module, t, y, (1.0, 0.6), starts=starts)
    assert np.abs(result.w) == pytest.approx([2.0, 2.5], rel=1e-9, abs=0.0)
    alone = symgraph.fit(module, t, y, (1.0, 0.6), starts=1)
    assert result.warnings == ()
    (remark,) = result.remarks
    assert remark.startswith(f"the start alone leads to a sum of squares of {alone.chi2:.6g}; another start")
    assert f"remark: {remark}" in result.report()


def test_weights_without_effect_at_the_start_of_one_search_are_named_and_the_data_not_blamed() -> None:
    peak, x = compiled("y ~ h*exp(-((x - m)/s)**2) + c"), np.linspace(400.0, 700.0, 50)
    y = 2.0 + 5.0 * np.exp(-(((x - 550.0) / 30.0) ** 2))
    with pytest.warns(symgraph.FitWarning, match="at the start h, m, s had next to no effect on the residuals"):
        result = symgraph.fit(peak, x, y, starts=1)
    assert not any("do not determine" in one for one in result.warnings)
    found = symgraph.fit(peak, x, y)  # which tries other starts
    assert (found.warnings, found.values["m"]) == ((), pytest.approx(550.0, rel=DIGITS, abs=0.0))


def test_a_weight_that_the_data_determine_has_its_error_beside_others_that_they_do_not() -> None:
    with pytest.warns(symgraph.FitWarning, match=r"do not determine (a - b|-a \+ b)") as caught:
        result = symgraph.fit(compiled("y ~ (a + b)*x + c"), X, Y)
    assert (len(caught), result.states) == (1, ("undetermined", "undetermined", ""))
    w, covariance = curve_fit(lambda x, a, c: a * x + c, X, Y)
    assert result.values["c"] == pytest.approx(w[1], rel=DIGITS, abs=0.0)
    # three free weights are counted, of which the data see two
    assert result.errors["c"] == pytest.approx(np.sqrt(covariance[1, 1] * 38 / 37), rel=DIGITS, abs=0.0)


def test_as_many_rows_as_weights_determine_them_without_errors(decay: Any) -> None:
    with pytest.warns(symgraph.FitWarning, match="as many residuals as free weights") as caught:
        result = symgraph.fit(decay, X[[0, 15, 39]], Y[[0, 15, 39]])
    assert (len(caught), result.states) == (1, ("no error",) * 3)
    with pytest.warns(symgraph.FitWarning) as caught:
        symgraph.fit(decay, X[:2], Y[:2])
    assert any("fewer residuals than free weights (2 and 3)" in str(one.message) for one in caught)
    np.testing.assert_allclose(result.predict(X[[0, 15, 39]]), Y[[0, 15, 39]], rtol=1e-12)
    # with the errors of the data known, those of the weights are
    known = symgraph.fit(decay, X[[0, 15, 39]], Y[[0, 15, 39]], sigma=0.1, absolute_sigma=True)
    assert (known.warnings, known.states) == ((), ("",) * 3)


@pytest.mark.parametrize("backend", ["numpy", "auto"])
def test_features_of_any_size_are_fitted(backend: str) -> None:
    module, expected = symgraph.compile(curve("y ~ a*x + b"), backend=backend), np.polyfit(X, Y, 1)
    for factor in (1e-170, 1e-20, 1e20, 1e100):
        result = symgraph.fit(module, X * factor, Y)
        assert result.values["a"] * factor == pytest.approx(expected[0], rel=1e-9, abs=0.0)
        assert (result.values["b"], result.warnings) == (pytest.approx(expected[1], rel=1e-9, abs=0.0), ())
    with pytest.raises(WeightsError, match="inf at the start; give another one, or data in units that are not so large"):
        symgraph.fit(module, X, Y * 1e200)
    with pytest.warns(symgraph.FitWarning, match="so small that their squares are 0 in floats; give y in a smaller unit"):
        small = symgraph.fit(module, X, Y * 1e-200)
    assert small.values["a"] == pytest.approx(expected[0] * 1e-200, rel=1e-6, abs=0.0)
    assert symgraph.fit(module, X, 0.0 * Y).warnings == ()


@pytest.mark.parametrize(("how", "error", "said"), [
    ({"absolute_sigma": True}, OptionError, "absolute_sigma says that sigma is known; give sigma"),
    ({"sigma": -1.0}, DataError, "sigma is -1.0; standard deviations are above 0"),
    ({"sigma": np.where(X[3] == X, 0.0, 1.0)}, DataError, "sigma is 0.0 in row 3"),
    ({"sigma": [1.0, 2.0]}, DataError, r"sigma has shape \(2,\); give one number, or \(40,\) as y"),
    ({"start": [1.0, 2.0]}, WeightsError, r"start has shape \(2,\); decay needs \(3,\): a, k, c"),
    ({"start": {"q": 1.0}}, WeightsError, "start names 'q', which is no weight; there are a, k, c"),
    ({"start": {"a": np.nan}}, WeightsError, "start a must be a finite number, not nan"),
    ({"start": {"k": -1e6}}, WeightsError, "the sum of the losses is inf at the start"),
    ({"start": {"k": 9.0}, "bounds": {"k": (0, 1)}}, WeightsError, "start has k = 9, which is not within its bounds 0 to"),
    ({"bounds": {"k": (1, 0)}}, OptionError, "bounds of k are 1 to 0; the lower must be below the upper"),
    ({"bounds": {"k": 3}}, OptionError, r"bounds of k must be a pair \(lower, upper\)"),
    ({"bounds": 3}, OptionError, "bounds must be ranges by the names of weights, or a pair"),
    ({"bounds": {"z": (0, 1)}}, WeightsError, "bounds names 'z', which is no weight"),
    ({"bounds": {"k": ("0", "1")}}, OptionError, r"bounds of k must be a pair \(lower, upper\)"),
    ({"fixed": 3}, OptionError, "fixed must be names of weights, or values by their names, not 3"),
    ({"fixed": ["z"]}, WeightsError, "fixed names 'z', which is no weight"),
    ({"fixed": ["a", "k", "c"]}, OptionError, "every weight of decay is fixed; leave one free"),
    ({"method": "newton"}, OptionError, "method must be one of auto, lm, trf, dogbox for decay, not 'newton'"),
    ({"method": "lm", "bounds": {"k": (0, 2)}}, OptionError, "method must be one of auto, trf, dogbox for decay, not 'lm'"),
    ({"sigma": 1e-300}, WeightsError, "the sum of the losses is inf at the start"),
    ({"y": np.where(X[3] == X, np.nan, Y)}, DataError, "y is nan in row 3; leave that row out"),
    ({"X": np.where(X[4] == X, np.inf, X)}, DataError, "X is inf in row 4"),
    ({"module": "y ~ a*x"}, OptionError, r"fit needs a module or a Model, not 'y ~ a\*x'; Model.from_formula makes one"),
    ({"module": declared(lambda m, x, y, a: m.output("f", a * x), "a")}, OptionError, "declared has no loss, so nothing"),
    ({"X": polars.DataFrame({"x": X, "y": Y}).lazy(), "y": "y"}, TypeError, "^X is a LazyFrame, which has no rows"),
    ({"starts": 0}, OptionError, "starts"), ({"seed": -1}, OptionError, "seed"),
])  # fmt: skip
def test_what_cannot_be_as_given_is_refused(decay: Any, how: dict[str, Any], error: type[Exception], said: str) -> None:
    given: dict[str, Any] = {"module": decay, "X": X, "y": Y} | how
    with pytest.raises(error, match=said):
        symgraph.fit(**given)


def with_residual(of: Any) -> Any:
    """The module of y_hat = a*x whose residual is a function of y_hat and y."""
    model = declared(lambda m, x, y, a: m.residual(of(m.output("y_hat", a * x), y)), "a", init=2.0)
    return symgraph.compile(model, backend="numpy")


def test_a_residual_may_be_the_target_less_the_prediction_and_may_state_its_scale() -> None:
    theirs, ours = with_residual(lambda y_hat, y: y - y_hat), with_residual(lambda y_hat, y: y_hat - y)
    y = 2.0 * X + np.sin(7.0 * X)
    one, other = (symgraph.fit(module, X, y, sigma=SIGMA) for module in (theirs, ours))
    assert (one.r2, one.values, one.errors) == (other.r2, other.values, other.errors)
    bands = (result.prediction_band(X, sigma=SIGMA) for result in (one, other))
    np.testing.assert_array_equal(*bands)
    stated = with_residual(lambda y_hat, y: (y_hat - y) / 0.5)
    with pytest.raises(OptionError, match="states its own scale; leave sigma out"):
        symgraph.fit(stated, X, 2.0 * X, sigma=1.0)  # where all residuals are 0 at the start
    assert np.isnan(symgraph.fit(stated, X, 2.0 * X).r2)


def test_sigma_beside_a_declared_scale_or_a_likelihood_is_refused() -> None:
    scaled = symgraph.Model("scaled")
    x, s, y, a = scaled.feature("x"), scaled.feature("s"), scaled.target("y"), scaled.weight("a", init=1.0)
    scaled.residual((scaled.output("y_hat", a * x) - y) / s)
    module, columns = symgraph.compile(scaled, backend="numpy"), np.column_stack([X, SIGMA])
    with pytest.raises(OptionError, match="states its own scale; leave sigma out"):
        symgraph.fit(module, columns, Y, sigma=1.0)
    known = symgraph.fit(module, columns, Y, absolute_sigma=True)  # the spec states sigma
    assert known.stderr[0] == pytest.approx(1 / np.sqrt(np.sum((X / SIGMA) ** 2)), rel=1e-12, abs=0.0)
    stated, given = symgraph.fit(module, columns, Y), symgraph.fit(compiled("y ~ a*x"), X, Y, sigma=SIGMA)
    assert stated.aic == pytest.approx(given.aic, rel=1e-12, abs=0.0)
    assert symgraph.compare(stated, given).weights == pytest.approx((0.5, 0.5))
    counts = declared(lambda m, x, y, a: m.likelihood("poisson", mean=exp(a * x)), "a", init=0.0)
    with pytest.raises(OptionError, match="sigma belongs to least squares, and declared has the likelihood poisson"):
        symgraph.fit(symgraph.compile(counts, backend="numpy"), X, np.arange(40.0), sigma=1.0)


def test_a_result_shows_itself_and_travels(decay: Any) -> None:
    x, y = X.copy(), Y.copy()
    result = symgraph.fit(decay, x, y)
    x[:], y[:] = 0.0, 1e6  # what becomes of the data after a fit changes none of its results
    assert result.report() == symgraph.fit(decay, X, Y).report()
    text = str(result)
    for part in ("decay: converged by lm", "40 residuals, 3 free weights", "AIC", "stderr", "correlations"):
        assert part in text
    assert "<table>" in result._repr_html_()
    assert json.loads(result.to_json())["weights"]["a"]["value"] == result.values["a"]
    assert list(result.to_frame().index) == ["a", "k", "c"]
    for other in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result)):  # noqa: S301  our own bytes
        assert other.report() == text
        np.testing.assert_array_equal(other.predict(X), result.predict(X))
    with pytest.warns(symgraph.FitWarning):
        result = symgraph.fit(decay, X[:3], Y[:3])
    Console(file=(out := StringIO()), width=120).print(result)
    for part in ("decay: DOUBTFUL, see the warnings: ended", "│ weight │", "warning: there are as many residuals"):
        assert part in out.getvalue().replace("┃", "│")


def test_data_come_in_any_form() -> None:
    import pandas as pd

    module = compiled("y ~ a*x + b")
    x, y = np.arange(12.0), np.round(10 * np.sin(np.arange(12.0)) + 9 * np.arange(12.0))
    frame = pd.DataFrame({"y": y, "other": 0.0, "x": x}, index=range(5, 17))
    forms: dict[str, tuple[Any, Any]] = {
        "lists": (x.tolist(), y.tolist()),
        "series": (frame["x"], frame["y"]),
        "frame": (frame, frame),
        "mapping": ({"x": x}, {"y": y}),
        "records": (frame.to_records(), frame["y"]),
        "fields": (frame.to_records()["x"], frame.to_records()["y"]),
        "column": (x[:, np.newaxis], y),
        "whole numbers": (x.astype(int), y.astype(int)),
        "floats of 32 bits": (x.astype(np.float32), y.astype(np.float32)),
    }
    for form, given in forms.items():
        np.testing.assert_array_equal(symgraph.fit(module, *given).w, symgraph.fit(module, x, y).w, err_msg=form)


def test_importing_fits_loads_neither_sympy_nor_scipy() -> None:
    probe = "import sys, symgraph.fitting; print(*sorted({'sympy', 'scipy', 'jinja2', 'matplotlib'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout.strip() == ""


def test_a_name_of_another_library_is_answered_by_ours(decay: Any) -> None:
    result = symgraph.fit(decay, X, Y)
    for name, ours in OTHER_NAMES.items():
        with pytest.raises(AttributeError) as caught:
            getattr(result, name)
        assert str(caught.value) == f"a FitResult has no {name}; it has {ours}"
        said: Any = result
        for part in ours.split(",")[0].split(" ")[0].split("(")[0].split("."):
            said = getattr(said, part)  # it is there
    with pytest.raises(AttributeError, match="'FitResult' object has no attribute 'nosuch'"):
        _ = result.nosuch
