"""Special functions of an operand with a positive scale, which overflows in the search for products of infinity and 0."""

import pytest
import sympy as sp
from built import verified
from special_models import FUNCTIONS

from symgraph import Model


@pytest.mark.parametrize("name", [name for name, (_, domain) in FUNCTIONS.items() if domain[1] > 2])
def test_a_function_of_a_feature_times_a_positive_weight_is_built(name: str) -> None:
    function, (low, high) = FUNCTIONS[name]
    model = Model("scaled")
    x, y = model.feature("x", domain=(max(low, 0.1), high / 4)), model.target("y")
    scale, height = model.positive("scale"), model.weight("height")
    model.residual(model.output("out", height * function(scale * x)) - y)
    assert verified(model, "numpy").predict([0.0, 2.0], [[1.0]]) == pytest.approx(
        2 * float(sp.N(function(sp.Float(1)))), rel=1e-13, abs=0.0
    )
