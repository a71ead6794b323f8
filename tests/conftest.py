"""Fixtures and options that all tests share.

Golden modules (``tests/golden``) and the text fixtures of the passes (``tests/compiler/passes/fixtures``) are written anew by

    pytest tests/compiler/passes tests/test_golden.py --regenerate

after which ``git diff tests`` shows, as text, what changed in the behaviour of the generator. Read that diff line by line.

Hypothesis runs without deadlines, since a test machine may be slow; where the environment says CI, the examples are the same
on every run.

C is compiled at -Og, in a quarter of the time that -O3 takes, also by commands that tests run, unless CC names a compiler.
Results are the same, as tests/compiler/backends/test_c_arithmetic.py holds of every function. Tests of compiling, of the code
for many rows and of training in C ask for the compiler as a user has it. What is compiled is kept for one run of the tests, in
a folder that its workers share, not in the user's own.
"""

import gc
import os
import shlex
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import case_names
import costs
import measured_costs
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")

_QUICK = "symgraph-cc-"
"""The name of the folder with the quick compiler begins so."""

_USERS = "SYMGRAPH_TESTS_CC"
"""The variable with what CC was before the tests."""

CheckText = Callable[[Path, str], None]


def pytest_configure(config: pytest.Config) -> None:
    for plugin in (costs, measured_costs):
        config.pluginmanager.register(plugin)
    if hasattr(config, "workerinput"):  # a worker inherits the variables
        return
    folder, patch = TemporaryDirectory(prefix=_QUICK), pytest.MonkeyPatch()
    config.add_cleanup(folder.cleanup)
    config.add_cleanup(patch.undo)
    patch.setenv("SYMGRAPH_CACHE", f"{folder.name}/cache")
    named = shlex.split(os.environ.get("CC", ""))  # a program, and what it is to be called with, such as -march=x86-64-v3
    found = next((path for name in [*named[:1], "cc", "gcc", "clang"] if (path := shutil.which(name))), None)
    if found is not None:
        script = Path(folder.name) / "cc"
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(found)} "$@" {shlex.join(named[1:])} -Og\n', encoding="utf-8")
        script.chmod(0o755)
        patch.setenv(_USERS, os.environ.get("CC", ""))
        patch.setenv("CC", str(script))


@pytest.fixture(scope="module")
def usual_compiler() -> Iterator[None]:
    """The compiler and the flags that a user has, for tests of what they make."""
    with pytest.MonkeyPatch.context() as patch:
        if Path(os.environ.get("CC", "")).parent.name.startswith(_QUICK):
            patch.setenv("CC", os.environ[_USERS])
        yield


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect no garbage while tests are collected: there is little, and each time all that was imported is looked through."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    return case_names.name_of(val, argname)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate", action="store_true", help="write golden files and pass fixtures instead of comparing them")
    parser.addoption("--measure-costs", action="store_true", help="write what tests cost into costs.json")
    parser.addoption("--share", metavar="K/N", help="of the slow tests the K-th of N shares")
    parser.addoption("--touching", nargs="*", default=[], metavar="FOLDER", help="with --share, folders of which all tests run")
    parser.addoption("--budget", type=float, help="most seconds of processor time, see measured_costs.py")


@pytest.fixture(scope="session")
def regenerate(pytestconfig: pytest.Config) -> bool:
    """Tell if golden files and fixtures are to be written instead of compared."""
    return bool(pytestconfig.getoption("--regenerate"))


@pytest.fixture
def check_text(regenerate: bool) -> CheckText:
    """Compare a text byte for byte with a file of the repository, or write that file."""

    def check(path: Path, text: str) -> None:
        if regenerate:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        assert path.exists(), f"{path} is missing; write it with pytest --regenerate and read it"
        assert path.read_bytes().decode() == text

    return check
