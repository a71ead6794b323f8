"""Which tests are quick, by what they cost in processor time.

``costs.json`` has the tests that take 0.1 s and more, in steps of a factor of 2, as one run measured them (see
measured_costs.py). A test from 0.2 s on is slow, unless it is the cheapest case of its function and below 0.4 s, or
``tools/mutants.toml`` names it as one that finds a fault, or it has the mark ``quick``. A new test is quick until it is
measured.

``--share K/N`` leaves the slow tests out but for the K-th of N parts, among which a function's cases are shared out, and for
those below the folders that ``--touching`` names.
"""

import json
import math
import tomllib
from pathlib import Path
from zlib import crc32

import pytest

FILE = Path(__file__).parent / "costs.json"
MUTANTS = Path(__file__).parent.parent / "tools" / "mutants.toml"
LEAST = 0.1
"""Seconds from which on the cost of a test is kept."""
SLOW = 0.2
"""Seconds from which on a test is slow unless it is the cheapest case of its function."""
DEAR = 0.4
"""Seconds from which on it is slow in any case, unless a planted fault needs it."""
_SLACK = 1.4
"""Factor by which a measured cost may leave its step before another is kept: runs differ by as much."""


def step(seconds: float) -> float:
    """Return the greatest of 0.1, 0.2, 0.4, ... that is not above a cost; 0 below the first."""
    return 0.0 if seconds < LEAST else LEAST * 2.0 ** math.floor(math.log2(seconds / LEAST))


def kept(old: float, seconds: float) -> float:
    """Return the step of a measured cost, the old one where the cost is but a little outside it."""
    is_near = old / _SLACK <= seconds < 2.0 * old * _SLACK if old else seconds < LEAST * _SLACK
    return old if is_near else step(seconds)


def renewed(old: dict[str, float], found: dict[str, float], there: set[str]) -> dict[str, float]:
    """Return the costs to keep: those measured, and the old ones of tests that did not run but for those that are gone.

    Args:
        old: kept costs by node id.
        found: measured ones.
        there: all tests of the files that were collected.
    """
    files = {file_of(name) for name in there}
    left = {name: cost for name, cost in old.items() if name in there or file_of(name) not in files}
    now = left | {name: kept(old.get(name, 0.0), cost) for name, cost in found.items()}
    return {name: cost for name, cost in now.items() if cost}


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


def file_of(name: str) -> str:
    """Return the file of a test."""
    return name.partition("::")[0]


def function_of(name: str) -> str:
    """Return the node id of a test without its case."""
    return name.partition("[")[0]


def in_share(name: str, k: int, n: int) -> bool:
    """Tell if a test is in the K-th of N shares of all, which take as long as each other: cases of a function are alike."""
    return crc32(name.encode()) % n == k % n


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


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that are slow, and leave those out that are in no share that is asked for."""
    known = read()
    pinned = pinned_tests() | {one.nodeid for one in items if one.get_closest_marker("quick")}
    slow = slow_among({one.nodeid: known.get(one.nodeid, 0.0) for one in items}, pinned)
    for one in items:
        if one.nodeid in slow:
            one.add_marker("slow")
    share = config.getoption("--share")
    if share:
        k, n = map(int, share.split("/"))
        touched = tuple(f"{folder}/" for folder in config.getoption("--touching"))
        left_out = {
            one
            for one in items
            if one.get_closest_marker("slow") and not one.nodeid.startswith(touched) and not in_share(one.nodeid, k, n)
        }
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [one for one in items if one not in left_out]
