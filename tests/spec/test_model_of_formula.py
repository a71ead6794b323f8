"""Formulas as models: what they say, and what they refuse, at which column."""

import numpy as np
import pandas as pd
import pytest

import symgraph
from symgraph import Model
from symgraph.errors import SpecError

COLUMNS = ("x", "y", "z")


def test_names_that_are_columns_are_features_in_backquotes_where_they_need_them_and_others_are_weights_in_order() -> None:
    module = symgraph.compile(Model.from_formula("y ~ b*x + a*exp(-z)", COLUMNS, {"a": 2.0}), backend="numpy")
    assert (module.FEATURES, module.TARGET, module.WEIGHTS, module.OUTPUTS) == (("x", "z"), "y", ("b", "a"), ("y_hat",))
    np.testing.assert_array_equal(module.initial_weights(0), [1.0, 2.0])
    w, X, y = [1.5, 2.0], [[0.5, 1.0]], [0.25]
    assert module.residual(w, X, y)[0] == pytest.approx(1.5 * 0.5 + 2 * np.exp(-1) - 0.25, rel=1e-15, abs=0.0)
    assert Model.from_formula("y ~ b*x", pd.DataFrame({"x": [1.0], "y": [2.0]})).feature_inputs[0].name == "x"
    formula = "`signal mV` ~ a*`time (s)` + b*`1st` + c*`lambda` + _t + d_t + time_s + conc [mM] + \u00b5 + pi + gamma"
    model = Model.from_formula(formula, ODD)
    names = "time_s_ column_1st lambda_ t column_d_t time_s conc_mM \u03bc pi gamma"
    assert [one.name for one in model.feature_inputs] == names.split()
    assert [one.name for one in model.weight_inputs] == ["a", "b", "c"]
    w, X = [1.0, 2.0, 3.0], np.arange(1.0, 11.0)
    module = symgraph.compile(model, backend="numpy")
    assert (module.TARGET, module.OUTPUTS) == ("signal_mV", ("signal_mV_hat",))
    assert module.predict(w, X) == pytest.approx(1 + 4 + 9 + X[3:].sum(), rel=1e-15, abs=0.0)


def test_the_target_may_stand_in_a_function_numbers_are_as_written_and_lines_may_be_several() -> None:
    module = symgraph.compile(Model.from_formula("log(y) ~ a + b*x", COLUMNS), backend="numpy")
    assert module.residual([1.0, 2.0], [0.5], [3.0])[0] == pytest.approx(2.0 - np.log(3.0), rel=1e-15, abs=0.0)
    model = Model.from_formula("y ~ a*x**2/3 + 0.1*x - 2e-3 + sqrt(2)*sin(pi*x)", COLUMNS)
    module = symgraph.compile(model, backend="numpy")
    expected = 1.5 * 0.7**2 / 3 + 0.07 - 2e-3 + np.sqrt(2) * np.sin(np.pi * 0.7)
    assert module.predict([1.5], 0.7) == pytest.approx(expected, rel=1e-15, abs=0.0)
    model = Model.from_formula("y ~ a*x*gamma(10)*exp(7)/erfc(0.5)\n + log(1e300)\n", ("x", "y"))
    assert symgraph.compile(model, backend="numpy").WEIGHTS == ("a",)


ALLOWED = "is not read: only numbers, names"
NESTED = "more than 50 operations are nested"
WORD = "is a word of Python's and no name; a column that is called so stands in backquotes"
REFUSED: dict[str, tuple[int, str]] = {
    # text that Python would run
    "__import__('os').system('x') ~ a": (12, ALLOWED),
    "y ~ eval('1')*x": (10, ALLOWED),
    "y ~ __import__(x)": (5, "__import__ is no function that a formula may call; for a product write __import__"),
    "y ~ a*eval(x)": (7, "eval is no function"),
    "y ~ exp(x)(a)": (11, "an operator is missing before ("),
    "y ~ np.exp(x)": (7, "; write exp(x) for np.exp(x)"),
    "y ~ exp.__class__(x)": (8, ALLOWED),
    "y ~ [a for a in x]": (5, ALLOWED),
    "y ~ (a, b)": (5, "only numbers, names"),
    'y ~ f"{x}"': (6, ALLOWED),
    "y ~ a*exp(*x)": (11, "only numbers, names"),
    "y ~ a*exp(**x)": (7, "only numbers, names"),
    **{f"y ~ a{sign}x": (6, ALLOWED) for sign in ".[{:<=@%'\0"},
    **{f"y ~ {word} a": (5, f"{word} {WORD}") for word in ("not", "lambda", "True", "None", "yield", "import", "await")},
    "y ~ a if x else b": (7, "if is a word of Python's"),
    "y ~ a//x": (5, "only numbers, names"),
    "y ~ a*x; b": (8, ""),
    "y ~ a*x\nimport os": (0, ""),
    "y ~ a*x)": (8, ""),
    "y ~ ((a*x": (0, ""),
    f"y ~ {'exp(' * 60}a{')' * 60}": (0, NESTED),
    f"y ~ {'-' * 300}a": (0, NESTED),
    f"y ~ {'(' * 900}a{')' * 900}": (0, "column "),
    f"y ~ {'+'.join(['a*x'] * 600)}": (0, "the formula has 2,403 characters, and may have 2,000"),
    # what is not there, or twice
    "y ~ ": (5, "nothing is there; write an expression"),
    " ~ a": (2, "nothing is there; write an expression"),
    "y": (0, "the formula has no ~ and needs one: target ~ expression"),
    "y ~ a ~ x": (7, "a second ~; one is needed: target ~ expression"),
    "y ~ a*x +": (9, "something is missing behind it"),
    "y ~ y*a": (5, "y is the target and stands right of ~ as well"),
    "x + y ~ a": (1, "left of ~ stands one name, the target, alone or in a function; found x, y"),
    "2 ~ a": (1, "left of ~ stands one name, the target, alone or in a function; found none"),
    "q ~ a*x": (1, "the target q is no column of the data; there are x, y, z"),
    "y ~ x + z": (0, "the formula has no weight"),
    "y ~ a*exp(-k*xx)": (5, "no column stands right of ~; there are x, z; did you mean x?; to fit weights"),
    # numbers
    "y ~ 9**9**9**9*a": (8, "this number is not finite"),
    "y ~ 1e999*a": (5, "the number is too large"),
    f"y ~ {'9' * 400}*a": (5, "the number is too large"),
    "y ~ 1/0*a": (5, "this is divided by 0"),
    "y ~ a/0": (5, "this is divided by 0"),
    "y ~ (-1)**0.5*a": (5, "this number is not finite"),
    "y ~ a*log(0)": (7, "log of this number is not real, or not finite"),
    "y ~ a*x*gamma(10000000000000)": (9, "take long"),  # SymPy would write out the factorial of a whole number
    "y ~ a*x*gamma(gamma(gamma(100)))": (15, "take long"),
    "y ~ a*x + polygamma(1000, 1000)": (11, "take long"),
    "y ~ a*x + erfc(1e308)": (11, "take long"),
    "y ~ a*x + floor(exp(exp(exp(20))))": (21, "not finite"),
    "y ~ a*x + Mod(exp(exp(1000)), 3)": (19, "not finite"),
    "y ~ a*x + Ei(exp(exp(100)))": (14, "not real, or not finite"),
    "y ~ a*x + erfinv(2)": (11, "not real, or not finite"),
    # functions and names
    "y ~ a*x*max()": (9, "max needs an argument"),
    "y ~ Exp(a*x)": (5, "Exp is no function that a formula may call; did you mean exp?"),
    "y ~ a*exp": (7, "exp is a function; call it, exp(...), or give its start, exp=1, if it is a weight"),
    "y ~ exp(a, x)": (5, "exp cannot be called so"),
    "y ~ _a*x": (5, "weight name '_a' is reserved"),
    "y ~ a*`x": (7, "'`' is not read; write a second ` behind the name of the column"),
    "y ~ a*`no such`": (7, "weight name 'no such' is no identifier"),
    # what people type
    "y ~ 2x*a": (6, "an operator is missing before x; write * for a product"),
    "y ~ a x": (7, "an operator is missing before x"),
    "y ~ (a)x": (8, "an operator is missing before x"),
    "y ~ 2(a + x)": (6, "an operator is missing before ("),
    "y ~ a(x + 1)": (5, "a is no function that a formula may call; for a product write a*(...)"),
    "y ~ a*exp(-5ms*x)": (13, "an operator is missing before ms"),
    "y ~ 1.5.2*a": (8, "an operator is missing before .2"),
    "y ~ a*1j": (8, "an operator is missing before j"),
    "y ~ a*x^2": (8, "'^' is not read; write ** for a power"),
    "y ~ a*x\u00b2": (8, "is not read; write **2"),
    "y ~ a\u00d7x": (6, "is not read; write * for a product"),
    "y ~ a \u2212 x": (7, "is not read; write the minus of the keyboard, -"),
    "y ~ |a|*x": (5, "'|' is not read; write abs(...)"),
    "y ~ a*x + b\udcff": (12, r"'\udcff' is not read: only numbers"),
    "y ~ a*\u0663": (7, "is not read: only numbers"),
    "y ~ Mod(a*x, 1 - 1)": (5, "Mod cannot be called so: Modulo by zero"),
    "y ~ \u00e4\u00f6\u00fc*a[0]": (10, ""),  # characters and not bytes
}


@pytest.mark.parametrize("formula", REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_formula_is_refused_where_it_stands_with_what_to_type(formula: str) -> None:
    column, said = REFUSED[formula]
    with pytest.raises(SpecError) as caught:
        Model.from_formula(formula, COLUMNS)
    assert str(caught.value).startswith(f"formula, column {column}: " if column else "")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_weight_has_no_initial_value_and_a_formula_is_a_text() -> None:
    for name, said in (("q", "is no weight"), ("x", "is a column of the data, and so no weight")):
        with pytest.raises(SpecError, match=f"{name} has an initial value and {said} of the formula; there are a"):
            Model.from_formula("y ~ a*x", COLUMNS, {name: 1.0})
    with pytest.raises(SpecError, match="a formula is a text"):
        Model.from_formula(3, COLUMNS)  # type: ignore[arg-type]


def test_names_are_weights_where_a_start_is_given_and_letters_are_as_python_reads_them() -> None:
    model = Model.from_formula("y ~ exp(level)", COLUMNS, {"level": 2.0})
    assert ([one.name for one in model.weight_inputs], model.feature_inputs) == (["level"], ())
    assert Model.from_formula("y ~ level", COLUMNS).weight_inputs  # a mean
    assert Model.from_formula("y ~ exp(level)", ("y",)).weight_inputs  # no other column could have been meant
    model = Model.from_formula("y ~ beta*x + gamma*exp(-pi*x) + gamma(beta)", COLUMNS, {"gamma": 2.0})
    assert [one.name for one in model.weight_inputs] == ["beta", "gamma"]
    model = Model.from_formula("y ~ \u00b5*x", COLUMNS, {"\u00b5": 3.0})  # the micro sign, which Python reads as Greek mu
    assert [one.name for one in model.weight_inputs] == ["\u03bc"]
    np.testing.assert_array_equal(symgraph.compile(model, backend="numpy").initial_weights(0), [3.0])


ODD = ("time (s)", "1st", "lambda", "_t", "d_t", "time_s", "conc [mM]", "\u00b5", "pi", "gamma", "signal mV")


@pytest.mark.parametrize(("typed", "column"), [("y ~ a*time (s)", 7), ("y ~ a*1st", 7), ("time (s) ~ a", 1)])
def test_a_column_without_the_backquotes_that_it_needs_is_named(typed: str, column: int) -> None:
    with pytest.raises(SpecError, match=rf"formula, column {column}: the name of this column needs backquotes: `(time|1st)"):
        Model.from_formula(typed, (*ODD, "y"))
