"""Profile of a build: time and memory of each of its stages, which a caller may watch."""

import importlib
import sys
import time
from collections.abc import Callable
from typing import NamedTuple, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Stage(NamedTuple):
    """Record of one finished stage of a build.

    Attributes:
        model: the model's name; "" before a model is known.
        name: the name of the stage.
        seconds: the time it took.
        nodes: the number of nodes of the resulting graph, or None where the result is no graph.
        memory: the growth of the process's largest memory meanwhile, in MiB; None where the system does not say.
    """

    model: str
    name: str
    seconds: float
    nodes: int | None
    memory: float | None


class Profile:
    """Record of the stages of a build, which are run through it.

    Args:
        watch: called with the name of the model and of the stage before each stage.
    """

    def __init__(self, watch: Callable[[str, str], None] | None = None) -> None:
        self.done: list[Stage] = []
        self.model = ""
        self._watch = watch

    def run(self, name: str, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function as a stage, record its time and memory, and return its result."""
        if self._watch is not None:
            self._watch(self.model, name)
        memory, start = largest_memory(), time.perf_counter()
        result = function(*args, **kwargs)
        seconds, after = time.perf_counter() - start, largest_memory()
        nodes = getattr(result, "nodes", None)
        grown = None if after is None or memory is None else after - memory
        self.done.append(Stage(self.model, name, seconds, len(nodes) if isinstance(nodes, tuple) else None, grown))
        return result


def largest_memory() -> float | None:
    """Return the most memory that the process has held so far, in MiB; None where the system does not say."""
    try:
        resource = importlib.import_module("resource")
    except ImportError:  # Windows
        return None
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # bytes there, KiB elsewhere
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)
