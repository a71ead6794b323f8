"""Plant faults that a careless change could make, each alone in a copy of the project, and see that the tests find them.

    python tools/mutants.py                    # every row of mutants.toml, by the tests that it names
    python tools/mutants.py --part 3/10        # the fourth tenth of the rows (parts count from 0)
    python tools/mutants.py --only adam- rk4-  # rows whose names begin so
    python tools/mutants.py --search slow      # look for a test that finds each: near its module, in its room, everywhere

A row has a name, a file, the text ``old`` that occurs in it once, the text ``new`` that stands there instead, the harm that a
user would see, and the tests that find it: ``quick`` of the suite of `make test`, ``slow`` of the others, which are run where
no quick one is known and else kept on record. A row whose text has changed is stale, and is to be written anew. The tests must
pass without any fault first. Exit status 0 means that every fault was found by a test that failed; a run of tests that ends
otherwise (nothing collected, a failing import, no end) is an error. A row without tests is open: nobody knows one for it.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from touched import room_of

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "tools" / "mutants.toml"
_SECONDS = 1200
"""Longest run of the tests of one fault."""
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", "build", "dist", "runs", "__pycache__", ".*_cache")
_NONE = 5
"""Exit status of pytest where no test is marked as asked."""
_WORDS = {0: "SURVIVED", 1: "found"}
"""What an exit status of pytest says of a fault; each other one is an error of the run."""


@dataclass(frozen=True)
class Mutant:
    """A fault: a text of a file, what stands there instead, what a user would see, and the tests that find it."""

    name: str
    file: str
    old: str
    new: str
    harm: str
    quick: tuple[str, ...] = ()
    slow: tuple[str, ...] = ()

    @property
    def tests(self) -> tuple[str, ...]:
        """The tests that show that it is found: quick ones, if there are any."""
        return self.quick or self.slow

    @property
    def room(self) -> str:
        """The folder of tests of the room that its file is in."""
        top, *inner = Path(self.file).parts[:-1]
        return room_of(["compiler", "backends"] if top == "templates" else inner)

    def nearest(self, folder: Path) -> tuple[str, ...]:
        """Return the files of tests in a copy that import its module, those of its room first."""
        module = self.file.removesuffix(".py").replace("/", ".")
        files = sorted(path.relative_to(folder).as_posix() for path in (folder / "tests").rglob("test_*.py"))
        found = (name for name in files if re.search(rf"{re.escape(module)}\b", (folder / name).read_text(encoding="utf-8")))
        return tuple(sorted(found, key=lambda name: not name.startswith(f"{self.room}/")))

    def is_stale(self, folder: Path) -> bool:
        """Tell if its text does not occur exactly once in the file."""
        path = folder / self.file
        return not path.exists() or path.read_text(encoding="utf-8").count(self.old) != 1


def read(path: Path = TABLE) -> list[Mutant]:
    """Read the table.

    Raises:
        SystemExit: two rows have one name.
    """
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]
    mutants = [
        Mutant(**{key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}) for row in rows
    ]
    names = [one.name for one in mutants]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        sys.exit(f"{path.name}: two rows have the name {', '.join(twice)}")
    return mutants


def copied(folder: Path) -> Path:
    """Copy the files that git tracks, or, without git, all but what builds and tests leave behind."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        return Path(shutil.copytree(ROOT, folder, ignore=_LEFT_OUT, dirs_exist_ok=True))
    for name in listed.stdout.decode().split("\0")[:-1]:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def run(folder: Path, tests: Sequence[str], *options: str) -> tuple[int | None, str]:
    """Run tests in a copy, up to the first that fails; the exit status, None for no end, and what pytest printed."""
    command = [sys.executable, *["-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider"], *options, *tests]
    variables = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "CI": "true"}
    try:
        told = subprocess.run(
            command, cwd=folder, env=variables, capture_output=True, text=True, timeout=_SECONDS, check=False, errors="replace"
        )
    except subprocess.TimeoutExpired:
        return None, f"no end after {_SECONDS} s"
    return told.returncode, told.stdout + told.stderr


def judged(mutant: Mutant, folder: Path, search: str = "", places: Sequence[str] = ()) -> tuple[str, str]:
    """Plant a fault in a copy, run its tests, and take it out again; a word, and what is to be known beside it.

    Args:
        mutant: the fault.
        folder: the copy.
        search: a suite in which a test that finds it is looked for; "" runs the tests that it names.
        places: where to look; by default in the files of tests that import its module, in the folder of its room, in all.
    """
    if mutant.is_stale(folder):
        return "STALE", f"its text does not occur once in {mutant.file}"
    if not (mutant.tests or search):
        return "OPEN", mutant.harm
    path = folder / mutant.file
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        code, told = _searched(mutant, folder, search, places) if search else run(folder, mutant.tests)
    finally:
        path.write_text(before, encoding="utf-8")
    word = "ERROR" if code is None else _WORDS.get(code, "ERROR")
    return word, _failed(told) if word == "found" else told[-1000:] if word == "ERROR" else mutant.harm


def _searched(mutant: Mutant, folder: Path, suite: str, places: Sequence[str]) -> tuple[int | None, str]:
    """Run the tests of a suite in some places, or from near a fault to far, up to the first that fails; as ``run`` tells it."""
    marked = ("-m", "slow" if suite == "slow" else "not slow")
    code, told = None, ""
    room = (mutant.room,) if (folder / mutant.room).exists() else ()  # small ones have their tests in others' folders
    for tests in (places,) if places else (mutant.nearest(folder), room, ("tests",)):
        code, told = run(folder, tests, *marked) if tests else (_NONE, "")
        if code not in (0, _NONE):
            break
    return (0 if code == _NONE else code), told


def _failed(told: str) -> str:
    """Return the name of the test that failed, of what pytest printed."""
    lines = [line for line in told.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return lines[0].split(" ", 1)[1].split(" - ")[0] if lines else ""


def outcomes(
    mutants: Sequence[Mutant], folders: Sequence[Path], search: str, places: Sequence[str]
) -> Iterator[tuple[Mutant, str, str]]:
    """Judge faults, as many at once as there are copies, in the order of the table."""
    free: Queue[Path] = Queue()
    for folder in folders:
        free.put(folder)

    def one(mutant: Mutant) -> tuple[Mutant, str, str]:
        folder = free.get()
        try:
            return mutant, *judged(mutant, folder, search, places)
        finally:
            free.put(folder)

    with ThreadPoolExecutor(len(folders)) as pool:
        yield from pool.map(one, mutants)


def chosen(mutants: Sequence[Mutant], part: str, only: Sequence[str]) -> list[Mutant]:
    """Return every n-th row from the k-th on for the part "k/n", of those whose names begin as one of some words."""
    k, n = map(int, part.split("/"))
    return [one for one in mutants if not only or one.name.startswith(tuple(only))][k % n :: n]


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge the rows that are asked for, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", default="0/1", metavar="K/N", help="every N-th row from the K-th on")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="rows whose names begin so")
    parser.add_argument("--search", choices=("quick", "slow"), default="", help="look for a test of this suite that finds each")
    parser.add_argument("places", nargs="*", help="where to look for such a test, and nowhere else")
    parser.add_argument("--jobs", type=int, default=2, help="faults that are judged at once")
    asked = parser.parse_args(arguments)
    mutants = chosen(read(), asked.part, asked.only)
    with tempfile.TemporaryDirectory(prefix="mutants ") as place:
        folders = [copied(Path(place) / str(number)) for number in range(asked.jobs)]
        tests = sorted({test for one in mutants for test in one.tests}) if not asked.search else []
        if tests:
            code, told = run(folders[0], tests)
            if code:
                print(f"the tests fail without a fault, or end otherwise (exit status {code}):\n{told[-3000:]}")
                return 2
        words = []
        for mutant, word, beside in outcomes(mutants, folders, asked.search, asked.places):
            words.append(word)
            print(f"{word:8} {mutant.name}: {beside}", flush=True)
    counts = {word: words.count(word) for word in dict.fromkeys(words)}
    print(", ".join(f"{count} {word}" for word, count in counts.items()) or "no row")
    return 0 if words and set(words) <= {"found", "OPEN"} else 1


if __name__ == "__main__":
    sys.exit(main())
