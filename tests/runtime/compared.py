"""Results compared bit for bit."""

from typing import Any

import numpy as np


def assert_same_bits(got: Any, wanted: Any) -> None:
    """Arrays, numbers or tuples of them: the same types, shapes and bits; NaN is NaN, whose sign no arithmetic fixes."""
    if isinstance(wanted, tuple):
        assert len(got) == len(wanted)
        for one, other in zip(got, wanted, strict=True):
            assert_same_bits(one, other)
        return
    one, other = np.asarray(got), np.asarray(wanted)
    np.testing.assert_array_equal(one, other, strict=True)
    known = ~np.isnan(other)
    np.testing.assert_array_equal(np.signbit(one[known]), np.signbit(other[known]))
