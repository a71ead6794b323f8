"""Runs a student's file in a process of its own, with limits of time and memory; that is no sandbox."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import symgraph

_STARTING = 20.0
"""Seconds that Python and NumPy may take to start, on a loaded machine."""


class Limits(NamedTuple):
    """What the process of one function may use.

    Attributes:
        seconds: time by the clock.
        mebibytes: memory, as the system counts a process's addresses; not limited on systems without such a limit.
    """

    seconds: float = 10.0
    mebibytes: int = 1024


class Fault(NamedTuple):
    """Reason why a function cannot be judged, and the line of the student's file; 0 where no line is known."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back from one function, or from loading the file.

    Attributes:
        calls: the answer of each call; none if the function is not there or failed.
        remarks: "nan" with a line, "modifies" with a parameter and a line.
        prints: the line that prints something, or 0.
        fault: why there are no answers.
        functions: those of the file, with the lines where they begin.
    """

    calls: Sequence[Mapping[str, Any]] = ()
    remarks: Mapping[str, Any] = field(default_factory=dict)
    prints: int = 0
    fault: Fault | None = None
    functions: Mapping[str, int] = field(default_factory=dict)


def run(file: Path, requests: Sequence[Mapping[str, Any]], limits: Limits) -> tuple[Outcome, list[Outcome]]:
    """Load a student's file in a new process, and make the calls of some requests; in further ones where a process breaks.

    Args:
        file: the student's file.
        requests: as `symgraph.classroom.student_calls.Calls` takes them.
        limits: of each function.

    Returns:
        What came of loading it, and of each request; of none if it cannot be loaded.
    """
    done, broken = list[Outcome](), False
    while True:
        left = requests[len(done) :]
        found, violent = _one_process(file, left, limits, broken)
        loaded = found[0] if found else Outcome(fault=violent)
        done += found[1:]
        if loaded.fault is not None or len(done) == len(requests):
            return loaded, done
        done.append(Outcome(fault=violent))
        pairs = zip(requests, done, strict=False)
        broken = any(one["role"] == "forward_propagation" and outcome.fault is not None for one, outcome in pairs)
        if len(done) == len(requests):
            return loaded, done


def _one_process(
    file: Path, requests: Sequence[Mapping[str, Any]], limits: Limits, broken: bool
) -> tuple[list[Outcome], Fault]:
    """Return the outcomes that a process has left, that of loading the file first, and why there are no more."""
    with tempfile.TemporaryDirectory(prefix="symgraph-grade-") as name:
        paths = [Path(name) / part for part in ("request.json", "answers.jsonl", "trace.txt")]
        wanted = {"file": str(file.resolve()), "requests": requests, "broken": broken}
        wanted |= {"seconds": limits.seconds, "memory": limits.mebibytes * 2**20}
        paths[0].write_text(json.dumps(wanted), encoding="utf-8")
        command = [sys.executable, "-P", "-m", "symgraph.classroom.student", *map(str, paths)]
        code = _wait(command, file, limits.seconds * (len(requests) + 1) + _STARTING)
        lines = paths[1].read_text(encoding="utf-8").splitlines() if paths[1].is_file() else []
        trace = paths[2].read_text(encoding="utf-8", errors="replace") if paths[2].is_file() else ""
    return [_outcome(line) for line in lines], _violent_end(code, trace, str(file.resolve()), limits)


def _outcome(line: str) -> Outcome:
    try:
        found = json.loads(line)
    except ValueError:
        return Outcome(fault=Fault("the process ended while it wrote its answer", 0))
    fault = found["fault"] and Fault(found["fault"]["text"], found["fault"]["line"])
    return Outcome(found.get("calls", ()), found.get("remarks", {}), found["prints"], fault, found.get("functions", {}))


def _wait(command: Sequence[str], file: Path, seconds: float) -> int | None:
    """Run a command until it ends or its time is over; return its exit code, None if it was killed for its time."""
    package = str(Path(symgraph.__file__).resolve().parents[1])
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # each takes addresses
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, **threads, "PYTHONPATH": path, "MPLBACKEND": "agg", "PYTHONDONTWRITEBYTECODE": "1"}
    folder, nothing = file.resolve().parent, subprocess.DEVNULL
    process = subprocess.Popen(
        command, cwd=folder, env=environment, start_new_session=True, stdin=nothing, stdout=nothing, stderr=nothing
    )
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        with suppress(OSError, AttributeError):  # what it has started ends with it; Windows has no groups
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()


def _violent_end(code: int | None, trace: str, file: str, limits: Limits) -> Fault:
    """Return the fault of a process that left no answer, with the innermost line of the student's in the trace."""
    lines = [int(line) for name, line in re.findall(r'File "(.*)", line (\d+)', trace) if name == file]
    line = lines[0] if lines else 0
    if code is None or "Timeout" in trace:
        return Fault(f"does not end within {limits.seconds:g} s; is there a loop without an end?", line)
    if code < 0:
        name = signal.Signals(-code).name
        return Fault(f"the process was killed by {name}: too much memory or time, or a crash in compiled code", line)
    return Fault(f"ends the process (exit code {code}) before there is an answer", line)
