"""C files as others compile them: strict C99 and C++, chosen functions, memory from the caller, long models, a Cortex-M4."""

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import sympy
from big_models import FAMILIES as BIG
from built import MODELS, sample
from c_code import scratch

from symgraph import Model
from symgraph.build.modules import compile as compile_model
from symgraph.errors import OptionError, SpecError
from symgraph.generate import generate
from symgraph.io.compiled import module_of
from symgraph.io.compiler import find_compiler
from symgraph.options import C_FUNCTIONS, options_of

WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wdouble-promotion", "-Werror")
STRICT = ("-std=c99", *WARNINGS, "-ffp-contract=off")
KINDS = ("nine_weights", "pieces", "every_op", "uniform_nodes", "Gauss1")


def texts(name: str, extras: tuple[str, ...] = (), functions: tuple[str, ...] = ()) -> dict[str, str]:
    """The C file and the header of a model, by name."""
    options = options_of(extras, functions=functions)
    return {artifact.name: artifact.text for artifact in generate(MODELS[name](), ("c",), options=options)}


def run(command: list[str], files: dict[str, str], folder: Path) -> str:
    """Run a compiler in a folder of some files; what it says is an error."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, ""), f"{command}\n{found.stderr}"
    return found.stdout


def needed(program: str) -> str:
    """A program; the test is skipped where this machine lacks it."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"this machine has no {program}")
    return found


@pytest.mark.parametrize("family", ["gcc", "clang"])
@pytest.mark.parametrize("extras", [(), ("float",), ("workspace",)])
@pytest.mark.parametrize("name", KINDS)
def test_the_text_is_strict_c99(name: str, extras: tuple[str, ...], family: str, tmp_path: Path) -> None:
    zig = family == "clang" and shutil.which("clang") is None and find_spec("ziglang") is not None
    command = [sys.executable, "-m", "ziglang", "cc"] if zig else [needed(family)]
    run([*command, *STRICT, "-O1", "-c", f"{name}.c", "-o", "model.o"], texts(name, extras), tmp_path)


def test_a_program_in_cplusplus_links_with_the_file(tmp_path: Path) -> None:
    files = texts("nine_weights") | {
        "main.cpp": """#include "nine_weights.h"
int main()
{
    const double w[NINE_WEIGHTS_WEIGHTS] = {}, x[NINE_WEIGHTS_FEATURES] = {};
    double grad[NINE_WEIGHTS_WEIGHTS];
    return nine_weights_row(w, x, 0.0, grad) == nine_weights_selftest() + nine_weights_row(w, x, 0.0, grad) ? 0 : 1;
}
"""
    }
    run([needed("gcc"), *STRICT, "-O1", "-c", "nine_weights.c"], files, tmp_path)
    plus = needed("g++")
    run([plus, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "main.cpp", "nine_weights.o", "-lm", "-o", "main"], {}, tmp_path)
    assert subprocess.run([str(tmp_path / "main")], check=False).returncode == 0


@pytest.mark.parametrize("function", C_FUNCTIONS)
@pytest.mark.parametrize("name", ["nine_weights", "Gauss1"])
def test_a_file_of_one_function_has_no_other_and_the_bits_of_the_whole_one(name: str, function: str, tmp_path: Path) -> None:
    files = texts(name, functions=(function,))
    run([needed("gcc"), *STRICT, "-O1", "-c", f"{name}.c"], files, tmp_path)
    declared = re.findall(rf"^(?:double|void) {name}_(\w+)\(", files[f"{name}.h"], re.MULTILINE)
    assert declared == [function]
    part, whole = (module_of(f"{name}.c", one, compiler=find_compiler().in_haste()) for one in (files, texts(name)))
    w, X, y = sample(name, rows=70)
    if function in ("row", "predict_row"):
        rest = ([0.0] * len(w),) if function == "row" else ()
        given = (w, X[0], y[0]) if function == "row" else (w, X[0])
        assert getattr(part, function)(*given, *rest) == getattr(whole, function)(*given, *rest)
    else:
        got, want = (getattr(one, function)(w, X, y) if function != "predict" else one.predict(w, X) for one in (part, whole))
        for one, other in zip(np.atleast_1d(got) if not isinstance(got, tuple) else got, want if isinstance(want, tuple) else
                              np.atleast_1d(want), strict=True):  # fmt: skip
            np.testing.assert_array_equal(one, other)
    others = [other for other in C_FUNCTIONS if other != function]
    assert not any(hasattr(part, other) for other in others)


def test_unknown_functions_are_refused_with_the_known_ones_and_models_that_lack_all_of_them() -> None:
    with pytest.raises(OptionError, match="the function 'rows' is unknown; functions of a C file are row, value_and_grad"):
        options_of(functions=("rows",))
    with pytest.raises(SpecError, match=r"model pieces has no function residual; it has row, value_and_grad"):
        texts("pieces", functions=("residual",))
    with pytest.raises(OptionError, match="the extra 'functions=row' is of c; the backends chosen are numpy"):
        generate(MODELS["pieces"](), ("numpy",), options=options_of(functions=("row",)))


def test_what_a_manifest_says_of_chosen_functions_gives_the_same_options() -> None:
    options = options_of(("workspace",), functions=("predict_row", "row"))
    assert options.extras == ("workspace", "functions=row+predict_row")
    assert options_of(options.extras) == options


@pytest.mark.parametrize("extra", ["workspace", "functions=row+predict_row"])
def test_compiled_modules_are_verified_by_the_functions_that_they_ship(extra: str) -> None:
    module = compile_model(MODELS["nine_weights"](), "c", extras=(extra,))
    assert hasattr(module, "row")
    assert hasattr(module, "predict") == (extra == "workspace")


@pytest.mark.parametrize("function", ["row", "predict_row", "loss", "jacobian", "normal_equations"])
def test_a_model_with_a_penalty_ships_any_function_alone(function: str) -> None:
    model = Model("ridge")
    x, a = model.feature("x"), model.weight("a")
    model.target("y")
    model.output("y_hat", a * x)
    model.loss("squared_error")
    model.penalty(a**2)
    module = compile_model(model, "c", functions=(function,))
    assert (hasattr(module, function), module.penalty([3.0])) == (True, (9.0, [6.0]))


@pytest.mark.parametrize("name", KINDS)
def test_memory_from_the_caller_changes_no_bit(name: str) -> None:
    on_stack, given = (module_of(f"{name}.c", texts(name, extras), compiler=find_compiler().in_haste())
                       for extras in ((), ("workspace",)))  # fmt: skip
    w, X, y = sample(name, rows=150)
    for function in ("grad", "loss", "per_sample_grad", "jacobian"):
        np.testing.assert_array_equal(getattr(given, function)(w, X, y), getattr(on_stack, function)(w, X, y))
    np.testing.assert_array_equal(given.predict(w, X), on_stack.predict(w, X))


def frames(program: list[str], name: str, files: dict[str, str], folder: Path) -> dict[str, int]:
    """Bytes of stack of each function of a model's C file, without those that it calls."""
    flags = ("-std=c99", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-fstack-usage")
    run([*program, *flags, "-c", f"{name}.c"], files, folder)
    lines = [line.split("\t") for line in (folder / f"{name}.su").read_text(encoding="utf-8").splitlines()]
    return {place.rpartition(":")[2].removeprefix(f"{name}_").partition(".")[0]: int(size) for place, size, _ in lines}


def stack_said(header: str) -> dict[str, int]:
    """KiB of stack of each function, as a header says it."""
    line = header.split("need at most:\n")[1].splitlines(keepends=True)[0]
    return {name: int(size) for name, size in re.findall(r"(\w+) (\d+)[,\n]", line)}


@pytest.mark.slow
@pytest.mark.parametrize(("family", "size"), [("perceptron", 100), ("perceptron", 1000), ("linear", 1000), ("tangle", 1500)])
def test_functions_take_no_more_stack_than_the_header_says_and_long_ones_stay_small(
    family: str, size: int, tmp_path: Path
) -> None:
    files = {artifact.name: artifact.text for artifact in generate(BIG[family](size), ("c",))}
    found = frames([needed("gcc"), "-O3"], family, files, tmp_path)
    # a function over rows calls one part at a time, and no part calls another
    deepest = max((size for name, size in found.items() if name.startswith(("row_", "block_", "all_"))), default=0)
    said = stack_said(files[f"{family}.h"])
    assert set(said) == {name for name in C_FUNCTIONS if not name.endswith("row")}
    for name, kibibytes in said.items():
        assert found[name] + deepest <= 1024 * kibibytes <= 65_536, name


@pytest.mark.parametrize(("family", "size"), [("perceptron", 1500), ("linear", 1000), ("chain", 2000), ("tangle", 1500)])
def test_headers_of_long_models_say_no_more_than_64_kibibytes(family: str, size: int) -> None:
    files = {artifact.name: artifact.text for artifact in generate(BIG[family](size), ("c",))}
    assert max(stack_said(files[f"{family}.h"]).values()) <= 64


@pytest.mark.parametrize("count", [250, 1000])
def test_values_of_features_alone_that_are_the_slopes_of_many_weights_fit_on_the_stack_too(count: int) -> None:
    model, draw = Model("fixed_layer"), np.random.RandomState(0)
    x, _, w = model.features("x1:3"), model.target("y"), model.weights(f"w1:{count + 1}")
    numbers = draw.uniform(-1.0, 1.0, (count, 3))
    layer = [model.node(f"h{i}", sympy.tanh(a * x[0] + b * x[1] + c)) for i, (a, b, c) in enumerate(numbers)]
    model.output("o", sympy.Add(*(one * node for one, node in zip(w, layer, strict=True))))
    model.loss("squared_error")
    files = {artifact.name: artifact.text for artifact in generate(model, ("c",))}
    assert max(stack_said(files["fixed_layer.h"]).values()) <= 64
    if count == 250:  # sums over panels of weights are those of all at once
        c = module_of("fixed_layer.c", files, compiler=find_compiler().in_haste())
        v, X, y = draw.normal(size=count), draw.normal(size=(70, 2)), draw.normal(size=70)
        J, (JtJ, Jtr, _) = c.jacobian(v, X), c.normal_equations(v, X, y)
        for found, want in ((JtJ, 2.0 * J.T @ J), (Jtr, c.grad(v, X, y, reduction="sum"))):
            # 70 terms in other orders, beside the largest entry
            np.testing.assert_allclose(found, want, rtol=70 * 2**-52, atol=70 * 2**-52 * np.abs(want).max())


def test_parts_that_read_some_of_many_features_give_the_results_of_numpy_and_of_single_rows() -> None:
    model, further = BIG["linear"](300), ("feature-jacobian",)
    files = {one.name: one.text for one in generate(model, ("c",), options=options_of((*further, "jacobian-row")))}
    c = module_of("linear.c", files, compiler=find_compiler().in_haste())
    numpy = compile_model(model, "numpy", extras=further)
    assert re.search(r"read_columns_\(X \+ start \* LINEAR_FEATURES, linear_read_", files["linear.c"])
    draw = np.random.RandomState(0)
    w, X, y = draw.normal(size=300), draw.normal(size=(70, 300)), draw.normal(size=70)
    X[5, -1] = 1e9  # a sine of it is the C library's
    each, slopes, partials = c.per_sample_grad(w, X, y), c.jacobian(w, X), np.empty(300)
    for row in range(70):
        assert c.row(w, X[row], y[row], partials) == c.loss(w, X[row], y[row])
        np.testing.assert_array_equal(partials, each[row])
        assert c.predict_jacobian_row(w, X[row], partials) == c.predict_row(w, X[row]) == c.predict(w, X)[row]
        np.testing.assert_array_equal(partials, slopes[row])
    np.testing.assert_allclose(c.feature_jacobian(w, X), numpy.feature_jacobian(w, X), rtol=1e-12)
    for function, found in {"per_sample_grad": each, "jacobian": slopes, "grad": c.grad(w, X, y)}.items():
        want = getattr(numpy, function)(w, X, y)
        # sums of 301 terms in other orders, beside the largest entry
        np.testing.assert_allclose(found, want, rtol=1e-11, atol=1e-12 * np.abs(want).max())
    JtJ, Jtr, _ = c.normal_equations(w, X, y)
    for found, want in ((JtJ, 2.0 * slopes.T @ slopes), (Jtr, c.grad(w, X, y, reduction="sum"))):
        np.testing.assert_allclose(found, want, rtol=1e-11, atol=1e-12 * np.abs(want).max())


def test_results_of_a_model_in_parts_are_those_of_numpy_and_of_single_rows() -> None:
    model = BIG["perceptron"](200)
    numpy = compile_model(model, "numpy")
    c = compile_model(model, "c", extras=("jacobian-row",))
    assert "perceptron_all_values_2_(" in c.C_FILES["perceptron.c"]
    draw = np.random.RandomState(0)
    w, X, y = draw.normal(size=len(c.WEIGHTS)), draw.normal(size=(70, len(c.FEATURES))), draw.normal(size=70)
    each, partials = c.per_sample_grad(w, X, y), np.empty(len(w))
    for row in range(70):
        c.row(w, X[row], y[row], partials)
        np.testing.assert_array_equal(partials, each[row])
        assert c.predict_row(w, X[row]) == c.predict(w, X)[row]
        assert c.predict_jacobian_row(w, X[row], partials) == c.predict(w, X)[row]
        np.testing.assert_array_equal(partials, c.jacobian(w, X)[row])
    for function in ("grad", "per_sample_grad", "jacobian"):
        want = getattr(numpy, function)(w, X, y)
        # sums of up to 15 products in other orders, beside the largest entry
        np.testing.assert_allclose(getattr(c, function)(w, X, y), want, rtol=1e-12, atol=1e-13 * np.abs(want).max())


@pytest.mark.slow
def test_results_by_blocks_of_fewer_rows_than_a_vector_has_are_those_of_single_rows() -> None:
    files = {one.name: one.text for one in generate(BIG["tangle"](1000), ("c",))}
    assert "#define TANGLE_ROWS_ 4\n" in files["tangle.c"]
    c = module_of("tangle.c", files, compiler=find_compiler().in_haste())
    draw = np.random.RandomState(0)
    w, X, y = draw.normal(size=len(c.WEIGHTS)), draw.normal(size=(70, 5)), draw.normal(size=70)
    each, slopes, partials = c.per_sample_grad(w, X, y), c.jacobian(w, X), np.empty(len(w))
    for row in range(70):
        assert c.row(w, X[row], y[row], partials) == c.loss(w, X[row], y[row])
        np.testing.assert_array_equal(partials, each[row])
        assert c.predict_row(w, X[row]) == c.predict(w, X)[row]
    JtJ, Jtr, _ = c.normal_equations(w, X, y)
    sums = ((c.grad(w, X, y), each.mean(axis=0)), (JtJ, 2.0 * slopes.T @ slopes), (Jtr, each.sum(axis=0)))
    for found, want in sums:
        # 70 terms in other orders, beside the largest entry
        np.testing.assert_allclose(found, want, rtol=70 * 2**-52, atol=70 * 2**-52 * np.abs(want).max())


MAIN = """#include "nine_weights.h"
#include <stdio.h>
int main(void)
{
    const double w[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9}, x[] = {1.0, 2.0, 3.0, 4.0, 5.0};
    double grad[NINE_WEIGHTS_WEIGHTS];
    printf("%d %.17g", nine_weights_selftest(), nine_weights_row(w, x, 1.0, grad));
    for (int i = 0; i < NINE_WEIGHTS_WEIGHTS; i++) {
        printf(" %.17g", grad[i]);
    }
    printf(" %.17g\\n", nine_weights_predict_row(w, x));
    return 0;
}
"""


def test_a_cortex_m4_computes_what_this_machine_does() -> None:
    gcc, emulator = needed("arm-none-eabi-gcc"), needed("qemu-arm")
    folder, name = scratch(), "nine_weights"
    files = texts(name, functions=("row", "predict_row")) | {"main.c": MAIN}
    # qemu-arm runs the semihosted program of newlib; a Cortex-M4 has no doubles, so nothing is fused
    flags = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-Os", "--specs=rdimon.specs"]
    run([gcc, *STRICT, *flags, f"{name}.c", "main.c", "-lm", "-o", "main.elf"], files, folder)
    said = subprocess.run(
        [emulator, "-cpu", "cortex-m4", "main.elf"], cwd=folder, capture_output=True, text=True, check=True
    ).stdout
    selftest, *got = map(float, said.split())
    module = module_of(f"{name}.c", {key: text for key, text in files.items() if key != "main.c"})
    w, x = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], [1.0, 2.0, 3.0, 4.0, 5.0]
    partials = [0.0] * 9
    want = [module.row(w, x, 1.0, partials), *partials, module.predict_row(w, x)]
    assert selftest == 0
    np.testing.assert_allclose(got, want, rtol=2e-14)  # some ulp, where products are fused here
