"""What tests of classes share."""

import pytest

from symgraph.use.classroom import repairs


@pytest.fixture
def no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Almost no time for the search for repairs, which words of verdicts alone depend on, for tests of something else."""
    monkeypatch.setattr(repairs, "_MOST", 0.01)
