"""Powers that SymPy takes apart are put together again, where they have an exponent in common."""

import numpy as np
import sympy as sp

import symgraph
from symgraph import Model
from symgraph.derive.lowering import lower
from symgraph.derive.powers import common_power

a, b, c = sp.symbols("a b c", real=True)


def found(product: sp.Expr) -> tuple[set[sp.Expr], int]:
    """The bases that are put under one exponent, reciprocals as such."""
    factors = product.args
    powers, exponent = common_power(factors, {part for factor in factors for part in sp.preorder_traversal(factor)})
    return {base**e for base, e in powers.values()}, exponent


def test_powers_of_a_product_are_one_power() -> None:
    assert found(a**2 * b**2) == ({a, b}, 2)
    assert found(a**3 * b**3) == ({a, b}, 3)
    assert found(a**2 / b**2) == ({a, 1 / b}, 2)
    assert found(a**4 * b**2) == ({a**2, b}, 2)
    assert found(a**4 * b**-6) == ({a**2, b**-3}, 2)
    assert found(a**4 * b**2 * c**3) == ({a**2, b}, 2)


def test_what_has_no_exponent_in_common_stays() -> None:
    for product in (a**2 * b, a**2 * b**3, a * b, a**2 * sp.sqrt(b), a**2 * sp.exp(2 * b), a ** (2 * b) * c**2):
        assert found(product) == (set(), 1)


def test_an_exponential_is_a_power_of_the_one_that_another_factor_holds() -> None:
    squared = (sp.exp(a) / (1 + sp.exp(a))) ** 2
    assert squared.has(sp.exp(2 * a))  # so SymPy writes it
    assert found(squared) == ({sp.exp(a), 1 / (1 + sp.exp(a))}, 2)


def test_a_squared_ratio_is_lowered_as_one() -> None:
    model = Model("m")
    x, s = model.feature("x"), model.weight("s")
    model.output("out", 3 * ((x - 1) / s) ** 2)
    graph = lower(model)
    whole = graph.nodes[graph.roots["output"]]
    power = graph.nodes[whole.args[1]]
    assert (whole.op, power.op, graph.nodes[power.args[0]].op) == ("mul", "pow", "div")


def test_a_square_does_not_overflow_beside_a_small_factor() -> None:
    """(a*x)**2 is 1 where x**2 alone is beyond the range, and a**2 is 0."""
    model = Model("m")
    x, k = model.feature("x"), model.weight("k")
    model.output("out", (k * x) ** 2)
    module = symgraph.compile(model, "numpy")
    assert module.predict(np.array([1e-200]), np.array([1e200])) == 1.0
    assert module.jacobian(np.array([1e-200]), np.array([1e200]))[0, 0] == 2e200
