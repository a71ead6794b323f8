"""The line with which a build ends: where the module's own operations lose digits that the inputs determine."""

import sympy as sp
from zoo import nine_weights

from symgraph import Model
from symgraph.check.digits import digits_lost


def cancelling(large: float) -> Model:
    """A model that adds a large number and takes it away again, in two nodes, so that SymPy does not see it."""
    model = Model("cancelling")
    x, a, y = model.feature("x"), model.weight("a"), model.target("y")
    shifted = model.node("shifted", a * x + sp.Float(large))
    y_hat = model.output("y_hat", shifted - sp.Float(large))
    model.loss((y - y_hat) ** 2)
    return model


def test_a_node_whose_rounding_is_all_that_is_left_is_named_with_a_point() -> None:
    found = digits_lost(cancelling(1e8))
    assert found is not None
    assert found.result in ("output", "loss", "grad a", "residual")
    assert found.node == "node shifted"
    # a*x is of size 1e-4 to 1e2 at the points that are tried, so that 1e8 stands above it by 6 to 12 digits
    assert 1e6 < found.kappa_graph / (1 + found.kappa_in) < 1e14
    assert str(found).count(" = ") == 3  # x, a and y, to be pasted


def test_more_digits_are_lost_where_more_is_added() -> None:
    small, large = digits_lost(cancelling(1e4)), digits_lost(cancelling(1e8))
    assert small is not None
    assert large is not None
    assert large.kappa_graph > 1e3 * small.kappa_graph


def test_a_sound_model_loses_a_digit_or_two_and_no_point_is_named() -> None:
    found = digits_lost(nine_weights())
    assert found is not None
    assert found.kappa_graph < 100 * (1 + found.kappa_in)
    assert " = " not in str(found)
