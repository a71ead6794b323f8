"""symgraph.project.settings.lineage: a module whose spec has changed since it was built is not loaded without a warning."""

import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from c_code import needs_c

import symgraph
from symgraph.project.build.build import build
from symgraph.project.build.plan import Plan
from symgraph.project.native import compiled
from symgraph.project.settings.lineage import StaleModuleWarning, lineage_of
from symgraph.project.settings.manifest import FILE

SPEC = """
from symgraph import Model
from shape import bend

line = Model("line")
x = line.feature("x")
a, b = line.weights("a b")
y = line.target("y")
line.loss((y - line.output("y_hat", bend(a, x) + b)) ** 2)
"""
SHAPE = "def bend(a, x):\n    return a * x\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    (folder / "spec.py").write_text(SPEC, encoding="utf-8")
    (folder / "shape.py").write_text(SHAPE, encoding="utf-8")
    build(Plan(["spec.py"], folder, folder / "generated", ("numpy", "scalar")))
    return folder


@pytest.fixture
def project(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project; it is the current folder."""
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


LOADS: dict[str, Callable[[], object]] = {
    "by name": lambda: symgraph.load("line"),
    "by path": lambda: symgraph.load("generated/line.py"),
    "for rows": lambda: symgraph.load("line_scalar"),
    "compiled": lambda: compiled.load("line"),
}


@pytest.mark.parametrize("way", [pytest.param(way, marks=needs_c) if way == "compiled" else way for way in LOADS])
def test_a_changed_spec_is_warned_of_where_the_module_is_loaded(project: Path, way: str) -> None:
    if way == "compiled":
        build(Plan(["spec.py"], project, project / "generated", ("c",)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LOADS[way]()
    (project / "shape.py").write_text(SHAPE.replace("*", "+"), encoding="utf-8")
    expected = (
        r"shape\.py, which spec\.py reads, has changed since line\w*\.\w+ was built; `symgraph build` brings .* up to date"
    )
    with pytest.warns(StaleModuleWarning, match=expected) as caught:
        LOADS[way]()
    assert caught[0].filename == __file__


@pytest.mark.parametrize("way", ["by name", "for rows"])
def test_an_edited_module_is_warned_of_where_it_is_loaded(project: Path, way: str) -> None:
    for path in (project / "generated").glob("line*.py"):
        path.write_text(path.read_text(encoding="utf-8").replace("a * x", "b * x"), encoding="utf-8")
    with pytest.warns(StaleModuleWarning, match=r"^line\w*\.py was edited by hand .*`symgraph build --force`") as caught:
        LOADS[way]()
    assert caught[0].filename == __file__


def test_a_module_of_another_version_than_its_manifest_is_warned_of(project: Path) -> None:
    old = (project / "generated" / "line.py").read_bytes()
    (project / "shape.py").write_text(SHAPE.replace("*", "+"), encoding="utf-8")
    build(Plan(["spec.py"], project, project / "generated", ("numpy", "scalar")))
    (project / "generated" / "line.py").write_bytes(old)
    with pytest.warns(StaleModuleWarning, match=r"line\.py is not of the version of spec\.py that symgraph\.lock\.json states"):
        symgraph.load("line")
    (project / "generated" / FILE).write_text("<<<<<<< HEAD\n", encoding="utf-8")
    with pytest.warns(StaleModuleWarning, match=r"whether line\.py fits its spec is not known: .*no manifest of symgraph"):
        symgraph.load("line")


def test_the_spec_is_found_wherever_the_caller_is_and_a_module_without_it_is_loaded_as_it_is(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "elsewhere").mkdir()
    monkeypatch.chdir(project / "elsewhere")
    path = project / "generated" / "line.py"
    found = lineage_of(path, str(symgraph.load(path).METADATA["model_hash"]))
    assert (found.spec, found.root, found.doubt) == (project / "spec.py", project, "")
    monkeypatch.chdir(project)
    for name in ("spec.py", "shape.py"):
        (project / name).write_bytes((project / name).read_bytes().replace(b"\n", b"\r\n"))
    symgraph.load("line")
    (project / "spec.py").unlink()
    symgraph.load("line")


def test_loading_takes_no_sympy(project: Path) -> None:
    (project / "spec.py").write_text(f"# changed\n{SPEC}", encoding="utf-8")
    script = "import sys, symgraph; symgraph.load('line'); assert 'sympy' not in sys.modules and 'jinja2' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", script], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "StaleModuleWarning: spec.py has changed since line.py was built" in done.stderr
