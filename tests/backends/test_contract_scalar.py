"""Modules of the scalar backend: one row a call on Python floats, into an array or a list, raising as math does."""

import array
import inspect

import numpy as np
import pytest
import sympy as sp
from built import modules_of, numpy_module, one_output, sample, scalar_module
from zoo import ZOO

import symgraph as sg

CONSTANTS = {"ABI", "FEATURES", "METADATA", "MODEL", "NODES", "OUTPUTS", "TARGET", "WEIGHTS"}


@pytest.mark.parametrize("name", ZOO)
def test_a_module_has_the_row_functions_of_the_parts_its_model_has(name: str) -> None:
    model, module = ZOO[name](), scalar_module(name)
    functions = ({"row"} if model.loss_expr is not None else set()) | ({"predict_row"} if model.output_node else set())
    assert set(module.__all__) == CONSTANTS | functions
    assert {"row", "predict_row"} & set(vars(module)) == functions
    for constant in CONSTANTS - {"METADATA"}:
        assert getattr(module, constant) == getattr(numpy_module(name), constant)
    assert module.METADATA == numpy_module(name).METADATA


@pytest.mark.parametrize("name", ["nine_weights", "pieces", "every_op", "Rat43"])
def test_lists_and_arrays_of_any_kind_give_the_same_numbers(name: str) -> None:
    module, (w, X, y) = scalar_module(name), sample(name, rows=1)
    results = []
    for make in (list, tuple, lambda v: array.array("d", v), lambda v: np.array(list(v))):
        for gradient in ([0.0] * len(w), array.array("d", bytes(8 * len(w))), np.zeros(len(w))):
            value = module.row(make(map(float, w)), make(map(float, X[0])), float(y[0]), gradient)
            results.append((value, list(map(float, gradient)), module.predict_row(make(map(float, w)), make(map(float, X[0])))))
    assert all(result == results[0] for result in results)
    assert isinstance(module.row(w.tolist(), X[0].tolist(), float(y[0]), [0.0] * len(w)), float)
    assert isinstance(module.predict_row(w.tolist(), X[0].tolist()), float)


def test_every_entry_of_the_gradient_is_written_and_no_more() -> None:
    module, (w, X, y) = scalar_module("nine_weights"), sample("nine_weights", rows=1)
    gradient = [float("nan")] * 9 + [7.0]
    module.row(w.tolist(), X[0].tolist(), float(y[0]), gradient)
    assert all(value == value for value in gradient)
    assert gradient[9] == 7.0


def test_weights_and_row_are_left_as_they_are() -> None:
    module, (w, X, y) = scalar_module("nine_weights"), sample("nine_weights", rows=1)
    weights, row = w.tolist(), X[0].tolist()
    module.row(weights, row, float(y[0]), [0.0] * 9)
    assert (weights, row) == (w.tolist(), X[0].tolist())


def test_signatures_are_the_same_for_every_model() -> None:
    for name in ZOO:
        module = scalar_module(name)
        if hasattr(module, "row"):
            assert list(inspect.signature(module.row).parameters) == ["w", "x", "y", "grad"]
        if hasattr(module, "predict_row"):
            assert list(inspect.signature(module.predict_row).parameters) == ["w", "x"]


@pytest.mark.parametrize(
    ("expr", "w", "x", "error"),
    [
        (lambda f, g, a, b: sp.exp(a * f) + b, [800.0, 1.0], [1.0, 1.0], OverflowError),
        (lambda f, g, a, b: sp.cosh(a * f) + b, [800.0, 1.0], [1.0, 1.0], OverflowError),
        (lambda f, g, a, b: f**19 * a + b, [1.0, 1.0], [1e200, 1.0], OverflowError),
        (lambda f, g, a, b: b / a, [0.0, 1.0], [1.0, 1.0], ZeroDivisionError),
        (lambda f, g, a, b: sp.log(a) + b, [0.0, 1.0], [1.0, 1.0], ValueError),
        (lambda f, g, a, b: sp.log(a) + b, [-1.0, 1.0], [1.0, 1.0], ValueError),
        (lambda f, g, a, b: sp.sqrt(a) + b, [-1.0, 1.0], [1.0, 1.0], ValueError),
        (lambda f, g, a, b: sp.asin(a) + b, [2.0, 1.0], [1.0, 1.0], ValueError),
        (lambda f, g, a, b: f**a + b, [0.5, 1.0], [-1.0, 1.0], ValueError),
    ],
)
def test_where_numpy_gives_no_number_it_raises_as_math_does(
    expr: object, w: list[float], x: list[float], error: type[Exception]
) -> None:
    numpy, scalar = modules_of(one_output(expr))
    assert not np.isfinite(numpy.predict(w, x))
    with pytest.raises(error):
        scalar.predict_row(w, x)
    with pytest.raises(error):
        scalar.row(w, x, 0.0, [0.0, 0.0])


def test_a_branch_that_is_not_taken_raises_nothing() -> None:
    module = modules_of(one_output(lambda f, g, a, b: sp.Piecewise((a * sp.log(f), f > 0), (b / g, g > 0), (a + b, True))))[1]
    gradient = [0.0, 0.0]
    for x, slopes in (([-1.0, 0.0], [1, 1]), ([2.0, 0.0], [np.log(2), 0]), ([-1.0, 4.0], [0, 0.25])):
        module.row([0.5, 0.25], x, 1e6, gradient)
        output = module.predict_row([0.5, 0.25], x)
        np.testing.assert_allclose(gradient, np.multiply(-2 * (1e6 - output), slopes), rtol=1e-15)


def test_stable_forms_do_not_overflow() -> None:
    module = modules_of(one_output(lambda f, g, a, b: sg.sigmoid(a * f) + sg.softplus(b * g) + sp.tanh(a) * sp.sech(b)))[1]
    gradient = [0.0, 0.0]
    for x in ([1.0, 1.0], [-1.0, -1.0]):
        assert np.isfinite(module.row([800.0, 800.0], x, 0.0, gradient))
        assert np.all(np.isfinite(gradient))


@pytest.mark.parametrize("name", ZOO)
def test_the_text_calls_math_and_no_numpy(name: str) -> None:
    module = scalar_module(name)
    assert not any(key in vars(module) for key in ("np", "numpy"))


def test_a_condition_after_one_that_holds_raises_nothing() -> None:
    def expr(f: sp.Symbol, g: sp.Symbol, a: sp.Symbol, b: sp.Symbol) -> sp.Expr:
        return sp.Piecewise((f * a, a <= 0), (g * b, sp.sqrt(a) + sp.log(a) > 1), (a + b, True))

    numpy, scalar = modules_of(one_output(expr))
    for a, output in ((-1.0, -1.0), (0.25, 2.25), (4.0, 6.0)):
        assert numpy.predict([a, 2.0], [1.0, 3.0]) == scalar.predict_row([a, 2.0], [1.0, 3.0]) == output
