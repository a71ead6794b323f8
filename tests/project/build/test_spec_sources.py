"""symgraph.project.build.specs: which files a spec is seen to read."""

import importlib
import os
import sys
from pathlib import Path

import pytest

from symgraph.project.build.specs import read_spec
from symgraph.project.settings.manifest import digest

LINE = """
from symgraph import Model

model = Model("line")
x = model.feature("x")
a, b = model.weights("a b")
model.output("y_hat", a * x + b)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def write(path: Path, text: str = LINE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, name: str = "line.py") -> list[str]:
    return list(read_spec(name, folder).sources)


def test_a_spec_alone_is_read_from_itself_and_one_outside_the_project_has_no_sources(folder: Path, tmp_path: Path) -> None:
    path = write(folder / "models" / "line.py")
    assert read_spec("models/line.py", folder).sources == {"models/line.py": digest(path.read_bytes())}
    write(tmp_path / "other" / "line.py")
    assert read(folder, "../other/line.py") == []


def test_modules_and_tables_count_with_the_packages_around_them(folder: Path) -> None:
    write(folder / "pkg" / "__init__.py", "")
    write(folder / "pkg" / "shape.py", "from . import deeper\n")
    write(folder / "pkg" / "deeper.py", "")
    write(folder / "pkg" / "line.py", "from .shape import deeper\nimport numpy\nnumpy.loadtxt('table.csv')\n" + LINE)
    write(folder / "table.csv", "1\n")
    expected = ["pkg/__init__.py", "pkg/deeper.py", "pkg/line.py", "pkg/shape.py", "table.csv"]
    assert read(folder, "pkg/line.py") == read(folder, "pkg.line") == expected


@pytest.mark.parametrize("prefix", [False, True])
def test_a_module_of_bytecode_counts_by_its_source(folder: Path, monkeypatch: pytest.MonkeyPatch, prefix: bool) -> None:
    write(folder / "shape.py", "")
    write(folder / "line.py", "import shape\n" + LINE)
    if prefix:
        monkeypatch.setattr(sys, "pycache_prefix", str(folder.parent / "cache"))
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    __import__("shape")
    del sys.modules["shape"]
    assert list(folder.parent.rglob("shape.*.pyc"))
    assert read(folder) == ["line.py", "shape.py"]


def test_each_spec_is_seen_to_read_what_an_earlier_one_has_read(folder: Path) -> None:
    write(folder / "lib" / "shape.py", "")
    write(folder / "line.py", "import sys\nsys.path.append('lib')\nimport shape\n" + LINE)
    assert read(folder) == read(folder) == ["lib/shape.py", "line.py"]


def test_a_module_that_is_known_already_is_read_anew_and_then_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder / "shape.py", "POWER = 1\n")
    write(folder / "line.py", "import shape\n" + LINE.replace("a * x", "a * x**shape.POWER"))
    monkeypatch.syspath_prepend(folder)
    known = importlib.import_module("shape")
    write(folder / "shape.py", "POWER = 12\n")
    spec = read_spec("line.py", folder)
    assert str(spec.models[0].nodes[-1].expr) == "a*x**12 + b"
    assert list(spec.sources) == ["line.py", "shape.py"]
    assert sys.modules.pop("shape") is known


@pytest.mark.parametrize(
    "lines",
    [
        "import sys\nsys.path.append('.venv/lib/site-packages')\nimport installed",
        "open('../other/table.csv').close()",
        "for mode in ('w', 'a', 'r+'):\n    open('log.txt', mode).close()",
        "import os\nos.close(os.open('log.txt', os.O_WRONLY | os.O_CREAT))\nopen(os.open('/dev/null', os.O_RDONLY)).close()",
        "try:\n    open('a\\0b')\nexcept ValueError:\n    pass",
        "exec(compile('1', '<made>', 'exec'))",
        "import threading\nt = threading.Thread(target=lambda: open('table.csv').close())\nt.start()\nt.join()",
    ],
)
def test_what_is_no_file_of_the_spec_that_is_read_does_not_count(folder: Path, tmp_path: Path, lines: str) -> None:
    write(folder / ".venv" / "lib" / "site-packages" / "installed.py", "")
    for table in (folder, tmp_path / "other"):
        write(table / "table.csv", "1\n")
    write(folder / "line.py", f"{lines}\n{LINE}")
    assert read(folder) == ["line.py"]


def test_a_file_that_is_looked_for_in_vain_counts_as_missing(folder: Path) -> None:
    write(folder / "line.py", "try:\n    open('own.json')\nexcept OSError:\n    pass\n" + LINE)
    assert read_spec("line.py", folder).sources["own.json"] == ""


def test_nothing_is_recorded_once_the_spec_is_read(folder: Path) -> None:
    write(folder / "line.py")
    sources = read_spec("line.py", folder).sources
    with (folder / "line.py").open() as file, os.scandir(folder):
        file.read()
    assert list(sources) == ["line.py"]
