"""The pytest plugin in a small project, found by its entry point."""

import shutil
import sys
from pathlib import Path

import pytest
from project import ROOT, Project, new_project


@pytest.fixture(scope="module")
def built_once(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = new_project(installed, tmp_path_factory.mktemp("built") / "project")
    done = made.run("symgraph", "build", "--quiet")
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def built(built_once: Project, tmp_path: Path) -> Project:
    return Project(shutil.copytree(built_once.folder, tmp_path / "project"), built_once.installed)


def outcome(project: Project, *options: str) -> tuple[int, str]:
    """Test a project; return the exit status and what pytest prints."""
    done = project.python("-m", "pytest", "-p", "no:cacheprovider", *options)
    return done.returncode, done.stdout


def test_a_project_asserts_its_gradients_and_that_its_files_are_fresh(built: Project) -> None:
    status, shown = outcome(built, "-v", "-n", "2", "-W", "error", "--symgraph-check")
    assert status == 0, shown
    assert "PASSED ::symgraph build --check" in shown
    assert "2 passed" in shown


def test_stale_files_fail_with_what_the_check_says(built: Project) -> None:
    built.edit("decaying/spec.py", "-k * t", "-k * t / 2")
    above = Project(built.folder.parent, built.installed)
    options = ("--rootdir", built.folder.name, f"{built.folder.name}/tests", "-k", "nothing_of_that_name")
    status, shown = outcome(above, "--symgraph-check", *options)
    assert status == 1
    assert all(part in shown for part in ("spec changed", "decaying/generated/decay.py", "1 failed, 1 deselected"))
    assert "run `symgraph build`" not in shown  # it is quiet
    assert "Traceback" not in shown


def test_a_project_without_settings_is_told_so(built: Project) -> None:
    built.edit("pyproject.toml", 'models = ["decaying/spec.py"]', "")
    _, shown = outcome(built, "--symgraph-check")
    assert "error: there is no spec to build" in shown
    assert "1 failed, 1 passed" in shown


def test_without_the_option_nothing_is_added_and_nothing_heavy_imported(tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text(
        "import sys\n\n\ndef test_nothing_is_loaded():\n"
        "    assert 'symgraph.use.testing.plugin' in sys.modules\n"
        "    assert not {'numpy', 'sympy', 'scipy', 'typer', 'symgraph.data', 'symgraph.judge'} & set(sys.modules)\n"
    )
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # other plugins that are installed may import NumPy
    options = ("-p", "no:cacheprovider", "-p", "symgraph.use.testing.plugin", "-W", "error")
    done = Project(tmp_path, ROOT).run(sys.executable, "-m", "pytest", *options, **alone)
    assert done.returncode == 0, done.stdout
    assert "collected 1 item" in done.stdout


def test_a_wrong_derivative_fails_with_the_report(built: Project) -> None:
    built.edit("decaying/generated/decay.py", "d_a = ", "d_a = 1.01 * ")
    status, shown = outcome(built)
    assert status == 1
    assert all(part in shown for part in ("gradient check of decay: failed", "per_sample_grad gives"))
    assert "gradcheck(" not in shown  # the traceback ends at the assertion


def test_errors_of_numeric_code_in_a_spec_are_answered_in_the_report(installed: Path, tmp_path: Path) -> None:
    project = new_project(installed, tmp_path / "project")
    folder = project.folder / "tests"
    lines = (
        "import numpy as np\nfrom symgraph import Model\n\nmodel = Model('m')\nx, a = model.feature('x'), model.weight('a')\n"
    )
    (folder / "test_decay.py").write_text(f"{lines}\n\ndef test_of_numpy():\n    np.exp(a * x)\n", encoding="utf-8")
    (folder / "test_import.py").write_text(f"{lines}if a * x > 0:\n    pass\n", encoding="utf-8")
    _, shown = outcome(project, "--continue-on-collection-errors")
    assert "1 failed, 1 error" in shown
    assert "E       symgraph: np.exp takes numbers, and a*x is a formula; write sympy.exp(a*x)\n" in shown
    assert "what to write -----" in shown
    assert "\nsymgraph: a*x > 0 is decided row by row, not here; write Piecewise((..., a*x > 0), (..., True))" in shown
