"""Several vectors of weights at once: results begin with their number, and are those of single calls, on every backend."""

import array_api_strict
import numpy as np
import pandas as pd
import pytest
import sympy as sp

import symgraph as sg

RNG = np.random.default_rng(0)
W, X, Y = RNG.normal(size=(5, 3)), RNG.normal(size=(700, 2)), RNG.normal(size=700)
S = RNG.uniform(0.5, 2.0, 700) * (RNG.uniform(size=700) > 0.1)
BACKENDS = ("native", "numpy", "c", "array_api")


def model() -> sg.Model:
    m = sg.Model("waves")
    (p, q), y, (a, b, c) = m.features("p q", domain=(-3, 3)), m.target("y"), m.weights("a b c", domain=(-3, 3))
    m.residual(m.output("y_hat", a * sp.sin(b * p + c) + q / m.constant("T", 1.5, domain=(1, 2))) - y)
    return m


@pytest.fixture(scope="module")
def modules():
    return {backend: sg.compile(model(), backend).with_constants(T=1.25) for backend in BACKENDS}


def each(function, vectors=W):
    results = [function(w) for w in vectors]
    if isinstance(results[0], tuple):
        return tuple(np.stack([np.asarray(one) for one in part]) for part in zip(*results, strict=True))
    return np.stack([np.asarray(one) for one in results])


def same(got, want):
    for one, other in zip(got, want, strict=True) if isinstance(want, tuple) else ((got, want),):
        assert np.shape(one) == other.shape
        np.testing.assert_array_equal(np.asarray(one), other)


@pytest.mark.parametrize("backend", BACKENDS)
def test_results_are_those_of_single_calls_to_the_bit(modules, backend):
    m, array = modules[backend], array_api_strict.asarray if backend == "array_api" else np.asarray
    for rows in (slice(None), slice(1), 3):
        x, y, s = array(X[rows]), array(Y[rows]), array(np.asarray(1.0 + S[rows]))
        same(m.predict(array(W), x), each(lambda w, x=x: m.predict(array(w), x)))
        same(m.residual(array(W), x, y), each(lambda w, x=x, y=y: m.residual(array(w), x, y)))
        for options in ({}, {"reduction": "sum"}, {"sample_weight": s}):
            for name in ("loss", "value_and_grad", "grad"):
                function = getattr(m, name)
                single = each(lambda w, x=x, y=y, f=function, o=options: f(array(w), x, y, **o))
                same(function(array(W), x, y, **options), single)
    if backend != "array_api":  # rows of weight 0 are left out for all vectors
        X_ = np.where(S[:, None] == 0.0, np.nan, X)
        same(m.value_and_grad(W, X_, Y, sample_weight=S), each(lambda w: m.value_and_grad(w, X_, Y, sample_weight=S)))


def test_shapes_begin_with_the_number_of_vectors_and_lists_frames_and_other_orders_of_memory_are_taken(modules):
    m = modules["numpy"]
    results = [m.predict(W, X), m.predict(W, X[0]), m.loss(W, X, Y), *m.value_and_grad(W, X, Y), m.loss(W[:1], X, Y)]
    assert [result.shape for result in results] == [(5, 700), (5,), (5,), (5,), (5, 3), (1,)]
    assert np.ndim(m.loss(W[0], X, Y)) == 0
    m = modules["native"]
    want = m.loss(W, X, Y)
    frame = pd.DataFrame(W[:, ::-1], columns=["c", "b", "a"])
    for given in (W.tolist(), list(W), np.asfortranarray(W), np.repeat(W, 2, axis=0)[::2], frame):
        np.testing.assert_array_equal(m.loss(given, X, Y), want)
    m = modules["native"]
    single = m.value_and_grad(W.astype(np.float32), X.astype(np.float32), Y)
    assert single[1].dtype == np.float32
    same(single, each(lambda w: m.value_and_grad(w.astype(np.float32), X.astype(np.float32), Y)))
    for function, given, shape in (("loss", (W[None], X, Y), "1, 5, 3"), ("jacobian", (W, X), "5, 3")):  # which takes one
        with pytest.raises(ValueError, match=rf"w has shape \({shape}\), waves needs \(3,\): a, b, c"):
            getattr(modules["numpy"], function)(*given)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("shape", [(5, 2), (0, 3), (3, 1)])
def test_vectors_that_do_not_fit_are_refused_by_the_model_s_name(modules, backend, shape):
    m, array = modules[backend], array_api_strict.asarray if backend == "array_api" else np.asarray
    message = rf"w has shape \({shape[0]}, {shape[1]}\), waves needs \(3,\), or \(S, 3\) for S vectors: a, b, c"
    for name in ("predict", "loss", "value_and_grad", "grad", "residual"):
        given = (array(X),) if name == "predict" else (array(X), array(Y))
        with pytest.raises(ValueError, match=message):
            getattr(m, name)(array(np.ones(shape)), *given)


def test_several_outputs_and_residuals_come_behind_the_number_of_vectors():
    m = sg.Model("pair")
    x, (u, v), (a, b) = m.feature("x"), m.targets("u v"), m.weights("a b")
    first, second = m.outputs("p q", a * x, b + x)
    m.residual(first - u, second - v)
    for backend in ("native", "numpy", "array_api"):
        module, array = sg.compile(m, backend), array_api_strict.asarray if backend == "array_api" else np.asarray
        w, x_, y = array(W[:, :2]), array(X[:7, 0]), array(RNG.normal(size=(7, 2)))
        assert (module.predict(w, x_).shape, module.residual(w, x_, y).shape) == ((5, 7, 2), (5, 14))
        same(module.loss(w, x_, y), each(lambda one, m=module, x=x_, y=y, to=array: m.loss(to(one), x, y), W[:, :2]))
    m = sg.Model("level")
    y, a = m.target("y"), m.weight("a")
    m.loss((y - m.output("y_hat", a)) ** 2)
    module = sg.compile(m, "numpy")
    np.testing.assert_allclose(module.loss([[1.0], [3.0]], None, [1.0, 3.0]), [2.0, 2.0])
    assert module.predict([[1.0], [3.0]]).tolist() == [1.0, 3.0]
