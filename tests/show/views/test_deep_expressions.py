"""Expressions of more levels than Python lets functions call each other are shown in parts, with the numbers of the whole."""

import math

import pytest
import sympy

from symgraph import Model
from symgraph.show.views.derivation import derivation
from symgraph.show.views.derivation_texts import TEXTS
from symgraph.show.views.picture import digits
from symgraph.show.views.shallow import DEEPEST, shallow

X, A, Y = 0.3, 0.5, 0.2


def deep(steps: int) -> Model:
    """A model of steps sin(x + .), which SymPy must not evaluate as it is written: that recurses too."""
    model = Model("deep", doc="One expression of many levels.")
    x, a, y = model.feature("x"), model.weight("a"), model.target("y")
    with sympy.evaluate(False):
        expr = a * x
        for _ in range(steps):
            expr = sympy.sin(expr) + x
    model.loss((y - model.output("y_hat", expr)) ** 2)
    return model


def cosines(model: Model, steps: int) -> sympy.Expr:
    """A cosine of a cosine of ... the weight a."""
    expr = model.weight("a")
    with sympy.evaluate(False):
        for _ in range(steps):
            expr = sympy.cos(expr)
    return expr


def truth(steps: int) -> tuple[float, float]:
    """The output and its slope by a, in floats."""
    value, slope = A * X, X
    for _ in range(steps):
        value, slope = math.sin(value) + X, math.cos(value) * slope
    return value, slope


def test_the_picture_of_an_expression_of_700_levels_has_its_values() -> None:
    picture = deep(350).draw({"a": A}, {"x": X, "y": Y}).picture
    assert next(box for box in picture.boxes if box.key == "y_hat").value == digits(truth(350)[0])
    assert len(picture.boxes) <= 60
    model = Model("started")
    model.node("z", cosines(model, 600))
    assert r"z_{\mathrm{part1}} &= " in model._repr_latex_()
    assert "z_part1" in model._repr_html_()


def test_parts_are_called_after_what_they_belong_to_and_avoid_names_that_are_there() -> None:
    model = Model("taken")
    model.output("y_hat", cosines(model, DEEPEST + 1) + model.weight("y_hat_part1"))
    found = shallow(model)
    assert [node.name for node in found.nodes] == ["y_hat_part1_", "y_hat"]
    assert shallow(found) is found


def test_each_way_of_writing_the_derivation_of_a_deep_model_has_its_gradient() -> None:
    derived = derivation(deep(90), {"x": X, "a": A, "y": Y})
    value, slope = truth(90)
    gradient = -2 * (Y - value) * slope
    # each of 90 steps rounds twice
    assert derived.numbers.cotangents["a"] == pytest.approx(gradient, rel=180 * 2.0**-52, abs=0.0)
    for write in TEXTS.values():
        assert "part7" in write(derived)
    partial = shallow(derived.graph.model.freeze()).partials()["a"]
    assert "y_hat_part7" in {str(symbol) for symbol in partial.free_symbols}
