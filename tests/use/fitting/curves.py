"""Models of a feature x and a target y that the tests of fits share."""

from functools import cache
from typing import Any

import symgraph
from symgraph import Model


def curve(formula: str, name: str = "curve", **init: float) -> Model:
    """The model of a formula, such as y ~ a*x + b."""
    return Model.from_formula(formula, ("x", "y"), init, name=name)


@cache
def compiled(formula: str, name: str = "curve", **init: float) -> Any:
    """Its NumPy module, compiled once a process, for which no C compiler is waited for."""
    return symgraph.compile(curve(formula, name, **init), backend="numpy")


def declared(loss: Any, weights: str = "a b", name: str = "declared", **of_weights: Any) -> Model:
    """The model whose output and loss a function of model, x, y and the weights declares."""
    model = Model(name)
    x, y = model.feature("x"), model.target("y")
    loss(model, x, y, *model.weights(weights, **{"init": 1.0, **of_weights}))
    return model
