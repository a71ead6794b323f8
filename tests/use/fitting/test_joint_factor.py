"""The searches of fits of several data sets see one triangular factor, made set by set."""

from typing import Any

import numpy as np
import pytest
from curves import compiled

import symgraph

RNG = np.random.default_rng(3)
SETS = 12


def fit_of(**how: Any) -> Any:
    module = compiled("y ~ amp*exp(-x/tau) + off")
    rows = [np.linspace(0.0, 5.0, 8 + number) for number in range(SETS)]
    return symgraph.fit_together(
        [(module, t, (1 + number) * np.exp(-t / 1.7) + 0.03 * RNG.normal(size=len(t))) for number, t in enumerate(rows)], **how
    )


@pytest.mark.parametrize(
    "how", [{"shared": "tau"}, {"shared": ()}, {"shared": ("tau", "off"), "fixed": {"off": 0.1, "amp[3]": 2.0}}]
)
def test_it_has_the_products_of_residuals_and_derivatives(how: dict[str, Any]) -> None:
    result = fit_of(**how)
    problem, v = result.problem, result.found.v
    J, r, R, last = problem.jacobian(v), problem.residual(v), problem.slopes(v), problem.squared(v)
    assert R.shape == (len(v) + 1, len(v))
    # Householder's products differ by some ulps of the lengths of the columns
    lengths = np.linalg.norm(J, axis=0)
    assert np.abs(R.T @ R - J.T @ J).max() <= 1e-14 * lengths.max() ** 2
    assert np.abs(R.T @ last - J.T @ r).max() <= 1e-14 * lengths.max() * np.linalg.norm(r)
    assert last @ last == pytest.approx(r @ r, rel=1e-13, abs=0.0)


def test_weights_in_which_all_sets_are_linear_are_found_set_by_set() -> None:
    result = fit_of(shared="tau")
    assert [result.names[j] for j in result.problem.linear] == [name for name in result.names if name != "tau"]
    assert fit_of(shared="tau", fixed={"tau": 1.7, "off[2]": 0.0}).problem.linear.tolist() == list(range(2 * SETS - 1))
