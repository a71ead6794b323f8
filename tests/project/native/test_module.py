"""The module module: where a generated module is found, what is refused, and that loading leaves nothing behind."""

import importlib.util
import os
import pickle
import sys
import traceback
from pathlib import Path

import numpy as np
import pytest

import symgraph.project.native.module
from symgraph.errors import ModuleError
from symgraph.project.native.loading import load
from symgraph.project.native.module import from_source

MODULES = Path(__file__).parent.parent.parent / "data" / "modules"
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


@pytest.fixture
def file(project: Path) -> Path:
    (project / "made" / "tiny.py").write_text(MINIMAL, encoding="utf-8")
    return project / "made" / "tiny.py"


@pytest.mark.usefixtures("file")
def test_a_name_is_found_in_the_configured_folder_also_from_below(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = project / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert load("tiny").MODEL == "tiny"


def test_generated_of_a_checkout_serves_behind_the_configured_folder(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = project / "checkout"
    (checkout / "generated").mkdir(parents=True)
    (checkout / "generated" / "tiny.py").write_text(MINIMAL, encoding="utf-8")
    monkeypatch.syspath_prepend(checkout / "generated")  # the import path plays no part
    monkeypatch.setattr(symgraph.project.native.module, "_PACKAGE", checkout / "symgraph")
    with pytest.raises(ModuleError, match="no generated module tiny"):  # next to an installed package, it is not ours
        load("tiny")
    (checkout / "pyproject.toml").touch()
    assert load("tiny").MODEL == "tiny"
    packaged = project / "package" / "_generated"
    packaged.mkdir(parents=True)
    monkeypatch.setattr(symgraph.project.native.module, "_PACKAGE", packaged.parent)
    (packaged / "tiny.py").write_text(MINIMAL, encoding="utf-8")
    assert load("tiny").forward(None) == "first"
    (project / "made" / "tiny.py").write_text(MINIMAL.replace("first", "second"), encoding="utf-8")
    assert load("tiny").forward(None) == "second"


def test_a_path_is_that_file_of_either_backend_and_its_dataclasses_work(file: Path) -> None:
    for path in (NINE_WEIGHTS, str(NINE_WEIGHTS)):
        module = load(path)
        assert module.forward(np.ones(9), np.ones((2, 5)), np.zeros(2)).loss.shape == (2,)
        assert Path(str(module.__file__)) == NINE_WEIGHTS.resolve()
    assert load("made/tiny.py").MODEL == load("./made/tiny.py").MODEL == "tiny"
    head = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    file.write_text(f"{head}{MINIMAL}@dataclass(frozen=True, slots=True)\nclass Tape:\n    loss: float\n", encoding="utf-8")
    tape = load(file).Tape(1.5)
    assert pickle.loads(pickle.dumps(tape)) == tape  # noqa: S301 - our own bytes
    grad = [0.0, 0.0]
    assert load(LINE_SCALAR).WEIGHTS == ("w1", "w2")
    assert load(LINE_SCALAR).row([2.0, 1.0], [3.0], 5.0, grad) == 4.0
    assert grad == [12.0, 4.0]


def test_loading_leaves_nothing_behind_and_a_changed_file_is_read_anew_even_beside_stale_bytecode(file: Path) -> None:
    before = (sys.dont_write_bytecode, list(sys.path), list(sys.meta_path))
    load("tiny")
    assert [path.name for path in file.parent.iterdir()] == ["tiny.py"]
    assert (sys.dont_write_bytecode, list(sys.path), list(sys.meta_path)) == before
    assert "tiny" not in sys.modules
    stamp = file.stat().st_mtime_ns
    cached = Path(importlib.util.cache_from_source(str(file)))
    cached.parent.mkdir()
    cached.write_bytes(b"stale")
    assert load("tiny").forward(None) == "first"
    file.write_text(MINIMAL.replace("first", "other"), encoding="utf-8")  # same size; same time below
    os.utime(file, ns=(stamp, stamp))
    assert load("tiny").forward(None) == "other"
    file.write_text(MINIMAL.replace("return MARK", "return 1 / 0  # here"), encoding="utf-8")
    with pytest.raises(ZeroDivisionError) as caught:
        load("tiny").forward(None)
    assert "return 1 / 0  # here" in "".join(traceback.format_exception(caught.value))


def test_a_missing_name_or_file_and_another_version_of_the_contract_are_refused(file: Path) -> None:
    with pytest.raises(ModuleError) as caught:
        load("absent")
    for part in ("absent", str(file.parent), "there are", "tiny", "symgraph build"):
        assert part in str(caught.value)
    with pytest.raises(ModuleError, match=r"no file .*absent\.py .*line_scalar, nine_weights"):
        load(MODULES / "absent.py")
    (file.parent / "folder.py").mkdir()
    with pytest.raises(ModuleError, match="no file"):
        load(file.parent / "folder.py")
    for name in ("", "two words", "nine-weights", "nine.weights"):
        with pytest.raises(ModuleError, match="no module name"):
            load(name)
    for version in ("1", "3", "0", "1.5", "'2'"):
        file.write_text(MINIMAL.replace("ABI = 2", f"ABI = {version}"), encoding="utf-8")
        said = f"version {version} of the module contract, this symgraph follows 2; build it again"
        with pytest.raises(ModuleError, match=said if version in "130" else "no generated module"):
            load(file)
    file.write_text(MINIMAL.replace("ABI = 2", "from typing import Final\nABI: Final = 2"), encoding="utf-8")
    assert load(file).ABI == 2


def test_a_file_that_is_no_generated_module_is_not_run(tmp_path: Path) -> None:
    mark, file = tmp_path / "ran", tmp_path / "script.py"
    file.write_text(f"from pathlib import Path\nPath({str(mark)!r}).touch()\n", encoding="utf-8")
    with pytest.raises(ModuleError, match=r"script\.py is no generated module: it does not say ABI = 2"):
        load(file)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("broken.py", "ABI = 2\ndef forward(:\n", "not Python text"),
        ("broken.py", "ABI = 2\nMODEL = undefined\n", "cannot be run: NameError: name 'undefined'.*; build it again"),
        ("broken.py", "ABI = 2\nimport no_such_module_anywhere\n", "cannot be run: ModuleNotFoundError"),
        ("broken.py", MINIMAL.replace("def forward", "def backward"), "lacks forward or row or predict_row"),
        (
            "broken.py",
            "ABI = 2\nMODEL = 'a'\ndef forward(): ...\n",
            "lacks FEATURES, TARGET, WEIGHTS, METADATA; build it again",
        ),
        ("binary.py", "ABI = 2  # \udcff\udcfe\n", r"binary\.py is not Python text"),
        ("binary.py", "# coding: no-such-coding\nABI = 2\n", r"binary\.py is not Python text"),
        ("line.c", "// @generated by symgraph\n", r"line\.c is C; load line\.py, which runs it natively"),
        ("line.h", "// @generated by symgraph\n", r"line\.h is C; load line\.py, which runs it natively"),
    ],
)
def test_a_broken_module_is_refused_and_not_kept(tmp_path: Path, name: str, text: str, message: str) -> None:
    file, before = tmp_path / name, set(sys.modules)
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModuleError, match=message) as caught:
        load(file)
    assert str(file) in str(caught.value)
    assert set(sys.modules) == before


def test_text_in_memory_becomes_a_module_of_its_own() -> None:
    first = from_source(MINIMAL, "tiny", "<first>")
    second = from_source(MINIMAL.replace("first", "second"), "tiny", "<second>")
    assert (first.forward(None), second.forward(None)) == ("first", "second")
    assert first.__name__ != second.__name__
