"""error_bound: never exceeded, tight, infinite where nothing is known; the options that ask for it."""

from functools import cache
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from built import MODELS, lacking, one_output
from flint import arb, ctx
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from random_models import models

import symgraph
from symgraph import Model
from symgraph.compiler.backends.numpy.runtime_source import runtime_library
from symgraph.compiler.generate import generate
from symgraph.errors import SpecError
from symgraph.judge.balls import KINK
from symgraph.judge.judged_points import Points, points
from symgraph.judge.reference import reference
from symgraph.options import Options, options_of
from symgraph.project.build.modules import load_artifact
from symgraph.spec.ops.op import SCIPY
from symgraph.spec.ops.ops import OPS

WITH_LOSS = [name for name in MODELS if MODELS[name]().loss_expr is not None and not lacking(MODELS[name](), "bound")]


WITHOUT_BOUND = {"floor", "mod", *(op for op, row in OPS.items() if isinstance(row.numpy, str) and row.numpy.startswith(SCIPY))}
"""Ops of which modules with an error bound are refused: those with steps, and those that SciPy computes."""


def module_of(model: Model) -> ModuleType:
    return load_artifact(generate(model, options=Options(error_bound=True))[0])


@cache
def built(name: str) -> tuple[Model, ModuleType]:
    model = MODELS[name]()
    return model, module_of(model)


def arguments(module: ModuleType, point: dict[str, float], dtype: type) -> tuple[Any, Any, Any]:
    """Weights, the row (None without features) and its target of a point."""
    w, x = (np.array([point[name] for name in names], dtype) for names in (module.WEIGHTS, module.FEATURES))
    return w, x if module.FEATURES else None, dtype(point[module.TARGET]) if module.TARGET else None


def bounded(model: Model, module: ModuleType, point: dict[str, float], dtype: type = np.float64) -> list[Any]:
    """Value, bound and truth of the loss and of each partial, for one row."""
    given = arguments(module, point, dtype)
    bound, bounds = module.error_bound(*given)
    truth = reference(model).truth(point).named(module.WEIGHTS)
    values = [float(module.forward(*given).loss), *module.per_sample_grad(*given).tolist()]
    truths = [truth["loss"], *(truth[f"grad {name}"] for name in module.WEIGHTS)]
    return [*zip(values, [float(bound), *bounds.tolist()], truths, strict=True)]


def looseness(value: float, bound: float, exact: arb, dtype: type) -> float:
    """Ratio of the bound to the error, or to half a unit in the last place if that is more; the bound must not be less."""
    info = np.finfo(dtype)
    with ctx.workprec(200):
        error = abs(arb(value) - exact)
        assert error <= bound or error - exact.rad() <= bound, f"{value!r} is {error} off, the bound is {bound!r}"
        return float(arb(bound) / max(float(error), float(abs(exact)) * float(info.eps) / 2, float(info.smallest_subnormal)))


@pytest.mark.parametrize("name", ["nine_weights", "pieces", "uniform_nodes"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_no_error_of_a_second_derivative_exceeds_its_bound(name: str, dtype: type) -> None:
    model = MODELS[name]()
    module = load_artifact(generate(model, options=options_of(["hessian", "error-bound"]))[0])
    drawn, found = points(model, n=26, seed=3).rounded(np.dtype(dtype).name), []
    for place in range(len(drawn)):
        w, x, y = given = arguments(module, drawn.point(place), dtype)
        matrix, bounds = module.hessian(*given), module.hessian_error_bound(*given)
        truth = reference(model).hessian(drawn.point(place))
        assert np.array_equal(bounds, bounds.T)
        for i, j in np.argwhere(np.isfinite(bounds)):
            if isinstance(truth[i][j], arb):
                found.append(looseness(float(matrix[i, j]), float(bounds[i, j]), truth[i][j], dtype))
    assert len(found) >= 100
    assert np.median(found) < 100.0  # as tight as sums of the errors of some tens of operations are
    assert module.hessian_error_bound(w, np.repeat(x[None], 3, 0), np.repeat(y, 3)).shape == (3, len(w), len(w))


def looks(model: Model, module: ModuleType, drawn: Points, dtype: type = np.float64) -> list[float]:
    """The looseness of all finite bounds at some points, infinite for others."""
    found = []
    for place in range(len(drawn)):
        for value, bound, exact in bounded(model, module, drawn.point(place), dtype):
            if isinstance(exact, arb):
                assert np.isfinite(value) or not np.isfinite(bound)
                found.append(looseness(value, bound, exact, dtype) if np.isfinite(bound) else np.inf)
    return found


@pytest.mark.parametrize("name", WITH_LOSS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_no_error_exceeds_its_bound_at_ordinary_and_extreme_points(name: str, dtype: type) -> None:
    model, module = built(name)
    found = looks(model, module, points(model, n=26, seed=11).rounded(np.dtype(dtype).name), dtype)
    assert np.isfinite(found).sum() > 10


def test_bounds_are_tight_and_finite_at_ordinary_points() -> None:
    """Over all models the median is near 12 (16 for the founding one); 100 is what the issue asks for."""
    kinds, found = ("small weights", "normal", "wide"), list[float]()
    for name in WITH_LOSS:
        model, module = built(name)
        found += looks(model, module, points(model, kinds, n=3, seed=3))
    ratios = np.array(found)[np.isfinite(found)]
    assert np.median(ratios) < 40
    assert len(found) < 1.02 * len(ratios)


@given(models(), st.integers(0, 2**32 - 1))
@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
def test_no_error_of_a_random_model_exceeds_its_bound(model: Model, seed: int) -> None:
    try:
        module = module_of(model)
    except SpecError:
        return  # a weight without influence, or a branch that is finite nowhere was drawn
    looks(model, module, points(model, ("normal", "wide", "magnitudes"), n=3, seed=seed))


def test_every_op_that_a_module_computes_has_a_bound() -> None:
    functions = runtime_library().homes
    for op in OPS:
        assert OPS[op].stable is not None or op in ("rowsum", *WITHOUT_BOUND) or f"{op}_bound" in functions, op
        assert (OPS[op].stable is None and OPS[op].bound is None) == (op in WITHOUT_BOUND), op


@pytest.mark.parametrize("name", ["nine_weights", "pieces", "uniform_nodes", "every_op"])
def test_a_batch_has_the_bounds_of_its_rows(name: str) -> None:
    model, module = built(name)
    drawn = points(model, ("normal",), n=5, seed=2)
    rows = [arguments(module, drawn.point(place), np.float64) for place in range(5)]
    w = rows[0][0]
    losses, partials = module.error_bound(w, np.stack([x for _, x, _ in rows]), np.stack([y for _, _, y in rows]))
    assert (losses.shape, partials.shape) == ((5,), (5, len(w)))
    for (_, x, y), *found in zip(rows, losses, partials, strict=True):
        # NumPy's functions may differ in the last bit between arrays and numbers: bounds by 1e-9 at most, they are smooth
        for one, other in zip(found, module.error_bound(w, x, y), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9)


@pytest.mark.parametrize(("expr", "w", "why"), [
    (lambda f, _g, a, b: symgraph.relu(a * f) + b, (0.0, 1.0), "kink"),
    (lambda f, g, a, b: sp.Abs(a * f - b * g), (1.0, 1.0), "kink by cancellation"),
    (lambda f, _g, a, b: sp.sqrt(a * f - b), (1.1, 0.55), "edge of a domain"),
    (lambda f, _g, a, b: sp.asin(a * f) + b, (2.0 - 2.0**-52, 1.0), "end of a domain"),
    (lambda f, _g, a, b: 1 / (a * f - b), (1.1, 0.55), "pole"),
    (lambda f, _g, a, b: sp.exp(1000 * f + a) * b, (900.0, 1.0), "overflow"),
    (lambda f, _g, a, b: sp.Piecewise((a, a > b), (2 * b, True)) * f, (1.0, 1.0), "jump"),
])  # fmt: skip
def test_a_bound_is_infinite_where_rounding_may_decide(expr: object, w: tuple[float, float], why: str) -> None:
    module = module_of(one_output(expr))
    loss, partials = module.error_bound(np.array(w), np.array([0.5, 0.5]), 0.25)
    assert np.isinf(partials).any(), why
    assert np.isinf(loss) or why.startswith("kink")


def test_saturation_beyond_overflow_is_no_reason_for_an_infinite_bound() -> None:
    """tanh(exp(1e6)) is 1 to all digits, and its derivative 0."""
    module = module_of(one_output(lambda f, _g, a, b: sp.tanh(sp.exp(a * f)) + b))
    w, x = np.array([1e6, 0.5]), np.array([1.0, 0.0])
    loss, partials = module.error_bound(w, x, 0.25)
    # tanh errs by 2.5 units of 2**-52, the sum by 1, the difference by 0.5; the square doubles that and adds its own: below 16
    assert abs(float(module.forward(w, x, 0.25).loss) - 1.5625) <= loss < 2.0**-48
    # of each cosh all that is known is that it is above 2**1000; the exponential between them is at most 2**1024
    assert partials[0] <= 2.0**-970
    assert partials[1] < 2.0**-48


@pytest.mark.parametrize("constant", [sp.Rational(1, 3), sp.Rational(2, 9)])  # an error of 1.2336e-17, in two digits
def test_rounded_constants_count(constant: sp.Rational) -> None:
    """a - 1/3 at the double next to 1/3 is known to half a unit of 1/3 and no better, though the subtraction is exact."""
    module = module_of(one_output(lambda f, _g, a, b: (a - constant) * f + b))
    w, x = np.array([float(constant), 0.0]), np.array([1.0, 0.0])
    loss, _ = module.error_bound(w, x, 0.0)
    assert module.forward(w, x, 0.0).loss == 0.0
    with mpmath.workdps(40):
        exact = (mpmath.mpf(float(constant)) - mpmath.mpf(constant.p) / constant.q) ** 2
        assert 0 < exact <= mpmath.mpf(float(loss))


def test_a_value_that_is_exact_has_next_to_no_bound_and_a_kink_exactly_hit_none() -> None:
    model, module = built("location")
    _loss, partials = module.error_bound(np.array([2.0]), None, 1.0)
    assert partials[0] <= 2.0**-1070
    _loss, (_value, bound, truth) = bounded(model, module, {"mu": 1.0, "price": 1.0})
    assert (bound, truth) == (np.inf, KINK)


def test_only_a_module_asked_for_it_has_it_and_says_so() -> None:
    plain, module = (symgraph.compile(MODELS["line"](), "numpy", extras=extras) for extras in ((), ("error-bound",)))
    assert "error_bound" in module.__all__
    assert module.METADATA["extras"] == ("error-bound",)
    for other in (plain, symgraph.compile(MODELS["curve"](), "numpy", extras=("error-bound",))):  # a curve has no loss
        assert not hasattr(other, "error_bound")
        assert "extras" not in other.METADATA
    with pytest.raises(ValueError, match="y is missing"):
        module.error_bound(np.ones(2), np.ones(5), None)
    with pytest.raises(ValueError, match="X has 4 columns"):
        module.error_bound(np.ones(2), np.ones((2, 4)), np.ones(2))
