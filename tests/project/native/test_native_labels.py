"""Compiled models refuse targets that are no labels, in the words of NumPy's modules; labels never reach the binding."""

import ctypes
from typing import Any

import numpy as np
import pytest
from labelled import REMEDY, WRONG
from native_models import outcome, three

from symgraph.data.targets import check_labels
from symgraph.errors import DataError

pytestmark = pytest.mark.usefixtures("quick_gcc")

GOOD = {"kinds": [0.0, 2.0, 1.0], "cases": [1.0, 0.1, 2.0], "pairs": [[0.0, 1.0], [1.0, 1.0], [1.0, 0.0]]}
FUNCTIONS = ("loss", "grad", "value_and_grad", "per_sample_grad", "residual", "residual_jacobian")
ROWS = 700


@pytest.fixture(scope="module", autouse=True)
def compiled(quick_gcc: None) -> None:
    """Compile the models before the tests, which are then fast."""
    for name in (*GOOD, "counts"):
        w, X, y = arguments(name, "float32")
        three(name).native.loss(w, X, y)


def arguments(name: str, dtype: str) -> Any:
    """Weights, rows and targets, more than are compared with a label at once."""
    numpy = three(name).numpy
    w = np.linspace(0.3, 0.7, len(numpy.WEIGHTS), dtype=dtype)
    X = np.linspace(-1.0, 1.0, ROWS * len(numpy.FEATURES), dtype=dtype).reshape(ROWS, -1)
    return w, X, np.resize(np.array(GOOD.get(name, [3.0, 0.0, 1.0]), dtype), (ROWS, *np.shape(GOOD.get(name, [0.0])[0])))


def wrong(y: Any, row: int, value: float = 7.0) -> Any:
    found = y.copy()
    found.reshape(len(y), -1)[row, -1] = value
    return found


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", GOOD)
def test_functions_name_the_row_the_label_and_what_to_do(name: str, dtype: str) -> None:
    (w, X, y), models = arguments(name, dtype), three(name)
    target = "q" if name == "pairs" else "y"
    for function in (one for one in FUNCTIONS if hasattr(models.numpy, one)):
        for row in (0, 255, 256, ROWS - 1):
            said = f"y: row {row} (counted from 0) has {target} = 7; {WRONG[name]}; {REMEDY[name]}"
            for module in (models.native, models.numpy, models.ctypes_in(dtype)):
                assert outcome(getattr(module, function), w, X, wrong(y, row)) == (ValueError, said)
        alone = f"{target} is 7; {WRONG[name]}; {REMEDY[name]}"
        one = X[0].copy(), wrong(y, 0)[0] if name == "pairs" else float(wrong(y, 0)[0])
        assert outcome(getattr(models.native, function), w, *one) == (ValueError, alone)
    for value in (0.5, -1.0, np.nan, np.inf, 3.0):  # no other number is taken for a label
        with pytest.raises(ValueError, match=WRONG[name]):
            models.native.loss(w, X, wrong(y, 300, value))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", GOOD)
def test_labels_never_reach_the_binding(name: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (w, X, y), native = arguments(name, dtype), three(name).native
    found = [function for function in FUNCTIONS if hasattr(native, function)]
    for function in found:
        monkeypatch.setattr(type(native.loss.__self__.binding), function, None)
    for function in found:
        getattr(native, function)(w, X, y)
        getattr(native, function)(w, X[0].copy(), y[0])
        with pytest.raises(TypeError, match="not callable"):
            getattr(native, function)(w, X, wrong(y, 3))


def test_the_function_of_a_row_on_floats_refuses_it_too_and_rows_of_weight_0_are_absent() -> None:
    (w, X, y), models = arguments("kinds", "float64"), three("kinds")
    grad = np.full(4, 5.0)
    for module in (models.native, models.ctypes):
        for x in (X[0].copy(), X[0].tolist()):
            with pytest.raises(ValueError, match=f"^y is 7; {WRONG['kinds']}; {REMEDY['kinds']}$"):
                module.row(w, x, 7.0, grad)
    np.testing.assert_array_equal(grad, 5.0)
    assert np.isfinite(models.native.row(w, X[0].copy(), 2.0, grad))
    shares = np.where(np.arange(ROWS) == 3, 0.0, 2.0)
    without = shares > 0.0
    assert models.native.loss(w, X, wrong(y, 3), sample_weight=shares) == models.native.loss(w, X[without], y[without])
    with pytest.raises(ValueError, match=r"row 4 \(counted from 0\) has y = 7"):
        models.native.loss(w, X, wrong(y, 4), sample_weight=shares)


def test_a_c_file_says_what_labels_there_are_and_counts_are_computed_as_they_are() -> None:
    said: dict[str, dict[str, Any]] = {
        "kinds": {"labels": ("class", 3), "likelihood": "categorical"},
        "cases": {"values": {"y": (0.1, 1.0, 2.0)}},
        "pairs": {"values": {"p": (0.0, 1.0), "q": (0.0, 1.0)}},
        "counts": {"labels": ("count", None), "likelihood": "poisson"},
    }
    for name, entries in said.items():
        for module in (three(name).ctypes, three(name).single):
            found = module.METADATA.items()
            assert {key: value for key, value in found if key in ("labels", "likelihood", "values")} == entries
    (w, X, y), models = arguments("counts", "float64"), three("counts")
    assert np.isfinite(models.native.loss(w, X, wrong(y, 0, 2.5)))
    assert np.isnan(models.native.loss(w, X, wrong(y, 0, -1.0)))
    with pytest.raises(DataError, match=r"row 1 .* has y = -1; the likelihood poisson of counts needs a count"):
        check_labels(models.ctypes, [[1.0]] * 2, [1.0, -1.0])
    front = type(three("kinds").native.loss.__self__)
    with pytest.raises(TypeError, match="a binding has _labels, an array of three dimensions"):
        front(ctypes, sum, np.empty(0), 1, 1, 1, 1, 1, 1)
