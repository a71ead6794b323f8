"""C files of models with several columns: strict C, chosen functions, the caller's memory, single precision, long functions."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp
from c_code import compiler
from several import SEVERAL

import symgraph
from symgraph import Model
from symgraph.generate import generate
from symgraph.io.compiled import module_of
from symgraph.io.compiler import find_compiler
from symgraph.options import C_FUNCTIONS, options_of

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wstrict-prototypes", "-Werror")
RNG = np.random.default_rng(11)
X = np.column_stack([RNG.uniform(0.1, 20.0, 150), RNG.uniform(0.5, 2.0, 150)])
Y = RNG.normal(size=(150, 2))
W = np.array([1.25, 2.0, 0.5])


@cache
def texts(name: str, extras: tuple[str, ...] = (), functions: tuple[str, ...] = ()) -> dict[str, str]:
    artifacts = generate(SEVERAL[name](), ("c",), options=options_of(extras, functions=functions))
    return {artifact.name: artifact.text for artifact in artifacts}


def compiled(name: str, extras: tuple[str, ...] = (), functions: tuple[str, ...] = ()) -> Any:
    return module_of(f"{name}.c", texts(name, extras, functions), compiler=find_compiler().in_haste())


@pytest.mark.parametrize("family", ["gcc", "clang"])
@pytest.mark.parametrize("extras", [(), ("float",), ("workspace",)])
@pytest.mark.parametrize("name", SEVERAL)
def test_the_text_is_strict_c99(name: str, extras: tuple[str, ...], family: str, tmp_path: Path) -> None:
    for file, text in texts(name, extras).items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    command = [compiler(family), *STRICT, "-O1", "-c", f"{name}.c", "-o", "model.o"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("function", C_FUNCTIONS)
def test_a_file_of_one_function_gives_the_bits_of_the_whole_one(function: str) -> None:
    part, whole = compiled("impedance", functions=(function,)), compiled("impedance")
    if function in ("row", "predict_row"):
        rest = (Y[0], [0.0] * 3) if function == "row" else ()
        assert getattr(part, function)(W, X[0], *rest) == getattr(whole, function)(W, X[0], *rest)
        return
    data = (X,) if function == "predict" else (X, Y)
    got, want = (getattr(one, function)(W, *data) for one in (part, whole))
    pairs = zip(got, want, strict=True) if isinstance(got, tuple) else [(got, want)]
    for one, other in pairs:
        np.testing.assert_array_equal(one, other)


def test_memory_from_the_caller_changes_no_bit() -> None:
    on_stack, given = compiled("impedance"), compiled("impedance", ("workspace",))
    for function in ("predict", "jacobian", "residual", "residual_jacobian", "per_sample_grad", "grad"):
        data = (X,) if function == "predict" else (X, Y)
        np.testing.assert_array_equal(getattr(given, function)(W, *data), getattr(on_stack, function)(W, *data))


def test_single_precision_has_the_same_columns_to_its_digits() -> None:
    single, double = compiled("impedance", ("float",)), compiled("impedance")
    for function in ("predict", "residual"):
        data = (X,) if function == "predict" else (X, Y)
        got, want = (getattr(one, function)(W, *data) for one in (single, double))
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)  # a dozen roundings of 6e-8, differences with targets of 1


def test_long_functions_in_parts_put_every_column_in_its_place() -> None:
    model = Model("long")
    x = model.features("x1:21")
    w = model.weights("w1:61")
    p, q = model.targets("p q")
    parts = [sum(sp.tanh(w[(3 * i + k) % 60] * x[i % 20] + w[i % 60]) for i in range(150)) for k in (0, 1)]
    left, right = model.outputs("left right", *parts)
    model.residual(left - p, (right - q) * w[0], w[5])
    text = {artifact.name: artifact.text for artifact in generate(model, ("c",))}["long.c"]
    assert "long_all_outputs_2_" in text or "long_all_values_2_" in text  # it is in parts
    made = symgraph.compile(model, backend="c", compile_seconds=300.0)  # which verifies every column
    plain = symgraph.compile(model, backend="numpy")
    rows, weights, y = RNG.normal(size=(70, 20)), RNG.normal(size=60), RNG.normal(size=(70, 2))
    for function in ("predict", "jacobian", "residual", "residual_jacobian"):
        data = (rows,) if function == "predict" else (rows, y)
        got, want = (getattr(one, function)(weights, *data) for one in (made, plain))
        np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-12)  # sums of 150 terms below 1, by weights of size 1
