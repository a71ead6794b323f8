"""The extension on models with several columns, constants, or a penalty: the bits and shapes of the binding behind it."""

import pickle
from functools import cache
from typing import Any

import numpy as np
import pytest
import sympy as sp
from built import modules_of
from native_models import flat, outcome

import symgraph
from symgraph import Model

pytestmark = pytest.mark.usefixtures("gcc")  # the extension itself, too, as a user has it

RNG = np.random.default_rng(0)
REDUCED = ("value_and_grad", "loss", "grad")
BY_ROW = ("per_sample_grad", "residual", "residual_jacobian", "predict", "jacobian")


def several() -> Model:
    model = Model("two_columns")
    (x, z), (a, b, c), (u, v) = model.features("x z"), model.weights("a b c"), model.targets("u v")
    p, q = model.outputs("p q", a * sp.exp(b * x) + c * z, b * x + sp.tanh(c * z))
    model.residual(p - u, (q - v) / 2, a / 10)
    return model


def one_column(name: str) -> Model:
    model = Model(name)
    (x, z), (a, b, c) = model.features("x z"), model.weights("a b c")
    model.target("y")
    k = model.constant("k", 2.0) if name == "one_constant" else 1
    model.output("p", a * sp.exp(b * x * k) + c * z)
    model.loss("squared_error")
    if name == "with_penalty":
        model.penalty((a**2 + b**2) / 10)
    return model


MODELS = {"several": several, "constant": lambda: one_column("one_constant"), "penalty": lambda: one_column("with_penalty")}


@cache
def native(name: str) -> Any:
    return symgraph.compile(MODELS[name](), backend="native")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("name", "constants"), [("several", {}), ("constant", {}), ("constant", {"k": 1.5}), ("penalty", {})])
def test_calls_are_taken_and_give_what_the_binding_gives(
    name: str, constants: dict[str, float], dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, several_targets = native(name), name == "several"
    assert "native backend (a CPython extension)" in repr(module)
    w = (RNG.normal(size=3) / 2).astype(dtype)
    X, y = RNG.normal(size=(40_000, 2)).astype(dtype), RNG.normal(size=(40_000, 2)[: 1 + several_targets]).astype(dtype)
    module.loss(w, X, y)  # compiles the functions of float32
    module = module.with_constants(**constants) if constants else module
    binding = module.predict.__self__.binding
    calls = []
    for rows in ((X, y), (X[:1], y[:1]), (X[:7], y[:7]), (X[0].copy(), y[0].copy() if several_targets else y[0])):
        calls += [(function, (w, *rows), {"threads": threads}) for function in (*REDUCED, *BY_ROW[:3]) for threads in (1, 2)]
        calls += [(function, (w, rows[0]), {}) for function in BY_ROW[3:]]
    want = [flat(getattr(binding, function)(*args, **options)) for function, args, options in calls]
    # a penalty is added by the binding in float32
    for function in BY_ROW if name == "penalty" and dtype == "float32" else (*REDUCED, *BY_ROW):
        monkeypatch.setattr(type(binding), function, None)
    for (function, args, options), expected in zip(calls, want, strict=True):
        assert flat(getattr(module, function)(*args, **options)) == expected, (function, [np.shape(arg) for arg in args])


def test_a_penalty_beside_weights_of_rows_is_what_numpy_gives() -> None:
    module, numpy, w = native("penalty"), modules_of(MODELS["penalty"]())[0], RNG.normal(size=3) / 2
    X, y, given = RNG.normal(size=(50, 2)), RNG.normal(size=50), {"sample_weight": RNG.uniform(0.5, 2.0, 50)}
    for options in (given, {**given, "reduction": "sum"}):
        (value, grad), (same, slopes) = (one.value_and_grad(w, X, y, **options) for one in (module, numpy))
        np.testing.assert_allclose([value, *grad], [same, *slopes], rtol=1e-13)  # sums of 50 terms in other orders


def test_columns_that_do_not_fit_are_refused_as_by_numpy() -> None:
    numpy, w, X, y = modules_of(several())[0], RNG.normal(size=3), RNG.normal(size=(6, 2)), RNG.normal(size=(6, 2))
    for args in ((w, X, y[:, 0]), (w, X, y[:5]), (w, X, RNG.normal(size=(6, 3))), (w, X[0], y), (w, X[0], y[0, :1])):
        refused, words = outcome(native("several").loss, *args)
        assert refused is ValueError
        assert outcome(numpy.loss, *args) == (refused, words)


def test_a_function_with_other_constants_pickles_with_these() -> None:
    module = native("constant")
    changed, w, X = module.with_constants(k=0.5), RNG.normal(size=3), RNG.normal(size=(6, 2))
    want = changed.predict(w, X)
    assert not np.array_equal(want, module.predict(w, X))
    again = pickle.loads(pickle.dumps(changed.predict))  # noqa: S301 - what this test has pickled
    np.testing.assert_array_equal(again(w, X), want)
    np.testing.assert_array_equal(changed.with_constants(k=2.0).predict(w, X), module.predict(w, X))
