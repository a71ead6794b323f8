"""Points: where they lie, that they repeat, and that they come near zeros and kinks."""

import math

import numpy as np
import pytest
import sympy as sp
from written import written
from zoo import ZOO

from symgraph.errors import OptionError
from symgraph.judge.differences.drawing import KINDS, ORDINARY
from symgraph.judge.judged_points import given, points
from symgraph.judge.reference import reference


def test_the_same_seed_draws_the_same_points_and_another_one_others() -> None:
    model = ZOO["nine_weights"]()
    first, again, other = points(model, n=30), points(model, n=30), points(model, n=30, seed=1)
    np.testing.assert_array_equal(first.values, again.values)
    assert not np.array_equal(first.values, other.values)
    assert first.kinds[: len(KINDS)] == tuple(KINDS)
    assert first.names == ("f1", "f2", "f3", "f4", "f5", *(f"w{i}" for i in range(1, 10)), "y")
    assert first.point(3)["y"] == first.values[3, -1]


@pytest.mark.parametrize("kind", KINDS)
def test_points_lie_in_the_declared_domains(kind: str) -> None:
    model = ZOO["every_op"]()
    drawn = points(model, [kind], n=60)
    bounds = [entry.domain or (-math.inf, math.inf) for entry in model.inputs]
    for column, (low, high) in zip(drawn.values.T, bounds, strict=True):
        assert np.all((column >= low) & (column <= high))
    assert np.all(np.isfinite(drawn.values))


@pytest.mark.parametrize(("kind", "holds"), [
    ("huge", lambda values: np.max(np.abs(values)) > 1e200),
    ("tiny", lambda values: np.any((np.abs(values) < 1e-200) & (values != 0))),
    ("subnormal", lambda values: np.any((np.abs(values) < 2.0**-1022) & (values != 0))),
    ("zeros", lambda values: np.any(np.signbit(values[values == 0])) and np.any(~np.signbit(values[values == 0]))),
    ("saturated", lambda values: np.mean(np.abs(values) > 10) > 0.3),
    ("whole", lambda values: np.all(values == np.round(values))),
    ("magnitudes", lambda values: np.min(np.abs(values)) < 0.1 < 100 < np.max(np.abs(values)) <= 1e3),
])  # fmt: skip
def test_each_kind_is_what_its_name_says(kind: str, holds: object) -> None:
    assert holds(points(ZOO["nine_weights"](), [kind], n=50).values)  # type: ignore[operator]


def test_the_ends_of_domains_are_among_the_points() -> None:
    assert {-1.0, 1.0} <= set(points(written(lambda x, a: a * sp.asin(x), x=(-1, 1)), ["domain"], n=400).values[:, 0])


def test_points_near_zeros_come_within_an_ulp_of_one_and_of_the_end_of_a_branch() -> None:
    model = written(lambda x, a: a * (sp.exp(x) - 2))
    drawn = points(model, ["near zeros"], n=60)
    # the steps whose zeros are sought: exp(x) - 2 and its product with a; x is ln 2 at both, or a is 0
    heights = [abs(float(reference(model).truth(drawn.point(place)).values["output"])) for place in range(60)]
    assert sum(height < 1e-15 for height in heights) >= 10
    drawn = points(written(lambda x, a: sp.Piecewise((a, x * x > a), (a**2, True))), ["near zeros"], n=120).values
    # a third of the points are moved to where the comparison turns, half of these stay next to it, and not all find a place
    assert np.sum(np.abs(drawn[:, 0] ** 2 - drawn[:, 1]) < 1e-14 * np.abs(drawn[:, 1])) >= 5


def test_points_are_rounded_to_float32_and_stay_finite_and_may_come_from_elsewhere() -> None:
    rounded = points(ZOO["line"](), ["huge"], n=50).rounded("float32").values
    assert (rounded == rounded.astype(np.float32)).all()
    assert np.max(np.abs(rounded)) == np.finfo(np.float32).max
    own = given(ZOO["line"](), [{"x": 1.0, "a": 2.0, "b": 3.0, "y": 4.0}], "mine")
    assert (own.values.tolist(), own.kinds) == ([[1.0, 2.0, 3.0, 4.0]], ("mine",))


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(OptionError, match="no kind of points 'wild'; there are small weights, normal"):
        points(ZOO["line"](), ["wild"])
    with pytest.raises(OptionError, match="at least 1, not 0"):
        points(ZOO["line"](), n=0)
    assert set(ORDINARY) < set(KINDS)
