"""mask: rows in which a named node has no value contribute nothing through a branch that is not taken."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from sympy import Piecewise, exp, log, sqrt

from symgraph import Model
from symgraph.compiler.generate import generate
from symgraph.project.build.modules import load_artifact

BRANCHES: dict[str, tuple[Callable[..., Any], Callable[..., Any], Sequence[float]]] = {
    "a node of the data": (lambda w, b, x: {"node": log(x)}, lambda w, b, x, node: (w * node, x > 0), (-2.0, 0.0)),
    "a node of weights": (lambda w, b, x: {"node": sqrt(w * x)}, lambda w, b, x, node: (b * node, w * x > 0), (-2.0, -1e3)),
    "a node that overflows": (lambda w, b, x: {"node": exp(w * x)}, lambda w, b, x, node: (b * node, x < 5), (1e3, 1e5)),
}


@pytest.mark.parametrize("name", BRANCHES)
def test_a_node_without_a_value_in_the_branch_that_is_not_taken_adds_nothing(name: str) -> None:
    nodes, branch, rows = BRANCHES[name]
    model = Model("branches")
    x, w, b = model.feature("x"), model.weight("w"), model.weight("b")
    named = {one: model.node(one, formula) for one, formula in nodes(w, b, x).items()}
    model.output("y_hat", Piecewise(branch(w, b, x, **named), (b * x, True)))
    model.target("y")
    model.loss("squared_error")
    module = load_artifact(generate(model)[0])
    gradients = module.per_sample_grad(np.array([1.5, 0.5]), np.array(rows)[:, np.newaxis], np.zeros(len(rows)))
    # y_hat is b*x there, and the loss its square: 2*b*x*x with b = 1/2
    np.testing.assert_array_equal(gradients, [[0.0, x * x] for x in rows])
