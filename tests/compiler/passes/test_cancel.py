"""Derivatives of quotients keep their digits where numerator and denominator are all but alike, in every backend."""

import math
import random
from collections.abc import Iterator
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from built import modules_of, verified
from graphs import graphs, points
from hypothesis import assume, given, settings
from models_of_users import USERS
from written import of_weights, written

from symgraph.compiler.derive.adjoint import differentiate
from symgraph.compiler.generate import generate
from symgraph.compiler.ir.evaluate import MPMATH, evaluate
from symgraph.compiler.ir.graph import Graph
from symgraph.compiler.ir.well_formed import verify_graph
from symgraph.compiler.passes import cancel
from symgraph.compiler.passes.expand import expand

U = 2.0**-52
DIGITS = 600  # what is left of u/(1 + u) at u = 1e200 needs 400
LARGEST_ERROR = 4.0  # units of (1 + kappa_in), docs/accuracy.md

a, b, c, u, z = sp.symbols("a b c u z", real=True)

CASES: dict[str, tuple[Any, float, float]] = {
    "saturation": (u / (1 + u), -250, 150), "saturation, as a product": ((1 + u) ** -1 * u, -250, 150),
    "Geman and McClure": (z**2 / (1 + z**2), -120, 75), "fourth powers": (z**4 / (1 + z**4), -60, 37),
    "squares of squares": (u**2 / (3 + 2 * u**2), -70, 70), "Langmuir": (a * b * u / (1 + b * u), -40, 40),
    "Michaelis and Menten": (a * u / (b + u), -40, 40), "Hill": (a * u**2 / (b**2 + u**2), -30, 30),
    "inhibition by the substrate": (a * u / (b + u + u**2 / c), -20, 20), "Pade": ((a + b * u) / (1 + c * u), -20, 20),
    "shares of three": (a * u / (u + a + b), -25, 25), "softsign": (z / (1 + sp.Abs(z)), -120, 120),
    "softsign of a difference": ((z - a) / (c + sp.Abs(z - a)), -15, 15),
    "algebraic sigmoid": (z / sp.sqrt(1 + z**2), -120, 90),
    "algebraic sigmoid, as a power": (z * (1 + z**2) ** sp.Rational(-1, 2), -120, 90),
    "algebraic sigmoid of a difference": ((z - a) / sp.sqrt(c**2 + (z - a) ** 2), -12, 12),
    "root of a sum": (z / sp.sqrt(a + z**2), -40, 40), "unit vector": (z / sp.sqrt(a**2 + b**2 + z**2), -25, 25),
    "fourth root": (z / (1 + z**4) ** sp.Rational(1, 4), -30, 30), "within a square": ((b - a * u / (c + u)) ** 2, -10, 10),
    "within a logarithm": (sp.log(u / (1 + u)), -100, 100), "a root within": (sp.log(sp.sqrt(a**2 + b**2) / a), -25, 25),
    "one within another": ((u / (1 + u)) / (a + u / (1 + u)), -30, 30),
    "the rest of a whole": (1 - 1 / (1 + u), -100, 100), "the rest of a square": (a * (1 - (1 + b * u / 2) ** -2), -20, 20),
    "the rest of a cube": (a * (1 - (1 + b * u) ** -3), -15, 15),
    "the rest of a root": (a * (1 - 1 / sp.sqrt(1 + b * u)), -20, 20),
    "the rest of any power": (a * (1 - (1 + u**4) ** -b), -5, 1), "pseudo-Huber": (sp.sqrt(1 + z**2) - 1, -70, 70),
}  # fmt: skip
"""Values of models, and the powers of ten between which their weights lie."""


def drawn(name: str, count: int) -> Iterator[tuple[list[float], list[Any], list[float]]]:
    """Weights, the true gradient, and its condition."""
    (expr, low, high), draw = CASES[name], random.Random(name)
    symbols = sorted(expr.free_symbols, key=str)
    slopes = [sp.diff(expr, symbol) for symbol in symbols]
    moves = [sum(abs(s * sp.diff(slope, s).replace(sp.DiracDelta, lambda *_: 0)) for s in symbols) for slope in slopes]
    evaluate = sp.lambdify(symbols, [slopes, moves], "mpmath")
    for place in range(count):
        ends = (low, high) if place % 2 else (max(low, -3), min(high, 3))
        signs = [draw.choice((-1, 1)) if symbol is z else 1 for symbol in symbols]
        weights = [sign * 10 ** draw.uniform(*ends) for sign in signs]
        with mpmath.workdps(DIGITS):
            pairs = [*zip(*evaluate(*map(mpmath.mpf, weights)), strict=True)]
            conditions = [float(move / abs(slope)) if slope else math.inf for slope, move in pairs]
        yield weights, [slope for slope, _ in pairs], conditions


@pytest.mark.parametrize("name", CASES)
def test_a_derived_quotient_keeps_its_digits(name: str) -> None:
    numpy, scalar = modules_of(of_weights(CASES[name][0]))
    for weights, slopes, conditions in drawn(name, 24):
        by_rows = [0.0] * len(weights)
        scalar.row(weights, [], 0.0, by_rows)
        for *both, slope, condition in zip(numpy.grad(weights).tolist(), by_rows, slopes, conditions, strict=True):
            for got in both if 1e-300 < abs(slope) < 1e300 else ():  # a normal number
                assert math.isfinite(got), weights
                with mpmath.workdps(DIGITS):
                    error = float(abs(mpmath.mpf(got) - slope) / abs(slope)) / U
                assert error <= LARGEST_ERROR * (1 + condition), (weights, got, float(slope))


@given(graphs(("add", "sub", "mul", "div", "neg", "abs", "hypot"), size=12), points(-3, 3))
@settings(max_examples=60)
def test_values_and_derivatives_stay_as_they_are(graph: Graph, point: dict[str, float]) -> None:
    """Every graph, and what the adjoint makes of it: the same numbers, at 80 digits, where there were numbers."""
    assume(graph.roots)
    loss = Graph(graph.name, graph.nodes, {"loss": max(graph.roots.values())}, {}, graph.domains)
    before = expand(differentiate(loss))
    after = verify_graph(cancel(before))
    with mpmath.workdps(80):
        at = {name: mpmath.mpf(value) for name, value in point.items()} | {"cotangent": mpmath.mpf(1)}
        try:
            old = evaluate(before, at, MPMATH)
        except ZeroDivisionError:
            assume(False)
        new = evaluate(after, at, MPMATH)
        largest = max([1, *(abs(value) for value in old if isinstance(value, mpmath.mpf) and mpmath.isfinite(value))])
        for root, position in before.roots.items():
            if isinstance(old[position], mpmath.mpf) and mpmath.isfinite(old[position]):
                assert abs(old[position] - new[after.roots[root]]) <= largest * mpmath.mpf(10) ** -60


@pytest.mark.parametrize(("form", "kind"), [
    (lambda z: z**2 / (1 + z**2), "c"),
    (lambda m, z: m.node("v", (u := m.node("u", z**2)) / (1 + u)), "numpy"),  # through named nodes
])  # fmt: skip
def test_c_keeps_the_digits_too_and_named_nodes_are_looked_through(form: Any, kind: str) -> None:
    module = verified(written(form, "loss"), kind)
    assert module.grad(np.array([1e20]))[0] == pytest.approx(2e-60, rel=8 * U, abs=0.0)  # four roundings at most


def langmuir(x: Any, b1: Any, b2: Any) -> Any:
    return b1 * b2 * x / (1 + b2 * x)


def test_sums_over_rows_are_looked_through_and_a_jacobian_keeps_its_digits() -> None:
    rows, weights = np.array([[1e9], [3e12], [2e15]]), np.array([2.0, 1.0])
    by_b2 = verified(written(langmuir, "loss"), "numpy").grad(weights, rows)[1]
    # a dozen roundings, all terms positive
    assert by_b2 == pytest.approx(np.mean(2 * rows / (1 + rows) ** 2), rel=16 * U, abs=0.0)
    jacobian = verified(written(langmuir), "numpy").jacobian(weights, np.array([[1e17]]))
    assert jacobian[0, 1] == pytest.approx(2e-17, rel=16 * U, abs=0.0)


def test_a_difference_that_is_a_factor_is_not_distributed_where_terms_cancel_without() -> None:
    """Fano's line has (q + e)**2 - (1 + e**2), which becomes q*(q + 2*e) - 1; e is a product with x - x0, which are close."""
    text = generate(USERS["fano"]())[0].text
    backward = text[text.index("def _backward") : text.index("def _jacobian")]
    assert "q * (tape.y_hat_3 + tape.eps)" in backward
    assert "energy" not in backward
