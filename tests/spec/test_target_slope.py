"""The derivative of a residual by the target: written where it is not 1 or -1, of formulas, scales and several targets."""

from typing import Any

import pytest
import sympy

import symgraph
from symgraph.spec.target_slope import target_slope


@pytest.mark.parametrize(
    ("formula", "slope"),
    [
        ("y ~ a*x", ""),
        ("log(y) ~ a*x", "-1/y"),
        ("sqrt(y) ~ a*x", "-1/(2*sqrt(y))"),
        ("1/y ~ a*x", "y**(-2)"),
        ("2*y ~ a*x", "-2"),
    ],
)
def test_a_function_of_the_target_has_its_derivative(formula: str, slope: str) -> None:
    assert target_slope(symgraph.Model.from_formula(formula, ("x", "y"))) == slope


def declared(residual: Any) -> symgraph.Model:
    model = symgraph.Model("declared")
    x, y = model.feature("x", domain=(1, 2)), model.target("y", domain=(1, 2))
    a, b = model.weights("a b", init=1.0)
    model.residual(residual(model, x, y, a, b))
    return model


@pytest.mark.parametrize(
    ("residual", "slope"),
    [
        (lambda m, x, y, a, b: (m.output("y_hat", a * x + b) - y) / x, "-1/x"),
        (lambda m, x, y, a, b: m.output("y_hat", a * x + b) - m.node("root", m.node("twice", 2 * y) ** 2), "-8*y"),
        (lambda m, x, y, a, b: y**b - m.output("y_hat", a * x), "b*y**b/y"),
        (lambda m, x, y, a, b: m.output("y_hat", a * x + b) - y * m.constant("c", 3), "-3.00000000000000"),
        (lambda m, x, y, a, b: m.output("y_hat", a * x + b) - sympy.Piecewise((y, y < 1.5), (2 * y, True)), "unknown"),
    ],
    ids=["scale", "nodes", "weight", "constant", "branches"],
)
def test_a_declared_residual_has_its_derivative_in_terms_of_inputs(residual: Any, slope: str) -> None:
    assert sympy.sympify(target_slope(declared(residual))) == sympy.sympify(slope)


def test_several_targets_have_the_determinant() -> None:
    model = symgraph.Model("two")
    x, (y, z) = model.feature("x"), model.targets("y z")
    a = model.weight("a", init=1.0)
    f, g = model.outputs("f g", a * x, a + x)
    model.residual(f - sympy.log(y), g - 2 * z)
    assert sympy.sympify(target_slope(model)) == sympy.sympify("2/y")
