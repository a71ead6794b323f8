"""The gradient check as an assertion."""

import pytest
from zoo import line

import symgraph
from symgraph import Model
from symgraph.errors import DataError
from symgraph.use.testing import assert_gradients


def flat() -> Model:
    """Return a model with a weight that counts nowhere within its domain."""
    model = Model("flat")
    x, y = model.feature("x", domain=(1, 2)), model.target("y")
    a, b = model.weight("a", init=1.0), model.weight("b", init=0.0, domain=(0, 1))
    model.output("y_hat", a * x + symgraph.relu(b - 10.0))
    model.loss((y - a * x - symgraph.relu(b - 10.0)) ** 2)
    return model


def test_right_derivatives_pass_at_drawn_and_at_given_rows() -> None:
    module = symgraph.compile(line())
    assert_gradients(module)
    assert_gradients(module, [[0.5], [1.5]], [1.0, 2.0], w=[0.3, 0.7], seed=3)
    with pytest.raises(DataError, match="y is missing"):
        assert_gradients(module, [[0.5]])


def test_a_weight_of_which_nothing_was_seen_fails_unless_it_is_named() -> None:
    module = symgraph.compile(flat(), backend="numpy")
    with pytest.raises(AssertionError, match=r"(?s)incomplete.*b +not judged.*unjudged=\['b'\]"):
        assert_gradients(module)
    assert_gradients(module, unjudged=["b"])
