"""A build names the inputs at which its module is 0/0, and no others."""

from collections.abc import Callable
from typing import Any

import pytest
from sympy import Abs, cos, exp, sin, sqrt
from written import written

from symgraph.compiler.generate import generate
from symgraph.project.build.modules import load_verified

CASES: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    "no function covers it": (lambda k, t, a, b: a * (sin(k * t) - k * t * cos(k * t)) / k**3 + b, ("k = 0",)),
    "a function of the table": (lambda k, t, a, b: a * (1 - exp(-k * t)) / k + b, ()),
    "two weights are the same": (lambda k, t, a, b: (cos(a) - cos(b)) / (a - b) * t * k, ("a = b",)),
    "a rule has their difference": (lambda k, t, a, b: (exp(a * t) - exp(b * t)) / (a - b) * k, ()),
    "a pole": (lambda k, t, a, b: a * t / k + b, ()),
    "a feature": (lambda k, t, a, b: a * (cos(k * t) - 1) * exp(b * t) / Abs(t), ("t = 0",)),
    "outside of the domain": (lambda k, t, a, b: a * sqrt(b) * (cos(k * t) - cos(b - 5)) / (b - 5) * t, ()),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_no_number_between_numbers_is_named(case: str) -> None:
    formula, wanted = CASES[case]
    model = written(lambda t, k, a, b: formula(k, t, a, b), features="t", k=None, a=(0.1, 3), b=(0.1, 3))
    report = load_verified(model, generate(model, ("numpy",)))[1]
    assert report.undefined == wanted
    assert f"{model.name}: NaN at {wanted[0]}, where" in str(report) if wanted else "NaN" not in str(report)
