"""symgraph.io.module: where a generated module is found, what is refused, and that loading leaves nothing behind."""

import importlib.util
import multiprocessing
import os
import pickle
import sys
import traceback
from pathlib import Path

import numpy as np
import pytest

import symgraph.io.module
from symgraph.errors import ModuleError
from symgraph.io.module import from_source
from symgraph.io.native import load

MODULES = Path(__file__).parent.parent / "data" / "modules"
NINE_WEIGHTS = MODULES / "nine_weights.py"
LINE_SCALAR = MODULES / "line_scalar.py"

# The least that the contract asks of any module.
MINIMAL = """\
ABI = 2
MODEL, FEATURES, TARGET, WEIGHTS, METADATA = "tiny", (), None, ("a",), {}
def forward(w, X=None, y=None):
    return MARK
MARK = "first"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose generated modules lie in `made`; it is the current directory."""
    (tmp_path / "pyproject.toml").write_text('[tool.symgraph]\nout = "made"\n', encoding="utf-8")
    (tmp_path / "made").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_name_is_found_in_the_configured_folder_also_from_below(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "made" / "tiny.py").write_text(MINIMAL, encoding="utf-8")
    below = project / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert load("tiny").MODEL == "tiny"


def test_the_configured_folder_comes_before_the_packaged_modules(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packaged = project / "package" / "_generated"
    packaged.mkdir(parents=True)
    monkeypatch.setattr(symgraph.io.module, "_PACKAGE", packaged.parent)
    (packaged / "tiny.py").write_text(MINIMAL, encoding="utf-8")
    assert load("tiny").forward(None) == "first"
    (project / "made" / "tiny.py").write_text(MINIMAL.replace("first", "second"), encoding="utf-8")
    assert load("tiny").forward(None) == "second"


def test_in_a_checkout_the_generated_folder_next_to_the_package_serves(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = project / "checkout"
    (checkout / "generated").mkdir(parents=True)
    (checkout / "generated" / "tiny.py").write_text(MINIMAL, encoding="utf-8")
    monkeypatch.setattr(symgraph.io.module, "_PACKAGE", checkout / "symgraph")
    with pytest.raises(ModuleError):  # a folder "generated" next to an installed package is not ours
        load("tiny")
    (checkout / "pyproject.toml").write_text("", encoding="utf-8")
    assert load("tiny").MODEL == "tiny"


@pytest.mark.usefixtures("project")
def test_the_import_path_plays_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "on_the_path.py").write_text(MINIMAL, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleError, match="no generated module on_the_path"):
        load("on_the_path")


@pytest.mark.parametrize("path", [NINE_WEIGHTS, str(NINE_WEIGHTS)])
def test_a_path_is_that_file_and_its_dataclasses_work(path: str | Path) -> None:
    module = load(path)
    tape = module.forward(np.ones(9), np.ones((2, 5)), np.zeros(2))
    assert tape.loss.shape == (2,)
    assert Path(str(module.__file__)) == NINE_WEIGHTS.resolve()


def test_a_relative_path_is_taken_from_the_current_directory(project: Path) -> None:
    (project / "tiny.py").write_text(MINIMAL, encoding="utf-8")
    assert load("tiny.py").MODEL == "tiny"
    assert load("./tiny.py").MODEL == "tiny"


def test_a_module_of_the_scalar_backend_loads_the_same_way() -> None:
    grad = [0.0, 0.0]
    assert load(LINE_SCALAR).WEIGHTS == ("w1", "w2")
    assert load(LINE_SCALAR).row([2.0, 1.0], [3.0], 5.0, grad) == 4.0
    assert grad == [12.0, 4.0]


def test_loading_writes_no_bytecode_and_changes_no_setting(project: Path) -> None:
    file = project / "made" / "tiny.py"
    file.write_text(MINIMAL, encoding="utf-8")
    before = (sys.dont_write_bytecode, list(sys.path), list(sys.meta_path))
    load("tiny")
    assert [path.name for path in (project / "made").iterdir()] == ["tiny.py"]
    assert (sys.dont_write_bytecode, list(sys.path), list(sys.meta_path)) == before
    assert "tiny" not in sys.modules


def test_a_changed_file_is_read_anew_even_beside_stale_bytecode(project: Path) -> None:
    file = project / "made" / "tiny.py"
    file.write_text(MINIMAL, encoding="utf-8")
    stamp = file.stat().st_mtime_ns
    cached = Path(importlib.util.cache_from_source(str(file)))
    cached.parent.mkdir()
    cached.write_bytes(b"stale")
    assert load("tiny").forward(None) == "first"
    file.write_text(MINIMAL.replace("first", "other"), encoding="utf-8")  # same size; same time below
    os.utime(file, ns=(stamp, stamp))
    assert load("tiny").forward(None) == "other"


def test_tracebacks_show_the_lines_of_the_file(project: Path) -> None:
    file = project / "made" / "tiny.py"
    file.write_text(MINIMAL.replace("return MARK", "return 1 / 0  # here"), encoding="utf-8")
    with pytest.raises(ZeroDivisionError) as caught:
        load("tiny").forward(None)
    assert "return 1 / 0  # here" in "".join(traceback.format_exception(caught.value))


def test_a_tape_can_be_pickled_in_the_process_that_loaded_its_module() -> None:
    module = load(NINE_WEIGHTS)
    tape = module.forward(np.ones(9), np.ones(5), 0.0)
    assert pickle.loads(pickle.dumps(tape)).loss == tape.loss  # noqa: S301 - our own bytes


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="workers inherit the module by fork")
def test_its_functions_can_be_sent_to_worker_processes() -> None:
    module = load(LINE_SCALAR)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(module.predict_row, ([2.0, 1.0], [3.0])) == 7.0


def test_a_missing_name_is_refused_with_the_names_that_exist(project: Path) -> None:
    (project / "made" / "tiny.py").write_text(MINIMAL, encoding="utf-8")
    with pytest.raises(ModuleError) as caught:
        load("absent")
    for part in ("absent", str(project / "made"), "there are", "tiny", "symgraph build"):
        assert part in str(caught.value)


def test_a_missing_file_is_refused_with_its_neighbours() -> None:
    with pytest.raises(ModuleError, match=r"no file .*absent\.py .*line_scalar, nine_weights"):
        load(MODULES / "absent.py")


@pytest.mark.parametrize("name", ["", "two words", "nine-weights", "nine.weights"])
def test_what_is_neither_a_name_nor_a_path_is_refused(name: str) -> None:
    with pytest.raises(ModuleError, match="no module name"):
        load(name)


@pytest.mark.parametrize("version", ["1", "3", "0", "1.5", "'2'"])
def test_another_version_of_the_contract_is_refused(tmp_path: Path, version: str) -> None:
    file = tmp_path / "other.py"
    file.write_text(MINIMAL.replace("ABI = 2", f"ABI = {version}"), encoding="utf-8")
    expected = (
        f"version {version} of the module contract, this symgraph follows 2" if version in "130" else "no generated module"
    )
    with pytest.raises(ModuleError, match=expected):
        load(file)


def test_an_annotated_version_is_read(tmp_path: Path) -> None:
    file = tmp_path / "tiny.py"
    file.write_text(MINIMAL.replace("ABI = 2", "from typing import Final\nABI: Final = 2"), encoding="utf-8")
    assert load(file).ABI == 2


def test_a_file_that_is_no_generated_module_is_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    file = tmp_path / "script.py"
    file.write_text(f"from pathlib import Path\nPath({str(mark)!r}).touch()\n", encoding="utf-8")
    with pytest.raises(ModuleError, match=r"script\.py is no generated module: it does not say ABI = 2"):
        load(file)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ABI = 2\ndef forward(:\n", "not Python text"),
        ("ABI = 2\nMODEL = undefined\n", "cannot be run: NameError: name 'undefined'"),
        ("ABI = 2\nimport no_such_module_anywhere\n", "cannot be run: ModuleNotFoundError"),
        (MINIMAL.replace("def forward", "def backward"), "lacks forward or row or predict_row"),
        ("ABI = 2\nMODEL = 'a'\ndef forward(): ...\n", "lacks FEATURES, TARGET, WEIGHTS, METADATA"),
    ],
)
def test_a_broken_module_is_refused_and_not_kept(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "broken.py"
    file.write_text(text, encoding="utf-8")
    before = set(sys.modules)
    with pytest.raises(ModuleError, match=message) as caught:
        load(file)
    assert str(file) in str(caught.value)
    assert set(sys.modules) == before


@pytest.mark.parametrize("content", [b"ABI = 2  # \xff\xfe\n", b"# coding: no-such-coding\nABI = 2\n"])
def test_a_file_that_is_not_text_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "binary.py"
    file.write_bytes(content)
    with pytest.raises(ModuleError, match=r"binary\.py is not Python text"):
        load(file)


@pytest.mark.parametrize("name", ["line.c", "line.h"])
def test_a_c_file_is_refused_with_the_module_that_runs_it(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text("// @generated by symgraph\n", encoding="utf-8")
    with pytest.raises(ModuleError, match=r"line\.[ch] is C; load line\.py, which runs it natively"):
        load(file)


def test_a_folder_is_no_module(tmp_path: Path) -> None:
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(ModuleError, match="no file"):
        load(tmp_path / "folder.py")


def test_text_in_memory_becomes_a_module_of_its_own() -> None:
    first = from_source(MINIMAL, "tiny", "<first>")
    second = from_source(MINIMAL.replace("first", "second"), "tiny", "<second>")
    assert (first.forward(None), second.forward(None)) == ("first", "second")
    assert first.__name__ != second.__name__
