"""C files in single precision: without doubles, right within what floats allow, and verified."""

import re
from functools import cache, partial
from typing import Any

import numpy as np
import pytest
import sympy as sp
from built import MODELS
from c_code import c_module_of, c_texts

from symgraph import Model
from symgraph.compiler.backends.c.library import LIBRARY
from symgraph.errors import ModuleError, OptionError, SpecError, VerificationError
from symgraph.judge.judged_points import points
from symgraph.judge.judging import judge
from symgraph.judge.verify import verify
from symgraph.use.training import sgd, train

texts = partial(c_texts, extras=("float",))
"""The C file in single precision and the header of a model, by name."""


@cache
def loaded(name: str) -> Any:
    """The module of a model of the zoo in single precision."""
    return c_module_of(texts(MODELS[name]()))


@pytest.mark.parametrize("name", MODELS)
def test_a_file_in_single_precision_has_neither_doubles_nor_their_constants_and_functions(name: str) -> None:
    for file, text in texts(MODELS[name]()).items():
        code = re.sub(r'//.*|"(?:\\.|[^"\\])*"', "", text)
        assert not re.search(r"\bdouble\b|\bDBL_|\buint64_t\b", code)
        constants = re.findall(r"(?<![\w.])(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][+-]?\d+)?\w*", code)
        assert constants or file.endswith(".h")
        assert all(constant.endswith("f") for constant in constants)
        called = set(re.findall(r"\b([a-z]\w*)\(", code)) & {"copysign", "fabs", "fma", "rint", "sqrt", *LIBRARY}
        assert not called


def test_names_comments_and_strings_of_a_model_stay_in_single_precision_and_constants_become_the_floats_beside_them() -> None:
    m = Model("pendulum", doc="A double pendulum of 0.1 m; exp(x), DBL_MAX.")
    x, (a, expf) = m.feature("double"), m.weights("fabs expf")
    m.output("y_hat", 0.1 * a * sp.exp(x) + 1e300 * expf + sp.Float("1e-60") * a)
    files = texts(m)
    parts = ('    "double",\n', "const float double_ = x[0 * stride + row];", "0.1f", "INFINITY")  # as NumPy has it
    for part in (f"// {m.doc}\n", *parts):
        assert part in files["pendulum.c"]
    assert c_module_of(files).predict([2.0, 0.0], [0.0]).dtype == np.float32


@pytest.mark.parametrize("name", [name for name in MODELS if MODELS[name]().loss_expr is not None and name != "sums"])
def test_results_in_single_precision_are_verified_unless_floats_do_not_hold_them(name: str) -> None:
    if name == "constants":
        with pytest.raises(SpecError, match=r"model constants: at every point .* values beyond 1e-37 to 1e\+18"):
            verify(MODELS[name](), None, loaded(name), points=2)
    else:
        assert verify(MODELS[name](), None, loaded(name), points=2).judged > 10


SINGLE_FAULTS = {
    "a partial is wrong": ("terms[1 * stride + row] =", "terms[1 * stride + row] = 1.001f *"),
    "a constant is another": ("0.69314575f", "0.6939f"),
    "the losses miss their last row": ("block_sum_(losses, rows), &sum", "block_sum_(losses, rows - 1), &sum"),
    "a series is too short": ("0.16666664f", "0.0f"),
    "shares are ignored": ("share = s ? s + start : ones", "share = s ? ones : ones"),
}


@pytest.mark.parametrize(("good", "bad"), SINGLE_FAULTS.values(), ids=SINGLE_FAULTS)
def test_a_fault_of_the_text_in_single_precision_is_caught_by_verification(good: str, bad: str) -> None:
    model, files = MODELS["nine_weights"](), texts(MODELS["nine_weights"]())
    assert good in files["nine_weights.c"]
    c = c_module_of(files | {"nine_weights.c": files["nine_weights.c"].replace(good, bad)})
    with pytest.raises(VerificationError, match="model nine_weights, c module"):
        verify(model, None, c, points=3)


@pytest.mark.parametrize("name", ["nine_weights", "line"])
def test_the_truth_judges_a_module_in_single_precision(name: str) -> None:
    model, c = MODELS[name](), loaded(name)
    report = judge(model, c, points(model, n=30), dtype="float32")
    assert report.ok, report.verdict()
    with pytest.raises(OptionError, match="the c backend computes in floats; judge it with the dtype float32"):
        judge(model, c, points(model, n=2))


def test_training_row_by_row_in_c_says_that_it_needs_the_file_in_double_precision() -> None:
    c, x = loaded("line"), np.linspace(-1.0, 1.0, 20)
    run = {"optimizer": sgd(0.01), "epochs": 2, "w0": [0.1, 0.2], "batch_size": 1}
    with pytest.raises(ModuleError, match=r"line\.c is in single precision, and an optimizer's state is in double"):
        train(c, x, x**2, backend="c", **run)
    result = train(c, x, x**2, **run)
    assert (result.epochs, result.backend) == (2, "numpy")
    assert "line.c is in single precision" in str(result.fallback)
