"""``--config FILE``: settings that a search would not obey count once they are named, in every command that reads any."""

import os
from pathlib import Path

import pytest
from command_line import ROWS, SPEC, Project, Run, snapshot


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project in a folder that everybody may write to; the current folder lies in it."""
    project = Project(tmp_path / "shared")
    project.path("below").mkdir(parents=True)
    project.root.chmod(0o777)
    project.path("models.py").write_text(f"from pathlib import Path\nPath(__file__).with_name('ran').touch()\n{SPEC}")
    project.path("pyproject.toml").write_text('[tool.symgraph]\nmodels = ["models.py"]\nout = "made"\n', encoding="utf-8")
    project.path("below/rows.csv").write_text(ROWS, encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    return project


COMMANDS = [
    ("build",),
    ("build", "../models.py"),
    ("train", "decay", "--data", "rows.csv", "--epochs", "1", "--save", "weights.json"),
    ("predict", "decay", "--data", "rows.csv", "--weights", "weights.json"),
    ("gradcheck", "decay", "--points", "1"),
    ("show", "decay"),
    ("truth", "decay", "--points", "2"),
]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no such owners here")
def test_no_command_obeys_settings_found_across_a_shared_folder_until_they_are_named(
    command: Run, shared: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shared.path("below"))
    for arguments in COMMANDS:
        before = snapshot(shared.root)
        done = command(*arguments)
        assert (done.code, done.out) == (2, "")
        (line,) = done.err.splitlines()
        assert line.startswith(f"error: {shared.path('pyproject.toml')} of ")
        assert line.endswith(f"say so with --config {shared.path('pyproject.toml')}")
        assert snapshot(shared.root) == before  # the spec was not run either
        done = command(*arguments, "--config", "../pyproject.toml")
        assert done.code == 0, done.err
    assert shared.path("made/decay.py").is_file()


def test_settings_that_are_not_there_are_refused(command: Run) -> None:
    done = command("build", "--config", "none.toml")
    assert done.code == 2
    assert "none.toml cannot be read: No such file" in done.err


def test_the_folder_of_the_named_settings_is_the_root(command: Run, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "models.py").write_text(SPEC, encoding="utf-8")
    (tmp_path / "project" / "own.toml").write_text('[tool.symgraph]\nmodels = ["models.py"]\n', encoding="utf-8")
    assert command("build", "--config", "project/own.toml").code == 0
    assert (tmp_path / "project" / "generated" / "decay.py").is_file()
