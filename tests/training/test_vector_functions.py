"""Functions for loops that become vector code: their errors over the whole range, as numba compiles them."""

import ast
import math

import mpmath
import numpy as np
import pytest

from symgraph.training import loops
from symgraph.training.row_losses import LOSSES, VECTORS
from symgraph.training.syntax import VECTOR
from symgraph.training.vector_functions import WIDEST, next_power, total

pytestmark = pytest.mark.slow

ULP = {"exp": 1.0, "expm1": 1.0, "log": 1.0, "log1p": 1.0, "sin": 1.0, "cos": 1.0, "tanh": 2.5}
"""What docs/ops.md promises of each."""

LARGEST, TINY, LEAST = 1.7976931348623157e308, 2.2250738585072014e-308, 5e-324

POINTS = {
    "exp": ([-746.0, -745.13, -708.4, -1e-300, 0.0, 1e-300, 709.782712893384], (-745.0, 709.0)),
    "expm1": ([-800.0, -38.0, -37.0, -1e-5, -LEAST, LEAST, 1e-5, 0.34, 0.35, 60.0, 709.78], (-40.0, 709.0)),
    "log": ([LEAST, 1e-310, TINY, 0.5, 0.7071067811865475, 1.0, 1.4142135623730951, LARGEST], (0.0, 4.0)),
    "log1p": ([-0.9999999999999999, -0.2928932188134524, -LEAST, LEAST, 1e-20, 0.41421356237309503, 2.0, LARGEST], (-1.0, 4.0)),
    "sin": ([LEAST, 1e-300, math.pi, math.pi / 2, 1048575.9, WIDEST], (-WIDEST, WIDEST)),
    "cos": ([LEAST, 1e-300, math.pi, math.pi / 2, 1048575.9, WIDEST], (-WIDEST, WIDEST)),
    "tanh": ([-800.0, -LEAST, LEAST, 1e-300, 1e-8, 0.3, 18.0, 19.1, 800.0], (-20.0, 20.0)),
}
"""Points where a function changes its way, and the range of others."""

EDGES = {
    "exp": [(math.inf, math.inf), (-math.inf, 0.0), (-1e308, 0.0), (709.8, math.inf)],
    "expm1": [(math.inf, math.inf), (-math.inf, -1.0), (-0.0, -0.0), (0.0, 0.0)],
    "log": [(0.0, -math.inf), (-0.0, -math.inf), (-1.0, math.nan), (math.inf, math.inf), (1.0, 0.0)],
    "log1p": [(-1.0, -math.inf), (-2.0, math.nan), (math.inf, math.inf), (-0.0, -0.0), (0.0, 0.0)],
    "sin": [(0.0, 0.0), (-0.0, -0.0)],
    "cos": [(0.0, 1.0), (-0.0, 1.0)],
    "tanh": [(math.inf, 1.0), (-math.inf, -1.0), (-0.0, -0.0), (0.0, 0.0)],
}


LOOP = f"""
def {LOSSES}(w, columns, terms):
    for i in range(columns.shape[1]):
        terms[i] = {VECTOR}{{}}(columns[0, i])
    return 0.0
"""


def values(name, x, monkeypatch):
    """The function at each of some points, in a loop of its own."""
    monkeypatch.setattr(loops, "_kept", lambda name, text: None)
    (tree,) = ast.parse(LOOP.format(name)).body
    found = np.empty(len(x))
    loops._compiled([], tree)(np.zeros(0), np.array([x], np.float64), found)
    return found


def test_points_are_given_for_all_of_them():
    assert set(ULP) == set(VECTORS) == set(POINTS) == set(EDGES)


@pytest.mark.parametrize("name", VECTORS)
def test_every_function_is_within_the_error_that_its_op_states(name, monkeypatch):
    special, (low, high) = POINTS[name]
    random = np.random.default_rng(1)
    wide, near = random.uniform(low, high, 1500), random.uniform(-1.0, 1.0, 500) * 2.0 ** random.integers(-60, 2, 500)
    x = np.array([*special, *wide, *(near if low < -1.0 else np.abs(near))])
    with mpmath.workdps(40):
        exact = [getattr(mpmath, name)(float(one)) for one in x]
        sizes = [math.ulp(max(abs(float(one)), TINY)) for one in exact]
        errors = [
            abs(found - true) / size for found, true, size in zip(values(name, x, monkeypatch), exact, sizes, strict=True)
        ]
    assert max(errors) <= ULP[name]
    assert max(errors) > 0.4  # rounding alone makes half a unit: something was measured


@pytest.mark.parametrize("name", VECTORS)
def test_every_function_has_the_limits_and_the_signs_of_zero_that_math_has(name, monkeypatch):
    x = [x for x, _ in EDGES[name]]
    np.testing.assert_array_equal(values(name, [*x, math.nan], monkeypatch), [*(y for _, y in EDGES[name]), math.nan])
    signs = np.signbit(values(name, x, monkeypatch))
    assert signs.tolist() == [math.copysign(1.0, y) < 0 for _, y in EDGES[name]]


@pytest.mark.parametrize("count", [1, 3, 4, 127, 128, 129, 506, 5000])
def test_sums_that_cancel_are_right_to_the_roundings_in_a_block(count):
    random = np.random.default_rng(count)
    terms = random.normal(size=count) * 10.0 ** random.integers(-8, 8, count)
    terms[count // 2] -= math.fsum(terms)
    # at most 32 + 3 additions in a block and its last one, and two roundings for all blocks
    assert abs(total(terms) - math.fsum(terms)) <= 38 * 2.0**-53 * math.fsum(np.abs(terms))


def test_sums_of_infinities_are_infinite_and_of_both_signs_nan():
    assert total([1.0, math.inf, 2.0]) == math.inf
    assert total([*[1.0] * 300, -math.inf]) == -math.inf
    assert math.isnan(total([math.inf, -math.inf]))


@pytest.mark.parametrize("base", [0.9, 0.999, 1.0 - 2.0**-53, 0.0, -0.5, 1.5])
def test_powers_one_after_the_other_are_as_good_as_pow(base):
    power, lacking = 1.0, 0.0
    with mpmath.workdps(40):
        for step in range(1, 3000):
            power, lacking = next_power(power, lacking, base)
            exact = mpmath.mpf(base) ** step
            if abs(exact) > 1e290:
                assert base == 1.5
                break
            # half a unit for the number itself, and a thousandth for what 3,000 corrections lose
            assert abs(power - exact) <= 0.501 * math.ulp(max(abs(float(exact)), 1e-290))


def test_powers_that_overflow_are_infinite_and_stay_so():
    power, lacking = 1.0, 0.0
    for _ in range(3000):
        power, lacking = next_power(power, lacking, 2.0)
    assert (power, lacking) == (math.inf, 0.0)
