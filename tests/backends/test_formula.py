"""symgraph.backends.formula: formulas for people, in terms of named nodes."""

import pytest
import sympy as sp
from built import one_output
from zoo import ZOO

from symgraph import Model
from symgraph.backends.formula import LONGEST, formulas
from symgraph.derive.lowering import lower


def test_formulas_are_those_of_the_spec() -> None:
    assert formulas(lower(ZOO["nine_weights"]())) == {
        "t": "w1 * f1 + w2 * f2",
        "exp": "exp(t**2 + w6)",
        "tanh": "tanh(exp + w7)",
        "sigmoid": "sigmoid(sin(w3 * f3) * (w4 * f4 + w5 * f5) + w8)",
        "y_hat": "tanh + w9 * sigmoid",
        "loss": "(y - y_hat)**2",
    }


def test_a_second_name_of_a_node_refers_to_the_first() -> None:
    result = formulas(lower(ZOO["uniform_nodes"]()))
    assert result["shift"] == "scale * tanh(c)"
    assert result["same"] == "shift"
    assert result["y_hat"] == "scale * x1 + shift * x2 + k"


def test_a_loss_that_is_a_node_or_an_input_says_so() -> None:
    model = Model("m")
    a, b = model.weights("a b")
    node = model.node("n", a * b)
    model.loss(node)
    assert formulas(lower(model)) == {"n": "a * b", "loss": "n"}


@pytest.mark.parametrize("name", ZOO)
def test_every_node_has_a_formula_that_is_not_its_own_name(name: str) -> None:
    model = ZOO[name]()
    result = formulas(lower(model))
    assert list(result) == [*(node.name for node in model.nodes), *(["loss"] if model.loss_expr is not None else [])]
    assert all(formula != node and len(formula) <= LONGEST for node, formula in result.items())


def test_an_endless_formula_is_cut() -> None:
    terms = [sp.sin(index * sp.Symbol("f", real=True)) for index in range(1, 60)]
    result = formulas(lower(one_output(lambda f, g, a, b: a * sp.Add(*terms) + b * g)))
    assert "characters]" in result["y_hat"]
    assert len(result["y_hat"]) < LONGEST
