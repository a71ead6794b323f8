"""The student's side: loads a file in a process of its own, calls its functions, and writes what came back; NumPy only.

`symgraph.use.classroom.process` starts it. It is no sandbox: the student's code may do what its user may do, and could forge
what this process writes. The limits only keep it from stopping the class.
"""

import base64
import faulthandler
import inspect
import io
import json
import os
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from symgraph.use.classroom.confinement import keep_watch, limit_resources
from symgraph.use.classroom.conventions import function_of
from symgraph.use.classroom.imports import Import, Imports
from symgraph.use.classroom.program_parts import Program
from symgraph.use.classroom.repair_search import repairs
from symgraph.use.classroom.result_lines import result_lines
from symgraph.use.classroom.student_calls import Calls

_LIBRARIES = ("numpy", "scipy", "math", "sympy", "builtins")
"""Modules whose functions are none of the student's, as `gradient` of NumPy."""
_MODULE = "__student__"
"""Name of a student's file as a module: whatever the file is called, it takes the place of no other module."""
_PIPE = 200
"""The least number of the file that answers are written to, out of the way of code that closes or writes to the first ones."""

_SEARCHES = 2.0
"""Times the time of the search in one function that the searches in a file may take."""

_write, _exit, _dumps = os.write, os._exit, json.dumps  # a student's code may put others in their place


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

    Standard input has the student's file, the limits, and for each role the calls. Standard output gets a line when the
    student's code begins, one that tells of the file as a whole, one of each function, and one when the process ends before its
    time; each begins with a token, so that what else is written there is told from it. It also gets the lines of code that run
    when the time is over.
    """
    wanted = json.load(sys.stdin)
    tell = _teller(wanted["token"])
    keep_watch(lambda code: tell({"ended": code}))
    limit_resources(int(wanted["seconds"] * (len(wanted["requests"]) + 1)) + 5, wanted["mebibytes"])
    watch, nothing = _moved(1), os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    faulthandler.enable(watch)
    file = wanted["file"]
    printed = _Printed(file)
    sys.stdout = sys.stderr = printed
    warnings.simplefilter("ignore")
    tell({"begins": True})
    student: _Student | None = None
    for place, request in enumerate((None, *wanted["requests"])):
        printed.line = 0
        faulthandler.dump_traceback_later(wanted["seconds"], exit=True, file=watch)
        try:
            if student is None:
                student = _Student(file, base64.b64decode(wanted["text"]))
                found = student.found()
            else:
                found = student.called({**request, "broken": wanted["broken"], "file": file})
            text = _dumps({**found, "place": place, "prints": printed.line})
        except BaseException as error:  # SystemExit and KeyboardInterrupt of the student's are faults as others
            text = _dumps({**_fault(error, file), "place": place, "prints": printed.line})
        faulthandler.cancel_dump_traceback_later()
        tell(text)
        if student is None:
            break
    _exit(0)  # whatever threads and exit handlers the student's code has left


def _moved(stream: int) -> int:
    """Return another number for an open file, which the programs that a student's code starts do not get."""
    try:
        import fcntl
    except ImportError:  # Windows
        return os.dup(stream)
    return fcntl.fcntl(stream, fcntl.F_DUPFD_CLOEXEC, _PIPE)


def _teller(token: str) -> Callable[[Mapping[str, Any] | str], None]:
    """Return the function that writes a line to what is standard output now."""
    pipe = _moved(1)

    def tell(found: Mapping[str, Any] | str) -> None:
        text = found if isinstance(found, str) else _dumps(found)
        left = f"\n{token}{text}\n".encode()
        while left:
            left = left[_write(pipe, left) :]

    return tell


class _Student:
    """A student's file, loaded.

    Args:
        file: its path, from which its lines are named.
        text: what is in it; the file itself is not read, since others may have changed it.
    """

    def __init__(self, file: str, text: bytes) -> None:
        self.text = text
        self.module = ModuleType(_MODULE)
        self.module.__file__ = file
        self.imports = Imports(text)
        sys.path.append(str(Path(file).parent))  # the last, so that no file beside it takes the place of a library
        sys.modules[_MODULE] = self.module
        exec(compile(text, file, "exec"), self.module.__dict__)  # noqa: S102  this process is there for it
        self.functions = self._functions()
        self._until, self._applied = 0.0, list[Any]()

    def _functions(self) -> dict[str, int]:
        """Return the functions that the file has, and the lines where they begin; 0 for those of elsewhere."""
        found: dict[str, int] = {}
        for name, value in vars(self.module).items():
            library = str(getattr(value, "__module__", "")).partition(".")[0]
            if name.isidentifier() and callable(value) and not inspect.isclass(value) and library not in _LIBRARIES:
                code = getattr(value, "__code__", None)
                found[name] = code.co_firstlineno if code is not None and code.co_filename == self.module.__file__ else 0
        return found

    def found(self) -> dict[str, Any]:
        """Tell of the file as a whole."""
        return {"functions": self.functions, "remarks": _remarked(self.imports.of_file())}

    def called(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Make the calls of a request; nothing is told of a function that is not there."""
        name = function_of(request["role"], self.functions)
        if name is None:
            return {}
        if "right" in request:
            return {"repairs": self.repairs(name, request)}
        calls = Calls(self.module, name, request)
        (results, *_), keys = request["readings"][request["role"]]
        answers = calls.run()
        return {
            "calls": answers,
            "remarks": {**_remarked(self.imports.of_function(name)), **calls.remarks},
            "lines": result_lines(self.text, name, keys, results),
        }

    def repairs(self, name: str, request: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Search a function that is wrong for changes that make it right, in the time that is left to the file for that."""
        now = time.process_time()
        self._until = self._until or now + _SEARCHES * request["search"]
        until = min(now + request["search"], self._until)
        request = {**request, "broken": [*request["broken"], *request["stopped"]]}
        return repairs(self.module, name, self.program, request, until, self._applied)

    @cached_property
    def program(self) -> Program:
        """The file in parts."""
        return Program(self.text)


def _remarked(found: Import | None) -> dict[str, list[object]]:
    return {} if found is None else {"autodiff": list(found)}


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
        said = _said(error).splitlines()
        text = f"{kind}: {said[0]}" if said else kind
    notes = [str(note) for note in getattr(error, "__notes__", ())]  # of `StandIns.call`
    return {"fault": "; ".join([text[:200], *notes]), "line": line}


def _said(error: BaseException) -> str:
    """Return the text of an error; none where the error itself fails at that, as one of a student's own may."""
    try:
        return str(error.msg if isinstance(error, SyntaxError) else error)
    except Exception:
        return ""
