"""symgraph.io.files: a file is replaced whole or not at all."""

import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from symgraph.io.files import is_stream, locked, replace_texts, write_file


def test_a_new_file_has_the_text_with_newlines_as_they_are(tmp_path: Path) -> None:
    replace_texts({tmp_path / "a.txt": "first\nsecond ü\n"})
    assert (tmp_path / "a.txt").read_bytes() == "first\nsecond ü\n".encode()


def test_an_old_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o640)
    replace_texts({path: "new"})
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
        replace_texts({path: "new"})
    assert path.read_text(encoding="utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_a_reader_of_the_old_file_goes_on_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old text", encoding="utf-8")
    with path.open(encoding="utf-8") as reader:
        assert reader.read(4) == "old "
        replace_texts({path: "new"})
        assert reader.read() == "text"


def test_text_that_utf8_cannot_hold_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        replace_texts({tmp_path / "a.txt": "\ud800"})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        replace_texts({tmp_path / "no" / "a.txt": "text"})


def test_a_file_that_a_user_names_is_replaced_with_its_mode_and_nothing_stays_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_file(path, b"old")
    path.chmod(0o600)
    before = path.stat().st_ino
    write_file(path, "new ü\n")
    assert path.read_bytes() == "new ü\n".encode()
    assert path.stat().st_ino != before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.bin"]


def test_a_name_as_long_as_a_name_can_be_is_written(tmp_path: Path) -> None:
    write_file(tmp_path / ("n" * 255), "text")
    assert (tmp_path / ("n" * 255)).read_text(encoding="utf-8") == "text"


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    for name in ("there", "not_yet"):
        (tmp_path / "links").mkdir(exist_ok=True)
        (tmp_path / "links" / name).symlink_to(f"../{name}")
        (tmp_path / "links" / f"{name}2").symlink_to(name)
    (tmp_path / "there").write_text("old", encoding="utf-8")
    for name in ("there", "not_yet"):
        write_file(tmp_path / "links" / f"{name}2", "new")
        assert (tmp_path / "links" / name).is_symlink()
        assert (tmp_path / "links" / f"{name}2").is_symlink()
        assert (tmp_path / name).read_text(encoding="utf-8") == "new"
        assert not (tmp_path / name).is_symlink()


def test_a_link_to_itself_stays_and_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="circle"):
        write_file(tmp_path / "a", "text")
    assert sorted(entry.name for entry in tmp_path.iterdir() if entry.is_symlink()) == ["a", "b"]


def test_all_names_of_a_file_have_the_new_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a longer text than the new one", encoding="utf-8")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    write_file(tmp_path / "a", "new")
    assert (tmp_path / "b").read_text(encoding="utf-8") == "new"
    assert (tmp_path / "a").samefile(tmp_path / "b")
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old", encoding="utf-8")
    os.chown(path, 12345, 54321)
    write_file(path, "new")
    assert path.read_text(encoding="utf-8") == "new"
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 54321)


def test_a_file_whose_owner_a_new_one_cannot_have_is_written_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_text("a longer text than the new one", encoding="utf-8")
    before = path.stat().st_ino

    def refuse(*_arguments: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.chown", refuse)
    real = Path.stat

    def of_another(self: Path, **options: bool) -> os.stat_result:
        found = list(real(self, **options))
        found[4] += self.name == "a"  # the owner
        return os.stat_result(found)

    monkeypatch.setattr(Path, "stat", of_another)
    write_file(path, "new")
    monkeypatch.undo()
    assert path.read_text(encoding="utf-8") == "new"
    assert path.stat().st_ino == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


def test_a_write_protected_file_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_text("good", encoding="utf-8")
    monkeypatch.setattr("os.access", lambda *_arguments: False)  # as it is for anybody but root
    with pytest.raises(PermissionError, match="write-protected"):
        write_file(path, "new")
    assert path.read_text(encoding="utf-8") == "good"


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


@pytest.fixture
def device(tmp_path: Path) -> Callable[[str], Path]:
    """Make a device like one of /dev, which a fault of ours could then not harm."""

    def make(name: str) -> Path:
        path = tmp_path / name
        try:
            os.mknod(path, 0o666 | stat.S_IFCHR, Path("/dev", name).stat().st_rdev)
            path.open("rb").close()
        except OSError:
            pytest.skip("devices cannot be made or opened here")
        return path

    return make


def test_a_device_is_written_to_and_stays_a_device(tmp_path: Path, device: Callable[[str], Path]) -> None:
    null = device("null")
    write_file(null, "text")
    assert null.is_char_device()
    assert list(tmp_path.iterdir()) == [null]


def test_a_full_device_is_an_os_error(device: Callable[[str], Path]) -> None:
    full = device("full")
    with pytest.raises(OSError, match="No space left"):
        write_file(full, "text")
    assert full.is_char_device()


def test_a_socket_and_a_folder_are_os_errors(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="a folder, a socket or a block device"):
        write_file(tmp_path, "text")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        with pytest.raises(OSError, match="a folder, a socket or a block device"):
            write_file(tmp_path / "s", "text")
        assert (tmp_path / "s").is_socket()


def test_an_open_file_is_written_to_where_it_stands(tmp_path: Path) -> None:
    """Replacing what /dev/stdout leads to would leave the shell, which has it open, with a file without a name."""
    script = (
        "from pathlib import Path; from symgraph.io.files import write_file; print('one'); "
        "write_file(Path('stdout'), 'two\\n'); write_file(Path('/dev/fd/1'), 'three\\n'); print('four')"
    )
    (tmp_path / "stdout").symlink_to("/proc/self/fd/1")  # as /dev/stdout is
    out = tmp_path / "out.txt"
    out.symlink_to("behind.txt")
    with out.open("w") as stdout:
        stdout.write("zero\n")
        stdout.flush()
        subprocess.run([sys.executable, "-c", script], cwd=tmp_path, stdout=stdout, check=True)
        assert os.fstat(stdout.fileno()).st_nlink == 1
    assert out.read_text(encoding="utf-8").split() == ["zero", "one", "two", "three", "four"]
    piped = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert piped.stdout.split() == ["one", "two", "three", "four"]


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
