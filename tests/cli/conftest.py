"""Projects to run commands in."""

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import Outcome, Project, Run, make_project, words_of

from symgraph.cli import main


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    """A project that nothing was built in."""
    return make_project(tmp_path)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A built and trained project, for tests that leave it as it is."""
    project = make_project(tmp_path_factory.mktemp("built"))
    for line in ("build models.py", "train decay --data rows.csv --epochs 300 --lr 0.02 --save weights.json"):
        done = project.run(line)
        assert done.code == 0, done.err
    return project


@pytest.fixture
def copy(built: Project, tmp_path: Path) -> Project:
    """A built and trained project that a test may change; it is the current folder of the fixture ``command``."""
    shutil.copytree(built.root, tmp_path, dirs_exist_ok=True)
    return Project(tmp_path)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process, in a new folder: for the many cases that differ only in what they print."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: Any) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["symgraph", *words_of(*arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        written = capsys.readouterr()
        code = end.value.code
        return Outcome(0 if code is None else int(code), written.out, written.err)

    return run
