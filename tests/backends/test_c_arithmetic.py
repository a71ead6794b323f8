"""The C file is right under every flag, or refuses to be compiled, or its self-test says what is wrong."""

import ctypes
import platform
import re
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
import sympy as sp
from c_code import c_texts, compiler, scratch

from symgraph import Model
from symgraph.backends.c.single import in_single
from symgraph.errors import BuildError, ModuleError
from symgraph.io.compiled import module_of
from symgraph.io.compiler import Compiler

pytestmark = pytest.mark.slow

X86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="the flag is one of x86-64")
PLAIN = "-O0 -ffp-contract=off"

MAIN = r"""
#include "ripple.h"
#include <stdio.h>

int main(void)
{
    double w[RIPPLE_WEIGHTS] = {0.7, 1.3, -0.4}, X[200], y[200], loss, grad[RIPPLE_WEIGHTS];
    for (int i = 0; i < 200; i++) {
        X[i] = 0.37 * i - 30.0;
        y[i] = 0.01 * i;
    }
    ripple_value_and_grad(w, X, y, NULL, 200, &loss, grad);
    printf("%d %a %a %a %a %a\n", ripple_selftest(), loss, grad[0], grad[1], grad[2], ripple_predict_row(w, X + 50));
    return 0;
}
"""


@cache
def texts(single: bool = False) -> Mapping[str, str]:
    """The C file and the header of a model with own functions and with sums over rows."""
    m = Model("ripple")
    x, (a, b, c) = m.feature("x"), m.weights("a b c")
    m.target("y")
    m.output("y_hat", a * sp.sin(b * x) + sp.exp(c * x))
    m.loss("squared_error")
    return c_texts(m, ("float",) * single)


def written(files: Mapping[str, str]) -> Path:
    """A new folder with some files."""
    folder = scratch()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def unguarded(single: bool) -> dict[str, str]:
    """The same as compilers see it that define no macros and take no orders."""
    text = texts(single)["ripple.c"]
    start = text.index("// All that follows relies")
    kept = re.sub(r"#if defined __clang__.*?#endif\n", "", text[text.index("// rows that are worked on") :], flags=re.DOTALL)
    return {**texts(single), "ripple.c": text[:start] + kept}


@cache
def main_object(single: bool) -> Path:
    """The program that calls them, compiled without flags."""
    folder = written({**texts(single), "main.c": in_single(MAIN) if single else MAIN})
    subprocess.run([compiler("gcc"), "-c", "main.c"], cwd=folder, check=True)
    return folder / "main.o"


@cache
def run(family: str, flags: str, linked: str = "", guarded: bool = True, single: bool = False) -> list[str]:
    """The result of the self-test and the bits of some numbers, from a file that is compiled with some flags.

    Raises:
        AssertionError: the file is not compiled without a warning; with what the compiler says.
    """
    program, folder = compiler(family), written(texts(single) if guarded else unguarded(single))
    warnings = ("-Wall", "-Wextra", "-Wpedantic", "-Werror") if guarded else ("-w",)
    for command in (
        [program, *warnings, *flags.split(), "-c", "ripple.c"],
        [program, *linked.split(), "ripple.o", str(main_object(single)), "-o", "main", "-lm"],
    ):
        made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stderr
    return subprocess.run([str(folder / "main")], capture_output=True, text=True, check=True).stdout.split()


REFUSED = ["-Ofast", "-ffast-math", "-ffinite-math-only", "-D_M_FP_FAST=1"]  # the last is /fp:fast of another compiler
PARTS_OF_FAST_MATH = [
    "-funsafe-math-optimizations",
    "-fassociative-math -fno-signed-zeros -fno-trapping-math",
    "-ffast-math -fno-finite-math-only",
    "-freciprocal-math",
    "-fno-signed-zeros",
]
REFUSED_BY_GCC = [
    *PARTS_OF_FAST_MATH,
    "-fsingle-precision-constant",
    "-U__FLT_EVAL_METHOD__ -D__FLT_EVAL_METHOD__=-1",
    "-U__DBL_MANT_DIG__ -D__DBL_MANT_DIG__=24",
    "-U__DBL_MAX_EXP__ -D__DBL_MAX_EXP__=128",
]
REFUSED_ON_X86 = ["-mfpmath=387", "-std=c99 -mfpmath=387", "-std=c99 -fexcess-precision=standard -mfpmath=387", "-mfpmath=both"]
REFUSED_IN_FLOATS = [
    *REFUSED,
    "-U__FLT_EVAL_METHOD__ -D__FLT_EVAL_METHOD__=1",
    "-U__FLT_EVAL_METHOD__ -D__FLT_EVAL_METHOD__=64",
    "-U__FLT_MANT_DIG__ -D__FLT_MANT_DIG__=53",
]


@pytest.mark.parametrize(
    ("family", "flags", "single"),
    [
        *((family, flags, False) for family in ("gcc", "clang") for flags in REFUSED),
        *(("gcc", flags, False) for flags in REFUSED_BY_GCC),
        *(pytest.param("gcc", flags, False, marks=X86) for flags in REFUSED_ON_X86),
        *(("gcc", flags, True) for flags in REFUSED_IN_FLOATS),
        pytest.param("gcc", "-mfpmath=387", True, marks=X86),
    ],
)
def test_flags_under_which_results_would_be_wrong_are_refused(family: str, flags: str, single: bool) -> None:
    with pytest.raises(AssertionError, match=r"results would be wrong|constants_are_doubles_"):
        run(family, f"-O1 {flags}", single=single)


HARMLESS = [
    "-O1", "-O2 -std=c99", "-O3 -fno-math-errno -fno-trapping-math", "-O2 -ffp-contract=fast", "-O2 -frounding-math",
]  # fmt: skip
HARMLESS_FOR_GCC = [
    "-Os",
    "-O2 -ffast-math -fno-fast-math",
    "-O2 -fno-builtin -ffreestanding",
    "-O2 -fsignaling-nans -fcx-limited-range",
    "-O2 -ftrapv -funsigned-char -fno-strict-aliasing",
    "-O3 -funroll-all-loops",
    "-O2 -std=gnu2x",
    "-O2 -U__FLT_EVAL_METHOD__ -D__FLT_EVAL_METHOD__=1",
]


@pytest.mark.parametrize(
    ("family", "flags", "single"),
    [
        *((family, flags, False) for family in ("gcc", "clang") for flags in HARMLESS),
        *((family, flags, True) for family in ("gcc", "clang") for flags in ("-O0", *HARMLESS[2:4])),
        *(("gcc", flags, False) for flags in HARMLESS_FOR_GCC),
        *(pytest.param("gcc", f"-O2 -m{flag}", False, marks=X86) for flag in ("no-ieee-fp", "long-double-64", "recip")),
        # clang has no macros for parts of fast math, and obeys the text
        *(pytest.param("clang", f"-O2 {flags}", False, marks=X86) for flags in PARTS_OF_FAST_MATH),
    ],
)
def test_harmless_flags_change_no_bit_and_the_self_test_is_content(family: str, flags: str, single: bool) -> None:
    found = run(family, flags, single=single)
    assert found == run("gcc", PLAIN, single=single)
    assert found[0] == "0"


def test_link_time_optimization_changes_no_bit() -> None:
    assert run("gcc", "-O2 -flto", "-O2 -flto") == run("gcc", PLAIN)


@pytest.mark.parametrize("family", ["gcc", "clang"])
@pytest.mark.parametrize("flags", ["-O3 -march=native", "-O3 -march=native -std=gnu11 -fno-math-errno -fno-trapping-math"])
def test_products_are_fused_where_the_text_has_it_so_and_nowhere_else(family: str, flags: str) -> None:
    # gcc fuses in its own dialect if nobody says no, clang within a statement
    strict = run("gcc", "-O1 -march=native -std=c99 -ffp-contract=off")
    assert run(family, flags) == strict
    assert strict[0] == "0"


@pytest.mark.parametrize(
    ("flags", "bits"),
    [
        ("-funsafe-math-optimizations", 1 | 4 | 16),
        ("-fassociative-math -fno-signed-zeros -fno-trapping-math", 1 | 16),
        ("-freciprocal-math", 4),
        ("-ffinite-math-only", 8),
        ("-fno-signed-zeros", 16),
        ("-ffast-math", 1 | 4 | 8 | 16),
        pytest.param("-mfpmath=387", 1 | 2, marks=X86),
    ],
)
@pytest.mark.parametrize("single", [False, True], ids=["doubles", "floats"])
@pytest.mark.parametrize("family", ["gcc", "clang"])
def test_the_self_test_finds_what_no_macro_tells(family: str, flags: str, bits: int, single: bool) -> None:
    if family == "clang" and "387" in flags:
        pytest.skip("clang computes with doubles by SSE alone")
    found = int(run(family, f"-O2 {flags}", guarded=False, single=single)[0])
    assert found & bits == bits


@pytest.mark.parametrize("single", [False, True], ids=["doubles", "floats"])
@pytest.mark.parametrize("family", ["gcc", "clang"])
def test_the_self_test_finds_products_that_are_fused_without_leave(family: str, single: bool) -> None:
    program = compiler(family)
    macros = subprocess.run(
        [program, "-march=native", "-dM", "-E", "-x", "c", "/dev/null"], capture_output=True, text=True, check=True
    )
    if "FAST_FMA 1" not in macros.stdout and "__FMA__" not in macros.stdout:
        pytest.skip("this machine has no fused multiply-add")
    assert run(family, "-O2 -march=native -ffp-contract=fast", guarded=False, single=single)[0] == "2"


@X86
def test_the_self_test_finds_a_program_whose_start_sets_the_processor_to_flush_subnormals() -> None:
    assert run("gcc", "-O2", "-Ofast")[0] == "32"
    assert run("gcc", "-O2", "-Ofast", single=True)[0] == "32"


@X86
def test_the_self_test_finds_another_direction_of_rounding() -> None:
    folder = written(texts())
    subprocess.run([compiler("gcc"), "-fPIC", "-shared", "ripple.c", "-o", "ripple.so", "-lm"], cwd=folder, check=True)
    selftest, libm = ctypes.CDLL(str(folder / "ripple.so")).ripple_selftest, ctypes.CDLL("libm.so.6")
    found = []
    for direction in (0x400, 0x800, 0xC00, 0):  # down, up, towards 0, to the nearest
        libm.fesetround(direction)
        found.append(selftest() & 1)
    assert found == [1, 1, 1, 0]


def test_the_loader_refuses_a_library_whose_self_test_fails_and_files_without_one(tmp_path: Path) -> None:
    flags = ("-std=c99", "-O2", "-ffinite-math-only")
    finds = r"ripple\.c, as compiled here.*self-test finds that infinities and NaN are taken for numbers\."
    with pytest.raises(ModuleError, match=finds):
        module_of("ripple.c", unguarded(False), compiler=Compiler((compiler("gcc"),), flags, "test"), folder=tmp_path)
    with pytest.raises(BuildError, match="results would be wrong: compile without"):
        module_of("ripple.c", texts(), compiler=Compiler((compiler("gcc"),), flags, "test"), folder=tmp_path)
    old = {name: text.replace("ripple_selftest", "ripple_other") for name, text in texts().items()}
    with pytest.raises(ModuleError, match=r"ripple\.c has no self-test, since an earlier symgraph wrote it; build it again"):
        module_of("ripple.c", old, compiler=Compiler((compiler("gcc"),), ("-O1",), "test"), folder=tmp_path)


@pytest.mark.parametrize(
    ("macros", "doubles", "floats"),
    [
        ("", False, False),
        ("-D__ARM_FEATURE_FMA=1 -D__ARM_FP=0x6", False, True),  # Cortex-M4F: single precision alone
        ("-D__ARM_FEATURE_FMA=1 -D__ARM_FP=0xe", True, True),  # Cortex-M7 with double precision
        ("-D__ARM_FEATURE_FMA=1", False, False),  # no numbers in hardware
        ("-D__FMA__=1", True, True),
        ("-D__aarch64__=1", True, True),
        ("-D__FP_FAST_FMAF=1", False, True),
        ("-D__FP_FAST_FMA=1", True, False),
    ],
)
def test_products_are_fused_where_the_processor_does_so(macros: str, doubles: bool, floats: bool) -> None:
    plain = ["-mno-fma"] if platform.machine() == "x86_64" else ["-U__aarch64__", "-U__FP_FAST_FMA", "-U__ARM_FEATURE_FMA"]
    for single, fused in ((False, doubles), (True, floats)):
        command = [compiler("gcc"), *plain, *macros.split(), "-E", "ripple.c"]
        seen = subprocess.run(command, cwd=written(texts(single)), capture_output=True, text=True, check=True).stdout
        assert (f"return fma{'f' if single else ''}(a, b, c);" in seen) is fused
