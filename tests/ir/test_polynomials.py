"""Series at 0, what cancels there, and polynomials as ops."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symgraph.derive.adjoint import differentiate
from symgraph.ir.evaluate import MPMATH, evaluate
from symgraph.ir.graph import GraphBuilder
from symgraph.ir.laurent import EXPANDED, expanded
from symgraph.ir.ops import OPS
from symgraph.ir.polynomials import Polynomial
from symgraph.ir.univariate import Term, X, cancels, polynomial_near
from symgraph.passes.expand import expand


@pytest.mark.parametrize("op", sorted(EXPANDED))
def test_the_series_of_a_function_is_the_function(op: str) -> None:
    series, function = expanded(op, Fraction(1, 2), 60), MPMATH.get(op) or getattr(mpmath, op)
    with mpmath.workdps(30):
        x = mpmath.mpf("0.3")
        terms = [mpmath.mpf(c.numerator) / c.denominator * x ** (series.first + k) for k, c in enumerate(series.coefficients)]
        # x/2 is 0.15, a tenth of the least radius of convergence, 1: 30 digits are there after 40 terms
        assert mpmath.almosteq(mpmath.fsum(terms), function(x / 2), 1e-28)


def exp_less(*terms: Term) -> tuple[Term, ...]:
    """exp(x) with more terms."""
    return (Term(Fraction(1), ((("exp", Fraction(1)), 1),)), *terms)


ONE, LINEAR = Term(Fraction(-1), ()), Term(Fraction(-1), ((X, 1),))


def test_terms_cancel_at_0_if_their_first_terms_do() -> None:
    assert cancels(exp_less(ONE, LINEAR))
    # -1 at 0; that is expm1; no function
    for terms in (exp_less(LINEAR, ONE._replace(coefficient=Fraction(-2))), exp_less(ONE), (ONE, LINEAR)):
        assert not cancels(terms)


@given(st.floats(1e-60, 0.25))
def test_a_polynomial_is_right_near_0(x: float) -> None:
    radius, coefficients = polynomial_near(exp_less(ONE, LINEAR), Fraction(1, 2**108))
    assert radius >= 0.25
    with mpmath.workdps(400):
        # 1e-60 squared beside 1, and 106 bits behind it
        exact = mpmath.exp(x) - 1 - mpmath.mpf(x)
        value = mpmath.fsum(mpmath.mpf(c.numerator) / c.denominator * mpmath.mpf(x) ** n for n, c in enumerate(coefficients))
        assert abs(value - exact) <= abs(exact) * mpmath.mpf(2) ** -106


@pytest.mark.parametrize("coefficients", [(1, 2, 3), (0, 1, 0, 4), (5, 0, 7, 0, 2), (3,), (0, 0, 1, 1)])
def test_a_polynomial_is_an_op_with_its_slope(coefficients: tuple[int, ...]) -> None:
    op = Polynomial([Fraction(c) for c in coefficients])
    assert OPS[op].arity == 1
    builder = GraphBuilder("g")
    graph = expand(differentiate(builder.build({"loss": builder.add(op, builder.leaf("weight", "a"))}, {})))
    values = evaluate(graph, {"a": mpmath.mpf(1.5), "cotangent": mpmath.mpf(1)}, MPMATH, mpmath.mpf)
    polynomial = np.polynomial.Polynomial(coefficients)
    assert float(values[graph.roots["loss"]]) == polynomial(1.5)  # few bits, so that nothing rounds
    assert float(values[graph.roots["grad a"]]) == polynomial.deriv()(1.5)
