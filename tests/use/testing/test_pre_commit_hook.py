"""The hook of pre-commit in a small project: as the manifest has it, but run in this environment, without a network."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from project import ROOT, Project

validate: Any = pytest.importorskip("pre_commit.commands.validate_manifest", reason="pre-commit is in the extra test")
yaml: Any = pytest.importorskip("yaml", reason="PyYAML comes with pre-commit")

MANIFEST = ROOT / ".pre-commit-hooks.yaml"


def git(project: Project, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    nothing = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    return project.run("git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words, **nothing, **variables)


def test_the_manifest_is_one() -> None:
    assert validate.validate_manifest([str(MANIFEST)]) == 0


def test_a_commit_with_stale_files_is_stopped(project: Project, tmp_path: Path) -> None:
    (hook,) = yaml.safe_load(MANIFEST.read_text())
    assert hook["language"] == "python"  # for which pre-commit would install this package
    settings = {"repos": [{"repo": "local", "hooks": [hook | {"language": "system"}]}]}
    (project.folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(settings))
    cache = {"PRE_COMMIT_HOME": str(tmp_path / "cache")}
    assert git(project, "init", "--quiet").returncode == 0
    assert project.run("pre-commit", "install", **cache).returncode == 0
    assert git(project, "add", ".").returncode == 0
    stopped = git(project, "commit", "-m", "first", **cache)
    assert stopped.returncode == 1
    assert "symgraph build --check" in stopped.stderr
    assert "missing    decaying/generated/decay.py" in stopped.stderr
    assert project.run("symgraph", "build", "--quiet").returncode == 0
    assert git(project, "add", ".").returncode == 0
    done = git(project, "commit", "-m", "first", **cache)
    assert done.returncode == 0, done.stderr
