"""Reports round values to their errors."""

import math

import pytest

from symgraph.fitting.rounded import rounded


@pytest.mark.parametrize(
    ("value", "error", "texts"),
    [
        (3.00258, 0.007449, ["3.0026", "0.0074"]),
        (238.9421292, 2.7070075, ["238.9", "2.7"]),
        (3e-9, 4.2e-11, ["3.000e-09", "4.2e-11"]),
        (1234567.0, 2345.0, ["1234600", "2300"]),
        (5.0, 0.0995, ["5.00", "0.10"]),  # an error that rounding carries to the next place
        (99.96, 1.5, ["100.0", "1.5"]),
        (0.0424, 0.12, ["0.04", "0.12"]),
        (-0.5, 3.48e8, ["-0.50", "3.5e+08"]),  # a value smaller than the last place of its error keeps two digits
        (0.0, 0.01, ["0.000", "0.010"]),
        (1e300, 1e298, ["1.000e+300", "1.0e+298"]),
        (math.inf, 1.0, ["", "1.0"]),
    ],
)
def test_a_number_has_two_digits_of_its_error(value: float, error: float, texts: list[str]) -> None:
    assert rounded((value, error), error) == texts
