"""The pytest plugin: ``pytest --symgraph-check`` fails where generated files are not what a build would write.

It also shows what to write below errors of numeric code in a spec, such as ``np.exp(a*x)``, as Python's prompt does.
"""

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


@pytest.hookimpl(tryfirst=True)  # before the report is written, which shows notes
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Answer the error of a test."""
    _note(call)


def pytest_exception_interact(
    node: pytest.Item | pytest.Collector, call: pytest.CallInfo[Any], report: pytest.CollectReport | pytest.TestReport
) -> None:
    """Answer the error of a file that cannot be imported, below its report, which has been written already."""
    if isinstance(report, pytest.CollectReport) and (said := _note(call)):
        report.sections.append(("what to write", said))


def _note(call: pytest.CallInfo[Any]) -> str:
    """Add the answer to an error as a note, and return it; "" if there is none, such as before the first model is made."""
    habits = sys.modules.get("symgraph.spec.habits")
    return "" if habits is None or call.excinfo is None else str(habits.note(call.excinfo.value))


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
