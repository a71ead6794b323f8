"""NIST's 27 problems of nonlinear regression, from both published starts, with nothing set."""

from functools import cache
from typing import Any

import nist
import numpy as np
import pytest

import symgraph
from symgraph.project.native.compiler import is_at_hand

PUBLISHED = 1e-10
"""Results are certified to 11 digits: half a unit of the last is up to 5e-11 of a number, and ours adds its own rounding."""
EXACT = {"Lanczos1": "data of 14 digits, whose residuals of 1e-13 are rounding of y, and with them all that is told from them"}

BACKENDS = ("numpy", "native") if is_at_hand() else ("numpy",)
"""Native modules are searched by the extension, others by MINPACK."""


@cache
def module_of(name: str, backend: str) -> Any:
    return symgraph.compile(symgraph.Model.from_formula(nist.read(name).formula, ("x", "x1", "x2", "y")), backend=backend)


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", nist.NAMES)
def test_fit_reaches_the_certified_digits(name: str, backend: str, start: int) -> None:
    problem = nist.read(name)
    begin = dict(zip(problem.names, problem.starts[start], strict=True))
    result = symgraph.fit(module_of(name, backend), problem.X, problem.y, begin)
    assert (result.success, result.warnings) == (True, ())
    np.testing.assert_allclose([result.values[one] for one in problem.names], problem.weights, rtol=PUBLISHED)
    assert result.dof == len(problem.y) - len(problem.weights)
    if name not in EXACT:
        np.testing.assert_allclose([result.errors[one] for one in problem.names], problem.errors, rtol=PUBLISHED)
        rounding = np.finfo(float).eps * np.sqrt(len(problem.y) * problem.sum_of_squares) * np.max(np.abs(problem.y))
        assert result.chi2 == pytest.approx(problem.sum_of_squares, rel=PUBLISHED, abs=2.0 * rounding)
