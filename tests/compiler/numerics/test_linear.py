"""Weights in which residuals are jointly linear, read from the expression."""

from typing import Any

import numpy as np
import pytest
from sympy import Piecewise, exp, sqrt

import symgraph


@pytest.mark.parametrize(("formula", "linear"), [
    ("y ~ a + b*x + c*x**2", ("a", "b", "c")), ("y ~ a*exp(-k*x) + c", ("a", "c")), ("y ~ a*b*x + c", ("a", "c")),
    ("log(y) ~ a - b*x*exp(-k*z)", ("a", "b")), ("y ~ (a + b*x)/(1 + c*x)", ("a", "b")), ("y ~ 1/(a + b*x)", ()),
    ("y ~ (a + x)**2", ()), ("y ~ abs(a)*x + b", ("b",)), ("y ~ a*exp(-k*x) + k*z", ("a",)),
])  # fmt: skip
def test_weights_that_stand_in_products_with_others_alone_are_linear(formula: str, linear: tuple[str, ...]) -> None:
    model = symgraph.Model.from_formula(formula, ("x", "z", "y"))
    assert symgraph.compile(model, backend="numpy").METADATA.get("linear", ()) == linear


def model_of(expression: Any, penalty: Any = None) -> Any:
    model = symgraph.Model("tried")
    x, y, (a, b) = model.feature("x"), model.target("y"), model.weights("a b", init=1.0)
    model.residual(model.output("y_hat", expression(x, a, b)) - y)
    if penalty is not None:
        model.penalty(penalty(a, b))
    return symgraph.compile(model, backend="numpy")


@pytest.mark.parametrize(("form", "penalty", "linear"), [
    (lambda x, a, b: Piecewise((a * x, x > 0), (b, True)), None, ("a", "b")),
    (lambda x, a, b: Piecewise((a * x, x > b), (a, True)), None, ("a",)),
    (lambda x, a, b: a * x + b, lambda a, b: 0.1 * a**2, ("a", "b")),
    (lambda x, a, b: a * x + b, lambda a, b: 0.1 * (sqrt(1 + a**2) - 1) ** 2, ("b",)),
])  # fmt: skip
def test_branches_and_penalties_must_be_linear_too(form: Any, penalty: Any, linear: tuple[str, ...]) -> None:
    assert model_of(form, penalty).METADATA["linear"] == linear


def test_second_derivatives_by_linear_weights_are_0_wherever_the_others_are() -> None:
    module = model_of(lambda x, a, b: a * x * exp(-b * x) + a / (1 + b**2))
    x, y, place = np.linspace(0.0, 2.0, 5), np.zeros(5), module.WEIGHTS.index("a")
    assert module.METADATA["linear"] == ("a",)
    slopes = [module.residual_jacobian(module.pack({"a": a, "b": 0.3}), x, y)[:, place] for a in (-1e9, 0.0, 7.0)]
    np.testing.assert_array_equal(slopes[:2], slopes[1:])
