"""limit and saturate by random search: models of an exponential, judged where it is about to overflow and far beyond."""

import random
from collections.abc import Callable
from typing import Any

import pytest
import sympy as sp
from built import one_output

import symgraph
from symgraph import Model, sigmoid, softplus
from symgraph.judge.judged_points import Points, given
from symgraph.judge.judging import judge

pytestmark = pytest.mark.slow

MODELS, ROWS = 14, 6
INNER: tuple[Callable[..., Any], ...] = (
    lambda e, a, b, c, x: e, lambda e, a, b, c, x: e + c, lambda e, a, b, c, x: c * e, lambda e, a, b, c, x: e - x,
    lambda e, a, b, c, x: sp.cosh(a * x) + b * c, lambda e, a, b, c, x: sp.sinh(b * x) + a * c,
)  # fmt: skip
OUTER: tuple[Callable[[Any], Any], ...] = (
    sp.tanh, sigmoid, sp.atan, sp.erf, lambda u: sp.exp(-u) if u.is_positive else sp.exp(-sp.Abs(u)), lambda u: 1 / (1 + u**2),
    lambda u: sp.exp(-(u**2)), lambda u: softplus(-sp.Abs(u)),
)  # fmt: skip
"""Functions that tend to a number at both ends, so that there is a finite truth to find."""


def drawn(rng: random.Random) -> Model:
    def form(x: Any, a: Any, b: Any, c: Any) -> Any:
        value = rng.choice(INNER)(sp.exp(a * x + b), a, b, c, x)
        for _ in range(rng.randint(1, 2)):
            value = rng.choice(OUTER)(value)
            value = rng.choice([value, value + b, c * value, value * x])
        return value + (a + b + c) * x / 8

    return one_output(form, features="x", weights="a b c")


def near_the_overflow(model: Model, rng: random.Random) -> Points:
    """Points at which the exponent is close to 709, to half of it, to 88 (float32), or far beyond."""
    rows = []
    for _ in range(ROWS):
        exponent = rng.choice([rng.uniform(700, 720), rng.uniform(340, 380), rng.uniform(80, 100), rng.uniform(1e3, 1e4)])
        x, b = rng.choice([1.0, -0.5, rng.uniform(0.1, 2)]), rng.uniform(-3, 3)
        c = rng.choice([0.0, 1.0, rng.uniform(-3, 3)])
        rows.append({"a": (exponent - b) / x, "b": b, "c": c, "x": x, "y": rng.uniform(-1, 1)})
    return given(model, rows)


@pytest.mark.parametrize("seed", range(MODELS))
@pytest.mark.parametrize(("backend", "dtype"), [("numpy", "float64"), ("numpy", "float32"), ("scalar", "float64")])
def test_nothing_is_nan_zero_or_garbage_where_an_exponential_overflows(seed: int, backend: str, dtype: str) -> None:
    rng = random.Random(seed)
    model = drawn(rng)
    report = judge(model, symgraph.compile(model, backend=backend), near_the_overflow(model, rng), dtype=dtype)
    assert report.judged > 0
    assert not report.faults + report.outside_range, str(report)
