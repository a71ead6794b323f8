"""symgraph.derive.constants: what the constants of a graph lack of the numbers that they stand for."""

from collections.abc import Callable
from typing import Any

import mpmath
import pytest
import sympy as sp
from built import one_output

import symgraph as sg
from symgraph.derive.constants import remainders
from symgraph.derive.lowering import lower
from symgraph.passes import STEPS
from symgraph.spec.model import Model


def found(model: Model) -> dict[float, float]:
    """The remainders of a model's constants, after the passes."""
    graphs = [lower(model)]
    for step in STEPS:
        graphs.append(step(graphs[-1]))
    return dict(remainders(model, graphs))


def split(exact: Any) -> tuple[float, float]:
    """The nearest double, and the double nearest to what is left."""
    head = float(exact)
    return head, float(exact - mpmath.mpf(head))


@pytest.mark.parametrize(("form", "exact"), [
    (lambda f, g, a, b: a * f + sp.pi * b, lambda: +mpmath.pi),
    (lambda f, g, a, b: a * f + sp.Rational(2, 3) * b, lambda: mpmath.mpf(2) / 3),
    (lambda f, g, a, b: a * f - sp.sqrt(2) * b, lambda: mpmath.sqrt(2)),
    (lambda f, g, a, b: 10 - sp.pi * a * f + b, lambda: +mpmath.pi),
    (lambda f, g, a, b: a * f + sp.E / 7 * sp.sin(b), lambda: mpmath.e / 7),
    (lambda f, g, a, b: a * (f**2 + 1) ** sp.Rational(1, 3) + b, lambda: mpmath.mpf(1) / 3),
    (lambda f, g, a, b: sp.cos(2 * sp.pi * f / 12) * a + b, lambda: mpmath.pi / 6),
    (lambda f, g, a, b: a * f + b * sg.cbrt(5), lambda: mpmath.cbrt(5)),
])  # fmt: skip
def test_numbers_of_the_spec_keep_what_rounding_takes(form: Callable[..., Any], exact: Callable[[], Any]) -> None:
    rests = found(one_output(form))
    with mpmath.workdps(60):
        head, rest = split(exact())
    found_for = {key: one for key, one in rests.items() if abs(key) == head}
    # the rest is a double of its own: equal to the last bit but for the 60 digits that it is computed with
    assert found_for == {key: pytest.approx(rest if key > 0.0 else -rest, rel=1e-14, abs=0.0) for key in found_for}
    assert found_for


def test_numbers_of_the_op_table_count_where_the_op_is_used() -> None:
    with mpmath.workdps(60):
        head, rest = split(2 / mpmath.sqrt(mpmath.pi))  # erf'(0)
    used = found(one_output(lambda f, g, a, b: sp.erf(a * f) + b))
    key = next(constant for constant in used if abs(constant) in (head, 2 * head, 4 * head))
    assert used[key] / key == pytest.approx(rest / head, rel=1e-14, abs=0.0)
    assert found(one_output(lambda f, g, a, b: a * f + b)) == {}


def test_a_float_of_the_spec_that_is_near_a_number_of_the_op_table_leaves_that_its_rest() -> None:
    with mpmath.workdps(60):
        head, rest = split(1 / mpmath.sqrt(2 * mpmath.pi))  # ndtr'(0)
    used = found(one_output(lambda f, g, a, b: sg.ndtr(a * f) + sp.Float(head) * b))
    assert used[head] == pytest.approx(rest, rel=1e-14, abs=0.0)


def test_floats_of_the_spec_are_the_numbers_they_are() -> None:
    assert found(one_output(lambda f, g, a, b: 0.1 * a * f + 0.3 * b + 2.5)) == {}


def test_identities_that_scale_by_powers_of_two_scale_the_rest() -> None:
    # SymPy makes 9/100 * (a*f)**2 of it, whose derivative has twice that
    rests = found(one_output(lambda f, g, a, b: (sp.Rational(3, 10) * a * f) ** 2 + b))
    with mpmath.workdps(60):
        head, rest = split(mpmath.mpf(9) / 100)
    keys = [key for key in rests if abs(key) in (head, 2 * head, 4 * head)]
    assert len(keys) > 1
    assert all(rests[key] / key == pytest.approx(rest / head, rel=1e-14, abs=0.0) for key in keys)


def test_what_folding_rounds_twice_is_put_right() -> None:
    # the logarithm of a power of 10 becomes a multiple of xlogx(10), folded as 10 * (log(10) rounded): one unit off
    rests = found(one_output(lambda f, g, a, b: a * sp.log(10 ** (f + b))))
    with mpmath.workdps(60):
        exact = 10 * mpmath.log(10)
        for constant, rest in rests.items():
            if abs(abs(constant) - 23.02585) < 1e-4:
                assert abs(mpmath.mpf(constant) + mpmath.mpf(rest)) == pytest.approx(exact, rel=2.0**-100, abs=0.0)
    assert any(abs(abs(constant) - 23.02585) < 1e-4 for constant in rests)
