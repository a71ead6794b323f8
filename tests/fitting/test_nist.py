"""NIST's 27 problems of nonlinear regression, from both published starts, with nothing set."""

import nist
import numpy as np
import pytest

import symgraph
from symgraph.io.compiler import is_at_hand

PUBLISHED = 1e-10
"""Results are certified to 11 digits: half a unit of the last is up to 5e-11 of a number, and ours adds its own rounding."""
EXACT = {"Lanczos1": "data of 14 digits, whose residuals of 1e-13 are rounding of y, and with them all that is told from them"}

BACKENDS = ("numpy", "native") if is_at_hand() else ("numpy",)
"""Native modules are searched by the extension, others by MINPACK."""


@pytest.fixture(scope="module")
def modules() -> dict[str, object]:
    return {}


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", nist.NAMES)
def test_fit_reaches_the_certified_digits(modules: dict[str, object], name: str, backend: str, start: int) -> None:
    problem, key = nist.read(name), name + backend
    if key not in modules:
        model = symgraph.Model.from_formula(problem.formula, ("x", "x1", "x2", "y"), name=name)
        modules[key] = symgraph.compile(model, backend=backend)
    begin = dict(zip(problem.names, problem.starts[start], strict=True))
    result = symgraph.fit(modules[key], problem.X, problem.y, begin)
    assert result.success
    assert result.warnings == ()
    np.testing.assert_allclose([result.values[one] for one in problem.names], problem.weights, rtol=PUBLISHED)
    assert result.dof == len(problem.y) - len(problem.weights)
    if name not in EXACT:
        np.testing.assert_allclose([result.errors[one] for one in problem.names], problem.errors, rtol=PUBLISHED)
        rounding = np.finfo(float).eps * np.sqrt(len(problem.y) * problem.sum_of_squares) * np.max(np.abs(problem.y))
        assert result.chi2 == pytest.approx(problem.sum_of_squares, rel=PUBLISHED, abs=2.0 * rounding)
