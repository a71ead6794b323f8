"""What a process asks of the disk, call by call: told of before each, so that one of them can fail, or be the last."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

from forked import command, leave_by

_AUDITED = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.chown", "os.truncate"}
_AUDITED |= {"os.utime", "fcntl.flock", "fcntl.lockf", "subprocess.Popen"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CAPABILITIES = 0x20080522
"""_LINUX_CAPABILITY_VERSION_3."""


def before_each(act: Callable[[int, str, str], object]) -> None:
    """Call ``act`` before each call of this process that changes the disk, with its number from 1, its name and its path.

    Such calls open a file for writing, sync, rename, remove, link, lock, make a folder, change a mode, or start a program. An
    OSError that ``act`` raises is what the caller gets.
    """
    sys.dont_write_bytecode = True
    own, number = os.getpid(), 0

    def told(name: str, path: object) -> None:
        nonlocal number
        if os.getpid() == own and not str(path).startswith(("/dev/", "/proc/")) and "matplotlib" not in str(path):
            number += 1
            act(number, name, str(path))

    def hook(event: str, arguments: Sequence[Any]) -> None:
        if event in _AUDITED:
            told(event, arguments[0] if arguments else "")
        elif event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
            told("open", arguments[0])

    def synced(handle: int, fsync: Callable[[int], None] = os.fsync) -> None:
        told("fsync", handle)
        fsync(handle)

    sys.addaudithook(hook)
    os.fsync = os.fdatasync = synced


def signalled(number: int, sent: signal.Signals, names: Sequence[str] = ()) -> None:
    """Send this process a signal before its call of a number, of all such calls or of those with some names."""
    seen = 0

    def act(_: int, name: str, __: str) -> None:
        nonlocal seen
        seen += not names or name in names
        if seen == number and (not names or name in names):
            os.kill(os.getpid(), sent)

    before_each(act)


def failing(number: int, error: int, names: Sequence[str] = (), more: bool = False) -> None:
    """Make a call of this process fail, and with ``more`` all that follow."""
    seen = 0

    def act(_: int, name: str, path: str) -> None:
        nonlocal seen
        if not names or name in names:
            seen += 1
            if seen == number or (more and seen > number):
                raise OSError(error, os.strerror(error), path)

    before_each(act)


def commanded(words: Sequence[str], setup: Callable[[], object] = lambda: None) -> int:
    """Run a command in a child of this process; return its exit status, or minus the signal that ended it."""

    def run() -> int:
        setup()
        command(words)

    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        leave_by(run)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def as_a_user() -> None:
    """Give up what root may do beyond the modes of files, so that these count."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES, 0)
    if os.geteuid() == 0 and ctypes.CDLL(None).capset(header, (ctypes.c_uint32 * 6)()) != 0:
        raise OSError("root's rights cannot be given up")
