"""Limits of a student's process, and the end of whatever it has started; on Linux by a keeper, elsewhere by limits alone.

The keeper is the process that was started. Where the system allows that, it puts the student's code in a child with process
numbers of its own (`pid_namespaces(7)`): the kernel then ends all that the code has started, and the code can signal no process
outside. Elsewhere it adopts the code's orphans (`PR_SET_CHILD_SUBREAPER` of `prctl(2)`) and ends them one by one.
"""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PROCESSES = 32
"""Processes that a student's code may have at a time; beyond them it is taken for one that multiplies without an end."""
_TICK = 0.05
"""Seconds between two counts of the processes."""
_FILE_BYTES = 2**24
_SPARE = 64
"""Processes and threads beside those that the user has already, which the system allows."""
_ORPHANS = 400
"""Times that orphans are looked for; each ends those that are found, and some may have started others meanwhile."""

_CLONE_NEWUSER, _CLONE_NEWPID = 0x10000000, 0x20000000
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def limit_resources(seconds: int, mebibytes: int) -> None:
    """Set the limits of this process and of those that it starts, as far as the system has such limits.

    Args:
        seconds: time of the processor.
        mebibytes: addresses, as the system counts them.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limits; the time is limited all the same
        return
    limits = {
        "RLIMIT_AS": mebibytes * 2**20,
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": _FILE_BYTES,
        "RLIMIT_CPU": seconds,
        "RLIMIT_NPROC": _tasks_of_user() + _SPARE,  # counts all that the user has; root is exempt
    }
    for name, value in limits.items():
        with suppress(ValueError, OSError, AttributeError):  # the machine's own limit is lower, or there is none
            resource.setrlimit(getattr(resource, name), (value, value))


def _tasks_of_user() -> int:
    """Count the processes and threads of this user, which `RLIMIT_NPROC` counts; many where they cannot be counted."""
    count = 0
    if sys.platform != "linux":
        return 2**12
    for process in _processes():
        with suppress(OSError):  # it has ended meanwhile
            if process.stat().st_uid == os.getuid():
                count += sum(1 for _ in (process / "task").iterdir())
    return count


def _processes() -> list[Path]:
    """Return the folders of the processes that there are, by the numbers that the system's own list has."""
    return [folder for folder in Path("/proc").iterdir() if folder.name.isdecimal()]


def keep_watch(tell: Callable[[int | None], None], *, own_numbers: bool = True) -> None:
    """Go on in a new process; the calling one waits for its end, ends all that it has started, and ends without returning.

    Elsewhere than on Linux nothing happens: the student's code runs in the calling process.

    Args:
        tell: is called in the process that waits, with the exit code of the other, as `os.waitstatus_to_exitcode` gives it, or
            with None if it was ended because of too many processes.
        own_numbers: whether the new process gets process numbers of its own, where the system allows it.
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    awaited = {signal.SIGCHLD, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)  # when the grader ends
    own_numbers = own_numbers and _take_own_numbers(libc)
    if own_numbers:
        first = os.fork()  # its end is the end of all processes with these numbers
        if first:
            _wait(first)
            with suppress(OSError):  # it has ended
                os.kill(first, signal.SIGKILL)
                os.waitpid(first, 0)  # which takes until all others have ended
            os._exit(0)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    student = os.fork()
    if not student:
        os.setsid()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, awaited)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        return
    code = _wait(student, count=own_numbers)
    if not own_numbers:
        _end_orphans(student)
    tell(code)
    os._exit(0)


def _take_own_numbers(libc: ctypes.CDLL) -> bool:
    """Have the children of this process get process numbers of their own; tell whether the system allows it."""
    user, group = os.getuid(), os.getgid()
    if libc.unshare(_CLONE_NEWPID) == 0:
        return True
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWPID) != 0:
        return False
    maps = {"setgroups": "deny", "uid_map": f"{user} {user} 1", "gid_map": f"{group} {group} 1"}
    for name, text in maps.items():
        with suppress(OSError):  # the user is called nobody then
            Path("/proc/self", name).write_bytes(text.encode())
    return True


def _wait(child: int, *, count: bool = False) -> int | None:
    """Wait for the end of a child, or for SIGTERM, and reap the orphans that this process has adopted.

    Args:
        child: its process number.
        count: whether to count the processes with the numbers of this one.

    Returns:
        The child's exit code; minus SIGTERM if this process is to end; None if there are too many processes.
    """
    before = len(_processes()) if count else 0
    while True:
        received = signal.sigtimedwait({signal.SIGCHLD, signal.SIGTERM}, _TICK)
        ended = -1
        while ended:
            ended, status = os.waitpid(-1, os.WNOHANG)
            if ended == child:
                return os.waitstatus_to_exitcode(status)
        if received is not None and received.si_signo == signal.SIGTERM:
            return -signal.SIGTERM
        if count and len(_processes()) > before + PROCESSES and _neighbours() > PROCESSES + 1:
            return None


def _neighbours() -> int:
    """Count the processes that have their numbers from the same source as this one."""
    own, found = Path("/proc/self/ns/pid").readlink(), 0
    for process in _processes():
        with suppress(OSError):  # it has ended, or is another user's
            found += (process / "ns" / "pid").readlink() == own
    return found


def _end_orphans(student: int) -> None:
    """End the student's process, its group, and what this process has adopted, again and again until there is nothing left."""
    with suppress(OSError):
        os.killpg(student, signal.SIGKILL)
    for _ in range(_ORPHANS):
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        children = _children()
        if not children:
            return
        for child in children:
            with suppress(OSError):
                os.kill(int(child), signal.SIGKILL)
        time.sleep(0.002)


def _children() -> list[str]:
    """Return the numbers of the children of this process; none where the system does not tell them."""
    try:
        return Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="utf-8").split()
    except OSError:
        return []
