"""symgraph.project.build.specs: how spec files are found, run and named."""

import os
import py_compile
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from symgraph.errors import BuildError, SpecError
from symgraph.project.build.specs import read_spec

LINE = """
from symgraph import Model

model = Model("{name}")
x = model.feature("x")
a, b = model.weights("a b")
model.output("y_hat", {output})
"""


def write(path: Path, text: str = LINE, name: str = "line", output: str = "a * x + b") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace("{name}", name).replace("{output}", output), encoding="utf-8")
    return path


def outputs(*references: str, root: Path) -> list[str]:
    """The output expressions of the models of some specs."""
    models = [model for reference in references for model in read_spec(reference, root).models]
    return [str(model.nodes[-1].expr) for model in models]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_spec_is_named_by_its_path_below_the_root(folder: Path) -> None:
    path = write(folder / "models" / "line.py")
    for reference in ("models/line.py", "./models/../models/line.py", str(path)):
        spec = read_spec(reference, folder)
        assert (spec.path, spec.label) == (path, "models/line.py")
        assert [model.name for model in spec.models] == ["line"]
    (folder / "project").mkdir()
    assert read_spec(str(path), folder / "project").label == "line.py"  # one outside the root


def test_a_path_is_looked_for_here_first_and_then_below_the_root(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder / "line.py", output="a + x + b")
    write(folder / "here" / "line.py", output="a * x + b")
    (folder / "there").mkdir()
    monkeypatch.chdir(folder / "here")
    assert outputs("line.py", root=folder) == ["a*x + b"]
    monkeypatch.chdir(folder / "there")
    assert outputs("line.py", root=folder) == ["a + b + x"]


@pytest.mark.parametrize("end", ["", "raise ValueError\n"])
def test_a_spec_that_leaves_the_current_folder_leaves_it_alone(folder: Path, end: str) -> None:
    write(folder / "models" / "line.py", f"import os\nos.chdir(os.path.dirname(__file__))\n{end}{LINE}")
    with pytest.raises(BuildError) if end else nullcontext():
        read_spec("models/line.py", folder)
    assert Path.cwd() == folder


def test_models_come_in_the_order_of_their_names_in_the_file_and_once_each(folder: Path) -> None:
    text = LINE + "\nagain = model\nsecond = Model('second')\nk = second.weight('k')\nsecond.loss(k**2)\n"
    write(folder / "line.py", text)
    assert [model.name for model in read_spec("line.py", folder).models] == ["line", "second"]


def test_neighbours_of_one_name_in_two_folders_keep_apart(folder: Path) -> None:
    for name, sign in (("first", "+"), ("second", "-")):
        write(folder / name / "shape.py", f"def bend(a, x):\n    return a {sign} x\n")
        write(folder / name / "line.py", "from shape import bend\n" + LINE, name=name, output="bend(a, x) * b")
    assert outputs("first/line.py", "second/line.py", root=folder) == ["b*(a + x)", "b*(a - x)"]


SHAPE = "def bend(a, x):\n    return a * x\n"


def test_reading_leaves_the_interpreter_as_it_was(folder: Path) -> None:
    write(folder / "package" / "__init__.py", "")
    write(folder / "package" / "shape.py", SHAPE)
    write(folder / "package" / "line.py", "from .shape import bend\n" + LINE, output="bend(a, x) + b")
    write(folder / "loose.py", "import package.shape\n" + LINE)
    write(folder / "broken.py", "import package.shape\nraise ValueError('no')\n")
    read_spec("loose.py", folder)  # so that what symgraph itself loads late is there
    path, modules, bytecode = list(sys.path), set(sys.modules), sys.dont_write_bytecode
    for reference in ("package/line.py", "package.line"):
        read_spec(reference, folder)
    with pytest.raises(BuildError):
        read_spec("broken.py", folder)
    assert (sys.path, set(sys.modules), sys.dont_write_bytecode) == (path, modules, bytecode)
    assert not list(folder.rglob("__pycache__"))


@pytest.mark.parametrize("prefix", [None, "elsewhere"])
@pytest.mark.parametrize("project", [".", "project"])
def test_bytecode_of_an_older_text_is_not_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, prefix: str | None, project: str
) -> None:
    """Size and time of the text, by which Python compares them, are what they were."""
    monkeypatch.setattr("sys.pycache_prefix", prefix and str(folder / prefix))
    (folder / "project").mkdir()
    write(folder / "line.py", f"from shape import bend\n{LINE}", output="bend(a, x) + b")
    shape = write(folder / "shape.py", "def bend(a, x):\n    return a * x\n")
    before = shape.stat()
    py_compile.compile(str(shape), doraise=True)
    write(shape, "def bend(a, x):\n    return a + x\n")
    os.utime(shape, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert outputs("line.py", root=folder / project) == ["a + b + x"]


def test_a_module_of_which_there_is_bytecode_alone_is_imported(folder: Path) -> None:
    write(folder / "line.py", f"from shape import bend\n{LINE}", output="bend(a, x) + b")
    shape = write(folder / "shape.py", "def bend(a, x):\n    return a * x\n")
    py_compile.compile(str(shape), str(folder / "shape.pyc"), doraise=True)
    shape.unlink()
    assert outputs("line.py", root=folder) == ["a*x + b"]


def test_a_module_of_a_package_is_the_same_by_path_and_by_name_and_imports_relatively(folder: Path) -> None:
    for name in ("__init__.py", "parts/__init__.py"):
        write(folder / "package" / name, "")
    write(folder / "package" / "shape.py", SHAPE)
    write(folder / "package" / "parts" / "line.py", "from ..shape import bend\n" + LINE, output="bend(a, x) + b")
    by_name, by_path = read_spec("package.parts.line", folder), read_spec("package/parts/line.py", folder)
    assert by_name.label == by_path.label == "package/parts/line.py"
    assert by_name.path == by_path.path
    assert outputs("package.parts.line", "package/parts/line.py", root=folder) == ["a*x + b", "a*x + b"]


def test_a_spec_may_define_dataclasses_with_postponed_annotations(folder: Path) -> None:
    head = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    text = f"{head}@dataclass\nclass Options:\n    power: int = 2\n{LINE}"
    write(folder / "line.py", text, output="a * x ** Options().power + b")
    assert outputs("line.py", root=folder) == ["a*x**2 + b"]


def test_a_spec_is_read_anew_each_time_and_what_it_prints_goes_to_stderr(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for output, expr in (("a * x + b", "a*x + b"), ("a - x + b", "a + b - x")):
        write(folder / "line.py", LINE + "\nprint('hello')\n", output=output)
        assert outputs("line.py", root=folder) == [expr]
        assert capsys.readouterr() == ("", "hello\n")


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("\ndef f():\n    raise ValueError('two\\nlines')\n\n\nf()\n", BuildError, r"^spec\.py:3: ValueError: two lines$"),
        ("\n\nraise SystemExit('bye')\n", BuildError, r"^spec\.py:3: SystemExit: bye$"),
        ("import broken_neighbour\n", BuildError, r"^spec\.py:1: SyntaxError: .*broken_neighbour\.py, line 2"),
        ("import raising_neighbour\n", BuildError, r"^spec\.py:1: KeyError: 'no'$"),
        ("", BuildError, r"^spec\.py defines no model; assign a symgraph\.Model to a variable"),
        ("models = []\n", BuildError, r"^spec\.py defines no model"),
        (LINE + "\nother = Model('line')\n", SpecError, r"^spec\.py:9: .* spec\.py defines two models called 'line'"),
    ],
)
def test_a_spec_that_fails_says_in_which_line_and_why(folder: Path, text: str, kind: type[Exception], message: str) -> None:
    write(folder / "broken_neighbour.py", "\n(\n")
    write(folder / "raising_neighbour.py", "{}['no']\n")
    write(folder / "spec.py", text)
    with pytest.raises(kind, match=message):
        read_spec("spec.py", folder)


def test_a_fault_of_ours_while_a_spec_runs_keeps_its_traceback(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder / "line.py", LINE)
    monkeypatch.setattr("symgraph.spec.declarations.check_name", None)
    with pytest.raises(TypeError, match="'NoneType' object is not callable"):
        read_spec("line.py", folder)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        *(("gone.py", r"there is no spec file gone\.py"), ("gone/line", r"there is no spec file gone/line")),
        *(("gone", r"there is no spec module 'gone'"), ("gone.line", r"spec module 'gone\.line' cannot be found")),
        *(("math", r"there is no spec module 'math'"), ("", r"spec module '' cannot be found")),
        ("./folder", r"spec \./folder is a folder"),
    ],
)
def test_a_spec_that_is_not_there(folder: Path, reference: str, message: str) -> None:
    (folder / "folder").mkdir()
    with pytest.raises(BuildError, match=message):
        read_spec(reference, folder)
