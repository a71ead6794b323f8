"""The module trust: whose files count when a search finds them. Owners are faked, as only root can give files away."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from symgraph.errors import ModuleError, OptionError
from symgraph.project.native.loading import load
from symgraph.project.settings.config import Config, find_project, read_config
from symgraph.project.settings.trust import objection

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no such owners here")

OTHER, THIRD = 54321, 54322  # nobody's numbers

MODULE = """\
ABI = 2
MODEL, FEATURES, TARGET, WEIGHTS, METADATA = "tiny", (), None, ("a",), {}
def forward(w, X=None, y=None):
    return w
"""

Give = Callable[..., None]


@pytest.fixture
def give(monkeypatch: pytest.MonkeyPatch) -> Give:
    """Make files another user's, by what the system says of them."""
    owners: dict[str, int] = {}
    true_stat = os.stat

    def pretended(path: object, *arguments: object, **options: object) -> os.stat_result:
        found = true_stat(path, *arguments, **options)  # type: ignore[arg-type]
        name = os.fspath(path) if isinstance(path, str | os.PathLike) else ""
        if options.get("follow_symlinks", True):
            name = os.path.realpath(name)
        return os.stat_result((*found[:4], owners.get(str(name), found.st_uid), *found[5:10]))

    monkeypatch.delenv("SUDO_UID", raising=False)
    monkeypatch.setattr(os, "stat", pretended)
    return lambda *paths, to=OTHER: owners.update({str(path): to for path in paths})


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with settings and a folder in it, which is the current one; no home folder or repository in between."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "project" / "below").mkdir(parents=True)
    (tmp_path / "project" / "pyproject.toml").write_text('[tool.symgraph]\nout = "theirs"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path / "project" / "below")
    return tmp_path / "project"


def refusal(start: Path) -> str:
    with pytest.raises(OptionError) as caught:
        read_config(start)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_settings_of_another_user_do_not_count_and_the_line_says_whose_and_how_to_say_yes(project: Path, give: Give) -> None:
    file, below = project / "pyproject.toml", project / "below"
    assert read_config(below).out == "theirs"  # one's own count
    give(file)
    text = refusal(below)
    assert text.startswith(f"{file} belongs to user {OTHER}, not to you")
    assert text.endswith(f"--config {file}")
    assert read_config(file=file) == Config(project, out="theirs")
    assert "belongs to" in refusal(project)  # nor in the current folder
    give(below)
    assert read_config(below).out == "theirs"  # those of the owner of the current folder count
    give(below, to=THIRD)
    assert f"belongs to user {OTHER}" in refusal(below)


def test_settings_of_root_and_of_who_called_sudo_count(project: Path, give: Give, monkeypatch: pytest.MonkeyPatch) -> None:
    give(project / "pyproject.toml", to=0)
    monkeypatch.setattr(os, "geteuid", lambda: THIRD)
    assert read_config(project / "below").out == "theirs"
    give(project / "pyproject.toml")
    monkeypatch.setenv("SUDO_UID", str(OTHER))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert read_config(project / "below").out == "theirs"
    monkeypatch.setattr(os, "geteuid", lambda: THIRD)
    assert "belongs to" in refusal(project / "below")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for text in ("", "-1", f"{OTHER} ", "root"):
        monkeypatch.setenv("SUDO_UID", text)
        assert "belongs to" in refusal(project / "below")
    give(project / "pyproject.toml")
    monkeypatch.delattr(os, "geteuid")
    assert objection(project / "pyproject.toml", project) is None


@pytest.mark.parametrize("given", ["pyproject.toml", "behind.toml"])
def test_neither_a_link_of_another_user_counts_nor_one_to_what_is_anothers(project: Path, give: Give, given: str) -> None:
    file = project / "pyproject.toml"
    file.rename(project / "behind.toml")
    file.symlink_to(project / "behind.toml")
    assert read_config(project).out == "theirs"
    give(project / given)
    assert "belongs to" in refusal(project)


@pytest.mark.parametrize("mode", [0o777, 0o1777])
@pytest.mark.parametrize("shared", ["", "below"])
def test_settings_found_across_a_folder_that_everybody_may_write_to_do_not_count(project: Path, mode: int, shared: str) -> None:
    (project / shared).chmod(mode)
    text = refusal(project / "below")
    assert f"was found across {project / shared}, which everybody may write to" in text
    assert text.endswith(f"--config {project / 'pyproject.toml'}")


def test_a_shared_folder_is_not_crossed_for_settings_in_it_or_below_it(project: Path) -> None:
    project.parent.chmod(0o1777)
    assert read_config(project / "below").out == "theirs"
    project.chmod(0o777)
    assert read_config(project).out == "theirs"


# Where the search ends.


@pytest.mark.parametrize("mark", [".git", ".hg"])
@pytest.mark.parametrize("kind", ["folder", "file"])
def test_the_search_ends_at_the_root_of_the_repository(project: Path, mark: str, kind: str) -> None:
    below = project / "below"
    (below / "deeper").mkdir()
    (below / mark).mkdir() if kind == "folder" else (below / mark).touch()
    assert find_project(below / "deeper") is None
    assert find_project(below) is None
    (below / "pyproject.toml").touch()
    assert find_project(below / "deeper") == below / "pyproject.toml"


def test_the_search_ends_at_the_home_folder_also_behind_a_link(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, link = project / "below", project / "link"
    (home / "work").mkdir()
    link.symlink_to(home)
    assert find_project(link) == project / "pyproject.toml"  # from where it is
    for place in (home, link):
        monkeypatch.setenv("HOME", str(place))
        assert find_project(home / "work") is None
    (home / "pyproject.toml").touch()
    assert find_project(home / "work") == home / "pyproject.toml"


def test_a_folder_that_is_closed_or_gone_holds_no_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exists = Path.exists

    def denied(path: Path) -> bool:
        if path.parent == project / "below":
            raise PermissionError(13, "Permission denied", str(path))
        return exists(path)

    monkeypatch.setattr(Path, "exists", denied)
    assert find_project(project / "below") == project / "pyproject.toml"
    (project / "below").rmdir()
    with pytest.raises(OptionError, match="the current folder has been deleted"):
        read_config()


# Modules, which run as well.


def test_a_module_found_alone_must_be_of_a_trusted_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, give: Give) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "generated").mkdir()
    file = tmp_path / "generated" / "tiny.py"
    file.write_text(f"{MODULE}raise SystemExit('it ran')\n", encoding="utf-8")
    give(file)
    with pytest.raises(ModuleError, match=rf"tiny\.py belongs to user {OTHER}, not to you.*give its path"):
        load("tiny")
    file.write_text(MODULE, encoding="utf-8")
    assert load("generated/tiny.py").MODEL == "tiny"


def test_settings_that_count_vouch_for_the_modules_that_they_name(project: Path, give: Give) -> None:
    (project / "theirs").mkdir()
    file = project / "theirs" / "tiny.py"
    file.write_text(MODULE, encoding="utf-8")
    give(file)
    assert load("tiny").MODEL == "tiny"
    give(project / "pyproject.toml")
    with pytest.raises(OptionError, match="belongs to"):
        load("tiny")
    assert load("tiny", config=project / "pyproject.toml").MODEL == "tiny"
