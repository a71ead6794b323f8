"""The process of a case: a fork of one that has imported symgraph already, with limits of memory, time and files."""

import ctypes
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from cases import MIB, Case, Outcome

_SLACK = 4096 * MIB
"""Address space that a process may take beyond the memory that its case allows: libraries reserve much that they never use."""
_WAIT = 6.0
"""Seconds by the clock for each of processor time, after which a process that waits is ended."""
_SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER of Linux's prctl: what a case leaves running becomes a child of this process."""


def run(case: Case, folder: Path) -> Outcome:
    """Run a case in a folder that has been prepared."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    before, own = contents(folder), _resident()
    out, err = folder.with_name("out"), folder.with_name("err")
    pid = os.fork()
    if pid == 0:
        _become(case, folder, out, err)
    status, usage = _waited(pid, case.seconds * _WAIT)
    left = _left()
    return Outcome(
        code=os.waitstatus_to_exitcode(status),
        out=out.read_bytes() if out.exists() else b"",
        err=err.read_bytes() if err.exists() else b"",
        peak=max(0, usage.ru_maxrss * 1024 - own),
        seconds=usage.ru_utime + usage.ru_stime,
        before=before,
        after=contents(folder),
        left=left,
    )


def contents(folder: Path) -> dict[str, bytes | None]:
    """Return the bytes of each file below a folder; of a link where it leads, None for what is no file."""
    found: dict[str, bytes | None] = {}
    for place, _, names in os.walk(folder):
        for path in (Path(place, name) for name in names):
            is_link = path.is_symlink()
            read = os.fsencode(path.readlink()) if is_link else path.read_bytes() if path.is_file() else None
            found[str(path.relative_to(folder))] = read
    return found


def _resident() -> int:
    """Return the bytes of memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def _waited(pid: int, seconds: float) -> tuple[int, resource.struct_rusage]:
    """Wait for a process, and end it when its time is up."""
    handle = os.pidfd_open(pid)
    try:
        with _timer(handle, seconds):
            _, status, usage = os.wait4(pid, 0)
    finally:
        os.close(handle)
    return status, usage


@contextmanager
def _timer(handle: int, seconds: float) -> Iterator[None]:
    """Kill a process if the block lasts too long."""
    before = signal.signal(signal.SIGALRM, lambda *_: signal.pidfd_send_signal(handle, signal.SIGKILL))
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def _left() -> int:
    """End the processes that a case has left, and return how many still ran."""
    found = 0
    deadline = time.monotonic() + 2.0
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            if time.monotonic() < deadline:  # what is just ending is not left
                time.sleep(0.01)
                continue
            for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
                found += 1
                with suppress(ProcessLookupError):
                    os.kill(int(child), signal.SIGKILL)
            deadline = time.monotonic() + 2.0


def _become(case: Case, folder: Path, out: Path, err: Path) -> NoReturn:
    """Run the case in this process, and end it."""

    def run() -> int:
        _surround(case, folder, out, err)
        case.setup()
        return _called(case, folder) if case.call is not None else command(case.words)

    leave_by(run)


def leave_by(call: Callable[[], int]) -> NoReturn:
    """End this process, a fork, with the exit status of a call, as Python would."""
    code = 70
    try:
        code = call()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        traceback.print_exc()
        code = 1
    finally:
        code = _ended(code)
        os._exit(code)


def command(words: Sequence[str]) -> NoReturn:
    """Run a command in this process."""
    from symgraph.cli import main

    sys.argv = ["symgraph", *words]
    main()
    raise AssertionError("main() returns nothing")


def _surround(case: Case, folder: Path, out: Path, err: Path) -> None:
    """Give this process the folder, the streams, the variables and the limits of a case."""
    os.chdir(folder)
    os.setpgid(0, 0)
    given = folder.with_name("in")
    given.write_bytes(case.stdin or b"")
    _redirect(0, os.open(given, os.O_RDONLY) if case.stdin is not None else None)
    for number, path, kind in ((1, out, case.stdout), (2, err, case.stderr)):
        _redirect(number, _stream(path, kind))
    for name, value in case.environment.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    sys.stdin, sys.stdout, sys.stderr = (_opened(number, mode) for number, mode in ((0, "r"), (1, "w"), (2, "w")))
    sys.path[0] = str(folder)
    seconds = int(case.seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    space = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + case.memory + _SLACK
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    if case.file_size is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (case.file_size, case.file_size))


def _stream(path: Path, kind: str) -> int | None:
    """Open what a stream leads to."""
    if kind == "full":
        return os.open("/dev/full", os.O_WRONLY)
    if kind == "gone":
        reader, writer = os.pipe()
        os.close(reader)
        return writer
    return None if kind == "closed" else os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


def _redirect(number: int, handle: int | None) -> None:
    if handle is None:
        os.close(number)
    elif handle != number:
        os.dup2(handle, number)
        os.close(handle)


def _opened(number: int, mode: str) -> object:
    """Return the stream that Python would have made at its start, by the variables that it reads then; None if closed."""
    try:
        os.fstat(number)
    except OSError:
        return None
    encoding, _, errors = os.environ.get("PYTHONIOENCODING", "utf-8").partition(":")
    errors = errors or ("backslashreplace" if number == 2 else "strict")
    return open(number, mode, encoding=encoding, errors=errors, closefd=False)  # it is this process's own stream


def _called(case: Case, folder: Path) -> int:
    from symgraph.errors import SymgraphError

    assert case.call is not None
    try:
        case.call(folder)
    except SymgraphError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _ended(code: int) -> int:
    """Flush the streams as Python does at its end: what cannot be written to stdout makes 120 of the exit status."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            if stream is sys.stdout:
                with suppress(Exception):
                    print(f"Exception ignored in: {stream!r}", file=sys.stderr, flush=True)
                code = 120
    return code
