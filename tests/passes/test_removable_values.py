"""The pass `removable` on drawn formulas: functions over what they are 0 with keep their values, near there and elsewhere."""

from collections.abc import Callable
from typing import Any

import mpmath
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from spec_graphs import graph_of

from symgraph.ir.evaluate import MPMATH, evaluate
from symgraph.ir.graph import Graph
from symgraph.ir.well_formed import verify_graph
from symgraph.passes.expand import expand
from symgraph.passes.removable import removable

a, b, c = sp.symbols("a b c", real=True)

FUNCTIONS: tuple[Callable[[Any], Any], ...] = (
    lambda u: sp.exp(u) - 1, sp.sinh, lambda u: sp.log(1 + u), lambda u: u - sp.sin(u), lambda u: u * sp.coth(u) - 1,
    lambda u: 1 - (1 + u) * sp.exp(-u), lambda u: sp.log(1 + u) + u / (1 + u), lambda u: sp.cosh(u) - 1, lambda u: 3**u - 1,
    lambda u: (1 + u) ** (1 / a),
)  # fmt: skip
ARGUMENTS = (a, a * b, a * b / c, a * b * c, b / c)
DIVISORS = (1, a, a**2, a * b, b / c, a / c)
DIFFERENCES = (
    (sp.exp(a * c) - sp.exp(b * c)) / (a - b), sp.exp(-a * c) / (b - a) + sp.exp(-b * c) / (a - b), (3**a - 3**b) / (a - b),
    c * (a**2 - b**2) / sp.log(a**2 / b**2), (sp.log(a**2) - sp.log(b**2)) / (a**2 - b**2),
    a / (c * (a - b / c)) * (sp.exp(-b / c) - sp.exp(-a)),
)  # fmt: skip

SIZES = st.sampled_from([f"1e{k}" for k in (0, -1, -3, -7)])


@st.composite
def formulas(draw: st.DrawFn) -> Any:
    """A function of a product, over a part of it or over any power of it; or a difference over a difference."""
    if draw(st.booleans()):
        return draw(st.sampled_from(DIFFERENCES))
    u = draw(st.sampled_from(ARGUMENTS))
    return draw(st.sampled_from(FUNCTIONS))(u) / draw(st.sampled_from((*DIVISORS, u, u**2)))


def value(graph: Graph, point: dict[str, Any]) -> Any:
    whole = expand(graph)
    return evaluate(whole, point, MPMATH, mpmath.mpf)[whole.roots["loss"]]


@given(formulas(), st.tuples(*[st.floats(0.5, 2.0)] * 3), st.tuples(SIZES, SIZES, SIZES), SIZES)
@settings(max_examples=80)
def test_values_stay_near_0_and_elsewhere(expr: Any, numbers: Any, sizes: Any, nearness: str) -> None:
    before = graph_of(expr)
    after = verify_graph(removable(before))
    with mpmath.workdps(80):  # 1e-7 is divided by its square three times
        point = {name: mpmath.mpf(x) * mpmath.mpf(size) for name, x, size in zip("abc", numbers, sizes, strict=True)}
        if expr in DIFFERENCES:
            point["b"] = point["a"] * (1 + mpmath.mpf(nearness))
        wanted, found = value(before, point), value(after, point)
        # polynomials leave away terms of 2**-60 of the first one, and have coefficients that were rounded to 53 bits
        assert abs(found - wanted) <= 2.0**-50 * abs(wanted), (expr, point)
