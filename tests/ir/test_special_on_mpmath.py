"""Functions on mpmath's numbers at the sizes at which overflows are looked for."""

import mpmath
import pytest

from symgraph.ir.special_on_mpmath import erfcinv, faddeeva, faddeeva_slope


@pytest.mark.parametrize("z", [(4_000, 100), (5_000, 0), (-3_000, 4_000), (4_100, 1)])
def test_the_slope_of_faddeevas_function_is_that_of_its_differential_equation(z: tuple[float, float]) -> None:
    with mpmath.workdps(30):
        found = faddeeva_slope(*map(mpmath.mpf, z))
    with mpmath.workdps(80):  # -2*z*w is 2/sqrt(pi) but for z**-2
        want = mpmath.mpc(0, 2) / mpmath.sqrt(mpmath.pi) - 2 * mpmath.mpc(*z) * faddeeva(*map(mpmath.mpf, z))
    assert abs(found / want - 1) < 1e-29  # 30 digits but for the rounding of some operations


def test_numbers_of_any_size_take_no_more_digits_than_are_asked_for() -> None:
    """Such numbers stand for an exponential beyond the range; by erfc each would take minutes."""
    size = mpmath.exp(10**7)
    with mpmath.workdps(30):
        assert abs(faddeeva(mpmath.mpf(1), size) * size * mpmath.sqrt(mpmath.pi) - 1) < 1e-28
        assert abs(faddeeva_slope(mpmath.mpf(1), size) * size**2 * mpmath.sqrt(mpmath.pi) - mpmath.mpc(0, 1)) < 1e-28


def test_the_inverse_of_erfc_at_tiny_numbers_is_that_by_many_digits() -> None:
    with mpmath.workdps(450):
        want = mpmath.erfinv(1 - mpmath.mpf(10) ** -400)
    with mpmath.workdps(30):
        assert abs(erfcinv(mpmath.mpf(10) ** -400) / want - 1) < 1e-28
        far = erfcinv(mpmath.exp(-(10**7)))  # where 1 - y would take 14 million bits
        assert abs(mpmath.log(mpmath.erfc(far)) + 10**7) < 1e-20
