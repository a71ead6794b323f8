"""C files of long models: in parts, by blocks of few rows, and with little memory on the stack."""

import re
from typing import Any

import numpy as np
import pytest
import sympy as sp
from big_models import FAMILIES as BIG
from c_code import c_module_of, c_texts, compiled, compiler

from symgraph import Model
from symgraph.module_functions import C_FUNCTIONS
from symgraph.project.build.modules import compile as compile_model

SLOW = pytest.mark.slow
"""Of tests that generate, compile and verify long models, a second each."""


def stack_said(header: str) -> dict[str, int]:
    """KiB of stack of each function, as a header says it."""
    line = header.split("need at most:\n")[1].splitlines(keepends=True)[0]
    return {name: int(size) for name, size in re.findall(r"(\w+) (\d+)[,\n]", line)}


@SLOW
@pytest.mark.parametrize(("family", "size"), [("perceptron", 100), ("perceptron", 1000), ("linear", 1000), ("tangle", 1500)])
def test_functions_take_no_more_stack_than_the_header_says_and_long_ones_stay_small(family: str, size: int) -> None:
    files = c_texts(BIG[family](size))
    flags = ("-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-fstack-usage", "-c")
    usage = compiled(compiler("gcc"), flags, files, f"{family}.o").with_suffix(".su").read_text(encoding="utf-8")
    lines = [line.split("\t") for line in usage.splitlines()]
    # bytes of stack of each function, without those that it calls
    found = {place.rpartition(":")[2].removeprefix(f"{family}_").partition(".")[0]: int(size) for place, size, _ in lines}
    # a function over rows calls one part at a time, and no part calls another
    deepest = max((size for name, size in found.items() if name.startswith(("row_", "block_", "all_"))), default=0)
    said = stack_said(files[f"{family}.h"])
    assert set(said) == {name for name in C_FUNCTIONS if not name.endswith("row")}
    for name, kibibytes in said.items():
        assert found[name] + deepest <= 1024 * kibibytes <= 1024 * (80 if name == "normal_equations" else 64), name


@pytest.mark.parametrize(
    ("family", "size"), [("linear", 1000), *(pytest.param(*one, marks=SLOW) for one in (("perceptron", 1500), ("chain", 2000)))]
)
def test_headers_of_long_models_say_no_more_than_64_kibibytes(family: str, size: int) -> None:
    said = stack_said(c_texts(BIG[family](size))[f"{family}.h"])
    assert said.pop("normal_equations") <= 80  # which have the derivatives by all weights at once
    assert max(said.values()) <= 64


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
    said = stack_said(files["fixed_layer.h"])
    assert said.pop("normal_equations") <= 80
    assert max(said.values()) <= 64
    if count == 250:  # sums of few rows at a time are those of all at once
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
@pytest.mark.parametrize(("family", "size", "part", "tolerance"), [
    ("linear", 300, "read_columns_(X + start * LINEAR_FEATURES, linear_read_", 1e-11),  # parts read some of many features
    ("perceptron", 200, "perceptron_all_values_2_(", 1e-12),  # the model is in parts
    ("tangle", 1000, "#define TANGLE_ROWS_ 4\n", 70 * 2**-52),  # blocks have fewer rows than a vector
])  # fmt: skip
def test_results_of_long_models_are_those_of_numpy_and_of_single_rows(
    family: str, size: int, part: str, tolerance: float
) -> None:
    model, draw = BIG[family](size), np.random.RandomState(0)
    c = compile_model(model, "c", extras=("feature-jacobian", "jacobian-row"))
    assert part in c.C_FILES[f"{family}.c"]
    w, X, y = draw.normal(size=len(c.WEIGHTS)), draw.normal(size=(70, len(c.FEATURES))), draw.normal(size=70)
    X[5, -1] = 1e9 if family == "linear" else X[5, -1]  # a sine of it is the C library's
    each, slopes = assert_rows_alone(c, w, X, y)
    # sums of up to 301 terms in other orders, beside the largest entry
    assert_sums(slopes, c, w, X, y, min(tolerance, 1e-12))
    wanted = {"grad": each.mean(axis=0)}
    if family != "tangle":  # which magnifies roundings
        numpy = compile_model(model, "numpy", extras=("feature-jacobian",))
        np.testing.assert_allclose(c.feature_jacobian(w, X), numpy.feature_jacobian(w, X), rtol=1e-12)
        wanted = {name: getattr(numpy, name)(w, X, y) for name in ("grad", "per_sample_grad", "jacobian")}
    for function, want in wanted.items():
        atol = min(tolerance, 1e-12) * np.abs(want).max()
        np.testing.assert_allclose(getattr(c, function)(w, X, y), want, rtol=tolerance, atol=atol)


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
