"""The coefficients in the error functions are those of the script, and good to the digits that the figures need."""

import mpmath
import pytest
from erf_coefficients import PIECES, coefficients, series

from symgraph.runtime import functions

NAMES = {"near": "ERF_NEAR", "far": "ERFC_FAR", "integral": "IERFC_FAR"}
CUT_OFF = 28
"""Where these functions cut arguments off."""


def test_error_functions_hold_the_coefficients_of_the_script() -> None:
    wanted = coefficients()
    for name, constant in NAMES.items():
        assert getattr(functions, constant) == wanted[name]


@pytest.mark.parametrize("name", NAMES)
def test_polynomials_are_right_to_a_quarter_of_a_unit_in_the_last_place(name: str) -> None:
    found = [mpmath.mpf(c) for c in coefficients()[name]]
    function, low, high = PIECES[name]
    with mpmath.workdps(50):
        for step in range(301):
            x = low + (high - low) * mpmath.mpf(step) / 300
            truth = function(x)
            # what is approximated is 1 + truth, as the value is a multiple of that
            error = abs(mpmath.polyval(found, x) - truth) / (1 + truth)
            assert error < mpmath.mpf(2) ** -52 / 4


def test_the_series_at_large_arguments_go_on_from_the_functions_themselves() -> None:
    with mpmath.workdps(50):
        x = mpmath.mpf(31)
        scaled = mpmath.sqrt(mpmath.pi) * x * mpmath.exp(x * x) * mpmath.erfc(x)
        assert abs(series(x, 0) - scaled) < mpmath.mpf(10) ** -45
        assert abs(1 + series(x, 1) - scaled) < mpmath.mpf(10) ** -45


def test_the_largest_argument_is_one_whose_result_is_zero() -> None:
    with mpmath.workdps(30):
        assert mpmath.erfc(CUT_OFF) < mpmath.mpf(2) ** -1075
