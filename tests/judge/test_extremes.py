"""Models whose value and slopes are finite where parts of the formula overflow, vanish or are 0/0, as one writes them."""

from collections.abc import Callable
from typing import Any

import pytest
from built import one_output
from judged import faults, module_of
from sympy import besselj, cosh, coth, exp, log, sin, sinh, tanh
from written import written

from symgraph import Model
from symgraph.judge.judged_points import points
from symgraph.judge.judging import judge

KINDS = ("normal", "wide", "saturated", "tiny", "near zeros", "magnitudes")

CASES: dict[str, tuple[Callable[..., Any], str, str]] = {
    # quotients of sums of exponentials
    "current between two nodes of a mesh": (lambda k, n, m, V: k * V * (n * exp(k * V) - m) / (exp(k * V) - 1), "k", "n m V"),
    "its mirror image": (lambda s, V, a, b: (a - b * exp(-s * V)) * V / (1 - exp(-s * V)), "s", "V a b"),
    "mean of levels with weights of any sign": (
        lambda b, e, f, g, h: (g * e * exp(-b * e) + h * f * exp(-b * f)) / (1 + g**2 * exp(-b * e) + h**2 * exp(-b * f)),
        "b e f", "g h",
    ),
    "rate that two steps limit": (
        lambda k, a, b, x: exp(k) * (exp(a * x) - exp(-b * x)) / (1 + exp(k + a * x) + exp(k - b * x)), "k a b", "x",
    ),
    "share of one state of three": (lambda a, b, x, c: exp(a * x) / (c**2 + exp(b * x) + c**2 * exp(a + x)), "a b", "x c"),
    "two laws with weights by hand": (
        lambda a, b, c, d, x: log(
            exp(a) / (exp(a) + exp(b)) * exp(-(x - c) ** 2 / 2) + exp(b) / (exp(a) + exp(b)) * exp(-(x - d) ** 2 / 2)
        ), "a b c d", "x",
    ),
    "growth with a shape": (lambda q, k, n, x: (1 + q**2 * exp(-k * x)) ** (-n), "q k n", "x"),
    "hazard of a power of an exponential": (lambda a, b, n, x: (exp(a + b * x) * 3) ** n, "a b n", "x"),
    # what is 0/0 where an argument is 0
    "Bernoulli's function": (lambda k, x: k * x / (exp(k * x) - 1), "k", "x"),
    "efficiency of a fin": (lambda m, x: tanh(m * x) / (m * x), "m", "x"),
    "effectiveness of a sphere": (lambda p, a, x: 3 * a * (p * x * coth(p * x) - 1) / (p * x) ** 2, "p a", "x"),
    "drug after an infusion": (lambda k, v, x: (1 - exp(-k * x)) / (k * v), "k v", "x"),
    "dose that is protracted": (lambda r, b, x: b * 2 * (r * x - 1 + exp(-r * x)) / (r * x) ** 2, "r b", "x"),
    "the same from its end": (lambda q, z, c: 2 / z**2 / q**2 * (exp(-z * q) + z * q - 1) * c, "q c", "z"),
    "lag of a rotation": (lambda w, x: (w * x - sin(w * x)) / (w * x) ** 3, "w", "x"),
    "mean logarithm": (lambda a, x: log(1 + a * x) / (a * x), "a", "x"),
    "ring of a wave": (lambda k, a, x: a * besselj(1, k * x) / (k * x), "k a", "x"),
    "two alignments": (lambda j, m, x: (1 + j**2) * coth((1 + j**2) * m * x) - j**2 * coth(j**2 * m * x), "j m", "x"),
    "shape of a chain": (lambda k, x: sinh(k * x) / (k * x) - cosh(k * x), "k", "x"),
    "all factors are weights": (lambda k, t, d, x: (1 - exp(-k * t * d)) / (k * d) + x, "k t d", "x"),
    "an argument of three factors": (lambda a, b, s, x: b * (exp(a * x / s) - 1) / a, "a b s", "x"),
    "its second order": (lambda a, b, x: (exp(a * b * x) - 1 - a * b * x) / a**2, "a b", "x"),
    "density of a logistic law": (lambda k, x: exp(k * x) / (1 + exp(k * x)) ** 2, "k", "x"),
    # exponents that are 0, or infinite where the base is 1
    "transform by a power": (lambda p, b, x: b * ((x**2 + 2) ** p - 1) / p, "p b", "x"),
    "transform of what is near 1": (lambda p, x: ((1 + x**2) ** p - 1) / p, "p", "x"),
    "tail of extremes": (lambda c, s, x: (1 + c * x / s) ** (-1 / c), "c s", "x"),
    "its likelihood": (lambda c, s, x: (1 + 1 / c) * log(1 + c * x / s) + log(s), "c s", "x"),
    "kernel of several scales": (lambda n, k, x: (1 + (k * x) ** 2 / n**2) ** (-(n**2)), "n k", "x"),
    # differences of two functions over the difference of their arguments, which may be 0
    "drug after a dose by mouth": (lambda a, k, v, x: a / (v * (a - k / v)) * (exp(-k / v * x) - exp(-a * x)), "a k v", "x"),
    "middle of a chain of decays": (lambda a, b, x: (exp(-b * x) - exp(-a * x)) / (b - a), "a b", "x"),
    "mean of powers": (lambda a, b, x: ((x**2 + 2) ** a - (x**2 + 2) ** b) / (a - b), "a b", "x"),
    "logarithmic mean": (lambda a, b, x: (a**2 - b**2) / log(a**2 / b**2) + x, "a b", "x"),
    "its inverse": (lambda a, b, x: (log(a**2) - log(b**2)) / (a**2 - b**2) + x, "a b", "x"),
}  # fmt: skip

CANCELLING = {
    "two laws with weights by hand": "d/d a is the difference of two probabilities, which agree where both laws are the same",
    "two alignments": "d/d j is the difference of two slopes, which agree where both are saturated",
    "its mirror image": "d/d s is the difference of a quotient and its slope, which agree where exponentials vanish",
    "lag of a rotation": "the slope near 0 is a difference of quotients by powers of w*x; the value keeps its digits",
    "shape of a chain": "sinh(u)/u - cosh(u) cancels near 0, which no function of the table covers",
    "drug after a dose by mouth": "d/d v is a difference where k/v is far beyond a",
}
"""Formulas that cancel where no rule sees it, and lose digits there, but are no NaN."""


@pytest.mark.parametrize("name", CASES)
def test_what_is_finite_is_so_in_the_module(name: str) -> None:
    formula, weights, features = CASES[name]
    names = [*features.split(), *weights.split()]
    model = one_output(lambda *values: formula(**dict(zip(names, values, strict=True))), features=features, weights=weights)
    report = judge(model, module_of(model), points(model, KINDS, n=24))
    assert faults(report).keys() <= ({"zero", "wrong"} if name in CANCELLING else set()), str(report)
    assert report.judged > 24


def test_a_sum_that_is_always_0_beside_a_logarithm_is_no_argument() -> None:
    def form(m: Model, x: Any, a: Any, b: Any) -> Any:
        nothing = m.node("nothing", m.node("line", a + b * x) - a - b * x)
        return a * x + b + nothing * log(a / b)

    assert module_of(written(form)).jacobian([1.0, 2.0], [3.0]).tolist() == [[3.0, 1.0]]
