"""Roots of what is 0 in a whole region have slope 0 there; infinite slopes at a point stay infinite."""

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import sympy as sp
from written import of_weights

import symgraph as sg
from symgraph.build.modules import load_artifact
from symgraph.generate import generate

a, b = sp.symbols("a b", real=True)

ZERO_BELOW = {
    "step": sp.sqrt(sp.Heaviside(a) * a), "step and another weight": sp.sqrt(sp.Heaviside(a) * a * (1 + b**2)),
    "shifted step": sp.sqrt(sp.Heaviside(a - 1) * (a - 1)), "absolute value": sp.sqrt(sp.Abs(a) + a),
    "half of it": sp.sqrt((sp.Abs(a) + a) / 2), "shifted": sp.sqrt(sp.Abs(a - 1) + a - 1),
    "times another weight": sp.sqrt(b * sp.Abs(a) + b * a), "maximum": sp.sqrt(sp.Max(a, 0)),
    "power of a maximum": sp.Max(a, 0) ** sp.Float(0.3), "relu": sp.sqrt(sg.relu(a)),
    "two relus": sp.sqrt(sg.relu(a) * sg.relu(b)), "root of a root": sp.sqrt(sp.sqrt(sg.relu(a)) * b),
    "cube root": sg.cbrt(sp.Heaviside(a) * a * b), "choice": sp.sqrt(sp.Piecewise((a, a > 0), (0, True)) * b),
    "sine of it": sp.sqrt(sp.tanh(sp.Heaviside(a) * a)), "arc sine of it": sp.sqrt(sp.erf(sp.asin(sp.Heaviside(a) * a / 4))),
}  # fmt: skip


def module_of(expr: Any, backend: str = "numpy") -> ModuleType:
    """A model's module, not verified."""
    return load_artifact(generate(of_weights(expr), (backend,))[0])


@pytest.mark.parametrize("name", ZERO_BELOW)
def test_the_slope_is_0_where_the_radicand_is(name: str) -> None:
    expr = ZERO_BELOW[name]
    point = [-2.0, 1.5][: len(expr.free_symbols)]
    value, gradient = module_of(expr).value_and_grad(np.array(point))
    assert value == 0.0
    assert gradient.tolist() == [0.0] * len(point)
    partials = [math.nan] * len(point)
    module_of(expr, "scalar").row(point, [], 0.0, partials)
    assert partials == [0.0] * len(point)


@pytest.mark.parametrize("name", ZERO_BELOW)
def test_the_slope_is_right_where_the_radicand_is_positive(name: str) -> None:
    expr = ZERO_BELOW[name]
    symbols = sorted(expr.free_symbols, key=str)
    at = dict(zip(symbols, [2.5, 1.5], strict=False))
    gradient = module_of(expr).grad(np.array(list(at.values())))
    smooth = {sp.Heaviside: lambda *_: sp.Integer(1), sp.Abs: lambda x: x, sp.Max: sp.Add, sg.relu: lambda x: x}
    for function, instead in smooth.items():
        expr = expr.replace(function, instead)
    expr = expr.replace(sg.cbrt, lambda x: x ** sp.Rational(1, 3)).replace(sp.Piecewise, lambda branch, _: branch[0])
    truth = [float(sp.diff(expr, symbol).subs(at).evalf(30)) for symbol in symbols]
    assert gradient == pytest.approx(truth, rel=1e-14, abs=0.0)  # some twenty roundings


def test_what_is_0_at_a_point_keeps_its_infinite_slope_and_a_pole_stays() -> None:
    assert module_of(sp.sqrt(a)).grad(np.array([0.0]))[0] == math.inf
    assert module_of(sp.sqrt(sp.Max(a, 0))).grad(np.array([0.0]))[0] == math.inf
    assert module_of(1 / sg.relu(a)).loss(np.array([-1.0])) == math.inf
