"""The tool that plants faults: what it says of a fault that is found, survives, is stale, or breaks the tests themselves."""

from pathlib import Path

import mutants
import pytest
from mutants import Mutant, judged, read

ROOT = Path(__file__).parent.parent
TABLE = read()


def project(folder: Path) -> Path:
    """A project of one module and its tests, as the tool copies it."""
    (folder / "room").mkdir()
    (folder / "tests" / "room").mkdir(parents=True)
    (folder / "room" / "sums.py").write_text("def add(a, b):\n    return a + b\n\n\ndef unused():\n    return 1\n")
    (folder / "tests" / "room" / "test_sums.py").write_text(
        "from room.sums import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n"
    )
    return folder


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        *(("a + b", "a - b", "found"), ("return 1", "return 2", "SURVIVED"), ("a * b", "a - b", "STALE")),
        *(("return", "yield", "STALE"), ("def add(a, b):", "def add(a, b)", "ERROR")),
    ],
)
def test_a_fault_is_judged_by_a_test_that_fails(tmp_path: Path, old: str, new: str, word: str) -> None:
    folder = project(tmp_path)
    before = (folder / "room" / "sums.py").read_text()
    told, beside = judged(Mutant("one", "room/sums.py", old, new, "a wrong sum", quick=("tests/room/test_sums.py",)), folder)
    assert told == word
    assert word != "found" or beside == "tests/room/test_sums.py::test_add"
    assert (folder / "room" / "sums.py").read_text() == before


def test_a_search_looks_near_a_fault_and_then_everywhere(tmp_path: Path) -> None:
    fault = Mutant("one", "symgraph/room.py", "", "", "")
    assert judged(fault, project(tmp_path), "quick")[0] == "STALE"
    (tmp_path / "package").mkdir()
    (tmp_path / "room").rename(tmp_path / "package" / "room")
    tests = tmp_path / "tests" / "room" / "test_sums.py"
    tests.write_text(tests.read_text().replace("from room", "from package.room"))
    fault = Mutant("one", "package/room/sums.py", "a + b", "a - b", "a wrong sum")
    assert judged(fault, tmp_path, "quick") == ("found", "tests/room/test_sums.py::test_add")
    assert judged(fault, tmp_path, "quick", ["tests"])[0] == "found"
    assert judged(fault, tmp_path, "slow")[0] == "SURVIVED"  # no test there is slow
    tests.rename(tmp_path / "tests" / "test_far.py").write_text(
        "def test_far():\n    from package.room import sums\n\n    assert sums.add(1, 2) == 3\n"
    )
    assert judged(fault, tmp_path, "quick") == ("found", "tests/test_far.py::test_far")


def test_the_table_is_up_to_date() -> None:
    assert [one.name for one in TABLE if one.is_stale(ROOT)] == [], "write the row anew, or take it out"
    assert [one.name for one in TABLE if one.old == one.new] == []
    assert sum(not one.tests for one in TABLE) <= 0.05 * len(TABLE), "find tests for rows that are open"
    files = {test.partition("::")[0] for one in TABLE for test in one.quick + one.slow}
    assert sorted(name for name in files if not (ROOT / name).exists()) == []


def test_parts_make_up_the_whole() -> None:
    parts = [mutants.chosen(TABLE, f"{k}/10", ()) for k in range(10)]
    assert sorted(one.name for part in parts for one in part) == sorted(one.name for one in TABLE)
    assert len({one.name for one in TABLE}) == len(TABLE)
