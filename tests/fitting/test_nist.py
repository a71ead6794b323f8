"""The nine NIST problems, from both published starts, with nothing set."""

import nist
import numpy as np
import pytest
from zoo import ZOO

import symgraph

PUBLISHED = 1e-10
"""Results are certified to 11 digits: half a unit of the last is up to 5e-11 of a number, and ours adds its own rounding."""


@pytest.fixture(scope="module")
def modules() -> dict[str, object]:
    return {name: symgraph.compile(ZOO[name](), backend="numpy") for name in nist.NAMES}


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("name", nist.NAMES)
def test_fit_reaches_the_certified_digits(modules: dict[str, object], name: str, start: int) -> None:
    problem = nist.read(name)
    result = symgraph.fit(modules[name], problem.x, problem.y, problem.starts[start])
    assert result.success
    assert result.warnings == ()
    np.testing.assert_allclose(result.w, problem.weights, rtol=PUBLISHED)
    np.testing.assert_allclose(result.stderr, problem.errors, rtol=PUBLISHED)
    assert result.chi2 == pytest.approx(problem.sum_of_squares, rel=PUBLISHED)
    assert result.dof == len(problem.y) - len(problem.weights)
