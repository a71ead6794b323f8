"""A hundred hostile students and more: whatever one file does, the others of the class have the results that they had."""

import json
import os
import secrets
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from classes import LOGISTIC, PATIENT, ROOT, SPECS, marked, model_of, sections

from symgraph.use.classroom.grade_report import gradescope
from symgraph.use.classroom.grading import grade

SECONDS = 4
"""For each function: enough for an honest one on a machine that does other things too."""
OUTER = 240
"""Seconds after which a class is said to have been stopped: files that use up their time, 3 * 4 s each, and the others."""
SOLUTION = (
    LOGISTIC
    + """
def backward_propagation(L, W, d):
    return [*((d["p"] - d["y"]) * d["x"]), d["p"] - d["y"]]

def vanilla(W, dW, lr):
    return W + lr * dW
"""
)
"""A student's functions of the logistic model; a sign is wrong in vanilla."""
WRITTEN = sections("hostile.txt")
"""By its name the code of a hostile student: what comes before a solution, or the body of a forward function behind it."""
FILES: Mapping[str, bytes] = {
    "empty.py": b"",
    "nothing.py": b"\x00" * 100,
    "no_text.py": b"\xff\xfe\xfa" * 50,
    "coded.py": b"# -*- coding: nonsense -*-\n",
    "brackets.py": b"x = " + b"(" * 10**5,
    "minus.py": b"x = " + b"-" * 10**5 + b"1",
    "dots.py": b"x = a" + b".a" * 10**5,
    "digits.py": b"x = " + b"9" * 10**5,
    "wide.py": b"x = [" + b"0," * 3 * 10**5 + b"]",
    "large.py": b"#" * 2**22,
    "notebook.py": b'{"cells": [], "nbformat": 4}',
}
"""Files that are no solutions."""
NAMES = (
    *("numpy.py", "json.py", "symgraph.py", "os.py", "__main__.py", "conftest.py", "sys.py", "site.py", "scipy.py", "math.py"),
    *("two words.py", "a.b.c.py", "quo'te.py", "\u00fc\u2603.py", "line\nbreak.py", "\x1b[2J.py", "half\udcff.py"),
)
"""Odd names of a right solution."""


def begun(name: str, code: str) -> bytes:
    """A hostile student's file."""
    returned = f"{SOLUTION}\ndef forward_propagation(x, y, W):\n{textwrap.indent(code, '    ')}"
    return (returned if name.startswith("returns") else f"{code}\n{SOLUTION}").encode()


CLASS: Mapping[str, bytes] = {
    **{f"student{place}.py": begun(name, code) for place, (name, code) in enumerate(WRITTEN.items())},
    **FILES,
    **dict.fromkeys(NAMES, SOLUTION.encode()),
}
KNOWN = dict(zip(CLASS, [*WRITTEN, *FILES, *NAMES], strict=True))
"""What each does, in words."""
OF_THE_ISSUE = (
    *("begins: writes junk", "begins: sends itself signal 40", "begins: has a child with a session", "begins: floods"),
    *("returns: an error with half a pair", "numpy.py"),
)
"""Those that stopped a class before files were judged apart."""
QUICK = [next(name for name in CLASS if KNOWN[name] == one) for one in OF_THE_ISSUE]
BATCHES = [list(CLASS)[first : first + 12] for first in range(0, len(CLASS), 12)]


def graded(folder: Path, files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """Write some files, judge them as a class, and return the reports; nothing that they have started is left."""
    for name, text in files.items():
        (folder / name).write_bytes(text)
    mark = secrets.token_hex(8)
    command = [sys.executable, "-m", "symgraph", "grade", *(str(folder / name) for name in files), "--json", "-q"]
    command += ["--model", str(SPECS["logistic"]), "--seconds", str(SECONDS)]
    environment = os.environ | {"CLASS_OF_THIS_TEST": mark}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=OUTER, check=False)
    assert done.returncode == 1, done.stderr.decode()[-2000:]
    assert len(done.stdout) + len(done.stderr) < 500_000
    assert not marked(mark)
    reports = json.loads(done.stdout)
    assert len(reports) == len(files)
    assert all(report["output"].replace("\n", "").isprintable() for report in reports)
    assert {sum(test["max_score"] for test in report["tests"]) for report in reports} == {1 + 3 + 4 + 4 + 1 + 4 + 1 + 2 + 3}
    return list(reports)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The reports on two honest students, each judged alone."""
    files = [tmp_path_factory.mktemp("honest") / name for name in ("first.py", "last.py")]
    for file in files:
        file.write_text(SOLUTION, encoding="utf-8")
    return [gradescope(grade(file, model_of("logistic"), limits=PATIENT)) for file in files]


@pytest.mark.parametrize(
    "names", [pytest.param(QUICK, id="quick"), *(pytest.param(one, marks=pytest.mark.slow, id=one[0]) for one in BATCHES)]
)
def test_a_class_has_its_results_whatever_one_file_does(
    names: Sequence[str], honest: list[dict[str, Any]], tmp_path: Path
) -> None:
    """It starts a process for each file, some of which use up their time: two seconds of work for the first few."""
    hostile = {name: CLASS[name] for name in names}
    first, *others, last = graded(tmp_path, {"first.py": SOLUTION.encode(), **hostile, "last.py": SOLUTION.encode()})
    assert [first, last] == honest
    for name, report in zip(names, others, strict=True):
        if name in NAMES:  # it is right, whatever its name
            assert report["score"] == honest[0]["score"], KNOWN[name]
        if name in FILES:
            assert report["score"] == 0, KNOWN[name]
