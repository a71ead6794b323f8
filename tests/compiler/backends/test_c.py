"""The C backend: compiles without a warning, reads and writes no byte it may not, and computes what the numpy backend does."""

import itertools
import math
import re
import subprocess
from functools import cache
from typing import Any

import numpy as np
import pytest
import sympy as sp
from built import MODELS, one_output, sample
from c_code import WARNINGS, c_module_of, c_texts, compiled, compiler, scratch
from corpus import examine
from several import SEVERAL
from written import written

from symgraph import Model
from symgraph.compiler.backends.c.library import LIBRARY
from symgraph.compiler.backends.c.single import in_single
from symgraph.compiler.generate import generate
from symgraph.judge.judged_points import points
from symgraph.project.build.modules import load_artifact
from symgraph.project.native.compiled import module_of
from symgraph.project.native.compiler import Compiler

U = 2.0**-53
"""The rounding unit of float64."""


IN_PLACES = ("nine_weights", "pieces", "every_op", "uniform_nodes", "Gauss1", *SEVERAL)
"""Models whose files for memory from the caller are compiled too."""


@cache
def texts(name: str, extra: str = "") -> dict[str, str]:
    """The C file and the header of a model."""
    return c_texts((MODELS | SEVERAL)[name](), extra.split())


@cache
def c_module(name: str) -> Any:
    """The C module of a model of the zoo."""
    return c_module_of(texts(name))


@pytest.mark.parametrize(("name", "extra", "family"), [
    *itertools.product((*MODELS, *SEVERAL), ("", "float"), ["clang"]),
    *((name, "", "gcc") for name in (*MODELS, *SEVERAL)),
    *((name, "float", "gcc") for name in IN_PLACES),
    *itertools.product(IN_PLACES, ["workspace"], ["gcc", "clang"]),
])  # fmt: skip
def test_every_model_is_strict_c99_and_compiles_without_a_warning(name: str, extra: str, family: str) -> None:
    # gcc sees unused and uninitialized values only where it optimizes; clang needs no code for its warnings
    flags = ("-c", "-O1") if family == "gcc" else ("-fsyntax-only",)
    strict = ("-Wpedantic", "-Wshadow", "-Wstrict-prototypes", "-Wvla", "-Wdouble-promotion")
    compiled(compiler(family), (*flags, *strict), texts(name, extra), "model.o")


DRIVER = r"""
#include "MODEL.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every array is as long as it must be, so that a step beyond it is seen. */
static double *numbers(size_t count)
{
    double *made = malloc((count ? count : 1) * sizeof *made);
    return made ? made : (exit(2), made);
}

static int differ(const double *a, const double *b, size_t count)
{
    int found = 0;
    for (size_t i = 0; i < count; i++) {
        found += memcmp(a + i, b + i, sizeof *a) != 0 && !(isnan(a[i]) && isnan(b[i]));
    }
    return found;
}

int main(void)
{
    static const size_t sizes[] = {1, 7, 8, 9, 31, 63, 64, 65, 257, 600}, d = MODEL_CAPS_FEATURES, k = MODEL_CAPS_WEIGHTS;
    static const double odd[] = {0.0, -0.0, 1e300, -1e300, 5e-324, 1e6, -3e7, INFINITY, -INFINITY, NAN, 710.0, -746.0, DBL_MAX};
    int bad = 0;
    for (size_t at = 0; at < sizeof sizes / sizeof *sizes; at++) {
        const size_t n = sizes[at];
        double *w = numbers(k), *X = numbers(n * d), *y = numbers(n), *s = numbers(n), *grad = numbers(k);
        double *each = numbers(n * k), *output = numbers(n), *slopes = numbers(n * k), *slope = numbers(k), loss, one;
        double *residual = numbers(n);
        unsigned state = 1;
        for (size_t i = 0; i < k; i++) {
            w[i] = 0.3 + 0.01 * (double)(i % 50);
        }
        for (size_t i = 0; i < n * d; i++) {
            state = state * 1103515245u + 12345u;
            X[i] = (double)(state >> 8) / 8388608.0 - 1.0;
            X[i] = n > 200 && state % 64u == 0u ? odd[(state >> 6) % (sizeof odd / sizeof *odd)] : X[i];
        }
        for (size_t i = 0; i < n; i++) {
            y[i] = 0.25 * (double)(i % 9);
            s[i] = 1.0 + (double)(i % 3);
        }
        for (int weighted = 0; weighted < 2; weighted++) {
            MODEL_value_and_grad(w, X, y, weighted ? s : NULL, n, &loss, grad);
            one = MODEL_loss(w, X, y, weighted ? s : NULL, n);
            bad += differ(&loss, &one, 1);
        }
        MODEL_per_sample_grad(w, X, y, n, each);
        MODEL_predict(w, X, n, output);
        MODEL_jacobian(w, X, n, slopes);
        MODEL_residual(w, X, y, n, residual);
        for (size_t row = 0; row < n; row++) {
            MODEL_row(w, X + row * d, y[row], grad);
            MODEL_jacobian(w, X + row * d, 1, slope);
            bad += differ(grad, each + row * k, k) + differ(slope, slopes + row * k, k);
            one = MODEL_predict_row(w, X + row * d);
            bad += differ(&one, output + row, 1);
            one = output[row] - y[row];
            bad += differ(&one, residual + row, 1);
        }
        free(w), free(X), free(y), free(s), free(grad), free(each), free(output), free(slopes), free(slope);
        free(residual);
    }
    printf("%d differ\n", bad);
    return bad != 0;
}
"""


CHECKED = ("-O1", "-g", "-ffp-contract=off", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
VECTORS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off")
RUNS = [(name, CHECKED) for name in ("nine_weights", "pieces", "every_op", "uniform_nodes", "line")]


@pytest.mark.slow
@pytest.mark.parametrize("extra", ["", "float"])
@pytest.mark.parametrize("family", ["gcc", "clang"])
@pytest.mark.parametrize(("name", "flags"), [*RUNS, ("nine_weights", VECTORS)])
def test_rows_of_any_number_and_kind_pass_the_sanitizers_and_have_the_bits_of_single_rows(
    name: str, flags: tuple[str, ...], family: str, extra: str
) -> None:
    files = texts(name, extra)
    # the driver without what the file has not
    lines = DRIVER.replace("MODEL_CAPS", name.upper()).replace("MODEL", name).splitlines(keepends=True)
    main = "".join(line for line in lines if "residual" not in line or "_residual(" in files[f"{name}.h"])
    program = compiled(compiler(family), flags, files | {"main.c": in_single(main) if extra else main}, "main")
    run = subprocess.run([str(program)], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "0 differ\n"), run.stderr[:2000]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in MODELS if MODELS[name]().loss_expr is not None])
def test_the_judge_finds_nothing_wrong_at_ordinary_and_extreme_points(name: str) -> None:
    outcome = examine(MODELS[name](), c_module(name), points(MODELS[name](), n=26, seed=11))
    assert outcome.wrong == ()
    assert outcome.report.judged > 10


@pytest.mark.parametrize("name", MODELS)
def test_a_batch_adds_up_its_rows_and_a_row_is_the_same_in_every_batch(name: str) -> None:
    c, (w, X, y) = c_module(name), sample(name, rows=300)
    rows = range(300) if X is not None or y is not None else range(1)
    x_of, y_of = (lambda i: None if X is None else X[i]), (lambda i: None if y is None else y[i])
    if hasattr(c, "predict") and X is not None:
        whole = c.predict(w, X)
        assert [float(c.predict(w, x_of(i)[0] if X.shape[1] == 1 else x_of(i))) for i in rows] == whole.tolist()
        assert [c.predict_row(w, x_of(i)) for i in rows] == whole.tolist()
    if not hasattr(c, "row"):
        return
    each = np.atleast_2d(c.per_sample_grad(w, X, y))
    losses, partials = [], np.empty(len(w))
    for i in rows:
        losses.append(c.row(w, [] if X is None else x_of(i), y_of(i), partials))
        assert partials.tolist() == each[i].tolist()
    value, gradient = c.value_and_grad(w, X, y, reduction="sum")
    # fewer additions than rows, and one rounding of each partial's product with the share of its row
    assert abs(value - math.fsum(losses)) <= (33 + math.log2(len(losses))) * U * math.fsum(map(abs, losses))
    for index, partial in enumerate(gradient.tolist()):
        column = each[:, index].tolist()
        # what is done with a sum may be done with each row's term: other roundings, of no more than the terms' own size
        assert abs(partial - math.fsum(column)) <= 40 * U * math.fsum(map(abs, column)) * max(1, len(w) / 8)


@cache
def scaled(*extras: str) -> Any:
    """The loss a*x: its gradient adds up x, so that a test chooses the terms one by one."""
    return c_module_of(c_texts(written(lambda x, a: a * x, "loss"), extras))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_terms_that_cancel_are_added_within_the_stated_error(dtype: type) -> None:
    c, unit = scaled(*(["float"] if dtype is np.float32 else [])), np.finfo(dtype).eps / 2
    for n in (1, 31, 63, 64, 65, 20_001, 1_000_000):
        # the sum climbs to 0.0875*n and falls back to the sum of the noise
        noise = 1e-6 * np.random.RandomState(1).normal(size=n)
        terms = (np.where(np.arange(n) < n // 8 * 7, 0.1, -0.7) + noise).astype(dtype)
        value, gradient = c.value_and_grad([1.0], terms, reduction="sum")
        # docs/accuracy.md; 10 additions in a block, two roundings for all blocks: of a naive sum some thousand times as much
        bound = 16 * unit * math.fsum(np.abs(terms.astype(float)))
        assert max(abs(gradient[0] - math.fsum(terms)), abs(value - math.fsum(terms))) <= bound


@pytest.mark.parametrize("name", MODELS)
def test_losses_residuals_and_jacobians_are_those_of_the_numpy_module_to_rounding(name: str) -> None:
    c, numpy, (w, X, y) = c_module(name), load_artifact(generate(MODELS[name]())[0]), sample(name, rows=70)
    for part in ("loss", "residual", "jacobian"):
        assert hasattr(c, part) == hasattr(numpy, part)
    if hasattr(c, "jacobian"):
        # sums of products, each right to some ulp, which may cancel: to 200 units of the largest of a column
        want = numpy.jacobian(w, X)
        assert (np.abs(c.jacobian(w, X, y) - want) <= 200 * U * np.abs(want).max(axis=0)).all()
        first = None if X is None else X[0] if X.shape[1] > 1 else X[0, 0]
        assert c.jacobian(w, first).tolist() == np.atleast_2d(c.jacobian(w, X))[0].tolist()
    if hasattr(c, "residual"):
        want = 2.0 * c.METADATA["residual_factor"] * c.residual(w, X, y)[:, None] * c.residual_jacobian(w, X, y)
        # three products apart, each rounded
        np.testing.assert_allclose(c.per_sample_grad(w, X, y), want, rtol=1e-13, atol=1e-13 * np.abs(want).max())
    if hasattr(c, "loss"):
        s = None if y is None else np.arange(len(y)) % 3.0
        for reduction in ("mean", "sum"):
            for given in (None, s):
                options = {"sample_weight": given, "reduction": reduction}
                assert c.loss(w, X, y, **options) == c.value_and_grad(w, X, y, **options)[0]


def test_a_mean_is_finite_where_the_sum_is_not_and_what_is_infinite_is_not_hidden() -> None:
    c = scaled()
    for n in (3, 506, 20_000):
        terms = np.full(n, 1.7e308)
        terms[n // 2] = -1.5e308
        value, gradient = c.value_and_grad([1.0], terms)
        exact = math.fsum(terms / n)
        assert [value, gradient[0]] == pytest.approx([exact, exact], rel=1e-14, abs=0.0)  # a division a term, and the sum
        terms[0] = np.inf
        assert c.loss([1.0], terms) == c.grad([1.0], terms)[0] == np.inf
        terms[1] = -np.inf
        assert np.isnan([c.loss([1.0], terms), *c.grad([1.0], terms)]).all()


def test_sines_of_large_arguments_are_those_of_the_library_and_leave_other_rows_alone() -> None:
    c = c_module_of(c_texts(one_output(lambda f, g, a, b: a * sp.sin(f) + b * sp.cos(g))))
    X = np.random.RandomState(0).uniform(-3, 3, (600, 2))
    w, y = [2.0, -3.0], np.zeros(600)
    before, large = c.predict(w, X), {5: 2.0**20 + 0.5, 6: 1e9, 300: 6381956970095103 * 2.0**797, 599: -1e22}
    X[[*large]] = np.array([*large.values()])[:, None]
    after = c.predict(w, X)
    np.testing.assert_array_equal(np.delete(after, [*large]), np.delete(before, [*large]))
    for row, argument in large.items():  # the third is nearer to a multiple of pi/2 than any other double
        assert after[row] == pytest.approx(2.0 * math.sin(argument) - 3.0 * math.cos(argument), rel=4e-16, abs=0)
    assert np.isfinite(c.per_sample_grad(w, X, y)).all()
    X[7] = np.inf
    assert np.isnan(c.predict(w, X)).nonzero()[0].tolist() == [7]


def test_names_that_c_or_its_library_needs_get_an_underscore_and_others_than_ascii_their_code() -> None:
    m = Model("λ_model", doc='Ends with a backslash \\\nand has "quotes" and ??/')
    x, z = m.features(["int", "row"])
    a, b, c = m.weights(["double", "λ", "u03bb"])
    m.target("y")
    m.output("exp", sp.exp(a * x) + b * z + c)
    m.loss("squared_error")
    files = c_texts(m)
    assert list(files) == ["λ_model.c", "λ_model.h"]
    body = "\n".join(line for line in files["λ_model.c"].splitlines() if not line.startswith(("//", "#include")))
    assert body.isascii()
    for declared in ("int_", "row_", "double_", "u03bb_", "u03bb", "exp_"):
        assert f"const double {declared} =" in body
    assert '"\\u03bb",' in body
    for family in ("gcc", "clang"):
        compiled(compiler(family), ("-fsyntax-only",), files, "model.o")
    loaded = c_module_of(files)
    assert (loaded.MODEL, loaded.WEIGHTS, loaded.FEATURES) == ("λ_model", ("double", "λ", "u03bb"), ("int", "row"))
    assert loaded.predict([0.0, 2.0, 3.0], [1.0, 5.0]) == 14.0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nine_weights", "logistic", "perceptron", "Gauss1", "pieces", "every_op", "DanWood"])
def test_the_compiler_makes_vector_code_of_the_loops_over_rows(name: str) -> None:
    program, files = compiler("gcc"), texts(name)
    folder = compiled(program, ("-c",), files, "model.o").parent
    flags = ("-O3", "-mavx2", "-mfma", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-fopt-info-loop-vec")
    command = [program, *WARNINGS, *flags, "-c", f"{name}.c"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if "unrecognized" in run.stderr:
        pytest.skip("the flags are those of x86-64")
    lines, calls = files[f"{name}.c"].splitlines(), re.compile(rf"\b({'|'.join(LIBRARY)})\(")
    for start in [number for number, line in enumerate(lines) if f"_INLINE_ uint64_t {name}_all_" in line]:
        end = lines.index("}", start)
        for loop in [number for number in range(start, end) if lines[number].startswith("    for (size_t row")]:
            text = "\n".join(lines[loop : lines.index("    }", loop)])
            reported = re.findall(rf"^{name}\.c:{loop + 1}:\d+: optimized: (.*)", run.stderr, re.MULTILINE)
            # a loop that only copies what another has computed becomes a call of memcpy
            good = re.compile(r"loop vectorized|Loop \d+ distributed: split to 0 loops and 1 library calls")
            assert any(map(good.match, reported)) or calls.search(text), f"{text}\n{run.stderr}"


def test_calls_of_the_library_stand_in_loops_of_their_own() -> None:
    text = c_texts(one_output(lambda f, g, a, b: sp.atan(a * f + sp.exp(g * b)) * sp.cosh(f) + sp.atan(sp.atan(g))))["small.c"]
    loops = re.findall(r"uint64_t small_all_(?:values|outputs)_\d?.*?^}", text, re.DOTALL | re.MULTILINE)
    found = [(len(re.findall(r"\batan\(|\bcosh\(", loop)), loop.count("_exp_(")) for loop in loops]
    # exp; the first three; their product; the arc of an arc; the sum; the output, which all of these lead to
    assert found == [(0, 1), (3, 0), (0, 0), (1, 0), (0, 0), (0, 0)]


@pytest.mark.slow
def test_results_depend_neither_on_the_compiler_nor_on_how_much_it_optimizes() -> None:
    files, (w, X, y) = texts("every_op"), sample("every_op", rows=300)
    found = []
    for family in ("gcc", "clang"):
        for flags in (("-O0",), ("-O3", "-fno-math-errno", "-fno-trapping-math")):
            chosen = Compiler((compiler(family),), ("-std=c99", "-march=native", "-ffp-contract=off", *flags), family)
            c = module_of("every_op.c", files, compiler=chosen, folder=scratch())
            found.append((c.per_sample_grad(w, X, y).tolist(), c.predict(w, X).tolist(), c.grad(w, X, y).tolist()))
    assert all(one == found[0] for one in found)
