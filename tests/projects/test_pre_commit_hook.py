"""The hook of pre-commit in a small project: as the manifest has it, but run in this environment, without a network."""

from pathlib import Path
from typing import Any

import pytest
from project import ROOT, Project

pytest.importorskip("pre_commit", reason="pre-commit is in the extra test")
yaml: Any = pytest.importorskip("yaml", reason="PyYAML comes with pre-commit")

MANIFEST = ROOT / ".pre-commit-hooks.yaml"


def git(project: Project, *words: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    done = project.run("git", *identity, *words, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null")
    assert done.returncode == 0, done.stderr


def test_the_manifest_is_one(project: Project) -> None:
    done = project.python("-m", "pre_commit", "validate-manifest", str(MANIFEST))
    assert done.returncode == 0, done.stdout


def test_a_commit_with_stale_files_is_stopped(project: Project, tmp_path: Path) -> None:
    (hook,) = yaml.safe_load(MANIFEST.read_text())
    assert hook["language"] == "python"  # for which pre-commit would install this package
    settings = {"repos": [{"repo": "local", "hooks": [hook | {"language": "system"}]}]}
    (project.folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(settings))
    git(project, "init", "--quiet")
    cache = {"PRE_COMMIT_HOME": str(tmp_path / "cache")}
    assert project.run("pre-commit", "install", **cache).returncode == 0
    git(project, "add", ".")
    stopped = project.run("git", "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-m", "first", **cache)
    assert stopped.returncode == 1
    assert "symgraph build --check" in stopped.stderr
    assert "missing    decaying/generated/decay.py" in stopped.stderr
    assert project.run("symgraph", "build", "--quiet").returncode == 0
    git(project, "add", ".")
    done = project.run("git", "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-m", "first", **cache)
    assert done.returncode == 0, done.stderr
