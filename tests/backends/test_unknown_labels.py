"""Targets that are no labels, in modules of other kinds: scalar ones refuse them, those for any library give NaN."""

import subprocess
import sys
from functools import cache
from pathlib import Path
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


@pytest.fixture(scope="module", autouse=True)
def modules() -> None:
    """Make the modules before the tests, which are then fast."""
    for name in LABELLED:
        for backend in ("scalar", "array_api", "numpy"):
            module_of(name, backend)


def arguments(name: str) -> Any:
    """Weights, three rows, their targets, and the same with another value in the second row."""
    w, X, y = (
        np.linspace(0.3, 0.7, len(module_of(name, "numpy").WEIGHTS)),
        np.linspace(-1.0, 1.0, 6).reshape(3, 2),
        np.array(GOOD[name]),
    )
    wrong = y.copy()
    wrong.reshape(3, -1)[1, -1] = 7.0
    return w, X, y, wrong


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


def test_scalar_modules_of_other_models_have_no_check() -> None:
    assert "raise ValueError" not in generate(LABELLED["counts"](), ("scalar",))[0].text


def test_the_text_of_a_scalar_module_is_laid_out_as_ruff_format_does(tmp_path: Path) -> None:
    """It takes what a process takes to start."""
    for name in ("kinds", "cases"):
        (tmp_path / f"{name}.py").write_text(generate(LABELLED[name](), ("scalar",))[0].text, encoding="utf-8")
    call = [sys.executable, "-m", "ruff", "format", "--isolated", "--check", str(tmp_path)]
    found = subprocess.run(call, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def made(array: Any) -> Any:
    """An array of a library that allows the standard alone."""
    return array_api_strict.asarray(array)


@pytest.mark.parametrize("make", [np.asarray, made])
@pytest.mark.parametrize("name", GOOD)
def test_modules_for_any_library_give_nan_in_the_row_and_in_sums(name: str, make: Any) -> None:
    module = module_of(name, "array_api")
    (w, X, y, wrong), others = map(make, arguments(name)), [0, 2]
    for function in ("per_sample_grad", "residual", "residual_jacobian"):
        if hasattr(module, function):
            right, found = (np.asarray(getattr(module, function)(w, X, target)).reshape(3, -1) for target in (y, wrong))
            assert np.isnan(found[1]).all()
            np.testing.assert_array_equal(found[others], right[others])
    for function in ("loss", "grad", "hessian"):
        assert np.isfinite(np.asarray(getattr(module, function)(w, X, y))).all()
        assert np.isnan(np.asarray(getattr(module, function)(w, X, wrong))).all()
    assert np.isnan(np.asarray(module.hvp(w, w, X, wrong))).all()
    value, gradient = module.value_and_grad(w, X, wrong)
    assert np.isnan(np.asarray(value))
    assert np.isnan(np.asarray(gradient)).all()
    tape = module.forward(w, X, wrong)
    np.testing.assert_array_equal(np.isnan(np.asarray(tape.loss)), [False, True, False])
    assert np.isnan(np.asarray(module.backward(tape))).all()
    assert np.isfinite(np.asarray(module.backward(module.forward(w, X, y)))).all()


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
    assert np.isfinite(module_of("counts", "scalar").row([0.5], [1.0], 2.5, [0.0]))
    assert np.isfinite(module_of("counts", "array_api").loss(np.array([0.5]), np.ones((1, 1)), np.array([2.5])))
