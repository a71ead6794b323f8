"""Runs a student's file in processes of its own, with limits of time and memory, and believes nothing that they write.

A process runs `symgraph.use.classroom.student_process`: it reads what to call, and writes what came back on a pipe. Whatever it
does to the pipe, to its limits or to itself is an outcome like others.
"""

import base64
import json
import os
import queue
import re
import secrets
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO, Any, NamedTuple

import symgraph
from symgraph.errors import OptionError
from symgraph.use.classroom.answers import Outcome, bytes_of, outcome_of
from symgraph.use.classroom.confinement import PROCESSES

_STARTING = 20.0
"""Seconds that Python and NumPy may take to start, on a loaded machine."""
_GRACE = 1.0
"""Seconds beyond its time after which a process is ended from outside; before, it tells by itself where it is."""
_FUNCTIONS = 3.0
"""Times the limit of a function that a file may take as a whole: two may hang, and the others are judged."""
_LARGEST = 2**20
"""Bytes that a student's file may have."""
_TRACE = 2**16
"""Bytes beside the answers that a process may write: where it is when its time is over."""
_MAIN = "import sys; sys.path[:] = sys.argv[1:]; from symgraph.use.classroom.student_process import main; main()"
_JUNK = "what came back from its process is no answer: does the code write to open files that are not its own?"


_Chunks = queue.SimpleQueue[bytes | None]


class Limits(NamedTuple):
    """Resources that the process of one function may use.

    Attributes:
        seconds: time by the clock; the file as a whole has three times as much.
        mebibytes: memory, as the system counts a process's addresses; not limited on systems without such a limit.
    """

    seconds: float = 10.0
    mebibytes: int = 1024


class StudentFile(NamedTuple):
    """A student's file, read before any student's code has run.

    Attributes:
        path: where it was.
        text: what is in it.
        fault: the reason why it cannot be judged; "" if it can.
    """

    path: Path
    text: bytes = b""
    fault: str = ""


def read_student(file: str | Path) -> StudentFile:
    """Read a student's file.

    Raises:
        OptionError: there is nothing of that name, or it is a notebook.
    """
    path = Path(file)
    if not os.path.lexists(path):
        raise OptionError(f"there is no file {path}; name the student's Python file")
    if path.suffix == ".ipynb":
        raise OptionError(f"{path} is a notebook; `jupyter nbconvert --to script {path}` makes a Python file of it")
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return StudentFile(path, fault="it is no file; hand in a Python file")
        with path.open("rb") as opened:
            text = opened.read(_LARGEST + 1)
    except OSError as error:
        return StudentFile(path, fault=f"it cannot be read: {error.strerror}")
    fault = f"it has more than {_LARGEST // 2**20} MiB; hand in the functions alone" if len(text) > _LARGEST else ""
    return StudentFile(path, text, fault)


def run(file: StudentFile, requests: Sequence[Mapping[str, Any]], limits: Limits) -> tuple[Outcome, list[Outcome]]:
    """Load a student's file in a new process, and make the calls of some requests; in further ones where a process breaks.

    Args:
        file: the student's file.
        requests: as `symgraph.use.classroom.student_calls.Calls` takes them.
        limits: of each function.

    Returns:
        What came of loading it, and of each request; of none if it cannot be loaded.
    """
    if file.fault:
        return Outcome(file.fault), []
    found, left = [Outcome()], _FUNCTIONS * limits.seconds
    while not found[0].fault and len(found) <= len(requests):
        if left <= 0.0:
            used_up = f"is not called: what comes before it takes the time of the file, {_FUNCTIONS * limits.seconds:g} s"
            found += [Outcome(used_up)] * (len(requests) + 1 - len(found))
            break
        broken = [one["role"] for one, outcome in zip(requests, found[1:], strict=False) if outcome.fault]
        session = _Session(file, requests[len(found) - 1 :], limits, left, broken)
        loaded, *done = session.outcomes()
        found, left = [loaded, *found[1:], *done], left - session.used
    return found[0], found[1:]


class _Session:
    """One process of a student's file.

    Args:
        file, requests, limits: as of `run`.
        left: seconds that the file has left.
        broken: the roles of functions that have broken a process before.

    Attributes:
        used: seconds since the student's code began.
    """

    def __init__(
        self, file: StudentFile, requests: Sequence[Mapping[str, Any]], limits: Limits, left: float, broken: Sequence[str]
    ) -> None:
        self.file, self.requests, self.limits, self.left, self.broken = file, requests, limits, left, broken
        self.used, self._began, self._until = 0.0, 0.0, 0.0
        self._token = secrets.token_hex(16)
        self._trace: list[str] = []
        self._code: int | None = 0

    def outcomes(self) -> list[Outcome]:
        """Return the outcomes that the process has left, that of loading the file first, and why there are no more."""
        with tempfile.TemporaryFile() as asked:  # not a pipe: nothing waits until it is read
            asked.write(json.dumps(self._wanted()).encode())
            asked.seek(0)
            try:
                process = _started(self.file.path, asked)
            except OSError as error:
                return [Outcome(f"its process cannot be started: {error.strerror}")]
        expected, found, reason = (None, *self.requests), list[Outcome](), ""
        pipe, chunks = process.stdout, _Chunks()
        assert pipe is not None
        reader = _reader(pipe, _TRACE + sum(map(bytes_of, expected)), chunks)
        reader.start()
        try:
            for message in self._messages(chunks):
                outcome = outcome_of(message, expected)
                if outcome.place < len(found):
                    continue  # a copy of the process, which the student's code has made, gives the same answers
                if outcome.place > len(found):
                    raise ValueError("an answer is missing")
                found.append(outcome)
                if found[0].fault or len(found) == len(expected):
                    return found
            if self._code == 0:  # it has closed its output, or there is no keeper to tell of its end
                self._code = process.wait(_GRACE)
        except (TimeoutError, subprocess.TimeoutExpired):
            reason = self._too_long
        except (ValueError, RecursionError):
            reason = _JUNK
        finally:
            self.used = time.monotonic() - self._began if self._began else 0.0
            _end(process)
            reader.join(_GRACE)  # what has escaped may hold the pipe still; the thread is left to it
        return [*found, self._broken(reason)]

    @property
    def _too_long(self) -> str:
        if not self._began:
            return f"its process does not start within {_STARTING:g} s; is the machine busy?"
        return f"does not end within {self.limits.seconds:g} s; is there a loop without an end?"

    def _wanted(self) -> dict[str, Any]:
        """Return what the process reads."""
        return {
            "token": self._token,
            "file": str(self.file.path.resolve()),
            "text": base64.b64encode(self.file.text).decode(),
            "requests": list(self.requests),
            "broken": list(self.broken),
            **self.limits._asdict(),
        }

    def _messages(self, chunks: _Chunks) -> Iterator[bytes]:
        """Yield the answers as they come, until the process ends.

        Raises:
            TimeoutError: one does not come in time.
            ValueError: more bytes come than answers have.
        """
        token, self._until = self._token.encode(), time.monotonic() + _STARTING
        for line in _lines(chunks, lambda: self._until):
            if not line.startswith(token):  # where it is when its time is over, or what the student's code writes
                self._trace.append(line.decode("utf-8", "replace"))
                continue
            message = line.removeprefix(token)
            if message.startswith(b'{"ended": '):
                self._code = _code_of(message)
                return
            if message.startswith(b'{"begins": '):
                self._began = self._began or time.monotonic()
            else:
                yield message
            self._until = min(time.monotonic() + self.limits.seconds, self._began + self.left) + _GRACE

    def _broken(self, reason: str) -> Outcome:
        """Return why there are no more answers, with the line that ran last if it is known."""
        trace, name = "\n".join(self._trace), str(self.file.path.resolve())
        places = [int(line) for file, line in re.findall(r'File "(.*)", line (\d+)', trace) if file == name]
        if "Timeout" in trace:
            reason = self._too_long
        return Outcome(reason or _said_of(self._code), line=places[0] if places else 0)


def _started(file: Path, asked: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the process in the file's folder, without the settings and the modules that lie there."""
    folder = str(file.resolve().parent)
    package = str(Path(symgraph.__file__).resolve().parents[1])
    path = [entry for entry in sys.path if Path(entry).is_absolute() and os.path.realpath(entry) != folder]
    path = path if package in path else [package, *path]
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # each takes addresses
    return subprocess.Popen(
        [sys.executable, "-I", "-B", "-c", _MAIN, *path],
        cwd=folder if os.access(folder, os.X_OK) else None,
        env={**os.environ, **threads, "MPLBACKEND": "agg"},
        start_new_session=True,
        stdin=asked,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
    )


def _reader(pipe: IO[bytes], most: int, chunks: _Chunks) -> Thread:
    """Return a thread that reads a pipe, since not all systems can wait for one for some time only, and closes it.

    Args:
        pipe: what a process writes to.
        most: the bytes that are read of it.
        chunks: gets what is read; b"" at its end, and None where there is more.
    """

    def read() -> None:
        left = most
        with pipe:
            while left > 0 and (chunk := pipe.read(2**16)):
                left -= len(chunk)
                chunks.put(chunk)
        chunks.put(b"" if left > 0 else None)

    return Thread(target=read, daemon=True)


def _lines(chunks: _Chunks, until: Callable[[], float]) -> Iterator[bytes]:
    """Yield the lines of what is read.

    Args:
        chunks: as `_reader` gives them.
        until: tells until when the next one is waited for, by the monotonic clock.

    Raises:
        TimeoutError: none comes in time.
        ValueError: there is more than is read.
    """
    rest, chunk = b"", b"\n"
    while chunk:
        try:
            found = chunks.get(timeout=max(0.0, until() - time.monotonic()))
        except queue.Empty:
            raise TimeoutError from None
        if found is None:
            raise ValueError("it writes too much")
        chunk = found
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it has started: its keeper does so when it is asked; then it is ended itself."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE)
    with suppress(OSError, AttributeError):  # there is nothing left of it; Windows has no groups
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _code_of(message: bytes) -> int | None:
    """Return the exit code in the last message of a keeper; None for too many processes."""
    code = json.loads(message)["ended"]
    if code is not None and type(code) is not int:
        raise ValueError("no exit code")
    return code


def _said_of(code: int | None) -> str:
    """Say how a process has ended, by its exit code."""
    if code is None:
        return f"has more than {PROCESSES} processes at a time; a function needs one"
    if code < 0:
        return f"the process was killed by {_name_of(-code)}: too much memory or time, or a crash in compiled code"
    return f"ends the process (exit code {code}) before there is an answer"


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a number that is for programs to use as they like
        return f"signal {number}"
