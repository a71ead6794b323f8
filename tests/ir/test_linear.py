"""Weights in which residuals are jointly linear, read from the expression."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sympy import Piecewise, exp, sqrt

import symgraph


def linear_of(formula: str) -> tuple[str, ...]:
    model = symgraph.Model.from_formula(formula, ("x", "z", "y"))
    return tuple(symgraph.compile(model, backend="numpy").METADATA.get("linear", ()))


@pytest.mark.parametrize(("formula", "linear"), [
    ("y ~ a + b*x + c*x**2", ("a", "b", "c")), ("y ~ a*exp(-k*x) + c", ("a", "c")), ("y ~ a*b*x + c", ("a", "c")),
    ("log(y) ~ a - b*x*exp(-k*z)", ("a", "b")), ("y ~ (a + b*x)/(1 + c*x)", ("a", "b")), ("y ~ 1/(a + b*x)", ()),
    ("y ~ (a + x)**2", ()), ("y ~ abs(a)*x + b", ("b",)), ("y ~ a*exp(-k*x) + k*z", ("a",)),
])  # fmt: skip
def test_weights_that_stand_in_products_with_others_alone_are_linear(formula: str, linear: tuple[str, ...]) -> None:
    assert linear_of(formula) == linear


def model_of(expression: Callable[..., Any], penalty: Callable[..., Any] | None = None) -> Any:
    model = symgraph.Model("tried")
    x, y = model.feature("x"), model.target("y")
    a, b = model.weights("a b", init=1.0)
    model.residual(model.output("y_hat", expression(x, a, b)) - y)
    if penalty is not None:
        model.penalty(penalty(a, b))
    return symgraph.compile(model, backend="numpy")


def test_a_branch_chosen_by_a_weight_is_not_linear_in_it() -> None:
    chosen_by_x = model_of(lambda x, a, b: Piecewise((a * x, x > 0), (b, True)))
    chosen_by_b = model_of(lambda x, a, b: Piecewise((a * x, x > b), (a, True)))
    assert chosen_by_x.METADATA["linear"] == ("a", "b")
    assert chosen_by_b.METADATA["linear"] == ("a",)


def test_rows_of_a_penalty_must_be_linear_too() -> None:
    ridge = model_of(lambda x, a, b: a * x + b, lambda a, b: 0.1 * a**2)
    curved = model_of(lambda x, a, b: a * x + b, lambda a, b: 0.1 * (sqrt(1 + a**2) - 1) ** 2)
    assert ridge.METADATA["linear"] == ("a", "b")
    assert curved.METADATA["linear"] == ("b",)


def test_second_derivatives_by_linear_weights_are_0_wherever_the_others_are() -> None:
    module = model_of(lambda x, a, b: a * x * exp(-b * x) + a / (1 + b**2))
    x, y = np.linspace(0.0, 2.0, 5), np.zeros(5)
    place = module.WEIGHTS.index("a")
    assert module.METADATA["linear"] == ("a",)
    slopes = [module.residual_jacobian(module.pack({"a": a, "b": 0.3}), x, y)[:, place] for a in (-1e9, 0.0, 7.0)]
    np.testing.assert_array_equal(slopes[0], slopes[1])
    np.testing.assert_array_equal(slopes[1], slopes[2])
