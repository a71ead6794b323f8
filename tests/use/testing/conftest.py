"""Small projects, in an environment where symgraph is installed with its plugins."""

import subprocess
import sys
from pathlib import Path

import pytest
from project import ROOT, Project, new_project


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which this checkout is installed as pip does it, so that its entry points are found."""
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-build-isolation", "--no-index", "--target", str(folder), str(ROOT)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def project(installed: Path, tmp_path: Path) -> Project:
    """A project of which nothing has been built."""
    return new_project(installed, tmp_path / "project")
