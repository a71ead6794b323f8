"""Quotients of exponentials as physicists write them: right where a square overflows and the result does not."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import sympy as sp
from sympy import cosh, exp, log, sinh, sqrt

import symgraph
from symgraph import Model
from symgraph.judge.reference import Reference, number

EINSTEIN: dict[str, Callable[[Any], Any]] = {
    "as in books": lambda x: x**2 * exp(x) / (exp(x) - 1) ** 2,
    "the square around": lambda x: (x / (exp(x) - 1)) ** 2 * exp(x),
    "by exp(-x)": lambda x: x**2 * exp(-x) / (1 - exp(-x)) ** 2,
    "by both": lambda x: x**2 / ((exp(x) - 1) * (1 - exp(-x))),
    "by sinh": lambda x: (x / 2 / sinh(x / 2)) ** 2,
    "by cosh": lambda x: x**2 / (2 * (cosh(x) - 1)),
    "by exp and its inverse": lambda x: x**2 / (exp(x) + exp(-x) - 2),
    "beside another term": lambda x: x**2 * exp(x) / (exp(x) - 1) ** 2 + exp(-x),
    "multiplied out": lambda x: x**2 * exp(x) / (exp(2 * x) - 2 * exp(x) + 1),
}
OTHERS: dict[str, Callable[[Any], Any]] = {
    "Planck": lambda x: x**3 / (exp(x) - 1),
    "Bose-Einstein": lambda x: 1 / (exp(x) - 1),
    "its derivative": lambda x: exp(x) / (exp(x) - 1) ** 2,
    "its second derivative": lambda x: exp(x) * (exp(x) + 1) / (exp(x) - 1) ** 3,
    "a third power": lambda x: x**3 * exp(2 * x) / (exp(x) - 1) ** 3,
    "a broken power": lambda x: exp(x) / (exp(x) - 1) ** sp.Rational(3, 2),
    "Debye": lambda x: x**4 * exp(x) / (exp(x) - 1) ** 2,
    "Fermi's derivative": lambda x: exp(x) / (exp(x) + 1) ** 2,
    "logistic density": lambda x: exp(-x) / (1 + exp(-x)) ** 2,
    "Schottky": lambda x: 3 * x**2 * exp(x) / (1 + 3 * exp(x)) ** 2,
    "x/sinh(x)": lambda x: x / sinh(x),
    "Saha": lambda x: (sqrt(exp(-2 * x) + 4 * exp(-x)) - exp(-x)) / 2,
    "Bose's entropy": lambda x: x / (exp(x) - 1) - log(1 - exp(-x)),
}
OVERFLOWING: dict[str, Callable[[Any], Any]] = {
    "logarithm of Einstein's": lambda x: log(EINSTEIN["as in books"](x)),
    "the same, multiplied out": lambda x: log(EINSTEIN["multiplied out"](x)),
    "Langevin": lambda x: (exp(x) + exp(-x)) / (exp(x) - exp(-x)) - 1 / x,
    "Langevin's logarithm": lambda x: log((exp(x) - exp(-x)) / (2 * x)),
    "logistic growth": lambda x: 30 * exp(x) / (10 + 3 * (exp(x) - 1)),
    "Richards' growth": lambda x: 1 / (1 + exp(x)) ** sp.Rational(1, 3),
    "a diode's logarithm": lambda x: log(3 * (exp(x) - 1)),
    "a logarithm of Planck's at two": lambda x: log((exp(x) - 1) / (exp(2 * x) - 1)),
    "a lattice sum": lambda x: x / (cosh(x) + 2),
    "a root": lambda x: sqrt(exp(-x) / (1 + exp(-x))),
    "a root by a square": lambda x: sqrt(x**2 * exp(-x) * (1 + x)),
}
"""In these an exponential itself leaves the range."""
QUOTIENTS = EINSTEIN | OTHERS | OVERFLOWING
POINTS = (0.01, 0.5, 3.0, 40.0, 200.0, 360.0, 373.0, 400.0, 650.0, 705.0, 709.5, 720.0)
BEYOND = (*POINTS, 745.0, 800.0, 1300.0)


def hold(model: Model, points: Sequence[float] = POINTS) -> None:
    """Compare values and partials with the reference wherever these are normal numbers."""
    module, reference = symgraph.compile(model, backend="numpy"), Reference(model)
    judged = 0
    for x in points:
        truth = reference.truth({"R": 1.0, "theta": x, "T": 1.0})
        true = [truth.values["output"], *(truth.partials["output"][name] for name in ("R", "theta"))]
        found = [module.predict([1.0, x], [1.0])[0], *module.jacobian([1.0, x], [1.0])[0]]
        for wanted, got in zip(map(number, true), found, strict=True):
            if abs(wanted) >= np.finfo(float).tiny:
                # exp(-720) is subnormal and has 36 bits; elsewhere 720 * 2**-52 by the rounding of x
                assert abs(got - wanted) <= 1e-10 * abs(wanted), (x, got, wanted)
                judged += 1
            assert np.isfinite(got), (x, wanted)
    assert judged > 24


def of(write: Callable[[Model, Any, Any], Any]) -> Model:
    model = Model("quotient")
    T = model.feature("T", domain=(0.5, 2))
    R, theta = model.weight("R", init=1), model.weight("theta", init=1, domain=(0.001, 2000))
    model.output("c", R * write(model, theta, T))
    return model


@pytest.mark.parametrize("name", QUOTIENTS)
def test_a_quotient_is_right_wherever_it_is_a_normal_number(name: str) -> None:
    """One build each, of some 0.2 s: what a rule knows of one of them says nothing of the next."""
    hold(of(lambda model, theta, T: QUOTIENTS[name](theta / T)), BEYOND if name in OVERFLOWING else POINTS)


@pytest.mark.parametrize("part", ["x", "exp(x)", "exp(x) - 1", "1/(exp(x) - 1)", "the numerator"])
def test_it_is_right_whichever_part_has_a_name(part: str) -> None:
    def write(model: Model, theta: Any, T: Any) -> Any:
        x = theta / T
        named = {"x": x, "exp(x)": exp(x), "exp(x) - 1": exp(x) - 1, "1/(exp(x) - 1)": 1 / (exp(x) - 1)}
        node = model.node("part", named.get(part, x**2 * exp(x)))
        return {
            "x": node**2 * exp(node) / (exp(node) - 1) ** 2,
            "exp(x)": x**2 * node / (node - 1) ** 2,
            "exp(x) - 1": x**2 * exp(x) / node**2,
            "1/(exp(x) - 1)": x**2 * exp(x) * node**2,
        }.get(part, node / (exp(x) - 1) ** 2)

    hold(of(write))


def test_numbers_and_two_terms_hide_nothing() -> None:
    def write(model: Model, theta: Any, T: Any) -> Any:
        x, z = 1.0 * theta / T, 1.1 * theta / T
        return 24.9 * x**2 * exp(x) / (exp(x) - 1) ** 2 + 2 * z**2 * exp(z) / (exp(z) - 1) ** 2

    hold(of(write))


@pytest.mark.parametrize("exponent", [0.5, sp.Rational(1, 2)], ids=["0.5", "1/2"])
def test_a_root_of_squares_is_the_same_however_the_half_is_written(exponent: Any) -> None:
    model = Model("length")
    x, (a, b) = model.feature("x"), model.weights("a b")
    model.output("y_hat", (a**2 + b**2) ** exponent * x)
    module = symgraph.compile(model, backend="numpy")
    assert module.predict([3e200, 4e200], 1.0) == pytest.approx(5e200, rel=4e-16, abs=0.0)  # the sides are rounded
    np.testing.assert_allclose(module.jacobian([3e200, 4e200], [1.0])[0], [0.6, 0.8], rtol=4e-16)
