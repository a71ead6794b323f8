"""symgraph.derive.guards: which symbols of an untaken branch are held, and where."""

from collections.abc import Sequence
from typing import Any

import pytest
import sympy as sp

import symgraph as sg
from symgraph.derive.guards import guarded_symbols, safe_point
from symgraph.derive.lowering import Lowering
from symgraph.errors import SpecError
from symgraph.ir.graph import Graph, GraphBuilder
from symgraph.spec.canonical import ordered


def alone(branch: Any, symbols: Sequence[Any]) -> Graph:
    """The graph of a branch by itself."""
    return Lowering(GraphBuilder("branch"), ordered([branch], {})).alone(branch, symbols)


a, b, x, z = sp.symbols("a b x z", real=True)


@pytest.mark.parametrize(("branch", "guarded"), [
    (sp.Integer(2), set()), (a + b * x, set()), (a * x / 3, set()), (x**2, set()),
    (sp.sin(x) + sp.tanh(a) + sg.sigmoid(b) + sp.Abs(z), set()), (sp.Max(a, x) + sg.relu(b), set()), (a * b * x, {a, b, x}),
    (x**3, {x}), (1 / x + a, {x}), (a * sp.log(x), {x}), (sp.sqrt(x) + a * b, {x}), (sp.exp(a * x) + b, {a, x}),
    (sp.sin(a * x) + b, {a, x}), (x**a, {a, x}), (sp.asin(z) + sp.atan2(a, b), {z, a, b}),
    (sp.Piecewise((sp.log(x), x > 0), (a, True)), {x}),
])  # fmt: skip
def test_symbols_under_operations_that_can_become_infinite_are_guarded(branch: sp.Expr, guarded: set[sp.Symbol]) -> None:
    assert guarded_symbols(branch) == guarded


@pytest.mark.parametrize("branch", [
    sp.log(x), sp.sqrt(x - 3), sp.sqrt(-x), sp.asin(x), sp.acosh(x), sp.log(x - 20), sp.log(-x - 10), 1 / (x - 1),
    1 / (x * (x - 1) * (2 * x - 1) * (x - 2)), sp.exp(100 * x), a ** (x * 40) / (b - 1), sp.log(x - a) + sp.log(a - b),
    sp.acos(x / a) * sp.log(b - 2), sp.Piecewise((sp.log(x), x > 5), (1 / x, True)),
])  # fmt: skip
def test_at_the_safe_point_branch_and_partials_are_finite_and_of_ordinary_size(branch: sp.Expr) -> None:
    symbols = guarded_symbols(branch)
    point = safe_point(branch, symbols, {}, "here", alone)
    assert set(point) == symbols
    assert safe_point(branch, symbols, {}, "here", alone) == point  # every time
    for part in (branch, *(sp.diff(branch, symbol) for symbol in symbols)):
        value = part.evalf(20, subs=point)
        assert value.is_real
        assert abs(value) <= 1e6


@pytest.mark.parametrize("branch", [sp.exp(50 * sp.sqrt(x**2 + 1)), 1e9 * sp.exp(a * x) + 1e12, 5e7 / x])
def test_a_branch_that_is_large_everywhere_has_a_safe_point_where_it_is_smallest(branch: sp.Expr) -> None:
    point = safe_point(branch, guarded_symbols(branch), {}, "here", alone)
    assert abs(branch.evalf(15, subs=point)) < 1e25


def test_a_safe_point_lies_within_the_declared_domains_which_are_asked_for_where_there_is_none() -> None:
    point = safe_point(sp.log(x) + sp.sqrt(a), {x, a}, {x: (5.0, 6.0), a: (100.0, float("inf"))}, "here", alone)
    assert 5 < point[x] < 6
    assert point[a] > 100
    with pytest.raises(SpecError, match=r"here: found no point at which the branch .* is finite; declare a domain for x"):
        safe_point(sp.log(-1 - x**2), {x}, {}, "here", alone)
