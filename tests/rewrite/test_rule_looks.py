"""Cheap looks before the search for rules: what they leave out has no match, and much is left out."""

from unittest.mock import patch

import pytest
import sympy as sp
from graphs import graphs
from hypothesis import given, settings

from symgraph import Model
from symgraph.derive.adjoint import differentiate
from symgraph.derive.lowering import lower
from symgraph.ir.graph import Graph
from symgraph.passes.factor import factor
from symgraph.passes.rewrite import rewrite
from symgraph.rewrite import RULES, VALUE_RULES, apply_rules
from symgraph.rewrite.engine import _Engine
from symgraph.rewrite.pattern import is_difference, ops_apart, parse

a, b, c = sp.symbols("a b c", real=True)


@given(graphs(("add", "sub", "mul", "div", "neg", "exp", "tanh", "log", "sqrt", "erf", "cos"), size=20))
@settings(max_examples=150)
def test_what_a_look_at_signs_and_factors_leaves_out_has_no_match(graph: Graph) -> None:
    found = [apply_rules(graph, rules) for rules in (RULES, VALUE_RULES)]
    with patch.object(_Engine, "may_differ", lambda *_: True), patch.object(_Engine, "may_pair", lambda *_: True):
        assert found == [apply_rules(graph, rules) for rules in (RULES, VALUE_RULES)]


@pytest.mark.parametrize(
    ("pattern", "differs", "apart"),
    [
        ("a*exp(x) - a", True, {"exp"}),
        ("c*exp(a) - c*exp(b)", True, {"exp"}),
        ("1 - tanh(x)**2", True, {"tanh"}),
        ("a**2 - b**2", True, None),
        ("(1 + x)**n - 1", True, None),
        ("softplus(x) - x", False, None),  # x may be a negative
        ("sqrt(a) - b", False, None),
        ("1 + tanh(x)", False, None),
        ("a**2 - 2*a*b + b**2", False, None),
    ],
)
def test_what_a_difference_must_show(pattern: str, differs: bool, apart: set[str] | None) -> None:
    assert is_difference(parse(pattern)) is differs
    assert ops_apart(parse(pattern)) == apart


def test_the_slopes_of_many_units_are_searched_for_no_rule() -> None:
    model = Model("layer")
    x, w = model.feature("x"), model.weights("w0:40")
    model.loss(sum(one * sp.tanh(one * x) for one in w) ** 2)
    graph = differentiate(rewrite(lower(model)))
    with patch.object(_Engine, "at_sum", side_effect=AssertionError):  # h*h + 1 is no difference
        assert factor(graph) is graph


@pytest.mark.parametrize(
    "expr",
    [
        (a * b) * sp.exp(c) - a * b,
        -a * b * sp.exp(c) + a * b,
        (a - b) * sp.exp(c) - a + b,
        (b - a) * sp.exp(c) + a - b,
        -a * sp.exp(b) + a * sp.exp(c),
    ],
)
def test_differences_are_found_under_any_sign_and_name(expr: sp.Expr) -> None:
    model = Model("difference")
    model.weights("a b c")
    named = model.node("n", a - b)
    model.output("out", expr.subs(a - b, named))
    graph = lower(model)
    with patch.object(_Engine, "may_differ", lambda *_: True), patch.object(_Engine, "may_pair", lambda *_: True):
        wanted = apply_rules(graph, VALUE_RULES)
    assert apply_rules(graph, VALUE_RULES) == wanted
    assert wanted is not graph
