"""symgraph cache: the folder of compiled code, and how it is emptied."""

import json
from pathlib import Path

import pytest
from command_line import Run


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with one library and its digest, and a file that is none of ours."""
    root = tmp_path / "own"
    (root / "c").mkdir(parents=True)
    (root / "c" / "line-1.so").write_bytes(b"x" * 2048)
    (root / "c" / "line-1.so.sha256").write_bytes(b"y" * 65)
    (root / "letter.txt").write_text("mine", encoding="utf-8")
    monkeypatch.setenv("SYMGRAPH_CACHE", str(root))
    return root


def test_it_shows_the_folder_its_size_and_the_libraries(command: Run, folder: Path) -> None:
    done = command("cache")
    assert f"{folder}: 0.0 MiB of at most 256 MiB" in done.out
    assert done.out.splitlines()[-1].split() == ["line-1.so", "2"]
    assert json.loads(command("cache", "--json").out) == {
        "folder": str(folder), "bytes": 2113, "most_bytes": 2**28, "libraries": [{"name": "line-1.so", "bytes": 2048}],
    }  # fmt: skip


def test_clear_deletes_compiled_code_and_nothing_else(command: Run, folder: Path) -> None:
    done = command("cache", "--clear")
    assert (done.code, done.err) == (0, f"2 files, 0.0 MiB, deleted from {folder}\n")
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]
    assert command("cache", "--clear").code == 0  # there may be none
