"""Runs a student's file in a process of its own, with limits of time and memory: both sides of that process; NumPy only.

The process is ``python -P -m symgraph.classroom.process``: it reads what to call, and writes what came back. It is no sandbox:
the student's code may do whatever its user may do. The limits only keep a mistake from stopping the class.
"""

import faulthandler
import importlib.util
import inspect
import io
import json
import os
import re
import signal
import subprocess
import sys
import traceback
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, NamedTuple

import symgraph
from symgraph.classroom.conventions import function_of
from symgraph.classroom.student_calls import Calls

_STARTING = 20.0
"""Seconds that Python and NumPy may take to start, on a loaded machine."""
_LIBRARIES = ("numpy", "scipy", "math", "sympy", "builtins")
"""Modules whose functions are none of the student's, as `gradient` of NumPy."""


class Limits(NamedTuple):
    """Resources that the process of one function may use.

    Attributes:
        seconds: time by the clock.
        mebibytes: memory, as the system counts a process's addresses; not limited on systems without such a limit.
    """

    seconds: float = 10.0
    mebibytes: int = 1024


@dataclass(frozen=True, slots=True)
class Outcome:
    """Answer of one function, or of loading the file.

    Attributes:
        fault: the reason why there are no answers; "" if there are.
        line: the line of the student's file that has the fault; 0 where no line is known.
        prints: the line that prints something, or 0.
        calls: the answer of each call; none if the function is not there or failed.
        remarks: "nan" with a line, "modifies" with a parameter and a line.
        functions: those of the file, with the lines where they begin.
    """

    fault: str = ""
    line: int = 0
    prints: int = 0
    calls: Sequence[Mapping[str, Any]] = ()
    remarks: Mapping[str, Any] = field(default_factory=dict)
    functions: Mapping[str, int] = field(default_factory=dict)


# The grader's side.


def run(file: Path, requests: Sequence[Mapping[str, Any]], limits: Limits) -> tuple[Outcome, list[Outcome]]:
    """Load a student's file in a new process, and make the calls of some requests; in further ones where a process breaks.

    Args:
        file: the student's file.
        requests: as `symgraph.classroom.student_calls.Calls` takes them.
        limits: of each function.

    Returns:
        What came of loading it, and of each request; of none if it cannot be loaded.
    """
    found = [Outcome()]
    while not found[0].fault and len(found) <= len(requests):
        pairs = zip(requests, found[1:], strict=False)
        broken = any(one["role"] == "forward_propagation" and outcome.fault for one, outcome in pairs)
        wanted = {"requests": requests[len(found) - 1 :], "broken": broken, **limits._asdict()}
        loaded, *done = _one_process(file.resolve(), wanted)
        found = [loaded, *found[1:], *done]
    return found[0], found[1:]


def _one_process(file: Path, wanted: Mapping[str, Any]) -> list[Outcome]:
    """Return the outcomes that a process has left, that of loading the file first, and why there are no more."""
    package = str(Path(symgraph.__file__).resolve().parents[1])
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # each takes addresses
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "symgraph.classroom.process"],
        cwd=file.parent,
        env={**os.environ, **threads, "PYTHONPATH": path, "MPLBACKEND": "agg", "PYTHONDONTWRITEBYTECODE": "1"},
        start_new_session=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )
    try:
        text = json.dumps({"file": str(file), **wanted})
        lines, trace = process.communicate(text, wanted["seconds"] * (len(wanted["requests"]) + 1) + _STARTING)
    except subprocess.TimeoutExpired:
        _kill(process)
        lines, trace = process.communicate()[0], "Timeout"
    finally:
        _kill(process)
    found = [_outcome(line) for line in lines.splitlines()]
    if found and (found[0].fault or len(found) > len(wanted["requests"])):
        return found
    places = [int(line) for name, line in re.findall(r'File "(.*)", line (\d+)', trace) if name == str(file)]
    if "Timeout" in trace:
        text = f"does not end within {wanted['seconds']:g} s; is there a loop without an end?"
    elif process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        text = f"the process was killed by {name}: too much memory or time, or a crash in compiled code"
    else:
        text = f"ends the process (exit code {process.returncode}) before there is an answer"
    return [*found, Outcome(text, places[0] if places else 0)]


def _kill(process: subprocess.Popen[str]) -> None:
    with suppress(OSError, AttributeError):  # what it has started ends with it; Windows has no groups
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def _outcome(line: str) -> Outcome:
    try:
        return Outcome(**json.loads(line))
    except ValueError:
        return Outcome("the process ended while it wrote its answer")


# The student's side.


class _Printed(io.TextIOBase):
    """Stand-in for stdout and stderr that keeps the line which prints first, and nothing else."""

    encoding = "utf-8"

    def __init__(self, file: str) -> None:
        self.file, self.line = file, 0

    def write(self, text: str) -> int:
        frame: FrameType | None = sys._getframe()
        while not self.line and frame is not None:
            self.line = frame.f_lineno if frame.f_code.co_filename == self.file else 0
            frame = frame.f_back
        return len(text)


def main() -> None:
    """Load a student's file, call the functions that are asked for, and write what came back, a line of JSON each.

    Standard input has the student's file, the limits, and for each role the calls. The first line of standard output tells of
    the file as a whole; a process that ends before its time leaves the lines that it has written. Standard error gets the lines
    that run when the time is over. The student's code has none of them.
    """
    wanted = json.load(sys.stdin)
    _limit(wanted)
    lines, watch = (os.fdopen(os.dup(stream), "w", encoding="utf-8") for stream in (1, 2))
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    faulthandler.enable(watch)
    file = wanted["file"]
    printed = _Printed(file)
    sys.stdout = sys.stderr = printed
    warnings.simplefilter("ignore")
    module: ModuleType | None = None
    for request in (None, *wanted["requests"]):
        printed.line = 0
        faulthandler.dump_traceback_later(wanted["seconds"], exit=True, file=watch)
        try:
            if module is None:
                module = _loaded(file)
                found = {"functions": _functions(module)}
            else:
                found = _called(module, {**request, "broken": wanted["broken"], "file": file})
        except BaseException as error:  # SystemExit and KeyboardInterrupt of the student's are faults as others
            found = _fault(error, file)
        faulthandler.cancel_dump_traceback_later()
        lines.write(json.dumps({**found, "prints": printed.line}, default=str) + "\n")
        lines.flush()
        if module is None:
            break
    os._exit(0)  # whatever threads and exit handlers the student's code has left


def _limit(wanted: Mapping[str, Any]) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; the time is limited all the same
        return
    limits = {
        "RLIMIT_AS": wanted["mebibytes"] * 2**20,
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": 2**24,
        "RLIMIT_CPU": int(wanted["seconds"] * (len(wanted["requests"]) + 1)) + 5,
    }
    for name, value in limits.items():
        with suppress(ValueError, OSError):  # the machine's own limit is lower
            resource.setrlimit(getattr(resource, name), (value, value))


def _loaded(file: str) -> ModuleType:
    sys.path.insert(0, str(Path(file).parent))
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    if spec is None or spec.loader is None:
        raise ImportError("it is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _functions(module: ModuleType) -> dict[str, int]:
    """Return the functions that a file has, and the lines where they begin; 0 for those of elsewhere."""
    found: dict[str, int] = {}
    for name, value in vars(module).items():
        library = str(getattr(value, "__module__", "")).partition(".")[0]
        if callable(value) and not inspect.isclass(value) and library not in _LIBRARIES:
            code = getattr(value, "__code__", None)
            found[name] = code.co_firstlineno if code is not None and code.co_filename == module.__file__ else 0
    return found


def _called(module: ModuleType, request: Mapping[str, Any]) -> dict[str, Any]:
    name = function_of(request["role"], _functions(module))
    if name is None:
        return {}
    calls = Calls(module, name, request)
    return {"calls": calls.run(), "remarks": calls.remarks}


def _fault(error: BaseException, file: str) -> dict[str, Any]:
    """Return an error with the last line of the student's file that it came through."""
    lines = [number for frame, number in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    line = lines[-1] if lines else 0
    if isinstance(error, SyntaxError) and error.filename == file:
        line = error.lineno or 0
    kind = type(error).__name__
    if isinstance(error, SystemExit):
        text = "ends the program by sys.exit or exit; return a value instead"
    elif isinstance(error, MemoryError):
        text = "needs more memory than it may have"
    else:
        said = (error.msg if isinstance(error, SyntaxError) else str(error)).splitlines()
        text = f"{kind}: {said[0]}" if said else kind
    return {"fault": text[:300], "line": line}


if __name__ == "__main__":
    main()
