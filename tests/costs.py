"""What tests cost by processor time: which of them are quick, how that is measured, and what the quick suite may cost in all.

``costs.json`` has the tests that take 0.1 s and more, in steps of a factor of 2, as one run measured them:

    pytest -n 2 --dist worksteal --measure-costs

A test from 0.2 s on is slow, unless it is the cheapest case of its function and below 0.8 s, or ``tools/mutants.toml`` names it
as one that finds a fault, or it has the mark ``quick``. A new test is quick until it is measured. Fixtures that several tests
share, functions with a cache in the tests and the compiler are counted apart: else the first test would pay for what others use
too.

``--share K/N`` leaves the slow tests out but for the K-th of N parts, in which a function's cases stay together, and for those
below the folders that ``--touching`` names.

``--budget SECONDS`` fails a run that takes more processor time than that on the machine of ``_YARDSTICK``, and names the tests
that grew.
"""

import functools
import json
import math
import os
import resource
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

FILE = Path(__file__).parent / "costs.json"
MUTANTS = Path(__file__).parent.parent / "tools" / "mutants.toml"
LEAST = 0.1
"""Seconds from which on the cost of a test is kept."""
SLOW = 0.2
"""Seconds from which on a test is slow unless it is the cheapest case of its function."""
DEAR = 0.8
"""Seconds from which on it is slow in any case, unless a planted fault needs it."""
_SLACK = 1.4
"""Factor by which a measured cost may leave its step before another is kept: runs differ by as much."""
_YARDSTICK = 0.040
"""Seconds of `yardstick` on one core of the EPYC that the budget was set on."""
_GROWN = 3.0
"""Factor beyond its step from which on a test has grown."""
_CACHE = functools.cache
"""That of Python, whose place is taken while costs are measured."""


def step(seconds: float) -> float:
    """Return the greatest of 0.1, 0.2, 0.4, ... that is not above a cost; 0 below the first."""
    return 0.0 if seconds < LEAST else LEAST * 2.0 ** math.floor(math.log2(seconds / LEAST))


def kept(old: float, seconds: float) -> float:
    """Return the step of a measured cost, the old one where the cost is but a little outside it."""
    is_near = old / _SLACK <= seconds < 2.0 * old * _SLACK if old else seconds < LEAST * _SLACK
    return old if is_near else step(seconds)


def slow_among(costs: dict[str, float], pinned: set[str]) -> set[str]:
    """Return the tests that are slow, of all tests with their costs.

    Args:
        costs: seconds by node id; a function's cases are those that differ in what stands in brackets.
        pinned: node ids of tests that are never slow; of a function without a case, all its cases.
    """
    cheapest: dict[str, str] = {}
    for name, cost in costs.items():
        first = cheapest.setdefault(function_of(name), name)
        if cost < costs[first]:
            cheapest[function_of(name)] = name
    spared = {name for name in cheapest.values() if costs[name] < DEAR}
    return {name for name, cost in costs.items() if cost >= SLOW and not {name, function_of(name)} & pinned} - spared


def function_of(name: str) -> str:
    """Return the node id of a test without its case."""
    return name.partition("[")[0]


def in_share(name: str, k: int, n: int) -> bool:
    """Tell if a test is in the K-th of N shares of all, with the other cases of its function."""
    return crc32(function_of(name).encode()) % n == k % n


def yardstick() -> float:
    """Return the processor time of a fixed piece of work in Python, the least of five."""

    def once() -> float:
        begun = time.process_time()
        found: Counter[int] = Counter()
        for i in range(300_000):
            found[i * i % 1009] += 1
        return time.process_time() - begun

    return min(once() for _ in range(5))


def read() -> dict[str, float]:
    """Read the kept costs, by node id."""
    return {f"{file}::{name}": cost for file, tests in json.loads(FILE.read_text()).items() for name, cost in tests.items()}


def write(costs: dict[str, float]) -> None:
    """Write costs by file and by name."""
    files: dict[str, dict[str, float]] = {}
    for name in sorted(costs):
        file, _, test = name.partition("::")
        files.setdefault(file, {})[test] = round(costs[name], 1)
    FILE.write_text(json.dumps(files, indent=1) + "\n")


def pinned_tests() -> set[str]:
    """Return the tests that the table of faults names, as they are."""
    return {test for row in tomllib.loads(MUTANTS.read_text())["mutant"] for test in row.get("quick", ())}


class Costs:
    """The plugin: marks slow tests, and measures if asked to."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.measures = bool(config.getoption("--measure-costs") or config.getoption("--budget"))
        self.found: dict[str, float] = {}
        self.shared: dict[str, float] = {}
        self.total = 0.0
        self.sticks: list[float] = []  # yardsticks of the workers, which are as busy as the tests were
        self._apart = 0.0  # seconds that are no test's, since the present one began
        if self.measures:
            functools.cache = self._timed_cache  # type: ignore[assignment]  # before any module of the tests imports it

    @pytest.hookimpl(tryfirst=True)  # before pytest chooses by marks
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        known = read()
        pinned = pinned_tests() | {one.nodeid for one in items if one.get_closest_marker("quick")}
        slow = slow_among({one.nodeid: known.get(one.nodeid, 0.0) for one in items}, pinned)
        for one in items:
            if one.nodeid in slow:
                one.add_marker("slow")
        share = self.config.getoption("--share")
        if share:
            k, n = map(int, share.split("/"))
            touched = tuple(f"{folder}/" for folder in self.config.getoption("--touching"))
            left_out = {
                one
                for one in items
                if one.get_closest_marker("slow") and not one.nodeid.startswith(touched) and not in_share(one.nodeid, k, n)
            }
            self.config.hook.pytest_deselected(items=list(left_out))
            items[:] = [one for one in items if one not in left_out]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        if not self.measures:
            return (yield)
        self._apart, begun = 0.0, spent()
        try:
            return (yield)
        finally:
            self.found[item.nodeid] = spent() - begun - self._apart

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, object, object]:
        if not self.measures or fixturedef.scope == "function":
            return (yield)
        with self._is_apart(f"fixture {fixturedef.baseid}::{fixturedef.argname}"):
            return (yield)

    def pytest_sessionstart(self) -> None:
        if self.measures:
            self._time_the_compiler()
            self.sticks.append(yardstick())

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not self.measures:
            return
        output = getattr(self.config, "workeroutput", None)
        if output is not None:
            output["costs"] = (self.found, self.shared, spent(), [*self.sticks, yardstick()])
            return
        # the children of a run by workers are these, and have been counted
        self.total += time.process_time() if self.total else spent()
        if self.config.getoption("--measure-costs"):
            old = read()
            now = old | {name: kept(old.get(name, 0.0), cost) for name, cost in self.found.items()}
            write({name: cost for name, cost in now.items() if cost})
        budget = self.config.getoption("--budget")
        if budget and self.total > budget * self._scale and session.exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_testnodedown(self, node: Any) -> None:
        found, shared, total, sticks = getattr(node, "workeroutput", {}).get("costs", ({}, {}, 0.0, []))
        self.found |= found
        self.sticks += sticks
        self.total += total
        for name, cost in shared.items():
            self.shared[name] = self.shared.get(name, 0.0) + cost

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self.measures:
            return
        of_tests, apart = sum(self.found.values()), sum(self.shared.values())
        terminalreporter.write_line(
            f"processor time: {self.total:.0f} s, of tests {of_tests:.0f}, shared {apart:.0f}, imports and collection "
            f"{self.total - of_tests - apart:.0f}; yardstick {self._scale:.2f}"
        )
        for name, cost in sorted(self.shared.items(), key=lambda pair: -pair[1])[:10]:
            terminalreporter.write_line(f"  {cost:6.1f} s {name}")
        budget = self.config.getoption("--budget")
        if budget and self.total > budget * self._scale:
            terminalreporter.write_line(
                f"the budget is {budget:g} s times {self._scale:.2f}; these grew most since they were measured:"
            )
            old = read()
            grown = {name: cost / self._scale - _GROWN * old.get(name, LEAST) for name, cost in self.found.items()}
            for name in sorted(grown, key=lambda name: -grown[name])[:10]:
                terminalreporter.write_line(f"  {self.found[name]:6.1f} s, {old.get(name, 0.0):g} s before: {name}")

    @functools.cached_property
    def _scale(self) -> float:
        return sum(self.sticks) / len(self.sticks) / _YARDSTICK

    @contextmanager
    def _is_apart(self, name: str) -> Iterator[None]:
        """Count what happens inside apart from the test that runs, and from what is counted apart around it."""
        before, self._apart, begun = self._apart, 0.0, spent()
        try:
            yield
        finally:
            took = spent() - begun
            self.shared[name] = self.shared.get(name, 0.0) + took - self._apart
            self._apart = before + took

    def _timed_cache(self, function: Callable[..., Any]) -> Any:
        """Return a function with a cache, whose first call with its arguments is counted apart if it is one of the tests."""
        code = getattr(function, "__code__", None)
        if code is None or not Path(code.co_filename).is_relative_to(Path(__file__).parent):
            return _CACHE(function)

        @_CACHE
        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            with self._is_apart(f"cache {Path(code.co_filename).name}:{function.__name__}"):
                return function(*args, **kwargs)

        return timed

    def _time_the_compiler(self) -> None:
        from symgraph.io import compiler

        run = compiler._run

        def timed(*args: Any, **kwargs: Any) -> Any:
            with self._is_apart("compiler"):
                return run(*args, **kwargs)

        compiler._run = timed


def spent() -> float:
    """Return the processor time of this process, of its children that have ended, and of the server of commands."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime + _of_the_server()


def _of_the_server() -> float:
    """Return the processor time of the server of commands and of its children; 0 where none was started."""
    module = sys.modules.get("command_server")
    if module is None or not module._server.cache_info().currsize:
        return 0.0
    try:
        fields = Path(f"/proc/{module._server()[1].pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # a system without /proc
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")  # utime, stime, cutime, cstime
