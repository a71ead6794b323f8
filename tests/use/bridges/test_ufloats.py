"""Weights of fits as numbers of the library uncertainties."""

import math

import numpy as np
import pytest
from fitted_models import T, Y, decay_module
from uncertainties import umath

from symgraph import FitWarning, fit
from symgraph.use.bridges import ufloats

START = {"a": 1.0, "k": 1.0, "c": 0.0}


def test_weights_have_their_errors_and_correlations() -> None:
    result = fit(decay_module(), T, Y, START)
    found = ufloats(result)
    assert list(found) == ["a", "k", "c"]
    assert np.allclose([one.nominal_value for one in found.values()], result.w, rtol=0)
    assert np.allclose([one.std_dev for one in found.values()], result.stderr, rtol=1e-12)  # by way of eigenvectors
    level = found["a"] * umath.exp(-found["k"] * 2.0) + found["c"]
    ours = result.derived("a*exp(-2*k) + c")
    assert math.isclose(level.nominal_value, ours.value, rel_tol=1e-14)
    assert math.isclose(level.std_dev, ours.stderr, rel_tol=1e-10)


def test_fixed_weights_have_no_error_and_undetermined_ones_have_nan() -> None:
    held = ufloats(fit(decay_module(), T, Y, START, fixed={"c": 0.5}))
    assert held["c"] == 0.5
    assert type(held["c"]) is float
    assert held["a"].std_dev > 0.0
    with pytest.warns(FitWarning):
        open_ = ufloats(fit(decay_module(), [0.0, 0.0, 0.0, 0.0], [1.0, 1.1, 0.9, 1.0], START))
    assert all(math.isnan(one.std_dev) for one in open_.values())
    at_bound = ufloats(fit(decay_module(), T, Y, START | {"k": 0.3}, bounds={"k": (0.0, 0.5)}))
    assert math.isnan(at_bound["k"].std_dev)
    assert at_bound["a"].std_dev > 0.0
