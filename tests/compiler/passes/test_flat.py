"""Roots of what is 0 in a whole region have slope 0 there; infinite slopes at a point stay infinite."""

import math

import pytest
import sympy as sp
from built import modules_of
from truths import gradient as truth_of
from written import of_weights

import symgraph as sg
from symgraph.judge.reference import Reference

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


@pytest.mark.parametrize("name", ZERO_BELOW)
def test_the_slope_is_0_where_the_radicand_is_and_right_where_it_is_positive(name: str) -> None:
    model = of_weights(ZERO_BELOW[name])
    numpy, scalar = modules_of(model)
    point, zeros, partials = [-2.0, 1.5][: len(numpy.WEIGHTS)], [0.0] * len(numpy.WEIGHTS), [math.nan] * len(numpy.WEIGHTS)
    value, gradient = numpy.value_and_grad(point)
    scalar.row(point, [], 0.0, partials)
    assert (value, gradient.tolist(), partials) == (0.0, zeros, zeros)
    point = [2.5, 1.5][: len(point)]
    truth = truth_of(Reference(model), dict(zip(numpy.WEIGHTS, point, strict=True)))
    assert numpy.grad(point) == pytest.approx([*map(float, truth.values())], rel=1e-14, abs=0.0)  # some twenty roundings


def test_what_is_0_at_a_point_keeps_its_infinite_slope_and_a_pole_stays() -> None:
    for root in (sp.sqrt(a), sp.sqrt(sp.Max(a, 0))):
        assert modules_of(of_weights(root))[0].grad([0.0])[0] == math.inf
    assert modules_of(of_weights(1 / sg.relu(a)))[0].loss([-1.0]) == math.inf
