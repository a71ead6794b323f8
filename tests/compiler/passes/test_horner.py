"""horner: the same polynomial with fewer products, in its value and in its gradient."""

import mpmath
import numpy as np
import pytest
import sympy as sp
from built import one_output
from hypothesis import given, settings
from hypothesis import strategies as st
from written import written

from symgraph import Model
from symgraph.compiler.derive.lowering import lower
from symgraph.compiler.generate import differentiated, generate
from symgraph.compiler.ir.evaluate import MPMATH, evaluate
from symgraph.compiler.ir.graph import Graph, reachable
from symgraph.compiler.ir.well_formed import verify_graph
from symgraph.compiler.numerics.uses import read_once
from symgraph.compiler.passes.horner import horner
from symgraph.project.build.modules import load_artifact

COEFFICIENTS = st.lists(st.sampled_from([0, 1, -1, 2, 0.5, -3, 7]), min_size=3, max_size=7)


def polynomial(coefficients: list[float], *, of_node: bool) -> Graph:
    """A sum of powers of a feature, or of a node, plus a weight."""

    def form(m: Model, x: sp.Symbol, a: sp.Symbol, b: sp.Symbol) -> sp.Expr:
        base = m.node("u", a * x + b) if of_node else x
        return a + sum(c * base**k for k, c in enumerate(coefficients)) + b * base

    return lower(written(form))


@given(COEFFICIENTS, st.booleans(), st.fractions(-3, 3), st.fractions(-3, 3))
@settings(max_examples=40)
def test_the_value_is_that_of_the_sum_of_powers(coefficients: list[float], of_node: bool, x: object, a: object) -> None:
    before = polynomial(coefficients, of_node=of_node)
    after = verify_graph(horner(before))
    with mpmath.workdps(60):
        leaves = {"x": mpmath.mpmathify(x), "a": mpmath.mpmathify(a), "b": mpmath.mpf(7) / 3}
        values = [evaluate(graph, leaves, MPMATH, mpmath.mpf)[graph.roots["output"]] for graph in (before, after)]
        # the terms are below 7 * 13**6 < 1e8 each: 60 digits leave 50
        assert abs(values[0] - values[1]) < mpmath.mpf("1e-50")


@pytest.mark.parametrize("degree", [2, 3, 5, 9])
def test_a_polynomial_of_degree_n_with_weights_takes_n_products_forward_and_n_backward(degree: int) -> None:
    weights = " ".join(f"c{k}" for k in range(degree + 1))
    dense = one_output(lambda x, *c: sum(c[k] * x**k for k in range(degree + 1)), features="x", weights=weights)
    graph = differentiated(dense)
    forward = [graph.nodes[position] for position in reachable(graph.nodes, [graph.roots["output"]])]
    assert sorted(node.op for node in forward if node.data is None) == ["add"] * degree + ["mul"] * degree
    alive = reachable(graph.nodes, [at for root, at in graph.roots.items() if root.startswith("grad")])
    # -2 * cotangent * (y - y_hat), then one product with x for each further weight; those of the forward pass besides
    assert sum(graph.nodes[p].op == "mul" and graph.nodes[p].varying for p in alive) == 2 + degree + degree


def test_a_graph_without_a_power_in_a_sum_or_product_is_given_back_without_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, line = lower(written(lambda x, a: a * x**2 + a)), lower(one_output(lambda x, a, b: a * x + b, features="x"))
    assert horner(plain) is plain
    calls = []
    monkeypatch.setitem(horner.__globals__, "read_once", lambda *args: calls.append(args) or read_once(*args))
    assert horner(line) is line
    assert not calls
    horner(polynomial([1, 2, 3], of_node=False))
    assert calls


def test_a_polynomial_that_a_loop_has_nested_beyond_pythons_limit_of_recursion_is_differentiated() -> None:
    coefficients = np.random.RandomState(0).uniform(-1.0, 1.0, 1030)

    def nested(m: Model, x: sp.Symbol, y: sp.Symbol, a: sp.Symbol, b: sp.Symbol) -> sp.Expr:
        z, value = m.node("z", a * x + b), sp.Float(-0.5)
        for coefficient in coefficients:  # the last partial is a product of as many factors behind a sign
            value = value * z + sp.Float(coefficient)
        return (y - m.output("o", value)) ** 2

    grad, polynomial = [0.0, 0.0], np.polynomial.Polynomial([-0.5, *coefficients][::-1])
    load_artifact(generate(written(nested, "loss"), ("scalar",))[0]).row([0.7, 0.11], [1.1], 0.25, grad)
    # near 1 in size, from terms that fall as 0.88**k
    assert grad[0] == pytest.approx(-2.0 * (0.25 - polynomial(0.88)) * polynomial.deriv()(0.88) * 1.1, rel=1e-12, abs=0.0)
