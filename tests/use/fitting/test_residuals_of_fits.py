"""Residuals of results are data minus fit, in whatever sign the model declares its own; reports round to errors."""

import math
import re
from typing import Any

import numpy as np
import pytest
import sympy
from curves import compiled, declared
from documents import ROOT, blocks

import symgraph
from symgraph.errors import OptionError
from symgraph.use.fitting.rounded import rounded

X = np.linspace(1.0, 3.0, 12)
Y = 1.5 * X + 0.1 * np.cos(7.0 * X)


def fitted(residual: Any, **options: Any) -> symgraph.FitResult:
    model = declared(lambda m, x, y, a: m.residual(residual(m.output("y_hat", a * x), y)), "a")
    return symgraph.fit(symgraph.compile(model, extras=["feature-jacobian"], backend="numpy"), X, Y, **options)


@pytest.mark.parametrize(("residual", "of_data"), [
    (lambda y_hat, y: y_hat - y, lambda y: y), (lambda y_hat, y: y - y_hat, lambda y: y),
    (lambda y_hat, y: (y_hat - y) / 0.5, lambda y: 2 * y), (lambda y_hat, y: sympy.log(y_hat) - sympy.log(y), np.log),
    (lambda y_hat, y: sympy.log(y) - sympy.log(y_hat), np.log),
], ids=["fit minus data", "data minus fit", "with a scale", "of logarithms", "of logarithms, data first"])  # fmt: skip
def test_a_residual_is_positive_where_the_data_lie_above_the_fit(residual: Any, of_data: Any) -> None:
    result = fitted(residual)
    np.testing.assert_allclose(result.residual, of_data(Y) - of_data(result.predict(X)), rtol=1e-9, atol=1e-13)


def test_with_sigma_with_errors_in_x_and_of_data_sets_fitted_together_too_but_not_of_a_stream() -> None:
    sigma = 0.05 + X
    result = fitted(lambda y_hat, y: y_hat - y, sigma=sigma)
    np.testing.assert_allclose(result.residual, (Y - result.predict(X)) / sigma, rtol=1e-12)
    both = fitted(lambda y_hat, y: y_hat - y, sigma=0.1, sigma_x=0.05)
    assert (np.sign(both.residual) == np.sign(Y - both.predict(X))).all()
    with pytest.raises(OptionError, match="line has no residuals here: its loss is no square, or rows are a stream"):
        _ = symgraph.fit(symgraph.stream(compiled("y ~ a*x", "line"), X, Y)).residual
    line = compiled("y ~ a*x", "line")
    result = symgraph.fit_together({"low": (line, X, Y), "high": (line, X, 2 * Y)}, shared=())
    parts = [one.residual for one in result.sets.values()]
    np.testing.assert_allclose(result.residual, np.concatenate(parts), rtol=1e-12)
    np.testing.assert_allclose(parts[1], 2 * Y - result.sets["high"].predict(X), rtol=1e-9, atol=1e-13)


def test_a_report_has_intervals_and_values_rounded_to_their_errors() -> None:
    result = fitted(lambda y_hat, y: y_hat - y)
    low, high = result.interval()["a"]
    (row,) = [line.split() for line in result.report().splitlines() if line.startswith("  a ")]
    value, error = f"{result.values['a']:.3f}", f"{result.errors['a']:.3f}"
    assert row == ["a", value, error, row[3], f"{low:.3f}", "to", f"{high:.3f}", "1"]
    assert result.to_dict()["weights"]["a"]["value"] == result.values["a"]


def test_r2_of_unequal_errors_is_about_the_mean_that_counts_each_by_its_error() -> None:
    sigma = np.linspace(0.05, 2.0, 12)
    result = fitted(lambda y_hat, y: y_hat - y, sigma=sigma)
    mean = np.average(Y, weights=1.0 / sigma**2)
    assert result.r2 == pytest.approx(1.0 - result.chi2 / np.sum(((Y - mean) / sigma) ** 2), rel=1e-12, abs=0.0)


def test_a_multiplier_of_a_positive_weight_is_the_slope_of_half_the_squares_by_its_natural_value() -> None:
    model = symgraph.Model("scaled")
    x, a = model.feature("x"), model.positive("a", init=1.0)
    model.residual(model.output("y_hat", a * x) - model.target("y"))
    result = symgraph.fit(model, X, Y, {"a": 0.2}, bounds={"a": (None, 0.5)})  # without the bound it is 1.5
    assert result.values["a"] == 0.5
    assert result.multipliers["a"] == pytest.approx(np.sum(X * (0.5 * X - Y)), rel=1e-12, abs=0.0)


@pytest.mark.parametrize(("value", "error", "texts"), [
    (3.00258, 0.007449, ["3.0026", "0.0074"]), (238.9421292, 2.7070075, ["238.9", "2.7"]),
    (3e-9, 4.2e-11, ["3.000e-09", "4.2e-11"]), (1234567.0, 2345.0, ["1234600", "2300"]),
    (5.0, 0.0995, ["5.00", "0.10"]),  # an error that rounding carries to the next place
    (99.96, 1.5, ["100.0", "1.5"]), (0.0424, 0.12, ["0.04", "0.12"]),
    (-0.5, 3.48e8, ["-0.50", "3.5e+08"]),  # a value smaller than the last place of its error keeps two digits
    (0.0, 0.01, ["0.000", "0.010"]), (1e300, 1e298, ["1.000e+300", "1.0e+298"]), (math.inf, 1.0, ["", "1.0"]),
])  # fmt: skip
def test_a_number_has_two_digits_of_its_error(value: float, error: float, texts: list[str]) -> None:
    assert rounded((value, error), error) == texts


ONCE = re.compile(r"^formula: converged by lm; .*\n.*")
"""The lines with numbers of calls and the tolerance that was met first, which SciPy's versions may have otherwise."""


def test_the_guide_shows_the_report_as_it_is() -> None:
    page = (ROOT / "docs" / "fitting.md").read_text(encoding="utf-8")
    (shown,) = (body for language, body in blocks(page) if language == "report")
    table = np.genfromtxt(ROOT / "data" / "misra1a.csv", delimiter=",", names=True)
    model = symgraph.Model.from_formula("y ~ b1*(1 - exp(-b2*x))", table.dtype.names)
    report = symgraph.fit(model, table["x"], table["y"], start={"b1": 500, "b2": 1e-4}).report()
    assert ONCE.sub("", report) == ONCE.sub("", shown.rstrip("\n"))
