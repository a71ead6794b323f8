"""Derivatives on request in every backend that has them: models with penalties, constants and several outputs."""

from functools import cache
from itertools import product
from typing import Any

import array_api_strict
import numpy as np
import pytest
import sympy as sp
from built import altered, one_output, verified

import symgraph
from symgraph import Model
from symgraph.compiler.generate import generate
from symgraph.errors import VerificationError
from symgraph.judge.reference import Reference, number
from symgraph.judge.verify import verify
from symgraph.module_functions import DERIVATIVES, ON_REQUEST
from symgraph.options import options_of

KINDS = ("numpy", "native", "array_api", "accurate", "c", "float")
EXTRAS = tuple(name for name, function in DERIVATIVES.items() if function in ON_REQUEST)
W, V = np.array([1.0, 0.75, 0.25]), np.array([1.0, -0.5, 2.0])
X, Y, S = np.array([1.0, 2.0, 4.0, 3.0]), np.array([3.0, 2.0, 1.0, 0.5]), np.array([0.5, 2.0, 0.0, 1.25])


def ridge(penalized: bool = True) -> Model:
    """Return a curve with a prior of its weights, whose strength is a constant, and one of a sum of logarithms."""
    model = Model("ridge")
    x, lam = model.feature("x"), model.constant("lam", 0.125, domain=(0, 10))
    model.target()
    a, b = model.weights("a b")
    scale = model.positive("scale")
    model.output("line", a * x + b * scale * sp.tanh(a * x))
    model.loss("squared_error")
    if penalized:
        model.penalty(lam * (a**2 + b**2 / 3) + scale**2 / 2 + lam * sp.log(1 + a**2 * b**2))
    return model


def prior_hessian(lam: float = 0.125) -> np.ndarray:
    a, b, s = sp.symbols("a b s")
    prior = lam * (a**2 + b**2 / 3) + sp.exp(2 * s) / 2 + lam * sp.log(1 + a**2 * b**2)
    return np.array(sp.hessian(prior, (a, b, s)).subs(zip((a, b, s), W, strict=True)).evalf(30), np.float64)


def two() -> Model:
    model = Model("two")
    x, z = model.features("x z")
    p, q = model.targets("p q")
    a, b, c = model.weights("a b c")
    u, v = model.outputs("u v", a * sp.exp(b * x / 4) + c * z**2, a * x + b**2 * x * sp.sin(z))
    model.loss((p - u) ** 2 + (q - v) ** 2)
    return model


@cache
def module_of(kind: str, name: str) -> Any:
    """A module whose every function was held against the spec, as a build does it."""
    models = {"ridge": ridge, "plain": lambda: ridge(penalized=False), "two": two}
    return verified(models[name](), kind, *EXTRAS, *(["jacobian-row"] if kind in ("native", "c", "float") else []))


def assert_near(kind: str, found: Any, wanted: Any) -> None:
    """They are the same but for rounding of sums: 50 units of doubles, or of floats."""
    tolerance = 6e-6 if kind == "float" else 1e-14
    np.testing.assert_allclose(np.asarray(found), wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("kind", KINDS)
def test_a_hessian_has_that_of_the_penalty_once(kind: str) -> None:
    module, plain, rows = module_of(kind, "ridge"), module_of(kind, "plain"), X[:, None]
    for weights, reduction in product((None, S), ("mean", "sum")):
        given: dict[str, Any] = {"sample_weight": weights, "reduction": reduction}
        share = 1.0 if reduction == "sum" else 1 / (len(X) if weights is None else S.sum())
        want = np.asarray(plain.hessian(W, rows, Y, **given)) + share * prior_hessian()
        got = np.asarray(module.hessian(W, rows, Y, **given))
        assert_near(kind, got, want)
        assert np.array_equal(got, got.T)
        assert_near(kind, module.hvp(W, V, rows, Y, **given), want @ V)
    assert_near(kind, module.penalty_hessian(W), prior_hessian())
    assert_near(kind, module.with_constants(lam=2.0).penalty_hessian(W), prior_hessian(2.0))


@pytest.mark.parametrize("kind", KINDS)
def test_of_several_outputs_each_has_its_derivatives(kind: str) -> None:
    module, rows = module_of(kind, "two"), np.array([[1.0, 2.0], [4.0, 3.0], [0.25, -1.0]])
    jacobian = np.asarray(module.jacobian(W, rows))
    assert_near(kind, module.jvp(W, V, rows), jacobian @ V)
    x, z = rows.T
    u = np.stack([W[0] * W[1] / 4 * np.exp(W[1] * x / 4), 2 * W[2] * z], -1)
    v = np.stack([W[0] + W[1] ** 2 * np.sin(z), W[1] ** 2 * x * np.cos(z)], -1)
    assert_near(kind, module.feature_jacobian(W, rows), np.stack([u, v], 1))
    assert np.asarray(module.jvp(W, V, rows[0])).shape == (2,)
    assert np.asarray(module.feature_jacobian(W, rows[0])).shape == (2, 2)
    if hasattr(module, "predict_jacobian_row"):
        table = np.zeros((2, 3))
        assert module.predict_jacobian_row(W, rows[1], table) == tuple(np.asarray(module.predict(W, rows[1])).tolist())
        assert_near(kind, table, jacobian[1])


@pytest.mark.parametrize("kind", ["native", "c", "float"])
def test_a_wrong_jacobian_of_a_row_is_found_by_verification(kind: str) -> None:
    module = module_of(kind, "two")

    def slightly_wrong(w: Any, x: Any, jacobian: Any) -> Any:
        outputs = module.predict_jacobian_row(w, x, jacobian)
        jacobian[1, 0] *= 1.01
        return outputs

    wrong = altered(module, predict_jacobian_row=slightly_wrong)
    with pytest.raises(VerificationError, match="predict_jacobian_row of row 0 alone, jacobian v, by a is"):
        verify(two(), *((wrong,) if kind == "native" else (None, wrong)))


def test_accurate_modules_round_hessians_once_where_plain_ones_lose_digits() -> None:
    model = one_output(lambda x, a, b: (a * x) ** 3 - (b * x) ** 3 - 3 * (a - b) * x**3 + a * b, features="x")
    point = {"a": 1.0, "b": 1.0 + 2.0**-20, "x": 0.7, "y": 1.0}
    truth = np.array([[number(one) for one in row] for row in Reference(model).hessian(point)])
    w, X, y = (np.array([point[name] for name in names]) for names in ("ab", "x", "y"))
    plain, accurate = (verified(model, kind, "hessian").hessian(w, X, y) for kind in ("numpy", "accurate"))
    assert np.all(np.abs(accurate - truth) <= 2.0**-53 * np.abs(truth))  # half a unit in the last place
    assert np.any(np.abs(plain - truth) > 2.0**-51 * np.abs(truth))


def test_strict_arrays_of_other_libraries_give_the_same() -> None:
    xp, module, plain = array_api_strict, module_of("array_api", "ridge"), module_of("numpy", "ridge")
    rows = X[:, None]
    along = {"hvp": (W, V, rows, Y), "jvp": (W, V, rows)}
    for name, given in {"hessian": (W, rows, Y), "feature_jacobian": (W, rows), **along}.items():
        got = getattr(module, name)(*map(xp.asarray, given))
        assert got.dtype == xp.float64
        assert_near("array_api", got, getattr(plain, name)(*given))
    with pytest.raises(ValueError, match=r"v has shape \(2,\), ridge needs \(3,\)"):
        module.hvp(*map(xp.asarray, (W, V[:2], rows, Y)))


def test_second_derivatives_of_a_penalty_are_named_and_those_that_are_0_left_out() -> None:
    text = generate(ridge(), options=options_of(["hessian"]))[0].text
    body = text.partition("def _penalty_hessian(")[2].partition("\n\n\n")[0]
    for entry in ("(0, 0): d_a_a", "(0, 1): d_a_b", "(1, 1): d_b_b", "(2, 2): d_log_scale_log_scale"):
        assert entry in body
    assert "(0, 2)" not in body
    model = Model("lasso")
    x, w = model.feature("x"), model.weight("w", domain=(0.5, 2.0))
    model.loss((model.target("y") - model.output("out", w**2 * x)) ** 2)
    model.penalty(sp.Abs(w) / 4)
    module = symgraph.compile(model, backend="native", extras=["hessian"])
    assert module.penalty_hessian([1.0]).tolist() == [[0.0]]
    assert module.hessian([1.0], [1.0], [1.0]).tolist() == [[8.0]]
