"""Fixtures that the tests of the benchmarks share: scripts are imported as Python finds them when it runs one."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

sys.path.append(str(Path(__file__).parent.parent.parent / "benchmarks"))  # behind tests/, which has a corpus of its own


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """A function that imports a benchmark, which leaves this process as it is: unpinned, with its limit of recursion."""
    monkeypatch.setattr("timing.pin", lambda cores: [])
    monkeypatch.setattr("sys.setrecursionlimit", lambda limit: None)
    return __import__
