"""The attack itself: each thing that must never happen is noticed, and what may happen is not."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import forked
import pytest
from cases import CANARY, MIB, Case, Outcome
from verdicts import faults

GOOD: dict[str, Any] = {
    "code": 0,
    "out": b"x\n",
    "err": b"",
    "peak": 0,
    "seconds": 0.1,
    "before": {"a": b"1"},
    "after": {"a": b"1"},
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({"code": -11}, ["signal 11"]),
        ({"code": 70}, ["exit status 70"]),
        ({"seconds": 21.0}, ["21.0 s of processor time"]),
        ({"peak": 700 * MIB}, ["700 MiB of memory"]),
        ({"left": 2}, ["2 processes left running"]),
        ({"err": b"Traceback (most recent call last):\n"}, ["a traceback"]),
        ({"out": b"\x1b[31m"}, ["U+001B on stdout"]),
        ({"err": "\u202e".encode()}, ["U+202E on stderr"]),
        ({"out": b"\xff"}, ["stdout is no UTF-8"]),
        ({"code": 2, "err": b"error: no\n"}, []),
        ({"code": 2, "err": b"error: no\n" + b"more\n" * 4}, ["5 lines of error"]),
        ({"code": 2, "err": b"error: " + b"x" * 3000}, ["3007 signs on stderr"]),
        ({"code": 2}, ["no word about what is wrong"]),
        ({"after": {"a": b"2"}}, ["'a' is changed"]),
        ({"after": {}}, ["'a' is lost"]),
        ({"after": {"a": b"1", f"b/{CANARY}": b""}}, [f"code ran: b/{CANARY}"]),
        ({"after": {"a": b"1", ".1.tmp": b""}}, [".1.tmp is left behind"]),
    ],
)
def test_a_verdict_names_what_must_not_be(tmp_path: Path, change: dict[str, Any], said: list[str]) -> None:
    assert faults(Case("one"), tmp_path, Outcome(**{**GOOD, **change})) == said
    asked = Case("one", changes=("a",), check=lambda _folder, outcome: "own word" if outcome.code else "")
    found = faults(asked, tmp_path, Outcome(**{**GOOD, **change}))
    assert ("own word" in found) == bool(change.get("code"))
    assert not [one for one in found if "'a' is" in one]


def _large(_folder: Path) -> None:
    assert len(bytearray(200 * MIB)) > 0


def _forks(_folder: Path) -> None:
    if os.fork() == 0:
        signal.pause()


CALLS: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (lambda _folder: None, ""),
    "an end": (lambda _folder: sys.exit(3), "exit status 3"),
    "a signal": (lambda _folder: os.kill(os.getpid(), signal.SIGSEGV), "signal 11"),
    "an error": (lambda _folder: 1 // 0, "exit status 1; a traceback"),
    "a file": (lambda folder: (folder / "a").write_text("2"), "'a' is changed"),
    "memory": (_large, r"(19|20)\d MiB of memory"),
    "a process": (_forks, "1 processes left running"),
}


def watched(place: Path) -> dict[str, str]:
    """What is found of each call, in a process that has no other children."""
    found = {}
    for name, (call, _) in CALLS.items():
        folder = place / name / "here"
        folder.mkdir(parents=True)
        (folder / "a").write_text("1")
        case = Case(name, call=call, memory=150 * MIB, codes=(0, 2))
        found[name] = "; ".join(faults(case, folder, forked.run(case, folder)))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="the attack needs Linux's processes and limits")
def test_a_process_of_its_own_is_watched(tmp_path: Path) -> None:
    code = "import json, sys, pathlib, test_attack; print(json.dumps(test_attack.watched(pathlib.Path(sys.argv[1]))))"
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    for name, found in json.loads(done.stdout).items():
        assert re.fullmatch(CALLS[name][1], found), (name, found)
