"""What an attack is: files in a folder of its own, and a command or a call that a process of its own makes there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Stream = Literal["read", "closed", "full", "gone"]
"""stdout or stderr of a case: read to the end, closed, a full disk, or a pipe whose reader has gone."""
MIB = 2**20
CANARY = "ATTACKED"
"""Name of a file that code writes which must not run: wherever below the folder it is found, an attacker's code ran."""
PAYLOAD = f"open({CANARY!r}, 'w').close()"
"""A statement of Python that writes it into the current folder."""


@dataclass(frozen=True)
class Outcome:
    """What came of a case.

    Attributes:
        code: the exit status, or minus the signal that ended the process.
        out, err: what it wrote, in bytes.
        peak: memory in bytes at its largest, beyond what the process had when it began.
        seconds: processor time.
        before, after: the bytes of each file below the folder, by its path relative to it; None for what is no file.
        left: processes that it has left running.
    """

    code: int
    out: bytes
    err: bytes
    peak: int
    seconds: float
    before: Mapping[str, bytes | None]
    after: Mapping[str, bytes | None]
    left: int = 0

    @property
    def new(self) -> set[str]:
        """The paths that were not there before."""
        return set(self.after) - set(self.before)


@dataclass(frozen=True)
class Case:
    """One attack.

    Attributes:
        name: says what is tried; unique in its group.
        words: the words of a command after ``symgraph``.
        call: what is called instead of a command, with the folder, which is the current one; a SymgraphError becomes ``error:
            TEXT`` on stderr and exit status 2, as on the command line.
        prepare: writes files into the folder, before its contents are recorded.
        project: begin in a copy of the built project of ``victim.py``, not in an empty folder.
        environment: variables that are added; None removes one.
        stdin: the bytes that can be read, or None for one that is closed.
        stdout, stderr: where they lead.
        memory, seconds, file_size: limits: bytes beyond those that the process begins with, processor time, and bytes of each
            file that it writes.
        codes: the exit statuses that are right.
        changes: paths that may be changed or removed, as patterns of ``fnmatch``; all others must stay as they are.
        check: tells what is wrong with the outcome, given the folder; "" if nothing is.
        setup: called in the process before the command or the call, to change what it finds there.
    """

    name: str
    words: Sequence[str] = ()
    call: Callable[[Path], object] | None = None
    prepare: Callable[[Path], object] = lambda folder: None
    project: bool = False
    environment: Mapping[str, str | None] = field(default_factory=dict)
    stdin: bytes | None = b""
    stdout: Stream = "read"
    stderr: Stream = "read"
    memory: int = 600 * MIB
    seconds: float = 20.0
    file_size: int | None = None
    codes: Sequence[int] = (0, 1, 2)
    changes: Sequence[str] = ()
    check: Callable[[Path, Outcome], str] = lambda folder, outcome: ""
    setup: Callable[[], object] = lambda: None
