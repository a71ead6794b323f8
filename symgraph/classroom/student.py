"""The process that runs a student's function: ``python -P -m symgraph.classroom.student REQUEST ANSWER TRACE``.

It reads what to call from a file, writes what came back to another, and imports NumPy alone. It is no sandbox: the student's
code may do whatever its user may do. Limits of time and memory only keep a mistake from stopping the class.
"""

import faulthandler
import importlib.util
import inspect
import json
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from symgraph.classroom.conventions import function_of
from symgraph.classroom.student_calls import Calls

_LIBRARIES = ("numpy", "scipy", "math", "sympy", "builtins")
"""Modules whose functions are none of the student's, as `gradient` of NumPy."""


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


def main(request: str, answers: str, trace: str) -> None:
    """Load a student's file, call the functions that are asked for, and write what came back, a line of JSON each.

    The first line tells of the file as a whole. A process that ends before its time leaves the lines that it has written.

    Args:
        request: a JSON file with the student's file, the limits, and for each role the calls.
        answers: the file for the answers.
        trace: the file for the lines that run when the time is over.
    """
    wanted = json.loads(Path(request).read_text(encoding="utf-8"))
    _limit(wanted)
    watch = Path(trace).open("w", encoding="utf-8")  # noqa: SIM115  open until the process ends
    faulthandler.enable(watch)
    printed = _Printed(wanted["file"])
    sys.stdout = sys.stderr = printed
    warnings.simplefilter("ignore")
    with Path(answers).open("w", encoding="utf-8") as file:

        def answer(make: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
            printed.line = 0
            faulthandler.dump_traceback_later(wanted["seconds"], exit=True, file=watch)
            try:
                found = {"fault": None, **make(*arguments)}
            except BaseException as error:  # SystemExit and KeyboardInterrupt of the student's are faults as others
                found = {"fault": _fault(error, wanted["file"])}
            faulthandler.cancel_dump_traceback_later()
            file.write(json.dumps({**found, "prints": printed.line}, default=str) + "\n")
            file.flush()
            return found

        modules: list[ModuleType] = []
        answer(_loaded, wanted["file"], modules)
        broken = wanted["broken"]
        for one in wanted["requests"] if modules else ():
            found = answer(_called, modules[0], {**one, "broken": broken, "file": wanted["file"]})
            broken = broken or (one["role"] == "forward_propagation" and found["fault"] is not None)
    os._exit(0)  # whatever threads and exit handlers the student's code has left


def _called(module: ModuleType, request: Mapping[str, Any]) -> dict[str, Any]:
    name = function_of(request["role"], _functions(module))
    if name is None:
        return {}
    calls = Calls(module, {**request, "function": name})
    return {"calls": calls.run(), "remarks": calls.remarks}


def _limit(wanted: Mapping[str, Any]) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; the time is limited all the same
        return
    limits = {
        "RLIMIT_AS": wanted["memory"],
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": 2**24,
        "RLIMIT_CPU": int(wanted["seconds"] * (len(wanted["requests"]) + 1)) + 5,
    }
    for name, value in limits.items():
        with suppress(ValueError, OSError):  # the machine's own limit is lower
            resource.setrlimit(getattr(resource, name), (value, value))


def _loaded(file: str, modules: list[ModuleType]) -> dict[str, Any]:
    """Load a file, put its module into a list, and return its functions."""
    sys.path.insert(0, str(Path(file).parent))
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    if spec is None or spec.loader is None:
        raise ImportError("it is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    modules.append(module)
    return {"functions": _functions(module)}


def _functions(module: ModuleType) -> dict[str, int]:
    """Return the functions that a file has, and the lines where they begin; 0 for those of elsewhere."""
    found: dict[str, int] = {}
    for name, value in vars(module).items():
        library = str(getattr(value, "__module__", "")).partition(".")[0]
        if callable(value) and not inspect.isclass(value) and library not in _LIBRARIES:
            code = getattr(value, "__code__", None)
            found[name] = code.co_firstlineno if code is not None and code.co_filename == module.__file__ else 0
    return found


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
    return {"text": text[:300], "line": line}


if __name__ == "__main__":
    main(*sys.argv[1:4])
