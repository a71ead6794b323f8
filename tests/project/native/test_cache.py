"""The folder for compiled code: the user's own, or none."""

import os
from pathlib import Path

import pytest

from symgraph.project.native.cache import cache_folder


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    for name in ("SYMGRAPH_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_the_folder_is_where_the_platform_keeps_caches_or_where_the_environment_says(home, monkeypatch):
    places = {"linux": ".cache/symgraph", "darwin": "Library/Caches/symgraph", "win32": "AppData/Local/symgraph"}
    for platform, place in places.items():
        monkeypatch.setattr("sys.platform", platform)
        assert cache_folder() == home / place / "c"
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "xdg"))
    assert cache_folder() == home / "xdg" / "symgraph" / "c"
    monkeypatch.setenv("SYMGRAPH_CACHE", str(home / "own"))
    assert cache_folder() == home / "own" / "c"


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows has no such permission bits")
def test_it_is_made_for_the_user_alone_and_not_used_where_others_may_write_to_it(home):
    folder = cache_folder()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert cache_folder() == folder
    for bits in (0o770, 0o702):
        folder.chmod(bits)
        assert cache_folder() is None


def test_where_no_folder_can_be_made_there_is_none(home, monkeypatch):
    monkeypatch.setenv("SYMGRAPH_CACHE", str(home / "file"))
    (home / "file").touch()
    assert cache_folder() is None
