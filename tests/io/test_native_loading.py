"""symgraph.io.native: where modules run natively, and what is said where they cannot."""

import pickle
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from built import MODELS, sample
from native_models import flat, three

import symgraph
from symgraph.errors import BuildError, ModuleError, OptionError, SpecError
from symgraph.generate import Artifact, generate
from symgraph.io.native import NativeModule, NativeWarning, load
from symgraph.options import Options
from symgraph.training import sgd, train

pytestmark = pytest.mark.usefixtures("gcc_and_cache")


class Project:
    """A folder with the modules of a model, and its C file."""

    def __init__(self, folder: Path, name: str = "line") -> None:
        self.path = folder / f"{name}.py"
        for artifact in generate(MODELS[name](), ("numpy", "c")):
            (folder / artifact.name).write_text(artifact.text, encoding="utf-8")


def test_load_runs_natively_where_the_c_file_lies_beside_the_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Project(tmp_path).path
    assert "native backend (a CPython extension)" in repr(load(path))
    assert isinstance(symgraph.load(path), NativeModule)
    assert "numpy backend" in repr(load(path, backend="numpy"))
    monkeypatch.setenv("SYMGRAPH_BACKEND", "numpy")
    assert "numpy backend" in repr(load(path))
    assert "native backend" in repr(load(path, backend="native"))
    monkeypatch.setenv("SYMGRAPH_BACKEND", "nosuch")
    with pytest.raises(OptionError, match="SYMGRAPH_BACKEND 'nosuch' is unknown; known are auto, native, numpy"):
        load(path)
    monkeypatch.delenv("SYMGRAPH_BACKEND")
    with pytest.raises(OptionError, match="backend 'c' is unknown; known are auto, native, numpy"):
        load(path, backend="c")  # type: ignore[arg-type]
    path.with_suffix(".h").unlink()
    assert "numpy backend" in repr(load(path))
    with pytest.raises(
        ModuleError, match=r"line\.py cannot run natively: it is no plain module .* with line\.c and its header"
    ):
        load(path, backend="native")


def test_the_c_file_in_the_folder_float_computes_float32(tmp_path: Path) -> None:
    path, folder = Project(tmp_path).path, tmp_path / "float"
    folder.mkdir()
    for artifact in generate(MODELS["line"](), ("c",), options=Options(single=True)):
        (folder / artifact.name).write_text(artifact.text, encoding="utf-8")
    args = [part.astype(np.float32) for part in sample("line", rows=50)]
    module: Any = load(path)
    assert flat(module.value_and_grad(*args)) == flat(three("line").single.value_and_grad(*args))
    again: Any = pickle.loads(pickle.dumps(module))  # noqa: S301  our own
    assert flat(again.value_and_grad(*args)) == flat(module.value_and_grad(*args))
    (folder / "line.c").write_text(path.with_suffix(".c").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.warns(
        NativeWarning, match=r"line in float32 runs on NumPy: .*float.line\.c is in double precision; build it with"
    ):
        assert "native backend" in repr(load(path))
    (folder / "line.c").unlink()
    without: Any = load(path)
    assert flat(without.value_and_grad(*args)) == flat(without.numpy.value_and_grad(*args))


def test_a_c_file_in_single_precision_beside_a_module_is_not_taken_for_one_of_doubles(tmp_path: Path) -> None:
    path = Project(tmp_path).path
    for artifact in generate(MODELS["line"](), ("c",), options=Options(single=True)):
        (tmp_path / artifact.name).write_text(artifact.text, encoding="utf-8")
    with pytest.warns(NativeWarning, match=r"line runs on NumPy: .*line\.c is in single precision; build it without --float"):
        assert "numpy backend" in repr(load(path))


def test_compile_verifies_the_functions_of_float32_when_they_are_first_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    args = [part.astype(np.float32) for part in sample("line", rows=50)]
    module: Any = symgraph.compile(MODELS["line"](), "native")
    assert flat(module.value_and_grad(*args)) == flat(three("line").single.value_and_grad(*args))
    real = generate

    def forged(*arguments: Any, **options: Any) -> tuple[Artifact, ...]:
        wrong = ("terms[1 * stride + row] =", "terms[1 * stride + row] = 1.001f *")
        artifacts = real(*arguments, **options)
        return tuple(replace(one, text=one.text.replace(*wrong)) if one.options.single else one for one in artifacts)

    monkeypatch.setattr("symgraph.build.modules.generate", forged)
    wrong: Any = symgraph.compile(MODELS["line"](), "native")
    with pytest.warns(NativeWarning, match=r"line in float32 runs on NumPy: model line, c module: "):
        found = flat(wrong.value_and_grad(*args))
    assert found == flat(wrong.numpy.value_and_grad(*args))


def test_a_c_file_of_another_spec_is_not_used(tmp_path: Path) -> None:
    path = Project(tmp_path).path
    text = path.with_suffix(".c").read_text(encoding="utf-8")
    path.with_suffix(".c").write_text(text.replace("sha256:", "sha256:0"), encoding="utf-8")
    with pytest.warns(NativeWarning, match=r"line runs on NumPy: line\.c was not built from the same spec"):
        assert "numpy backend" in repr(load(path))
    with pytest.raises(ModuleError, match=r"line\.c was not built from the same spec"):
        load(path, backend="native")


@pytest.mark.parametrize(("suffix", "other"), [(".py", "line.c"), (".c", "line.py")])
def test_a_module_of_which_a_hand_has_edited_a_part_does_not_run_half_of_it_natively(
    suffix: str, other: str, tmp_path: Path
) -> None:
    path = Project(tmp_path).path
    part = path.with_suffix(suffix)
    part.write_text(part.read_text(encoding="utf-8").replace("y_hat = ", "y_hat = 7.0 + ", 1), encoding="utf-8")
    said = rf"{part.name} was edited by hand, and {other} beside it was not; `symgraph build --force` writes both"
    with pytest.warns(NativeWarning, match=f"line runs on NumPy: {said}"):
        module = load(path)
    assert "numpy backend" in repr(module)
    with pytest.raises(ModuleError, match=said):
        load(path, backend="native")
    text = part.read_text(encoding="utf-8").replace("y_hat = 7.0 + ", "y_hat = ")
    part.write_bytes(text.replace("\n", "\r\n").encode())  # as git may check it out
    assert "native backend" in repr(load(path))


def broken(folder: Path, text: str) -> str:
    """A program in the place of a compiler, which passes on what it is asked for its macros."""
    script = folder / "cc"
    script.write_text(
        f'#!/bin/sh\ncase "$*" in *-dM*) echo "#define VERSION {folder.name}"; exit 0;; esac\n{text}\n', encoding="utf-8"
    )
    script.chmod(0o755)
    return str(script)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("echo no such luck >&2; exit 1", r"cannot compile line\.c: no such luck"),
        ("while :; do :; done", "takes longer than 0.5 s of processor time to compile"),
        ('for last; do :; done; echo "no library" > "$(echo "$*" | sed "s/.*-o //; s/ .*//")"', "cannot be loaded"),
    ],
    ids=["it fails", "it takes long", "it writes no library"],
)
def test_where_the_compiler_fails_numpy_runs_the_model_after_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    path = Project(tmp_path).path
    monkeypatch.setenv("CC", broken(tmp_path, text))
    with pytest.warns(NativeWarning, match=message):
        module = load(path, compile_seconds=0.5)
    assert module.predict([2.0, 1.0], [3.0]).tolist() == [7.0]
    with pytest.raises((BuildError, ModuleError), match=message):
        load(path, backend="native", compile_seconds=0.5)


def test_a_long_c_file_is_compiled_only_if_asked_for_and_a_warning_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Project(tmp_path).path
    monkeypatch.setattr("symgraph.io.native.LONGEST", 100)
    said = r'line runs on NumPy: line\.c has [\d,]+ characters, .*backend="native" compiles it in any case or is an error'
    with pytest.warns(NativeWarning, match=said) as warned:
        assert "numpy backend" in repr(load(path))
    assert len(warned) == 1
    assert "native backend" in repr(load(path, backend="native"))
    monkeypatch.setenv("SYMGRAPH_BACKEND", "native")
    assert "native backend" in repr(load(path))
    monkeypatch.setenv("CC", "no_such_compiler")  # the setting makes falling back an error
    with pytest.raises(BuildError, match="'no_such_compiler' is not there"):
        load(path)


def test_without_a_compiler_numpy_runs_the_model_and_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Project(tmp_path).path
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "ziglang", None)  # as if it were not installed
    monkeypatch.delenv("CC")
    assert "numpy backend" in repr(load(path))
    monkeypatch.setenv("CC", "no_such_compiler")  # somebody wanted one
    with pytest.warns(NativeWarning, match="'no_such_compiler' is not there"):
        load(path)


def test_a_cache_folder_that_others_may_write_to_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Project(tmp_path).path
    shared = tmp_path / "shared"
    (shared / "own").mkdir(parents=True)
    shared.chmod(0o777)
    monkeypatch.setenv("SYMGRAPH_CACHE", str(shared / "own"))
    with pytest.warns(NativeWarning, match=r"no folder of your own to keep compiled code in: others may write to .*shared;"):
        load(path)


def test_without_pythons_headers_the_library_is_called_through_ctypes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Project(tmp_path, "nine_weights").path
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    module = load(path)
    assert "native backend (ctypes, since Python.h is missing)" in repr(module)
    w, X, y = sample("nine_weights")
    assert flat(module.value_and_grad(w, X, y)) == flat(three("nine_weights").native.value_and_grad(w, X, y))
    again = pickle.loads(pickle.dumps(module.value_and_grad))  # noqa: S301  our own
    assert flat(again(w, X, y)) == flat(module.value_and_grad(w, X, y))


def test_a_model_with_a_name_of_cs_own_runs_on_numpy_after_a_warning() -> None:
    model = symgraph.Model("stdio")
    x, a = model.feature("x"), model.weight("a")
    model.output("y_hat", a * x)
    with pytest.warns(NativeWarning, match=r"stdio runs on NumPy: model name 'stdio': stdio\.h would hide a header of C"):
        assert "numpy backend" in repr(symgraph.compile(model))
    with pytest.raises(SpecError, match="would hide a header of C"):
        symgraph.compile(model, "native")


def test_training_says_that_it_ran_natively_and_takes_numpy_where_asked_to(tmp_path: Path) -> None:
    module = load(Project(tmp_path).path)
    x = np.linspace(-1, 1, 40)
    run = {"optimizer": sgd(0.1), "epochs": 3, "seed": 0, "w0": [0.1, 0.2]}
    native, numpy = (train(module, x, x**2, batch_size=8, backend=one, **run) for one in ("auto", "numpy"))
    assert (native.backend, numpy.backend) == ("native", "numpy")
    assert train(module, x, x**2, batch_size=1, **run).backend == "c"
    np.testing.assert_allclose(native.weights, numpy.weights, rtol=1e-13)  # 15 updates, a few roundings each
    single = train(
        module, np.float32(x), np.float32(x**2), batch_size=8, optimizer=sgd(0.1), epochs=1, w0=np.float32([0.1, 0.2])
    )
    assert single.backend == "numpy"


def test_compile_gives_a_native_module_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "native backend" in repr(symgraph.compile(MODELS["line"]()))
    assert "numpy backend" in repr(symgraph.compile(MODELS["line"](), "numpy"))
    assert "numpy backend" in repr(symgraph.compile(MODELS["line"](), precision="accurate"))
    with pytest.raises(OptionError, match="accurate and standalone modules run on NumPy"):
        symgraph.compile(MODELS["line"](), "native", precision="accurate")
    bounded = symgraph.compile(MODELS["line"](), extras=("error-bound",))
    assert "native backend" in repr(bounded)
    assert bounded.error_bound([1.0, 2.0], [1.0], [1.0]) is not None
    monkeypatch.setenv("SYMGRAPH_BACKEND", "numpy")
    assert "numpy backend" in repr(symgraph.compile(MODELS["line"]()))
