"""Results of fits: residuals, and what people know by other names."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from sympy import exp

import symgraph
from symgraph.errors import OptionError
from symgraph.fitting.other_names import OTHER_NAMES

RNG = np.random.default_rng(2)
X = np.linspace(0.0, 4.0, 30)
Y = 2.0 * np.exp(-0.7 * X) + 0.05 * RNG.normal(size=30)


@pytest.fixture(scope="module")
def module() -> Any:
    model = symgraph.Model("decay")
    x, y, (a, k) = model.feature("x"), model.target("y"), model.weights("a k", init=1.0)
    model.residual(model.output("y_hat", a * exp(-k * x)) - y)
    return symgraph.compile(model, backend="numpy")


def test_residuals_are_those_of_the_rows_in_units_of_sigma(module: Any) -> None:
    result, sigma = symgraph.fit(module, X, Y, sigma=0.05 + X), 0.05 + X
    np.testing.assert_array_equal(result.residual, (Y - result.predict(X)) / sigma)
    # two sums of 30 squares, in the order of one vector unit or another
    assert result.residual @ result.residual == pytest.approx(result.chi2, rel=30 * np.finfo(np.float64).eps, abs=0.0)
    two = symgraph.fit_together({"one": (module, X, Y), "two": (module, X, 2.0 * Y)}, shared="k")
    np.testing.assert_array_equal(two.residual[30:], 2.0 * Y - two.sets["two"].predict(X))
    with pytest.raises(OptionError, match="decay has no residuals here: its loss is no square, or rows are a stream"):
        _ = symgraph.fit(symgraph.stream(module, X, Y)).residual


def test_a_name_of_another_library_is_answered_by_ours(module: Any) -> None:
    result = symgraph.fit(module, X, Y)
    for name, ours in OTHER_NAMES.items():
        with pytest.raises(AttributeError) as caught:
            getattr(result, name)
        assert str(caught.value) == f"a FitResult has no {name}; it has {ours}"
        said: Any = result
        for part in ours.split(",")[0].split(" ")[0].split("(")[0].split("."):
            said = getattr(said, part)  # it is there
    with pytest.raises(AttributeError, match="'FitResult' object has no attribute 'nosuch'"):
        _ = result.nosuch
    assert copy.copy(result).values == pickle.loads(pickle.dumps(result)).values == result.values  # noqa: S301  made here
