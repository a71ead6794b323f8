"""symgraph.compiler.derive.constants: what the constants of a graph lack of the numbers that they stand for."""

from collections.abc import Callable
from itertools import accumulate
from typing import Any

import mpmath
import pytest
import sympy as sp
from built import one_output

import symgraph as sg
from symgraph.compiler.derive.constants import remainders
from symgraph.compiler.derive.lowering import lower
from symgraph.compiler.passes import STEPS


def found(form: Callable[..., Any]) -> dict[float, float]:
    """The remainders of a model's constants, after the passes."""
    model = one_output(form)
    graphs = accumulate(STEPS, lambda graph, step: step(graph), initial=lower(model))
    return dict(remainders(model, [*graphs]))


def split(exact: Callable[[], Any]) -> tuple[float, float]:
    """The double nearest to a number, and that nearest to what is left."""
    with mpmath.workdps(60):
        head = float(exact())
        return head, float(exact() - mpmath.mpf(head))


@pytest.mark.parametrize(("form", "exact", "multiples"), [
    (lambda f, g, a, b: a * f + sp.pi * b, lambda: +mpmath.pi, (1,)),
    (lambda f, g, a, b: a * f + sp.Rational(2, 3) * b, lambda: mpmath.mpf(2) / 3, (1,)),
    (lambda f, g, a, b: a * f - sp.sqrt(2) * b, lambda: mpmath.sqrt(2), (1,)),
    (lambda f, g, a, b: 10 - sp.pi * a * f + b, lambda: +mpmath.pi, (1,)),
    (lambda f, g, a, b: a * f + sp.E / 7 * sp.sin(b), lambda: mpmath.e / 7, (1,)),
    (lambda f, g, a, b: a * (f**2 + 1) ** sp.Rational(1, 3) + b, lambda: mpmath.mpf(1) / 3, (1,)),
    (lambda f, g, a, b: sp.cos(2 * sp.pi * f / 12) * a + b, lambda: mpmath.pi / 6, (1,)),
    (lambda f, g, a, b: a * f + b * sg.cbrt(5), lambda: mpmath.cbrt(5), (1,)),
    # SymPy makes 9/100 * (a*f)**2 of it, whose derivative has twice that
    (lambda f, g, a, b: (sp.Rational(3, 10) * a * f) ** 2 + b, lambda: mpmath.mpf(9) / 100, (1, 2)),
    (lambda f, g, a, b: sp.erf(a * f) + b, lambda: 2 / mpmath.sqrt(mpmath.pi), (1,)),  # erf'(0), of the op table
    # ndtr'(0), of the op table, beside a float of the spec that is near it
    (lambda f, g, a, b: sg.ndtr(a * f) + sp.Float(0.3989422804014327) * b, lambda: 1 / mpmath.sqrt(2 * mpmath.pi), (1,)),
])  # fmt: skip
def test_numbers_of_the_spec_keep_what_rounding_takes(
    form: Callable[..., Any], exact: Callable[[], Any], multiples: tuple[int, ...]
) -> None:
    rests, (head, rest) = found(form), split(exact)
    keys = [key for key in rests if abs(key) / head in multiples]
    assert {abs(key) / head for key in keys} == set(multiples)
    # the rest is a double of its own: equal to the last bit but for the 60 digits that it is computed with
    assert all(rests[key] / key == pytest.approx(rest / head, rel=1e-14, abs=0.0) for key in keys)


def test_floats_of_the_spec_are_the_numbers_they_are() -> None:
    assert found(lambda f, g, a, b: 0.1 * a * f + 0.3 * b + 2.5) == found(lambda f, g, a, b: a * f + b) == {}


def test_what_folding_rounds_twice_is_put_right() -> None:
    # the logarithm of a power of 10 becomes a multiple of xlogx(10), folded as 10 * (log(10) rounded): one unit off
    rests = found(lambda f, g, a, b: a * sp.log(10 ** (f + b)))
    with mpmath.workdps(60):
        near = [abs(mpmath.mpf(one) + mpmath.mpf(rest)) for one, rest in rests.items() if abs(abs(one) - 23.02585) < 1e-4]
        assert near == [pytest.approx(10 * mpmath.log(10), rel=2.0**-100, abs=0.0)] * len(near) != []
