"""``--config FILE``: settings that a search would not obey count once they are named, in every command that reads any."""

import os
from pathlib import Path

import pytest
from command_line import ROWS, SPEC, Project, Run, refused, snapshot


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project in a folder that everybody may write to; the current folder lies in it."""
    project = Project(tmp_path / "shared")
    project.path("below").mkdir(parents=True)
    project.root.chmod(0o777)
    project.write("models.py", f"from pathlib import Path\nPath(__file__).with_name('ran').touch()\n{SPEC}")
    project.write("pyproject.toml", '[tool.symgraph]\nmodels = ["models.py"]\nout = "made"\n')
    project.write("below/rows.csv", ROWS)
    monkeypatch.setenv("HOME", str(tmp_path))
    return project


COMMANDS = [
    "build",
    "build ../models.py",
    "train decay --data rows.csv --epochs 1 --save weights.json",
    "predict decay --data rows.csv --weights weights.json",
    "gradcheck decay --points 1",
    "show decay",
    "truth decay --points 2",
]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no such owners here")
def test_no_command_obeys_settings_found_across_a_shared_folder_until_they_are_named(
    command: Run, shared: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shared.path("below"))
    settings = shared.path("pyproject.toml")
    for line in COMMANDS:
        before = snapshot(shared.root)
        message = refused(command(line))
        assert message.startswith(f"error: {settings} of ")
        assert message.endswith(f"say so with --config {settings}")
        assert snapshot(shared.root) == before  # the spec was not run either
        done = command(f"{line} --config ../pyproject.toml")
        assert done.code == 0, done.err
    assert shared.path("made/decay.py").is_file()  # beside the named settings
