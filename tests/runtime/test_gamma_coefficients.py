"""The coefficients of the gamma functions are those of the script, and good to the digits that the figures need."""

import mpmath
import pytest
from gamma_coefficients import FAR, LEAST, NEAR, SEAM, coefficients

from symgraph.runtime import gamma


def test_the_runtime_holds_the_coefficients_of_the_script() -> None:
    for name, table in coefficients().items():
        assert getattr(gamma, name) == table, name


@pytest.mark.parametrize("name", NEAR)
def test_quotients_are_right_to_half_a_unit_in_the_last_place(name: str) -> None:
    """The rounding of the coefficients takes most of it: they have both signs, and a third of the largest is left."""
    tables, (function, _, _, constant) = coefficients(), NEAR[name]
    with mpmath.workdps(50):
        for step in range(301):
            x = LEAST + (SEAM - LEAST) * (mpmath.mpf(step) + 0.5) / 301  # never at a zero, where 0/0 would be
            top, bottom = (mpmath.polyval([mpmath.mpf(c) for c in tables[f"{name}_{part}"]], x) for part in ("TOP", "BOTTOM"))
            assert abs((constant + top / bottom) / function(x) - 1) < mpmath.mpf(2) ** -52 / 2


@pytest.mark.parametrize(("name", "power"), [("LGAMMA", 1), ("DIGAMMA", 2), ("TRIGAMMA", 3)])
def test_series_add_less_than_a_quarter_of_a_unit_in_the_last_place(name: str, power: int) -> None:
    table, whole = coefficients()[f"{name}_FAR"], {"LGAMMA": mpmath.loggamma, "DIGAMMA": mpmath.digamma}
    with mpmath.workdps(50):
        for step in range(301):
            x = SEAM * 100 ** (mpmath.mpf(step) / 300)
            error = abs(mpmath.polyval([mpmath.mpf(c) for c in table], 1 / x**2) - FAR[name][0](x)) / x**power
            assert error < abs(whole.get(name, lambda a: mpmath.psi(1, a))(x)) * mpmath.mpf(2) ** -52 / 4
