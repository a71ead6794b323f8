"""Formulas as specs: the text that ``symgraph new --formula`` writes declares the model that the formula is."""

import pytest

from symgraph import Model, compile  # noqa: A004  the public name
from symgraph.compiler.backends.rendering import render
from symgraph.spec.formula_code import code_of_formula

ODD = ("`sig [mV]` ~ gamma*gamma(1 + `time (s)`) + pi*model + 0.1*min(x, 1.5, pi)", ("sig [mV]", "time (s)", "x"))


@pytest.mark.parametrize(("formula", "columns", "code"), [
    ("y ~ a*exp(-k*x)", ("x", "y"), "a * exp(-k * x)"),
    ("log(y) ~ log10(a*x)/2 + x**(1/3)*b - 1/2*x**-2", ("x", "y"), "x**Rational(1, 3) * b - Rational(1, 2) * x**(-2)"),
    ("y ~ a*x**2.0 - -x - (a - (b - x))/(c/(d/x))", ("x", "y"), "-x - (a - (b - x)) / (c / (d / x))"),
    ("y ~ a*sigmoid(k*(x - x0)) + abs(x)*arctan(a)", ("x", "y"), "sigmoid(k * (x - x0)) + Abs(x) * atan(a)"),
    ("y ~ y_hat + exp(1)*x", ("x", "y"), "y_hat + exp(1) * x"),
    ("\u00b5 ~ \u03bd*\u00b52", ("\u00b5", "\u00b52"), "\u03bd * \u03bc2"), ('`a"b\\c` ~ k*x', ('a"b\\c', "x"), "k * x"),
    (*ODD, "gamma_ * gamma(1 + time_s) + pi * model_ + 0.1 * Min(x, 1.5, pi)"),
])  # fmt: skip
def test_the_spec_of_a_formula_is_its_model(formula: str, columns: tuple[str, ...], code: str) -> None:
    start = {"gamma": 3.0} if "gamma" in formula else {}
    found = code_of_formula(formula, columns, start, "made")
    assert code in found.prediction
    said: dict[str, Model] = {}
    exec(render("specs/formula.py.jinja", found), said)
    meant = Model.from_formula(formula, columns, start, name="made")
    modules = [compile(one, backend="numpy") for one in (said["model"], meant)]
    hashes = [module.METADATA["model_hash"] for module in modules]
    assert hashes[0] == hashes[1]
    assert (modules[0].initial_weights(0) == modules[1].initial_weights(0)).all()
