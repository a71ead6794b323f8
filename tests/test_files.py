"""symgraph.files: a file is replaced whole or not at all."""

import os
import stat
import sys
import threading
from pathlib import Path

import pytest

from symgraph.files import locked, replace_text


def test_a_new_file_has_the_text_with_newlines_as_they_are(tmp_path: Path) -> None:
    replace_text(tmp_path / "a.txt", "first\nsecond ü\n")
    assert (tmp_path / "a.txt").read_bytes() == "first\nsecond ü\n".encode()


def test_an_old_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o640)
    replace_text(path, "new")
    assert path.read_text(encoding="utf-8") == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize(("owner", "step"), [(os, "fsync"), (Path, "replace")])
def test_a_failure_on_the_way_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: object, step: str
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(owner, step, full)
    with pytest.raises(OSError, match="No space left"):
        replace_text(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_a_reader_of_the_old_file_goes_on_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old text", encoding="utf-8")
    with path.open(encoding="utf-8") as reader:
        assert reader.read(4) == "old "
        replace_text(path, "new")
        assert reader.read() == "text"


def test_text_that_utf8_cannot_hold_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        replace_text(tmp_path / "a.txt", "\ud800")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        replace_text(tmp_path / "no" / "a.txt", "text")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot lock a folder")
def test_whoever_locks_a_folder_waits_for_the_other_to_leave_it(tmp_path: Path) -> None:
    order: list[str] = []
    inside = threading.Event()

    def other() -> None:
        inside.wait()
        with locked(tmp_path):
            order.append("other")

    thread = threading.Thread(target=other)
    thread.start()
    with locked(tmp_path):
        inside.set()
        thread.join(0.2)  # time enough to come in, were it open
        order.append("first")
    thread.join()
    assert order == ["first", "other"]
    assert list(tmp_path.iterdir()) == []


def test_a_lock_is_given_back_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), locked(tmp_path):
        raise KeyError
    with locked(tmp_path):
        (tmp_path / "a.txt").touch()
