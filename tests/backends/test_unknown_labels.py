"""Targets that are no labels, in modules of other kinds: scalar ones refuse them, those for any library give NaN."""

from functools import cache
from typing import Any

import array_api_strict
import numpy as np
import pytest
from labelled import LABELLED, REMEDY, WRONG

from symgraph.build.modules import load_artifact
from symgraph.generate import generate
from symgraph.options import options_of

GOOD = {"kinds": [0.0, 2.0, 1.0], "cases": [1.0, 0.1, 2.0], "pairs": [[0.0, 1.0], [1.0, 1.0], [1.0, 0.0]]}


@cache
def module_of(name: str, backend: str) -> Any:
    """A module that is not verified."""
    options = options_of(("hessian", "hvp") if backend == "array_api" else ())
    return load_artifact(generate(LABELLED[name](), (backend,), options=options)[0])


def arguments(name: str) -> Any:
    """Weights, three rows, their targets, and the same with another value in the second row."""
    y = np.array(GOOD[name])
    wrong = y.copy()
    wrong.reshape(3, -1)[1, -1] = 7.0
    w = np.linspace(0.3, 0.7, len(module_of(name, "scalar").WEIGHTS))
    return w, np.linspace(-1.0, 1.0, 6).reshape(3, 2), y, wrong


@pytest.mark.parametrize("name", GOOD)
def test_scalar_modules_refuse_them_in_the_same_words(name: str) -> None:
    module, (w, X, y, wrong) = module_of(name, "scalar"), arguments(name)
    grad = [5.0] * len(w)
    target = "q" if name == "pairs" else "y"
    for value in (wrong[1].tolist(), wrong[1]):
        with pytest.raises(ValueError, match=f"^{target} is 7.0; {WRONG[name]}; {REMEDY[name]}$"):
            module.row(w.tolist(), X[1].tolist(), value, grad)
    for value in (float("nan"), float("inf"), -1.0, 0.5):
        with pytest.raises(ValueError, match=f"^{target} is {value}; {WRONG[name]}"):
            module.row(w.tolist(), X[1].tolist(), [1.0, value] if name == "pairs" else value, grad)
    assert grad == [5.0] * len(w)
    for row in range(3):
        assert np.isfinite(module.row(w.tolist(), X[row].tolist(), y[row].tolist(), grad))


@pytest.mark.parametrize("make", [np.asarray, array_api_strict.asarray])
@pytest.mark.parametrize("name", GOOD)
def test_modules_for_any_library_give_nan_in_the_row_and_in_sums(name: str, make: Any) -> None:
    module, (w, X, y, wrong) = module_of(name, "array_api"), map(make, arguments(name))

    def found(function: str, *given: Any) -> Any:
        return np.asarray(getattr(module, function)(*given))

    for function in ("per_sample_grad", "residual", "residual_jacobian"):
        if hasattr(module, function):
            right, other = (found(function, w, X, target).reshape(3, -1) for target in (y, wrong))
            assert np.isnan(other[1]).all()
            np.testing.assert_array_equal(other[[0, 2]], right[[0, 2]])
    for function in ("loss", "grad", "hessian"):
        assert np.isfinite(found(function, w, X, y)).all()
        assert np.isnan(found(function, w, X, wrong)).all()
    value, gradient = module.value_and_grad(w, X, wrong)
    tape = module.forward(w, X, wrong)
    for none in (found("hvp", w, w, X, wrong), value, gradient, found("backward", tape)):
        assert np.isnan(np.asarray(none)).all()
    np.testing.assert_array_equal(np.isnan(np.asarray(tape.loss)), [False, True, False])
    assert np.isfinite(found("backward", module.forward(w, X, y))).all()


@pytest.mark.parametrize("name", GOOD)
def test_rows_of_weight_0_are_absent_in_modules_for_any_library(name: str) -> None:
    module, (w, X, _, wrong) = module_of(name, "array_api"), arguments(name)
    shares = np.array([1.0, 0.0, 2.0])
    for function in ("loss", "grad"):
        np.testing.assert_allclose(
            getattr(module, function)(w, X, wrong, sample_weight=shares),
            getattr(module, function)(w, X[[0, 2]], wrong[[0, 2]], sample_weight=shares[[0, 2]]),
            rtol=1e-14,
        )
    assert np.isfinite(module.backward(module.forward(w, X, wrong), shares)).all()


def test_counts_are_computed_as_they_are_in_every_module() -> None:
    assert "raise ValueError" not in generate(LABELLED["counts"](), ("scalar",))[0].text
    assert np.isfinite(module_of("counts", "scalar").row([0.5], [1.0], 2.5, [0.0]))
    assert np.isfinite(module_of("counts", "array_api").loss(np.array([0.5]), np.ones((1, 1)), np.array([2.5])))
