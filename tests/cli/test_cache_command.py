"""symgraph cache: the folder of compiled code, and how it is emptied."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from command_line import Run

from symgraph.data.files import locked
from symgraph.project.native.cache import clear, entries


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with one library and its digest, and files that are none of ours."""
    root = tmp_path / "own"
    (root / "c").mkdir(parents=True)
    (root / "c" / "f-0123456789abcdef0123.so").write_bytes(b"x" * 2048)
    (root / "c" / "f-0123456789abcdef0123.so.sha256").write_bytes(b"y" * 65)
    (root / "c" / "tmp_files").mkdir()  # sources of a user, say
    for name in ("letter.txt", "c/main.c", "c/own.so", "c/tmp_files/one.c"):
        (root / name).write_text("mine", encoding="utf-8")
    monkeypatch.setenv("SYMGRAPH_CACHE", str(root))
    return root


def test_it_shows_the_folder_its_size_and_the_libraries(command: Run, folder: Path) -> None:
    done = command("cache")
    assert f"{folder}: 0.0 MiB of at most 256 MiB" in done.out
    assert done.out.splitlines()[-1].split() == ["f-0123456789abcdef0123.so", "2"]
    assert json.loads(command("cache", "--json").out) == {
        "folder": str(folder), "bytes": 2113, "most_bytes": 2**28,
        "libraries": [{"name": "f-0123456789abcdef0123.so", "bytes": 2048}], "formulas": [],
    }  # fmt: skip


def test_clear_deletes_compiled_code_and_nothing_else(command: Run, folder: Path) -> None:
    done = command("cache", "--clear")
    assert (done.code, done.err) == (0, f"2 files, 0.0 MiB, deleted from {folder}\n")
    left = {path.name for path in folder.rglob("*") if path.is_file()}
    assert left == {"letter.txt", "main.c", "own.so", "one.c"}
    (folder / "c").rename(folder / "d")
    assert command("cache", "--clear").code == 0  # there may be none
    (folder / "c").symlink_to("d")
    assert (command("cache", "--clear").code, len(list((folder / "d").iterdir()))) == (0, 3)


def test_clear_waits_for_a_compilation(command: Run, folder: Path) -> None:
    with ThreadPoolExecutor(1) as pool, locked(folder / "c"):
        cleared = pool.submit(clear)
        with pytest.raises(TimeoutError):
            cleared.result(timeout=0.05)
        assert len(entries()) == 2
    assert entries() == []
