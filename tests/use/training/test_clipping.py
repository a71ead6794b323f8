import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symgraph.use.training import clip_by_norm, clip_by_value
from symgraph.use.training.clipping import CLIPS, on_floats

FINITE = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=6).map(np.array)
LIMITS = st.floats(1e-6, 1e6)


@given(FINITE, LIMITS)
def test_clipping_by_norm_is_the_textbook_formula_for_every_finite_gradient(grad, limit):
    clipped = clip_by_norm(limit)(grad)
    with mpmath.workdps(50):
        exact = [mpmath.mpf(g) for g in grad.tolist()]
        norm = mpmath.sqrt(sum(g * g for g in exact))
        expected = [float(g * limit / norm) for g in exact] if norm > limit else grad.tolist()
    # Six squares and their sum, a root, two divisions and a product: below 8 units of 2**-52. A norm within rounding of the
    # limit may count as either side of it, which the same bound covers. A quotient that underflows loses half a unit of the
    # smallest numbers, 5e-324, before it is multiplied by the limit at most.
    np.testing.assert_allclose(clipped, expected, rtol=8 * 2**-52, atol=5e-324 * (1 + limit))


@given(FINITE, LIMITS)
def test_clipping_by_value_limits_each_component_and_leaves_the_rest(grad, limit):
    np.testing.assert_array_equal(clip_by_value(limit)(grad), [max(-limit, min(limit, g)) for g in grad.tolist()])


@pytest.mark.parametrize("clip", [clip_by_norm(1.0), clip_by_value(1.0)], ids=["norm", "value"])
@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
def test_a_gradient_that_is_not_finite_is_not_made_finite(clip, bad):
    np.testing.assert_array_equal(clip(np.array([1.0, bad, 5.0])), [1.0, bad, 5.0])
    short = np.array([0.1, -0.2, 1e-320])  # below the limit, it keeps its bits
    np.testing.assert_array_equal(clip(short), short)


def by_floats(clip, grad):
    """A gradient as the form for lists of floats leaves it."""
    floats = grad.tolist()
    on_floats(clip)(floats)
    return floats


@given(FINITE, LIMITS, st.sampled_from([clip_by_norm, clip_by_value]))
def test_the_form_for_floats_agrees_with_the_one_for_arrays(grad, limit, make):
    # The six squares may be summed in another order and fused: the square root halves what that changes, 6 units at most.
    np.testing.assert_allclose(by_floats(make(limit), grad), make(limit)(grad), rtol=8 * 2**-52, atol=5e-324 * (1 + limit))


def test_a_clip_of_ones_own_is_given_an_array_also_where_gradients_are_floats():
    assert by_floats(lambda grad: grad / 2, np.array([1.0, -3.0])) == [0.5, -1.5]
    assert by_floats(lambda grad: 0.25, np.array([1.0, -3.0])) == [0.25, 0.25]
    with pytest.raises(ValueError, match="broadcast"):
        by_floats(lambda grad: grad[:1].repeat(3), np.array([1.0, -3.0]))


@pytest.mark.parametrize(("make", "limit", "expected"), [(clip_by_norm, 2.5, [1.5, -2.0]), (clip_by_value, 0.5, [0.5, -0.5])])
def test_float32_stays_float32_even_where_the_limit_is_beyond_its_range(make, limit, expected):
    grad = np.array([3.0, -4.0], np.float32)
    for clip, wanted in ((make(limit), expected), (make(1e300), [3.0, -4.0])):
        clipped = clip(grad)
        assert clipped.dtype == np.float32
        np.testing.assert_array_equal(grad, [3.0, -4.0])
        np.testing.assert_allclose(clipped, wanted, rtol=4 * 2**-23)  # at most four roundings of float32


def test_the_clips_of_the_command_line_are_those_of_their_names():
    assert {name: clip(0.5) for name, clip in CLIPS.items()} == {"norm": clip_by_norm(0.5), "value": clip_by_value(0.5)}
