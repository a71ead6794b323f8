"""The line with which a build ends: where the module's own operations lose digits that the inputs determine."""

import sympy as sp
from written import written
from zoo import nine_weights

from symgraph import Model
from symgraph.check.digits import digits_lost


def cancelling(large: float) -> Model:
    """A model that adds a large number and takes it away again, in two nodes, so that SymPy does not see it."""
    number = sp.Float(large)
    return written(lambda m, x, a, y: (y - m.output("out", m.node("shifted", a * x + number) - number)) ** 2, "loss")


def test_a_node_whose_rounding_is_all_that_is_left_is_named_with_a_point() -> None:
    large, small = digits_lost(cancelling(1e8)), digits_lost(cancelling(1e4))
    assert large.result in ("output", "loss", "grad a", "residual")
    assert large.node == "node shifted"
    # a*x is of size 1e-4 to 1e2 at the points that are tried, so that 1e8 stands above it by 6 to 12 digits
    assert 1e6 < large.kappa_graph / (1 + large.kappa_in) < 1e14
    assert str(large).count(" = ") == 3  # x, a and y, to be pasted
    assert large.kappa_graph > 1e3 * small.kappa_graph


def test_a_sound_model_loses_a_digit_or_two_and_no_point_is_named() -> None:
    found = digits_lost(nine_weights())
    assert found.kappa_graph < 100 * (1 + found.kappa_in)
    assert " = " not in str(found)
