"""Modules of the scalar backend: one row a call on Python floats, into an array or a list, raising as math does."""

import array
import inspect

import numpy as np
import pytest
import sympy as sp
from built import modules_of, numpy_module, one_output, sample, scalar_module
from zoo import ZOO


@pytest.mark.parametrize("name", ZOO)
def test_a_module_has_the_row_functions_of_the_parts_its_model_has(name: str) -> None:
    model, module, numpy = ZOO[name](), scalar_module(name), numpy_module(name)
    constants = {"ABI", "FEATURES", "METADATA", "MODEL", "NODES", "OUTPUTS", "TARGET", "WEIGHTS"}
    signatures = {"row": ["w", "x", "y", "grad"]} if model.loss_expr is not None else {}
    signatures |= {"predict_row": ["w", "x"]} if model.output_node else {}
    assert set(module.__all__) == constants | signatures.keys()
    assert {"row", "predict_row"} & vars(module).keys() == signatures.keys()
    assert {name: list(inspect.signature(getattr(module, name)).parameters) for name in signatures} == signatures
    assert all(getattr(module, constant) == getattr(numpy, constant) for constant in constants)


@pytest.mark.parametrize("name", ["nine_weights", "pieces", "every_op", "Rat43"])
def test_lists_and_arrays_of_any_kind_give_the_same_numbers_and_stay_as_they_are(name: str) -> None:
    module, (w, X, y) = scalar_module(name), sample(name, rows=1)
    results = []
    for make in (list, tuple, lambda v: array.array("d", v), np.array):
        for gradient in ([np.nan] * len(w) + [7.0], array.array("d", [np.nan] * len(w)), np.full(len(w), np.nan)):
            given = make(w.tolist()), make(X[0].tolist())
            value, output = module.row(*given, float(y[0]), gradient), module.predict_row(*given)
            results.append((value, list(map(float, gradient))[: len(w)], output))
            assert (list(given[0]), list(given[1])) == (w.tolist(), X[0].tolist())
            assert len(gradient) == len(w) or gradient[-1] == 7.0  # no entry beyond is written
    assert all(result == results[0] for result in results)
    lists = w.tolist(), X[0].tolist()
    assert {type(module.row(*lists, float(y[0]), [0.0] * len(w))), type(module.predict_row(*lists))} == {float}


@pytest.mark.parametrize(("expr", "a", "f", "error"), [
    (lambda f, g, a, b: sp.exp(a * f) + b, 800.0, 1.0, OverflowError),
    (lambda f, g, a, b: sp.cosh(a * f) + b, 800.0, 1.0, OverflowError),
    (lambda f, g, a, b: f**19 * a + b, 1.0, 1e200, OverflowError), (lambda f, g, a, b: b / a, 0.0, 1.0, ZeroDivisionError),
    (lambda f, g, a, b: sp.log(a) + b, 0.0, 1.0, ValueError), (lambda f, g, a, b: sp.log(a) + b, -1.0, 1.0, ValueError),
    (lambda f, g, a, b: sp.sqrt(a) + b, -1.0, 1.0, ValueError), (lambda f, g, a, b: sp.asin(a) + b, 2.0, 1.0, ValueError),
    (lambda f, g, a, b: f**a + b, 0.5, -1.0, ValueError),
])  # fmt: skip
def test_where_numpy_gives_no_number_it_raises_as_math_does(expr: object, a: float, f: float, error: type[Exception]) -> None:
    (numpy, scalar), w, x = modules_of(one_output(expr)), [a, 1.0], [f, 1.0]
    assert not np.isfinite(numpy.predict(w, x))
    with pytest.raises(error):
        scalar.predict_row(w, x)
    with pytest.raises(error):
        scalar.row(w, x, 0.0, [0.0, 0.0])


def test_a_branch_that_is_not_taken_and_a_condition_after_one_that_holds_raise_nothing() -> None:
    module = modules_of(one_output(lambda f, g, a, b: sp.Piecewise((a * sp.log(f), f > 0), (b / g, g > 0), (a + b, True))))[1]
    gradient = [0.0, 0.0]
    for x, slopes in (([-1.0, 0.0], [1, 1]), ([2.0, 0.0], [np.log(2), 0]), ([-1.0, 4.0], [0, 0.25])):
        module.row([0.5, 0.25], x, 1e6, gradient)
        output = module.predict_row([0.5, 0.25], x)
        np.testing.assert_allclose(gradient, np.multiply(-2 * (1e6 - output), slopes), rtol=1e-15)
    chosen = one_output(lambda f, g, a, b: sp.Piecewise((f * a, a <= 0), (g * b, sp.sqrt(a) + sp.log(a) > 1), (a + b, True)))
    numpy, scalar = modules_of(chosen)
    for a, output in ((-1.0, -1.0), (0.25, 2.25), (4.0, 6.0)):
        assert numpy.predict([a, 2.0], [1.0, 3.0]) == scalar.predict_row([a, 2.0], [1.0, 3.0]) == output
