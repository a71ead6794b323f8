"""The compiler of tests that compile what the backend for C writes."""

import pytest


@pytest.fixture(autouse=True, scope="module")
def compiler_of_a_user(usual_compiler: None) -> None:
    """Vector code of loops over rows is what these tests are about."""
