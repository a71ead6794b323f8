"""Values of rewritten models at special points and in the tails, in doubles."""

import math
from typing import Any

import mpmath
import pytest
import sympy as sp
from graphs import values_of
from spec_graphs import graph_of

import symgraph as sg
from symgraph import Model
from symgraph.derive.adjoint import differentiate
from symgraph.derive.lowering import lower
from symgraph.passes import PIPELINE, run_passes
from symgraph.passes.factor import factor
from symgraph.passes.rewrite import rewrite

a, b, c = sp.symbols("a b c", real=True)


def at(expr: Any, point: dict[str, float], domains: dict[str, tuple[float, float]] | None = None) -> dict[str, float]:
    """The loss and its gradient in doubles."""
    graph = run_passes(PIPELINE, factor(differentiate(rewrite(graph_of(expr, domains)))))
    found = values_of(graph, {"cotangent": 1.0, "largest": 1.7976931348623157e308, **point})
    return {root: float(value) for root, value in found.items() if not root.startswith("node ")}


def test_mixtures_with_weights_of_any_sign_neither_overflow_nor_vanish() -> None:
    mixture = sp.log(a * sp.exp(-(b**2)) + (1 - a) * sp.exp(-(c**2)))
    found = at(mixture, {"a": 0.25, "b": 60.0, "c": 70.0})
    # the first law weighs all: log(1/4) - 3600; its slopes are 1/a and -2b, those of the other exp(-1300)
    assert found == {"loss": math.log(0.25) - 3600, "grad a": 4.0, "grad b": -120.0, "grad c": 0.0}
    shifted = at(sp.log(1 + c * sp.exp(a)), {"a": 800.0, "c": 2.0})
    assert shifted == {"loss": 800 + math.log(2), "grad a": 1.0, "grad c": 0.5}
    small = at(sp.log(1 + c * sp.exp(a)), {"a": -60.0, "c": -2.0})
    assert small["loss"] == pytest.approx(-2 * math.exp(-60), rel=2**-50, abs=0.0)


def test_special_points_have_the_value_and_the_derivative_of_the_limit() -> None:
    assert at(sp.sin(a) / a, {"a": 0.0}) == {"loss": 1.0, "grad a": 0.0}
    assert at(a * sp.log(a), {"a": 0.0})["loss"] == 0.0
    assert at(sp.sqrt(a**2 + b**2), {"a": 0.0, "b": 0.0}) == {"loss": 0.0, "grad a": 0.0, "grad b": 0.0}
    assert at(sp.log(sp.cosh(a)), {"a": 0.0}) == {"loss": 0.0, "grad a": 0.0}
    assert at(1 - sp.cos(a), {"a": 0.0}) == {"loss": 0.0, "grad a": 0.0}
    assert at(sp.exp(a) - sp.exp(b), {"a": 2.0, "b": 2.0})["loss"] == 0.0
    assert at(sp.erf(a) - sp.erf(b), {"a": 6.0, "b": 6.0})["loss"] == 0.0
    assert at(sg.xlogy(a, sg.sigmoid(b)), {"a": 0.0, "b": -1e5}) == {"loss": 0.0, "grad a": -1e5, "grad b": 0.0}
    # the slope of log(erfc(x)/2) at 0, where the one form meets the other
    assert at(sp.log(sp.erfc(a) / 2), {"a": 0.0})["grad a"] == pytest.approx(-2 / math.sqrt(math.pi), rel=2**-50, abs=0.0)
    tie = at(sp.log(sp.exp(a) + sp.exp(b)), {"a": 1000.0, "b": 1000.0})
    assert (tie["grad a"], tie["grad b"]) == (0.5, 0.5)
    assert at(sp.sqrt(a + b) - sp.sqrt(a - b), {"a": 0.0, "b": 0.0})["loss"] == 0.0
    assert math.isnan(at(sp.sqrt(a + b) - sp.sqrt(a), {"a": -2.0, "b": 0.5})["loss"])
    assert math.isnan(at(sp.log(a + b) - sp.log(a), {"a": -2.0, "b": 0.5})["loss"])
    flat = at(sp.sqrt(a**2 + b) - a, {"a": 0.0, "b": 4.0})
    assert flat == {"loss": 2.0, "grad a": -1.0, "grad b": 0.25}


@pytest.mark.parametrize("size", [1e-320, 1e-200, 1.0, 1e150, 1.1e308, -1e-320, -1e-200, -1.0, -1e150, -1e308])
def test_a_root_less_a_number_overflows_where_the_truth_does(size: float) -> None:
    point = {"a": size / 3 if size < 0 else size, "b": size / 2 if size < 0 else size}
    found = at(sp.sqrt(a**2 + b**2) - b, point)
    with mpmath.workdps(40):
        truth = mpmath.hypot(point["a"], point["b"]) - mpmath.mpf(point["b"])
        # three roundings and hypot's own of 1 unit; of subnormal numbers a step or two
        assert abs(mpmath.mpf(found["loss"]) - truth) <= max(4 * mpmath.mpf(2) ** -52 * truth, 2 * mpmath.mpf(2) ** -1074)


@pytest.mark.parametrize("z", [-40.0, -9.0, -0.3, 0.0, 3.0, 6.0, 9.0, 30.0])
def test_a_named_normal_probability_has_the_loss_of_its_logarithms(z: float) -> None:
    """The cross entropy of a probit model; Phi(-z) by its definition in mpmath."""
    p = (1 + sp.erf(a / sp.sqrt(2))) / 2
    model = Model("g")
    node = model.node("p", p.subs(a, model.weight("a")))
    model.loss(-sp.log(node) / 4 - 3 * sp.log(1 - node) / 4)
    graph = run_passes(PIPELINE, factor(differentiate(rewrite(lower(model)))))
    found = values_of(graph, {"cotangent": 1.0, "largest": 1.7976931348623157e308, "a": z})
    with mpmath.workdps(900):
        upper, lower_half = (mpmath.erfc(sign * mpmath.mpf(z) / mpmath.sqrt(2)) / 2 for sign in (-1, 1))
        density = mpmath.exp(-(mpmath.mpf(z) ** 2) / 2) / mpmath.sqrt(2 * mpmath.pi)
        loss = -mpmath.log(upper) / 4 - 3 * mpmath.log(lower_half) / 4
        slope = -density / upper / 4 + 3 * density / lower_half / 4
        # log_half_erfc errs by 4 ulp and its slope by 6, relative to the larger of two terms that may cancel around z = 0.6
        assert abs(found["loss"] - loss) <= 16 * 2.0**-52 * abs(loss)
        assert abs(found["grad a"] - slope) <= 16 * 2.0**-52 * (abs(slope) + 1)
