"""Mistakes planted in solutions of worksheets, one of each kind: the grader names the one that was planted."""

from functools import cache
from pathlib import Path

import pytest
from classes import PATIENT, model_of, solution_of, wrong
from sympy import exp

from symgraph import Model
from symgraph.use.classroom.grading import grade

NINE, BACK, FORWARD = "nine_weights", "backward_propagation", "forward_propagation"
PLANTED = [
    (NINE, BACK, "(-2*y + 2*y_hat)", "(2*y - 2*y_hat)", "sign", "the sign is wrong: `2 * y - 2 * y_hat` stands"),
    (NINE, BACK, "(-2*y + 2*y_hat)", "(y_hat - y)", "constant factor", "the factor 2 in d loss"),
    (NINE, BACK, "d_exp = d_tanh * (1 - tanh**2)", "d_exp = d_tanh", "missing factor", "1 - tanh**2"),
    (NINE, BACK, "= d_tanh * (1 - tanh**2)", "= d_tanh * (1 - tanh)", "power", "the square in tanh**2"),
    (NINE, BACK, "d_tanh * (1 - tanh**2)", "d_tanh * (1 + tanh**2)", "sign", "tanh**2 of 1 - tanh**2"),
    (NINE, BACK, "d_y_hat * w9", "d_y_hat", "missing factor", "d y_hat / d sigmoid = w9 is missing"),
    (NINE, BACK, '"dw4": d_w4', '"dw4": d_w5', "wrong name", "`'dw4': d_w5` stands where `'dw4': d_w4`"),
    (NINE, BACK, "np.cos(f3*w3)", "np.sin(f3*w3)", "function", "sin in the place of cos"),
    (NINE, BACK, "np.cos(f3*w3)", "np.cos(np.degrees(f3*w3))", "degrees", "cos gets its angle in degrees"),
    (NINE, BACK, "d_w6 = d_exp * exp", "d_w6 = 0.0", "forgotten", "is 0"),
    (NINE, BACK, "d_loss = 1.0", "d_loss = 1.0 / (-2*y + 2*d['y_hat'])", "extra factor", "is too much: `1.0 / (-2 * y"),
    (NINE, FORWARD, "(exp + w7)", "(exp - w7)", "sign", "the term w7 of w7 + exp has the wrong sign"),
    (NINE, FORWARD, "t = f1*w1 + f2*w2", "t = f1*w1", "missing term", "the term w2*f2 of w1*f1 + w2*f2 is forgotten"),
    (NINE, FORWARD, "t**2 + w6", "2*t + w6", "power", "`2 * t` stands where `t ** 2` is right"),
    (NINE, FORWARD, "(f4*w4 + f5*w5)", "(f4*w4 + f5*w4)", "wrong name", "w4 stands where w5 belongs"),
    (NINE, "sigmoid", "(1 + np.exp(-z))", "(1 + np.exp(z))", "sign", "the argument of exp(-z) has the wrong sign"),
    (NINE, "sigmoid", "return 1/", "return np.exp(-z)/(1 + np.exp(-z))/", "local derivative", "it is the derivative"),
    (NINE, "loss", "np.mean(losses)", "np.sum(losses)", "mean", "not divided by their number"),
    (NINE, "loss", "in zip(X, y)]", "in list(zip(X, y))[:1]]", "rows", "of the first row alone"),
    (NINE, "gradient", "found / len(X)", "found / len(X) / len(X)", "mean", "by the number of rows twice"),
    (NINE, "gradient", "found / len(X)", "found / X.shape[1]", "mean", "by the number of features instead"),
    (NINE, "gradient", "found +=", "found =", "rows", "only the last row counts"),
    (NINE, "gradient", "zip(X, y)", "zip(X[1:], y[1:])", "rows", "the first row is left out"),
    (NINE, BACK, "d_exp = d_tanh * (1 - tanh**2)", "d_exp = d_tanh * tanh * (1 - tanh)", "local derivative", "that of tanh"),
    (NINE, BACK, "sigmoid_*(1 - sigmoid_)", "(1 - sigmoid_**2)", "local derivative", "that of sigmoid"),
    ("logistic", "gradient", "(found + penalty(W)[1]) / len(X)", "found / len(X) + penalty(W)[1]", "penalty", "is not divided"),
    ("logistic", "loss", "penalty(W)[0]", "0.5 * penalty(W)[0]", "penalty", "the penalty counts half"),
    ("logistic", FORWARD, "np.log(p)", "np.log10(p)", "function", "the logarithm to the base 10 in log(p)"),
    ("perceptron", BACK, "y_hat*(1 - y_hat)", "(y_hat*(1 - y_hat))**2", "power", "the power `2` is too much"),
    ("perceptron", BACK, "d_z1 * x1", "d_z1 * x1 * w11", "extra factor", "`d_z1 * x1 * w11` stands where `d_z1 * x1` is right"),
    ("perceptron", "loss", "np.mean(losses)", "np.sqrt(np.mean(losses))", "mean", "it is the root of the mean"),
    ("perceptron", BACK, "d_b1 = d_z1", "d_b1 = 1 - h1**2", "local derivative", "the derivative of h1"),
    ("perceptron", BACK, "d_s * v1", "d_s * v2", "wrong name", "v2 stands where v1 belongs"),
    ("perceptron", BACK, "d_z1 * x1", "d_z1 * x2", "wrong name", "`x2` stands where `x1` is right"),
    ("perceptron", "momentum", "gamma * v + lr", "v + lr", "step", "gamma is forgotten"),
    ("perceptron", "adam", "* dW**2", "* dW", "step", "the gradient is not squared in v"),
    ("twice", BACK, "d_y_hat + ", "", "missing path", "the path through"),
]  # fmt: skip


def twice() -> Model:
    """A model with a node that reaches the loss on two ways."""
    model = Model("twice")
    x, y = model.feature("x"), model.target("y")
    a, b = model.weights("a b")
    t = model.node("t", a * x)
    model.loss((y - model.output("y_hat", b * t + model.node("u", exp(-t)))) ** 2)
    return model


@cache
def model(name: str) -> Model:
    return twice() if name == "twice" else model_of(name)


FIRST = {kind: place for place, (*_, kind, _) in reversed(list(enumerate(PLANTED)))}
"""The first of each kind; the others take long for what they add."""
ROWS = [
    pytest.param(row, id=f"{row[0]}: {row[3][:40]}", marks=[] if FIRST[row[4]] == place else pytest.mark.slow)
    for place, row in enumerate(PLANTED)
]


@pytest.mark.parametrize("row", ROWS)
def test_a_planted_mistake_is_named(row: tuple[str, ...], tmp_path: Path) -> None:
    name, function, right, planted, kind, words = row
    before, begin, text = solution_of(model(name)).partition(f"def {function}(")
    if name == "twice":
        (right,) = (line.split("= ")[1].split(" + ")[0] + " + " for line in text.splitlines() if line.startswith("    d_t = "))
    assert right in text
    file = tmp_path / "student.py"
    file.write_text(before + begin + text.replace(right, planted, 1), encoding="utf-8")
    tests = wrong(grade(file, model(name), [function], limits=PATIENT))
    assert tests
    assert {test.mistake for test in tests} == {kind}, [test.text for test in tests]
    assert words in tests[0].text
