"""The pytest plugin: ``pytest --symgraph-check`` fails where generated files are not what a build would write."""

import subprocess
import sys
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.getgroup("symgraph").addoption(
        "--symgraph-check", action="store_true", help="fail if generated files are stale: `symgraph build --check` as a test"
    )


@pytest.hookimpl(trylast=True)  # behind what deselects tests, -k and -m
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the check before the tests."""
    if config.getoption("--symgraph-check"):
        items.insert(0, BuildCheck.from_parent(session, name="symgraph build --check"))


class BuildCheck(pytest.Item):
    """``symgraph build --check`` in the folder of the project, as a test."""

    def runtest(self) -> None:
        """Run it in a process of its own, which leaves the modules and the warnings of this one alone."""
        command = [sys.executable, "-m", "symgraph", "build", "--check", "--quiet"]
        done = subprocess.run(command, cwd=self.config.rootpath, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StaleError(f"{done.stdout}{done.stderr}".rstrip())

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return what the check says, without a traceback."""
        return str(excinfo.value) if isinstance(excinfo.value, StaleError) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, None, str]:
        """Return the folder and the name."""
        return self.config.rootpath, None, self.name


class StaleError(Exception):
    """A generated file is not what a build would write."""
