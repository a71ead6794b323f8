"""Wheel and sdist: what they contain; `test_first_minutes` installs and uses a wheel."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import symgraph

ROOT = Path(__file__).parent.parent


def _run(*command: object, cwd: Path) -> str:
    # PYTHONPATH would let the installed command find the checkout instead of the wheel
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_every_public_name_is_exported_and_documented() -> None:
    assert all(getattr(symgraph, name).__doc__ for name in symgraph.__all__)
    assert set(symgraph._HOMES) <= set(symgraph.__all__) <= set(dir(symgraph))


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


def test_the_wheel_has_templates_founding_modules_and_type_information_in_one_folder(distributions: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(distributions[0]) as wheel:
        names = set(wheel.namelist())
        packaged = wheel.read("symgraph/_generated/nine_weights.py")
    assert {name.split("/")[0] for name in names} == {"symgraph", "symgraph_codegen-0.1.0.dist-info"}
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    templates = {
        f"symgraph/_templates/{path.relative_to(ROOT / 'templates')}" for path in (ROOT / "templates").rglob("*.jinja")
    }
    sources = {str(path.relative_to(ROOT)) for path in (ROOT / "symgraph").rglob("*.py")}
    assert templates | sources | {"symgraph/py.typed", "symgraph/_generated/nine_weights_scalar.py"} <= names
    assert packaged == (ROOT / "generated" / "nine_weights.py").read_bytes()


def test_the_sdist_has_all_that_building_and_testing_needs(distributions: tuple[Path, Path]) -> None:
    with tarfile.open(distributions[1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= {
        "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "Makefile", ".ci/run", ".pre-commit-hooks.yaml",
        "data/nine_weights.csv", "templates/numpy/module.py.jinja", "generated/nine_weights.py", "tests/zoo.py",
        "docs/architecture.md", "examples/nine_weights/model.py", "tools/ops_document.py",
    }  # fmt: skip
    assert not [name for name in names if name.startswith((".venv", "runs", "dist", ".git/"))]
