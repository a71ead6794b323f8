"""C files as others compile them: strict C99 and C++, chosen functions, memory from the caller, floats, a Cortex-M4."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from built import MODELS, sample
from c_code import c_module_of, c_texts, compiled, compiler
from several import SEVERAL

from symgraph import Model
from symgraph.compiler.generate import generate
from symgraph.errors import OptionError, SpecError
from symgraph.module_functions import C_FUNCTIONS
from symgraph.options import options_of
from symgraph.project.build.modules import compile as compile_model

STRICT = ("-Wpedantic", "-Wshadow", "-Wdouble-promotion", "-ffp-contract=off")


IN_CPLUSPLUS = """#include "nine_weights.h"
#include "nine_weights.h"
int main()
{
    const double w[NINE_WEIGHTS_WEIGHTS] = {}, x[NINE_WEIGHTS_FEATURES] = {};
    double grad[NINE_WEIGHTS_WEIGHTS];
    return nine_weights_row(w, x, 0.0, grad) == nine_weights_selftest() + nine_weights_row(w, x, 0.0, grad) ? 0 : 1;
}
"""


def test_a_program_in_cplusplus_links_with_the_file() -> None:
    plus = shutil.which("g++") or pytest.skip("this machine has no g++")
    files = c_texts(MODELS["nine_weights"]()) | {"main.cpp": IN_CPLUSPLUS}
    folder = compiled(compiler("gcc"), (*STRICT, "-O1", "-c"), files, "nine_weights.o").parent
    warnings = ("-Wall", "-Wextra", "-Wpedantic", "-Werror")
    subprocess.run([plus, *warnings, "main.cpp", "nine_weights.o", "-lm", "-o", "main"], cwd=folder, check=True)
    subprocess.run([str(folder / "main")], check=True)


IMPEDANCE = tuple(np.random.default_rng(11).uniform(0.5, 2.0, shape) for shape in (3, (150, 2), (150, 2)))


def arguments(name: str, function: str) -> Any:
    """What a function takes: weights, rows, and targets if it reads them; one row and a gradient to fill if it is of one."""
    w, X, y = sample(name, rows=150) if name in MODELS else IMPEDANCE
    if function.endswith("row"):
        return (w, X[0]) if function == "predict_row" else (w, X[0], y[0], [0.0] * len(w))
    return (w, X) if function == "predict" else (w, X, y)


def assert_same(one: Any, other: Any, name: str, functions: Sequence[str]) -> None:
    """Hold functions of two modules of a model to the same bits."""
    for function in functions:
        found, wanted = (getattr(module, function)(*arguments(name, function)) for module in (one, other))
        for got, want in zip(found, wanted, strict=True) if isinstance(wanted, tuple) else [(found, wanted)]:
            np.testing.assert_array_equal(got, want)


@cache
def whole(name: str, *extras: str) -> Any:
    """The module of a whole C file."""
    return c_module_of(c_texts((MODELS | SEVERAL)[name](), extras))


@pytest.mark.parametrize("function", C_FUNCTIONS)
@pytest.mark.parametrize("name", ["nine_weights", "Gauss1", "impedance"])
def test_a_file_of_one_function_has_no_other_and_the_bits_of_the_whole_one(name: str, function: str) -> None:
    files = c_texts((MODELS | SEVERAL)[name](), functions=(function,))
    compiled(compiler("gcc"), (*STRICT, "-fsyntax-only"), files, "model.o")
    assert re.findall(rf"^(?:double|void) {name}_(\w+)\(", files[f"{name}.h"], re.MULTILINE) == [function]
    part = c_module_of(files)
    assert_same(part, whole(name), name, [function])
    assert not any(hasattr(part, other) for other in C_FUNCTIONS if other != function)


def test_unknown_functions_are_refused_with_the_known_ones_and_models_that_lack_all_of_them() -> None:
    with pytest.raises(OptionError, match="the function 'rows' is unknown; functions of a C file are row, value_and_grad"):
        options_of(functions=("rows",))
    with pytest.raises(SpecError, match=r"model pieces has no function residual; it has row, value_and_grad"):
        c_texts(MODELS["pieces"](), functions=("residual",))
    with pytest.raises(OptionError, match="the extra 'functions=row' is of c; the backends chosen are numpy"):
        generate(MODELS["pieces"](), ("numpy",), options=options_of(functions=("row",)))
    options = options_of(("workspace",), functions=("predict_row", "row"))
    assert options.extras == ("workspace", "functions=row+predict_row")
    assert options_of(options.extras) == options  # as a manifest says it


@pytest.mark.parametrize("extra", ["workspace", "functions=row+predict_row"])
def test_compiled_modules_are_verified_by_the_functions_that_they_ship(extra: str) -> None:
    module = compile_model(MODELS["nine_weights"](), "c", extras=(extra,))
    assert hasattr(module, "row")
    assert hasattr(module, "predict") == (extra == "workspace")


@pytest.mark.parametrize("function", ["row", "predict_row", "loss", "jacobian", "normal_equations"])
def test_a_model_with_a_penalty_ships_any_function_alone(function: str) -> None:
    model = Model.from_formula("y ~ a*x", ("x", "y"))
    model.penalty(model.weight_inputs[0].symbol ** 2)
    module = compile_model(model, "c", functions=(function,))
    assert (hasattr(module, function), module.penalty([3.0])) == (True, (9.0, [6.0]))


@pytest.mark.parametrize("name", ["nine_weights", "pieces", "every_op", "uniform_nodes", "Gauss1", "impedance"])
def test_memory_from_the_caller_changes_no_bit(name: str) -> None:
    functions = ("grad", "loss", "per_sample_grad", "jacobian", "predict", "residual", "residual_jacobian")
    there = [function for function in functions if hasattr(whole(name), function)]
    assert_same(whole(name, "workspace"), whole(name), name, there)


def test_single_precision_has_the_same_columns_to_its_digits() -> None:
    for function in ("predict", "residual"):
        modules = whole("impedance", "float"), whole("impedance")
        got, want = (getattr(one, function)(*arguments("impedance", function)) for one in modules)
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)  # a dozen roundings of 6e-8, differences with targets of 1


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
    gcc, emulator = map(shutil.which, ("arm-none-eabi-gcc", "qemu-arm"))
    if gcc is None or emulator is None:
        pytest.skip("this machine has no compiler for ARM or no emulator of it")
    files = c_texts(MODELS["nine_weights"](), functions=("row", "predict_row"))
    # qemu-arm runs the semihosted program of newlib; a Cortex-M4 has no doubles, so nothing is fused
    flags = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-Os", "--specs=rdimon.specs")
    program = compiled(gcc, (*STRICT, *flags), files | {"main.c": MAIN}, "main.elf")
    said = subprocess.run([emulator, "-cpu", "cortex-m4", str(program)], capture_output=True, text=True, check=True)
    selftest, *got = map(float, said.stdout.split())
    module, partials = c_module_of(files), [0.0] * 9
    w, x = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], [1.0, 2.0, 3.0, 4.0, 5.0]
    want = [module.row(w, x, 1.0, partials), *partials, module.predict_row(w, x)]
    assert selftest == 0
    np.testing.assert_allclose(got, want, rtol=2e-14)  # some ulp, where products are fused here
