"""Print the folders of tests of the rooms that the last commit changed, if these are few.

    python tools/touched.py     # tests/use/fitting tests/io

A commit that changes more than ``MOST`` rooms, as a merge may, touches everything, which is what the rotating tenth of the slow
tests is for. Nothing is printed then, nor outside a git checkout.
"""

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST = 4
"""Rooms whose slow tests a run of CI has time for."""


def folders(changed: Iterable[str]) -> list[str]:
    """Return the folders of tests that belong to changed files: those of their rooms, that of the backends for templates."""
    rooms = set()
    for name in changed:
        top, *inner = Path(name).parts[:-1] or [""]
        if top in ("symgraph", "tests"):
            rooms.add(room_of(inner))
        elif top == "templates":
            rooms.add(room_of(["compiler", "backends"]))
    found = sorted(rooms - {""})
    return found if len(found) <= MOST else []


def room_of(folders: Sequence[str]) -> str:
    """Return the deepest folder of tests for the folders of a file within the package, "" if there is none."""
    depths = (f"tests/{'/'.join(folders[:depth])}" for depth in (2, 1) if len(folders) >= depth)
    return next((folder for folder in depths if (ROOT / folder).is_dir()), "")


def changed() -> list[str]:
    """Return the files that the last commit changed, beside its first parent if it is a merge; none without git or a parent."""
    command = ["git", "diff", "--name-only", "HEAD^1", "HEAD"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return told.stdout.splitlines() if told.returncode == 0 else []


if __name__ == "__main__":
    print(*folders(changed()))
