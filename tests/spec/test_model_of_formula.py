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
    assert module.residual(w, X, y)[0] == pytest.approx(1.5 * 0.5 + 2 * np.exp(-1) - 0.25, rel=1e-15, abs=0.0)


def test_the_target_may_stand_in_a_function() -> None:
    module = symgraph.compile(Model.from_formula("log(y) ~ a + b*x", COLUMNS), backend="numpy")
    assert module.residual([1.0, 2.0], [0.5], [3.0])[0] == pytest.approx(2.0 - np.log(3.0), rel=1e-15, abs=0.0)


def test_columns_may_be_a_frame() -> None:
    import pandas as pd

    model = Model.from_formula("y ~ a*x", pd.DataFrame({"x": [1.0], "y": [2.0]}))
    assert [one.name for one in model.feature_inputs] == ["x"]


def test_numbers_are_as_written() -> None:
    model = Model.from_formula("y ~ a*x**2/3 + 0.1*x - 2e-3 + sqrt(2)*sin(pi*x)", COLUMNS)
    module = symgraph.compile(model, backend="numpy")
    expected = 1.5 * 0.7**2 / 3 + 0.07 - 2e-3 + np.sqrt(2) * np.sin(np.pi * 0.7)
    assert module.predict([1.5], 0.7) == pytest.approx(expected, rel=1e-15, abs=0.0)


REFUSED = {
    "__import__('os').system('x') ~ a": "column 12: .'. is not read: only numbers, names",
    "y ~ __import__('os')": "column 16: .'. is not read: only numbers, names",
    "y ~ eval('1')*x": "column 10: .'. is not read: only numbers, names",
    "y ~ open('f')": "column 10: .'. is not read: only numbers, names",
    "y ~ __import__(x)": "column 5: __import__ is no function that a formula may call; for a product write __import__",
    "y ~ a*eval(x)": "column 7: eval is no function",
    "y ~ exp(x)(a)": r"column 11: an operator is missing before \(",
    "y ~ np.exp(x)": r"column 7: '\.' is not read: .*; write exp\(x\) for np\.exp\(x\)",
    "y ~ a.b": r"column 6: '\.' is not read: only numbers, names",
    "y ~ a[0]": r"column 6: '\[' is not read: only numbers, names",
    "y ~ (lambda: 1)()": "column 6: lambda is a word of Python's",
    "y ~ exp.__class__(x)": r"column 8: '\.' is not read: only numbers, names",
    "y ~ exp(x).__class__": r"column 11: '\.' is not read: only numbers, names",
    "y ~ a*(exp)(x)(x)": r"column 12: an operator is missing before \(; write \* for a product",
    "y ~ [a for a in x]": r"column 5: '\[' is not read: only numbers, names",
    "y ~ {a}": r"column 5: '\{' is not read: only numbers, names",
    "y ~ {}": r"column 5: '\{' is not read: only numbers, names",
    "y ~ (a, b)": "column 5: only numbers, names",
    "y ~ 'x'": "column 5: .'. is not read: only numbers, names",
    "y ~ b'x'": "column 6: .'. is not read: only numbers, names",
    'y ~ f"{x}"': "column 6: '.' is not read: only numbers, names",
    "y ~ a*exp(x=1)": "column 12: '=' is not read: only numbers, names",
    "y ~ a*exp(*x)": "column 11: only numbers, names",
    "y ~ a*exp(**x)": "column 7: only numbers, names",
    "y ~ a if x else b": "column 7: if is a word of Python's",
    "y ~ a and b": "column 7: and is a word of Python's",
    "y ~ not a": "column 5: not is a word of Python's",
    "y ~ a < x": "column 7: '<' is not read: only numbers, names",
    "y ~ (a := x)": "column 8: ':' is not read: only numbers, names",
    "y ~ a@x": "column 6: '@' is not read: only numbers, names",
    "y ~ a//x": "column 5: only numbers, names",
    "y ~ a%x": "column 6: '%' is not read: only numbers, names",
    "y ~ a<<x": "column 6: '<' is not read: only numbers, names",
    "y ~ True*a": "column 5: True is a word of Python's",
    "y ~ None": "column 5: None is a word of Python's",
    "y ~ a*1j": r"column 8: an operator is missing before j; write \* for a product",
    "y ~ ...": r"column 5: '\.' is not read: only numbers, names",
    "y ~ await a": "column 5: await is a word of Python's",
    "y ~ a^2": r"column 6: '\^' is not read; write \*\* for a power",
    "y ~ yield": "column 5: ",
    "y ~ a*x; b": "column 8: ",
    "y ~ import os": "column 5: ",
    "y ~ a*x\nimport os": "column ",
    "y ~ a*x)": "column 8: ",
    "y ~ ((a*x": "column ",
    "y ~ a = x": "column ",
    "y ~ a\0*x": r"column 6: '\\x00' is not read: only numbers, names",
    "y ~ ": "column 5: nothing is there; write an expression",
    " ~ a": "column 2: nothing is there; write an expression",
    "y": "the formula has no ~ and needs one: target ~ expression",
    "y ~ a ~ x": "column 7: a second ~; one is needed: target ~ expression",
    "y ~ 9**9**9**9*a": "column 8: this number is not finite",
    "y ~ 10**400*a": "column 5: this number is not finite",
    "y ~ 1e999*a": "column 5: the number is too large",
    f"y ~ {'9' * 400}*a": "column 5: the number is too large",
    "y ~ 1/0*a": "column 5: this is divided by 0",
    "y ~ (-1)**0.5*a": "column 5: this number is not finite",
    "y ~ a/0": "column 5: this is divided by 0",
    "y ~ log(-1)*a": "column 5: log of this number is not real, or not finite",
    "y ~ a*log(0)": "column 7: log of this number is not real, or not finite",
    "y ~ factorial(10)*a": "column 5: factorial is no function",
    "y ~ Exp(a*x)": r"column 5: Exp is no function that a formula may call; did you mean exp\?",
    "y ~ a*exp": r"column 7: exp is a function; call it, exp\(\.\.\.\), or give its start, exp=1, if it is a weight",
    "y ~ exp(a, x)": "column 5: exp cannot be called so",
    "y ~ y*a": "column 5: y is the target and stands right of ~ as well",
    "x + y ~ a": "column 1: left of ~ stands one name, the target, alone or in a function; found x, y",
    "2 ~ a": "column 1: left of ~ stands one name, the target, alone or in a function; found none",
    "q ~ a*x": "column 1: the target q is no column of the data; there are x, y, z",
    "y ~ x + z": "the formula has no weight",
    "y ~ a*exp(-k*xx)": r"column 5: no column stands right of ~; there are x, z; did you mean x\?; to fit weights",
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
    with pytest.raises(SpecError, match="column 10: "):
        Model.from_formula("y ~ äöü*a[0]", COLUMNS)


def test_an_initial_value_of_no_weight_is_refused() -> None:
    with pytest.raises(SpecError, match="q has an initial value and is no weight of the formula; there are a"):
        Model.from_formula("y ~ a*x", COLUMNS, {"q": 1.0})


def test_a_formula_of_weights_alone_needs_a_start_of_each() -> None:
    model = Model.from_formula("y ~ exp(level)", COLUMNS, {"level": 2.0})
    assert ([one.name for one in model.weight_inputs], model.feature_inputs) == (["level"], ())
    assert Model.from_formula("y ~ level", COLUMNS).weight_inputs  # a mean
    assert Model.from_formula("y ~ exp(level)", ("y",)).weight_inputs  # no other column could have been meant


def test_a_formula_is_a_text() -> None:
    with pytest.raises(SpecError, match="a formula is a text"):
        Model.from_formula(3, COLUMNS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("formula", "column", "said"),
    [
        ("y ~ a*x*gamma(10000000000000)", 9, "take long"),  # SymPy would write out the factorial of a whole number
        ("y ~ a*x*gamma(gamma(gamma(100)))", 15, "take long"),
        ("y ~ a*x + polygamma(1000, 1000)", 11, "take long"),
        ("y ~ a*x + erfc(1e308)", 11, "take long"),
        ("y ~ a*x + floor(exp(exp(exp(20))))", 21, "not finite"),
        ("y ~ a*x + Mod(exp(exp(1000)), 3)", 19, "not finite"),
        ("y ~ a*x + Ei(exp(exp(100)))", 14, "not real, or not finite"),
        ("y ~ a*x + erfinv(2)", 11, "not real, or not finite"),
        ("y ~ a*x*max()", 9, "max needs an argument"),
        ("y ~ a*x +", 9, "something is missing behind it"),
    ],
)
def test_functions_of_numbers_are_computed_at_once_or_refused_at_their_place(formula: str, column: int, said: str) -> None:
    with pytest.raises(SpecError, match=f"^formula, column {column}: .*{said}"):
        Model.from_formula(formula, ("x", "y"))


def test_functions_of_common_numbers_are_numbers() -> None:
    model = Model.from_formula("y ~ a*x*gamma(10)*exp(7)/erfc(0.5) + log(1e300)", ("x", "y"))
    assert symgraph.compile(model, backend="numpy").WEIGHTS == ("a",)


@pytest.mark.parametrize(
    ("typed", "column", "said"),
    [
        ("y ~ 2x*a", 6, "an operator is missing before x; write * for a product"),
        ("y ~ 2 x*a", 7, "an operator is missing before x"),
        ("y ~ a x", 7, "an operator is missing before x"),
        ("y ~ (a)x", 8, "an operator is missing before x"),
        ("y ~ 2(a + x)", 6, "an operator is missing before ("),
        ("y ~ a(x + 1)", 5, "a is no function that a formula may call; for a product write a*(...)"),
        ("y ~ a*exp(-5ms*x)", 13, "an operator is missing before ms"),
        ("y ~ 1.5.2*a", 8, "an operator is missing before .2"),
        ("y ~ a*x^2", 8, "'^' is not read; write ** for a power"),
        ("y ~ a*x\u00b2", 8, "is not read; write **2"),
        ("y ~ a\u00b7x", 6, "is not read; write * for a product"),
        ("y ~ a\u00d7x", 6, "is not read; write * for a product"),
        ("y ~ a \u2212 x", 7, "is not read; write the minus of the keyboard, -"),
        ("y ~ |a|*x", 5, "'|' is not read; write abs(...)"),
        ("y ~ a*x + b\udcff", 12, r"'\udcff' is not read: only numbers"),
        ("y ~ a*\u0663", 7, "is not read: only numbers"),
        ("y ~ a*x # a line", 9, "'#' is not read: only numbers"),
        (
            "y ~ a*exp(-lambda*x)",
            12,
            "lambda is a word of Python's and no name; a column that is called so stands in backquotes",
        ),
        ("y ~ _a*x", 5, "weight name '_a' is reserved"),
        ("y ~ a*`x", 7, "'`' is not read; write a second ` behind the name of the column"),
        ("y ~ a*`no such`", 7, "weight name 'no such' is no identifier"),
    ],
)
def test_what_people_type_is_refused_with_what_to_type(typed: str, column: int, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        Model.from_formula(typed, COLUMNS)
    assert str(caught.value).startswith(f"formula, column {column}: ")
    assert said in str(caught.value)


def test_a_formula_may_have_several_lines() -> None:
    model = Model.from_formula("y ~ a*x\n  + b*z\n", COLUMNS)
    assert [one.name for one in model.weight_inputs] == ["a", "b"]


ODD = ("time (s)", "1st", "lambda", "_t", "d_t", "time_s", "conc [mM]", "\u00b5", "pi", "gamma", "signal mV")


def test_columns_of_any_name_are_features_in_backquotes_and_without_where_nothing_else_can_be_meant() -> None:
    formula = "`signal mV` ~ a*`time (s)` + b*`1st` + c*`lambda` + _t + d_t + time_s + conc [mM] + \u00b5 + pi + gamma"
    model = Model.from_formula(formula, ODD)
    names = "time_s_ column_1st lambda_ t column_d_t time_s conc_mM \u03bc pi gamma"
    assert [one.name for one in model.feature_inputs] == names.split()
    assert [one.name for one in model.weight_inputs] == ["a", "b", "c"]
    w, X = [1.0, 2.0, 3.0], np.arange(1.0, 11.0)
    module = symgraph.compile(model, backend="numpy")
    assert (module.TARGET, module.OUTPUTS) == ("signal_mV", ("signal_mV_hat",))
    assert module.predict(w, X) == pytest.approx(1 + 4 + 9 + X[3:].sum(), rel=1e-15, abs=0.0)


@pytest.mark.parametrize(("typed", "column"), [("y ~ a*time (s)", 7), ("y ~ a*1st", 7), ("time (s) ~ a", 1)])
def test_a_column_without_the_backquotes_that_it_needs_is_named(typed: str, column: int) -> None:
    with pytest.raises(SpecError, match=rf"formula, column {column}: the name of this column needs backquotes: `(time|1st)"):
        Model.from_formula(typed, (*ODD, "y"))


def test_names_of_functions_are_weights_where_a_start_is_given() -> None:
    model = Model.from_formula("y ~ beta*x + gamma*exp(-pi*x) + gamma(beta)", COLUMNS, {"gamma": 2.0})
    assert [one.name for one in model.weight_inputs] == ["beta", "gamma"]


def test_an_initial_value_of_a_column_is_refused() -> None:
    with pytest.raises(
        SpecError, match="x has an initial value and is a column of the data, and so no weight of the formula; there are a"
    ):
        Model.from_formula("y ~ a*x", COLUMNS, {"x": 1.0})


def test_letters_that_python_reads_as_others_are_the_same_name() -> None:
    model = Model.from_formula("y ~ \u00b5*x", COLUMNS, {"\u00b5": 3.0})  # the micro sign, which Python reads as Greek mu
    assert [one.name for one in model.weight_inputs] == ["\u03bc"]
    np.testing.assert_array_equal(symgraph.compile(model, backend="numpy").initial_weights(0), [3.0])
