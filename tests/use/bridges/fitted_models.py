"""Models and rows that the tests of the bridges share."""

from functools import cache
from typing import Any

import numpy as np
import sympy as sp

import symgraph
from symgraph import Model

T = np.linspace(0.0, 4.0, 30)
Y = 2.0 * np.exp(-0.7 * T) + 0.5 + 0.02 * np.sin(37.0 * T)


def decay(fixed_c: bool = False, **of_rate: Any) -> Model:
    """Return the model a*exp(-k*t) + c, with options of the weight k."""
    model = Model("decay")
    t, _ = model.feature("t"), model.target("y")
    a, k = model.weight("a", init=1.0), model.weight("k", **{"init": 1.0, **of_rate})
    model.output("level", a * sp.exp(-k * t) + model.weight("c", init=0.0, fixed=fixed_c))
    model.loss("squared_error")
    return model


@cache
def decay_module() -> Any:
    """Return its module, with derivatives by the feature."""
    return symgraph.compile(decay(), extras=["feature-jacobian"])


@cache
def circle_module() -> Any:
    """Return the module of two outputs, two targets and two features."""
    model = Model("circle")
    (u, v), (p, q) = model.features("u v"), model.targets("p q")
    r, s = model.weights("r s", init=1.0)
    first, second = model.outputs("x_hat y_hat", r * sp.cos(u) + s * v, r * sp.sin(u) - s * u * v)
    model.residual(first - p, second - q)
    return symgraph.compile(model, extras=["feature-jacobian"])


@cache
def constrained_module() -> Any:
    """Return the module of the decay with a constraint of two weights."""
    model = decay()
    a, c = (entry.symbol for entry in model.weight_inputs if entry.name in "ac")
    model.constraint("top", a + c, upper=2.0)
    return symgraph.compile(model, backend="numpy")


@cache
def plain_module() -> Any:
    """Return the module of the decay without derivatives by the feature."""
    return symgraph.compile(decay())
