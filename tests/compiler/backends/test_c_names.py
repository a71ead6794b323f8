"""Names in C files: those of the file are the model's own, and a user's name is never one that C or the file needs."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import pytest
import sympy as sp
from built import MODELS
from c_code import c_texts, compiled, compiler, scratch

import symgraph as sg
from symgraph import Model
from symgraph.compiler.generate import generate
from symgraph.errors import SpecError
from symgraph.project.native.compiled import module_of
from symgraph.project.native.compiler import Compiler
from symgraph.spec.names import RESERVED

STRICT = ("-Wshadow", "-Wmissing-prototypes", "-Wpedantic")
PLAIN = [f"name{index}" for index in range(54)]
AWKWARD = (
    *("fn_exp", "exp", "n", "i", "int", "double", "restrict", "inline", "I", "M_PI", "NAN", "INFINITY", "errno", "main"),
    *("static_assert", "typeof", "asm", "linux", "unix", "row", "rows", "stride", "careful", "wide", "terms", "sums", "output"),
    *("losses", "partials", "residual", "one", "target", "share", "add", "gradient", "memcpy", "size_t", "uint64_t", "fabs"),
    *("fma", "FMA", "INLINE", "ROWS", "SUMS", "PARTS", "FEATURES", "WEIGHTS", "SHIFT", "WIDEST", "DBL_MAX", "UINT64_C"),
    *("HUGE_VAL", "FP_NAN", "SIZE_MAX", "lambda", "sum", "isfinite", "signbit", "bits", "turn", "EOF", "NULL", "hostile"),
    *("hostile_row", "hostile_exp_", "hostile_abi", "HOSTILE_ROWS_", "HOSTILE_WEIGHTS", "SYMGRAPH_hostile_H"),
)


def hostile(names: Sequence[str], turn: int, name: str = "hostile") -> Model:
    """A model with most functions of C files, whose features, nodes and weights have the given names in turn."""
    m = Model(name)
    parts: tuple[list[str], list[str], list[str]] = ([], [], [])
    for index, one in enumerate(names):
        parts[(index + turn) % 3].append(one)
    features, weights = m.features(parts[0]), m.weights(parts[1])
    functions = [
        *(sp.exp, sp.tanh, sp.sin, sp.cos, sp.atan, sp.erf, sp.erfc, sp.sign),
        *(sg.expm1, sg.log1p, sg.gauss, sg.erfcx, sg.ierfcx, sg.relu),
        *(lambda v: sp.log(1 + v**2), lambda v: sp.Max(v, 0.3), lambda v: sp.Min(v, 0.2), lambda v: sp.Heaviside(v - 0.1) * v),
    ]
    nodes = [
        m.node(one, functions[index % len(functions)](weights[index % len(weights)] * features[index % len(features)]))
        for index, one in enumerate(parts[2])
    ]
    y = m.target("y")
    y_hat = m.output("y_hat", sum([*nodes, *(a * x for a, x in zip(weights, features, strict=False))]))
    m.loss((y - y_hat) ** 2)
    return m


def allowed(names: Sequence[str]) -> list[str]:
    """The names that a spec may have."""
    reserved = (*RESERVED, "y", "y_hat")
    return sorted({one for one in names if not re.match(r"_|d_", one) and one not in reserved})


def gradient(model: Model, files: Mapping[str, str]) -> list[float]:
    """The loss, the gradient and the output at one point, by the C file."""
    c = module_of(f"{model.name}.c", files, compiler=Compiler((compiler("gcc"),), ("-O0",), "test"), folder=scratch())
    w, x = np.linspace(0.1, 0.9, len(c.WEIGHTS)), np.linspace(0.2, 0.8, len(c.FEATURES))
    value, partials = c.value_and_grad(w, x, 0.5)
    return [value, *partials, c.predict_row(w, x)]


@cache
def plain_gradient(count: int, turn: int) -> list[float]:
    """The same by a model of harmless names."""
    model = hostile([f"name{index}" for index in range(count)], turn)
    return gradient(model, c_texts(model))


def is_right_with(names: Sequence[str], turn: int, name: str = "hostile") -> None:
    """Hold a model to one of harmless names."""
    model = hostile(names, turn, name)
    files = c_texts(model)
    for family in ("gcc", "clang"):
        compiled(compiler(family), ("-fsyntax-only", *STRICT), files, "model.o")
    # sums of some ten terms of the size of 1, which names may put into another order
    np.testing.assert_allclose(gradient(model, files), plain_gradient(len(names), turn), rtol=1e-13, atol=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(3))
def test_names_that_c_its_library_or_the_file_need_are_taken_for_the_users_own(turn: int) -> None:
    is_right_with(allowed(AWKWARD), turn)


@pytest.mark.slow
def test_every_identifier_of_a_c_file_may_be_a_name_of_its_model() -> None:
    text = re.sub(r'//.*|"[^"]*"', "", "".join(c_texts(hostile(PLAIN, 0)).values()))
    found = allowed(re.findall(r"\b[A-Za-z_]\w*", text))
    known = "hostile_exp_ hostile_all_terms_1_ hostile_all_outputs_ HOSTILE_ROWS_ SYMGRAPH_hostile_H uint64_t stride"
    assert set(known.split()) <= set(found)
    is_right_with(found, 0)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gcc", "clang"])
def test_no_macro_of_the_headers_of_this_machine_takes_the_place_of_a_name(family: str) -> None:
    program, dialect = compiler(family), ("-std=gnu2x", "-D_GNU_SOURCE", "-D__STDC_WANT_IEC_60559_TYPES_EXT__")
    headers = "".join(f"#include <{name}.h>\n" for name in ("float", "math", "stddef", "stdint", "string"))
    command = [program, *dialect, "-dM", "-E", "-x", "c", "-"]
    seen = subprocess.run(command, input=headers, capture_output=True, text=True, check=True).stdout
    macros = allowed(re.findall(r"^#define (\w+) ", seen, re.MULTILINE))
    assert {"INFINITY", "DBL_MAX", "M_PI", "linux"} <= set(macros) or "linux" not in seen
    compiled(program, ("-fsyntax-only", *STRICT, *dialect), c_texts(hostile(macros, 1)), "model.o")


LIKE_FUNCTIONS = ["exp", "exp_", "tanh_", "sin", "row", "min_", "x_exp_", "gradient_", "abi", "all_terms_", "ROWS_", "add_"]


@pytest.mark.parametrize("name", ["exp", "double", "NULL", "main", "x", "fp_fast", "dbl", "d", "d_x"])
def test_models_of_awkward_names_compile_and_are_right_and_cotangents_hide_no_function(name: str) -> None:
    others = ["a", "b", "c", "MAX", "row", "other", "cosh", f"{name}1" if name == "x" else name, "more"]
    is_right_with(LIKE_FUNCTIONS if name in ("d", "d_x") else others, 1, name)


def small(name: str) -> Model:
    return Model.from_formula("y ~ a*x + b", ("x", "y"), name=name)


def test_model_names_that_belong_to_c_are_refused() -> None:
    for name, why in (("_math", "begin with an underscore"), ("Math", "hide"), ("features", "hide"), ("limits", "hide")):
        with pytest.raises(SpecError, match=f"model name '{name}'.*{why}"):
            generate(small(name), ("c",))


MAIN = r"""
#include <stdio.h>
int main(void)
{
    double w[100], x[100], grad[100];
    for (int i = 0; i < 100; i++) {
        w[i] = 0.3 + 0.01 * i;
        x[i] = 0.2 + 0.02 * i;
    }
    printf("%a %a\n", nine_weights_row(w, x, 0.5, grad), nine_weights_predict_row(w, x));
    printf("%a %a\n", every_op_row(w, x, 0.5, grad), every_op_predict_row(w, x));
    return nine_weights_selftest() + every_op_selftest();
}
"""


@pytest.mark.parametrize("family", ["gcc", "clang"])
def test_two_models_fit_in_one_unit_without_a_warning_and_are_right(family: str) -> None:
    both = c_texts(MODELS["nine_weights"]()) | c_texts(MODELS["every_op"]())
    inner = {name.replace(".c", ".inc"): text for name, text in both.items()}
    said = []
    for files, ending in ((both, "h"), (inner, "inc")):
        main = f'#include "nine_weights.{ending}"\n#include "every_op.{ending}"\n{MAIN}'
        program = compiled(compiler(family), ("-O1", *STRICT), files | {"main.c": main}, "main")
        said.append(subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout)
    assert said[0] == said[1]
    assert "nan" not in said[0]


def test_headers_of_models_whose_names_differ_in_case_alone_do_not_hide_each_other() -> None:
    files = c_texts(small("pair")) | c_texts(small("Pair"))
    user = '#include "pair.h"\n#include "Pair.h"\nint main(void)\n{\n    return pair_selftest() + Pair_selftest();\n}\n'
    compiled(compiler("gcc"), STRICT, files | {"main.c": user}, "main")
