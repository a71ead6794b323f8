"""Models and points at which plain arithmetic loses digits, for tests of modules that take care of them."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from sympy import acos, atanh, cos, exp, log, sqrt

from symgraph import Model


def two_rates() -> Model:
    """Two exponentials whose rates may be next to each other."""
    model = Model("two_rates")
    t = model.feature("t", domain=(0, 5))
    a, k, b = (model.weight(name, domain=(0, None)) for name in "akb")
    model.output("c", a * (exp(-k * t) - exp(-b * t)) / (b - k))
    model.target("y")
    model.loss("squared_error")
    return model


LOST: dict[str, tuple[Callable[..., Any], tuple[float, ...]]] = {
    "a difference of two products": (lambda a, b, c: (a * b - c) ** 2 + a, (1.1, 1.1, 1.21 - 1e-12)),
    "a log near 1": (lambda a, b, c: c * log(a * b), (1.0 + 1e-10, 1.0 / (1.0 + 1.1e-10), 2.0)),
    "a root of a cosine": (lambda a, b, c: cos(a * b) / c, (2.0**30 * 1.1, 1.3301, 1e-5)),
    "an underflow on the way": (lambda a, b, c: a * (a - b) / (a - b * exp((b - a) * c)), (0.46, 1.94, 244.0)),
    "an overflow on the way": (lambda a, b, c: c * exp(a) / (1 + exp(b)) ** 2, (1400.0, 700.0, 0.5)),
    "a sum of squares less one": (lambda a, b, c: (sqrt(a * a + b * b) - b) * c, (1e-5, 3.0, 1e5)),
    "an argument near the end of a domain": (lambda a, b, c: c * atanh(a / (a + 2 * b)), (5.0, 1e-12, 2.0)),
    "an angle near its end": (lambda a, b, c: c * acos(a / (a + b)), (6371000.0, 1.7, 1.0)),
    "a product beyond all floats on the way": (lambda a, b, c: a * c / (b + c), (1e200, 1e190, 1e200)),
    "a product below all floats on the way": (lambda a, b, c: a * b / (b + c), (1e-200, 1e-200, 2e-200)),
}


def chain(factor: float, count: int = 20) -> tuple[Model, list[float], Fraction]:
    """A model of sums, each smaller than the one before by a factor; a point; and its loss there."""
    model = Model("chain")
    a, b = model.weight("a"), model.weight("b")
    left, point = a * b, [1.1, 1.3]
    exact, rounded = Fraction(1.1) * Fraction(1.3), 1.1 * 1.3
    for place in range(count):
        step = rounded * (1.0 - 1.0 / factor)
        left = model.node(f"left_{place}", left - model.weight(f"c{place}"))
        exact, rounded = exact - Fraction(step), rounded - step
        point.append(step)
    model.loss(left)
    return model, point, exact
