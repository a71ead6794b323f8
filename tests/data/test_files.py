"""symgraph.data.files: a file is replaced whole or not at all."""

import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path
from unittest.mock import Mock

import pytest

from symgraph.data import files
from symgraph.data.files import is_stream, locked, replace_texts, write_file


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_file_has_the_new_text_and_its_old_mode_while_a_reader_of_the_old_one_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    replace_texts({path: "first\nsecond ü\n"})
    assert path.read_bytes() == "first\nsecond ü\n".encode()
    path.chmod(0o640)
    with path.open(encoding="utf-8") as reader:
        assert reader.read(6) == "first\n"
        replace_texts({path: "new"})
        assert reader.read() == "second ü\n"
    assert path.read_text(encoding="utf-8") == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize(("owner", "step"), [(os, "fsync"), (Path, "replace")])
def test_a_failure_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: object, step: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(UnicodeEncodeError):
        replace_texts({path: "\ud800"})
    monkeypatch.setattr(owner, step, Mock(side_effect=OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        replace_texts({path: "new"})
    assert path.read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["a.txt"]
    with pytest.raises(FileNotFoundError):
        replace_texts({tmp_path / "no" / "a.txt": "text"})


def test_a_file_that_a_user_names_is_replaced_with_its_mode_and_nothing_stays_beside_it(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)  # as long as a name can be
    write_file(path, b"old")
    path.chmod(0o600)
    before = path.stat().st_ino
    write_file(path, "new ü\n")
    assert path.read_bytes() == "new ü\n".encode()
    assert path.stat().st_ino != before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(tmp_path) == [path.name]


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    links = tmp_path / "links"
    links.mkdir()
    (tmp_path / "there").write_text("old", encoding="utf-8")
    for name in ("there", "not_yet"):
        (links / name).symlink_to(f"../{name}")
        (links / f"{name}2").symlink_to(name)
        write_file(links / f"{name}2", "new")
        assert (links / name).is_symlink()
        assert (links / f"{name}2").is_symlink()
        assert (tmp_path / name).read_text(encoding="utf-8") == "new"
        assert not (tmp_path / name).is_symlink()
    (links / "a").symlink_to("b")
    (links / "b").symlink_to("a")
    with pytest.raises(OSError, match="circle"):
        write_file(links / "a", "text")
    assert [(links / name).is_symlink() for name in "ab"] == [True, True]


def test_all_names_of_a_file_have_the_new_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a longer text than the new one", encoding="utf-8")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    write_file(tmp_path / "a", "new")
    assert (tmp_path / "b").read_text(encoding="utf-8") == "new"
    assert (tmp_path / "a").samefile(tmp_path / "b")
    assert names(tmp_path) == ["a", "b"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old", encoding="utf-8")
    os.chown(path, 12345, 54321)
    write_file(path, "new")
    assert path.read_text(encoding="utf-8") == "new"
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 54321)


def test_a_file_whose_owner_a_new_one_cannot_have_is_written_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, real = tmp_path / "a", Path.stat
    path.write_text("a longer text than the new one", encoding="utf-8")
    before = path.stat().st_ino

    def of_another(self: Path, **options: bool) -> os.stat_result:
        found = list(real(self, **options))
        found[4] += self.name == "a"  # the owner
        return os.stat_result(found)

    with monkeypatch.context() as patch:
        patch.setattr("os.chown", Mock(side_effect=PermissionError(1, "Operation not permitted")))
        patch.setattr(Path, "stat", of_another)
        write_file(path, "new")
    assert path.read_text(encoding="utf-8") == "new"
    assert path.stat().st_ino == before
    assert names(tmp_path) == ["a"]


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    for path in (tmp_path / "pipe", tmp_path / "link"):
        os.mkfifo(path) if path.name == "pipe" else path.symlink_to("pipe")
        read: list[str] = []
        reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text(encoding="utf-8")))  # noqa: B023
        reader.start()
        write_file(path, "text\n")
        reader.join()
        assert read == ["text\n"]
        assert (tmp_path / "pipe").is_fifo()
        assert is_stream(path)


def test_a_device_is_written_to_and_stays_a_device(tmp_path: Path) -> None:
    """The devices are like those of /dev, which a fault of ours could then not harm."""
    null, full = tmp_path / "null", tmp_path / "full"
    try:
        for path in (null, full):
            os.mknod(path, 0o666 | stat.S_IFCHR, Path("/dev", path.name).stat().st_rdev)
            path.open("rb").close()
    except OSError:
        pytest.skip("devices cannot be made or opened here")
    write_file(null, "text")
    with pytest.raises(OSError, match="No space left"):
        write_file(full, "text")
    assert null.is_char_device()
    assert full.is_char_device()
    assert names(tmp_path) == ["full", "null"]


def test_what_is_protected_a_socket_or_a_folder_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        for path in (tmp_path, tmp_path / "s"):
            with pytest.raises(OSError, match="a folder, a socket or a block device"):
                write_file(path, "text")
        assert (tmp_path / "s").is_socket()
    path = tmp_path / "a"
    path.write_text("good", encoding="utf-8")
    monkeypatch.setattr("os.access", lambda *_arguments: False)  # as it is for anybody but root
    with pytest.raises(PermissionError, match="write-protected"):
        write_file(path, "new")
    assert path.read_text(encoding="utf-8") == "good"


def test_an_open_file_is_written_to_where_it_stands(tmp_path: Path) -> None:
    """Replacing what /dev/stdout leads to would leave the shell, which has it open, with a file without a name."""
    script = (
        "from pathlib import Path; from symgraph.data.files import is_stream, write_file; print('one'); path = Path('stdout'); "
        "assert is_stream(path); write_file(path, 'two\\n'); write_file(Path('/dev/fd/1'), 'three\\n'); print('four')"
    )
    (tmp_path / "stdout").symlink_to("/proc/self/fd/1")  # as /dev/stdout is
    (tmp_path / "out.txt").symlink_to("behind.txt")
    with (tmp_path / "out.txt").open("w") as stdout:
        stdout.write("zero\n")
        stdout.flush()
        subprocess.run([sys.executable, "-c", script], cwd=tmp_path, stdout=stdout, check=True)
        assert os.fstat(stdout.fileno()).st_nlink == 1
    assert (tmp_path / "behind.txt").read_text(encoding="utf-8").split() == ["zero", "one", "two", "three", "four"]
    piped = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert piped.stdout.split() == ["one", "two", "three", "four"]
    assert (tmp_path / "stdout").is_symlink()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot lock a folder")
def test_whoever_locks_a_folder_waits_for_the_other_to_leave_it(tmp_path: Path) -> None:
    order: list[str] = []
    inside = threading.Event()

    def other() -> None:
        inside.wait()
        with locked(tmp_path):
            order.append("other")

    with pytest.raises(KeyError), locked(tmp_path):  # after an error the lock is given back
        raise KeyError
    thread = threading.Thread(target=other)
    thread.start()
    with locked(tmp_path):
        inside.set()
        thread.join(0.2)  # time enough to come in, were it open
        order.append("first")
    thread.join()
    assert order == ["first", "other"]
    assert names(tmp_path) == []


def test_what_killed_processes_of_this_machine_left_is_deleted_by_the_next_that_writes_there(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    kept = [f".{files._machine()}-{os.getppid()}-{'a' * 12}.tmp", f".0badcafe-{ended.pid}-{'b' * 12}.tmp", ".mine.tmp"]
    for name in (*kept, f".{files._machine()}-{ended.pid}-{'c' * 12}.tmp"):
        (tmp_path / name).touch()
    write_file(tmp_path / "a.txt", "text")
    assert names(tmp_path) == sorted([*kept, "a.txt"])
