"""Formulas as models: what they say, and what they refuse, at which column."""

import numpy as np
import pytest

import symgraph
from symgraph import Model
from symgraph.errors import SpecError

COLUMNS = ("x", "y", "z")


def test_names_that_are_columns_are_features_and_others_are_weights_in_their_order() -> None:
    model = Model.from_formula("y ~ b*x + a*exp(-z)", COLUMNS, {"a": 2.0})
    module = symgraph.compile(model, backend="numpy")
    assert (module.FEATURES, module.TARGET, module.WEIGHTS, module.OUTPUTS) == (("x", "z"), "y", ("b", "a"), ("y_hat",))
    np.testing.assert_array_equal(module.initial_weights(0), [1.0, 2.0])
    w, X, y = [1.5, 2.0], [[0.5, 1.0]], [0.25]
    assert module.residual(w, X, y)[0] == pytest.approx(1.5 * 0.5 + 2 * np.exp(-1) - 0.25, rel=1e-15)


def test_the_target_may_stand_in_a_function() -> None:
    module = symgraph.compile(Model.from_formula("log(y) ~ a + b*x", COLUMNS), backend="numpy")
    assert module.residual([1.0, 2.0], [0.5], [3.0])[0] == pytest.approx(2.0 - np.log(3.0), rel=1e-15)


def test_columns_may_be_a_frame() -> None:
    import pandas as pd

    model = Model.from_formula("y ~ a*x", pd.DataFrame({"x": [1.0], "y": [2.0]}))
    assert [one.name for one in model.feature_inputs] == ["x"]


def test_numbers_are_as_written() -> None:
    model = Model.from_formula("y ~ a*x**2/3 + 0.1*x - 2e-3 + sqrt(2)*sin(pi*x)", COLUMNS)
    module = symgraph.compile(model, backend="numpy")
    expected = 1.5 * 0.7**2 / 3 + 0.07 - 2e-3 + np.sqrt(2) * np.sin(np.pi * 0.7)
    assert module.predict([1.5], 0.7) == pytest.approx(expected, rel=1e-15)


REFUSED = {
    "__import__('os').system('x') ~ a": "column 1: only numbers, names",
    "y ~ __import__('os')": "column 5: __import__ is no function that a formula may call; there are Abs, ",
    "y ~ eval('1')*x": "column 5: eval is no function",
    "y ~ open('f')": "column 5: open is no function",
    "y ~ a.b": "column 5: only numbers, names",
    "y ~ a[0]": "column 5: only numbers, names",
    "y ~ (lambda: 1)()": "column 5: only numbers, names",
    "y ~ exp.__class__(x)": "column 5: only numbers, names",
    "y ~ exp(x).__class__": "column 5: only numbers, names",
    "y ~ a*(exp)(x)(x)": "column 7: only numbers, names",
    "y ~ [a for a in x]": "column 5: only numbers, names",
    "y ~ {a}": "column 5: only numbers, names",
    "y ~ {}": "column 5: only numbers, names",
    "y ~ (a, b)": "column 5: only numbers, names",
    "y ~ 'x'": "column 5: only numbers, names",
    "y ~ b'x'": "column 5: only numbers, names",
    'y ~ f"{x}"': "column 5: only numbers, names",
    "y ~ a*exp(x=1)": "column 7: only numbers, names",
    "y ~ a*exp(*x)": "column 11: only numbers, names",
    "y ~ a*exp(**x)": "column 7: only numbers, names",
    "y ~ a if x else b": "column 5: only numbers, names",
    "y ~ a and b": "column 5: only numbers, names",
    "y ~ not a": "column 5: only numbers, names",
    "y ~ a < x": "column 5: only numbers, names",
    "y ~ (a := x)": "column 6: only numbers, names",
    "y ~ a@x": "column 5: only numbers, names",
    "y ~ a//x": "column 5: only numbers, names",
    "y ~ a%x": "column 5: only numbers, names",
    "y ~ a<<x": "column 5: only numbers, names",
    "y ~ True*a": "column 5: only numbers, names",
    "y ~ None": "column 5: only numbers, names",
    "y ~ a*1j": "column 7: only numbers, names",
    "y ~ ...": "column 5: only numbers, names",
    "y ~ await a": "column 5: only numbers, names",
    "y ~ a^2": r"column 5: \^ is no power; write \*\*",
    "y ~ yield": "column 5: ",
    "y ~ a*x; b": "column 8: ",
    "y ~ import os": "column 5: ",
    "y ~ a*x\nimport os": "column ",
    "y ~ a*x)": "column 8: ",
    "y ~ ((a*x": "column ",
    "y ~ a = x": "column ",
    "y ~ a\0*x": "column 5: ",
    "y ~ ": "column 5: nothing is there; write an expression",
    " ~ a": "column 2: nothing is there; write an expression",
    "y": "has 0 times ~ and needs one: target ~ expression",
    "y ~ a ~ x": "has 2 times ~ and needs one",
    "y ~ 9**9**9**9*a": "column 8: this number is not finite",
    "y ~ 10**400*a": "column 5: this number is not finite",
    "y ~ 1e999*a": "column 5: the number is too large",
    f"y ~ {'9' * 400}*a": "column 5: the number is too large",
    "y ~ 1/0*a": "column 5: a number is divided by 0",
    "y ~ (-1)**0.5*a": "column 5: this number is not finite",
    "y ~ factorial(10)*a": "column 5: factorial is no function",
    "y ~ a*exp": r"column 7: exp is a function; call it, exp\(\.\.\.\)",
    "y ~ exp(a, x)": "column 5: exp cannot be called so",
    "y ~ y*a": "column 5: y is the target and stands right of ~ as well",
    "x + y ~ a": "column 1: left of ~ stands one name, the target, alone or in a function; found x, y",
    "2 ~ a": "column 1: left of ~ stands one name, the target, alone or in a function; found none",
    "q ~ a*x": "column 1: the target q is no column of the data; there are x, y, z",
    "y ~ x + z": "the formula has no weight",
    f"y ~ {'exp(' * 60}a{')' * 60}": "more than 50 operations are nested",
    f"y ~ {'(' * 900}a{')' * 900}": "column ",
    f"y ~ {'-' * 300}a": "more than 50 operations are nested",
    f"y ~ {'+'.join(['a*x'] * 600)}": "the formula has 2,403 characters, and may have 2,000",
}


@pytest.mark.parametrize("formula", REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_formula_is_refused_where_it_stands(formula: str) -> None:
    with pytest.raises(SpecError, match=REFUSED[formula]) as caught:
        Model.from_formula(formula, COLUMNS)
    assert "\n" not in str(caught.value)


def test_columns_count_characters_and_not_bytes() -> None:
    with pytest.raises(SpecError, match="column 9: "):
        Model.from_formula("y ~ äöü*a[0]", COLUMNS)


def test_an_initial_value_of_no_weight_is_refused() -> None:
    with pytest.raises(SpecError, match="q has an initial value and is no weight of the formula; there are a"):
        Model.from_formula("y ~ a*x", COLUMNS, {"q": 1.0})


def test_a_formula_is_a_text() -> None:
    with pytest.raises(SpecError, match="a formula is a text"):
        Model.from_formula(3, COLUMNS)  # type: ignore[arg-type]


def test_functions_of_great_numbers_take_no_time_that_grows_with_them() -> None:
    with pytest.raises(SpecError, match="not a finite double"):  # SymPy would write out the factorial of a whole number
        Model.from_formula("y ~ a*x*gamma(10**7)", COLUMNS)
    for formula in ("y ~ a*x*loggamma(10**9)", "y ~ a*x*besselj(900, 10**9)"):
        assert len(str(Model.from_formula(formula, COLUMNS).expanded_loss())) < 100
