"""symgraph.project.native.loading: where modules run natively, and what is said where they cannot."""

import pickle
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from built import MODELS, artifacts, sample
from native_models import flat, three

import symgraph
from symgraph.compiler.generate import Artifact, generate
from symgraph.errors import BuildError, ModuleError, OptionError, SpecError
from symgraph.options import Options
from symgraph.project.native.loading import NativeModule, NativeWarning, load
from symgraph.project.settings.lineage import StaleModuleWarning
from symgraph.use.training import sgd, train

pytestmark = pytest.mark.usefixtures("quick_gcc")


def write(folder: Path, name: str, *, single: bool = False) -> None:
    folder.mkdir(exist_ok=True)
    for artifact in generate(MODELS[name](), ("c",), options=Options(single=single)):
        (folder / artifact.name).write_text(artifact.text, encoding="utf-8")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The numpy module of `line` in a folder with its C file."""
    return project(tmp_path, "line")


def project(folder: Path, name: str) -> Path:
    write(folder, name)
    (folder / f"{name}.py").write_text(artifacts(name)[0].text, encoding="utf-8")
    return folder / f"{name}.py"


def single_arguments() -> list[Any]:
    return [part.astype(np.float32) for part in sample("line", rows=50)]


def test_load_runs_natively_where_the_c_file_lies_beside_the_module(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


@pytest.mark.parametrize("precision", ["auto", "accurate"])
def test_a_module_of_another_precision_does_not_run_as_the_plain_c_file_beside_it(path: Path, precision: str) -> None:
    (artifact,) = generate(MODELS["line"](), ("numpy",), options=Options(precision=precision))
    path.write_text(artifact.text, encoding="utf-8")
    assert "numpy backend" in repr(load(path))
    with pytest.raises(ModuleError, match=r"line\.py cannot run natively: it is no plain module"):
        load(path, backend="native")


def test_the_c_file_in_the_folder_float_computes_float32(path: Path) -> None:
    folder, args = path.parent / "float", single_arguments()
    write(folder, "line", single=True)
    module: Any = load(path)
    assert flat(module.value_and_grad(*args)) == flat(three("line").single.value_and_grad(*args))
    again: Any = pickle.loads(pickle.dumps(module))  # noqa: S301  our own
    assert flat(again.value_and_grad(*args)) == flat(module.value_and_grad(*args))
    write(folder, "line")
    said = r"line in float32 runs on NumPy: .*float.line\.c is in double precision; build it with"
    with pytest.warns(NativeWarning, match=said):
        assert "native backend" in repr(load(path))
    (folder / "line.c").unlink()
    without: Any = load(path)
    assert flat(without.value_and_grad(*args)) == flat(without.numpy.value_and_grad(*args))


def test_compile_verifies_the_functions_of_float32_when_they_are_first_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    args = single_arguments()
    module: Any = symgraph.compile(MODELS["line"](), "native")
    assert flat(module.value_and_grad(*args)) == flat(three("line").single.value_and_grad(*args))

    def forged(*arguments: Any, **options: Any) -> tuple[Artifact, ...]:
        wrong = ("terms[1 * stride + row] =", "terms[1 * stride + row] = 1.001f *")
        artifacts = generate(*arguments, **options)
        return tuple(replace(one, text=one.text.replace(*wrong)) if one.options.single else one for one in artifacts)

    monkeypatch.setattr("symgraph.project.build.modules.generate", forged)
    wrong: Any = symgraph.compile(MODELS["line"](), "native")
    with pytest.warns(NativeWarning, match=r"line in float32 runs on NumPy: model line, c module: "):
        found = flat(wrong.value_and_grad(*args))
    assert found == flat(wrong.numpy.value_and_grad(*args))


def assert_not_native(path: Path, said: str) -> None:
    """See that a module runs on NumPy after a warning, and not at all where it must run natively."""
    with pytest.warns(NativeWarning, match=f"line runs on NumPy: {said}"):
        assert "numpy backend" in repr(load(path))
    with pytest.raises(ModuleError, match=said):
        load(path, backend="native")


def test_a_c_file_of_another_spec_or_in_single_precision_is_not_used(path: Path) -> None:
    text = path.with_suffix(".c").read_text(encoding="utf-8")
    path.with_suffix(".c").write_text(text.replace("sha256:", "sha256:0"), encoding="utf-8")
    assert_not_native(path, r"line\.c was not built from the same spec")
    write(path.parent, "line", single=True)
    assert_not_native(path, r".*line\.c is in single precision; build it without --float")


@pytest.mark.parametrize(("suffix", "other"), [(".py", "line.c"), (".c", "line.py")])
def test_a_module_of_which_a_part_was_edited_does_not_run_half_of_it_natively(suffix: str, other: str, path: Path) -> None:
    part = path.with_suffix(suffix)
    part.write_text(part.read_text(encoding="utf-8").replace("y_hat = ", "y_hat = 7.0 + ", 1), encoding="utf-8")
    said = rf"{part.name} was edited by hand, and {other} beside it was not; `symgraph build --force` writes both"
    if part == path:  # it runs as it is, and no file was to be native instead
        with pytest.warns(StaleModuleWarning, match=r"^line\.py was edited by hand"):
            assert "numpy backend" in repr(load(path))
        with pytest.raises(ModuleError, match=said):
            load(path, backend="native")
    else:
        assert_not_native(path, said)
    text = part.read_text(encoding="utf-8").replace("y_hat = 7.0 + ", "y_hat = ")
    part.write_bytes(text.replace("\n", "\r\n").encode())  # as git may check it out
    assert "native backend" in repr(load(path))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("echo no such luck >&2; exit 1", r"cannot compile line\.c: no such luck"),
        ("while :; do :; done", "takes longer than 0.5 s of processor time to compile"),  # 1 s, the least that systems know
        ('for last; do :; done; echo "no library" > "$(echo "$*" | sed "s/.*-o //; s/ .*//")"', "cannot be loaded"),
    ],
    ids=["it fails", "it takes long", "it writes no library"],
)
def test_where_the_compiler_fails_numpy_runs(path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str) -> None:
    script = path.with_name("cc")  # it passes on what it is asked for its macros
    script.write_text(
        f'#!/bin/sh\ncase "$*" in *-dM*) echo "#define VERSION {path}"; exit 0;; esac\n{text}\n', encoding="utf-8"
    )
    script.chmod(0o755)
    monkeypatch.setenv("CC", str(script))
    with pytest.warns(NativeWarning, match=message):
        module = load(path, compile_seconds=0.5)
    assert module.predict([2.0, 1.0], [3.0]).tolist() == [7.0]
    if "while" not in text:
        with pytest.raises((BuildError, ModuleError), match=message):
            load(path, backend="native", compile_seconds=0.5)


def test_a_long_c_file_is_compiled_only_if_asked_for_and_a_warning_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symgraph.project.native.loading.LONGEST", 100)
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


def test_without_a_compiler_or_a_cache_of_its_own_numpy_runs_the_model(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = path.parent / "shared"
    (shared / "own").mkdir(parents=True)
    shared.chmod(0o777)
    monkeypatch.setenv("SYMGRAPH_CACHE", str(shared / "own"))
    with pytest.warns(NativeWarning, match=r"no folder of your own to keep compiled code in: others may write to .*shared;"):
        load(path)
    monkeypatch.setenv("PATH", str(path.parent))
    monkeypatch.setitem(sys.modules, "ziglang", None)  # as if it were not installed
    monkeypatch.delenv("CC")
    assert "numpy backend" in repr(load(path))
    monkeypatch.setenv("CC", "no_such_compiler")  # somebody wanted one
    with pytest.warns(NativeWarning, match="'no_such_compiler' is not there"):
        load(path)


def test_without_pythons_headers_the_library_is_called_through_ctypes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, models = project(tmp_path, "nine_weights"), three("nine_weights")  # made with the headers
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    module = load(path)
    assert "native backend (ctypes, since Python.h is missing)" in repr(module)
    w, X, y = sample("nine_weights")
    assert flat(module.value_and_grad(w, X, y)) == flat(models.native.value_and_grad(w, X, y))
    again = pickle.loads(pickle.dumps(module.value_and_grad))  # noqa: S301  our own
    assert flat(again(w, X, y)) == flat(module.value_and_grad(w, X, y))


def test_training_says_that_it_ran_natively_and_takes_numpy_where_asked_to(path: Path) -> None:
    module, x = load(path), np.linspace(-1, 1, 40)
    run = {"optimizer": sgd(0.1), "epochs": 3, "seed": 0, "w0": [0.1, 0.2]}
    native, numpy = (train(module, x, x**2, batch_size=8, backend=one, **run) for one in ("auto", "numpy"))
    assert (native.backend, numpy.backend) == ("native", "numpy")
    assert train(module, x, x**2, batch_size=1, **run).backend == "c"
    np.testing.assert_allclose(native.weights, numpy.weights, rtol=1e-13)  # 15 updates, a few roundings each
    single = train(module, np.float32(x), np.float32(x**2), batch_size=8, **run | {"w0": np.float32([0.1, 0.2])})
    assert single.backend == "numpy"


def test_compile_gives_a_native_module_unless_told_otherwise_or_the_name_is_one_of_cs_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = MODELS["line"]()
    assert "native backend" in repr(symgraph.compile(line))
    assert "numpy backend" in repr(symgraph.compile(line, "numpy"))
    assert "numpy backend" in repr(symgraph.compile(line, precision="accurate"))
    with pytest.raises(OptionError, match="accurate and standalone modules run on NumPy"):
        symgraph.compile(line, "native", precision="accurate")
    bounded = symgraph.compile(line, extras=("error-bound",))
    assert "native backend" in repr(bounded)
    assert bounded.error_bound([1.0, 2.0], [1.0], [1.0]) is not None
    with monkeypatch.context() as patch:
        patch.setenv("SYMGRAPH_BACKEND", "numpy")
        assert "numpy backend" in repr(symgraph.compile(line))
    model = symgraph.Model("stdio")
    x, a = model.feature("x"), model.weight("a")
    model.output("y_hat", a * x)
    with pytest.warns(NativeWarning, match=r"stdio runs on NumPy: model name 'stdio': stdio\.h would hide a header of C"):
        assert "numpy backend" in repr(symgraph.compile(model))
    with pytest.raises(SpecError, match="would hide a header of C"):
        symgraph.compile(model, "native")
