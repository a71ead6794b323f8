"""When a case has passed: what an attack must never bring about, whatever it is."""

import re
import unicodedata
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from cases import CANARY, MIB, Case, Outcome

LINES, SIGNS = 4, 3000
"""Most lines and signs of what is said when a command refuses something."""
_ALLOWED = "\n\t"


def faults(case: Case, folder: Path, outcome: Outcome) -> list[str]:
    """Return what is wrong with the outcome of a case."""
    return [
        *_of_the_end(case, outcome),
        *_of_what_it_says(case, outcome),
        *_of_the_files(case, outcome),
        *_own(case, folder, outcome),
    ]


def _of_the_end(case: Case, outcome: Outcome) -> Iterator[str]:
    if outcome.code not in case.codes:
        yield f"signal {-outcome.code}" if outcome.code < 0 else f"exit status {outcome.code}"
    if outcome.seconds > case.seconds:
        yield f"{outcome.seconds:.1f} s of processor time"
    if outcome.peak > case.memory:
        yield f"{outcome.peak // MIB} MiB of memory"
    if outcome.left:
        yield f"{outcome.left} processes left running"


def _of_what_it_says(case: Case, outcome: Outcome) -> Iterator[str]:
    if b"Traceback (most recent call last)" in outcome.err or b"Exception ignored" in outcome.err:
        yield "a traceback"
    for name, written in (("stdout", outcome.out), ("stderr", outcome.err)):
        try:
            text = written.decode()
        except UnicodeDecodeError:
            yield f"{name} is no UTF-8"
            continue
        if found := {f"U+{ord(sign):04X}" for sign in set(text) if is_control(sign)}:
            yield f"{', '.join(sorted(found))} on {name}"
    said = outcome.err.decode(errors="replace")
    error = said[max(0, said.find("error: ")) :]  # behind remarks on what has been done
    if outcome.code == 2 and error.count("\n") > LINES:
        yield f"{error.count(chr(10))} lines of error"
    if outcome.code == 2 and len(said) > SIGNS:
        yield f"{len(said)} signs on stderr"
    if outcome.code == 2 and case.stderr == "read" and not re.search(r"^error: |^Usage: ", said, re.MULTILINE):
        yield "no word about what is wrong"


def is_control(sign: str) -> bool:
    """Tell if a terminal may obey a sign instead of showing it: controls, directions of writing, ends of lines, surrogates."""
    return sign not in _ALLOWED and (
        unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp")
        or sign in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )


def _of_the_files(case: Case, outcome: Outcome) -> Iterator[str]:
    for path, before in outcome.before.items():
        if outcome.after.get(path, b"") != before and not any(fnmatch(path, pattern) for pattern in case.changes):
            yield f"{path!r} is {'changed' if path in outcome.after else 'lost'}"
    for path in sorted(outcome.new):
        if Path(path).name == CANARY:
            yield f"code ran: {path}"
        if path.endswith(".tmp"):
            yield f"{path} is left behind"


def _own(case: Case, folder: Path, outcome: Outcome) -> Iterator[str]:
    if told := case.check(folder, outcome):
        yield told
