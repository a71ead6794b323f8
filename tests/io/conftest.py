"""Fixtures for tests of code that is compiled and loaded."""

from collections.abc import Iterator

import pytest
from c_code import compiler


@pytest.fixture(scope="module")
def gcc_and_cache(gcc: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache folder for the tests of one file, and gcc; no other word on the backend."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYMGRAPH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def gcc() -> Iterator[None]:
    """Gcc as a user has it, and no other word on the backend."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CC", compiler("gcc"))
        patch.delenv("SYMGRAPH_BACKEND", raising=False)
        yield
