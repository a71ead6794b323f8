"""C files of long models: in parts, by blocks of few rows, and with little memory on the stack."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp
from big_models import FAMILIES as BIG
from c_code import c_module_of, c_texts

from symgraph import Model
from symgraph.build.modules import compile as compile_model
from symgraph.options import C_FUNCTIONS

SLOW = pytest.mark.slow
"""Of tests that generate, compile and verify long models, a second each."""


def frames(name: str, files: dict[str, str], folder: Path) -> dict[str, int]:
    """Bytes of stack of each function of a model's C file, without those that it calls."""
    gcc = shutil.which("gcc") or pytest.skip("this machine has no gcc")
    for file, text in files.items():
        (folder / file).write_text(text, encoding="utf-8")
    flags = ("-std=c99", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-fstack-usage")
    subprocess.run([gcc, "-O3", *flags, "-c", f"{name}.c"], cwd=folder, check=True)
    lines = [line.split("\t") for line in (folder / f"{name}.su").read_text(encoding="utf-8").splitlines()]
    return {place.rpartition(":")[2].removeprefix(f"{name}_").partition(".")[0]: int(size) for place, size, _ in lines}


def stack_said(header: str) -> dict[str, int]:
    """KiB of stack of each function, as a header says it."""
    line = header.split("need at most:\n")[1].splitlines(keepends=True)[0]
    return {name: int(size) for name, size in re.findall(r"(\w+) (\d+)[,\n]", line)}


@SLOW
@pytest.mark.parametrize(("family", "size"), [("perceptron", 100), ("perceptron", 1000), ("linear", 1000), ("tangle", 1500)])
def test_functions_take_no_more_stack_than_the_header_says_and_long_ones_stay_small(
    family: str, size: int, tmp_path: Path
) -> None:
    files = c_texts(BIG[family](size))
    found = frames(family, files, tmp_path)
    # a function over rows calls one part at a time, and no part calls another
    deepest = max((size for name, size in found.items() if name.startswith(("row_", "block_", "all_"))), default=0)
    said = stack_said(files[f"{family}.h"])
    assert set(said) == {name for name in C_FUNCTIONS if not name.endswith("row")}
    for name, kibibytes in said.items():
        assert found[name] + deepest <= 1024 * kibibytes <= 65_536, name


@pytest.mark.parametrize(
    ("family", "size"), [("linear", 1000), *(pytest.param(*one, marks=SLOW) for one in (("perceptron", 1500), ("chain", 2000)))]
)
def test_headers_of_long_models_say_no_more_than_64_kibibytes(family: str, size: int) -> None:
    files = c_texts(BIG[family](size))
    assert max(stack_said(files[f"{family}.h"]).values()) <= 64


@SLOW
@pytest.mark.parametrize("count", [250, 1000])
def test_values_of_features_alone_that_are_the_slopes_of_many_weights_fit_on_the_stack_too(count: int) -> None:
    model, draw = Model("fixed_layer"), np.random.RandomState(0)
    x, _, w = model.features("x1:3"), model.target("y"), model.weights(f"w1:{count + 1}")
    numbers = draw.uniform(-1.0, 1.0, (count, 3))
    layer = [model.node(f"h{i}", sp.tanh(a * x[0] + b * x[1] + c)) for i, (a, b, c) in enumerate(numbers)]
    model.output("o", sp.Add(*(one * node for one, node in zip(w, layer, strict=True))))
    model.loss("squared_error")
    files = c_texts(model)
    assert max(stack_said(files["fixed_layer.h"]).values()) <= 64
    if count == 250:  # sums over panels of weights are those of all at once
        v, X, y = draw.normal(size=count), draw.normal(size=(70, 2)), draw.normal(size=70)
        c = c_module_of(files)
        assert_sums(c.jacobian(v, X), c, v, X, y, 70 * 2**-52)  # 70 terms in other orders


def assert_sums(slopes: Any, c: Any, w: Any, X: Any, y: Any, tolerance: float) -> None:
    """Hold normal equations of squares to the products of the slopes and to the gradient, beside their largest entries."""
    JtJ, Jtr, _ = c.normal_equations(w, X, y)
    for found, want in ((JtJ, 2.0 * slopes.T @ slopes), (Jtr, c.grad(w, X, y, reduction="sum"))):
        np.testing.assert_allclose(found, want, rtol=tolerance, atol=tolerance * np.abs(want).max())


def assert_rows_alone(c: Any, w: Any, X: Any, y: Any) -> tuple[Any, Any]:
    """Hold results of a batch to the bits of single rows; return partials and slopes of its rows."""
    each, slopes, partials = c.per_sample_grad(w, X, y), c.jacobian(w, X), np.empty(len(w))
    outputs = c.predict(w, X)
    for row, output in enumerate(outputs):
        assert c.row(w, X[row], y[row], partials) == c.loss(w, X[row], y[row])
        np.testing.assert_array_equal(partials, each[row])
        assert c.predict_row(w, X[row]) == output
        if hasattr(c, "predict_jacobian_row"):
            assert c.predict_jacobian_row(w, X[row], partials) == output
            np.testing.assert_array_equal(partials, slopes[row])
    return each, slopes


@SLOW
def test_parts_that_read_some_of_many_features_give_the_results_of_numpy_and_of_single_rows() -> None:
    model, draw = BIG["linear"](300), np.random.RandomState(0)
    files = c_texts(model, ("feature-jacobian", "jacobian-row"))
    c, numpy = c_module_of(files), compile_model(model, "numpy", extras=("feature-jacobian",))
    assert re.search(r"read_columns_\(X \+ start \* LINEAR_FEATURES, linear_read_", files["linear.c"])
    w, X, y = draw.normal(size=300), draw.normal(size=(70, 300)), draw.normal(size=70)
    X[5, -1] = 1e9  # a sine of it is the C library's
    _, slopes = assert_rows_alone(c, w, X, y)
    np.testing.assert_allclose(c.feature_jacobian(w, X), numpy.feature_jacobian(w, X), rtol=1e-12)
    for function in ("per_sample_grad", "jacobian", "grad"):
        want = getattr(numpy, function)(w, X, y)
        # sums of 301 terms in other orders, beside the largest entry
        np.testing.assert_allclose(getattr(c, function)(w, X, y), want, rtol=1e-11, atol=1e-12 * np.abs(want).max())
    assert_sums(slopes, c, w, X, y, 1e-12)


@SLOW
def test_results_of_a_model_in_parts_are_those_of_numpy_and_of_single_rows() -> None:
    model, draw = BIG["perceptron"](200), np.random.RandomState(0)
    c, numpy = compile_model(model, "c", extras=("jacobian-row",)), compile_model(model, "numpy")
    assert "perceptron_all_values_2_(" in c.C_FILES["perceptron.c"]
    w, X, y = draw.normal(size=len(c.WEIGHTS)), draw.normal(size=(70, len(c.FEATURES))), draw.normal(size=70)
    assert_rows_alone(c, w, X, y)
    for function in ("grad", "per_sample_grad", "jacobian"):
        want = getattr(numpy, function)(w, X, y)
        # sums of up to 15 products in other orders, beside the largest entry
        np.testing.assert_allclose(getattr(c, function)(w, X, y), want, rtol=1e-12, atol=1e-13 * np.abs(want).max())


@SLOW
def test_results_by_blocks_of_fewer_rows_than_a_vector_has_are_those_of_single_rows() -> None:
    files, draw = c_texts(BIG["tangle"](1000)), np.random.RandomState(0)
    assert "#define TANGLE_ROWS_ 4\n" in files["tangle.c"]
    c = c_module_of(files)
    w, X, y = draw.normal(size=len(c.WEIGHTS)), draw.normal(size=(70, 5)), draw.normal(size=70)
    each, slopes = assert_rows_alone(c, w, X, y)
    # 70 terms in other orders, beside the largest entry
    assert_sums(slopes, c, w, X, y, 70 * 2**-52)
    want = each.mean(axis=0)
    np.testing.assert_allclose(c.grad(w, X, y), want, rtol=70 * 2**-52, atol=70 * 2**-52 * np.abs(want).max())


@SLOW
def test_long_functions_in_parts_put_every_column_in_its_place() -> None:
    model, draw = Model("long"), np.random.default_rng(11)
    x, w, (p, q) = model.features("x1:21"), model.weights("w1:61"), model.targets("p q")
    parts = [sum(sp.tanh(w[(3 * i + k) % 60] * x[i % 20] + w[i % 60]) for i in range(150)) for k in (0, 1)]
    left, right = model.outputs("left right", *parts)
    model.residual(left - p, (right - q) * w[0], w[5])
    made = compile_model(model, "c", compile_seconds=300.0)  # which verifies every column
    assert re.search("long_all_(outputs|values)_2_", made.C_FILES["long.c"])  # it is in parts
    plain = compile_model(model, "numpy")
    rows, weights, y = draw.normal(size=(70, 20)), draw.normal(size=60), draw.normal(size=(70, 2))
    for function in ("predict", "jacobian", "residual", "residual_jacobian"):
        data = (rows,) if function == "predict" else (rows, y)
        got, want = (getattr(one, function)(weights, *data) for one in (made, plain))
        np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-12)  # sums of 150 terms below 1, by weights of size 1
