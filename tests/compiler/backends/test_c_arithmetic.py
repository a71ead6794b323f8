"""The C file is right under every flag, or refuses to be compiled, or its self-test says what is wrong."""

import ctypes
import platform
import re
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from c_code import c_texts, compiler, scratch

from symgraph import Model
from symgraph.compiler.backends.c.single import in_single
from symgraph.errors import BuildError, ModuleError
from symgraph.project.native.compiled import module_of
from symgraph.project.native.compiler import Compiler

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
    m = Model.from_formula("y ~ a*sin(b*x) + exp(c*x)", ("x", "y"), name="ripple")
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


def redefined(macro: str, value: int) -> str:
    """The flags of a compiler that has another value for a macro."""
    return f"-U__{macro}__ -D__{macro}__={value}"


BOTH = ("gcc", "clang")
REFUSED = ["-Ofast", "-ffast-math", "-ffinite-math-only", "-D_M_FP_FAST=1"]  # the last is /fp:fast of another compiler
ASSOCIATIVE = "-fassociative-math -fno-signed-zeros -fno-trapping-math"
PARTS_OF_FAST_MATH = [
    "-funsafe-math-optimizations", ASSOCIATIVE, "-ffast-math -fno-finite-math-only", "-freciprocal-math", "-fno-signed-zeros",
]  # fmt: skip
REFUSED_BY_GCC = [
    *PARTS_OF_FAST_MATH, "-fsingle-precision-constant", redefined("FLT_EVAL_METHOD", -1), redefined("DBL_MANT_DIG", 24),
    redefined("DBL_MAX_EXP", 128),
]  # fmt: skip
REFUSED_ON_X86 = ["-mfpmath=387", "-std=c99 -mfpmath=387", "-std=c99 -fexcess-precision=standard -mfpmath=387", "-mfpmath=both"]
REFUSED_IN_FLOATS = [
    *REFUSED, redefined("FLT_EVAL_METHOD", 1), redefined("FLT_EVAL_METHOD", 64), redefined("FLT_MANT_DIG", 53),
]  # fmt: skip


@pytest.mark.parametrize(("family", "flags", "single"), [
    *((family, flags, False) for family in BOTH for flags in REFUSED), *(("gcc", flags, False) for flags in REFUSED_BY_GCC),
    *(pytest.param("gcc", flags, False, marks=X86) for flags in REFUSED_ON_X86),
    *(("gcc", flags, True) for flags in REFUSED_IN_FLOATS), pytest.param("gcc", "-mfpmath=387", True, marks=X86),
])  # fmt: skip
def test_flags_under_which_results_would_be_wrong_are_refused(family: str, flags: str, single: bool) -> None:
    with pytest.raises(AssertionError, match=r"results would be wrong|constants_are_doubles_"):
        run(family, f"-O1 {flags}", single=single)


HARMLESS = [
    "-O1", "-O2 -std=c99", "-O3 -fno-math-errno -fno-trapping-math", "-O2 -ffp-contract=fast", "-O2 -frounding-math",
]  # fmt: skip
HARMLESS_FOR_GCC = [
    "-Os", "-O2 -ffast-math -fno-fast-math", "-O2 -fno-builtin -ffreestanding", "-O2 -fsignaling-nans -fcx-limited-range",
    "-O2 -ftrapv -funsigned-char -fno-strict-aliasing", "-O3 -funroll-all-loops", "-O2 -std=gnu2x", "-O2 -flto",
    f"-O2 {redefined('FLT_EVAL_METHOD', 1)}",
]  # fmt: skip


@pytest.mark.parametrize(("family", "flags", "single"), [
    *((family, flags, False) for family in BOTH for flags in HARMLESS), *(("gcc", flags, False) for flags in HARMLESS_FOR_GCC),
    *((family, flags, True) for family in BOTH for flags in ("-O0", *HARMLESS[2:4])),
    *(pytest.param("gcc", f"-O2 -m{flag}", False, marks=X86) for flag in ("no-ieee-fp", "long-double-64", "recip")),
    # clang has no macros for parts of fast math, and obeys the text
    *(pytest.param("clang", f"-O2 {flags}", False, marks=X86) for flags in PARTS_OF_FAST_MATH),
])  # fmt: skip
def test_harmless_flags_change_no_bit_and_the_self_test_is_content(family: str, flags: str, single: bool) -> None:
    found = run(family, flags, flags if "-flto" in flags else "", single=single)
    assert found == run("gcc", PLAIN, single=single)
    assert found[0] == "0"


@pytest.mark.parametrize("family", BOTH)
@pytest.mark.parametrize("flags", ["-O3 -march=native", "-O3 -march=native -std=gnu11 -fno-math-errno -fno-trapping-math"])
def test_products_are_fused_where_the_text_has_it_so_and_nowhere_else(family: str, flags: str) -> None:
    # gcc fuses in its own dialect if nobody says no, clang within a statement
    strict = run("gcc", "-O1 -march=native -std=c99 -ffp-contract=off")
    assert run(family, flags) == strict
    assert strict[0] == "0"


@pytest.mark.parametrize(("flags", "bits"), [
    ("-funsafe-math-optimizations", 1 | 4 | 16), (ASSOCIATIVE, 1 | 16), ("-freciprocal-math", 4), ("-ffinite-math-only", 8),
    ("-fno-signed-zeros", 16), ("-ffast-math", 1 | 4 | 8 | 16), pytest.param("-mfpmath=387", 1 | 2, marks=X86),
])  # fmt: skip
@pytest.mark.parametrize("single", [False, True], ids=["doubles", "floats"])
@pytest.mark.parametrize("family", BOTH)
def test_the_self_test_finds_what_no_macro_tells(family: str, flags: str, bits: int, single: bool) -> None:
    if family == "clang" and "387" in flags:
        pytest.skip("clang computes with doubles by SSE alone")
    found = int(run(family, f"-O2 {flags}", guarded=False, single=single)[0])
    assert found & bits == bits


@pytest.mark.parametrize("single", [False, True], ids=["doubles", "floats"])
@pytest.mark.parametrize("family", BOTH)
def test_the_self_test_finds_products_that_are_fused_without_leave(family: str, single: bool) -> None:
    command = [compiler(family), "-march=native", "-dM", "-E", "-x", "c", "/dev/null"]
    macros = subprocess.run(command, capture_output=True, text=True, check=True)
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
    old = {name: text.replace("ripple_selftest", "ripple_other") for name, text in texts().items()}
    wrong, finds = "-ffinite-math-only", r"compiled here.*self-test finds that infinities and NaN are taken for numbers\."
    for files, flag, error, message in (
        (unguarded(False), wrong, ModuleError, rf"ripple\.c, as {finds}"),
        (texts(), wrong, BuildError, "results would be wrong: compile without"),
        (old, "-O1", ModuleError, r"ripple\.c has no self-test, since an earlier symgraph wrote it; build it again"),
    ):
        with pytest.raises(error, match=message):
            module_of("ripple.c", files, compiler=Compiler((compiler("gcc"),), ("-O2", flag), "test"), folder=tmp_path)


@pytest.mark.parametrize(("macros", "doubles", "floats"), [
    ("-D__ARM_FEATURE_FMA=1 -D__ARM_FP=0x6", False, True),  # Cortex-M4F: single precision alone
    ("-D__ARM_FEATURE_FMA=1 -D__ARM_FP=0xe", True, True),  # Cortex-M7 with double precision
    ("-D__ARM_FEATURE_FMA=1", False, False),  # no numbers in hardware
    ("", False, False), ("-D__FMA__=1", True, True), ("-D__aarch64__=1", True, True), ("-D__FP_FAST_FMAF=1", False, True),
    ("-D__FP_FAST_FMA=1", True, False),
])  # fmt: skip
def test_products_are_fused_where_the_processor_does_so(macros: str, doubles: bool, floats: bool) -> None:
    plain = ["-mno-fma"] if platform.machine() == "x86_64" else ["-U__aarch64__", "-U__FP_FAST_FMA", "-U__ARM_FEATURE_FMA"]
    for single, fused in ((False, doubles), (True, floats)):
        command = [compiler("gcc"), *plain, *macros.split(), "-E", "ripple.c"]
        seen = subprocess.run(command, cwd=written(texts(single)), capture_output=True, text=True, check=True).stdout
        assert (f"return fma{'f' if single else ''}(a, b, c);" in seen) is fused
