"""half_angle: sine and cosine of batches are accurate, stay in their range, and have sound error bounds."""

import mpmath
import numpy as np
import pytest
import sympy as sp
from built import one_output
from graphs import NUMPY

from symgraph import Model
from symgraph.compiler.generate import differentiated, generate
from symgraph.compiler.ir.evaluate import evaluate
from symgraph.compiler.ir.graph import GraphBuilder
from symgraph.compiler.passes import printed
from symgraph.compiler.passes.half_angle import half_angle
from symgraph.compiler.passes.tangents import tangents
from symgraph.options import Options
from symgraph.project.build.modules import load_artifact

UNIT = mpmath.mpf(2) ** -52
SINE_ULP, COSINE_ULP = 2.0, 2.0
"""What the docs state (1.6 and 1.5 as measured in NumPy with AVX-512), and some room for another tangent, below 1 ulp."""


def sine_and_cosine(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both by the rewritten graph, in NumPy."""
    builder = GraphBuilder("pair")
    leaf = builder.leaf("feature", "x")
    graph = tangents(half_angle(builder.build({"sin": builder.add("sin", leaf), "cos": builder.add("cos", leaf)}, {})))
    values = evaluate(graph, {"x": x}, NUMPY, x.dtype.type)
    return values[graph.roots["sin"]], values[graph.roots["cos"]]


def angles() -> np.ndarray:
    """Angles of all sizes, and next to multiples of pi/2."""
    rng = np.random.default_rng(3)
    near = np.rint(rng.uniform(-60, 60, 400)) * (np.pi / 2) * (1 + rng.normal(size=400) * 10.0 ** rng.uniform(-17, -1, 400))
    sizes = rng.choice([-1.0, 1.0], 900) * 10.0 ** np.concatenate([rng.uniform(-300, 0, 300), rng.uniform(-2, 300, 600)])
    worst = [np.pi, np.pi / 2, 1.5 * np.pi, 6381956970095103 * 2.0**797, np.finfo(float).max]
    found = np.concatenate([near, sizes, worst])
    return found[found != 0]


def test_errors_are_as_stated_for_angles_of_every_size() -> None:
    x = angles()
    with mpmath.workprec(1300):  # the largest double has 1024 bits before the point
        for angle, sine, cosine in zip(*(part.tolist() for part in (x, *sine_and_cosine(x))), strict=True):
            true_sine, true_cosine = mpmath.sin(angle), mpmath.cos(angle)
            assert abs(sine - true_sine) <= SINE_ULP * UNIT * abs(true_sine), angle
            # relative to what an error of the angle makes of the cosine
            assert abs(cosine - true_cosine) <= COSINE_ULP * UNIT * (abs(true_cosine) + abs(angle * true_sine)), angle


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sine_and_cosine_stay_between_minus_one_and_one(dtype: type) -> None:
    """asin of a sine must not become NaN: the numbers next to pi/2, at which 2*t/(1 + t*t) may round."""
    steps = np.arange(-3000, 3000) * np.finfo(dtype).eps
    x = np.concatenate([dtype(k * np.pi / 2) * (1 + steps) for k in (-3, -1, 1, 3, 5, 2, 4)]).astype(dtype)
    assert [np.abs(values).max() for values in sine_and_cosine(x)] == [1.0, 1.0]


def test_zeros_keep_their_sign_and_infinities_are_nan() -> None:
    assert str([part.tolist() for part in sine_and_cosine(np.array([0.0, -0.0]))]) == "[[0.0, -0.0], [1.0, 1.0]]"
    with np.errstate(invalid="ignore"):
        assert all(np.isnan(values).all() for values in sine_and_cosine(np.array([np.inf, -np.inf])))


def wave() -> Model:
    """A model that needs sine and cosine, in loss and gradient."""
    return one_output(lambda x, a, b: b * sp.sin(a * x), features="x")


def test_only_batches_take_the_tangent() -> None:
    graph = differentiated(wave())
    graphs = (graph, printed(graph, "numpy"), printed(graph, "scalar"))
    ops = [{node.op for node in one.nodes} & {"sin", "cos", "tan"} for one in graphs]
    assert ops == [{"sin", "cos"}, {"tan"}, {"sin", "cos"}]
    texts = [generate(wave(), options=Options(precision=precision))[0].text for precision in ("double", "accurate")]
    assert [("np.tan(" in text, "np.sin(" in text) for text in texts] == [(True, False)] * 2


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_error_bounds_hold_and_are_finite_next_to_the_poles_of_the_tangent(dtype: type) -> None:
    module = load_artifact(generate(wave(), options=Options(error_bound=True))[0])
    rng = np.random.default_rng(5)
    for turns in np.rint(10.0 ** rng.uniform(0, 5, 150)):
        a = float(dtype(rng.uniform(0.5, 2)))
        x = float(dtype(turns * np.pi / a))
        given = np.array([a, 1.5], dtype), np.array([x], dtype), dtype(0.25)
        loss_bound, bounds = module.error_bound(*given)
        assert np.isfinite(bounds).all()
        found = [float(module.forward(*given).loss), *module.per_sample_grad(*given).tolist()]
        with mpmath.workdps(40):
            sine, cosine = mpmath.sin(mpmath.mpf(a) * x), mpmath.cos(mpmath.mpf(a) * x)
            residual = 0.25 - 1.5 * sine
            exact = [residual**2, -3 * residual * cosine * x, -2 * residual * sine]
            for value, true, bound in zip(found, exact, [float(loss_bound), *bounds.tolist()], strict=True):
                assert abs(value - true) <= bound
