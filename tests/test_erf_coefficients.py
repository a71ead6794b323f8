"""The coefficients in the emitted error functions are those of the script, and good to the digits that the figures need."""

import re
from pathlib import Path

import mpmath
import pytest
from erf_coefficients import LARGEST, coefficients, far, moved, near

TEMPLATES = Path(__file__).parent.parent / "templates"
NAMES = {"near": "_ERF_NEAR", "far": "_ERFC_FAR"}


def printed(template: str, name: str) -> tuple[float, ...]:
    """The numbers of a tuple in a template."""
    found = re.search(rf"^{name} = \((.*?)\)$", (TEMPLATES / template).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert found is not None
    return tuple(float(number) for number in found[1].split(",") if number.strip())


@pytest.mark.parametrize(
    ("template", "names"), [("numpy/functions.py.jinja", ("near", "far")), ("scalar/functions.py.jinja", ("far",))]
)
def test_templates_hold_the_coefficients_of_the_script(template: str, names: tuple[str, ...]) -> None:
    wanted = coefficients()
    for name in names:
        assert printed(template, NAMES[name]) == wanted[name]


def test_polynomials_are_right_to_a_tenth_of_a_unit_in_the_last_place() -> None:
    found = coefficients()
    with mpmath.workdps(50):
        ends = {"near": (near, mpmath.mpf(0), mpmath.mpf(1)), "far": (far, moved("0.5"), moved(LARGEST))}
        for name, (function, low, high) in ends.items():
            for step in range(301):
                x = low + (high - low) * step / 300
                truth = function(x)
                # what is approximated is 1 + truth, as the value is a multiple of that
                error = abs(mpmath.polyval([mpmath.mpf(c) for c in found[name]], x) - truth) / (1 + truth)
                assert error < mpmath.mpf(2) ** -52 / 10


def test_the_largest_argument_is_one_whose_result_is_zero() -> None:
    with mpmath.workdps(30):
        assert mpmath.erfc(LARGEST) < mpmath.mpf(2) ** -1075
