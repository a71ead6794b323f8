"""Powers that SymPy takes apart are put together again, where they have an exponent in common."""

from typing import Any

import numpy as np
import pytest
import sympy as sp
from written import written

import symgraph
from symgraph.derive.lowering import lower
from symgraph.derive.powers import common_power

a, b, c = sp.symbols("a b c", real=True)


SQUARED = (sp.exp(a) / (1 + sp.exp(a))) ** 2


@pytest.mark.parametrize(("product", "bases", "exponent"), [
    (a**2 * b**2, {a, b}, 2), (a**3 * b**3, {a, b}, 3), (a**2 / b**2, {a, 1 / b}, 2), (a**4 * b**2, {a**2, b}, 2),
    (a**4 * b**-6, {a**2, b**-3}, 2), (a**4 * b**2 * c**3, {a**2, b}, 2),
    (SQUARED, {sp.exp(a), 1 / (1 + sp.exp(a))}, 2),  # an exponential is a power of the one that another factor holds
    *((product, set(), 1) for product in
      (a**2 * b, a**2 * b**3, a * b, a**2 * sp.sqrt(b), a**2 * sp.exp(2 * b), a ** (2 * b) * c**2)),
])  # fmt: skip
def test_powers_of_a_product_with_an_exponent_in_common_are_one_power(product: Any, bases: set[Any], exponent: int) -> None:
    assert SQUARED.has(sp.exp(2 * a))  # so SymPy writes it
    factors = product.args
    powers, found = common_power(factors, {part for factor in factors for part in sp.preorder_traversal(factor)})
    assert ({base**e for base, e in powers.values()}, found) == (bases, exponent)  # reciprocals are bases as such


def test_a_squared_ratio_is_lowered_as_one_and_does_not_overflow_beside_a_small_factor() -> None:
    """(k*x)**2 is 1 where x**2 alone is beyond the range, and k**2 is 0."""
    graph = lower(written(lambda x, s: 3 * ((x - 1) / s) ** 2))
    whole = graph.nodes[graph.roots["output"]]
    power = graph.nodes[whole.args[1]]
    assert (whole.op, power.op, graph.nodes[power.args[0]].op) == ("mul", "pow", "div")
    module = symgraph.compile(written(lambda x, k: (k * x) ** 2), "numpy")
    assert module.predict(np.array([1e-200]), np.array([1e200])) == 1.0
    assert module.jacobian(np.array([1e-200]), np.array([1e200]))[0, 0] == 2e200
