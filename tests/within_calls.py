"""Calls of a module within calls of it, as a signal's handler or a profiler makes them: between two lines that are run."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import symgraph.runtime

RUNTIME = Path(symgraph.runtime.__file__).parent


@contextmanager
def between(act: Callable[[], Any], every: int, file: str | None = None) -> Iterator[None]:
    """Do something before each so many-th line of the runtime, or of the given file, that is run; not within itself."""
    lines = count(1)

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_filename != file and Path(frame.f_code.co_filename).parent != RUNTIME:
            return None
        if event == "line" and next(lines) % every == 0:
            act()  # Python traces nothing meanwhile
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def calls_of(module: Any, w: Any, X: Any, y: Any) -> dict[str, Callable[[], Any]]:
    """The calls of a module that work in blocks."""
    arguments = {"per_sample_grad": (w, X, y), "residual": (w, X, y), "value_and_grad": (w, X, y), "loss": (w, X, y)}
    arguments |= {"predict": (w, X), "jacobian": (w, X)}
    found = {name: given for name, given in arguments.items() if hasattr(module, name)}
    return {name: lambda name=name, given=given: getattr(module, name)(*given) for name, given in found.items()}
