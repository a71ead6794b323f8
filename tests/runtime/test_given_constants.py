"""Constants given at the call: modules with other values of them, on every backend."""

import pickle
from typing import Any

import numpy as np
import pytest
import sympy as sp

import symgraph
from symgraph import Model
from symgraph.compiler.generate import generate
from symgraph.options import Options
from symgraph.project.build.modules import load_verified


def arrhenius() -> Model:
    """y_hat = a*exp(-b*x/T) with the constant T, 300 unless given."""
    model = Model("arrhenius")
    x, T, y = model.feature("x"), model.constant("T", 300.0, domain=(200.0, 400.0)), model.target()
    a, b = model.weights("a b", domain=(0.5, 2.0))
    model.loss((y - model.output("y_hat", a * sp.exp(-100 * b * x / T))) ** 2)
    return model


@pytest.fixture(scope="module")
def module() -> Any:
    return symgraph.compile(arrhenius(), backend="numpy")


X = np.linspace(0.5, 2.0, 5)
Y = np.ones(5)
W = np.array([1.5, 0.75])


def test_a_constant_is_neither_a_weight_nor_a_column_and_functions_of_another_have_the_same_arguments(module: Any) -> None:
    assert (module.WEIGHTS, module.FEATURES, module.CONSTANTS) == (("a", "b"), ("x",), {"T": 300.0})
    other = module.with_constants(T=250.0)
    # a quotient, a product, exp and a product, an ulp each, exp's argument up to 60 times as sensitive
    assert other.predict(W, X) == pytest.approx(1.5 * np.exp(-75.0 * X / 250.0), rel=8 * 2**-53, abs=0.0)
    loss, gradient = other.value_and_grad(W, X, Y)
    assert loss == pytest.approx(np.mean((Y - other.predict(W, X)) ** 2), rel=16 * 2**-53, abs=0.0)
    assert (gradient.shape, other.jacobian(W, X).shape) == ((2,), (5, 2))
    assert (other.CONSTANTS, module.CONSTANTS) == ({"T": 250.0}, {"T": 300.0})
    assert "with T=250.0" in repr(other)
    for found in (pickle.loads(pickle.dumps(other)).predict, pickle.loads(pickle.dumps(other.predict))):  # noqa: S301
        assert found(W, X).tobytes() == other.predict(W, X).tobytes()
    assert other.with_constants(T=300.0).predict(W, X).tobytes() == module.predict(W, X).tobytes()


def test_one_row_and_float32_compute_with_the_constant_and_what_is_none_is_refused(module: Any) -> None:
    other = module.with_constants(T=250.0)
    rows = other.predict(W, X)
    assert [other.predict(W, x) for x in X] == rows.tolist()
    single = other.predict(W.astype(np.float32), X.astype(np.float32))
    assert single.dtype == np.float32
    assert single == pytest.approx(rows, rel=100 * 2**-24, abs=0.0)  # the exponent is as large as 0.6, T and b are rounded
    with pytest.raises(ValueError, match=r"arrhenius has no constant t; it has T; did you mean T\?$"):
        module.with_constants(t=1.0)
    with pytest.raises(ValueError, match="constant T of arrhenius must be a finite number, not nan"):
        module.with_constants(T=float("nan"))


def test_the_scalar_backend_takes_constants_by_name_and_two_modules_of_the_same_text_change_theirs() -> None:
    modules, _ = load_verified(arrhenius(), generate(arrhenius(), ("numpy", "scalar")), None)
    scalar = modules["scalar"]
    expected = modules["numpy"].with_constants(T=250.0).predict(W, X[0])
    assert scalar.predict_row(W.tolist(), [X[0]], {"T": 250.0}) == pytest.approx(expected, rel=4 * 2**-53, abs=0.0)
    grad = [0.0, 0.0]
    assert scalar.row(W.tolist(), [X[0]], 1.0, grad) != scalar.row(W.tolist(), [X[0]], 1.0, grad, {"T": 250.0})
    first, second = (symgraph.compile(arrhenius(), backend="numpy") for _ in range(2))
    for module in (first, second):
        assert module.with_constants(T=310.0).predict(W, 1.5) == second.with_constants(T=310.0).predict(W, 1.5)


@pytest.mark.parametrize("options", [{"precision": "accurate"}, {"error_bound": True}, {"standalone": True}])
def test_every_kind_of_numpy_module_has_constants(options: dict[str, Any]) -> None:
    module = load_verified(arrhenius(), generate(arrhenius(), options=Options(**options)), None)[0]["numpy"]
    other = module.with_constants(T=250.0)
    assert other.predict(W, X) == pytest.approx(1.5 * np.exp(-75.0 * X / 250.0), rel=8 * 2**-53, abs=0.0)
    if "error_bound" in options:
        assert (module.with_constants(T=200.5).error_bound(W, X, Y)[0] != module.error_bound(W, X, Y)[0]).any()
