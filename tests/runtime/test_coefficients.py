"""The coefficients in the error and gamma functions are those of the scripts, and good to the digits that the figures need."""

import erf_coefficients
import gamma_coefficients
import mpmath
import pytest
from gamma_coefficients import FAR, LEAST, NEAR, SEAM

from symgraph.runtime import functions, gamma

ERF_NAMES = {"near": "ERF_NEAR", "far": "ERFC_FAR", "integral": "IERFC_FAR"}


def value(coefficients, x):
    return mpmath.polyval([mpmath.mpf(c) for c in coefficients], x)


def test_the_runtime_holds_the_coefficients_of_the_scripts() -> None:
    for name, constant in ERF_NAMES.items():
        assert getattr(functions, constant) == erf_coefficients.coefficients()[name]
    for name, table in gamma_coefficients.coefficients().items():
        assert getattr(gamma, name) == table, name


@pytest.mark.parametrize("name", ERF_NAMES)
def test_polynomials_are_right_to_a_quarter_of_a_unit_in_the_last_place(name: str) -> None:
    found, (function, low, high) = erf_coefficients.coefficients()[name], erf_coefficients.PIECES[name]
    with mpmath.workdps(50):
        for step in range(301):
            x = low + (high - low) * mpmath.mpf(step) / 300
            truth = function(x)
            # what is approximated is 1 + truth, as the value is a multiple of that
            assert abs(value(found, x) - truth) / (1 + truth) < mpmath.mpf(2) ** -52 / 4


def test_series_of_error_functions_go_on_from_the_functions_themselves_up_to_where_they_are_zero() -> None:
    with mpmath.workdps(50):
        x = mpmath.mpf(31)
        scaled = mpmath.sqrt(mpmath.pi) * x * mpmath.exp(x * x) * mpmath.erfc(x)
        for found in (erf_coefficients.series(x, 0), 1 + erf_coefficients.series(x, 1)):
            assert abs(found - scaled) < mpmath.mpf(10) ** -45
        assert mpmath.erfc(28) < mpmath.mpf(2) ** -1075  # the functions cut arguments off there


@pytest.mark.parametrize("name", NEAR)
def test_quotients_are_right_to_half_a_unit_in_the_last_place(name: str) -> None:
    """The rounding of the coefficients takes most of it: they have both signs, and a third of the largest is left."""
    tables, (function, _, _, constant) = gamma_coefficients.coefficients(), NEAR[name]
    with mpmath.workdps(50):
        for step in range(301):
            x = LEAST + (SEAM - LEAST) * (mpmath.mpf(step) + 0.5) / 301  # never at a zero, where 0/0 would be
            top, bottom = (value(tables[f"{name}_{part}"], x) for part in ("TOP", "BOTTOM"))
            assert abs((constant + top / bottom) / function(x) - 1) < mpmath.mpf(2) ** -52 / 2


@pytest.mark.parametrize(("name", "power"), [("LGAMMA", 1), ("DIGAMMA", 2), ("TRIGAMMA", 3)])
def test_series_add_less_than_a_quarter_of_a_unit_in_the_last_place(name: str, power: int) -> None:
    table, whole = gamma_coefficients.coefficients()[f"{name}_FAR"], {"LGAMMA": mpmath.loggamma, "DIGAMMA": mpmath.digamma}
    with mpmath.workdps(50):
        for step in range(301):
            x = SEAM * 100 ** (mpmath.mpf(step) / 300)
            error = abs(value(table, 1 / x**2) - FAR[name][0](x)) / x**power
            assert error < abs(whole.get(name, lambda a: mpmath.psi(1, a))(x)) * mpmath.mpf(2) ** -52 / 4
