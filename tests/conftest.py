"""What all tests share.

Golden modules (``tests/golden``) and the text fixtures of the passes (``tests/passes/fixtures``) are written anew by

    pytest tests/passes tests/test_golden.py --regenerate

after which ``git diff tests`` shows, as text, what changed in the behaviour of the generator. Read that diff line by line.

Hypothesis runs without deadlines, since a test machine may be slow; where the environment says CI, the examples are the same
on every run.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")

CheckText = Callable[[Path, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate", action="store_true", help="write golden files and pass fixtures instead of comparing them")


@pytest.fixture(scope="session")
def regenerate(pytestconfig: pytest.Config) -> bool:
    """Whether golden files and fixtures are to be written instead of compared."""
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
