"""Fixtures for tests of code that is compiled and loaded."""

from collections.abc import Iterator

import pytest
from c_code import compiler


@pytest.fixture(scope="module")
def quick_gcc() -> Iterator[None]:
    """Gcc as it compiles in tests, see tests/conftest.py, and no other word on the backend."""
    compiler("gcc")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SYMGRAPH_BACKEND", raising=False)
        yield


@pytest.fixture(scope="module")
def gcc(quick_gcc: None) -> Iterator[None]:
    """Gcc as a user has it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CC", compiler("gcc"))
        yield
