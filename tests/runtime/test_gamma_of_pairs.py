"""The gamma family over pairs of floats, against mpmath."""

import mpmath
import numpy as np
import pytest

from symgraph.compiler.ir.evaluate import MPMATH
from symgraph.runtime import double_double_gamma
from symgraph.spec.ops.ops import OPS

NAMES = ("lgamma", "digamma", "trigamma", "stirlerr", "stirlerr_slope")
POINTS = (1e-300, 1e-30, 1e-9, 0.1, 0.5, 0.74, 0.76, 1.24, 1.26, 1.74, 1.76, 2.24, 2.26, 3.0, 19.9, 20.0, 20.1, 1e3, 1e100)
NEAR_ZEROS = (1.0, 1.0 + 2.0**-40, 1.0 - 2.0**-52, 2.0, 2.0 - 2.0**-30, 2.0 + 2.0**-51)
BELOW_0 = (-1e-9, -0.3, -0.5, -1.0 - 2.0**-30, -2.6, -20.25)


@pytest.mark.parametrize("name", NAMES)
def test_pairs_keep_the_digits_of_two_floats(name: str) -> None:
    """Of what cancels, 2**-100: below 0, and where Stirling's formula is subtracted, some 300 times the result."""
    points = np.array([*POINTS, *NEAR_ZEROS, *(() if name.startswith("stirlerr") else BELOW_0)])
    function = getattr(double_double_gamma, OPS[name].pairs)
    with np.errstate(all="ignore"):
        hi, lo = function((points, np.zeros_like(points)))
    with mpmath.workprec(600):
        for x, high, low in zip(points.tolist(), hi.tolist(), np.broadcast_to(lo, hi.shape).tolist(), strict=True):
            true = MPMATH[name](mpmath.mpf(x))
            if abs(true) > 2.0**1000:  # beyond pairs; numbers of any size have an exponent besides
                continue
            scale = abs(true) + (abs(MPMATH[name](1 - mpmath.mpf(x))) if x < 0 else 0)
            scale *= 300 if name.startswith("stirlerr") else 1
            assert abs(mpmath.mpf(high) + low - true) <= scale * mpmath.mpf(2) ** -96 + mpmath.mpf(2) ** -1070, x


def test_zeros_are_exact_and_poles_as_in_plain_arithmetic() -> None:
    with np.errstate(all="ignore"):
        assert double_double_gamma.dd_lgamma((np.array([1.0, 2.0]), np.zeros(2)))[0].tolist() == [0.0, 0.0]
        assert double_double_gamma.dd_lgamma((np.array([0.0, -3.0]), np.zeros(2)))[0].tolist() == [np.inf, np.inf]
        assert double_double_gamma.dd_trigamma((np.array([0.0, -3.0]), np.zeros(2)))[0].tolist() == [np.inf, np.inf]
