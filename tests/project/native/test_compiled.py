"""symgraph.project.native.compiled: C files as modules, with the contract of the numpy backend, in float64."""

import inspect
import math
import pickle
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from built import MODELS, numpy_module, sample
from c_code import compiled as c_program
from c_code import compiler, scratch
from documents import ROOT, blocks

import symgraph
from symgraph.compiler.generate import Artifact, generate
from symgraph.errors import ModuleError, OptionError, VerificationError
from symgraph.judge.judged_points import points
from symgraph.judge.judging import judge
from symgraph.judge.verify import verify
from symgraph.project.native import compiled
from symgraph.project.native.compiled import module_of
from symgraph.project.native.compiler import find_compiler
from symgraph.runtime import compiled_binding
from symgraph.use.training import Failure, momentum, train

pytestmark = pytest.mark.usefixtures("gcc")

LIKE = ["nine_weights", "line", "location", "rosenbrock", "uniform_nodes"]
WRONG_PARTIAL = ("terms[1 * stride + row] =", "terms[1 * stride + row] = 1.001 *")


@cache
def files_of(name: str) -> dict[str, str]:
    return {artifact.name: artifact.text for artifact in generate(MODELS[name](), ("c",))}


@cache
def compiled_of(name: str) -> Any:
    return module_of(f"{name}.c", files_of(name))


def bits(result: Any) -> Any:
    """Numbers of a result, which are equal where every bit is."""
    return [np.asarray(part).tolist() for part in (result if isinstance(result, tuple) else (result,))]


@pytest.mark.parametrize("name", LIKE)
def test_functions_give_what_those_of_the_numpy_backend_give(name: str) -> None:
    c, numpy = compiled_of(name), numpy_module(name)
    for constant in ("ABI", "MODEL", "FEATURES", "TARGET", "WEIGHTS", "OUTPUTS"):
        assert getattr(c, constant) == getattr(numpy, constant)
    assert c.METADATA["model_hash"] == numpy.METADATA["model_hash"]
    assert c.METADATA["has_loss"] is numpy.METADATA["has_loss"]
    w, X, y = sample(name, rows=20)
    for x, target in ((X, y), [None if part is None else part[0] for part in (X, y)]):
        n = np.shape(numpy.forward(w, x, target).loss)
        weights = np.random.RandomState(0).uniform(0, 2, n)
        for option in ({}, {"reduction": "sum"}, {"sample_weight": weights}, {"sample_weight": weights, "reduction": "sum"}):
            value, gradient = c.value_and_grad(w, x, target, **option)
            want, partials = numpy.value_and_grad(w, x, target, **option)
            # well-conditioned points: a few roundings in both, terms of one size and sign or nearly so
            np.testing.assert_allclose([value, *gradient], [want, *partials], rtol=1e-12)
            assert isinstance(value, float)
            assert c.loss(w, x, target, **option) == value
            np.testing.assert_array_equal(c.grad(w, x, target, **option), gradient)
        for function, args in [("per_sample_grad", (w, x, target)), *([("predict", (w, x))] if numpy.OUTPUTS else [])]:
            found, want = getattr(c, function)(*args), getattr(numpy, function)(*args)
            assert np.shape(found) == np.shape(want)
            np.testing.assert_allclose(found, want, rtol=1e-12)


def test_arguments_that_do_not_fit_are_refused() -> None:
    """Those that NumPy's modules refuse as well are in test_native.py, where the binding of this module answers."""
    c, (w, X, y) = compiled_of("nine_weights"), sample("nine_weights")
    with pytest.raises(TypeError, match="computes in float64, not in complex128"):
        c.predict(w, X + 0j)
    with pytest.raises(TypeError, match="y has dtype <U1, nine_weights needs real numbers"):
        c.loss(w, X, np.full(7, "a"))
    with pytest.raises(ValueError, match=r"x has shape \(4,\), nine_weights needs \(5,\)"):
        c.row(w, [1.0] * 4, 0.0, np.zeros(9))
    with pytest.raises(ValueError, match="rosenbrock has no features; X must be None"):
        compiled_of("rosenbrock").loss([1.0, 1.0], [[1.0]])
    for threads in (0, -1, 1.5, True, "2", None):
        for call in (c.value_and_grad, c.loss, c.grad, c.per_sample_grad, c.predict, c.jacobian):
            with pytest.raises(ValueError, match="threads must be a whole number, 1 or more"):
                call(w, X, *(() if call in (c.predict, c.jacobian) else (y,)), threads=threads)


def test_signatures_and_packing_are_those_of_numpy_modules_and_functions_do_not_travel() -> None:
    c, numpy = compiled_of("nine_weights"), numpy_module("nine_weights")
    loose, without = compiled_of("rosenbrock"), numpy_module("rosenbrock")
    shared = {"value_and_grad", "loss", "grad", "per_sample_grad", "predict", "jacobian", "residual", "residual_jacobian"}
    for name in shared:
        assert inspect.getdoc(getattr(c, name)) == inspect.getdoc(getattr(numpy, name))
        ours, theirs = (inspect.signature(getattr(module, name)).parameters for module in (c, numpy))
        assert list(ours) == list(theirs)
        assert {p.name for p in ours.values() if p.default is inspect.Parameter.empty} == {"w"}
    for name in shared & set(vars(without)):
        assert inspect.signature(getattr(loose, name)) == inspect.signature(getattr(without, name))
    c = compiled_of("line")
    assert c.unpack(c.pack({"b": 2, "a": 1})) == {"a": 1.0, "b": 2.0}
    with pytest.raises(ValueError, match=r"line: weights missing \['b'\], unknown \['c'\]"):
        c.pack({"a": 1, "c": 2})
    with pytest.raises(TypeError, match="the compiled module of line cannot be pickled; load its C file where it is wanted"):
        pickle.dumps(c.loss)


def test_a_row_writes_its_partials_into_lists_and_arrays_and_no_more_and_one_of_weight_0_is_absent() -> None:
    c, (w, X, y) = compiled_of("nine_weights"), sample("nine_weights")
    into = [float("nan")] * 9 + [7.0]
    value = c.row(w.tolist(), X[0].tolist(), float(y[0]), into)
    array = np.full(10, np.nan)
    assert c.row(w, X[0], y[0], array) == value
    assert into[:9] == array[:9].tolist() == c.per_sample_grad(w, X[0], y[0]).tolist()
    assert into[9] == 7.0
    assert np.isnan(array[9])
    s = np.array([1.0, 2.0, 0.0, 1.0, 0.0, 3.0, 1.0])
    X[2], y[4] = np.nan, np.inf
    kept = s > 0
    value, gradient = c.value_and_grad(w, X, y, sample_weight=s)
    assert bits((value, gradient)) == bits(c.value_and_grad(w, X[kept], y[kept], sample_weight=s[kept]))
    for power in (-1020, 1020):
        assert c.loss(w, X, y, sample_weight=np.ldexp(s, power)) == value


def test_threads_share_the_pieces_of_a_batch_and_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_binding, "SHARE", 1000)
    c, (w, X, y) = compiled_of("nine_weights"), sample("nine_weights", rows=10_007)
    calls = [("predict", (w, X), {}), ("jacobian", (w, X), {}), ("per_sample_grad", (w, X, y), {})]
    for shares in (None, np.linspace(0.0, 2.0, len(X))):
        calls += [(name, (w, X, y), {"sample_weight": shares}) for name in ("value_and_grad", "loss", "grad")]
    for name, args, options in calls:
        wanted = bits(getattr(c, name)(*args, **options))
        for threads in (2, 3):
            assert bits(getattr(c, name)(*args, **options, threads=threads)) == wanted
    partials = c.per_sample_grad(w, X, y)
    exact = [math.fsum(column) / len(X) for column in partials.T]
    # the sums of pieces have at most 11 additions a term and Neumaier's corrections; each is rounded once more
    np.testing.assert_allclose(c.grad(w, X, y), exact, atol=16 * 2.0**-53 * np.abs(partials).mean(axis=0).max(), rtol=0)
    # sums of pieces that overflow or are infinite stay so
    assert compiled_binding.total_of([1e308, 1e308]) == compiled_binding.total_of([math.inf, 1.0]) == math.inf
    assert math.isnan(compiled_binding.total_of([math.inf, -math.inf]))


def test_a_file_is_loaded_by_its_path_or_by_its_models_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.symgraph]\nout = "made"\n', encoding="utf-8")
    made = tmp_path / "made"
    made.mkdir()
    for name, text in files_of("line").items():
        (made / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for where in ("line", "made/line.c", made / "line.c"):
        assert compiled.load(where).predict([2.0, 1.0], [3.0]) == [7.0]
    with pytest.raises(ModuleError, match=r"other\.c cannot be read: No such file.*--backend c"):
        compiled.load("other")
    (made / "line.h").unlink()
    with pytest.raises(ModuleError, match=r"line\.h cannot be read"):
        compiled.load("line")


def test_files_of_others_or_another_version_and_libraries_that_do_not_load_are_refused(tmp_path: Path) -> None:
    files = files_of("line")
    with pytest.raises(ModuleError, match=r"line\.c is no generated C file"):
        module_of("line.c", files | {"line.c": "int main(void) { return 0; }\n"})
    other = files["line.c"].replace("const int line_abi = 2;", "const int line_abi = 3;")
    with pytest.raises(ModuleError, match=r"line\.c follows version 3 of the module contract, this symgraph follows 2"):
        module_of("line.c", files | {"line.c": other})
    fake = tmp_path / "cc"  # as where programs of the cache folder may not run
    fake.write_text('#!/bin/sh\ncase "$*" in *-dM*) exit;; esac\nwhile [ "$1" != -o ]; do shift; done\necho none > "$2"\n')
    fake.chmod(0o700)
    said = r"cannot be loaded: .*; delete it, or set SYMGRAPH_CACHE to a folder whose files may run"
    with pytest.raises(ModuleError, match=said):
        module_of("line.c", files, compiler=find_compiler(str(fake)), folder=tmp_path)


def test_compile_in_memory_verifies_what_it_hands_out(monkeypatch: pytest.MonkeyPatch) -> None:
    module = symgraph.compile(MODELS["line"](), backend="c")
    assert module.value_and_grad([3.0, 1.0], np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0, 5.0]))[0] == 8.0 / 3.0
    with pytest.raises(OptionError, match="'error-bound' is of numpy; the backends chosen are c"):
        symgraph.compile(MODELS["line"](), backend="c", extras=("error-bound",))

    def forged(*arguments: object, **options: object) -> tuple[Artifact, ...]:
        artifacts = generate(*arguments, **options)
        return tuple(Artifact(one.name, one.text.replace(*WRONG_PARTIAL), one.backend) for one in artifacts)

    monkeypatch.setattr("symgraph.project.build.modules.generate", forged)
    with pytest.raises(VerificationError, match="model line, c module"):
        symgraph.compile(MODELS["line"](), backend="c")


def test_a_compiled_module_is_trained_as_the_numpy_module_is() -> None:
    c, numpy = compiled_of("line"), numpy_module("line")
    x, run = np.linspace(-1, 1, 40), {"optimizer": momentum(0.01), "epochs": 3, "seed": 0, "w0": [0.1, 0.2]}
    for size in (1, 7, None):
        ours, theirs = (train(module, x, x**2, batch_size=size, **run) for module in (c, numpy))
        assert (ours.reason, ours.epochs) == ("epochs", 3)
        # at most 120 updates of 0.01, a few roundings each
        np.testing.assert_allclose(ours.weights, theirs.weights, rtol=0, atol=120 * 0.01 * 8 * 2**-52)
    assert train(c, x, np.where(np.arange(40) == 11, np.nan, x), batch_size=None, **run).failure == Failure(1, 11, "loss")
    with pytest.raises(OptionError, match="w0 is missing: the compiled module of line draws no initial weights"):
        train(c, x, x, optimizer=momentum())


@pytest.mark.parametrize("name", ["nine_weights", "line"])
def test_a_compiled_module_is_judged_by_the_truth(name: str) -> None:
    model = MODELS[name]()
    report = judge(model, compiled_of(name), points(model, n=60))
    assert report.ok, report.verdict()
    assert len(report.rows()) == 2 + 2 * len(model.weight_inputs)


FAULTS = {
    "a partial is wrong": WRONG_PARTIAL,
    "two partials are exchanged": ("grad[0] = sums[1];", "grad[0] = sums[2];"),
    "a part of a block is not added": ("i < NINE_WEIGHTS_PARTS_ / 2; i++", "i < NINE_WEIGHTS_PARTS_ / 4; i++"),
    "the second block is the first": ("_(X + start * NINE_WEIGHTS_FEATURES, rows, x);", "_(X + start, rows, x);"),
    "the last rows of a block are those of the one before": ("for (; row < rows; row++) {", "for (; row + 1 < rows; row++) {"),
    "shares are ignored": ("share = s ? s + start : ones", "share = s ? ones : ones"),
    "the output is another node": ("output[row] = y_hat;", "output[row] = tanh_;"),
    "the loss of a row has no square": ("return terms[0];", "return terms[1];"),
    "a derivative of the output is another": ("+ row) * NINE_WEIGHTS_WEIGHTS + i]", "+ row) * NINE_WEIGHTS_WEIGHTS + 8 - i]"),
    "a residual is the output": ("residual[start + row] -= target[row];", "residual[start + row] -= 0.0;"),
    "the partials of a residual are those of the loss": (
        "    (void)y;\n    nine_weights_jacobian(w, X, n, jacobian);",
        "    nine_weights_per_sample_grad(w, X, y, n, jacobian);",
    ),
    "the losses miss their last row": ("block_sum_(losses, rows), &sum", "block_sum_(losses, rows - 1), &sum"),
    "rows are exchanged": ("= terms[i * NINE_WEIGHTS_ROWS_ + row];", "= terms[i * NINE_WEIGHTS_ROWS_ + rows - 1 - row];"),
    "a weight is another": ("const double w2 = w[1];", "const double w2 = w[0];"),
    "names are in another order": ('    "w1",\n    "w2",', '    "w2",\n    "w1",'),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_text_is_caught_by_verification(fault: str) -> None:
    text, (good, bad) = files_of("nine_weights")["nine_weights.c"], FAULTS[fault]
    assert good in text
    files = files_of("nine_weights") | {"nine_weights.c": text.replace(good, bad)}
    module = module_of("nine_weights.c", files, folder=scratch())
    with pytest.raises(VerificationError, match="model nine_weights, c module"):
        verify(MODELS["nine_weights"](), None, module, points=3)


def test_the_examples_of_the_page_run_and_print_what_it_shows() -> None:
    shown = dict(blocks((ROOT / "docs" / "c.md").read_text(encoding="utf-8")))
    program = c_program(compiler("gcc"), (), files_of("nine_weights") | {"main.c": shown["c"]}, "main")
    assert subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout == shown["out"]
    exec(shown["py"], {})


def test_ranges_of_constraints_are_those_of_the_numpy_module_also_where_an_end_is_open() -> None:
    model = symgraph.Model("ranges")
    a, b = model.weights("a b")
    model.loss((a - 1) ** 2 + b**2)
    model.constraint("below", a + b, upper=2.0)
    model.constraint("above", a * b, lower=-1.0)
    c = module_of("ranges.c", {artifact.name: artifact.text for artifact in generate(model, ("c",))})
    assert c.METADATA["constraints"] == {"below": (-math.inf, 2.0), "above": (-1.0, math.inf)}
