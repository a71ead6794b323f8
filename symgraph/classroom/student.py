"""The process that runs a student's function: ``python -P -m symgraph.classroom.student REQUEST ANSWER TRACE``.

It reads what to call from a file, writes what came back to another, and imports NumPy alone. It is no sandbox: the student's code
may do whatever its user may do. Limits of time and memory only keep a mistake from stopping the class.
"""

import faulthandler
import importlib.util
import inspect
import json
import os
import sys
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType, ModuleType, TracebackType
from typing import Any

from symgraph.classroom.student_calls import Calls


class _Printed:
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

    def flush(self) -> None:
        """Do nothing."""

    def isatty(self) -> bool:
        """Return False."""
        return False


def main(request: str, answer: str, trace: str) -> None:
    """Load a student's file, call one of its functions if the request names one, and write what came back.

    Args:
        request: a JSON file with the student's file, the limits, and the calls.
        answer: the file for the answers, in JSON; there is none if the process ends before.
        trace: the file for the lines that run when the time is over.
    """
    wanted = json.loads(Path(request).read_text(encoding="utf-8"))
    _limit(wanted)
    watch = Path(trace).open("w", encoding="utf-8")  # noqa: SIM115  open until the process ends
    faulthandler.enable(watch)
    faulthandler.dump_traceback_later(wanted["seconds"], exit=True, file=watch)
    printed = _Printed(wanted["file"])
    sys.stdout = sys.stderr = printed  # type: ignore[assignment]  # all that students' code does with it
    result: dict[str, Any] = {"fault": None}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = _loaded(wanted["file"])
            result["functions"] = _functions(module)
            if wanted.get("function") in result["functions"]:
                calls = Calls(module, wanted)
                result["calls"] = calls.run()
                result["remarks"] = calls.remarks
    except BaseException as error:  # SystemExit and KeyboardInterrupt of the student's are faults as others
        result["fault"] = _fault(error, wanted["file"])
    faulthandler.cancel_dump_traceback_later()
    result["prints"] = printed.line
    Path(answer).write_text(json.dumps(result, default=str), encoding="utf-8")
    os._exit(0)  # whatever threads and exit handlers the student's code has left


def _limit(wanted: Mapping[str, Any]) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; the time is limited all the same
        return
    limits = {"RLIMIT_AS": wanted["memory"], "RLIMIT_CORE": 0, "RLIMIT_FSIZE": 2**24, "RLIMIT_CPU": int(wanted["seconds"]) + 5}
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
    found = {name: value for name, value in vars(module).items() if callable(value) and not inspect.isclass(value)}
    codes = {name: getattr(value, "__code__", None) for name, value in found.items()}
    return {
        name: code.co_firstlineno if code is not None and code.co_filename == module.__file__ else 0
        for name, code in codes.items()
    }


def _fault(error: BaseException, file: str) -> dict[str, Any]:
    """Return an error with the last line of the student's file that it came through."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        line = trace.tb_lineno if trace.tb_frame.f_code.co_filename == file else line
        trace = _next(trace)
    if isinstance(error, SyntaxError) and error.filename == file:
        line = error.lineno or 0
    kind = type(error).__name__
    if isinstance(error, SystemExit):
        text = "ends the program by sys.exit or exit; return a value instead"
    elif isinstance(error, MemoryError):
        text = "needs more memory than it may have"
    else:
        lines = (error.msg if isinstance(error, SyntaxError) else str(error)).splitlines()
        text = f"{kind}: {lines[0]}" if lines else kind
    return {"text": text[:300], "line": line}


def _next(trace: TracebackType) -> TracebackType | None:
    return trace.tb_next


if __name__ == "__main__":
    main(*sys.argv[1:4])
