"""What tests cost in processor time, measured in a run of them, and what a run may cost in all.

    pytest -n 2 --dist worksteal --measure-costs     # writes costs.json
    pytest -n 2 --dist worksteal --budget SECONDS    # fails if it takes more, and names the tests that grew

Fixtures that several tests share, functions with a cache in the tests and the compiler are counted apart: else the first test
would pay for what others use too. A budget is that of the machine of ``_YARDSTICK``, scaled to that of the run.
"""

import functools
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from costs import LEAST, read, renewed, write

_YARDSTICK = 0.040
"""Seconds of `yardstick` on one core of the EPYC that the budget was set on."""
_GROWN = 3.0
"""Factor beyond its step from which on a test has grown."""
_CACHE = functools.cache
"""That of Python, whose place is taken while costs are measured."""


def pytest_configure(config: pytest.Config) -> None:
    """Measure a run that asks for it."""
    if config.getoption("--measure-costs") or config.getoption("--budget"):
        config.pluginmanager.register(Measurement(config))


def yardstick() -> float:
    """Return the processor time of a fixed piece of work in Python, the least of five."""

    def once() -> float:
        begun = time.process_time()
        found: Counter[int] = Counter()
        for i in range(300_000):
            found[i * i % 1009] += 1
        return time.process_time() - begun

    return min(once() for _ in range(5))


class Measurement:
    """The plugin that measures what each test of a run costs."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.there: set[str] = set()  # all tests of the files that were collected, also those that do not run
        self.found: dict[str, float] = {}
        self.shared: dict[str, float] = {}
        self.total = 0.0
        self.sticks: list[float] = []  # yardsticks of the workers, which are as busy as the tests were
        self._apart = 0.0  # seconds that are no test's, since the present one began
        functools.cache = self._timed_cache  # type: ignore[assignment]  # before any module of the tests imports it

    @pytest.hookimpl(tryfirst=True)  # before some are left out
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.there = {one.nodeid for one in items}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._apart, begun = 0.0, spent()
        try:
            return (yield)
        finally:
            self.found[item.nodeid] = spent() - begun - self._apart

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, object, object]:
        if fixturedef.scope == "function":
            return (yield)
        with self._is_apart(f"fixture {fixturedef.baseid}::{fixturedef.argname}"):
            return (yield)

    def pytest_sessionstart(self) -> None:
        self._time_the_compiler()
        self.sticks.append(yardstick())

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output = getattr(self.config, "workeroutput", None)
        if output is not None:
            output["costs"] = (self.found, self.shared, spent(), [*self.sticks, yardstick()], sorted(self.there))
            return
        # the children of a run by workers are these, and have been counted
        self.total += time.process_time() if self.total else spent()
        if self.config.getoption("--measure-costs"):
            write(renewed(read(), self.found, self.there))
        budget = self.config.getoption("--budget")
        if budget and self.total > budget * self._scale and session.exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_testnodedown(self, node: Any) -> None:
        found, shared, total, sticks, there = getattr(node, "workeroutput", {}).get("costs", ({}, {}, 0.0, [], []))
        self.found |= found
        self.there |= set(there)
        self.sticks += sticks
        self.total += total
        for name, cost in shared.items():
            self.shared[name] = self.shared.get(name, 0.0) + cost

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
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
        from symgraph.project.native import compiler

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
